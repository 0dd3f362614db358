"""A simulated Kalshi with one match, and two accounts' clients of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hedgerow.sim.dialects.kalshi import Terms

from .harness import RIVAL, Client, Scene, match


@pytest.fixture
def terms() -> Terms:
    """Tests that need other terms say so by overriding this."""
    return Terms(tier="prestige")


@pytest.fixture
async def scene(terms: Terms) -> AsyncIterator[Scene]:
    made = Scene(terms)
    made.world.put_fixture(match())
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def demo(scene: Scene) -> Client:
    return scene.client()


@pytest.fixture
def rival(scene: Scene) -> Client:
    return scene.client(RIVAL)
