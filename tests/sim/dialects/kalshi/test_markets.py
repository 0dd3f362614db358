"""Discovery: which matches are listed, under which names, with which fields, and the books."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ids import FixtureId
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.dialects.kalshi import FeeType, Terms, build
from hedgerow.sim.dialects.kalshi.amounts import (
    average_text,
    count_of,
    count_text,
    money_text,
    price_of,
    price_text,
    time_text,
)
from hedgerow.sim.dialects.kalshi.terms import STRUCTURES, grid_of
from hedgerow.sim.dialects.kalshi.tickers import codes_of, eastern, series_of
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.world import World

from .harness import ALC, EVENT, SIN, SINNER, START_S, Client, Scene, match


async def test_a_match_is_an_event_with_a_market_for_each_participant(demo: Client) -> None:
    answer = await demo.get(f"/events/{EVENT}")
    event, markets = answer["event"], answer["markets"]
    assert (event["series_ticker"], event["title"]) == ("KXATPMATCH", "Jannik Sinner vs Carlos Alcaraz")
    assert [(m["ticker"], m["yes_sub_title"]) for m in markets] == [
        (SIN, "Jannik Sinner"),
        (ALC, "Carlos Alcaraz"),
    ]
    assert event["mutually_exclusive"] is True


async def test_the_two_markets_pay_on_opposite_outcomes(scene: Scene) -> None:
    sin, alc = (scene.venue.listings.markets[ticker].contract for ticker in (SIN, ALC))
    assert (sin.yes, sin.no) == (alc.no, alc.yes) == (SINNER, alc.yes)


async def test_nested_markets_are_inside_their_event(demo: Client) -> None:
    answer = await demo.get("/events", with_nested_markets="true", with_milestones="true", status="open")
    (event,), (milestone,) = answer["events"], answer["milestones"]
    assert [market["ticker"] for market in event["markets"]] == [SIN, ALC]
    assert (milestone["start_date"], milestone["type"]) == ("2026-06-11T20:00:00Z", "tennis_tournament_singles")
    assert "markets" not in (await demo.get("/events"))["events"][0]


async def test_milestones_are_found_by_their_event(demo: Client) -> None:
    (milestone,) = (await demo.get("/milestones", related_event_ticker=EVENT, category="Sports"))["milestones"]
    assert (await demo.get(f"/milestones/{milestone['id']}"))["milestone"] == milestone
    assert (await demo.get("/milestones", related_event_ticker="X"))["milestones"] == []


async def test_a_market_has_the_fields_of_a_recorded_one(demo: Client, shared: Callable[[str], Path]) -> None:
    recorded = json.loads(shared("data/kalshi/events/KXGOLD15M-26AUG101900.json").read_text())["response"]
    ours = await demo.get(f"/events/{EVENT}")
    of_strikes = {"custom_strike", "floor_strike"}
    of_the_end = {"settlement_ts", "settlement_value_dollars"}
    lacking = recorded["markets"][0].keys() - ours["markets"][0].keys()
    assert lacking == of_strikes | of_the_end
    assert recorded["event"].keys() - ours["event"].keys() == {"strike_date"}


async def test_a_settled_market_has_its_end(scene: Scene, demo: Client) -> None:
    scene.settle(SettlementStatus.WON)
    market = (await demo.get(f"/markets/{SIN}"))["market"]
    assert (market["settlement_value_dollars"], market["result"]) == ("1.0000", "yes")
    assert market["settlement_ts"] is not None


async def test_prices_and_sizes_of_a_market_follow_its_book(scene: Scene, demo: Client) -> None:
    await demo.place(price="0.5600", count="10.00")
    await demo.place(side="ask", price="0.6000", count="4.00")
    scene.take(SINNER, Side.SELL, "0.56", 3)
    market = (await demo.get(f"/markets/{SIN}"))["market"]
    names = ("yes_bid", "yes_ask", "no_bid", "no_ask", "last_price")
    assert [market[f"{name}_dollars"] for name in names] == ["0.5600", "0.6000", "0.4000", "0.4400", "0.5600"]
    assert (market["yes_bid_size_fp"], market["yes_ask_size_fp"], market["volume_fp"]) == ("7.00", "4.00", "3.00")
    assert market["open_interest_fp"] == "3.00"


async def test_an_empty_book_bids_nothing_and_asks_a_dollar(demo: Client) -> None:
    market = (await demo.get(f"/markets/{SIN}"))["market"]
    assert (market["yes_bid_dollars"], market["yes_ask_dollars"]) == ("0.0000", "1.0000")
    assert (market["no_bid_dollars"], market["no_ask_dollars"]) == ("0.0000", "1.0000")


async def test_books_have_bids_only_and_the_best_come_last(demo: Client) -> None:
    for price in ("0.5500", "0.5600"):
        await demo.place(price=price, count="1.00")
    for price in ("0.6000", "0.6500"):
        await demo.place(side="ask", price=price, count="2.00")
    book = (await demo.get(f"/markets/{SIN}/orderbook"))["orderbook_fp"]
    assert book == {
        "yes_dollars": [["0.5500", "1.00"], ["0.5600", "1.00"]],
        "no_dollars": [["0.3500", "2.00"], ["0.4000", "2.00"]],
    }
    top = (await demo.get(f"/markets/{SIN}/orderbook", depth="1"))["orderbook_fp"]
    assert top == {"yes_dollars": [["0.5600", "1.00"]], "no_dollars": [["0.4000", "2.00"]]}
    both = (await demo.get("/markets/orderbooks", tickers=f"{SIN},{ALC}"))["orderbooks"]
    assert [(b["ticker"], len(b["orderbook_fp"]["yes_dollars"])) for b in both] == [(SIN, 2), (ALC, 0)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"event_ticker": EVENT}, 2),
        ({"series_ticker": "KXATPMATCH"}, 2),
        ({"series_ticker": "KXNBAGAME"}, 0),
        ({"tickers": f"{ALC},NOPE"}, 1),
        ({"status": "open"}, 2),
        ({"status": "settled"}, 0),
        ({"mve_filter": "only"}, 0),
        ({"limit": "1"}, 1),
        ({"min_close_ts": "4000000000"}, 0),
        ({"max_close_ts": "1"}, 0),
    ],
)
async def test_markets_are_filtered(demo: Client, query: dict[str, str], found: int) -> None:
    assert len((await demo.get("/markets", **query))["markets"]) == found


@pytest.mark.parametrize("query", [{"status": "resting"}, {"limit": "1001"}, {"min_close_ts": "x"}])
async def test_a_wrong_filter_is_refused_with_a_bare_message(demo: Client, query: dict[str, str]) -> None:
    answer = await demo.call("GET", "/markets", **query)
    assert (answer.status, answer.json.keys()) == (400, {"msg"})


@pytest.mark.parametrize("path", ["/markets/NOPE", "/events/NOPE", "/series/NOPE", "/markets/NOPE/orderbook"])
async def test_what_is_not_listed_is_not_found(demo: Client, path: str) -> None:
    assert (await demo.call("GET", path)).status == 404


async def test_the_series_tells_its_fees(demo: Client) -> None:
    series = (await demo.get("/series/KXATPMATCH"))["series"]
    assert (series["fee_type"], series["fee_multiplier"], series["tags"]) == ("quadratic", 1, ["Tennis"])
    tennis = (await demo.get("/series", category="Sports", tags="Tennis"))["series"]
    assert series in tennis
    assert {s["tags"][0] for s in tennis} == {"Tennis"}


async def test_the_exchange_is_open(demo: Client) -> None:
    status = await demo.get("/exchange/status")
    assert (status["exchange_active"], status["trading_active"]) == (True, True)
    assert (await demo.get("/exchange/schedule"))["schedule"]["maintenance_windows"] == []
    assert "as_of_time" in await demo.get("/exchange/user_data_timestamp")


def test_what_is_in_the_world_before_is_listed() -> None:
    world = World(Catalogue())
    world.put_fixture(match())
    assert list(build(world).venue.listings.markets) == [SIN, ALC]


def test_soccer_is_listed_by_the_result_of_regular_time_with_a_market_for_the_tie(scene: Scene) -> None:
    scene.world.put_fixture(match(fixture_id=FixtureId("id1000001761061419"), sport_id=10, tournament_id=17))
    soccer = [event for event in scene.venue.listings.events.values() if event.fixture.sport_id == 10]
    listed = [(m.participant, m.contract.yes.outcome_id, m.contract.no) for m in soccer[0].markets]
    assert [outcome for _, outcome, _ in listed] == [101, 103, 102]
    assert (listed[2][0], soccer[0].markets[2].ticker[-4:]) == ("Tie", "-TIE")
    assert {no for _, _, no in listed} == {None}


def test_sports_without_a_series_and_matches_that_are_over_are_not_listed(scene: Scene) -> None:
    scene.world.put_fixture(match(fixture_id=FixtureId("id2200001761061419"), sport_id=22, tournament_id=17))
    scene.world.put_fixture(match(fixture_id=FixtureId("id1200231461061420"), status_id=2))
    assert list(scene.venue.listings.events) == [EVENT]


def test_matches_of_one_day_with_the_same_codes_have_different_tickers(scene: Scene) -> None:
    scene.world.put_fixture(match(fixture_id=FixtureId("id1200231461069999")))
    scene.world.put_fixture(match(fixture_id=FixtureId("id1200231471069999")))
    assert list(scene.venue.listings.events) == [EVENT, f"{EVENT}9999", f"{EVENT}ID1200231471069999"]


def test_a_moved_match_keeps_its_ticker_and_moves_its_close(scene: Scene) -> None:
    scene.world.put_fixture(match(start_time=START_S + 86_400))
    (event,) = scene.venue.listings.events.values()
    assert (event.ticker, event.closes_at_s) == (EVENT, START_S + 15 * 86_400)


@pytest.mark.parametrize(
    ("names", "of_people", "codes"),
    [
        (("Jannik Sinner", "Carlos Alcaraz"), True, ("SIN", "ALC")),
        (("Djokovic, Novak", "Auger-Aliassime, Félix"), True, ("DJO", "AUG")),
        (("Serena Williams", "Venus Williams"), True, ("WIL1", "WIL2")),
        (("Boston Celtics", "L.A. Lakers"), False, ("BOS", "LAL")),
        (("大谷", "İstanbul"), False, ("TBD", "IST")),
    ],
)
def test_codes_are_short_plain_and_different(names: tuple[str, str], of_people: bool, codes: tuple[str, str]) -> None:
    assert codes_of(*names, of_people=of_people) == codes


@pytest.mark.parametrize(
    ("sport", "competition", "series"),
    [
        (12, "ATP Wimbledon", "KXATPMATCH"),
        (12, "WTA Rome", "KXWTAMATCH"),
        (12, "WTA 125K Modena", "KXWTACHALLENGERMATCH"),
        (12, "Challenger Bordeaux", "KXATPCHALLENGERMATCH"),
        (12, "ITF Women W35", "KXITFWMATCH"),
        (11, "USA NBA", "KXNBAGAME"),
        (11, "USA WNBA", "KXWNBAGAME"),
        (15, "USA NHL", "KXNHLGAME"),
        (17, "CS2 Major", "KXCS2GAME"),
        (10, "Premier League", "KXEPLGAME"),
        (22, "Bundesliga", None),
    ],
)
def test_the_series_follows_sport_and_competition(sport: int, competition: str, series: str | None) -> None:
    found = series_of(sport, competition)
    assert (found.ticker if found else None) == series


@pytest.mark.parametrize(
    ("at_s", "wall"),
    [
        (1_781_208_000, "2026-06-11 16:00"),
        (1_772_953_199, "2026-03-08 01:59"),
        (1_772_953_200, "2026-03-08 03:00"),
        (1_793_512_799, "2026-11-01 01:59"),
        (1_793_512_800, "2026-11-01 01:00"),
    ],
)
def test_new_york_has_summer_time(at_s: int, wall: str) -> None:
    assert f"{eastern(at_s):%Y-%m-%d %H:%M}" == wall


@pytest.mark.parametrize(
    ("fee_type", "is_maker", "price", "size", "fee"),
    [
        # Recorded from the demo exchange: 1 at 0.52 and at 0.99.
        (FeeType.QUADRATIC, False, 520_000, MICRO, 17_500),
        (FeeType.QUADRATIC, False, 990_000, MICRO, 700),
        # 0.00363825 and 0.00525 are rounded up.
        (FeeType.QUADRATIC, False, 55_000, MICRO, 3_700),
        (FeeType.QUADRATIC, False, 500_000, 300_000, 5_300),
        (FeeType.QUADRATIC, True, 500_000, 100 * MICRO, 0),
        (FeeType.MAKERS_PAY, True, 500_000, 100 * MICRO, 437_500),
        (FeeType.COMBO_MAKERS_PAY, True, 500_000, 100 * MICRO, 875_000),
    ],
)
def test_fees_are_quadratic_and_rounded_up(
    scene: Scene, fee_type: FeeType, is_maker: bool, price: int, size: int, fee: int
) -> None:
    contract = scene.venue.listings.markets[SIN].contract
    assert Terms(fee_type=fee_type).fee(contract, price, size, is_maker=is_maker) == fee


def test_the_multiplier_scales_the_fee(scene: Scene) -> None:
    contract = scene.venue.listings.markets[SIN].contract
    assert Terms(fee_multiplier=Decimal("0.5")).fee(contract, 500_000, MICRO, is_maker=False) == 8_800


@pytest.mark.parametrize("structure", STRUCTURES)
def test_grids_leave_nothing_and_a_dollar_out(structure: str) -> None:
    grid, ranges = grid_of(structure), STRUCTURES[structure]
    prices = list(grid)
    assert (prices[0], prices[-1]) == (ranges[0][2], MICRO - ranges[-1][2])
    assert all(below < above for below, above in pairwise(prices))
    assert all(cents in grid for cents in range(10_000, MICRO, 10_000))


class TestFinerGrid:
    @pytest.fixture
    def terms(self) -> Terms:
        return Terms(tier="prestige", structure="tapered_deci_cent")

    async def test_the_edges_take_finer_prices(self, demo: Client) -> None:
        await demo.place(price="0.0550", count="1.00")
        assert (await demo.refused(price="0.5550"))[1]["error"]["code"] == "invalid_price"
        market = (await demo.get(f"/markets/{SIN}"))["market"]
        assert market["price_level_structure"] == "tapered_deci_cent"
        assert market["price_ranges"] == [
            {"start": "0.0000", "end": "0.1000", "step": "0.0010"},
            {"start": "0.1000", "end": "0.9000", "step": "0.0100"},
            {"start": "0.9000", "end": "1.0000", "step": "0.0010"},
        ]


@given(st.integers(0, MICRO).map(lambda n: n // 100 * 100))
def test_price_texts_are_exact(price: int) -> None:
    assert price_of(price_text(price)) == price


@given(st.integers(0, 10**12).map(lambda n: n * 10_000))
def test_count_texts_are_exact(count: int) -> None:
    assert count_of(count_text(count)) == count


@given(st.integers(-(10**15), 10**15))
def test_money_texts_are_exact(amount: int) -> None:
    assert Decimal(money_text(amount)) == Decimal(amount).scaleb(-6)


@given(st.text(max_size=8))
def test_other_texts_are_no_amounts(text: str) -> None:
    for read, places in ((price_of, 4), (count_of, 2)):
        value = read(text)
        assert value is None or Decimal(text).scaleb(6) == value
        assert value is None or len(text.partition(".")[2]) <= places


def test_times_and_averages_have_their_forms() -> None:
    assert time_text(1_781_159_360_866) == "2026-06-11T06:29:20.866Z"
    assert (average_text(520_000), average_text(523_333)) == ("0.5200", "0.523333")


async def test_a_changed_grid_is_held_to_at_once(scene: Scene, demo: Client) -> None:
    scene.venue.listings.set_structure(scene.venue.listings.markets[SIN], "deci_cent")
    await demo.place(price="0.5550")
    with pytest.raises(ValueError, match="unknown price structure"):
        scene.venue.listings.set_structure(scene.venue.listings.markets[SIN], "golden")
