"""Token buckets: how much may be sent to a venue now, and when more may be."""

from __future__ import annotations

from hedgerow.core.clock import NS_PER_S, Clock


class Budget:
    """A token bucket that never queues: what does not fit is refused, and the caller decides anew when it does.

    That makes the newest intent win by construction: nothing outdated waits in line.
    """

    def __init__(self, clock: Clock, per_second: float, burst: float) -> None:
        """per_second: tokens that come in; burst: tokens kept at most. Both > 0."""
        if per_second <= 0 or burst <= 0:
            raise ValueError("a budget needs a positive rate and burst")
        self._clock, self._per_second, self._burst = clock, per_second, burst
        self._tokens = burst
        self._filled_ns = clock.now_ns()

    def try_take(self, tokens: float, *, leaves: float = 0.0) -> bool:
        """Takes the tokens and answers True, or takes nothing and answers False. leaves: so many have to stay."""
        self._fill()
        if self._tokens + _ROUNDING < tokens + leaves:
            return False
        self._tokens -= tokens
        return True

    def ready_in_s(self, tokens: float) -> float:
        """Seconds until so many tokens are there (0: now). Never, for more than the burst: ValueError."""
        if tokens > self._burst:
            raise ValueError(f"{tokens} tokens never fit into a burst of {self._burst}")
        self._fill()
        return max(0.0, (tokens - self._tokens) / self._per_second)

    def exhausted(self, for_s: float) -> None:
        """The venue says that it is too much: nothing more for so long."""
        self._fill()
        self._tokens = min(self._tokens, -for_s * self._per_second)

    def _fill(self) -> None:
        now = self._clock.now_ns()
        elapsed_s = max(0, now - self._filled_ns) / NS_PER_S  # a clock that was put back takes no tokens away
        self._tokens = min(self._burst, self._tokens + elapsed_s * self._per_second)
        self._filled_ns = now


_ROUNDING = 1e-9
