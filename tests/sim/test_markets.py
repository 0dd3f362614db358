"""The world's catalogue is the feed's own, as far as it goes."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from hedgerow.sim.markets import SPORTS, Catalogue

CATALOGUE = Catalogue()


@pytest.mark.parametrize(("sport", "file"), [(10, "10_soccer"), (15, "15_icehockey")])
def test_markets_are_those_of_the_feed(shared: Callable[[str], Path], sport: int, file: str) -> None:
    listed = {
        m["marketId"]: m for m in json.loads(shared(f"data/oddspapi/markets_catalogue_{file}.json").read_text())
    }
    ours = CATALOGUE.of_sport(sport)
    assert len(ours) > 100
    for market in ours:
        theirs = listed[market.market_id]
        assert (market.market_type, market.period) == (theirs["marketType"], theirs["period"])
        assert market.handicap == Decimal(str(theirs["handicap"]))
        outcomes = [{"outcomeId": o, "outcomeName": n} for o, n in zip(market.outcomes, market.names, strict=True)]
        assert outcomes == theirs["outcomes"]


def test_winner_markets_are_those_of_the_feed(shared: Callable[[str], Path]) -> None:
    proved = json.loads(shared("data/oddspapi/known_winner_markets.json").read_text())
    for theirs in (market for market in proved if market["outcomeIds"]):
        market = CATALOGUE.markets[theirs["marketId"]]
        assert (list(market.outcomes), list(market.names)) == (theirs["outcomeIds"], theirs["outcomeNames"])


def test_sports_are_those_of_the_feed(shared: Callable[[str], Path]) -> None:
    listed = {s["sportId"]: s for s in json.loads(shared("data/oddspapi/sports.json").read_text())}
    for sport in SPORTS:
        assert (sport.slug, sport.name) == (listed[sport.sport_id]["slug"], listed[sport.sport_id]["sportName"])


def test_markets_of_a_sport_share_no_outcome() -> None:
    outcomes = [outcome for market in CATALOGUE.markets.values() for outcome in market.outcomes]
    assert len(outcomes) == len(set(outcomes))


def test_every_outcome_leads_back_to_its_market() -> None:
    for market in CATALOGUE.markets.values():
        assert {CATALOGUE.market_of(outcome) for outcome in market.outcomes} == {market}


def test_lines_of_a_market_rise_by_the_sports_increment() -> None:
    spreads = [m for m in CATALOGUE.of_sport(15) if (m.market_type, m.period) == ("spreads", "result")]
    assert all(later.handicap - earlier.handicap == Decimal("0.5") for earlier, later in pairwise(spreads))


def test_sport_that_can_end_level_has_no_two_way_winner() -> None:
    assert CATALOGUE.winner(10) is None
