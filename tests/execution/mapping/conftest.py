"""Listings, matches and markets to map, made short."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.ids import FixtureId, MarketId, OutcomeId, VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.execution.mapping import Facts, FixtureFacts, Mapping, MarketFacts, Participant, map_listings
from hedgerow.venues.base import Instrument, Listing

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


@pytest.fixture
def listed() -> Listed:
    """A contract on the winner of a tennis match, or what is said otherwise."""

    def make(outcome: str = "Jannik Sinner", opposite: str | None = "Carlos Alcaraz", **changes: Any) -> Listing:
        ref = changes.pop("ref", f"ref-{outcome}")
        given: dict[str, Any] = {
            "title": "a match",
            "participants": (outcome, opposite) if opposite else (),
            "sport": "tennis",
            "market_type": "moneyline",
            "period": "result",
            "starts_at_ms": START_MS,
        }
        market_ref = changes.pop("market_ref", "market")
        instrument = Instrument(VenueSlug("exchange"), ref, market_ref, PriceGrid.probability(10_000))
        return Listing(instrument, outcome=outcome, opposite=opposite, **{**given, **changes})

    return make


@pytest.fixture
def known() -> Known:
    """The tennis match of the feed, or what is said otherwise."""

    def make(
        one: str | Participant = "Sinner, Jannik", other: str | Participant = "Alcaraz, Carlos", **changes: Any
    ) -> FixtureFacts:
        participants = tuple(name if isinstance(name, Participant) else Participant(name) for name in (one, other))
        given: dict[str, Any] = {
            "fixture_id": FixtureId("id1"),
            "sport": "tennis",
            "tournament": "ATP Finals",
            "participants": participants,
            "starts_at_ms": START_MS,
        }
        return FixtureFacts(**{**given, **changes})

    return make


@pytest.fixture
def map_one() -> MapOne:
    """Maps one contract against matches of the feed."""

    def run(listing: Listing, *fixtures: FixtureFacts, **facts: Any) -> Mapping:
        (mapping,) = map_listings([listing], Facts(fixtures, facts.pop("markets", MARKETS), **facts))
        return mapping

    return run


@pytest.fixture
def markets() -> dict[str, tuple[MarketFacts, ...]]:
    return MARKETS
