"""What rests, and how it ends: X20-X28, X69."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from hedgerow.core.errors import Reason, Unavailable
from hedgerow.core.money import MICRO
from hedgerow.core.states import OrderStatus, Side
from hedgerow.exam.bench import spoiled
from hedgerow.exam.cases import expect, expect_same, refused
from hedgerow.exam.exchange_bench import ASK, BID, ExchangeBench, exchange_case, is_told, newest
from hedgerow.venues.base import CancelsMany, OrderState

_MANY = 120
"""More orders than a page of any venue's list that is short."""


# --- the list of what rests --------------------------------------------------------------------------------------


@exchange_case("X20", "working")
async def the_list_of_what_rests_is_the_exchanges(bench: ExchangeBench) -> None:
    for number in range(3):
        await bench.connector.place(bench.quote(f"bid {number}", price=bench.below(number)))
    bench.take(Side.SELL, BID, 3 * MICRO)
    bench.expect_resting(await bench.connector.working())


@exchange_case("X21", "working")
async def another_process_lists_what_rests_too(bench: ExchangeBench) -> None:
    for number in range(3):
        await bench.connector.place(bench.quote(f"bid {number}", price=bench.below(number)))
    bench.take(Side.SELL, BID, 3 * MICRO)
    restarted = bench.build()
    await restarted.open(lambda event: None)
    bench.expect_resting(await restarted.working())


@exchange_case("X22", "working")
async def more_orders_than_a_page_holds_are_all_listed(bench: ExchangeBench) -> None:
    smallest = bench.size_at(BID, MICRO)
    for number in range(_MANY):
        quote = bench.quote(f"bid {number}", size=smallest)
        try:
            await bench.connector.place(quote)
        except Unavailable as full:  # the venue's pace is kept, and the world waits for it
            await bench.step(full.retry_after_s or 1)
            await bench.connector.place(quote)
    expect_same("orders that rest", len(bench.resting), _MANY)
    bench.expect_resting(await bench.connector.working())


# --- cancelling --------------------------------------------------------------------------------------------------


@exchange_case("X23", "cancel")
async def a_cancelled_order_rests_no_more_and_its_end_is_told(bench: ExchangeBench) -> None:
    placed = await bench.connector.place(bench.quote())
    kept = await bench.connector.place(bench.quote("kept", price=bench.below()))
    await bench.connector.cancel(bench.ref(placed))
    expect_same("what rests", [order.id for order in bench.resting], [kept.venue_ref])
    bench.expect_resting(await bench.connector.working())
    await bench.until(is_told(bench, placed, OrderStatus.CANCELLED), "the cancel is told")


@exchange_case("X24", "cancel")
async def a_cancelled_order_keeps_what_was_filled(bench: ExchangeBench) -> None:
    placed = await bench.connector.place(bench.quote())
    bench.take(Side.SELL, BID, 3 * MICRO)
    answer = await bench.connector.cancel(bench.ref(placed))
    expect(answer is None or answer.filled == bench.order.filled, f"the answer says {answer}")
    await bench.until(is_told(bench, placed, OrderStatus.CANCELLED), "the cancel is told")
    last = newest(bench.told(OrderState), placed)
    expect_same("what was filled", last and last.filled, bench.order.filled)
    bench.expect_fills(await bench.connector.fills(0))


@exchange_case("X25", "cancel")
async def a_second_cancel_is_refused_as_unknown(bench: ExchangeBench) -> None:
    placed = await bench.connector.place(bench.quote())
    await bench.connector.cancel(bench.ref(placed))
    await refused(bench.connector.cancel(bench.ref(placed)), Reason.UNKNOWN_ORDER)


@exchange_case("X26", "cancel")
async def a_filled_order_is_refused_as_unknown(bench: ExchangeBench) -> None:
    placed = await bench.connector.place(bench.quote())
    bench.take(Side.SELL, BID)
    await refused(bench.connector.cancel(bench.ref(placed)), Reason.UNKNOWN_ORDER)


@exchange_case("X27", "cancel")
async def an_order_that_never_was_is_refused_as_unknown(bench: ExchangeBench) -> None:
    placed = await bench.connector.place(bench.quote())
    stranger = replace(bench.ref(placed), client_ref=None, venue_ref=spoiled(placed.venue_ref))
    await refused(bench.connector.cancel(stranger), Reason.UNKNOWN_ORDER)
    expect_same("what rests", [order.id for order in bench.resting], [placed.venue_ref])


@exchange_case("X69", "cancel")
async def many_cancels_are_answered_for_each_order_as_one_would_be(bench: ExchangeBench) -> None:
    """Where the manifest says that one request cancels many."""
    if bench.manifest.cancel_limit == 1:
        return
    placed = [await bench.connector.place(bench.quote(f"bid {n}", price=BID - n * 10_000)) for n in range(4)]
    bench.take(Side.SELL, BID)
    stranger = replace(bench.ref(placed[0]), client_ref=None, venue_ref=spoiled(placed[0].venue_ref))
    refs = [bench.ref(placed[1]), bench.ref(placed[0]), stranger, bench.ref(placed[2])]
    first, filled, unknown, last = cast(CancelsMany, bench.connector).cancel_many(refs)
    await refused(unknown, Reason.UNKNOWN_ORDER)  # awaited in another order than sent
    await first
    await refused(filled, Reason.UNKNOWN_ORDER)
    await last
    expect_same("what rests", [order.id for order in bench.resting], [placed[3].venue_ref])
    bench.expect_resting(await bench.connector.working())


@exchange_case("X28", "cancel_all")
async def everything_is_cancelled_and_the_list_says_so(bench: ExchangeBench) -> None:
    await bench.hold()
    for number in range(3):
        await bench.connector.place(bench.quote(f"bid {number}", price=bench.below(number)))
    await bench.connector.place(bench.quote("ask", Side.SELL, ASK))
    expect_same("orders that rest", len(bench.resting), 4)
    await bench.connector.cancel_all()

    async def is_empty() -> bool:
        return not await bench.connector.working()

    await bench.until_asked(is_empty, "nothing is listed as resting")
    expect_same("what rests", bench.resting, [])
