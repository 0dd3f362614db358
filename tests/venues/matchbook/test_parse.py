"""From the venue's offers and bets to ours: exact, or refused."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow.core.errors import VenueError
from hedgerow.core.states import FillState, OrderStatus, SettlementStatus, Side
from hedgerow.net.http import Answer
from hedgerow.venues.matchbook import parse, wire
from hedgerow.venues.matchbook.odds import GRID, contracts, odds_of, price_of, stake_of
from hedgerow.venues.matchbook.offers import levels, placed_row
from hedgerow.venues.matchbook.parse import MalformedError
from hedgerow.venues.matchbook.settled import kept_of_offers, runner_ends, settled_fills, status_of

Offer = Callable[..., dict[str, Any]]

BET: dict[str, Any] = {
    "id": 413176315170213,
    "offer-id": 413177013410013,
    "odds": 2.4,
    "odds-type": "DECIMAL",
    "stake": 2,
    "commission": 0.015,
    "created-at": "2026-11-21T12:00:01.5Z",
    "status": "open",
}

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=8,
)
cents = st.integers(10, 10**8).map(lambda number: Decimal(number) / 100)
prices = st.sampled_from(list(GRID))


def row(message: dict[str, Any]) -> wire.Offer:
    return msgspec.json.decode(json.dumps(message).encode(), type=wire.Offer)


def recorded(shared: Callable[[str], Path], name: str) -> wire.Offer:
    text = shared(f"data/matchbook/samples/{name}").read_text()
    message = json.loads(text) if "java" in name else ast.literal_eval(text)
    return row(message["offers"][0] if "offers" in message else message)


# --- recorded ------------------------------------------------------------------------------------------------------


def test_a_recorded_offer_that_rests(shared: Callable[[str], Path]) -> None:
    state = parse.order_state(recorded(shared, "java-sdk/offers/postOffersSuccessfulResponse.json"))
    assert (state.venue_ref, state.instrument_ref, state.side) == ("413177013410013", "401525949430009", Side.BUY)
    assert (state.price, state.size, state.filled, state.status) == (416_666, 12_000_000, 0, OrderStatus.PLACED)


def test_a_recorded_lay_in_american_odds(shared: Callable[[str], Path]) -> None:
    matched = recorded(shared, "java-sdk/offers/getOfferSuccessfulResponse.json")
    state, (fill,) = parse.order_state(matched), parse.fills(matched)
    assert (state.side, state.status, state.filled) == (Side.SELL, OrderStatus.FILLED, 3_020_420)
    assert (fill.trade_ref, fill.size, fill.price) == ("382937981320219", 3_020_420, 662_159)
    assert (fill.state, fill.is_maker, fill.fee) == (FillState.PROVISIONAL, False, 1_020_410)


def test_a_recorded_lay_that_rests_sets_its_liability_and_commission_aside(shared: Callable[[str], Path]) -> None:
    resting = recorded(shared, "rozzac90/betting_send_order.json")
    assert parse.resting_risk(resting) == (Decimal("5.4945"), Decimal("0.09231"))


def test_the_recorded_offers_of_a_part_that_failed(shared: Callable[[str], Path]) -> None:
    text = shared("data/matchbook/samples/java-sdk/offers/postOffersPartiallyFailedResponse.json").read_bytes()
    failed, placed = msgspec.json.decode(text, type=wire.OffersAnswer).offers
    assert (failed.status, placed.id, failed.id) == ("failed", "1239196494160023", None)
    with pytest.raises(MalformedError, match="remaining"):
        parse.order_state(failed)


def test_a_recorded_book_is_read_from_the_cheapest_on(shared: Callable[[str], Path]) -> None:
    text = shared("data/matchbook/samples/java-sdk/prices/getPricesSuccessfulResponse.json").read_bytes()
    told = msgspec.json.decode(text, type=wire.PricesAnswer).prices
    assert [(level.cost, level.size) for level in levels(Side.BUY, told)] == [(500_000, 40_000_000)]
    assert [(level.cost, level.size) for level in levels(Side.SELL, told)] == [(666_667, 90_000_000)]


# --- exact ---------------------------------------------------------------------------------------------------------


@given(prices, cents)
def test_a_stake_at_odds_of_the_ladder_is_told_back_exactly(price: int, stake: Decimal) -> None:
    size = contracts(stake, odds_of(price))
    assert stake_of(price, size) == stake
    assert size % GRID.lot_at(price, 10_000) == 0
    assert price_of(odds_of(price)) == price


@given(prices, cents, cents)
def test_what_rests_and_what_is_filled_make_up_the_size(price: int, matched: Decimal, remaining: Decimal) -> None:
    at_odds = odds_of(price)
    bet = wire.MatchedBet(1, matched, "2026-11-21T12:00:00Z", at_odds)
    state = parse.order_state(
        wire.Offer(
            "open",
            "lay",
            matched + remaining,
            2,
            3,
            odds=at_odds,
            remaining=remaining,
            created_at="2026-11-21T12:00:00Z",
            matched_bets=[bet],
        )
    )
    assert (state.filled, state.size) == (contracts(matched, at_odds), contracts(matched + remaining, at_odds))


def test_a_bet_that_met_better_odds_is_more_contracts(offer: Offer) -> None:
    state = parse.order_state(row(offer(status="matched", remaining=0, matched_bets=[BET | {"odds": 3, "stake": 5}])))
    assert (state.size, state.filled) == (15_000_000, 15_000_000)


def test_a_cancelled_offer_keeps_what_was_matched(offer: Offer) -> None:
    state = parse.order_state(row(offer(status="cancelled", remaining=3, matched_bets=[BET])))
    assert (state.status, state.size, state.filled) == (OrderStatus.CANCELLED, 12_000_000, 4_800_000)


def test_a_bet_that_is_listed_twice_is_filled_once(offer: Offer) -> None:
    """Its fill is told as often as it is listed: who takes it in knows it again."""
    message = row(offer(status="cancelled", remaining=3, matched_bets=[BET, BET]))
    assert parse.order_state(message).filled == 4_800_000
    assert len(set(parse.fills(message))) == 1


def test_a_bet_that_was_taken_back_is_not_filled(offer: Offer) -> None:
    message = row(offer(status="matched", remaining=0, matched_bets=[BET | {"status": "cancelled"}]))
    assert parse.order_state(message).filled == 0
    assert parse.fills(message)[0].state is FillState.REVERSED


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("delayed", OrderStatus.PENDING_PLACEMENT),
        ("edited", OrderStatus.PLACED),
        ("flushed", OrderStatus.EXPIRED),
        ("failed", OrderStatus.FAILED),
    ],
)
def test_every_status_has_its_meaning(offer: Offer, status: str, told: OrderStatus) -> None:
    assert parse.order_state(row(offer(status=status))).status is told


@pytest.mark.parametrize(("commission", "is_maker"), [(0.015, True), (0.03, False)])
def test_the_commission_tells_who_was_first(offer: Offer, commission: float, is_maker: bool) -> None:
    (fill,) = parse.fills(row(offer(matched_bets=[BET | {"commission": commission, "stake": 2}])))
    assert fill.is_maker is is_maker


@pytest.mark.parametrize(("at", "is_maker"), [("2026-11-21T12:00:00.771Z", False), ("2026-11-21T12:00:01Z", True)])
def test_without_different_rates_the_times_tell_it(offer: Offer, at: str, is_maker: bool) -> None:
    same = offer(originator_commission_rate=0, acceptor_commission_rate=0, matched_bets=[BET | {"created-at": at}])
    assert parse.fills(row(same))[0].is_maker is is_maker


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "strange"},
        {"side": "win"},
        {"odds": 1},
        {"odds": None},
        {"odds": -196, "odds-type": "US", "decimal-odds": None},
        {"remaining": -1},
        {"remaining": None},
        {"id": None},
        {"id": "x1"},
        {"created-at": "yesterday"},
        {"created-at": "2026-13-21T12:00:00Z"},
        {"status": "matched"},
        {"matched-bets": [BET | {"status": "strange"}]},
        {"matched-bets": [BET | {"stake": -2}]},
    ],
)
def test_what_cannot_be_read_is_refused(offer: Offer, changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        parse.order_state(row(offer() | changes))


# --- mutated -------------------------------------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_no_mutation_crashes_or_changes_price_and_stake_in_silence(offer: Offer, data: st.DataObject) -> None:
    message = offer(matched_bets=[BET], remaining=3)
    member = data.draw(st.sampled_from([*message, "offer-edit", "unheard-of"]))
    message[member] = data.draw(json_values)
    try:
        row_ = row(message)
        state, fills = parse.order_state(row_), parse.fills(row_)
    except (msgspec.MsgspecError, MalformedError):
        return
    if member not in ("odds", "odds-type", "decimal-odds", "remaining", "stake", "matched-bets", "status", "side"):
        assert (state.price, state.size, state.filled) == (416_666, 12_000_000, 4_800_000)
        assert [fill.size for fill in fills] == [4_800_000]
    assert 0 <= state.filled <= state.size
    assert state.price > 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(body=st.binary(max_size=200) | json_values.map(lambda value: json.dumps({"offers": value}).encode()))
def test_no_answer_to_an_offer_crashes(body: bytes) -> None:
    for status in (200, 400, 502):
        with pytest.raises(VenueError):
            placed_row(Answer(status, {}, body), "another")


# --- results -------------------------------------------------------------------------------------------------------


@given(prices, cents, st.sampled_from(list(Side)))
def test_a_result_is_read_from_what_a_bet_won(price: int, stake: Decimal, side: Side) -> None:
    at_odds = odds_of(price)
    wins = stake * (at_odds - 1) if side is Side.BUY else stake
    loses = stake if side is Side.BUY else stake * (at_odds - 1)
    results = {
        SettlementStatus.WON: wins,
        SettlementStatus.LOST: -loses,
        SettlementStatus.VOID: Decimal(0),
        SettlementStatus.HALF_LOST: -loses / 2,
    }
    for status, profit in results.items():
        bet = wire.SettledBet(1, 2, at_odds, stake, profit, "2026-11-21T12:00:00Z")
        assert status_of(side, bet) is (status if side is Side.BUY else status.mirrored)


def settled_market(**bet: Any) -> wire.SettledMarket:
    """A back of 5 at 2.4 that won, with 0.14 of commission."""
    told = {"id": 1, "offer-id": 2, "odds": 2.4, "stake": 5, "profit-and-loss": 7, "commission": 0.14}
    told |= {"matched-time": "2026-11-21T12:00:00Z", **bet}
    market = {
        "id": 3,
        "settled-time": "2026-11-21T13:00:00Z",
        "selections": [{"runner-id": 4, "side": "back", "bets": [told]}],
    }
    return msgspec.json.decode(json.dumps(market).encode(), type=wire.SettledMarket)


def test_a_commission_on_winnings_is_kept_and_one_by_volume_is_a_fee() -> None:
    net, volume = (settled_market(**{"commission-type": kind}) for kind in ("NET_WIN", "VOLUME"))
    assert [(runner_ends([one])["4"].kept, settled_fills([one])[0].fee) for one in (net, volume)] == [
        (Decimal("0.02"), 0),
        (Decimal(0), 140_000),
    ]
    assert (kept_of_offers([net]), kept_of_offers([volume])) == ({"2": Decimal("0.14")}, {"2": Decimal(0)})


def test_a_profit_that_a_deduction_changed_is_no_result() -> None:
    bet = wire.SettledBet(1, 2, Decimal("2.4"), Decimal(5), Decimal("6.3"), "2026-11-21T12:00:00Z")
    with pytest.raises(MalformedError, match="no result"):
        status_of(Side.BUY, bet)
