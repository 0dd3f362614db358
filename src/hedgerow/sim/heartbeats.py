"""A venue's dead-man's switches: who has begun to send heartbeats and then falls silent loses all that rests."""

from __future__ import annotations

from collections.abc import Callable

from hedgerow.sim.clock import WorldClock


class Heartbeats:
    """The armed accounts."""

    def __init__(self, venue: str, clock: WorldClock, fire: Callable[[str], object]) -> None:
        """fire: cancels everything that rests for an account."""
        self._venue, self._clock, self._fire = venue, clock, fire
        self._beats: dict[str, object] = {}

    def clear(self) -> None:
        self._beats.clear()

    def beat(self, account: str, timeout_s: int) -> None:
        """The account lives; without another beat in so many seconds the switch fires."""
        this = self._beats[account] = object()
        # Soft: each beat would otherwise make stepped time stop for a look that finds a later beat.
        self._clock.later(
            timeout_s, lambda: self._look(account, this), f"{self._venue} heartbeat of {account}", soft=True
        )

    def end(self, account: str) -> None:
        """The account takes its switch off."""
        self._beats.pop(account, None)

    def _look(self, account: str, beat: object) -> None:
        """Fires unless a later beat has come since."""
        if self._beats.get(account) is beat:
            del self._beats[account]
            self._fire(account)
