"""What has to be done all the time beside quoting: balances, ages, order numbers, settings, strays."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import NoReturn

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.errors import VenueError
from hedgerow.core.money import MICRO, UnknownCurrencyError
from hedgerow.core.tasks import spawn, stop, work
from hedgerow.feed.book import PriceBook
from hedgerow.mm.commanding import Commander
from hedgerow.mm.daily import result_of_day
from hedgerow.mm.desks import Desk
from hedgerow.mm.discovery import Discovery
from hedgerow.mm.engine import Engine
from hedgerow.mm.hedger import Hedger
from hedgerow.mm.lane import Lane
from hedgerow.mm.market import Trader
from hedgerow.mm.numbers import LOW, OrderNumbers
from hedgerow.mm.policy import Policies
from hedgerow.mm.repository import Repository
from hedgerow.mm.shards import WHOLE, Shard
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database, StorageError

_log = structlog.get_logger(__name__)

BALANCES_EVERY_S = 30.0
STRAYS_EVERY_S = 30.0
LOSSES_EVERY_S = 15.0
SWEEP_EVERY_S = 0.25
SWEEP_SHARES = 4
"""The markets are swept in as many turns: each once a second."""
SETTINGS_EVERY_S = 2.0
"""In the machine's time: what somebody else changed in the database counts at the latest after so long."""
SWITCHES_EVERY_S = 0.25
"""The same for the operator's switches over everything, which must not depend on the bus."""
NUMBERS_AHEAD = 2 * LOW
_RETRY_S = 0.5


class Upkeep:
    """The repeated work of one process."""

    def __init__(
        self,
        engine: Engine,
        hedger: Hedger,
        book: PriceBook,
        discovery: Discovery,
        commander: Commander,
        database: Database,
        repository: Repository,
        policies: Policies,
        accounts: Accounts,
        numbers: OrderNumbers,
        clock: Clock,
        shard: Shard = WHOLE,
    ) -> None:
        self._engine, self._hedger, self._book, self._discovery = engine, hedger, book, discovery
        self._commander, self._database = commander, database
        self._repository, self._policies, self._accounts = repository, policies, accounts
        self._numbers, self._clock, self._shard = numbers, clock, shard
        self._settings_wake = asyncio.Event()
        self._tasks: list[asyncio.Task[NoReturn]] = []

    def start(self) -> None:
        self._tasks = [
            spawn(self._every(BALANCES_EVERY_S, self.read_balances), "balances", is_vital=True),
            spawn(self._every(STRAYS_EVERY_S, self._cancel_strays, first=False), "strays", is_vital=True),
            spawn(self._every(LOSSES_EVERY_S, self.read_losses), "losses", is_vital=True),
            spawn(self._sweep(), "sweep", is_vital=True),
            spawn(self._draw_numbers(), "order numbers", is_vital=True),
            spawn(self._follow_settings(), "settings", is_vital=True),
            spawn(self._follow_switches(), "switches", is_vital=True),
        ]

    async def stop(self) -> None:
        await stop(*self._tasks)

    def settings_changed(self) -> None:
        """Somebody changed settings or switches in the database: read them now."""
        self._settings_wake.set()

    async def _every(self, seconds: float, turn: Callable[[], Awaitable[None]], *, first: bool = True) -> NoReturn:
        if not first:
            await self._clock.sleep(seconds, soft=True)
        while True:
            with work.unit():
                try:
                    await turn()
                except StorageError as error:
                    _log.error("upkeep waits for the database", error=str(error))
            await self._clock.sleep(seconds, soft=True)

    # --- money -------------------------------------------------------------------------------------------------

    async def read_balances(self) -> None:
        """Asks every venue what the accounts hold."""
        for trader in list(self._engine.traders.values()):
            for lane in trader.lanes:
                await self.read_lane(lane)
            for desk in list(self._hedger.desks.of(trader.name)):
                await self._read_desk(trader, desk)

    async def read_lane(self, lane: Lane) -> None:
        """One exchange account."""
        try:
            balance = await lane.exchange.balance()
        except VenueError as error:
            _log.warning("balance not read", venue=lane.slug, error=str(error))
            return
        await self._accounts.set_balance(lane.account_id, balance.free, balance.held)
        self._engine.set_cash(lane, self._usd(balance.free + balance.held, balance.currency))

    async def _read_desk(self, trader: Trader, desk: Desk) -> None:
        try:
            balance = await desk.bookmaker.balance()
        except VenueError as error:
            _log.warning("balance not read", venue=desk.slug, error=str(error))
            return
        account_id = desk.account.account_id
        await self._accounts.set_balance(account_id, balance.free, balance.held)
        self._engine.set_hedge_cash(trader, account_id, self._usd(balance.free, balance.currency))

    def _usd(self, amount: Decimal, currency: str) -> int:
        """This shard's part in micros of USD; nothing while the currency's rate is not known."""
        try:
            return int(self._book.rates.to_usd(amount, currency) * MICRO) // self._shard.count
        except UnknownCurrencyError:
            return 0

    async def read_losses(self) -> None:
        """Stops the clients whose day has lost what it may. Only clients with such a stop are asked about."""
        for trader in list(self._engine.traders.values()):
            most, today = trader.policy.max_daily_loss, self._clock.now().date()
            if most is None or trader.policy.loss_stopped_on == today:
                continue
            loss = -await result_of_day(self._database, trader.name, today)
            if loss > most:
                _log.error("the day's loss stops quoting", client=trader.name, loss=str(loss), most=str(most))
                await self._policies.stop_for_loss(trader.name, today, loss)
                self.settings_changed()

    # --- orders ------------------------------------------------------------------------------------------------

    async def _cancel_strays(self) -> None:
        """Orders of ours that nobody quotes are taken away, once it is known what there is to quote."""
        if not self._discovery.rounds:
            return
        for trader in self._engine.traders.values():
            for lane in trader.lanes:
                if lane.is_synced:
                    await self._leave_strays(lane)
                    await lane.cancel_strays()

    async def _leave_strays(self, lane: Lane) -> None:
        """Orders on contracts of other shards are not ours to cancel. Raises StorageError."""
        if self._shard.is_whole:
            return
        for venue_ref, state in list(lane.strays.items()):
            mapping = await self._repository.mapping(lane.slug, state.instrument_ref)
            if not self._shard.owns(mapping["fixture_id"] if mapping is not None else None):
                lane.leave_stray(venue_ref)

    async def _sweep(self) -> NoReturn:
        share = 0
        while True:
            await self._clock.sleep(SWEEP_EVERY_S, soft=True)
            share = (share + 1) % SWEEP_SHARES
            for trader in list(self._engine.traders.values()):
                self._engine.sweep(list(trader.markets.values())[share::SWEEP_SHARES])
                self._engine.review_stops(trader)
            self._engine.measure()

    async def _draw_numbers(self) -> NoReturn:
        while True:
            await self._numbers.is_low.wait()
            try:
                with work.unit():
                    await draw_ahead(self._numbers, self._repository)
            except StorageError as error:
                _log.error("order numbers are not drawn", left=self._numbers.left, error=str(error))
                await asyncio.sleep(_RETRY_S)

    # --- settings ----------------------------------------------------------------------------------------------

    async def _follow_settings(self) -> NoReturn:
        while True:
            self._settings_wake.clear()
            try:
                async with asyncio.timeout(SETTINGS_EVERY_S):
                    await self._settings_wake.wait()
            except TimeoutError:
                pass
            try:
                await self._commander.refresh()
            except StorageError as error:
                _log.error("settings are not read", error=str(error))

    async def _follow_switches(self) -> NoReturn:
        while True:
            await asyncio.sleep(SWITCHES_EVERY_S)
            try:
                if await self._commander.is_behind():
                    await self._commander.refresh_settings()  # an account that is being opened may take long
            except StorageError:
                continue  # following the settings tells of it


async def draw_ahead(numbers: OrderNumbers, repository: Repository) -> None:
    """Draws order numbers until enough are left for some time. Raises StorageError."""
    while numbers.left < NUMBERS_AHEAD:
        numbers.add(await repository.draw_order_ids())
