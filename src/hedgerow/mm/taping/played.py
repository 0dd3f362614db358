"""What stands for the outside of an engine whose tape is played: the turns, the odds, the venues, the rows.

The clock shows the time of the present turn; what the engine waits for ends when the tape says so; what it says is kept
for who compares, and nothing leaves.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

import msgspec

from hedgerow.core.clock import Clock, SystemClock
from hedgerow.core.ids import MarketKey, OutcomeId, VenueSlug
from hedgerow.mm.exposure import Matched
from hedgerow.mm.hedging import Offer
from hedgerow.mm.journal import Journal, Owner, QuoteReason
from hedgerow.mm.orders import Order
from hedgerow.mm.shares import UnhedgedShares
from hedgerow.mm.taping import messages as told
from hedgerow.mm.taping.codec import decode, encode, error_of
from hedgerow.mm.taping.taped import TapedPrices, TurnClock
from hedgerow.mm.taping.turns import T, V
from hedgerow.mm.taping.waits import Waits
from hedgerow.venues.base import Manifest


class Diverged(Exception):  # noqa: N818
    """The tape tells of something that this engine did not ask for."""


class Played:
    """`Turns` that are read."""

    is_live = False
    outside: Clock | None = None
    is_inside = True

    def __init__(self) -> None:
        self.now_ns = 0
        self.clock: Clock = TurnClock(SystemClock(), self, lambda: self.now_ns)
        self.said: list[bytes] = []
        self.drawable: dict[str, deque[int | str | None]] = {}
        self._waits = Waits()
        self._waiting: dict[str, tuple[asyncio.Future[Any], Any]] = {}

    # --- of the engine -----------------------------------------------------------------------------------------

    def turn(self, kind: str, message: Callable[[], msgspec.Struct]) -> AbstractContextManager[None]:
        return nullcontext()

    async def begin(self, key: str, known_until_ms: int | None = None) -> None:
        await self.answer(_begin(key), _nothing, None)

    async def answer(self, key: str, ask: Callable[[], Awaitable[T]], kind: Any) -> T:
        with self._waits.named(key) as name:
            ends: asyncio.Future[T] = asyncio.get_running_loop().create_future()
            self._waiting[name] = ends, kind
            try:
                return await ends
            finally:
                self._waiting.pop(name, None)

    def rest(self) -> None:
        """Nothing else is waited for in a replay."""

    def drawn(self, what: str, draw: Callable[[], V]) -> V:
        values = self.drawable.get(what)
        if not values:
            raise Diverged(f"a {what} was drawn that was not drawn then")
        return cast(V, values.popleft())

    def read(self, kind: str, message: msgspec.Struct) -> None:
        """It stands on the tape."""

    def say(self, decision: dict[str, Any]) -> None:
        self.said.append(encode(decision))

    # --- of the tape -------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Ends all that still waits."""
        while self._waiting:
            for ends, _ in self._waiting.values():
                ends.cancel()
            await asyncio.sleep(0)

    def is_waited_for(self, key: str) -> bool:
        """Whether work waits to begin."""
        return self.is_waiting(f"{_begin(key)} #0")

    def is_waiting(self, name: str) -> bool:
        """Whether somebody waits for that."""
        return name in self._waiting

    def release(self, key: str) -> None:
        """Work begins."""
        self._end(f"{_begin(key)} #0").set_result(None)

    def end(self, answered: told.Answered) -> None:
        """A wait ends. Raises Diverged when nobody waits for that."""
        name = answered.key
        kind = self._waiting[name][1] if name in self._waiting else None
        ends = self._end(name)
        if answered.failure is not None:
            ends.set_exception(error_of(answered.failure))
        else:
            ends.set_result(decode(answered.value, kind))

    def _end(self, name: str) -> asyncio.Future[Any]:
        if name not in self._waiting:
            raise Diverged(f"nobody waits for {name!r}")
        return self._waiting.pop(name)[0]


def _begin(key: str) -> str:
    return f"begin {key}"


async def _nothing() -> Any:
    return None


class PlayedPrices(TapedPrices):
    """Offers as they were read."""

    def __init__(self) -> None:
        self._now: dict[tuple[VenueSlug, MarketKey], tuple[dict[OutcomeId, Offer], str | None]] = {}

    def offers(self, key: MarketKey, bookmaker: VenueSlug) -> tuple[dict[OutcomeId, Offer], str | None]:
        return self._now.get((bookmaker, key), ({}, None))

    def take(self, offered: told.Offered) -> None:
        self._now[(offered.bookmaker, offered.key)] = dict(offered.offers), offered.why_not

    def forget(self, key: MarketKey, bookmaker: VenueSlug) -> None:
        self._now.pop((bookmaker, key), None)


class NoJournal(Journal):
    """Rows are not written again."""

    def changed(self, order: Order, owner: Owner) -> None:
        pass

    def quoted(self, reason: QuoteReason) -> None:
        pass


class NoShares(UnhedgedShares):
    """Nor these."""

    def moved(self, fills: Iterable[Matched]) -> None:
        pass


class _Answer:
    """Stands for a request that is not sent; its answer is on the tape."""

    def __await__(self) -> Iterator[Any]:
        raise AssertionError("answers come from the tape")


class Silent:
    """A venue that nothing is sent to."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest

    def place(self, *_: object) -> _Answer:
        return _Answer()

    amend = cancel = working = close = place
