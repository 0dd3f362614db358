"""The venue's dead-man's switch: who has begun to send heartbeats and then falls silent loses all resting orders.

Beats form a chain: each answer names the id of the next. A wrong id is refused with the right one and does not count.
When the switch has fired the registration is gone, and the next beat with an empty id arms it again. The venue looks
every few seconds and may be late; the simulated one is on time. Source: the Polymarket sheet, section 5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from uuid import UUID

from hedgerow.sim.clock import WorldClock
from hedgerow.sim.evm import keccak


class WrongBeat(Exception):  # noqa: N818
    """Not the id that comes next; `expected` is, empty when nothing is armed."""

    def __init__(self, expected: str) -> None:
        super().__init__("Invalid Heartbeat ID")
        self.expected = expected


@dataclass(slots=True)
class _Chain:
    next_id: str
    last_ns: int


class Heartbeats:
    """The armed API keys."""

    def __init__(self, clock: WorldClock, silence_s: int, fire: Callable[[str], None]) -> None:
        """fire: cancels everything that rests for an API key."""
        self._clock, self._silence_s, self._fire = clock, silence_s, fire
        self._chains: dict[str, _Chain] = {}
        self._numbers = count(1)

    def clear(self) -> None:
        self._chains.clear()

    def beat(self, key: str, heartbeat_id: str) -> str:
        """Takes a beat and answers the id of the next one. Raises WrongBeat."""
        chain = self._chains.get(key)
        expected = chain.next_id if chain else ""
        if heartbeat_id != expected:
            raise WrongBeat(expected)
        seed = f"heartbeat {next(self._numbers)} of {key}".encode()
        following = _Chain(str(UUID(bytes=keccak(seed)[:16], version=4)), self._clock.now_ns())
        self._chains[key] = following
        # Soft: each beat would otherwise make stepped time stop for a look that finds a later beat.
        self._clock.later(self._silence_s, lambda: self._look(key, following), f"heartbeat of {key}", soft=True)
        return following.next_id

    def _look(self, key: str, chain: _Chain) -> None:
        """Fires unless a later beat has come since."""
        if self._chains.get(key) is chain:
            del self._chains[key]
            self._fire(key)
