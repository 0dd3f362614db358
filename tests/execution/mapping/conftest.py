"""Listings, matches and markets to map, made short."""

from __future__ import annotations

from typing import Any

import pytest

from hedgerow.core.ids import FixtureId, VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.execution.mapping import Facts, FixtureFacts, Mapping, Participant, map_listings
from hedgerow.venues.base import Instrument, Listing

from .mappingkit import MARKETS, START_MS, Known, Listed, MapOne


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
