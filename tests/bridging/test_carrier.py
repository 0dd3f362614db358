"""Each bet is sent once, whatever happens: errors, silence, the death of the process, a person who knows more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from hedgerow.bridging.bridge import Placed, Refused, Result
from hedgerow.bridging.desk.desk import Desk
from hedgerow.bridging.desk.jobs import DeskError
from hedgerow.bridging.wire import State, Status
from hedgerow.core.tasks import spawn

from .bank import ACCOUNT, PLACED, Shop


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    made = Shop(tmp_path)
    yield made
    await made.die()


async def test_a_bet_is_stored_before_it_is_sent_and_then_decided(shop: Shop) -> None:
    await shop.start()
    shop.bridge.may_answer.clear()
    reference = shop.put()
    assert (shop.bet(reference).sent_at, shop.bridge.sent) == (None, [])
    await shop.settle_down()
    assert (shop.bet(reference).sent_at is not None, shop.bridge.sent) == (True, [reference])
    shop.bridge.may_answer.set()
    await shop.settle_down()
    assert (shop.state(reference), shop.bet(reference).bookmaker_bet_ids) == (State.ACCEPTED, ["B-1"])


async def test_a_refusal_is_told_with_what_would_be_taken(shop: Shop) -> None:
    await shop.start()
    shop.bridge.send_answer = Refused("stake_too_high", offer=(Decimal(5), Decimal("1.9")))
    reference = shop.put()
    await shop.settle_down()
    rejection = shop.bet(reference).rejection
    assert rejection is not None
    assert (rejection.code, rejection.retry, rejection.offer and rejection.offer.stake) == (
        "stake_too_high",
        "new_reference",
        "5",
    )


@pytest.mark.parametrize("error", [RuntimeError("broken"), TimeoutError(), ValueError("no such code"), None])
async def test_an_error_leaves_the_bet_in_doubt_and_nothing_is_sent_again(shop: Shop, error: Exception | None) -> None:
    await shop.start()
    shop.bridge.send_answer = error
    shop.bridge.find_answers = [ConnectionError("away"), None, PLACED]
    reference = shop.put()
    await shop.settle_down()
    assert shop.state(reference) is State.UNKNOWN
    for _ in range(6):
        await shop.step(2)
    assert (shop.state(reference), len(shop.bridge.looked), shop.bridge.sent) == (State.ACCEPTED, 3, [reference])


async def test_what_is_proved_not_to_be_there_is_rejected(shop: Shop) -> None:
    await shop.start()
    shop.bridge.send_answer = RuntimeError("broken")
    shop.bridge.find_answers = [Refused("withdrawn")]
    reference = shop.put()
    await shop.settle_down()
    assert shop.state(reference) is State.REJECTED


async def test_a_person_can_answer_for_a_bet_in_doubt(shop: Shop) -> None:
    await shop.start()
    shop.bridge.send_answer = RuntimeError("broken")
    desk = Desk(shop.register, shop.clock, places=False)
    reference, waiting = shop.put(), shop.put()
    assert desk.jobs() == []  # a program places them
    await shop.settle_down()
    await shop.step(60)
    assert shop.state(reference) is State.UNKNOWN
    assert [job.wager.reference for job in desk.jobs()] == [reference, waiting]
    desk.placed(ACCOUNT, reference, "Ann", "B-1", "10", "1.9")
    desk.impossible(ACCOUNT, waiting, "Ann", "withdrawn")
    with pytest.raises(DeskError, match="no account"):
        desk.tell_balance(ACCOUNT, "Ann", "100")
    await shop.step(60)
    assert (shop.state(reference), shop.state(waiting), len(shop.bridge.sent)) == (State.ACCEPTED, State.REJECTED, 2)


@pytest.mark.parametrize(
    ("waits", "state", "sent"), [(1, State.ACCEPTED, 1), (31, State.REJECTED, 0)], ids=["in time", "too late"]
)
async def test_a_bet_that_was_stored_and_not_sent_is_sent_by_the_next_process_in_time(
    shop: Shop, waits: int, state: State, sent: int
) -> None:
    reference = shop.put()  # nobody sends it: the process dies
    await shop.die()
    shop.clock.advance(waits)
    shop.open()
    await shop.start()
    assert (shop.state(reference), len(shop.bridge.sent)) == (state, sent)


async def test_a_bet_that_was_being_sent_is_looked_for_by_the_next_process(shop: Shop) -> None:
    await shop.start()
    shop.bridge.may_answer.clear()
    reference = shop.put()
    await shop.settle_down()
    await shop.die()
    shop.open()
    shop.bridge.find_answers = [None, PLACED]
    await shop.start()
    assert shop.state(reference) is State.UNKNOWN
    await shop.step(2)
    assert (shop.state(reference), shop.bridge.sent) == (State.ACCEPTED, [reference])


async def test_a_bet_whose_withdrawal_was_cut_is_not_sent(shop: Shop) -> None:
    reference = shop.put()
    shop.store.fence(ACCOUNT, reference)  # and the process dies before the bet is ended
    await shop.die()
    shop.open()
    await shop.start()
    rejection = shop.bet(reference).rejection
    assert (rejection and rejection.code, shop.bridge.sent) == ("withdrawn", [])


async def test_a_price_beyond_the_limit_stands_and_is_told_as_it_is(shop: Shop) -> None:
    await shop.start()
    shop.bridge.send_answer = Placed(("B-2",), Decimal(11), Decimal("1.5"))
    reference = shop.put()
    await shop.settle_down()
    placed = shop.bet(reference).placed
    assert placed is not None
    assert (placed.stake, placed.price) == ("11", "1.5")


async def test_settlements_and_corrections_come_with_the_statement(shop: Shop) -> None:
    await shop.start()
    reference = shop.put()
    await shop.settle_down()
    shop.bridge.results = [
        Result("B-1", Status.WON, Decimal(19)),
        Result("another's", Status.LOST, Decimal(0)),
    ]
    await shop.step(1)
    first = shop.bet(reference)
    await shop.step(1)
    assert shop.bet(reference) == first  # a repeat is no change
    shop.bridge.results = [Result(reference, Status.VOID, Decimal(10))]
    await shop.step(1)
    second = shop.bet(reference)
    assert [
        (bet.state, bet.settlement.status, bet.settlement.returned, bet.settlement.number) for bet in (first, second)
    ] == [
        (State.ACCEPTED, Status.WON, "19", 1),
        (State.VOID, Status.VOID, "10", 2),
    ]
    assert second.revision > first.revision


async def test_a_settlement_of_a_bet_that_was_not_taken_is_left_out(shop: Shop) -> None:
    await shop.start()
    shop.bridge.send_answer = Refused("suspended")
    refused = shop.put()
    await shop.settle_down()
    shop.bridge.results = [Result(refused, Status.WON, Decimal(19))]
    await shop.step(1)
    assert shop.bet(refused).settlement.status is Status.UNSETTLED


async def test_waiting_for_changes_ends_when_the_bridge_closes(shop: Shop) -> None:
    waiting = spawn(shop.register.changes([ACCOUNT], 0, 10, 20), "waits")
    await shop.settle_down()
    shop.register.close()
    assert await waiting == []
