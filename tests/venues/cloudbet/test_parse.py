"""Messages of the venue: what they say, and that nothing is read out of them that they do not say."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.states import BetSettlement, BetStatus
from hedgerow.venues.cloudbet import parse, wire
from hedgerow.venues.cloudbet.parse import MalformedError
from hedgerow.venues.reading import UnreadableError, read

from .conftest import REFERENCE, Payload

FIXTURES = Path(__file__).parent / "fixtures"
URL = "soccer.total_goals/over?total=3"
BET = (FIXTURES / "bet.json").read_bytes()
SELECTION = (FIXTURES / "selection.json").read_bytes()


def row(told: dict[str, Any]) -> wire.Bet:
    return msgspec.json.decode(msgspec.json.encode(told), type=wire.Bet)


def selection(told: dict[str, Any]) -> wire.Selection:
    return msgspec.json.decode(msgspec.json.encode(told), type=wire.Selection)


@pytest.mark.parametrize(
    ("status", "returned", "settlement"),
    [
        ("WIN", "23.25", BetSettlement.WON),
        ("LOSS", "0.0", BetSettlement.LOST),
        ("LOSS", None, BetSettlement.LOST),
        ("HALF_WIN", "17.875", BetSettlement.HALF_WON),
        ("HALF_LOSS", "6.25", BetSettlement.HALF_LOST),
        ("PUSH", "12.5", BetSettlement.PUSH),
        ("PARTIAL", "12.51", BetSettlement.WON),
        ("PARTIAL", "12.5", BetSettlement.LOST),
    ],
)
def test_a_result_is_what_was_returned(
    payload: Payload, status: str, returned: str | None, settlement: BetSettlement
) -> None:
    report = parse.bet(row(payload("bet.json", status=status, returnAmount=returned)), REFERENCE)
    assert (report.status, report.settlement) == (BetStatus.CONFIRMED, settlement)
    assert report.payout == Decimal(returned or 0)
    assert (report.odds, report.stake, report.bet_ref) == (1_860_000, Decimal("12.5"), REFERENCE)


def test_a_stake_returned_by_a_cancelled_event_is_void(payload: Payload) -> None:
    told = row(payload("bet.json", status="PUSH", returnAmount="12.5"))
    report = parse.bet(told, REFERENCE, is_called_off=True)
    assert (report.status, report.settlement, report.payout) == (BetStatus.VOID, BetSettlement.VOID, Decimal("12.5"))


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"status": "ACCEPTED", "returnAmount": "0.0"}, BetStatus.CONFIRMED),
        ({"status": "PENDING_ACCEPTANCE"}, BetStatus.PLACED),
        ({"status": "MARKET_SUSPENDED"}, BetStatus.REJECTED),
        ({"status": "PRICE_ABOVE_MARKET"}, BetStatus.REJECTED),
    ],
)
def test_a_bet_that_has_no_result_is_told_without_one(
    payload: Payload, changes: dict[str, Any], status: BetStatus
) -> None:
    report = parse.bet(row(payload("bet.json", **changes)), REFERENCE)
    assert (report.status, report.settlement, report.payout) == (status, None, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": None},  # the enumeration's first: an internal error
        {"status": "CASHED_OUT"},
        {"status": "DUPLICATE_REQUEST"},
        {"referenceId": "5d2bb2d3-6f2c-4a43-a2a1-1a2fbdcf6a11"},
        {"referenceId": None},
        {"side": "LAY"},
        {"stake": "0"},
        {"stake": "-12.5"},
        {"stake": "1e3"},
        {"stake": None},
        {"price": "1"},
        {"price": "NaN"},
        {"price": None},
        {"returnAmount": "0.0"},  # of a bet that won
        {"status": "LOSS"},  # with a return
    ],
)
def test_what_is_not_said_is_not_guessed(payload: Payload, changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        parse.bet(row(payload("bet.json", **changes)), REFERENCE)


@given(st.data())
def test_a_damaged_bet_is_refused_or_read_as_it_is_written(data: st.DataObject) -> None:
    """Bytes of a bet exchanged: no other error, and no amount that is not in the text."""
    raw = bytearray(BET)
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        told = read(wire.Bet, bytes(raw))
        report = parse.bet(told, REFERENCE)
    except (UnreadableError, MalformedError):
        return
    if report.status is BetStatus.CONFIRMED:
        assert (str(report.stake), str(report.payout or "0")) == (told.stake, told.return_amount or "0")
        assert report.odds == int(Decimal(told.price or "0") * 1_000_000)


@given(st.data())
def test_a_damaged_selection_is_refused_or_read_as_it_is_written(data: st.DataObject) -> None:
    raw = bytearray(SELECTION)
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        told = read(wire.Selection, bytes(raw))
        line = parse.live_line(told, URL, "soccer.total_goals/total=3", "over")
    except (UnreadableError, MalformedError):
        return
    if line is not None:
        assert (line.min_stake, line.max_stake) == (told.min_stake or 0, told.max_stake)
        assert line.odds == int((told.price or 0) * 1_000_000)


def test_a_line_has_its_limits_in_euros(payload: Payload) -> None:
    line = parse.live_line(selection(payload("selection.json")), URL, "soccer.total_goals/total=3", "over")
    assert line is not None
    assert (line.odds, line.min_stake, line.max_stake) == (1_892_000, Decimal("0.1"), Decimal("1803.6394618802"))
    assert (line.currency, line.market_ref, line.outcome_ref) == ("EUR", "soccer.total_goals/total=3", "over")


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "SELECTION_DISABLED", "price": 0, "maxStake": 0},  # as issue #179 shows one
        {"status": None},
        {"maxStake": None},
        {"side": "LAY"},
    ],
)
def test_a_selection_that_cannot_be_bet_is_no_offer(payload: Payload, changes: dict[str, Any]) -> None:
    assert parse.live_line(selection(payload("selection.json", **changes)), URL, "", "") is None


@pytest.mark.parametrize("changes", [{"outcome": "under"}, {"params": "total=2"}, {"price": None}, {"price": 1}])
def test_an_offer_of_another_outcome_or_without_a_price_is_none_of_ours(
    payload: Payload, changes: dict[str, Any]
) -> None:
    with pytest.raises(MalformedError):
        parse.live_line(selection(payload("selection.json", **changes)), URL, "", "")


@pytest.mark.parametrize(
    ("stake", "currency", "cut"),
    [
        ("8.86397779", "USD", Decimal("8.86")),
        ("12.5", "USD", None),  # no less than was asked for
        ("0.001", "USD", None),
        ("8.86", "EUR", None),
        (None, "USD", None),
    ],
)
def test_a_stake_is_cut_to_whole_units_of_what_would_be_taken(
    payload: Payload, stake: str | None, currency: str, cut: Decimal | None
) -> None:
    told = row(payload("above_max.json", stake=stake, currency=currency))
    assert parse.cut_stake(told, Decimal("12.5"), "USD") == cut


@pytest.mark.parametrize("text", ["2026-11-21T12:00:00Z", "2026-11-21T13:00:00+01:00", "2026-11-21T12:00:00.000Z"])
def test_times_are_read_in_their_zone(payload: Payload, text: str) -> None:
    assert parse.created_ms(row(payload("bet.json", createTime=text))) == 1_795_262_400_000


@pytest.mark.parametrize("text", [None, "", "yesterday", "2026-11-21T12:00:00"])
def test_a_time_without_a_zone_is_none(payload: Payload, text: str | None) -> None:
    with pytest.raises(MalformedError):
        parse.created_ms(row(payload("bet.json", createTime=text)))


def test_every_fixture_names_its_origin() -> None:
    sources = tomllib.loads((FIXTURES / "SOURCES.toml").read_text())
    assert sorted(sources) == sorted(path.name for path in FIXTURES.glob("*.json"))
    assert {source["origin"] for source in sources.values()} <= {"documented", "recorded", "invented"}
