"""Writes a running engine's turns to a tape.

A tape that cannot be written ends; trading goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.tape import TapeWriter
from hedgerow.execution.commission import COMMISSION
from hedgerow.mm.desks import Desk
from hedgerow.mm.engine import Engine
from hedgerow.mm.hedger import Hedger
from hedgerow.mm.market import Trader
from hedgerow.mm.taping import messages as told
from hedgerow.mm.taping.codec import ANSWERED, encode, failure_of
from hedgerow.mm.taping.taped import TurnClock
from hedgerow.mm.taping.taped_lane import TapedLane
from hedgerow.mm.taping.turns import T, V
from hedgerow.mm.taping.waits import Waits

_log = structlog.get_logger(__name__)


class Recorder:
    """`Turns` of a process that trades."""

    is_live = True

    def __init__(self, path: Path, clock: Clock, max_drift: Decimal, hysteresis: int) -> None:
        """Goes on with a tape that is there. Raises InputError and OSError."""
        self._writer: TapeWriter | None = TapeWriter(path, told.KIND, clock.now_ns())
        self._base = clock
        self.outside: Clock | None = clock
        self.clock: Clock = TurnClock(clock, self, self._turn_ns)
        self._t, self._is_told, self._task = 0, False, None  # type: int, bool, asyncio.Task[Any] | None
        self._waits = Waits()
        self._engine: Engine | None = None
        self._hedger: Hedger | None = None
        self._seen: dict[str, tuple[object, ...]] = {}
        self._lanes: set[int] = set()
        self._write(clock.now_ns(), "engine", told.EngineFacts(max_drift, hysteresis))

    def follow(self, engine: Engine, hedger: Hedger) -> None:
        """Whose clients and desks are written down."""
        self._engine, self._hedger = engine, hedger

    def close(self) -> None:
        """Ends the tape."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    # --- turns -------------------------------------------------------------------------------------------------

    @property
    def is_inside(self) -> bool:
        if self._is_told:
            return True
        return self._task is not None and self._task is _present_task()

    def _turn_ns(self) -> int | None:
        return self._t if self.is_inside else None

    @contextmanager
    def turn(self, kind: str, message: Callable[[], msgspec.Struct]) -> Iterator[None]:
        if self.is_inside:
            yield
            return
        self._starts(kind, message())
        self._is_told = True
        try:
            yield
        finally:
            self._is_told = False

    async def begin(self, key: str, known_until_ms: int | None = None) -> None:
        self._resumes("begin", told.Begun(key, known_until_ms))

    async def answer(self, key: str, ask: Callable[[], Awaitable[T]], kind: Any) -> T:
        with self._waits.named(key) as name:
            self.rest()
            try:
                value = await ask()
            except ANSWERED as error:
                self._resumes("answer", told.Answered(name, failure=failure_of(error)))
                raise
            self._resumes("answer", told.Answered(name, msgspec.Raw(encode(value))))
            return value

    def rest(self) -> None:
        if self._task is _present_task():
            self._task = None

    def drawn(self, what: str, draw: Callable[[], V]) -> V:
        value = draw()
        self._write(self._t, "drawn", told.Drawn(what, value))
        return value

    def read(self, kind: str, message: msgspec.Struct) -> None:
        self._write(self._t, kind, message)

    def say(self, decision: dict[str, Any]) -> None:
        self._write(self._t, told.DECIDED, decision)

    def _resumes(self, kind: str, message: msgspec.Struct) -> None:
        """The present task goes on: until it waits again, what it does is this turn."""
        self._task = None
        self._starts(kind, message)
        self._task = _present_task()

    def _starts(self, kind: str, message: msgspec.Struct) -> None:
        self._t = self._base.now_ns()
        self._write_states()
        self._write(self._t, kind, message)

    # --- states ------------------------------------------------------------------------------------------------

    def _write_states(self) -> None:
        """What others changed since the last turn."""
        if self._engine is None or self._hedger is None:
            return
        for trader in self._engine.traders.values():
            desks = self._hedger.desks.of(trader.name)
            seen = (
                trader.state,
                trader.tournaments,
                trader.denied,
                trader.policy,
                trader.max_outcome_stake,
                [(desk.account, desk.per_usd, desk.rank, desk.is_active) for desk in desks],
                len(trader.lanes),
            )
            before, self._seen[trader.name] = self._seen.get(trader.name), seen
            if seen != before:
                self._write_client(trader, self._hedger)

    def _write_client(self, trader: Trader, hedger: Hedger) -> None:
        client = told.ClientFacts(
            trader.name,
            trader.bookmaker,
            trader.state,
            [told.TournamentFacts.of(found) for found in trader.tournaments.values()],
            sorted(trader.denied),
            told.PolicyFacts.of(trader.policy),
            list(trader.max_outcome_stake.items()),
            [_desk_facts(desk) for desk in hedger.desks.of(trader.name)],
        )
        self._write(self._t, "client", client)
        for lane in trader.lanes:
            if lane.account_id not in self._lanes and isinstance(lane, TapedLane):
                self._lanes.add(lane.account_id)
                venue = told.VenueFacts.of(lane.exchange.manifest)
                self._write(self._t, "lane", told.LaneFacts(trader.name, lane.account_id, venue, lane.tag))

    def _write(self, at_ns: int, kind: str, message: object) -> None:
        if self._writer is None:
            return
        try:
            self._writer.record(at_ns, kind, encode(message))
        except (OSError, ValueError) as error:
            _log.error("the engine is not recorded any more", error=str(error))
            self._writer = None


def _desk_facts(desk: Desk) -> told.DeskFacts:
    account, venue = desk.account, told.VenueFacts.of(desk.bookmaker.manifest)
    kept = {name: account.meta[name] for name in (COMMISSION,) if name in account.meta}
    return told.DeskFacts(account.account_id, venue, account.currency, desk.per_usd, desk.rank, desk.is_active, kept)


def _present_task() -> asyncio.Task[Any] | None:
    """None in a callback, and outside a loop."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
