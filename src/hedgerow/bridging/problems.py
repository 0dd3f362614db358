"""Requests that are answered with an error status. Source: the protocol's table of errors."""

from __future__ import annotations

from typing import Literal

from hedgerow.bridging import wire
from hedgerow.bridging.wire import Bet

Outcome = Literal["not_placed", "unknown", "placed", "not_applicable"]


class ProblemError(Exception):
    """What became of the bet that the request is about stands in `outcome`."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        outcome: Outcome = "not_applicable",
        retry: str = "never",
        *,
        retry_after_s: float | None = None,
        bet: Bet | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        wait_s = None if retry_after_s is None else round(retry_after_s, 3)
        self.status = status
        self.body = wire.Problem(code, message, outcome, retry, wait_s, bet)


def malformed(message: str, outcome: Outcome = "not_applicable") -> ProblemError:
    return ProblemError(422, "malformed", message, outcome)


def too_fast(message: str, wait_s: float) -> ProblemError:
    """Turned away for the pace; nothing was placed by the request."""
    return ProblemError(429, "rate_limited", message, "not_placed", "later", retry_after_s=max(wait_s, 0.001))
