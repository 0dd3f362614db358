"""What needs a person, of what the services tell about themselves. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.dashboard.apis.health import Health
from hedgerow.dashboard.apis.mm import Pnl, Status
from hedgerow.dashboard.apis.operator import System
from hedgerow.dashboard.figures import money, words
from hedgerow.dashboard.rows.operator import system_words

SILENT_FEED_S = 10.0
"""Of the odds feed: longer and nothing is quoted from it."""


@dataclass(frozen=True, slots=True)
class Alert:
    """is_bad: money or orders are in danger; else it is to be known. todo: what to do about it."""

    what: str
    todo: str
    is_bad: bool = True


def of_services(found: Iterable[Health]) -> list[Alert]:
    """Services that do not answer, or say that they lack something."""
    alerts = []
    for health in found:
        todo = "Look into its log in the data folder; `hedgerow up` starts it again by itself."
        alerts += [Alert(f"{health.service}: {wrong}", todo) for wrong in health.wrong]
    return alerts


_COUNTED = (
    ("hedgerow_invariants_broken", "rows of the ledger contradict each other", "Run `hedgerow doctor`.", True),
    ("hedgerow_bets_in_doubt", "bets of which no bookmaker tells", "See `hedgerow bets in-doubt`.", True),
    ("hedgerow_feed_quarantined_fixtures", "fixtures contradict themselves", "They are not quoted.", False),
)
"""A gauge, what it counts, what to do, and whether it is bad."""


def of_metrics(sums: Mapping[str, float]) -> list[Alert]:
    """What the counters of the services show, for the operator. Counts and seconds, no money."""
    alerts = [
        Alert(f"{sums[name]:.0f} {what}", todo, is_bad=is_bad)
        for name, what, todo, is_bad in _COUNTED
        if sums.get(name, 0) > 0
    ]
    if (silence := sums.get("hedgerow_feed_silence_seconds", 0.0)) > SILENT_FEED_S:
        alerts.append(Alert(f"The odds feed has said nothing for {silence:.0f} s", "Nothing is quoted meanwhile."))
    return alerts


def of_system(system: System) -> list[Alert]:
    """Of the switches over the whole deployment."""
    said, tone = system_words(system)
    if tone == "good":
        return []
    why = f" ({system.reason})" if system.reason else ""
    return [Alert(f"{said}{why}", "It is released on the page Emergency.", is_bad=tone == "bad")]


def of_trading(status: Status, pnl: Pnl) -> list[Alert]:
    """Of one client's market making."""
    alerts = []
    if not status.trading_active:
        why = status.manual_pause_reason or status.manual_stop_reason or status.system_reason
        said = f" ({why})" if why else ""
        alerts.append(
            Alert(
                f"Market making is {words(status.status)}{said}", "Its controls are on the page Trading.", is_bad=False
            )
        )
    if pnl.unhedged_stake > Decimal(0):
        alerts.append(
            Alert(
                f"{money(pnl.unhedged_stake, 'USD')} of fills are not hedged",
                "Hedges are tried again while the odds allow it; the page Fills and hedges shows them.",
            )
        )
    return alerts
