"""What a bridge says of itself: whether it may be used, how fast, and for how long a bet may wait in it. Pure.

Source: the protocol's rules on the ground of access, pacing and speed.
"""

from __future__ import annotations

from dataclasses import dataclass

from hedgerow.venues.base import Rate
from hedgerow.venues.bridge import wire

NOWHERE = "https://bridge.invalid/bridge/v1"
"""A bridge has no address that everybody knows; the path is the protocol's."""

PROTOCOL = "1.0"

_BASES = frozenset({"bookmaker_contract", "agent_or_broker_contract", "written_permission", "manual_desk"})
_SIMULATION = "simulation"

_SEND_WITHIN_MS, _LONGEST_MS = 30_000, 600_000
_BURST_OF = 4


class NotUsableError(ValueError):
    """The bridge must not, or cannot, be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Of one bridge. `has_statement`: it tells how every bet was settled. `send_within_ms`: how long after our sending
    the bridge may still send the bet on."""

    takes_part: bool
    lays: bool
    has_statement: bool
    send_within_ms: int
    bets: Rate
    quotes: Rate


def terms_of(info: wire.Info, slug: str, currency: str, *, may_be_simulated: bool) -> Terms:
    """may_be_simulated: the deployment itself names the bridge; an account's bridge has to be a real one. Raises
    NotUsableError."""
    if info.protocol != PROTOCOL:
        raise NotUsableError(f"it speaks protocol {info.protocol}, not {PROTOCOL}")
    if info.bookmaker != slug:
        raise NotUsableError(f"it is the bridge of {info.bookmaker}")
    basis = info.access.basis
    if (info.simulated or basis == _SIMULATION) and not may_be_simulated:
        raise NotUsableError("it is simulated")
    if basis not in _BASES and basis != _SIMULATION:
        raise NotUsableError(f"it does not say on what ground bets may be placed ({basis!r})")
    if currency not in info.currencies:
        raise NotUsableError(f"it has no accounts in {currency}")
    typical_ms = int(info.decision_seconds.typical * 1000) if info.decision_seconds else 0
    return Terms(
        takes_part="partial" in info.capabilities,
        lays="lay" in info.capabilities,
        has_statement="statement_settlement" in info.capabilities,
        send_within_ms=min(max(_SEND_WITHIN_MS, typical_ms), _LONGEST_MS),
        bets=_rate(info.pacing.bets_per_minute),
        quotes=_rate(info.pacing.quotes_per_minute),
    )


def _rate(per_minute: int) -> Rate:
    """A bucket whose burst and refill together stay within the number in every minute."""
    if per_minute < 1:
        raise NotUsableError("it takes no requests")
    burst = max(1, per_minute // _BURST_OF)
    return Rate(max(per_minute - burst, 0.5) / 60, burst)
