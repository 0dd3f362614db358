"""From the venue's orders and bets to ours: exact, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow.core.money import MICRO, decimal_of, micros
from hedgerow.core.states import OrderStatus, SettlementStatus, Side
from hedgerow.venues._4casters import parse, wire
from hedgerow.venues._4casters.listing import listings_of, resolutions_of
from hedgerow.venues._4casters.odds import GRID, american_of, contracts, facing, fee_of, price_of, stake_of
from hedgerow.venues.base import Instrument
from hedgerow.venues.reading import UnreadableError, read

from .conftest import AWAY, GAME, HOME, ORDER_ID, REFERENCE, REQUEST_ID

Row = Callable[..., dict[str, Any]]

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=8,
)
prices = st.sampled_from(list(GRID))
sides = st.sampled_from(Side)
lots = st.integers(1, 10**6)
MEMBERS = ("bet", "odds", "risk", "origin", "txID", "game", "matchedTime", "type")
mutating = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def resting(message: dict[str, Any]) -> wire.Unmatched:
    return read(wire.Unmatched, json.dumps(message).encode())


def bet_of(message: dict[str, Any]) -> wire.Bet:
    return read(wire.Bet, json.dumps(message).encode())


# --- numbers -------------------------------------------------------------------------------------------------------


@given(prices, sides, lots)
def test_whole_cents_at_odds_of_the_ladder_are_told_back_exactly(price: int, side: Side, count: int) -> None:
    size = count * GRID.lot_at(price, 10_000)
    american, stake = american_of(side, price), stake_of(side, price, size)
    assert stake * 100 == int(stake * 100)
    assert contracts(american, micros(stake)) == size
    assert price_of(side, american) == price


@given(st.integers(101, 100_000), sides)
def test_odds_off_the_ladder_have_a_price_and_mirror(american: int, side: Side) -> None:
    assert 0 < price_of(side, american) < MICRO
    assert price_of(side, american) == price_of(side.opposite, facing(american))


@pytest.mark.parametrize("american", [0, 99, -99, 1])
def test_what_is_no_odds_is_refused(american: int) -> None:
    with pytest.raises(UnreadableError, match="no odds"):
        price_of(Side.BUY, american)


@pytest.mark.parametrize(("risk", "stake", "fee"), [("50.27", "50", 270_000), ("100.538", "100", 540_000)])
def test_the_commission_is_what_the_risk_has_beyond_the_stake(risk: str, stake: str, fee: int) -> None:
    assert fee_of(Decimal(risk), Decimal(stake)) == fee


@pytest.mark.parametrize("risk", ["49", "NaN", "Infinity", "1E+40"])
def test_a_risk_that_is_none_is_refused(risk: str) -> None:
    with pytest.raises(UnreadableError):
        fee_of(Decimal(risk), Decimal(50))


# --- orders --------------------------------------------------------------------------------------------------------


def test_a_resting_order_is_named_by_its_request(unmatched: Row) -> None:
    state = parse.resting_state(resting(unmatched(filled=10.5)), 0)
    assert state is not None
    assert (state.venue_ref, state.client_ref, state.instrument_ref) == (REQUEST_ID, REFERENCE, f"{GAME}/{HOME}")
    assert (state.side, state.price, state.size, state.filled) == (Side.BUY, 512_195, 41_000_000, 20_500_000)
    assert (state.status, state.at_ms) == (OrderStatus.PLACED, 1_795_262_399_500)


def test_an_order_that_backs_the_away_participant_sells(unmatched: Row) -> None:
    state = parse.resting_state(resting(unmatched(participantID=AWAY, odds=105, offered=20)), 0)
    assert state is not None
    assert (state.side, state.price, state.size) == (Side.SELL, 512_195, 41_000_000)


def test_what_an_order_took_before_it_came_to_rest_is_of_its_size(unmatched: Row) -> None:
    state = parse.resting_state(resting(unmatched()), 20_000_000)
    assert state is not None
    assert (state.size, state.filled) == (61_000_000, 20_000_000)


@pytest.mark.parametrize("kind", ["spread", "total"])
def test_orders_and_bets_of_other_markets_are_passed_over(unmatched: Row, bet: Row, kind: str) -> None:
    assert parse.resting_state(resting(unmatched(type=kind)), 0) is None
    assert parse.fill_of(bet_of(bet(type=kind))) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"wagerRequestID": None},
        {"participantID": None},
        {"offered": -1},
        {"createdAt": "yesterday"},
        {"odds": 50},
        {"odds": 99_999_901},
        {"type": "moneyline1x2", "side": "maybe", "market": "draw"},
        {"type": "moneyline1x2", "side": "yes", "market": "home"},
    ],
)
def test_an_order_that_cannot_be_read_is_refused(unmatched: Row, changes: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError):
        parse.resting_state(resting(unmatched(**changes)), 0)


@mutating
@given(
    member=st.sampled_from(["bet", "odds", "risk", "origin", "txID", "game", "matchedTime", "type"]), value=json_values
)
def test_a_mutated_bet_is_read_exactly_or_refused(bet: Row, member: str, value: Any) -> None:
    try:
        row = bet_of(bet(**{member: value}))
        fill = parse.fill_of(row)
    except UnreadableError:
        return
    assert fill is None or (fill.size >= 0 and 0 < fill.price < MICRO)
    if member == "bet" and fill is not None:
        assert abs(decimal_of(fill.size) - row.bet * 285 / 185) < Decimal("0.000002")


# --- bets ----------------------------------------------------------------------------------------------------------


def test_a_takers_fill_carries_its_commission_and_a_makers_none(bet: Row) -> None:
    taker, maker = (parse.fill_of(bet_of(bet(origin=origin))) for origin in ("wager", "offer"))
    assert taker is not None
    assert maker is not None
    assert (taker.price, taker.size, taker.fee, taker.is_maker) == (649_122, 77_027_027, 270_000, False)
    assert (maker.fee, maker.is_maker, maker.venue_ref) == (0, True, REQUEST_ID)


@pytest.mark.parametrize(
    ("backed", "outcome", "status"),
    [
        (HOME, "winner", SettlementStatus.WON),
        (AWAY, "winner", SettlementStatus.LOST),
        (HOME, "loser", SettlementStatus.LOST),
        (AWAY, "half-win", SettlementStatus.HALF_LOST),
        (HOME, "push", SettlementStatus.VOID),
        (HOME, "refunded", SettlementStatus.VOID),
    ],
)
def test_a_contract_ended_as_the_bets_on_it(
    bet: Row, instrument: Instrument, backed: str, outcome: str, status: SettlementStatus
) -> None:
    settled = {"settledAt": "2026-11-22T16:00:00.000Z", "outcome": outcome}
    (found,) = resolutions_of([bet_of(bet(participantID=backed, **settled))], [instrument])
    assert (found.status, found.payout_per_contract) == (status, None)


def test_a_correction_replaces_the_first_result(bet: Row, instrument: Instrument) -> None:
    later = bet(outcome="loser", settledAt="2026-11-22T18:00:00.000Z")
    earlier = bet(outcome="winner", settledAt="2026-11-22T16:00:00.000Z")
    (found,) = resolutions_of([bet_of(later), bet_of(earlier)], [instrument])
    assert found.status is SettlementStatus.LOST


def test_an_unknown_outcome_is_not_guessed(bet: Row, instrument: Instrument) -> None:
    row = bet_of(bet(outcome="dead heat", settledAt="2026-11-22T16:00:00.000Z"))
    with pytest.raises(UnreadableError, match="dead heat"):
        resolutions_of([row], [instrument])


# --- games ---------------------------------------------------------------------------------------------------------


def listed(game: dict[str, Any], sport: str = "tennis") -> list[Any]:
    return listings_of(sport, [msgspec.json.decode(json.dumps(game).encode(), type=wire.Game)])


def test_a_match_is_one_contract_of_the_home_participant(game: dict[str, Any]) -> None:
    (listing,) = listed(game)
    assert (listing.outcome, listing.opposite) == ("Jannik Sinner", "Carlos Alcaraz")
    assert (listing.instrument.ref, listing.instrument.meta["other"]) == (f"{GAME}/{HOME}", AWAY)


def test_a_soccer_match_is_three_contracts_with_the_draw(game: dict[str, Any]) -> None:
    found = listed(game | {"sport": "soccer"}, "soccer")
    assert [listing.outcome for listing in found] == ["Jannik Sinner", "Draw", "Carlos Alcaraz"]
    assert [parse.parts_of(listing.instrument.ref) for listing in found] == [
        (GAME, about, "moneyline1x2") for about in (HOME, "draw", AWAY)
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"isSpecials": True},
        {"parentGameID": ORDER_ID},
        {"periodName": "1H"},
        {"ended": True},
        {"sport": "golf"},
        {"participants": []},
        {"start": "soon"},
    ],
)
def test_what_is_no_whole_match_is_not_listed(game: dict[str, Any], changes: dict[str, Any]) -> None:
    assert listed(game | changes) == []


@pytest.mark.parametrize("text", ["", "?", f"{GAME}/{HOME}/", f"{GAME}/draw", f"{GAME}/2x1/{HOME}", f"{GAME}//{HOME}"])
def test_a_text_that_names_no_contract_is_none(text: str) -> None:
    assert parse.parts_of(text) is None
