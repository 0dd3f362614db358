"""What can be set about the simulated Smarkets: commission, sessions, delays, pace of requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

LOGIN, LOGOUT, CATALOGUE, QUOTES, READING, PLACING, CANCELLING, CANCEL_ALL = (
    "login",
    "logout",
    "catalogue",
    "quotes",
    "reading",
    "placing",
    "cancelling",
    "cancel all",
)
"""The groups in which requests are counted."""


@dataclass(frozen=True, slots=True)
class Window:
    """So many requests in so many seconds, counted from the first."""

    limit: int
    seconds: int


def _limits() -> dict[str, Window]:
    return {
        LOGIN: Window(10, 60),
        LOGOUT: Window(30, 60),
        CATALOGUE: Window(100, 60),  # made up, as READING and PLACING
        QUOTES: Window(50, 60),
        READING: Window(600, 60),
        PLACING: Window(100, 10),
        CANCELLING: Window(10, 1),
        CANCEL_ALL: Window(1, 60),
    }


@dataclass
class Terms:
    """The world's Smarkets. commission: of an account's net winnings in a market; least_stake: the backer's, in the
    account's currency; pending_s: how long a match in play is unconfirmed; bet_delay_s: of placing in play."""

    commission: Decimal = Decimal("0.02")
    session_life_s: int = 1_800
    least_stake: Decimal = Decimal("0.05")
    pending_s: float = 8.0
    bet_delay_s: float = 0.0
    limits: Mapping[str, Window] = field(default_factory=_limits)
