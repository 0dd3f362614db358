"""The feed's markets and the moment of the match that the tests of the mapping share."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hedgerow.core.ids import MarketId, OutcomeId
from hedgerow.execution.mapping import FixtureFacts, Mapping, MarketFacts
from hedgerow.venues.base import Listing

START_MS = 1_795_280_400_000  # 2026-11-21 17:00 UTC

Listed = Callable[..., Listing]
Known = Callable[..., FixtureFacts]
MapOne = Callable[..., Mapping]


def two_way(first: int, kind: str = "moneyline", period: str = "result", line: str | None = None) -> MarketFacts:
    ids = (OutcomeId(first), OutcomeId(first + 1))
    names = ("Over", "Under") if kind == "totals" else ("1", "2")
    return MarketFacts(MarketId(first), kind, period, Decimal(line) if line else None, ids, names)


def three_way(first: int, period: str = "fulltime") -> MarketFacts:
    ids = (OutcomeId(first), OutcomeId(first + 1), OutcomeId(first + 2))
    return MarketFacts(MarketId(first), "1x2", period, Decimal(0), ids, ("1", "X", "2"))


MARKETS: dict[str, tuple[MarketFacts, ...]] = {
    "soccer": (
        three_way(101),
        two_way(1010, "totals", "fulltime", "2.5"),
        three_way(10208, "p1"),
        two_way(1068, "spreads", "fulltime", "-0.5"),
        two_way(1076, "spreads", "fulltime", "0.5"),
    ),
    "basketball": (two_way(111), three_way(113)),
    "tennis": (two_way(121), two_way(123, period="p1")),
    "baseball": (two_way(131),),
    "american-football": (
        MarketFacts(MarketId(141), "1x2", "fulltime", None, (OutcomeId(141), OutcomeId(142)), ("1", "2")),
    ),
    "ice-hockey": (two_way(151), three_way(153)),
    "esport-counter-strike": (two_way(171),),
    "esport-league-of-legends": (two_way(181),),
    "cricket": (two_way(271),),
}
