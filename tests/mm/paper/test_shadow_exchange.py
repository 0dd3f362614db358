"""What fills an order that rests on paper, and what does not."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import Refused, SetupError, Unavailable
from hedgerow.core.ids import VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import OrderStatus, Side
from hedgerow.mm.paper.shadow_exchange import ShadowExchange
from hedgerow.venues.base import Fill, Instrument, NewQuote, PublicBook, PublicTrade
from hedgerow.venues.registry import venue

CONTRACT = Instrument(VenueSlug("kalshi"), "T", "M", PriceGrid.probability(10_000))
BID, ASK = 450_000, 550_000


def shadow(*, shows_books: bool = True) -> ShadowExchange:
    inner = SimpleNamespace(
        manifest=replace(venue("kalshi").manifest, shows_books=shows_books), show_books=lambda sink: None
    )
    return ShadowExchange(cast(Any, inner), SteppedClock(), cast(Any, None))


def book(bids: dict[int, int], asks: dict[int, int]) -> PublicBook:
    """Levels in whole contracts."""
    return PublicBook("T", *({p: n * MICRO for p, n in side.items()} for side in (bids, asks)))


def trade(price: int, contracts: int, taker: Side) -> PublicTrade:
    return PublicTrade("T", Micros(price), Micros(contracts * MICRO), taker)


async def resting(side: Side, contracts: int = 100, *, ahead: int = 0) -> tuple[ShadowExchange, list[int]]:
    """An order of ours behind others at its price; the contracts of each of its fills."""
    exchange, fills = shadow(), list[int]()
    exchange.on_event(lambda event: fills.append(event.size // MICRO) if isinstance(event, Fill) else None)
    exchange.public(book({BID: ahead}, {ASK: ahead}))
    price = BID if side is Side.BUY else ASK
    await exchange.place(NewQuote("ours", CONTRACT, side, Micros(price), Micros(contracts * MICRO)))
    return exchange, fills


@pytest.mark.parametrize(("side", "through", "beyond"), [(Side.BUY, 440_000, 460_000), (Side.SELL, 560_000, 540_000)])
async def test_trade_through_the_price_fills_as_much_as_was_traded(side: Side, through: int, beyond: int) -> None:
    exchange, fills = await resting(side, ahead=1_000)
    exchange.public(trade(beyond, 500, side.opposite))
    assert fills == []
    exchange.public(trade(through, 30, side.opposite))
    exchange.public(trade(through, 500, side.opposite))
    assert fills == [30, 70]


@pytest.mark.parametrize("side", list(Side))
async def test_trade_at_the_price_fills_only_what_is_left_behind_the_queue(side: Side) -> None:
    exchange, fills = await resting(side, ahead=50)
    price = BID if side is Side.BUY else ASK
    for contracts in (20, 20, 25):
        exchange.public(trade(price, contracts, side.opposite))
    assert fills == [15]
    exchange.public(trade(price, 500, side))  # by takers who met the other side
    assert fills == [15]


async def test_cancels_of_those_ahead_are_not_believed() -> None:
    exchange, fills = await resting(Side.BUY, ahead=50)
    exchange.public(book({}, {ASK: 10}))
    exchange.public(trade(BID, 50, Side.SELL))
    assert fills == []


async def test_opposite_best_that_comes_to_the_price_fills_what_is_shown_there_once() -> None:
    exchange, fills = await resting(Side.BUY)
    for asks in ({450_000: 10}, {450_000: 10}, {440_000: 5, 450_000: 10}, {460_000: 80}, {450_000: 7}):
        exchange.public(book({}, asks))
    assert fills == [10, 5, 7]


async def test_order_that_would_trade_at_once_is_refused_and_none_rests_without_a_book() -> None:
    exchange = shadow()
    quote = NewQuote("ours", CONTRACT, Side.BUY, Micros(BID), Micros(MICRO))
    with pytest.raises(Unavailable):
        await exchange.place(quote)
    exchange.public(book({}, {BID: 1}))
    with pytest.raises(Refused):
        await exchange.place(quote)
    exchange.public(PublicBook("T", None, None))
    with pytest.raises(Unavailable):
        await exchange.place(quote)
    assert await exchange.working() == []


async def test_amending_the_price_goes_to_the_end_of_the_queue_and_a_smaller_size_keeps_its_place() -> None:
    exchange, fills = await resting(Side.BUY, ahead=50)
    (order,) = exchange.resting_on("T")
    exchange.public(trade(BID, 30, Side.SELL))
    ref = exchange.ref_of(order.quote)
    await exchange.amend(ref, Side.BUY, Micros(BID), Micros(60 * MICRO), Micros(0))
    assert order.ahead == 20 * MICRO
    await exchange.amend(ref, Side.BUY, Micros(BID), Micros(80 * MICRO), Micros(0))
    assert order.ahead == 50 * MICRO
    exchange.public(trade(440_000, 100, Side.SELL))
    assert (fills, order.status) == ([80], OrderStatus.FILLED)


async def test_cancelled_order_is_filled_no_more() -> None:
    exchange, fills = await resting(Side.BUY)
    (order,) = exchange.resting_on("T")
    await exchange.cancel(exchange.ref_of(order.quote))
    exchange.public(trade(440_000, 100, Side.SELL))
    assert fills == []
    with pytest.raises(Refused):
        await exchange.cancel(exchange.ref_of(order.quote))


def test_exchange_whose_book_is_not_read_cannot_be_shadowed() -> None:
    with pytest.raises(SetupError, match="public book of kalshi"):
        shadow(shows_books=False)
