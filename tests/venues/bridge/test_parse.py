"""From the bridge's messages to ours, exactly, and nothing guessed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.clock import iso_of_ms
from hedgerow.core.states import BetSettlement, BetStatus
from hedgerow.venues.base import BetReport
from hedgerow.venues.bridge import parse, wire
from hedgerow.venues.bridge.parse import MalformedError

Told = Callable[..., dict[str, Any]]


def read(row: dict[str, Any]) -> BetReport:
    return parse.bet(msgspec.convert(row, wire.Bet))


def settled(status: str, returned: str | None = "20") -> dict[str, Any]:
    return {"status": status, **({} if returned is None else {"returned": returned}), "number": 1}


def test_an_accepted_bet_is_what_was_placed(told: Told) -> None:
    report = read(told(bookmakerBetIds=["B-77", "B-78"]))
    assert (report.status, report.bet_ref) == (BetStatus.CONFIRMED, "B-77,B-78")
    assert (report.odds, report.stake, report.settlement) == (1_600_000, Decimal("12.50"), None)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("PENDING", BetStatus.PLACED),
        ("UNKNOWN", BetStatus.PLACED),
        ("REJECTED", BetStatus.REJECTED),
        ("CANCELLED", BetStatus.CANCELLED),
    ],
)
def test_a_bet_that_was_not_taken_has_no_odds(told: Told, state: str, status: BetStatus) -> None:
    report = read(told(state=state, placed=None, rejection={"code": "suspended", "message": "shut"}))
    assert (report.status, report.odds, report.stake, report.reason) == (status, None, None, "shut")


@pytest.mark.parametrize(
    ("word", "settlement", "status"),
    [
        ("WON", BetSettlement.WON, BetStatus.CONFIRMED),
        ("LOST", BetSettlement.LOST, BetStatus.CONFIRMED),
        ("HALF_WON", BetSettlement.HALF_WON, BetStatus.CONFIRMED),
        ("HALF_LOST", BetSettlement.HALF_LOST, BetStatus.CONFIRMED),
        ("PUSH", BetSettlement.PUSH, BetStatus.CONFIRMED),
        ("CASHOUT", BetSettlement.CASHOUT, BetStatus.CONFIRMED),
        ("VOID", BetSettlement.VOID, BetStatus.VOID),
    ],
)
def test_settlements(told: Told, word: str, settlement: BetSettlement, status: BetStatus) -> None:
    report = read(told(settlement=settled(word)))
    assert (report.settlement, report.status, report.payout) == (settlement, status, Decimal(20))


def test_a_void_bet_gives_the_stake_back_whether_that_is_told_or_not(told: Told) -> None:
    report = read(told(state="VOID"))
    assert (report.status, report.settlement, report.payout) == (
        BetStatus.VOID,
        BetSettlement.VOID,
        Decimal("12.50"),
    )


def test_a_bet_that_is_cancelled_once_it_was_placed_is_void(told: Told) -> None:
    report = read(told(state="CANCELLED"))
    assert (report.status, report.settlement, report.payout) == (
        BetStatus.CANCELLED,
        BetSettlement.VOID,
        Decimal("12.50"),
    )
    assert read(told(state="CANCELLED", placed=None)).settlement is None


def test_a_commission_is_told_beside_what_came_back(told: Told) -> None:
    report = read(told(settlement=settled("WON") | {"commission": "0.40"}))
    assert (report.payout, report.commission) == (Decimal(20), Decimal("0.40"))


def test_a_payout_that_is_not_told_is_not_made_up(told: Told) -> None:
    assert read(told(settlement=settled("WON", None))).payout is None


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "DREAMT"},
        {"settlement": {"status": "MISLAID", "returned": "9"}},
        {"placed": None},
        {"placed": {"stake": "0", "price": "2"}},
        {"placed": {"stake": "1", "price": "1"}},
    ],
)
def test_what_cannot_be_read_is_not_guessed(told: Told, changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        read(told(**{name: value for name, value in changes.items() if value is not None}) | _without(told, changes))


def _without(told: Told, changes: dict[str, Any]) -> dict[str, Any]:
    """Members that are not there: msgspec reads a null as one."""
    return {name: None for name, value in changes.items() if value is None}


@pytest.mark.parametrize("stake", [12.5, "1e3", "NaN", "12,50", ""])
def test_money_is_a_plain_decimal_text(told: Told, stake: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        read(told(placed={"stake": stake, "price": "2"}))


def test_members_that_nobody_knows_are_ignored(told: Told) -> None:
    assert read(told(surprise={"x": 1})).status is BetStatus.CONFIRMED


def test_an_offer_has_its_limits_and_none_is_no_offer() -> None:
    quote = wire.Quote("open", price="1.9", min_stake="5", max_stake="250.5", currency="USD")
    line = parse.live_line(quote, "m", "o", "USD")
    assert line is not None
    assert (line.odds, line.min_stake, line.max_stake) == (1_900_000, Decimal(5), Decimal("250.5"))
    for status in ("suspended", "not_offered"):
        assert parse.live_line(wire.Quote(status), "m", "o", "USD") is None


@pytest.mark.parametrize(
    "quote",
    [
        wire.Quote("open", price="1.9", max_stake="1", currency="EUR"),
        wire.Quote("open", price="1", max_stake="1"),
        wire.Quote("open", price="1.9"),
        wire.Quote("open", max_stake="1"),
        wire.Quote("perhaps", price="1.9", max_stake="1"),
    ],
)
def test_an_offer_that_says_too_little_is_not_guessed(quote: wire.Quote) -> None:
    with pytest.raises(MalformedError):
        parse.live_line(quote, "m", "o", "USD")


@given(st.integers(0, 4_102_444_800_000))
def test_times_are_read_as_they_are_written(ms: int) -> None:
    assert parse.time_ms(iso_of_ms(ms), "updatedAt") == ms


@pytest.mark.parametrize(("text", "ms"), [("1970-01-01T00:00:01Z", 1_000), ("1970-01-01T02:00:01.5+02:00", 1_500)])
def test_times_may_be_shorter_or_have_a_zone(text: str, ms: int) -> None:
    assert parse.time_ms(text, "updatedAt") == ms


@pytest.mark.parametrize("text", ["yesterday", "", "12"])
def test_a_time_that_is_none_is_malformed(text: str) -> None:
    with pytest.raises(MalformedError, match="updatedAt"):
        parse.time_ms(text, "updatedAt")
