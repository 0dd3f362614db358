"""The present offer, its pace, the bookmaker away, refusals and wrong keys: B40-B47."""

from __future__ import annotations

from dataclasses import replace

from hedgerow.core.errors import InDoubt, Unavailable
from hedgerow.core.money import decimal_of
from hedgerow.exam.access import expect_wrong_keys_refused
from hedgerow.exam.bench import SECOND
from hedgerow.exam.bookmaker_bench import LEAST, MOST, OTHER_PRICE, PRICE, BookmakerBench, bookmaker_case
from hedgerow.exam.cases import DisprovedError, expect, expect_same, raised, refused
from hedgerow.venues.base import VenueContext

_TOO_OFTEN = 50


@bookmaker_case("B40", "place")
async def the_present_offer_is_the_bookmakers(bench: BookmakerBench) -> None:
    intent = bench.bet(outcome=SECOND)
    line = await bench.connector.line(intent.market_ref, intent.outcome_ref, intent.outcome)
    if line is None:
        raise DisprovedError("an open outcome is not offered")
    bench.expect_amount("the price", decimal_of(line.odds), OTHER_PRICE)
    per_usd = bench.world.currencies.get(line.currency)  # limits may be in another currency than the account
    if per_usd is None:
        raise DisprovedError(f"nobody knows what {line.currency} is worth")
    bench.expect_amount("the most, in USD", line.max_stake / per_usd, MOST)
    least = bench.manifest.minimum_stake if bench.is_exchange else LEAST
    expect_same("the least, in USD", line.min_stake / per_usd, least)


@bookmaker_case("B41", "place")
async def the_present_offer_can_be_bet_on(bench: BookmakerBench) -> None:
    intent = bench.bet()
    bench.offer(OTHER_PRICE)
    line = await bench.connector.line(intent.market_ref, intent.outcome_ref, intent.outcome)
    if line is None:
        raise DisprovedError("an open outcome is not offered")
    offered = replace(intent, market_ref=line.market_ref, outcome_ref=line.outcome_ref, odds=line.odds)
    bench.expect_it(await bench.connector.place(offered))


@bookmaker_case("B42", "place")
async def an_outcome_that_is_shut_has_no_offer(bench: BookmakerBench) -> None:
    intent = bench.bet()
    bench.offer(PRICE, is_open=False)
    expect_same("the offer", await bench.connector.line(intent.market_ref, intent.outcome_ref, intent.outcome), None)


@bookmaker_case("B43", "rate_limits")
async def offers_that_are_asked_for_too_often_are_put_off(bench: BookmakerBench) -> None:
    if bench.is_exchange:
        return  # its budgets are those of its orders, whose cases prove them
    intent = bench.bet()
    try:
        for _ in range(_TOO_OFTEN):
            await bench.connector.line(intent.market_ref, intent.outcome_ref, intent.outcome)
    except Unavailable as error:
        expect(error.retry_after_s, "it is not said when to ask again")
        wait_s = error.retry_after_s or 0.0
    else:
        raise DisprovedError(f"{_TOO_OFTEN} offers were asked for at one moment")
    await bench.step(wait_s + 0.001)
    expect(
        await bench.connector.line(intent.market_ref, intent.outcome_ref, intent.outcome), "nothing is offered later"
    )


@bookmaker_case("B44", "errors")
async def a_refusal_is_a_refusal_and_leaves_nothing(bench: BookmakerBench) -> None:
    bench.behave(rejectRate=1)
    error = await refused(bench.connector.place(bench.bet()))
    expect(error.message, "the refusal says nothing")
    bench.expect_bets(0)
    await bench.expect_money()


@bookmaker_case("B45", "errors")
async def questions_to_a_bookmaker_that_is_down_are_unavailable(bench: BookmakerBench) -> None:
    intent = bench.bet()
    bench.behave(down=True)
    await raised(bench.connector.balance(), Unavailable)
    await raised(bench.connector.settled(bench.now_ms), Unavailable)
    await raised(bench.connector.line(intent.market_ref, intent.outcome_ref, intent.outcome), Unavailable)


@bookmaker_case("B46", "place")
async def a_bet_at_a_bookmaker_that_is_down_is_never_said_to_be_refused(bench: BookmakerBench) -> None:
    intent = bench.bet()
    bench.behave(down=True)
    await raised(bench.connector.place(intent), Unavailable, InDoubt)
    bench.behave()
    bench.expect_bets(0)
    await bench.connector.place(bench.bet("next"))
    bench.expect_bets(1)


@bookmaker_case("B47", "errors")
async def wrong_keys_are_told_apart(bench: BookmakerBench) -> None:
    async def sign_in(context: VenueContext) -> None:
        connector = bench.build(context)
        await connector.open()
        await connector.balance()
        await connector.place(bench.bet("of nobody"))  # some keys are looked at where bets are placed only

    await expect_wrong_keys_refused(bench, sign_in)
    bench.expect_bets(0)
