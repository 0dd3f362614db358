"""The catalogue of markets: the feed's list, not arithmetic."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import pytest

from hedgerow.feed import wire
from hedgerow.feed.catalogue import Catalogue, market_of


@pytest.fixture(scope="module")
def soccer(shared):
    rows = msgspec.json.decode(
        shared("data/oddspapi/markets_catalogue_10_soccer.json").read_bytes(), type=list[wire.Market]
    )
    return [market_of(row) for row in rows]


def test_markets_partition_the_outcomes(soccer):
    catalogue = Catalogue(soccer)
    assert len(catalogue) == 1122
    for market in soccer:
        assert {catalogue.of_outcome(outcome_id) for outcome_id in market.outcomes} == {market.market_id}


def test_line_is_exact_and_only_in_the_catalogue(soccer):
    by_id = {market.market_id: market for market in soccer}
    assert (by_id[1010].market_type, str(by_id[1010].handicap)) == ("totals", "2.5")
    assert [by_id[101].outcome_names, by_id[101].outcomes] == [("1", "X", "2"), (101, 102, 103)]


def test_published_markets_follow_the_rule_of_ids(soccer):
    assert all(market.follows_id_rule for market in soccer)


def test_increments_are_joined_as_text_and_not_added(soccer):
    market = next(market for market in soccer if len(market.outcomes) == 2)
    joined = replace(market, market_id=1098, outcomes=(1098, 1099))
    carried = replace(market, market_id=1099, outcomes=(1099, 10100))
    added = replace(market, market_id=1099, outcomes=(1099, 1100))
    assert (joined.follows_id_rule, carried.follows_id_rule, added.follows_id_rule) == (True, True, False)


def test_market_that_breaks_the_rule_is_known_all_the_same(soccer):
    tennis = replace(soccer[0], market_id=13001, sport_id=12, outcomes=(13001, 13002))
    catalogue = Catalogue([tennis])
    assert not tennis.follows_id_rule
    assert catalogue.of_outcome(13002) == 13001
    assert catalogue.of_sport(12) == [tennis]


def test_market_that_claims_anothers_outcome_is_refused(catalogue):
    thief = replace(catalogue[1010], market_id=1014, outcomes=(1014, 1011))
    catalogue.add([thief])
    assert catalogue.get(1014) is None
    assert catalogue.of_outcome(1011) == 1010


def test_market_is_replaced_by_its_later_form(catalogue):
    renamed = replace(catalogue[1010], period="regulation")
    catalogue.add([renamed])
    assert catalogue[1010].period == "regulation"


def test_missed_outcomes_are_given_out_once_and_not_when_they_became_known(catalogue):
    for outcome_id in (1014, 1015, 9999):
        catalogue.miss(outcome_id)
    catalogue.add([replace(catalogue[1010], market_id=1014, outcomes=(1014, 1015))])
    assert catalogue.take_missed(10) == [9999]
    assert catalogue.take_missed(10) == []


def test_market_row_needs_no_more_than_ids():
    row = msgspec.json.decode(json.dumps({"marketId": 111, "sportId": 11}).encode(), type=wire.Market)
    market = market_of(row)
    assert (market.outcomes, market.handicap, market.period) == ((), None, "")
