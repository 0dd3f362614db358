"""Cancels, expiry, the start of the match, settlement."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from hedgerow.core.errors import Reason, Refused, Unavailable
from hedgerow.core.money import Micros
from hedgerow.core.states import OrderStatus, SettlementStatus, Side
from hedgerow.venues.base import (
    Fill,
    Instrument,
    MarketChange,
    NewQuote,
    OrderRef,
    OrderState,
)

from .scene import FIXTURE, NOW_S, SINNER, Scene, Until, listed, match, with_settings


async def test_a_cancelled_order_is_gone(
    scene: Scene, quote: Callable[..., NewQuote], until: Until, ref: Callable[[OrderState], OrderRef]
) -> None:
    placed = await scene.exchange.place(quote())
    scene.take(SINNER, Side.SELL, "0.52", "2.5")
    await scene.exchange.cancel(ref(placed))
    assert await scene.exchange.working() == []
    await until(lambda: scene.told(OrderState) and scene.told(OrderState)[-1].status is OrderStatus.CANCELLED)
    assert scene.told(OrderState)[-1].filled == 2_500_000
    known = await scene.exchange.find_order(ref(placed))
    assert known is not None
    assert (known.status, known.filled, known.size) == (OrderStatus.CANCELLED, 2_500_000, 10_000_000)
    with pytest.raises(Refused) as refused:
        await scene.exchange.cancel(ref(placed))
    assert refused.value.reason is Reason.UNKNOWN_ORDER


async def test_everything_is_cancelled(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    for number in range(3):
        await scene.exchange.place(quote(f"order-{number}"))
    await scene.exchange.cancel_all()
    assert await scene.exchange.working() == []


@with_settings()
async def test_more_orders_than_a_page_holds_are_all_working(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    for number in range(103):
        if not number % 40:
            await scene.step(2)
        await scene.exchange.place(quote(f"order-{number}", size=Micros(5_000_000)))
    assert len({state.venue_ref for state in await scene.exchange.working()}) == 103


@with_settings()
async def test_more_trades_than_a_page_holds_are_all_listed(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    await scene.exchange.place(quote())
    for _ in range(103):
        scene.take(SINNER, Side.SELL, "0.52", "0.05")
    found = await scene.exchange.fills(0)
    assert len({fill.trade_ref for fill in found}) == 103
    assert sum(fill.size for fill in found) == 5_150_000


async def test_an_order_expires(
    scene: Scene, quote: Callable[..., NewQuote], until: Until, ref: Callable[[OrderState], OrderRef]
) -> None:
    placed = await scene.exchange.place(quote(expires_at_ms=(NOW_S + 150) * 1000))
    await scene.step(149)
    assert len(await scene.exchange.working()) == 1
    await scene.step(2)
    await until(lambda: scene.told(OrderState) and not scene.told(OrderState)[-1].status.is_open)
    assert scene.told(OrderState)[-1].status is OrderStatus.EXPIRED
    known = await scene.exchange.find_order(ref(placed))
    assert known is not None
    assert known.status is OrderStatus.EXPIRED


async def test_the_book_is_emptied_when_the_match_begins(
    scene: Scene, quote: Callable[..., NewQuote], until: Until
) -> None:
    await scene.exchange.place(quote())
    scene.world.put_fixture(match(status_id=1, live=True))
    await until(lambda: scene.told(OrderState) and scene.told(OrderState)[-1].status is OrderStatus.CANCELLED)
    assert await scene.exchange.working() == []


async def test_a_taker_waits_while_the_match_runs_and_cannot_be_cancelled(
    scene: Scene, quote: Callable[..., NewQuote], until: Until, ref: Callable[[OrderState], OrderRef]
) -> None:
    scene.world.put_fixture(match(status_id=1, live=True))
    scene.rest(1, "0.5", "10")
    delayed = await scene.exchange.place(quote(post_only=False))
    assert (delayed.status, delayed.filled) == (OrderStatus.PENDING_PLACEMENT, 0)
    with pytest.raises((Refused, Unavailable)):
        await scene.exchange.cancel(ref(delayed))
    await scene.step(3)
    await until(lambda: scene.told(OrderState) and scene.told(OrderState)[-1].status is OrderStatus.FILLED)
    await until(lambda: scene.told(Fill))
    assert (scene.told(Fill)[-1].price, scene.told(Fill)[-1].is_maker) == (500_000, False)


@pytest.mark.parametrize(
    ("result", "ours", "payout"),
    [
        (SettlementStatus.WON, SettlementStatus.WON, Decimal(1)),
        (SettlementStatus.LOST, SettlementStatus.LOST, Decimal(0)),
        (SettlementStatus.VOID, SettlementStatus.VOID, Decimal("0.5")),
    ],
)
async def test_a_market_is_settled(
    result: SettlementStatus,
    ours: SettlementStatus,
    payout: Decimal,
    scene: Scene,
    quote: Callable[..., NewQuote],
    instrument: Instrument,
    until: Until,
) -> None:
    other = (await listed(scene, "Carlos Alcaraz")).instrument
    await scene.exchange.watch([instrument, other])
    await until(lambda: len(scene.told(MarketChange)) == 2)  # the snapshots' grids: both are followed now
    await scene.exchange.place(quote())
    assert await scene.exchange.resolutions([instrument, other]) == []
    scene.world.settle(FIXTURE, {121: result, 122: result.mirrored})
    await until(lambda: len([change for change in scene.told(MarketChange) if change.resolution]) == 2)
    results = {change.instrument_ref: change for change in scene.told(MarketChange) if change.resolution}
    assert (results[instrument.ref].resolution, results[instrument.ref].is_open) == (ours, False)
    assert results[other.ref].resolution is ours.mirrored
    found = {resolution.instrument_ref: resolution for resolution in await scene.exchange.resolutions([instrument])}
    assert list(found) == [instrument.ref]
    assert (found[instrument.ref].status, found[instrument.ref].payout_per_contract) == (ours, payout)
    await until(lambda: scene.told(OrderState) and scene.told(OrderState)[-1].status is OrderStatus.CANCELLED)
    assert await scene.exchange.listings("tennis") == []
    with pytest.raises(Refused) as refused:
        await scene.exchange.place(quote("late"))
    assert refused.value.reason is Reason.CLOSED
