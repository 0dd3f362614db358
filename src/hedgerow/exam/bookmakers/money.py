"""Balances, settlement and the statement, to the cent: B30-B39."""

from __future__ import annotations

from hedgerow.core.states import SettlementStatus
from hedgerow.exam.bench import SECOND
from hedgerow.exam.bookmaker_bench import BookmakerBench, bookmaker_case
from hedgerow.exam.cases import expect, expect_same
from hedgerow.venues.base import BetReport


@bookmaker_case("B30", "balance")
async def the_balance_is_the_bookmakers(bench: BookmakerBench) -> None:
    await bench.expect_money()


@bookmaker_case("B31", "balance")
async def what_open_bets_hold_is_told_as_held(bench: BookmakerBench) -> None:
    await bench.connector.place(bench.bet())
    await bench.connector.place(bench.bet("other", SECOND))
    bench.expect_bets(2)
    await bench.expect_money()


@bookmaker_case("B32", "settlement")
async def a_bet_that_is_open_is_not_in_the_statement(bench: BookmakerBench) -> None:
    await bench.connector.place(bench.bet())
    expect_same("settled bets", await bench.connector.settled(bench.now_ms), [])


@bookmaker_case("B33", "settlement")
async def a_bet_that_won_is_paid(bench: BookmakerBench) -> None:
    await _settle(bench, SettlementStatus.WON)


@bookmaker_case("B34", "settlement")
async def a_bet_that_lost_is_not(bench: BookmakerBench) -> None:
    await _settle(bench, SettlementStatus.LOST)


@bookmaker_case("B35", "settlement")
async def a_void_bet_gives_the_stake_back(bench: BookmakerBench) -> None:
    await _settle(bench, SettlementStatus.VOID)


@bookmaker_case("B36", "settlement")
async def a_corrected_result_replaces_the_first(bench: BookmakerBench) -> None:
    await bench.connector.place(bench.bet())
    bench.settle(SettlementStatus.WON)
    await bench.step(60)
    bench.settle(SettlementStatus.LOST)
    _expect_statement(bench, await bench.connector.settled(bench.now_ms - 1_000))
    await bench.expect_money()


@bookmaker_case("B37", "settlement")
async def the_statement_has_every_bet_that_was_settled(bench: BookmakerBench) -> None:
    since_ms = bench.now_ms
    for number in range(4):
        await bench.connector.place(bench.bet(f"bet {number}"))
        await bench.step(1)
    await bench.connector.place(bench.bet("other", SECOND))
    bench.settle(SettlementStatus.WON)
    _expect_statement(bench, await bench.connector.settled(since_ms))
    await bench.expect_money()


@bookmaker_case("B38", "settlement")
async def another_process_reads_the_same_statement(bench: BookmakerBench) -> None:
    since_ms = bench.now_ms
    reports = [await bench.connector.place(bench.bet()), await bench.connector.place(bench.bet("other", SECOND))]
    bench.settle(SettlementStatus.WON)
    restarted = bench.build()
    await restarted.open()
    told = {report.bet_ref: (report.settlement, report.payout) for report in await restarted.settled(since_ms)}
    true = {bet.id: (bet.settlement, bet.payout) for bet in bench.truth}
    expect_same("the statement", told, true)
    expect_same("the bookmaker's references", {report.bet_ref for report in reports}, set(true))


@bookmaker_case("B39", "settlement")
async def a_settled_bet_is_found_with_its_result(bench: BookmakerBench) -> None:
    intent = bench.bet()
    report = await bench.connector.place(intent)
    bench.settle(SettlementStatus.WON)
    found = await bench.connector.find(bench.ref(intent, report))
    bet = bench.wager
    told = found and (found.settlement, found.payout)
    expect_same("result and payout", told, (bet.settlement, bet.payout))


async def _settle(bench: BookmakerBench, result: SettlementStatus) -> None:
    since_ms = bench.now_ms
    await bench.connector.place(bench.bet())
    await bench.step(1)
    bench.settle(result)
    statement = await bench.connector.settled(since_ms)
    _expect_statement(bench, statement)
    expect_same("the result", statement[-1].settlement, result)
    await bench.expect_money()


def _expect_statement(bench: BookmakerBench, reports: list[BetReport]) -> None:
    """The last word on each bet is what the venue's books say."""
    expect(all(report.bet_ref for report in reports), "a settled bet has no reference of the bookmaker's")
    told = {report.bet_ref: (report.reference, report.settlement, report.payout) for report in reports}
    expect_same("the statement", told, {bet.id: (bet.reference, bet.settlement, bet.payout) for bet in bench.truth})
