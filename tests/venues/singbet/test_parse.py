"""What tickets mean, and that nothing is misread whatever comes."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.venues.mutated import mutations

from hedgerow.core.states import BetSettlement, BetStatus
from hedgerow.venues.base import BetReport
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.singbet import parse, wire
from hedgerow.venues.singbet.line import NotUnderstoodError, selection_of

from .conftest import QUOTE, REFERENCE, TICKET


def report(*changes: dict[str, Any]) -> BetReport:
    """Of tickets with changes, the latest first."""
    tickets = [read(wire.Ticket, json.dumps({**TICKET, **changed})) for changed in changes]
    return parse.report(tickets, REFERENCE)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Pending", BetStatus.PLACED),
        ("PROCESSING", BetStatus.PLACED),
        ("running", BetStatus.CONFIRMED),
        ("ACCEPTED", BetStatus.CONFIRMED),
        ("Rejected", BetStatus.REJECTED),
        ("void by delay", BetStatus.REJECTED),
        (" Void ", BetStatus.VOID),
    ],
)
def test_words_are_read_whatever_their_case(status: str, expected: BetStatus) -> None:
    assert report({"Status": status}).status is expected


@pytest.mark.parametrize(
    ("status", "pnl", "end"),
    [
        ("Won", 37.2, BetSettlement.WON),
        ("WON", 18.6, BetSettlement.HALF_WON),
        ("lost", -20, BetSettlement.HALF_LOST),
        ("Lost", -40, BetSettlement.LOST),
        ("Draw", 0, BetSettlement.PUSH),
        ("Void", 0, BetSettlement.VOID),
        ("2", 18.59, BetSettlement.HALF_WON),
    ],
)
def test_the_amount_tells_how_a_bet_ended(status: str, pnl: float, end: BetSettlement) -> None:
    told = report({"Status": status, "Pnl": pnl})
    assert (told.settlement, told.payout) == (end, 40 + Decimal(str(pnl)))


@pytest.mark.parametrize(("status", "pnl"), [("Won", -40), ("Lost", 37.2), ("Won", 30), ("Void", -40), ("Draw", 5)])
def test_an_amount_that_its_word_denies_is_not_read(status: str, pnl: float) -> None:
    with pytest.raises(UnreadableError, match="Pnl"):
        report({"Status": status, "Pnl": pnl})


@pytest.mark.parametrize("changed", [{"Status": "Dancing"}, {"Bookie": "SBO"}, {"OddsType": "MY", "Odds": 0.93}])
def test_a_ticket_of_another_kind_is_not_read(changed: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError):
        report(changed)


def test_tickets_of_one_reference_are_one_bet_named_by_the_first_of_them() -> None:
    later = {"ReferenceNumber": 7002, "Stake": 10, "Odds": 1.95}
    told = report(later, {"Stake": 30, "Odds": 1.91})
    assert (told.stake, told.odds, told.bet_ref) == (40, 1_920_000, "7001")


def test_a_rejected_ticket_counts_for_nothing_beside_one_that_was_taken() -> None:
    assert report({"Status": "Rejected", "Stake": 15}, {"Stake": 25}).stake == 25


def test_a_bet_is_settled_when_all_of_its_tickets_are() -> None:
    won = {"Status": "Won", "Pnl": 37.2}
    assert report(won, {}).settlement is None
    assert report(won, won).payout == Decimal("154.4")
    with pytest.raises(UnreadableError, match="one end"):
        report(won, {"Status": "Void"})


@given(mutations(TICKET))
def test_a_strange_ticket_is_read_in_full_or_not_at_all(message: dict[str, Any]) -> None:
    try:
        told = parse.report([read(wire.Ticket, json.dumps(message))], REFERENCE)
    except UnreadableError:
        return
    if told.status is not BetStatus.REJECTED:
        assert told.odds == int(Decimal(str(message["Odds"])) * 1_000_000)
        assert told.stake == Decimal(str(message["Stake"])) > 0


@given(mutations(QUOTE))
def test_a_strange_quote_is_read_in_full_or_not_at_all(message: dict[str, Any]) -> None:
    try:
        told = parse.quote(read(wire.BookQuote, json.dumps(message)))
    except UnreadableError:
        return
    limits = (Decimal(str(message["MinimumAmount"])), Decimal(str(message["MaximumAmount"])))
    assert (told.odds, told.least, told.most) == (Decimal(str(message["Odds"])), *limits)
    assert told.odds > 1
    assert 0 <= told.least <= told.most


@given(st.text(max_size=30), st.sampled_from(["HomeOdds", "OverOdds", "?", ""]))
def test_no_reference_of_another_form_is_bet_on(market_ref: str, outcome_ref: str) -> None:
    with pytest.raises(NotUnderstoodError):
        selection_of(market_ref, outcome_ref)


@pytest.mark.parametrize("kind", ["H", "O"])
def test_only_a_match_can_be_drawn(kind: str) -> None:
    with pytest.raises(NotUnderstoodError):
        selection_of(f"1/284512345/FT/{kind}", "DrawOdds")
    assert selection_of("1/284512345/FT/X", "DrawOdds").odds_name == "DrawOdds"
