"""Venues that the settings put behind a proxy are reached through it by market making and by its watchdog. The world's
time is stepped here, so that it is also seen not to stand still for frames whose way it cannot know."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.connectproxy import ConnectProxy, connect_proxy

from hedgerow.core.secrets import Secret
from hedgerow.core.states import Side
from hedgerow.core.upstream import Upstream
from hedgerow.execution.watchdog import watchdog

from .worldkit import BOOKMAKER, Scene


@pytest.fixture
async def proxy(scene: Scene) -> AsyncIterator[ConnectProxy]:
    """Of an exchange and of the bookmaker."""
    async with connect_proxy() as made:
        upstream = Upstream.of(f"http://key@127.0.0.1:{made.port}")
        proxies = {"kalshi": upstream, BOOKMAKER: upstream}
        scene.settings = scene.settings.model_copy(update={"venue_proxies": proxies, "watchdog_after_s": 0.5})
        yield made
        await scene.close()


def hosts(scene: Scene, slug: str) -> set[str]:
    """Where the world has a venue, as a proxy is asked for it."""
    return {url.split("/")[2] for url in scene.settings.venue_urls[slug].values()}


async def test_a_fill_behind_a_proxy_is_heard_and_hedged_behind_one(scene: Scene, proxy: ConnectProxy) -> None:
    await scene.start()
    await scene.connected(lambda: {order.exchange for order in scene.resting()} == set(scene.exchanges))
    await scene.step(act=lambda: scene.take("kalshi", Side.SELL, "0.45", 100))
    await scene.connected(lambda: bool(scene.sim_bets()))
    assert set(proxy.targets) == hosts(scene, "kalshi") | hosts(scene, BOOKMAKER)


async def test_the_watchdog_takes_quotes_away_by_the_same_way(
    scene: Scene, proxy: ConnectProxy, database_url: Secret
) -> None:
    await scene.start()
    await scene.connected(lambda: bool(scene.resting("kalshi")))
    await scene.process.kill()
    proxy.heads.clear()
    async with watchdog(scene.settings, database_url, scene.vault, scene.world.clock, look_every_s=0.02):
        await scene.until(lambda: not scene.resting("kalshi"))
    assert set(proxy.targets) == hosts(scene, "kalshi")
