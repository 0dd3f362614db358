"""What is listed, and what becomes of orders that are placed: X01-X19."""

from __future__ import annotations

from dataclasses import replace

from hedgerow.core.errors import Reason, Refused
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import OrderStatus, SettlementStatus, Side
from hedgerow.exam.bench import FIRST, OTHER_SPORT, PARTICIPANTS, SPORT, STARTS_S, spoiled
from hedgerow.exam.cases import expect, expect_same, refused
from hedgerow.exam.exchange_bench import ASK, BID, ExchangeBench, exchange_case, is_told
from hedgerow.venues.base import Fill

# --- listings ----------------------------------------------------------------------------------------------------


@exchange_case("X01", "listings")
async def a_match_is_listed_with_participants_start_and_market(bench: ExchangeBench) -> None:
    listing = await bench.listing()
    expect_same("start", listing.starts_at_ms, STARTS_S * 1000)
    expect_same("market", (listing.sport, listing.market_type), (SPORT, "moneyline"))
    expect_same("the opposite", listing.opposite, PARTICIPANTS[1])
    expect(listing.is_open, "the match is listed as closed")
    others = await bench.connector.listings(OTHER_SPORT)
    expect(not any(PARTICIPANTS[0] in other.participants for other in others), f"it is listed as {OTHER_SPORT} too")


@exchange_case("X02", "listings")
async def the_grid_and_lot_are_the_exchanges(bench: ExchangeBench) -> None:
    contract, _ = bench.engine.contracts_on(FIRST)[0]
    grid = bench.instrument.grid
    expect_same("the prices", (list(grid), isinstance(grid, PriceGrid)), (list(contract.grid), True))
    expect(bench.instrument.lot % contract.lot == 0, f"lot {bench.instrument.lot} is finer than {contract.lot}")
    expect(bench.instrument.min_size >= contract.min_size, "the smallest size is below the exchange's")


@exchange_case("X03", "listings")
async def a_match_that_is_over_is_no_longer_listed_as_open(bench: ExchangeBench) -> None:
    bench.settle(SettlementStatus.WON)
    listings = await bench.connector.listings(SPORT)
    expect(not any(listing.is_open for listing in listings), "a decided contract is listed as open")


# --- placing -----------------------------------------------------------------------------------------------------


@exchange_case("X04", "place")
async def an_order_rests_once_as_it_was_asked_for(bench: ExchangeBench) -> None:
    quote = bench.quote()
    placed = await bench.connector.place(quote)
    order = bench.order
    expect_same("what rests", bench.resting, [order])
    expect_same("the order", (order.side, order.price, order.size), (quote.side, quote.price, quote.size))
    expect_same("the answer", (placed.venue_ref, placed.status), (order.id, OrderStatus.PLACED))
    await bench.until(is_told(bench, placed, OrderStatus.PLACED), "the stream tells the order")


@exchange_case("X05", "place")
async def a_sale_rests_and_fills_in_the_contracts_own_terms(bench: ExchangeBench) -> None:
    await bench.hold()
    sold = await bench.connector.place(bench.quote("sale", Side.SELL))
    bench.take(Side.BUY, ASK)
    await bench.until(is_told(bench, sold, OrderStatus.FILLED), "the sale is filled")
    await bench.until(lambda: len(bench.told(Fill)) >= 2, "both fills are told")
    bench.expect_fills(bench.told(Fill))


@exchange_case("X06", "place")
async def an_order_that_meets_another_is_filled_at_that_ones_price(bench: ExchangeBench) -> None:
    bench.stand(Side.SELL, BID)
    placed = await bench.connector.place(bench.quote(price=ASK, post_only=False))
    await bench.until(lambda: bench.told(Fill), "the fill is told")
    expect(placed.filled or placed.status.is_open, "the answer is neither filled nor open")
    expect_same("price and role", [(fill.price, fill.is_maker) for fill in bench.told(Fill)[:1]], [(BID, False)])
    bench.expect_fills(bench.told(Fill))


@exchange_case("X07", "place")
async def a_post_only_order_that_would_trade_is_refused_for_its_price(bench: ExchangeBench) -> None:
    bench.stand(Side.SELL, BID)
    await refused(bench.connector.place(bench.quote(price=BID)), Reason.PRICE)
    expect(not bench.resting, "it rests all the same")
    expect(not any(order.fills for order in bench.truth), "it has traded")


@exchange_case("X08", "place")
async def a_price_off_the_grid_is_refused(bench: ExchangeBench) -> None:
    between = BID + bench.instrument.grid.tick // 2
    await refused(bench.connector.place(bench.quote(price=between)), Reason.PRICE, Reason.INVALID)
    bench.expect_orders(0)


@exchange_case("X09", "place")
async def a_size_below_the_smallest_is_refused(bench: ExchangeBench) -> None:
    small = min(bench.instrument.min_size - 1, bench.instrument.lot // 2)
    await refused(bench.connector.place(bench.quote(size=Micros(small))), Reason.LIMIT, Reason.INVALID)
    bench.expect_orders(0)


@exchange_case("X10", "place")
async def a_contract_that_does_not_exist_is_refused(bench: ExchangeBench) -> None:
    stranger = replace(bench.instrument, ref=spoiled(bench.instrument.ref))
    await refused(bench.connector.place(bench.quote(instrument=stranger)), Reason.CLOSED, Reason.INVALID)
    bench.expect_orders(0)


@exchange_case("X11", "place")
async def a_closed_contract_is_refused_as_closed(bench: ExchangeBench) -> None:
    bench.settle(SettlementStatus.WON)
    await refused(bench.connector.place(bench.quote()), Reason.CLOSED)
    bench.expect_orders(0)


@exchange_case("X12", "place")
async def more_than_the_account_has_is_refused_for_its_funds(bench: ExchangeBench) -> None:
    await refused(bench.connector.place(bench.quote(size=Micros(100_000 * MICRO))), Reason.FUNDS)
    bench.expect_orders(0)


@exchange_case("X13", "place")
async def what_is_not_held_is_sold_only_where_the_manifest_says_so(bench: ExchangeBench) -> None:
    sale = bench.connector.place(bench.quote(side=Side.SELL))
    if bench.manifest.sells_without_holding:
        await sale
        bench.expect_orders(1)
    else:
        await refused(sale, Reason.FUNDS)
        bench.expect_orders(0)


@exchange_case("X14", "place")
async def an_order_ends_when_it_expires(bench: ExchangeBench) -> None:
    placed = await bench.connector.place(bench.quote(expires_at_ms=bench.now_ms + 180_000))
    await bench.step(170)
    bench.expect_resting(await bench.connector.working())
    expect_same("orders that rest", len(bench.resting), 1)
    await bench.step(15)
    expect_same("orders that rest", len(bench.resting), 0)
    await bench.until(is_told(bench, placed, OrderStatus.EXPIRED, OrderStatus.CANCELLED), "the end is told")


@exchange_case("X15", "place")
async def a_late_answer_is_an_answer(bench: ExchangeBench) -> None:
    bench.behave(latencyMs=2_000)
    placed = await bench.later(bench.connector.place(bench.quote()))
    bench.behave()
    expect_same("the answer", (placed.venue_ref, placed.status), (bench.order.id, OrderStatus.PLACED))


@exchange_case("X16", "place")
async def an_order_that_is_taken_with_a_delay_is_not_lost(bench: ExchangeBench) -> None:
    bench.behave(acceptDelayMs=3_000)
    placed = await bench.connector.place(bench.quote())
    expect(placed.status.is_open, f"a delayed order is {placed.status}")
    await bench.step(4)
    bench.expect_resting(await bench.connector.working())
    bench.expect_orders(1)


# --- errors ------------------------------------------------------------------------------------------------------


@exchange_case("X17", "errors")
async def a_refusal_is_a_refusal_and_leaves_nothing(bench: ExchangeBench) -> None:
    bench.behave(rejectRate=1)
    error = await refused(bench.connector.place(bench.quote()))
    expect(isinstance(error, Refused) and error.message, "the refusal says nothing")
    bench.behave()
    expect_same("working orders", await bench.connector.working(), [])
    bench.expect_orders(0)


# --- amending ----------------------------------------------------------------------------------------------------


@exchange_case("X18", "amend")
async def an_amended_order_moves_and_keeps_its_name(bench: ExchangeBench) -> None:
    quote = bench.quote()
    placed = await bench.connector.place(quote)
    lower, larger = Micros(bench.below(2)), Micros(quote.size + 2 * MICRO)
    amended = await bench.connector.amend(bench.ref(placed), quote.side, lower, larger, Micros(0))
    order = bench.order
    expect_same("the moved order", (amended.price, amended.size), (order.price, order.size))
    expect_same("price and size", (order.price, order.size), (lower, larger))
    bench.expect_resting(await bench.connector.working())
    found = await bench.connector.find_order(bench.ref(amended))
    expect_same("its reference", found and found.client_ref, quote.client_ref)


@exchange_case("X19", "amend")
async def an_amend_to_another_size_is_right_about_a_fill_that_was_not_heard_of(bench: ExchangeBench) -> None:
    quote = bench.quote()
    placed = await bench.connector.place(quote)
    bench.take(Side.SELL, BID, 2 * MICRO)
    larger = Micros(quote.size + 2 * MICRO)
    amended = await bench.connector.amend(bench.ref(placed), quote.side, Micros(bench.below(2)), larger, Micros(0))
    order = bench.order
    expect_same("size and what is filled", (amended.size, amended.filled), (order.size, order.filled))
