"""From the venue's messages to ours: exact, or not at all."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.clock import iso_of_ms
from hedgerow.core.money import MICRO
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.sx_bet import wire
from hedgerow.venues.sx_bet.listing import SPORTS, Terms, listings_of, resolution_of
from hedgerow.venues.sx_bet.parse import best_of, fill_of, is_since, offers, order_state
from hedgerow.venues.sx_bet.values import ODDS_ONE, epoch_ms, odds_text, probability

from .conftest import HASH, METADATA, book

ORDER = {
    "id": "0x112a4f19f20395aefcdb5d26f3f8aab0d96b1aff7ce346c0bfb13d9490340cdf",
    "marketHash": HASH,
    "isBettingOutcomeOne": True,
    "percentageOdds": "40000000000000000000",
    "totalBetSize": "3000000",
    "remainingSize": "1000000",
    "expiry": None,
    "status": "ACTIVE",
    "inactiveReason": None,
    "clientOrderId": "ours",
    "updatedAt": "2026-07-31T18:45:42.838Z",
}
FILL = {
    "id": "0xec8e:0x02d2:0x1fec",
    "orderId": "0x02d2",
    "marketHash": HASH,
    "fillAmount": "333334",
    "fillOdds": "40000000000000000000",
    "returnAmount": "833335",
    "isBettingOutcomeOne": False,
    "isMaker": False,
    "status": "LOCKED",
    "createdAt": "2026-07-31T18:47:09.586Z",
    "updatedAt": "2026-07-31T18:47:12.837Z",
    "settlement": None,
}
MARKET = {
    "marketHash": HASH,
    "status": "ACTIVE",
    "outcomeOneName": "Los Angeles Rams",
    "outcomeTwoName": "San Francisco 49ers",
    "teamOneName": "Los Angeles Rams",
    "teamTwoName": "San Francisco 49ers",
    "type": 226,
    "sportId": 8,
    "gameTime": 1_789_086_900,
    "leagueLabel": "NFL",
}
"""Shapes of live answers that ccxt 4.5.90 quotes; names and numbers partly ours."""


def row(kind: type[Any], given: dict[str, Any], **changes: Any) -> Any:
    return read(kind, msgspec.json.encode({**given, **changes}))


# --- orders ----------------------------------------------------------------------------------------------------


def test_a_bet_on_outcome_one_buys_and_one_on_outcome_two_sells_at_the_complement() -> None:
    bought = order_state(row(wire.OrderRow, ORDER), None, 0)
    assert (bought.side, bought.price, bought.size, bought.filled) == (Side.BUY, 400_000, 7_500_000, 5_000_000)
    sold = order_state(row(wire.OrderRow, ORDER, isBettingOutcomeOne=False), None, 0)
    assert (sold.side, sold.price, sold.size) == (Side.SELL, 600_000, 7_500_000)
    assert (sold.client_ref, sold.at_ms) == ("ours", 1_785_523_542_838)


@pytest.mark.parametrize(
    ("status", "reason", "right"),
    [
        ("ACTIVE", None, OrderStatus.PLACED),
        ("SOMETHING_NEW", None, OrderStatus.PLACED),
        ("INACTIVE", "FILLED", OrderStatus.FILLED),
        ("INACTIVE", "EXPIRED", OrderStatus.EXPIRED),
        ("INACTIVE", "HEARTBEAT_TIMEOUT", OrderStatus.CANCELLED),
        ("INACTIVE", None, OrderStatus.CANCELLED),
    ],
)
def test_an_orders_status_follows_from_its_two_words(status: str, reason: str | None, right: OrderStatus) -> None:
    assert order_state(row(wire.OrderRow, ORDER, status=status, inactiveReason=reason), None, 0).status is right


@given(st.integers(1, 799), st.integers(1, 10**9))
def test_a_whole_number_of_lots_comes_back_as_it_was_sent(rung: int, lots: int) -> None:
    price, size = rung * 1_250, lots * 20_000
    stake, rest = divmod(price * size, MICRO)
    assert rest == 0
    changes = {"percentageOdds": odds_text(price), "totalBetSize": str(stake), "remainingSize": str(stake)}
    state = order_state(row(wire.OrderRow, ORDER, **changes), None, 0)
    assert (state.price, state.size, state.filled) == (price, size, 0)


# --- fills -----------------------------------------------------------------------------------------------------


def test_a_fill_is_what_its_bet_returns() -> None:
    fill = fill_of(row(wire.FillRow, FILL), "ours")
    assert (fill.side, fill.price, fill.size, fill.fee) == (Side.SELL, 600_000, 833_335, 0)
    assert (fill.state, fill.is_maker, fill.client_ref) == (FillState.FINAL, False, "ours")


@pytest.mark.parametrize(("name", "value"), [("returnAmount", "833342"), ("fillAmount", "333340"), ("fillOdds", "0")])
def test_a_fill_whose_numbers_do_not_belong_together_is_not_read(name: str, value: str) -> None:
    with pytest.raises(UnreadableError):
        fill_of(row(wire.FillRow, FILL, **{name: value}), None)


def test_a_fill_that_was_taken_back_is_told_by_the_time_of_that() -> None:
    created_ms, updated_ms = epoch_ms(str(FILL["createdAt"])), epoch_ms(str(FILL["updatedAt"]))
    assert is_since(row(wire.FillRow, FILL), created_ms)
    assert not is_since(row(wire.FillRow, FILL), created_ms + 1)
    assert is_since(row(wire.FillRow, FILL, status="FAILED"), updated_ms)
    assert not is_since(row(wire.FillRow, FILL, status="FAILED"), updated_ms + 1)


# --- values ----------------------------------------------------------------------------------------------------

WRONG = ["", "-1", "1.5", "1e6", " 1", "٣", "9" * 31, "NaN", "0x10"]


@pytest.mark.parametrize("member", ["percentageOdds", "totalBetSize", "remainingSize"])
@pytest.mark.parametrize("text", WRONG)
def test_a_number_of_another_form_is_not_read(member: str, text: str) -> None:
    with pytest.raises(UnreadableError):
        order_state(row(wire.OrderRow, ORDER, **{member: text}), None, 0)


@pytest.mark.parametrize("odds", ["0", str(ODDS_ONE), str(ODDS_ONE * 2), "52500000000000000001"])
def test_odds_that_no_ladder_has_are_not_read(odds: str) -> None:
    with pytest.raises(UnreadableError):
        probability(odds)


@given(st.integers(0, 4 * 10**12))
def test_times_come_back_to_the_millisecond(ms: int) -> None:
    assert epoch_ms(iso_of_ms(ms)) == ms


ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=40), st.lists(st.integers(), max_size=2))


@given(st.sampled_from([(wire.OrderRow, ORDER), (wire.FillRow, FILL)]), st.data())
def test_a_mutated_row_is_read_exactly_or_not_at_all(
    kind: tuple[type[Any], dict[str, Any]], data: st.DataObject
) -> None:
    form, sample = kind
    changed = {**sample, data.draw(st.sampled_from(sorted(sample))): data.draw(ANYTHING)}
    with contextlib.suppress(UnreadableError):
        if form is wire.OrderRow:
            state = order_state(row(form, changed), None, 0)
            own = state.price if state.side is Side.BUY else MICRO - state.price
            assert odds_text(own) == str(changed["percentageOdds"]).lstrip("0")
            assert 0 <= state.filled <= state.size
        else:
            fill = fill_of(row(form, changed), None)
            own = fill.price if fill.side is Side.BUY else MICRO - fill.price
            assert own == int(changed["fillOdds"]) // 10**14
            assert fill.size == int(changed["returnAmount"])


@given(st.binary(max_size=200))
def test_no_bytes_break_a_reader(payload: bytes) -> None:
    for kind in (wire.Envelope, wire.Book, wire.Reply, wire.PlaceReply, wire.Metadata):
        with contextlib.suppress(UnreadableError):
            read(kind, payload)


# --- books and markets -----------------------------------------------------------------------------------------


def test_who_bets_on_an_outcome_meets_those_who_bet_on_the_other() -> None:
    told = row(wire.Book, book(one="50000000000000000000", two="47500000000000000000"))
    assert offers(told, Side.BUY) == [(525_000, 5 * MICRO * MICRO // 475_000)]
    assert offers(told, Side.SELL) == [(500_000, 10 * MICRO)]


@pytest.mark.parametrize(
    ("side", "price", "is_met"),
    [(Side.BUY, 523_750, False), (Side.BUY, 525_000, True), (Side.SELL, 501_250, False), (Side.SELL, 500_000, True)],
)
def test_two_bets_meet_when_their_probabilities_make_one(side: Side, price: int, is_met: bool) -> None:
    best = best_of(row(wire.Book, book(one="50000000000000000000", two="47500000000000000000")))
    assert best.is_met_by(side, price) is is_met


def test_an_empty_book_meets_nobody() -> None:
    best = best_of(row(wire.Book, book()))
    assert not best.is_met_by(Side.BUY, 998_750)
    assert not best.is_met_by(Side.SELL, 1_250)


def test_the_ladder_and_the_lot_follow_from_the_metadata() -> None:
    instrument = Terms(row(wire.Metadata, METADATA)).instrument(HASH)
    assert (instrument.grid.bands[0].step, instrument.lot, instrument.min_notional) == (1_250, 20_000, MICRO)
    coarse = Terms(row(wire.Metadata, METADATA, oddsLadderStepSize=250)).instrument(HASH)
    assert (coarse.grid.bands[0].step, coarse.lot) == (2_500, 10_000)
    for step in (0, 33, 100_000):
        with pytest.raises(UnreadableError):
            Terms(row(wire.Metadata, METADATA, oddsLadderStepSize=step))


@pytest.mark.parametrize(
    ("sport_id", "kind", "listed"),
    [(8, 226, "american-football"), (8, 52, None), (6, 52, "tennis"), (6, 226, "tennis"), (5, 1, None), (8, 342, None)],
)
def test_only_winners_are_listed(sport_id: int, kind: int, listed: str | None) -> None:
    terms = Terms(row(wire.Metadata, METADATA))
    market = row(wire.Market, MARKET, sportId=sport_id, type=kind)
    assert [sport for sport in SPORTS if listings_of([market], sport, terms)] == ([listed] if listed else [])


def test_a_listing_names_both_outcomes() -> None:
    (listing,) = listings_of([row(wire.Market, MARKET)], "american-football", Terms(row(wire.Metadata, METADATA)))
    assert (listing.outcome, listing.opposite) == listing.participants == ("Los Angeles Rams", "San Francisco 49ers")
    assert (listing.starts_at_ms, listing.competition, listing.is_open) == (1_789_086_900_000, "NFL", True)


@pytest.mark.parametrize(("outcome", "status", "paid"), [(1, "WON", 1), (2, "LOST", 0), (0, "VOID", None)])
def test_a_reported_outcome_is_a_resolution(outcome: int, status: str, paid: int | None) -> None:
    found = resolution_of(row(wire.Market, MARKET, status="INACTIVE", outcome=outcome, reportedDate=7), 0)
    assert found is not None
    assert (found.status.value, found.payout_per_contract, found.at_ms) == (status, paid, 7_000)
    assert resolution_of(row(wire.Market, MARKET, status="INACTIVE"), 0) is None
    with pytest.raises(UnreadableError):
        resolution_of(row(wire.Market, MARKET, outcome=3), 0)
