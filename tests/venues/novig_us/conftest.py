"""Our connector at the simulated Novig, whose side of the wire was written apart from it, and at one that answers by
script."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.venues.scripted import ScriptedVenue

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.secrets import Secret
from hedgerow.exam.bench import NOW_S, demo_context, open_world
from hedgerow.exam.bookmaker_bench import BookmakerBench
from hedgerow.exam.exchange_bench import ExchangeBench
from hedgerow.sim.dialects.novig_us import Novig as Simulated
from hedgerow.venues.base import Account, VenueContext
from hedgerow.venues.novig_us import FAMILY, MANIFEST

Load = Callable[..., dict[str, Any]]


@pytest.fixture
def load() -> Load:
    """A fixture's content, with members changed."""
    folder = Path(__file__).parent / "fixtures"
    return lambda name, **changes: {**json.loads((folder / f"{name}.json").read_text()), **changes}


@pytest.fixture
async def bench() -> AsyncIterator[ExchangeBench]:
    """The opened connector in a world with one tennis match."""
    async with AsyncExitStack() as stack:
        server = await open_world(MANIFEST, stack)
        assert FAMILY.exchange is not None
        made = ExchangeBench(MANIFEST, server, demo_context(MANIFEST, server), stack, factory=FAMILY.exchange)
        await made.begin()
        yield made


@pytest.fixture
async def betting() -> AsyncIterator[BookmakerBench]:
    """The same account as a bookmaker, with odds on the match."""
    async with AsyncExitStack() as stack:
        server = await open_world(MANIFEST, stack)
        assert FAMILY.bookmaker is not None
        made = BookmakerBench(MANIFEST, server, demo_context(MANIFEST, server), stack, factory=FAMILY.bookmaker)
        await made.begin()
        yield made


def simulated(bench: ExchangeBench | BookmakerBench) -> Simulated:
    venue = bench.server.venues.dialects["novig.us"]
    assert isinstance(venue, Simulated)
    return venue


@pytest.fixture
async def venue() -> AsyncIterator[ScriptedVenue]:
    """It signs everybody in, and has no socket."""
    scripted = ScriptedVenue({"statusCode": 404, "message": "not scripted"})
    scripted.answer("POST /nbx/v1/auth/emm-token", {"access_token": "throwaway", "expires_in": 1800})
    async with scripted.serving():
        yield scripted


@pytest.fixture
def context(venue: ScriptedVenue) -> VenueContext:
    keys = {"client_id": Secret("client"), "client_secret": Secret("throwaway")}
    urls = {"rest": venue.url, "ws": venue.url.replace("http", "ws") + "/tape"}
    return VenueContext(Account(1, "demo", "USD", keys), SteppedClock(NOW_S * NS_PER_S), urls)
