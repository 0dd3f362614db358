"""How a lost answer is resolved, and that nothing is ever bet twice: B20-B27."""

from __future__ import annotations

from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable
from hedgerow.core.states import BetStatus
from hedgerow.exam.bookmaker_bench import PRICE, SURE_AFTER_S, BookmakerBench, bookmaker_case
from hedgerow.exam.cases import expect, expect_same, raised
from hedgerow.venues.base import BetIntent, Idempotency


@bookmaker_case("B20", "find")
async def a_bet_whose_answer_was_lost_is_found_by_our_reference(bench: BookmakerBench) -> None:
    intent = bench.bet()
    await _lose(bench, intent)
    found = await bench.connector.find(bench.ref(intent))
    bench.expect_it(found)
    expect_same("its status", found and found.status, BetStatus.CONFIRMED)


@bookmaker_case("B21", "find")
async def another_process_finds_the_bet_by_our_reference(bench: BookmakerBench) -> None:
    intent = bench.bet()
    await _lose(bench, intent)
    restarted = bench.build()
    await restarted.open()
    if bench.manifest.idempotency is Idempotency.NONE:  # only who sent it knows what it looks like
        await raised(restarted.find(bench.ref(intent)), CannotTell)
        await bench.step(SURE_AFTER_S)
        await raised(restarted.find(bench.ref(intent)), CannotTell)
        return
    bench.expect_it(await restarted.find(bench.ref(intent)))


@bookmaker_case("B22", "find")
async def a_reference_that_is_sent_again_makes_no_second_bet(bench: BookmakerBench) -> None:
    if bench.manifest.idempotency in (Idempotency.ECHO, Idempotency.NONE):
        return  # the manifest says that the venue would take it: placement never sends twice there
    intent = bench.bet()
    await _lose(bench, intent)
    try:
        again = await bench.connector.place(intent)
    except Refused as error:
        expect_same("the reason", error.reason, Reason.DUPLICATE)
    else:
        bench.expect_it(again)
    bench.expect_bets(1)


@bookmaker_case("B23", "find")
async def a_bet_that_never_arrived_is_surely_gone_later_and_not_before(bench: BookmakerBench) -> None:
    await bench.connector.place(bench.bet("first"))  # what a connector reads before its first bet is read
    intent = bench.bet()
    ref = bench.ref(intent)
    bench.behave(down=True)
    error = await raised(bench.connector.place(intent), InDoubt, Unavailable)
    bench.behave()
    if isinstance(error, InDoubt) and bench.manifest.idempotency is not Idempotency.FENCED:
        await raised(bench.connector.find(ref), CannotTell)
    await bench.step(SURE_AFTER_S)
    expect_same("what was found", await bench.connector.find(ref), None)
    bench.expect_bets(1)


@bookmaker_case("B24", "find")
async def a_bet_that_cannot_be_asked_for_is_not_said_to_be_gone(bench: BookmakerBench) -> None:
    intent = bench.bet()
    await _lose(bench, intent)
    bench.behave(down=True)
    await raised(bench.connector.find(bench.ref(intent)), Unavailable, CannotTell)
    bench.behave()
    bench.expect_it(await bench.connector.find(bench.ref(intent)))


@bookmaker_case("B25", "find")
async def a_lost_bet_that_waits_is_found_while_it_waits_and_after(bench: BookmakerBench) -> None:
    intent = bench.bet()
    bench.behave(acceptDelayMs=6_000, loseResponseRate=1)
    await raised(bench.connector.place(intent), InDoubt)
    ref = bench.ref(intent)
    waiting = await bench.connector.find(ref)
    expect_same("while it waits", waiting and waiting.status, BetStatus.PLACED)
    await bench.step(7)
    found = await bench.connector.find(ref)
    bench.expect_it(found)
    expect_same("in the end", found and found.status, BetStatus.CONFIRMED)


@bookmaker_case("B26", "find")
async def a_refused_bet_is_not_found_as_taken(bench: BookmakerBench) -> None:
    intent = bench.bet()
    ref = bench.ref(intent)
    bench.offer(PRICE, is_open=False)
    await raised(bench.connector.place(intent), Refused)
    await bench.step(SURE_AFTER_S)
    found = await bench.connector.find(ref)
    expect(found is None or not found.status.holds_stake, f"a refused bet is found as {found and found.status}")


@bookmaker_case("B27", "find")
async def a_reference_that_is_surely_gone_is_not_taken_later(bench: BookmakerBench) -> None:
    if bench.manifest.idempotency is not Idempotency.FENCED:
        return  # there the time that has passed is the proof, not the venue's word
    intent = bench.bet()
    expect_same("what was found", await bench.connector.find(bench.ref(intent)), None)
    await raised(bench.connector.place(intent), Refused)
    bench.expect_bets(0)


async def _lose(bench: BookmakerBench, intent: BetIntent) -> None:
    """The bet is taken, and its answer is lost."""
    bench.behave(loseResponseRate=1)
    await raised(bench.connector.place(intent), InDoubt)
    bench.behave()
    bench.expect_bets(1)
