"""A simulated Pinnacle with three matches, and two accounts' clients of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hedgerow.sim.dialects.pinnacle import Terms

from .harness import (
    ALCARAZ,
    AWAY_WIN,
    CELTICS,
    DRAW,
    HOME_WIN,
    LAKERS,
    NBA,
    RIVAL,
    SINNER,
    SOCCER,
    TENNIS,
    Client,
    Scene,
    nba,
    soccer,
    tennis,
)


@pytest.fixture
def terms() -> Terms:
    """No pace and no cache; tests of those override this."""
    return Terms(odds_interval_s=0.0, snapshot_cache_s=0.0)


@pytest.fixture
async def scene(terms: Terms) -> AsyncIterator[Scene]:
    made = Scene(terms)
    for match in (tennis(), soccer(), nba()):
        made.world.put_fixture(match)
    made.put_odds(TENNIS, {SINNER: "1.75", ALCARAZ: "2.2"})
    made.put_odds(SOCCER, {HOME_WIN: "2.1", DRAW: "3.4", AWAY_WIN: "3.6"})
    made.put_odds(NBA, {LAKERS: "1.5", CELTICS: "2.7"})
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def demo(scene: Scene) -> Client:
    return scene.client()


@pytest.fixture
def rival(scene: Scene) -> Client:
    return scene.client(RIVAL)
