"""What differs between sports: whether people or teams play, and how far two lists may differ about the start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

PEOPLE = frozenset(
    ["tennis", "table-tennis", "badminton", "squash", "padel", "mma", "boxing", "darts", "snooker", "golf"]
)
"""Sports whose participants are people, or pairs of them. Slugs are the feed's."""

_DRAWN_SPORT = "cricket"
# In titles of tournaments whose matches last several days and may be drawn.
_LONG_FORMS = frozenset({"test", "tests", "ashes", "shield", "ranji", "duleep", "county"})

_HOUR_S = 3600

# Where the same two may meet again on the same day, less; where starts follow the match before, more.
_TOLERANCE_S: Mapping[str, int] = {
    "tennis": 6 * _HOUR_S,
    "mma": 6 * _HOUR_S,
    "boxing": 6 * _HOUR_S,
    "snooker": 2 * _HOUR_S,
    "darts": _HOUR_S // 2,
    "table-tennis": _HOUR_S // 2,
    "baseball": 3 * _HOUR_S // 2,
    "esport-counter-strike": 3 * _HOUR_S // 2,
    "esport-dota": 3 * _HOUR_S // 2,
    "esport-league-of-legends": 3 * _HOUR_S // 2,
    "esport-valorant": 3 * _HOUR_S // 2,
}
_USUAL_S = 2 * _HOUR_S

WINDOW_S = 36 * _HOUR_S
"""Matches that start further away are not looked at."""


def may_be_drawn(sport: str, title_words: Iterable[str]) -> bool:
    """Whether a match without a draw among its results may end in one: cricket of several days. What becomes of a
    two-way winner then, every venue has its own rule for."""
    return sport == _DRAWN_SPORT and not _LONG_FORMS.isdisjoint(title_words)


def tolerance_s(sport: str) -> int:
    """Seconds by which the venue's start may differ from the feed's."""
    return _TOLERANCE_S.get(sport, _USUAL_S)
