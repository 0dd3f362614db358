"""Compression dictionaries of the socket's `zstd-dict` mode.

Trained on frames of an invented world with the feed's own shapes, so they hold nothing but names of fields; the same
library makes the same dictionary every time. A frame's header carries the id of its dictionary (0: none).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
import zstandard

from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.sim.book_ids import stable_number
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.oddspapi import facts
from hedgerow.sim.dialects.oddspapi.memory import Memory
from hedgerow.sim.dialects.oddspapi.view import View
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.world import BookMeta, Fixture, World

_SIZE = 8 * 1024
_FIXTURES = 60
_START_S = 1_766_414_833
_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Dictionary:
    """One channel's dictionary."""

    channel: str
    dict_id: int
    trained: zstandard.ZstdCompressionDict

    @property
    def version(self) -> str:
        return f"{self.channel}-v1"


# The first number is one that was seen on the live service; the others are invented.
_IDS = {"odds": 740_826_216, "fixtures": 740_826_217, "bookmakers": 740_826_218}


@cache
def dictionary(channel: str) -> Dictionary | None:
    """The channel's dictionary; None for a channel that has none."""
    if channel not in _IDS:
        return None
    samples: list[bytes | bytearray | memoryview] = [_encoder.encode(envelope) for envelope in _samples(channel)]
    dict_id = _IDS[channel]
    return Dictionary(channel, dict_id, zstandard.train_dictionary(_SIZE, samples, dict_id=dict_id))


def _samples(channel: str) -> list[dict[str, Any]]:
    """Envelopes of an invented world."""
    world = _invented_world()
    view = View(world, Memory(world))
    payload_of: dict[str, Callable[[Fixture, str], dict[str, Any]]] = {
        "fixtures": lambda fixture, slug: view.fixture(fixture, facts.DEFAULT_LANGUAGE),
        "bookmakers": lambda fixture, slug: {
            "fixtureId": fixture.fixture_id,
            "bookmakers": {slug: view.book_state(fixture, slug)},
        },
        "odds": lambda fixture, slug: {
            "fixtureId": fixture.fixture_id,
            "odds": {slug: view.present(fixture, slug, view.memory.books_of(fixture.fixture_id)[slug])},
        },
    }
    return [
        {
            "channel": channel,
            "type": "UPDATE",
            "payload": payload_of[channel](fixture, slug),
            "ts": fixture.start_time * 1000,
            "entryId": f"{fixture.start_time * 1000}-{index}",
        }
        for index, fixture in enumerate(world.fixtures.values())
        for slug in view.memory.books_of(fixture.fixture_id)
    ]


def _invented_world() -> World:
    """Fixtures of four sports, priced by four books; every number depends on its place only."""
    clock = WorldClock()
    clock.run_stepped(_START_S * 10**9)
    world = World(Catalogue(), clock)
    for index in range(_FIXTURES):
        fixture = _invented_fixture(index)
        world.fixtures[fixture.fixture_id] = fixture
        for slug in ("pinnacle", "sharpbet", "betfair-ex", "bookmaker.eu"):
            world.books[fixture.fixture_id, slug] = BookMeta(updated_ms=_START_S * 1000 + index)
            for market_id in (int(f"{fixture.sport_id}1"), 1010 if fixture.sport_id == 10 else 0):
                _price(world, fixture, slug, market_id)
    return world


def _invented_fixture(index: int) -> Fixture:
    sport_id, tournament_id = ((10, 17), (11, 132), (12, 2555), (15, 234))[index % 4]
    native = 60_000_000 + stable_number("sample", index, below=9_000_000)
    return Fixture(
        FixtureId(f"id{sport_id}{tournament_id:06d}{native}"),
        sport_id,
        tournament_id,
        f"Home Team {index}",
        f"Away Team {index}",
        _START_S + index * 900,
    )


def _price(world: World, fixture: Fixture, slug: str, market_id: int) -> None:
    market = next((m for m in world.catalogue.of_sport(fixture.sport_id) if m.market_id == market_id), None)
    for outcome in market.outcomes if market else ():
        price = Decimal(1_100 + stable_number(fixture.fixture_id, slug, outcome, below=4_000)) / 1000
        key = OutcomeKey(fixture.fixture_id, OutcomeId(outcome))
        world.put_odds([Quote(key, slug, price, Decimal(3_000), None, "USD", active=True, changed_ms=0)])
