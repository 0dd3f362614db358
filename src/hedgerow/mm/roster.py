"""The clients that trade, with their accounts and settings, as the database has them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.config import VenueUrls
from hedgerow.core.errors import InputError, Refused, SetupError, VenueError
from hedgerow.core.ids import ClientName, FixtureId, VenueSlug
from hedgerow.core.money import Rates, UnknownCurrencyError
from hedgerow.core.secrets import Vault
from hedgerow.execution.commission import kept_of_hedges
from hedgerow.mm.controls import Controls, SystemState, TournamentSettings, TradingState, trading_state
from hedgerow.mm.desks import Desk
from hedgerow.mm.engine import Engine
from hedgerow.mm.hedger import Hedger
from hedgerow.mm.lane import Lane
from hedgerow.mm.market import Trader
from hedgerow.mm.policy import Policies, Policy
from hedgerow.mm.quoter import usd
from hedgerow.mm.repository import Repository
from hedgerow.mm.shadowing import LIVE, Shadowed, Shadowing, active_where, shadowed
from hedgerow.mm.shards import WHOLE, Shard
from hedgerow.mm.switches import Switches
from hedgerow.storage.accounts import Accounts, VenueAccount, open_credentials
from hedgerow.storage.terms import BookmakerTerms, Terms
from hedgerow.venues.base import Account, Bookmaker, Exchange, VenueContext
from hedgerow.venues.registry import UnknownVenueError, Ways, build_bookmaker, build_exchange, urls_of, venue

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Settings:
    """Of one client, as they were read."""

    controls: Controls
    tournaments: dict[int, TournamentSettings]
    denied: set[tuple[int, str, bool]]
    policy: Policy


class Roster:
    """Builds traders, and keeps what an operator or a client can change of them."""

    def __init__(
        self,
        switches: Switches,
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
        shadowing: Shadowing,
        *,
        terms: Terms,
        ways: Ways,
        fixture_ref: Callable[[VenueSlug, FixtureId], str | None],
        shard: Shard = WHOLE,
    ) -> None:
        """lane_of: makes a lane, see `mm.parts`; tag: of the deployment, in its orders' references; shadowing: who is
        in shadow mode; fixture_ref: a venue's own id of a fixture, as far as the feed has told it; shard: of what is
        traded: what belongs to an account as a whole is divided."""
        self._switches, self._repository = switches, repository
        self._policies, self._accounts, self._terms = policies, accounts, terms
        self._vault, self._urls, self._ways = vault, venue_urls, ways
        self._clock, self._engine, self._hedger, self._lane_of, self._tag = clock, engine, hedger, lane_of, tag
        self._shadowing, self._fixture_ref, self._shard = shadowing, fixture_ref, shard
        self._shadowed: Mapping[str, Shadowed] = {}
        self._warned: set[int] = set()
        self._rows: dict[int, VenueAccount] = {}  # as last seen
        self._left: set[int] = set()  # accounts with something open of an earlier run: reached though out of use
        self._rates: Rates | None = None
        self.system = SystemState(soft_paused=False, stopped=False, emergency=False, reason=None, since=None)
        self._is_halted = False
        self._opening = asyncio.Lock()

    def halt(self) -> None:
        """Every trader is stopped from now on, whatever the database says."""
        self._is_halted = True
        for trader in self._engine.traders.values():
            trader.state = TradingState.SYSTEM_STOPPED

    def state_of(self, controls: Controls) -> TradingState:
        """What a client's switches and the operator's make."""
        return TradingState.SYSTEM_STOPPED if self._is_halted else trading_state(controls, self.system)

    async def load_settings(self) -> list[Trader]:
        """Reads switches and settings, which asks nobody but the database; answers whose differ from before. One load
        or turn of a switch at a time: what one has read may not undo what the other has turned meanwhile. All is read
        before anything is changed. Raises StorageError."""
        system = await self._switches.system()
        self._shadowed = shadowed(await self._shadowing.switches())
        read = [
            await self._settings_of(controls) for controls in await self._switches.controls() if self._has(controls)
        ]
        self.system = system
        return [trader for settings in read if (trader := self._take_settings(settings)) is not None]

    async def load_accounts(self) -> tuple[list[Trader], list[Lane]]:
        """Reads the traders' accounts, and may wait for a venue; answers whose differ from before, and lanes that are
        new and not open yet. All is read before anything is changed. Raises StorageError."""
        changed: list[Trader] = []
        opened: list[Lane] = []
        async with self._opening:
            venues = await self._terms.bookmakers()
            read = [
                (
                    trader,
                    await self._repository.hedge_accounts(trader.name),
                    _usable(await self._accounts_of(trader.name), venues),
                )
                for trader in list(self._engine.traders.values())
            ]
            for trader, hedged, rows in read:
                lanes, has_other_accounts = await self._take_accounts(trader, hedged, rows)
                opened += lanes
                if lanes or has_other_accounts:
                    changed.append(trader)
        return changed, opened

    def _trades_for(self, client: ClientName) -> bool:
        """Whether the client is any of this process's business."""
        return True

    async def _tournaments(self, client: ClientName) -> dict[int, TournamentSettings]:
        """The client's tournaments, active only where they are traded here: what is in shadow mode is not."""
        shadow = self._shadowed.get(client, LIVE)
        found = await self._switches.tournaments(client)
        return {t.tournament_id: active_where(t, t.tournament_id not in shadow) for t in found}

    def _trader(self, controls: Controls) -> Trader:
        trader = self._engine.traders.get(controls.client)
        if trader is None:
            state = self.state_of(controls)
            trader = Trader(controls.client, controls.bookmaker, state, parts=self._shard.count)
            self._engine.traders[controls.client] = trader
        return trader

    def _has(self, controls: Controls) -> bool:
        """Whether the client is a trader, or is to become one."""
        is_wanted = controls.is_active or controls.has_something_open or controls.client in self._engine.traders
        return is_wanted and self._trades_for(controls.client)

    async def _settings_of(self, controls: Controls) -> _Settings:
        return _Settings(
            controls,
            await self._tournaments(controls.client),
            await self._switches.denied_markets(controls.client),
            await self._policies.load(controls.client),
        )

    def _take_settings(self, settings: _Settings) -> Trader | None:
        """The trader, where they differ from before."""
        trader = self._trader(settings.controls)
        before = trader.state, trader.tournaments, trader.denied, trader.policy
        now = self.state_of(settings.controls), settings.tournaments, settings.denied, settings.policy
        trader.state, trader.tournaments, trader.denied, trader.policy = now
        trader.set_caps()
        self._engine.review_stops(trader)
        return trader if before != now else None

    # --- accounts ----------------------------------------------------------------------------------------------

    async def _accounts_of(self, client: ClientName) -> list[VenueAccount]:
        """The client's accounts. What an earlier run left at one is asked for when it is first seen: nothing is left at
        an account without a lane after that."""
        rows = await self._accounts.accounts(client=client)
        if any(row.account_id not in self._rows for row in rows):
            self._left |= await self._repository.left_accounts(client)
        return rows

    async def _take_accounts(
        self, trader: Trader, hedged: Container[int], rows: Sequence[VenueAccount]
    ) -> tuple[list[Lane], bool]:
        """hedged: accounts that bets are hedged at. Answers new lanes, and whether anything else differs."""
        known = {lane.account_id: lane for lane in trader.lanes}
        new: list[Lane] = []
        caps: dict[int, int] = {}
        before = (trader.max_outcome_stake, *self._desks_of(trader))
        for rank, row in enumerate(rows):
            caps[row.account_id] = usd(row.max_outcome_stake) if row.is_active else 0
            is_used = row.is_active or row.account_id in self._left
            if (context := self._renewed(row)) is not None:
                try:
                    new += await self._connect_anew(trader, row, context, known.get(row.account_id))
                except (UnknownVenueError, LookupError, InputError, SetupError, Refused) as error:
                    self._warn(row, str(error))
            if (desk := self._hedger.desks.find(trader.name, row.account_id)) is not None:
                desk.rank, desk.is_active = rank, row.is_active
            elif row.account_id in hedged or (row.is_active and row.venue in trader.bookmakers):
                await self._open_desk(trader, row, rank)
            elif is_used and row.account_id not in known and (lane := self._lane(row)) is not None:
                trader.lanes.append(lane)
                new.append(lane)
        trader.max_outcome_stake = caps
        trader.set_caps()
        self._hedger.desks.review(trader)
        return new, before != (caps, *self._desks_of(trader))

    def _desks_of(self, trader: Trader) -> list[tuple[int, int, bool]]:
        """What of the trader's desks quotes and hedges depend on."""
        desks = self._hedger.desks.of(trader.name)
        return [(desk.account.account_id, desk.rank, desk.is_active) for desk in desks]

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
            await lane.replace(self._exchange(row, context))
            return [lane]
        desk = self._hedger.desks.find(trader.name, row.account_id)
        if desk is not None:
            kept_of_hedges(row.meta)
            bookmaker = self._bookmaker(trader.name, row, context)
            try:
                await bookmaker.open()
            except Refused:
                await bookmaker.close()
                raise
            except VenueError as error:
                _log.warning("bookmaker not reached", venue=row.venue, account=row.username, error=str(error))
            self._hedger.renew_desk(desk, bookmaker, context.account)
        return []

    def _exchange(self, row: VenueAccount, context: VenueContext) -> Exchange:
        """Raises UnknownVenueError and SetupError."""
        return build_exchange(row.venue, context)

    def _bookmaker(self, client: ClientName, row: VenueAccount, context: VenueContext) -> Bookmaker:
        """Raises UnknownVenueError, LookupError and SetupError."""
        return build_bookmaker(row.venue, context)

    def _lane(self, row: VenueAccount) -> Lane | None:
        """The lane of an exchange account; None for a venue where orders cannot rest, or without a connector."""
        try:
            manifest = venue(row.venue).manifest
            if not manifest.is_exchange:
                return None
            exchange = self._exchange(row, self._context(row))
        except (UnknownVenueError, SetupError) as error:
            self._warn(row, str(error))
            return None
        return self._lane_of(row.account_id, exchange, self._tag)

    async def _open_desk(self, trader: Trader, row: VenueAccount, rank: int) -> None:
        """A bookmaker that refuses the only account leaves its client without hedges, and so without quotes; the others
        go on. It is asked again at the next load."""
        try:
            kept_of_hedges(row.meta)
            context = self._context(row)
            bookmaker = self._bookmaker(trader.name, row, context)
        except (UnknownVenueError, LookupError, InputError, SetupError) as error:
            self._warn(row, str(error))
            return
        try:
            await bookmaker.open()
        except Refused as error:
            await bookmaker.close()
            self._warn(row, str(error))
            return
        except VenueError as error:
            _log.warning("bookmaker not reached", venue=row.venue, account=row.username, error=str(error))
        per_usd = self._per_usd(row.currency)
        self._hedger.add_desk(trader.name, Desk(bookmaker, context.account, per_usd, rank, is_active=row.is_active))

    def take_rates(self, rates: Rates) -> None:
        """The feed's currency rates: what a desk's stakes are worth."""
        self._rates = rates
        for client, desks in self._hedger.desks.by_client.items():
            for desk in desks:
                desk.per_usd = self._per_usd(desk.account.currency) or desk.per_usd
            self._hedger.desks.review(self._engine.traders[client])

    def _per_usd(self, currency: str) -> Decimal:
        """Units of a currency per USD; 0 while that is not told: so long nothing is hedged in it."""
        if self._rates is not None:
            with suppress(UnknownCurrencyError):
                return self._rates.from_usd(Decimal(1), currency)
        return Decimal(currency == "USD")

    def _context(self, row: VenueAccount) -> VenueContext:
        account = Account(row.account_id, row.username, row.currency, open_credentials(row, self._vault), row.meta)
        urls = urls_of(venue(row.venue).manifest, self._urls)
        known_as = partial(self._fixture_ref, VenueSlug(row.venue))
        way = self._ways.to(row.venue)
        return VenueContext(account, self._clock, urls, self._shard.count, known_as, egress=way)

    def _warn(self, row: VenueAccount, why: str) -> None:
        if row.account_id not in self._warned:
            self._warned.add(row.account_id)
            _log.warning("account is not used", venue=row.venue, account=row.username, why=why)


def _usable(rows: Sequence[VenueAccount], venues: Mapping[str, BookmakerTerms]) -> list[VenueAccount]:
    """The accounts, of which none is active at a venue that is out of use."""
    out = {slug for slug, terms in venues.items() if not terms.is_active}
    return [replace(row, is_active=False) if row.venue in out else row for row in rows]
