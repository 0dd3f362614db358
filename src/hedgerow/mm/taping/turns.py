"""The seam between the engine and everything that it does not decide.

The engine runs in turns. A turn begins with something that it is told, or with the end of something that it waited
for; it ends where the engine waits again. Within a turn the time stands still, and whatever is read is part of the
turn. So the turns in their order, with what was read in them, make every decision: recorded once, they can be played
again, one after the other, without the feed, the venues, the database and the clock.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

import msgspec

from hedgerow.core.clock import Clock

T = TypeVar("T")
V = TypeVar("V", int, str, str | None)


class Turns(Protocol):
    """Recorded or played."""

    clock: Clock
    """The engine's clock: it stands still within a turn."""
    outside: Clock | None
    """The clock of what is no part of the engine, None where it is played: waits by this one are no turns."""
    is_live: bool
    """Whether the outside is there: False when it is played."""

    @property
    def is_inside(self) -> bool:
        """Whether a turn is going on."""
        ...

    def turn(self, kind: str, message: Callable[[], msgspec.Struct]) -> AbstractContextManager[None]:
        """Around what the engine does with something that it is told. Within a turn it does nothing."""
        ...

    async def begin(self, key: str, known_until_ms: int | None = None) -> None:
        """The first line of work that others may begin: a turn of its own."""
        ...

    async def answer(self, key: str, ask: Callable[[], Awaitable[T]], kind: Any) -> T:
        """What the outside answers: it ends a turn, and its end begins one. kind: the answer's type.

        key: what is asked for; the same key may be asked again. Raises what the outside raised.
        """
        ...

    def rest(self) -> None:
        """The present task waits for something that is no part of the engine: its turn is over."""
        ...

    def drawn(self, what: str, draw: Callable[[], V]) -> V:
        """A value that chance or the database gives."""
        ...

    def read(self, kind: str, message: msgspec.Struct) -> None:
        """Something was read in this turn that a replay must read again."""
        ...

    def say(self, decision: dict[str, Any]) -> None:
        """The engine decided something."""
        ...
