"""How a lost answer is resolved, and that nothing is ever placed twice: X30-X36."""

from __future__ import annotations

from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable
from hedgerow.core.states import OrderStatus, Side
from hedgerow.exam.cases import DisprovedError, expect, expect_same, raised
from hedgerow.exam.exchange_bench import BID, ExchangeBench, exchange_case
from hedgerow.venues.base import Idempotency, NewQuote, OrderState

SURE_AFTER_S = 75
"""By then a venue knows for sure that a request never came."""


async def _lose(bench: ExchangeBench, quote: NewQuote) -> None:
    """The order is taken, and its answer is lost."""
    bench.behave(loseResponseRate=1)
    await raised(bench.connector.place(quote), InDoubt)
    bench.behave()
    bench.expect_orders(1)


def _expect_it(bench: ExchangeBench, found: OrderState | None) -> None:
    """What was found is the one order that the venue has."""
    order = bench.order
    told = found and (found.venue_ref, found.side, found.price, found.size, found.filled)
    expect_same("what was found", told, (order.id, order.side, order.price, order.size, order.filled))


@exchange_case("X30", "find")
async def an_order_whose_answer_was_lost_is_found_by_our_reference(bench: ExchangeBench) -> None:
    quote = bench.quote()
    await _lose(bench, quote)
    found = await bench.connector.find_order(bench.connector.ref_of(quote))
    _expect_it(bench, found)
    expect_same("its status", found and found.status, OrderStatus.PLACED)


@exchange_case("X31", "find")
async def an_order_whose_answer_was_lost_is_found_when_it_was_filled(bench: ExchangeBench) -> None:
    quote = bench.quote()
    await _lose(bench, quote)
    bench.take(Side.SELL, BID)
    found = await bench.connector.find_order(bench.connector.ref_of(quote))
    _expect_it(bench, found)
    expect_same("its status", found and found.status, OrderStatus.FILLED)


@exchange_case("X32", "find")
async def another_process_finds_the_order_by_our_reference(bench: ExchangeBench) -> None:
    quote = bench.quote()
    await _lose(bench, quote)
    restarted = bench.build()
    await restarted.open(lambda event: None)
    _expect_it(bench, await restarted.find_order(restarted.ref_of(quote)))


@exchange_case("X33", "find")
async def a_reference_that_is_sent_again_makes_no_second_order(bench: ExchangeBench) -> None:
    if bench.manifest.idempotency in (Idempotency.ECHO, Idempotency.NONE):
        return  # the manifest says that the venue would take it: placement never sends twice there
    quote = bench.quote()
    await _lose(bench, quote)
    try:
        again = await bench.connector.place(quote)
    except Refused as error:
        expect_same("the reason", error.reason, Reason.DUPLICATE)
    else:
        _expect_it(bench, again)
    bench.expect_orders(1)


@exchange_case("X34", "find")
async def an_order_that_never_arrived_is_surely_gone_later_and_not_before(bench: ExchangeBench) -> None:
    quote = bench.quote()
    ref = bench.connector.ref_of(quote)
    bench.behave(down=True)
    error = await raised(bench.connector.place(quote), InDoubt, Unavailable)
    bench.behave()
    if isinstance(error, InDoubt):
        await raised(bench.connector.find_order(ref), CannotTell)
    await bench.step(SURE_AFTER_S)
    expect_same("what was found", await bench.connector.find_order(ref), None)
    bench.expect_orders(0)


@exchange_case("X35", "find")
async def an_order_that_cannot_be_asked_for_is_not_said_to_be_gone(bench: ExchangeBench) -> None:
    quote = bench.quote()
    await _lose(bench, quote)
    bench.behave(down=True)
    await raised(bench.connector.find_order(bench.connector.ref_of(quote)), Unavailable, CannotTell)
    bench.behave()
    _expect_it(bench, await bench.connector.find_order(bench.connector.ref_of(quote)))


@exchange_case("X36", "find")
async def a_cancelled_order_is_found_as_such(bench: ExchangeBench) -> None:
    placed = await bench.connector.place(bench.quote())
    await bench.connector.cancel(bench.ref(placed))
    found = await bench.connector.find_order(bench.ref(placed))
    if found is None:
        raise DisprovedError("an order that the venue took is said never to have arrived")
    expect(not found.status.is_open, f"a cancelled order is {found.status}")
