"""What can be set about a simulated bridge: its pace, its delay, the ground on which it works."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

BASES = frozenset({"bookmaker_contract", "agent_or_broker_contract", "written_permission", "manual_desk", "simulation"})
"""The grounds of access that the protocol knows."""


@dataclass(slots=True)
class Terms:
    """Changeable while the world runs."""

    basis: str = "simulation"
    simulated: bool = True
    hold_s: float = 0.0
    """For so long a bet waits in the bridge before the bookmaker gets it: a fence can still withdraw it."""
    quotes_per_minute: int = 120
    bets_per_minute: int = 600
    concurrent_bets: int = 8
    quote_life_s: float = 10.0
    least_stake: Decimal = Decimal("1.00")
    """Where a quote has no lowest stake of its own."""
    statement: bool = True
    """Whether results are told; cash-outs and what was called off always are."""
