"""Who takes which bet, what becomes of it, who has said so."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from hedgerow.bridging.desk.desk import checked_amount, checked_person
from hedgerow.bridging.desk.jobs import DeskError, Stage, described
from hedgerow.bridging.wire import State

from .kit import ACCOUNT, WORDS, Room


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.close()


def test_a_bet_waits_with_what_to_bet_at_which_price_and_for_how_long(room: Room) -> None:
    room.bet()
    room.clock.advance(30)
    [job] = room.desk.jobs()
    assert (job.stage, job.left_s(room.clock.now_ms())) == (Stage.WAITING, 60)
    assert job.what == "Boston Celtics -3.5 · Point spread · Boston Celtics v New York Knicks"
    assert (job.wager.stake, job.wager.limit_price) == (Decimal(200), Decimal("1.95"))


def test_a_bet_without_words_is_told_by_its_ids() -> None:
    assert described({}) == ""
    assert described({**WORDS, "handicap": None, "player": "J. Tatum"}).startswith("J. Tatum Boston Celtics · ")


def test_a_bet_that_was_placed_is_accepted_with_what_the_ticket_says(room: Room) -> None:
    reference = room.bet()
    room.desk.take(ACCOUNT, reference, "Ann")
    room.desk.placed(ACCOUNT, reference, "Ann", " T-77 ", "200", "1.98")
    bet = room.register.bet(ACCOUNT, reference)
    assert (bet.state, bet.bookmaker_bet_ids, bet.placed and bet.placed.price) == (State.ACCEPTED, ["T-77"], "1.98")
    assert room.desk.jobs() == []


def test_a_bet_that_was_not_possible_is_rejected_for_the_reason(room: Room) -> None:
    reference = room.bet()
    room.desk.take(ACCOUNT, reference, "Ann")
    room.desk.impossible(ACCOUNT, reference, "Ann", "price_changed", "now 1.80")
    rejection = room.register.bet(ACCOUNT, reference).rejection
    assert rejection is not None
    assert (rejection.code, rejection.retry, rejection.message) == ("price_changed", "new_reference", "now 1.80")


def test_nobody_takes_what_another_has_taken(room: Room) -> None:
    reference = room.bet()
    room.desk.take(ACCOUNT, reference, "Ann")
    with pytest.raises(DeskError, match="Ann has taken the bet"):
        room.desk.take(ACCOUNT, reference, "Bob")
    with pytest.raises(DeskError, match="Ann has taken the bet"):
        room.desk.placed(ACCOUNT, reference, "Bob", "T", "200", "1.95")


def test_what_was_not_taken_is_not_answered(room: Room) -> None:
    reference = room.bet()
    with pytest.raises(DeskError, match="take the bet before"):
        room.desk.placed(ACCOUNT, reference, "Ann", "T", "200", "1.95")


def test_a_bet_that_nobody_took_in_time_is_expired_and_was_never_sent(room: Room) -> None:
    reference = room.bet()
    room.clock.advance(90.001)
    assert room.desk.jobs() == []
    bet = room.register.bet(ACCOUNT, reference)
    assert (bet.state, bet.sent_at, bet.rejection and bet.rejection.code) == (State.REJECTED, None, "expired")
    with pytest.raises(DeskError, match="is over"):
        room.desk.take(ACCOUNT, reference, "Ann")


def test_a_bet_that_was_taken_and_not_answered_is_unknown_until_somebody_answers(room: Room) -> None:
    reference = room.bet()
    room.desk.take(ACCOUNT, reference, "Ann")
    room.clock.advance(3600)
    [job] = room.desk.jobs()
    assert (job.stage, job.person, room.register.bet(ACCOUNT, reference).state) == (Stage.ASKED, "Ann", State.UNKNOWN)
    with pytest.raises(DeskError, match="has taken the bet"):
        room.desk.take(ACCOUNT, reference, "Bob")
    room.desk.placed(ACCOUNT, reference, "Bob", "T-1", "200", "1.95")
    assert room.register.bet(ACCOUNT, reference).state is State.ACCEPTED


def test_a_fence_withdraws_what_waits_and_finds_what_was_taken(room: Room) -> None:
    waiting, taken = room.bet(), room.bet()
    room.desk.take(ACCOUNT, taken, "Ann")
    assert room.register.fence(ACCOUNT, waiting).outcome == "withdrawn"
    assert room.register.fence(ACCOUNT, taken).outcome == "exists"
    with pytest.raises(DeskError, match="is over"):
        room.desk.take(ACCOUNT, waiting, "Ann")


@pytest.mark.parametrize(
    ("stake", "price", "changes", "why"),
    [
        ("200", "1.94", {}, "the price 1.94 is worse than 1.95"),
        ("201", "1.95", {}, "the stake 201 is more than 200.00"),
        ("199", "1.95", {}, "the stake 199 is less than 200.00"),
    ],
)
def test_a_ticket_beyond_what_was_asked_for_has_to_be_meant(
    room: Room, stake: str, price: str, changes: dict[str, str], why: str
) -> None:
    reference = room.bet(**changes)
    room.desk.take(ACCOUNT, reference, "Ann")
    with pytest.raises(DeskError, match=why):
        room.desk.placed(ACCOUNT, reference, "Ann", "T", stake, price)
    room.desk.placed(ACCOUNT, reference, "Ann", "T", stake, price, is_meant=True)
    assert room.register.bet(ACCOUNT, reference).state is State.ACCEPTED


def test_less_may_be_placed_where_the_router_says_so(room: Room) -> None:
    reference = room.bet(fill="up_to")
    room.desk.take(ACCOUNT, reference, "Ann")
    room.desk.placed(ACCOUNT, reference, "Ann", "T", "150.50", "1.95")
    placed = room.register.bet(ACCOUNT, reference).placed
    assert placed is not None
    assert placed.stake == "150.50"


@pytest.mark.parametrize("text", ["", "1e3x", "-1", "0", "NaN", "1.0000001"])
def test_what_is_no_stake_is_refused(text: str) -> None:
    with pytest.raises(DeskError, match="stake"):
        checked_amount("stake", text)


def test_a_price_of_one_is_none() -> None:
    with pytest.raises(DeskError, match="above 1"):
        checked_amount("price", "1.0")


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\x00b"])
def test_nobody_answers_without_a_name(name: str) -> None:
    with pytest.raises(DeskError, match="name"):
        checked_person(name)


def test_every_decision_is_audited_with_the_persons_name(room: Room) -> None:
    reference = room.bet()
    room.desk.take(ACCOUNT, reference, "Ann")
    room.desk.placed(ACCOUNT, reference, "Ann", "T-1", "200", "1.95")
    room.desk.tell_balance(ACCOUNT, "Bob", "800")
    told = [(row["person"], row["action"], row["reference"]) for row in room.desk.decisions()]
    assert told == [("Bob", "balance", None), ("Ann", "placed", reference), ("Ann", "take", reference)]


async def test_free_money_is_what_was_told_without_what_was_bet_since(room: Room) -> None:
    assert (await room.desk.balance(ACCOUNT)).available == 0
    room.desk.tell_balance(ACCOUNT, "Ann", "1000")
    room.clock.advance(1)
    reference = room.bet()
    assert (await room.desk.balance(ACCOUNT)).available == 800
    room.desk.take(ACCOUNT, reference, "Ann")
    room.desk.placed(ACCOUNT, reference, "Ann", "T", "200", "1.95")
    funds = await room.desk.balance(ACCOUNT)
    assert (funds.available, funds.open) == (800, 200)
    room.clock.advance(1)
    room.desk.tell_balance(ACCOUNT, "Ann", "790")
    assert (await room.desk.balance(ACCOUNT)).available == 790


async def test_leases_outlive_the_process(room: Room) -> None:
    reference = room.bet()
    room.desk.take(ACCOUNT, reference, "Ann")
    room.close()
    room.open()
    room.clock.advance(30)
    [job] = room.desk.jobs()
    assert (job.stage, job.person, job.left_s(room.clock.now_ms())) == (Stage.TAKEN, "Ann", 30)
