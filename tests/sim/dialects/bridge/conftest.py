"""The bridge of a bookmaker with two matches, and the demo account's client of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from .harness import Client, Scene


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def demo(scene: Scene) -> Client:
    return scene.client()
