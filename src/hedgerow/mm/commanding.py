"""Carries out what clients and the operator ask of market making while it runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from hedgerow.core.clock import Clock
from hedgerow.core.errors import ApiError
from hedgerow.core.tasks import spawn
from hedgerow.feed.book import PriceBook
from hedgerow.mm.commands import CancelOutcome, ConfigurationChange
from hedgerow.mm.controls import Result, Switch, TradingState, turn
from hedgerow.mm.engine import Engine
from hedgerow.mm.lane import Lane
from hedgerow.mm.market import TradedMarket, Trader
from hedgerow.mm.orders import Order, Slot
from hedgerow.mm.roster import Roster
from hedgerow.mm.switches import Switches
from hedgerow.storage.audit import note
from hedgerow.storage.database import Database, StorageError

CANCEL_PATIENCE_S = 10.0
"""How long a command waits for the exchanges to confirm; what is not confirmed by then is answered as failed."""
WRITTEN_WITHIN_S = 1.0
HELD_AFTER_CANCEL_MS = 10_000
"""A quote that its owner cancelled by hand is not made again before."""
UNTOLD_MS = 10_000
"""How long a command may come after what it committed was read here."""

Found = tuple[Lane, Slot, Order]


@dataclass(slots=True)
class _Untold:
    """Orders that settings took away as they were read, before the command that committed them arrived here."""

    state: TradingState
    until_ms: int
    orders: dict[int, Found] = field(default_factory=dict)


class Commander:
    """`mm.commands.MarketMaking` on the engine of this process."""

    def __init__(
        self,
        database: Database,
        switches: Switches,
        roster: Roster,
        engine: Engine,
        book: PriceBook,
        clock: Clock,
        *,
        changed: Callable[[list[Lane]], None],
        write_orders: Callable[[], Awaitable[None]],
    ) -> None:
        """changed: called when settings changed, with lanes that are new and to be opened. write_orders: the rows of
        orders that wait."""
        self._database, self._switches, self._roster = database, switches, roster
        self._engine, self._book, self._clock = engine, book, clock
        self._changed, self._write_orders = changed, write_orders
        self._turning = asyncio.Lock()
        self._untold: dict[str, _Untold] = {}  # by client

    async def switch(self, client: str, switch: Switch, reason: str | None, actor: str) -> tuple[Result, CancelOutcome]:
        """Turns one of the client's switches, commits it, and answers when it is carried out."""
        trader = self._trader(client)
        async with self._turning:
            controls = await self._switches.client_controls(client)
            if controls is None:
                raise ApiError(404, f"client {client} does not trade")
            turned, result = turn(controls, switch, self._clock.now(), reason)
            if turned != controls:
                async with self._database.transaction() as connection:
                    await self._switches.save_controls(connection, turned)
                    await note(
                        connection,
                        self._clock.now(),
                        actor=actor,
                        subject="client",
                        subject_id=client,
                        action=switch.value,
                        data={"reason": reason},
                    )
            trader.state = self._roster.state_of(turned)  # where another process has turned it, too
        told, stopped = self._told(trader), self._stopped(trader)
        is_own_stop = switch is Switch.STOP and trader.state is TradingState.MANUAL_STOPPED
        return result, await self._ended(told + stopped if is_own_stop else stopped)

    async def cancel(
        self, client: str, *, order_id: int | None = None, exchange: str | None = None, fixture_id: str | None = None
    ) -> CancelOutcome:
        """Cancels one open order, or all that match, and waits for the exchanges' word."""
        found = [
            (lane, slot, order)
            for lane, slot, order in self._open(self._trader(client))
            if order_id in (None, order.order_id)
            and exchange in (None, lane.slug)
            and (fixture_id is None or self._is_of(slot, fixture_id))
        ]
        for lane, slot, order in found:
            self._engine.cancel_by_hand(lane, slot, order, self._clock.now_ms() + HELD_AFTER_CANCEL_MS)
            spawn(self._look_again(slot), "held quote")
        return await self._ended(found)

    async def reconfigure(self, client: str) -> ConfigurationChange:
        """The client's tournaments or market types changed in the database: quotes follow before this answers."""
        trader = self._trader(client)
        await self.refresh_settings()
        told = self._told(trader) if trader.state.keeps else []
        outcome = await self._ended(told)
        cancelled: dict[str, int] = {}
        for lane, _, order in told:
            if order.order_id in outcome.cancelled:
                cancelled[lane.slug] = cancelled.get(lane.slug, 0) + 1
        return ConfigurationChange(cancelled, outcome)

    async def covers(self, client: str, tournament_id: int) -> bool:
        """Whether the client's bookmaker has odds on a fixture of the tournament that is not over."""
        bookmaker = self._trader(client).bookmaker
        return any(
            fixture.tournament_id == tournament_id and bookmaker in fixture.bookmakers and not fixture.is_over
            for fixture in self._book.fixtures()
        )

    async def is_behind(self) -> bool:
        """Whether the operator has turned a switch since they were last carried out. Raises StorageError."""
        return await self._switches.system() != self._roster.system

    async def refresh_settings(self) -> None:
        """Reads all switches and settings anew, and carries out what changed. Waits for no account's venue before."""
        async with self._turning:
            changed = await self._roster.load_settings()
        if changed:
            self._changed([])
            await self._ended([found for trader in changed for found in self._taken_away(trader)])

    async def refresh(self) -> None:
        """The same, and then the accounts."""
        await self.refresh_settings()
        self._untold = {client: u for client, u in self._untold.items() if self._clock.now_ms() <= u.until_ms}
        changed, new_lanes = await self._roster.load_accounts()
        if changed:
            self._changed(new_lanes)
            await self._ended([found for trader in changed for found in self._stopped(trader)])

    # --- how -------------------------------------------------------------------------------------------------

    def _trader(self, client: str) -> Trader:
        trader = self._engine.traders.get(client)
        if trader is None:
            raise ApiError(404, f"client {client} does not trade")
        return trader

    def _stopped(self, trader: Trader) -> list[Found]:
        """Brings the quotes to the trader's state; answers the orders that rest where that keeps none."""
        stopped = [] if trader.state.keeps else self._open(trader)
        self._engine.look_at_all(trader)
        return stopped

    def _taken_away(self, trader: Trader) -> list[Found]:
        """Brings the quotes to settings that were read; answers the orders of a trader who is stopped by them. What
        they take away is kept for the command that committed them, in this process or another, and answers it."""
        before = self._open(trader)
        stopped = self._stopped(trader)
        now_ms, untold = self._clock.now_ms(), self._untold.get(trader.name)
        if untold is None or untold.state is not trader.state or untold.until_ms < now_ms:
            untold = self._untold[trader.name] = _Untold(trader.state, now_ms)
        untold.until_ms = now_ms + UNTOLD_MS
        taken = stopped or [found for found in before if found[1].wanted is None]
        untold.orders.update((found[2].order_id, found) for found in taken)
        return stopped

    def _told(self, trader: Trader) -> list[Found]:
        """What the trader's present settings took away as they were read, once."""
        untold = self._untold.pop(trader.name, None)
        is_due = untold is not None and untold.state is trader.state and self._clock.now_ms() <= untold.until_ms
        return list(untold.orders.values()) if untold is not None and is_due else []

    def _open(self, trader: Trader) -> list[Found]:
        found = []
        for lane in trader.lanes:
            for order in lane.live_orders():
                slot = lane.slot_of(order)
                if slot is not None:
                    found.append((lane, slot, order))
        return found

    def _is_of(self, slot: Slot, fixture_id: str) -> bool:
        market: TradedMarket | None = self._engine.market_of(slot)
        return market is not None and market.key.fixture_id == fixture_id

    async def _look_again(self, slot: Slot) -> None:
        await self._clock.sleep(HELD_AFTER_CANCEL_MS / 1000, soft=True)
        if (market := self._engine.market_of(slot)) is not None:
            self._engine.look_at(market)

    async def _ended(self, found: list[Found]) -> CancelOutcome:
        """Waits, in the machine's time, until the orders are ended, and all that have ended are written, or the
        patience is."""
        with self._engine.watching_orders() as changed, contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CANCEL_PATIENCE_S):
                while any(order.is_live for _, _, order in found):
                    await changed.wait()
                    changed.clear()
        # Who asks for the open orders next finds them ended, also those that ended before this was asked. What the
        # exchanges said stands without their rows.
        with contextlib.suppress(TimeoutError, StorageError):
            async with asyncio.timeout(WRITTEN_WITHIN_S):
                await self._write_orders()
        orders = {order.order_id: order for _, _, order in found}
        failed = {number: order.reason or "no answer" for number, order in orders.items() if order.is_live}
        return CancelOutcome(tuple(number for number in orders if number not in failed), failed)
