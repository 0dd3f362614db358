"""The venue away, its limits, wrong keys and a wrong clock: X70-X77."""

from __future__ import annotations

from dataclasses import replace

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable
from hedgerow.exam.access import expect_wrong_keys_refused
from hedgerow.exam.bench import SPORT
from hedgerow.exam.cases import DisprovedError, expect, expect_same, raised
from hedgerow.exam.exchange_bench import BID, ExchangeBench, exchange_case
from hedgerow.venues.base import VenueContext

_TOO_MANY = 400
"""Orders at one moment: more than any of the venues takes."""

_OFF_S = 600


@exchange_case("X70", "errors")
async def questions_to_a_venue_that_is_down_are_unavailable(bench: ExchangeBench) -> None:
    bench.behave(down=True)
    connector = bench.connector
    await raised(connector.balance(), Unavailable)
    await raised(connector.working(), Unavailable)
    await raised(connector.fills(0), Unavailable)
    await raised(connector.listings(SPORT), Unavailable)
    await raised(connector.resolutions([bench.instrument]), Unavailable)


@exchange_case("X71", "place")
async def an_order_to_a_venue_that_is_down_is_never_said_to_be_refused(bench: ExchangeBench) -> None:
    bench.behave(down=True)
    await raised(bench.connector.place(bench.quote()), Unavailable, InDoubt)
    bench.behave()
    bench.expect_orders(0)
    await bench.connector.place(bench.quote("next"))
    bench.expect_orders(1)


@exchange_case("X72", "cancel")
async def a_cancel_at_a_venue_that_is_down_is_never_said_to_be_done(bench: ExchangeBench) -> None:
    placed = await bench.connector.place(bench.quote())
    bench.behave(down=True)
    await raised(bench.connector.cancel(bench.ref(placed)), Unavailable, InDoubt)
    bench.behave()
    bench.expect_resting(await bench.connector.working())
    expect_same("orders that rest", len(bench.resting), 1)


@exchange_case("X73", "errors")
async def wrong_keys_are_told_apart(bench: ExchangeBench) -> None:
    async def sign_in(context: VenueContext) -> None:
        connector = bench.build(context)
        await connector.open(lambda event: None)
        await connector.balance()

    await expect_wrong_keys_refused(bench, sign_in)
    bench.expect_orders(0)


@exchange_case("X74", "rate_limits")
async def too_many_orders_at_once_are_put_off_and_go_through_later(bench: ExchangeBench) -> None:
    taken = 0
    try:
        for number in range(_TOO_MANY):
            await bench.connector.place(bench.quote(f"bid {number}", size=bench.size_at(BID, 1)))
            taken += 1
    except Unavailable as error:
        expect(error.retry_after_s, "it is not said when to ask again")
        wait_s = error.retry_after_s or 0.0
    else:
        raise DisprovedError(f"{_TOO_MANY} orders went through at one moment")
    expect(taken, "not even one order went through")
    bench.expect_orders(taken)
    await bench.step(wait_s + 0.001)
    await bench.connector.place(bench.quote("later", size=bench.size_at(BID, 1)))
    bench.expect_orders(taken + 1)


@exchange_case("X75", "rate_limits")
async def what_rests_can_be_cancelled_when_no_more_orders_fit(bench: ExchangeBench) -> None:
    placed = await bench.connector.place(bench.quote())
    for number in range(_TOO_MANY):
        try:
            await bench.connector.place(bench.quote(f"bid {number}", size=bench.size_at(BID, 1)))
        except (Unavailable, Refused):
            break
    await bench.connector.cancel(bench.ref(placed))
    expect(placed.venue_ref not in {order.id for order in bench.resting}, "it rests all the same")


@exchange_case("X76", "clock_skew")
async def a_clock_that_is_late_is_made_up_for_or_told_apart(bench: ExchangeBench) -> None:
    await _with_clock_off(bench, -_OFF_S)


@exchange_case("X77", "clock_skew")
async def a_clock_that_is_early_is_made_up_for_or_told_apart(bench: ExchangeBench) -> None:
    await _with_clock_off(bench, _OFF_S)


async def _with_clock_off(bench: ExchangeBench, off_s: int) -> None:
    wrong = SteppedClock(bench.world.clock.now_ns() + off_s * NS_PER_S)
    connector = bench.build(replace(bench.context, clock=wrong))
    try:
        await connector.open(lambda event: None)
        await connector.place(bench.quote())
    except Refused as error:
        expect_same("the reason", error.reason, Reason.AUTH)
        bench.expect_orders(0)
    else:
        bench.expect_orders(1)
