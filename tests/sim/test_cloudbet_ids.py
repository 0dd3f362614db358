"""Names that the simulated feed and the simulated Cloudbet share."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hedgerow.core.ids import MarketId, OutcomeId
from hedgerow.sim import cloudbet_ids
from hedgerow.sim.markets import Catalogue

SNAPSHOT = "data/oddspapi/v5shape_odds_id1000232463448499.json"
CATALOGUE = Catalogue()


def test_names_are_those_of_the_recorded_rows(shared: Callable[[str], Path]) -> None:
    rows = json.loads(shared(SNAPSHOT).read_text())["odds"]["cloudbet"].values()
    compared = 0
    for row in rows:
        market = CATALOGUE.market_of(row["outcomeId"])
        if market is None or market.period not in ("fulltime", "p1"):
            continue
        told = cloudbet_ids.market_ref(market), cloudbet_ids.outcome_ref(market, row["outcomeId"])
        assert told == (row["bookmakerMarketId"], row["bookmakerOutcomeId"])
        compared += 1
    assert compared > 30


def test_no_two_lines_of_a_sport_have_one_name() -> None:
    for sport_id in cloudbet_ids.SPORT_KEYS:
        refs = [cloudbet_ids.market_ref(market) for market in CATALOGUE.of_sport(sport_id)]
        assert len(set(refs)) == len(refs)


@pytest.mark.parametrize(
    ("market_id", "ref"),
    [
        (101, "soccer.match_odds"),
        (121, "tennis.winner"),
        (111, "basketball.moneyline"),
        (10564, "soccer.asian_handicap_period_first_half/handicap=-5"),
    ],
)
def test_a_line_is_its_market_key_and_its_parameters(market_id: int, ref: str) -> None:
    assert cloudbet_ids.market_ref(CATALOGUE.markets[MarketId(market_id)]) == ref


def test_an_outcome_of_another_market_has_no_name() -> None:
    market = CATALOGUE.markets[MarketId(121)]
    assert cloudbet_ids.outcome_ref(market, OutcomeId(122)) == "away"
    assert cloudbet_ids.outcome_ref(market, OutcomeId(101)) is None
