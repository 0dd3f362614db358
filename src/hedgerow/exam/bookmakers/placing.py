"""Bets that are taken, and bets that are not: B01-B17."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hedgerow.core.errors import CannotTell, Reason
from hedgerow.core.ids import OutcomeKey
from hedgerow.core.money import decimal_of
from hedgerow.core.states import BetStatus, SettlementStatus
from hedgerow.exam.bench import FIRST, SECOND, spoiled
from hedgerow.exam.bookmaker_bench import (
    LEAST,
    MOST,
    OTHER_PRICE,
    PRICE,
    STAKE,
    SURE_AFTER_S,
    BookmakerBench,
    bookmaker_case,
    odds_of,
)
from hedgerow.exam.cases import expect, expect_same, refused

BETTER, WORSE = Decimal("1.85"), Decimal("1.65")


# --- taken -------------------------------------------------------------------------------------------------------


@bookmaker_case("B01", "place")
async def a_bet_is_taken_once_at_its_price_and_stake(bench: BookmakerBench) -> None:
    await _is_taken(bench, FIRST, PRICE)


@bookmaker_case("B02", "place")
async def a_bet_on_the_other_side_is_on_the_other_side(bench: BookmakerBench) -> None:
    await _is_taken(bench, SECOND, OTHER_PRICE)


@bookmaker_case("B03", "place")
async def a_better_price_is_taken_when_it_is_wanted(bench: BookmakerBench) -> None:
    intent = bench.bet(accept_better=True)
    bench.offer(BETTER)
    report = await bench.connector.place(intent)
    bench.expect_it(report)
    bench.expect_amount("the odds", None if report.odds is None else decimal_of(report.odds), BETTER)


@bookmaker_case("B04", "place")
async def a_stake_is_cut_to_the_limit_when_that_is_wanted(bench: BookmakerBench) -> None:
    report = await bench.connector.place(bench.bet(stake=MOST * 2, accept_partial=True))
    bench.expect_it(report)
    bench.expect_amount("the stake", report.stake, MOST)


@bookmaker_case("B05", "place")
async def a_late_answer_is_an_answer(bench: BookmakerBench) -> None:
    intent = bench.bet()
    bench.behave(latencyMs=2_000)
    report = await bench.later(bench.connector.place(intent))
    bench.behave()
    bench.expect_it(report)
    expect_same("its status", report.status, BetStatus.CONFIRMED)


@bookmaker_case("B06", "place")
async def a_bet_that_waits_is_placed_and_then_confirmed(bench: BookmakerBench) -> None:
    intent = bench.bet()
    bench.behave(acceptDelayMs=6_000)
    report = await bench.connector.place(intent)
    expect_same("while it waits", report.status, BetStatus.PLACED)
    await bench.expect_money()
    await bench.step(7)
    found = await bench.connector.find(bench.ref(intent, report))
    bench.expect_it(found)
    expect_same("in the end", found and found.status, BetStatus.CONFIRMED)
    bench.expect_bets(1)


@bookmaker_case("B07", "place")
async def a_bet_that_waits_and_is_declined_is_rejected(bench: BookmakerBench) -> None:
    intent = bench.bet()
    bench.behave(acceptDelayMs=6_000)
    report = await bench.connector.place(intent)
    bench.offer(PRICE, is_open=False)
    await bench.step(7)
    try:
        found = await bench.connector.find(bench.ref(intent, report))
    except CannotTell:  # where a declined order leaves no trace, only time tells
        await bench.step(SURE_AFTER_S)
        found = await bench.connector.find(bench.ref(intent, report))
    else:
        expect_same("in the end", found and found.status, BetStatus.REJECTED)
    expect(found is None or found.status is BetStatus.REJECTED, "a declined bet is told as another")
    await bench.expect_money()


# --- not taken ---------------------------------------------------------------------------------------------------


@bookmaker_case("B08", "place")
async def a_price_that_fell_is_refused_for_the_price(bench: BookmakerBench) -> None:
    intent = bench.bet()
    bench.offer(WORSE)
    await refused(bench.connector.place(intent), Reason.PRICE)
    bench.expect_bets(0)


@bookmaker_case("B09", "place")
async def a_stake_above_the_limit_is_refused_for_the_limit(bench: BookmakerBench) -> None:
    await refused(bench.connector.place(bench.bet(stake=MOST * 2)), Reason.LIMIT)
    bench.expect_bets(0)


@bookmaker_case("B10", "place")
async def a_stake_below_the_smallest_is_refused_for_the_limit(bench: BookmakerBench) -> None:
    stake = Decimal("0.01") if bench.is_exchange else LEAST - 1  # there the smallest is a contract's, not the script's
    await refused(bench.connector.place(bench.bet(stake=stake)), Reason.LIMIT)
    bench.expect_bets(0)


@bookmaker_case("B11", "place")
async def more_than_the_account_has_is_refused_for_its_funds(bench: BookmakerBench) -> None:
    bench.offer(PRICE, most=Decimal(1_000_000))
    await refused(bench.connector.place(bench.bet(stake=Decimal(100_000))), Reason.FUNDS)
    bench.expect_bets(0)


@bookmaker_case("B12", "place")
async def an_outcome_that_is_shut_is_refused(bench: BookmakerBench) -> None:
    intent = bench.bet()
    bench.offer(PRICE, is_open=False)
    await refused(bench.connector.place(intent), Reason.PRICE, Reason.CLOSED)
    bench.expect_bets(0)


@bookmaker_case("B13", "place")
async def a_match_that_is_over_is_refused_as_closed(bench: BookmakerBench) -> None:
    intent = bench.bet()
    bench.settle(SettlementStatus.WON)
    await refused(bench.connector.place(intent), Reason.CLOSED)
    bench.expect_bets(0)


@bookmaker_case("B14", "place")
async def a_reference_that_is_not_understood_is_refused_unsent(bench: BookmakerBench) -> None:
    intent = bench.bet()
    markets = (replace(intent, market_ref=text) for text in ("", "?", f"{intent.market_ref}/"))
    outcomes = (replace(intent, outcome_ref=text) for text in ("", "?", f"{intent.outcome_ref}/"))
    for wrong in outcomes if bench.is_exchange else (*markets, *outcomes):  # a contract's name says its market
        await refused(bench.connector.place(wrong), Reason.INVALID)
    bench.expect_bets(0)


@bookmaker_case("B15", "place")
async def a_market_that_does_not_exist_is_refused(bench: BookmakerBench) -> None:
    intent = bench.bet()
    if bench.is_exchange:
        stranger = replace(intent, outcome_ref=spoiled(intent.outcome_ref))
    else:
        stranger = replace(intent, market_ref=spoiled(intent.market_ref))
    await refused(bench.connector.place(stranger), Reason.CLOSED, Reason.PRICE, Reason.INVALID)
    bench.expect_bets(0)


@bookmaker_case("B16", "place")
async def a_stake_in_another_currency_is_refused_unsent(bench: BookmakerBench) -> None:
    await refused(bench.connector.place(bench.bet(currency="JPY")), Reason.INVALID)
    bench.expect_bets(0)


@bookmaker_case("B17", "place")
async def a_lay_bet_is_taken_only_where_the_manifest_says_so(bench: BookmakerBench) -> None:
    intent = bench.bet(is_back=False, odds=odds_of(Decimal(3)))
    if not bench.connector.manifest.lays:
        await refused(bench.connector.place(intent), Reason.INVALID)
        bench.expect_bets(0)
        return
    report = await bench.connector.place(intent)
    bet = bench.wager
    expect_same("what was bought", (bet.id, bet.outcome, bet.stake), (report.bet_ref, SECOND, report.at_risk))
    expect(report.odds and report.odds <= intent.odds, f"laid at {report.odds}, where {intent.odds} was the most")
    expect(report.stake and report.stake <= intent.stake, f"{report.stake} was laid of {intent.stake}")


async def _is_taken(bench: BookmakerBench, outcome: OutcomeKey, price: Decimal) -> None:
    intent = bench.bet(outcome=outcome)
    report = await bench.connector.place(intent)
    bench.expect_it(report)
    bet = bench.wager
    expect_same("the bet in the books", (bet.reference, bet.outcome), (intent.reference, outcome))
    bench.expect_amount("its price in the books", decimal_of(bet.odds), price)
    bench.expect_amount("its stake in the books", bet.stake, STAKE)
    expect_same("its status", report.status, BetStatus.CONFIRMED)
    expect(report.bet_ref, "a confirmed bet has no reference of the bookmaker's")
