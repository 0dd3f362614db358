"""`X-Explain: 1`: how the agent was chosen, told from the very values that the choice was made from."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hedgerow.scraping.gateway.selection import Decision, Standing


class Attempt(msgspec.Struct, frozen=True):
    """One agent that was asked. outcome: `answered`, or why the stream was cut."""

    slug: str
    outcome: str
    took_ms: int


class RoutedCandidate(msgspec.Struct, frozen=True, omit_defaults=True):
    """reason: why it could not be chosen. excluded_ms: for how much longer."""

    id: str
    country: str
    state: str
    score: float
    load: int
    reason: str | None = None
    excluded_ms: int | None = None


class RoutedAttempt(msgspec.Struct, frozen=True):
    agent: str
    outcome: str
    took_ms: int


class Route(msgspec.Struct, frozen=True):
    """picked: of the last attempt. pinned: `/debug/pick` had shown it before."""

    picked: str | None
    pinned: bool
    candidates: list[RoutedCandidate]
    attempts: list[RoutedAttempt]


def route_of(decision: Decision, attempts: Sequence[Attempt], now_ms: int) -> Route:
    """The whole of it."""
    return Route(
        decision.chosen.node_id if decision.chosen is not None else None,
        decision.valid_until_ms > 0,
        [_candidate(standing, now_ms) for standing in decision.standings],
        [RoutedAttempt(attempt.slug, attempt.outcome, attempt.took_ms) for attempt in attempts],
    )


def _candidate(standing: Standing, now_ms: int) -> RoutedCandidate:
    left_ms = standing.excluded_until_ms - now_ms
    return RoutedCandidate(
        standing.candidate.node_id,
        standing.candidate.country,
        str(standing.state),
        round(standing.score, 4),
        standing.candidate.load,
        standing.reason,
        left_ms if left_ms > 0 else None,
    )
