"""Listings and results, from documented markets and recorded ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedgerow.core.ladders import PriceGrid
from hedgerow.core.states import SettlementStatus
from hedgerow.venues.base import Fee, Listing, Resolution
from hedgerow.venues.polymarket import wire
from hedgerow.venues.polymarket.listing import listings_of, resolutions_of, sport_of, taker_fee
from hedgerow.venues.reading import read

NOW_MS = 1_790_000_000_000


def market(payload: Any, **changes: Any) -> wire.GammaMarket:
    return read(wire.GammaMarket, json.dumps({**payload, **changes}).encode())


@pytest.fixture
def soccer(fixtures: Path) -> list[Any]:
    found: list[Any] = json.loads((fixtures / "gamma_soccer.json").read_text())["markets"]
    return found


@pytest.fixture
def tennis(fixtures: Path) -> Any:
    return json.loads((fixtures / "gamma_tennis.json").read_text())["markets"][0]


@pytest.fixture
def recorded(shared: Callable[[str], Path]) -> list[wire.GammaMarket]:
    lines = shared("data/polymarket/gamma_sports_markets.jsonl").read_bytes().splitlines()
    return [read(wire.GammaMarket, line) for line in lines]


# --- listings ----------------------------------------------------------------------------------------------------


def test_two_way_market_lists_both_tokens_each_the_others_opposite(tennis: Any) -> None:
    first, second = listings_of([market(tennis)], "tennis")
    assert (first.outcome, first.opposite, first.instrument.ref) == ("Ann Able", "Bea Best", "7001")
    assert (second.outcome, second.opposite, second.instrument.ref) == ("Bea Best", "Ann Able", "7002")
    for listing in (first, second):
        assert listing.participants == ("Ann Able", "Bea Best")
        assert (listing.market_type, listing.period, listing.sport) == ("moneyline", "result", "tennis")
        assert listing.starts_at_ms == 1_790_937_000_000
        assert listing.is_open
        assert "50-50" in listing.rules


def test_instrument_is_what_orders_need(tennis: Any) -> None:
    instrument = listings_of([market(tennis, negRisk=True)], "tennis")[0].instrument
    assert instrument.market_ref == "0x" + "0a" * 32
    assert instrument.grid == PriceGrid.probability(1_000)
    assert (instrument.lot, instrument.min_size) == (10_000, 5_000_000)
    assert instrument.meta == {"neg_risk": "1", "slug": "wta-able-best-2026-10-02"}
    assert instrument.maker_fee == Fee()


def test_three_questions_of_a_match_list_their_yes_tokens(soccer: list[Any]) -> None:
    listings = listings_of([market(one) for one in soccer], "soccer")
    assert [(one.outcome, one.instrument.ref) for one in listings] == [
        ("Reds FC", "1001"),
        ("Draw", "2001"),
        ("Blues CF", "3001"),
    ]
    for listing in listings:
        assert listing.opposite is None
        assert listing.participants == ("Reds FC", "Blues CF")
        assert (listing.market_type, listing.period) == ("1x2", "fulltime")
        assert listing.competition == "Premier League"
        assert listing.instrument.meta["neg_risk"] == "1"


def test_yes_token_is_found_wherever_it_stands(soccer: list[Any]) -> None:
    (listing,) = listings_of([market(soccer[0], outcomes='["No", "Yes"]')], "soccer")
    assert listing.instrument.ref == "1002"


def test_teams_are_read_from_the_draw_where_no_event_names_them(soccer: list[Any]) -> None:
    bare = [market(one, events=None, groupItemTitle=None) for one in soccer]
    listings = listings_of(bare, "soccer")
    assert {listing.participants for listing in listings} == {("Reds FC", "Blues CF")}
    assert [listing.outcome for listing in listings] == ["Reds FC", "Draw", "Blues CF"]


def test_match_without_a_draw_question_or_event_has_unnamed_participants(soccer: list[Any]) -> None:
    (listing,) = listings_of([market(soccer[0], events=None)], "soccer")
    assert (listing.outcome, listing.participants) == ("Reds FC", ())


def test_question_that_names_no_team_is_left_out(soccer: list[Any]) -> None:
    nameless = market(soccer[0], groupItemTitle=None, question="Who wins?")
    listed = listings_of([nameless, market(soccer[2])], "soccer")
    assert [listing.outcome for listing in listed] == ["Blues CF"]


def test_yes_and_no_of_another_sport_is_left_out(soccer: list[Any]) -> None:
    rugby = market(soccer[0], events=None, slug="ruprem-sal-ext-2026-10-01-sal")
    assert sport_of(rugby) == "rugby"
    assert listings_of([rugby], "rugby") == []


@pytest.mark.parametrize(
    "change",
    [
        {"sportsMarketType": "spreads"},
        {"sportsMarketType": None},
        {"gameStartTime": None},
        {"clobTokenIds": "[]"},
        {"clobTokenIds": '["7001", ""]'},
        {"outcomes": '["A", "B", "C"]'},
        {"outcomes": "not json"},
        {"conditionId": None},
        {"orderPriceMinTickSize": None},
        {"orderPriceMinTickSize": 0.02},
        {"gameStartTime": "soon"},
        {"feeSchedule": {"rate": 0.05, "exponent": 0.5}},
        {"slug": "unheardof-a-b-2026-10-02"},
    ],
)
def test_market_that_is_no_readable_match_is_left_out_alone(tennis: Any, change: dict[str, Any]) -> None:
    other = market(tennis, clobTokenIds='["8001", "8002"]')
    listings = listings_of([market(tennis, **change), other], "tennis")
    assert [listing.instrument.ref for listing in listings] == ["8001", "8002"]


@pytest.mark.parametrize("change", [{"active": False}, {"closed": True}, {"acceptingOrders": False}])
def test_market_that_takes_no_orders_is_listed_as_closed(tennis: Any, change: dict[str, Any]) -> None:
    assert {listing.is_open for listing in listings_of([market(tennis, **change)], "tennis")} == {False}


@pytest.mark.parametrize(
    ("given", "fee"),
    [
        ({"feesEnabled": True, "feeSchedule": {"rate": 0.03, "exponent": 1}}, Fee(Decimal("0.03"), 1, 10)),
        ({"feesEnabled": True, "feeSchedule": {"rate": "0.02", "exponent": 2}}, Fee(Decimal("0.02"), 2, 10)),
        ({"feesEnabled": True, "feeSchedule": None}, Fee(Decimal("0.05"), 1, 10)),
        ({"feesEnabled": False, "feeSchedule": {"rate": 0.03, "exponent": 1}}, Fee()),
        ({"feesEnabled": None}, Fee()),
    ],
)
def test_fee_is_the_markets_own(tennis: Any, given: dict[str, Any], fee: Fee) -> None:
    assert taker_fee(market(tennis, **given)) == fee


@pytest.mark.parametrize(
    ("slug", "tags", "sport"),
    [
        ("nba-bos-mia-2026-10-20", [], "basketball"),
        ("cs2-faze-ill-2026-04-05", ["esports", "counter-strike-2", "sports"], "esport-counter-strike"),
        ("anything-else", ["soccer", "epl"], "soccer"),
        ("nba-bos-mia-2026-10-20", ["soccer", "hockey"], "basketball"),  # tags that disagree are not believed
        ("anything-else", ["politics"], None),
        (None, [], None),
    ],
)
def test_sport_is_told_by_tags_and_else_by_the_league(slug: str | None, tags: list[str], sport: str | None) -> None:
    assert sport_of(market({"slug": slug, "events": [{"tags": [{"slug": tag} for tag in tags]}]})) == sport


def test_recorded_winner_markets_are_all_listed(recorded: list[wire.GammaMarket]) -> None:
    winners = [one for one in recorded if one.sports_market_type == "moneyline"]
    listings = listings_of(recorded, "basketball")
    assert len(listings) == 2 * len(winners) == 530
    assert all(listing.opposite in listing.participants for listing in listings)
    assert {listing.is_open for listing in listings} == {False}


def test_recorded_market_with_its_event_is_listed(shared: Callable[[str], Path]) -> None:
    name = "data/polymarket/clob_messages/rust_gamma_market_sports_market_money_line.json"
    listings = listings_of([read(wire.GammaMarket, shared(name).read_bytes())], "esport-counter-strike")
    assert [listing.outcome for listing in listings] == ["FaZe", "illwill"]
    assert listings[0].instrument.taker_fee == Fee(Decimal("0.03"), 1, 10)


# --- results -----------------------------------------------------------------------------------------------------


def results(tennis: Any, **changes: Any) -> list[Resolution]:
    open_market = market(tennis)
    wanted = {listing.instrument.ref: listing.instrument for listing in listings_of([open_market], "tennis")}
    return resolutions_of([market(tennis, **changes)], wanted, NOW_MS)


@pytest.mark.parametrize("prices", ['["1", "0"]', '["1.0", "0.00"]', "[1, 0]", ["1", "0"]])
def test_winner_is_paid_one_and_the_loser_nothing(tennis: Any, prices: Any) -> None:
    closed = {"closed": True, "umaResolutionStatus": "resolved", "closedTime": "2026-10-02 14:00:00+00"}
    assert results(tennis, outcomePrices=prices, **closed) == [
        Resolution("7001", SettlementStatus.WON, Decimal(1), 1_790_949_600_000),
        Resolution("7002", SettlementStatus.LOST, Decimal(0), 1_790_949_600_000),
    ]


def test_half_and_half_is_void_and_pays_a_half(tennis: Any) -> None:
    found = results(tennis, closed=True, umaResolutionStatus="settled", outcomePrices='["0.5", "0.5"]')
    assert {(one.status, one.payout_per_contract) for one in found} == {(SettlementStatus.VOID, Decimal("0.5"))}
    assert found[0].at_ms == NOW_MS


@pytest.mark.parametrize(
    "change",
    [
        {"closed": False, "umaResolutionStatus": "proposed", "outcomePrices": '["0.5", "0.5"]'},
        {"closed": True, "umaResolutionStatus": "proposed", "outcomePrices": '["1", "0"]'},
        {"closed": True, "umaResolutionStatus": "disputed", "outcomePrices": '["1", "0"]'},
        {"closed": True, "outcomePrices": '["0.9995", "0.0005"]'},
        {"closed": True, "outcomePrices": '["1", "1"]'},
        {"closed": True, "outcomePrices": '["0.5", "0"]'},
        {"closed": True, "outcomePrices": '["1"]'},
        {"closed": True, "outcomePrices": None},
    ],
)
def test_market_that_is_not_decided_has_no_result(tennis: Any, change: dict[str, Any]) -> None:
    assert results(tennis, **change) == []


def test_recorded_results_agree_with_their_prices(recorded: list[wire.GammaMarket]) -> None:
    listings: list[Listing] = listings_of(recorded, "basketball")
    found = resolutions_of(recorded, {one.instrument.ref: one.instrument for one in listings}, NOW_MS)
    statuses = [one.status for one in found]
    assert statuses.count(SettlementStatus.WON) == statuses.count(SettlementStatus.LOST) == 265
