"""The clients that trade, with their accounts and settings, as the database has them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.config import VenueUrls
from hedgerow.core.errors import Refused, SetupError, VenueError
from hedgerow.core.money import Rates, UnknownCurrencyError
from hedgerow.core.secrets import Vault
from hedgerow.mm.controls import Controls, SystemState, TradingState, trading_state
from hedgerow.mm.engine import Engine
from hedgerow.mm.hedger import Desk, Hedger
from hedgerow.mm.lane import Lane
from hedgerow.mm.market import Trader
from hedgerow.mm.policy import Policies
from hedgerow.mm.quoter import usd
from hedgerow.mm.repository import Repository
from hedgerow.mm.shards import WHOLE, Shard
from hedgerow.storage.accounts import Accounts, VenueAccount, open_credentials
from hedgerow.venues.base import Account, Exchange, VenueContext
from hedgerow.venues.registry import UnknownVenueError, build_bookmaker, build_exchange, urls_of, venue

_log = structlog.get_logger(__name__)


class Roster:
    """Builds traders, and keeps what an operator or a client can change of them."""

    def __init__(
        self,
        repository: Repository,
        policies: Policies,
        accounts: Accounts,
        vault: Vault,
        venue_urls: VenueUrls,
        clock: Clock,
        engine: Engine,
        hedger: Hedger,
        lane_of: Callable[[int, Exchange, int], Lane],
        tag: int,
        shard: Shard = WHOLE,
    ) -> None:
        """lane_of: makes a lane, see `mm.parts`; tag: of the deployment, in its orders' references; shard: of what is
        traded: what belongs to an account as a whole is divided."""
        self._repository, self._policies, self._accounts = repository, policies, accounts
        self._vault, self._urls = vault, venue_urls
        self._clock, self._engine, self._hedger, self._lane_of, self._tag = clock, engine, hedger, lane_of, tag
        self._shard = shard
        self._warned: set[int] = set()
        self._rows: dict[int, VenueAccount] = {}  # as last seen
        self.system = SystemState(soft_paused=False, stopped=False, emergency=False, reason=None, since=None)
        self._is_halted = False

    def halt(self) -> None:
        """Every trader is stopped from now on, whatever the database says."""
        self._is_halted = True
        for trader in self._engine.traders.values():
            trader.state = TradingState.SYSTEM_STOPPED

    def state_of(self, controls: Controls) -> TradingState:
        """What a client's switches and the operator's make."""
        return TradingState.SYSTEM_STOPPED if self._is_halted else trading_state(controls, self.system)

    async def load(self) -> tuple[list[Trader], list[Lane]]:
        """Reads everything; answers whose settings differ from before, and lanes that are new and not open yet."""
        self.system = await self._repository.system()
        changed: list[Trader] = []
        opened: list[Lane] = []
        for controls in await self._repository.controls():
            trader = self._trader(controls)
            lanes, has_changed = await self._take_accounts(trader)
            opened += lanes
            if await self._take_settings(trader, controls) or has_changed or lanes:
                changed.append(trader)
        return changed, opened

    def _trader(self, controls: Controls) -> Trader:
        trader = self._engine.traders.get(controls.client)
        if trader is None:
            state = self.state_of(controls)
            trader = Trader(controls.client, controls.bookmaker, state, parts=self._shard.count)
            self._engine.traders[controls.client] = trader
        return trader

    async def _take_settings(self, trader: Trader, controls: Controls) -> bool:
        state = self.state_of(controls)
        tournaments = {found.tournament_id: found for found in await self._repository.tournaments(trader.name)}
        denied = await self._repository.denied_markets(trader.name)
        policy = await self._policies.load(trader.name)
        before = trader.state, trader.tournaments, trader.denied, trader.policy
        trader.state, trader.tournaments, trader.denied, trader.policy = state, tournaments, denied, policy
        trader.set_caps()
        self._engine.review_stops(trader)
        return before != (state, tournaments, denied, policy)

    # --- accounts ----------------------------------------------------------------------------------------------

    async def _take_accounts(self, trader: Trader) -> tuple[list[Lane], bool]:
        known = {lane.account_id: lane for lane in trader.lanes}
        new: list[Lane] = []
        caps: dict[int, int] = {}
        for row in await self._accounts.accounts(client=trader.name):
            caps[row.account_id] = usd(row.max_outcome_stake) if row.is_active else 0
            if (context := self._renewed(row)) is not None:
                try:
                    new += await self._connect_anew(trader, row, context, known.get(row.account_id))
                except (UnknownVenueError, LookupError, SetupError, Refused) as error:
                    self._warn(row, str(error))
            if row.account_id in known or not row.is_active:
                continue
            if row.venue == trader.bookmaker and trader.name not in self._hedger.desks:
                await self._open_desk(trader, row)
            elif (lane := self._lane(row)) is not None:
                trader.lanes.append(lane)
                new.append(lane)
        before, trader.max_outcome_stake = trader.max_outcome_stake, caps
        trader.set_caps()
        return new, before != caps

    def _renewed(self, row: VenueAccount) -> VenueContext | None:
        """What an account is reached with, where that has changed since the last look."""
        before, self._rows[row.account_id] = self._rows.get(row.account_id), row
        if before is None or (before.sealed, before.meta, before.currency) == (row.sealed, row.meta, row.currency):
            return None
        self._warned.discard(row.account_id)
        try:
            old, new = self._context(before), self._context(row)
        except SetupError as error:
            self._warn(row, str(error))
            return None
        if new.account == old.account:
            return None
        _log.info("account is connected anew", venue=row.venue, account=row.username)
        return new

    async def _connect_anew(
        self, trader: Trader, row: VenueAccount, context: VenueContext, lane: Lane | None
    ) -> list[Lane]:
        """Answers the lane that is to be opened, if it is one. Where no connector can be built, or the bookmaker
        refuses the new credentials, the account goes on with what it has, and that is raised."""
        if lane is not None:
            await lane.replace(build_exchange(row.venue, context))
            return [lane]
        desk = self._hedger.desks.get(trader.name)
        if desk is not None and desk.account.account_id == row.account_id:
            bookmaker = build_bookmaker(row.venue, context)
            try:
                await bookmaker.open()
            except Refused:
                await bookmaker.close()
                raise
            except VenueError as error:
                _log.warning("bookmaker not reached", venue=row.venue, account=row.username, error=str(error))
            self._hedger.renew_desk(trader.name, bookmaker, context.account)
        return []

    def _lane(self, row: VenueAccount) -> Lane | None:
        """The lane of an exchange account; None for a venue where orders cannot rest, or without a connector."""
        try:
            manifest = venue(row.venue).manifest
            if not manifest.is_exchange:
                return None
            exchange = build_exchange(row.venue, self._context(row))
        except (UnknownVenueError, SetupError) as error:
            self._warn(row, str(error))
            return None
        return self._lane_of(row.account_id, exchange, self._tag)

    async def _open_desk(self, trader: Trader, row: VenueAccount) -> None:
        """A bookmaker that refuses the account leaves its client without hedges, and so without quotes; the others go
        on. It is asked again at the next load."""
        try:
            context = self._context(row)
            bookmaker = build_bookmaker(row.venue, context)
        except (UnknownVenueError, LookupError, SetupError) as error:
            self._warn(row, str(error))
            return
        try:
            await bookmaker.open()
        except Refused as error:
            await bookmaker.close()
            self._warn(row, str(error))
            return
        per_usd = Decimal(1) if row.currency == "USD" else Decimal(0)  # 0: not told yet, so nothing is hedged
        self._hedger.add_desk(trader.name, Desk(bookmaker, context.account, per_usd))
        trader.hedges = per_usd > 0

    def take_rates(self, rates: Rates) -> None:
        """The feed's currency rates: what a desk's stakes are worth."""
        for client, desk in self._hedger.desks.items():
            try:
                desk.per_usd = rates.from_usd(Decimal(1), desk.account.currency)
            except UnknownCurrencyError:
                continue
            self._engine.traders[client].hedges = True

    def _context(self, row: VenueAccount) -> VenueContext:
        account = Account(row.account_id, row.username, row.currency, open_credentials(row, self._vault), row.meta)
        urls = urls_of(venue(row.venue).manifest, self._urls)
        return VenueContext(account, self._clock, urls, self._shard.count)

    def _warn(self, row: VenueAccount, why: str) -> None:
        if row.account_id not in self._warned:
            self._warned.add(row.account_id)
            _log.warning("account is not used", venue=row.venue, account=row.username, why=why)
