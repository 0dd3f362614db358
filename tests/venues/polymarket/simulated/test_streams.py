"""The streams and the dead-man's switch of the simulated Polymarket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.states import OrderStatus, Side
from hedgerow.sim.dialects.polymarket.heartbeats import WrongBeat
from hedgerow.venues.base import (
    Fill,
    Instrument,
    MarketChange,
    NewQuote,
    OrderState,
)
from hedgerow.venues.registry import build_exchange

from .scene import ACCOUNT, NOW_S, SINNER, Scene, Until, with_settings


async def test_a_new_grid_is_told(scene: Scene, instrument: Instrument, until: Until) -> None:
    await scene.exchange.watch([instrument])
    await until(lambda: scene.told(MarketChange))
    scene.polymarket.set_tick_size(scene.market, 1_000)
    await until(lambda: len(scene.told(MarketChange)) == 2)
    assert [change.grid for change in scene.told(MarketChange)] == [
        PriceGrid.probability(10_000),
        PriceGrid.probability(1_000),
    ]


async def test_a_cut_stream_is_announced_and_what_was_missed_is_listed(
    scene: Scene, quote: Callable[..., NewQuote], until: Until
) -> None:
    await scene.exchange.place(quote())
    await until(lambda: scene.told(OrderState))
    for socket in scene.polymarket.sockets():
        socket.close(1006)
    await until(scene.gaps)
    scene.take(SINNER, Side.SELL, "0.52", "1")
    await until(lambda: len(scene.gaps()) == 2)
    assert scene.gaps() == [True, False]
    assert scene.told(Fill) == []
    assert len(await scene.exchange.fills(0)) == 1
    scene.take(SINNER, Side.SELL, "0.52", "1")
    await until(lambda: scene.told(Fill))


@pytest.mark.parametrize("after_s", [0, 1, 5])
async def test_fills_are_listed_from_the_second_that_is_asked_for(
    after_s: int, scene: Scene, quote: Callable[..., NewQuote]
) -> None:
    await scene.exchange.place(quote())
    scene.take(SINNER, Side.SELL, "0.52", "1")
    await scene.step(after_s)
    now_ms = scene.world.clock.now_ms()
    scene.take(SINNER, Side.SELL, "0.52", "2")
    found = await scene.exchange.fills(now_ms)
    assert {fill.size for fill in found} == ({1_000_000, 2_000_000} if after_s == 0 else {2_000_000})


@with_settings(heartbeat_s=10)
async def test_beats_keep_what_rests(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    await scene.exchange.place(quote())
    for _ in range(12):
        await scene.step(5)
    assert scene.resting == 1
    assert scene.gaps() == []


@with_settings(heartbeat_s=10)
async def test_missed_beats_cost_what_rests_and_are_told(
    scene: Scene, quote: Callable[..., NewQuote], until: Until
) -> None:
    await scene.exchange.place(quote())
    await scene.step(1)
    scene.behave(down=True)
    for _ in range(10):
        await scene.step(1)
    assert scene.resting == 0
    await until(lambda: scene.told(OrderState) and scene.told(OrderState)[-1].status is OrderStatus.CANCELLED)
    assert scene.gaps() == []
    scene.behave()
    await scene.step(1)
    assert scene.gaps() == [False]
    await scene.exchange.place(quote("again"))
    for _ in range(4):
        await scene.step(5)
    assert scene.resting == 1


@with_settings(heartbeat_s=10)
async def test_a_beat_whose_answer_is_lost_breaks_nothing(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    await scene.exchange.place(quote())
    await scene.step(1)
    beats, key = scene.polymarket.heartbeats, scene.polymarket.demo_credentials(ACCOUNT)["api_key"]
    with pytest.raises(WrongBeat) as wrong:
        beats.beat(key, "")
    beats.beat(key, wrong.value.expected)  # the venue took a beat, and we do not know its answer
    for _ in range(4):
        await scene.step(5)
    assert scene.resting == 1
    assert scene.gaps() == []


@with_settings(heartbeat_s=10)
async def test_closing_leaves_nothing_for_the_switch_to_cancel(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    await scene.exchange.place(quote())
    await scene.step(1)
    await scene.exchange.close()
    assert scene.resting == 0


@pytest.mark.parametrize("off_s", [-600, 600])
async def test_a_clock_that_is_far_off_does_not_matter(
    off_s: int, scene: Scene, quote: Callable[..., NewQuote]
) -> None:
    wrong = SteppedClock((NOW_S + off_s) * NS_PER_S)
    exchange = build_exchange("polymarket", replace(scene.context, clock=wrong))
    await exchange.open(lambda event: None)
    assert (await exchange.place(quote())).status is OrderStatus.PLACED
    await exchange.close()
