"""Orders whose answer was lost at the simulated Polymarket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from hedgerow.core.errors import CannotTell, InDoubt, Unavailable
from hedgerow.core.states import OrderStatus, Side
from hedgerow.venues.base import (
    Instrument,
    NewQuote,
    OrderRef,
    OrderState,
)
from hedgerow.venues.registry import build_exchange

from .scene import SINNER, Scene


async def test_an_order_whose_answer_was_lost_is_found(
    scene: Scene, quote: Callable[..., NewQuote], instrument: Instrument
) -> None:
    scene.behave(loseResponseRate=1.0)
    with pytest.raises(InDoubt):
        await scene.exchange.place(quote())
    found = await scene.exchange.find_order(scene.exchange.ref_of(quote()))
    assert found is not None
    assert (found.status, found.size, found.instrument_ref) == (OrderStatus.PLACED, 10_000_000, instrument.ref)
    assert found.client_ref == quote().client_ref


async def test_an_order_whose_answer_was_lost_is_found_when_it_has_traded(
    scene: Scene, quote: Callable[..., NewQuote]
) -> None:
    scene.behave(loseResponseRate=1.0)
    with pytest.raises(InDoubt):
        await scene.exchange.place(quote())
    scene.take(SINNER, Side.SELL, "0.52", "10")
    found = await scene.exchange.find_order(scene.exchange.ref_of(quote()))
    assert found is not None
    assert (found.status, found.filled, found.size) == (OrderStatus.FILLED, 10_000_000, 10_000_000)


async def test_another_process_finds_the_order_by_its_reference(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    scene.behave(loseResponseRate=1.0)
    with pytest.raises(InDoubt):
        await scene.exchange.place(quote())
    scene.behave()
    restarted = build_exchange("polymarket", scene.context)
    await restarted.open(lambda event: None)
    ref = restarted.ref_of(quote())
    found = await restarted.find_order(ref)
    assert found is not None
    assert (found.status, found.venue_ref) == (OrderStatus.PLACED, ref.venue_ref)
    (resting,) = await restarted.working()
    assert (resting.venue_ref, resting.client_ref) == (ref.venue_ref, None)
    scene.take(SINNER, Side.SELL, "0.52", "10")
    traded = await restarted.find_order(ref)
    assert traded is not None
    assert (traded.status, traded.filled) == (OrderStatus.FILLED, 10_000_000)
    await restarted.close()


async def test_an_order_that_never_arrived_is_surely_gone_after_a_minute(
    scene: Scene, quote: Callable[..., NewQuote]
) -> None:
    scene.behave(down=True)
    with pytest.raises((InDoubt, Unavailable)):
        await scene.exchange.place(quote())
    scene.behave()
    ref = scene.exchange.ref_of(quote())
    with pytest.raises(CannotTell):
        await scene.exchange.find_order(ref)
    await scene.step(65)
    assert await scene.exchange.find_order(ref) is None


async def test_order_that_had_arrived_and_is_gone_has_ended_for_another_process_too(
    scene: Scene, quote: Callable[..., NewQuote], ref: Callable[[OrderState], OrderRef]
) -> None:
    placed = await scene.exchange.place(quote())
    await scene.exchange.cancel(ref(placed))
    restarted = build_exchange("polymarket", scene.context)
    await restarted.open(lambda event: None)
    gone = replace(restarted.ref_of(quote()), has_arrived=True)
    with pytest.raises(CannotTell, match="trades may not be listed yet"):
        await restarted.find_order(gone)
    await scene.step(6)
    assert await restarted.find_order(gone) is None
    with pytest.raises(CannotTell, match="may still arrive"):
        await restarted.find_order(replace(gone, has_arrived=False))
    await restarted.close()
