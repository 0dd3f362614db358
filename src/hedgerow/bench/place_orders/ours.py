"""Automated bet placing as `hedgerow serve abp` runs it, but for two things: the bookmakers, which are objects in this
process that take every bet at once, and the odds, which are put into the price book without a feed.

The API with its front door, the hub, the relay that publishes the outbox, the runner and the ledger are the product's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from typing import NoReturn

import msgspec

from hedgerow.abp.app import ApiContext, create_app
from hedgerow.abp.feedview import BookView
from hedgerow.abp.serve import CONNECTIONS
from hedgerow.abp.service import AutomatedBetPlacing
from hedgerow.api.server import Server
from hedgerow.bench.place_orders import scene
from hedgerow.bench.place_orders.side import Given
from hedgerow.bus.nats import Bus
from hedgerow.bus.relay import Relay
from hedgerow.core import memory
from hedgerow.core.clock import SystemClock
from hedgerow.core.config import Settings
from hedgerow.core.ids import FixtureId, OutcomeKey
from hedgerow.core.money import Rates
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.core.states import BetStatus
from hedgerow.core.tasks import spawn, stop
from hedgerow.feed import wire
from hedgerow.feed.book import PriceBook
from hedgerow.feed.catalogue import market_of
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database
from hedgerow.venues.base import Balance, BetIntent, BetRef, BetReport, LiveLine, Manifest

_TELL_EVERY_S = 5.0


@asynccontextmanager
async def running(given: Given) -> AsyncIterator[int]:
    """The service, until the end of the block; its port."""
    clock = SystemClock()
    vault = Vault(Secret(new_master_key()))
    async with AsyncExitStack() as stack:
        database = await Database.connect(given.database_url, size=CONNECTIONS)
        stack.push_async_callback(database.close)
        bus = await Bus.connect(given.nats_url, "abp")
        stack.push_async_callback(bus.close)
        relay = Relay(database, bus)
        relay.start()
        stack.push_async_callback(relay.stop)
        accounts = Accounts(database, clock)
        await scene.register(accounts, vault)
        service = AutomatedBetPlacing(Settings(), database, vault, clock)
        _learn(service.book, clock)
        teller = spawn(_tell(service.book, clock), "odds")
        stack.push_async_callback(stop, teller)
        await service.desks.load()
        for desk in service.desks.all():
            desk.bookmaker = InstantBookmaker(desk.bookmaker.manifest)
        await service.desks.read_balances()
        stack.push_async_callback(service.desks.close)
        service.runner.start()
        stack.push_async_callback(service.runner.stop)
        context = ApiContext(database, accounts, clock, vault, BookView(service.book), service, bus)
        server = Server(create_app(context), "127.0.0.1", 0)
        await server.start()
        memory.settle()
        stack.push_async_callback(server.stop)
        yield server.port


# --- odds --------------------------------------------------------------------------------------------------------


def _learn(book: PriceBook, clock: SystemClock) -> None:
    """All that the feed tells when it is connected."""
    book.learn_markets(market_of(row) for row in msgspec.convert(scene.MARKETS, list[wire.Market]))
    book.learn_bookmakers([wire.Bookmaker(slug=scene.SLUG, active=True, limit_currency="USD")], clock.now_ms())
    book.rates = Rates({})
    book.up_since_ms = clock.now_ms()
    _take_odds(book, clock)


def _take_odds(book: PriceBook, clock: SystemClock) -> None:
    now_ms = clock.now_ms()
    for answer in scene.answers(now_ms):
        book.take_answer(msgspec.json.decode(msgspec.json.encode(answer), type=wire.FixtureOdds), now_ms)
    book.cover(
        [FixtureId(scene.fixture_id(number)) for number in range(scene.FIXTURES)], None, now_ms, main_lines_only=False
    )
    book.heard_ms = now_ms


async def _tell(book: PriceBook, clock: SystemClock) -> NoReturn:
    """The feed goes on telling, so that no price grows old."""
    while True:
        await asyncio.sleep(_TELL_EVERY_S)
        _take_odds(book, clock)


# --- the bookmaker -----------------------------------------------------------------------------------------------


class InstantBookmaker:
    """Takes every bet, as it is asked for, in no time."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self._taken: dict[str, BetReport] = {}
        self._free = scene.DEPOSIT

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def balance(self) -> Balance:
        return Balance(self._free, Decimal(0), "USD")

    async def place(self, bet: BetIntent) -> BetReport:
        if bet.reference in self._taken:
            raise AssertionError(f"bet {bet.reference} was sent twice")
        sent = scene.sent_data(bet.reference, bet.market_ref, bet.stake)
        received = scene.received_data(len(self._taken))
        report = BetReport(
            bet.reference, BetStatus.CONFIRMED, received["betId"], bet.odds, bet.stake, sent=sent, received=received
        )
        self._taken[bet.reference] = report
        self._free -= bet.stake
        return report

    async def find(self, ref: BetRef) -> BetReport | None:
        return self._taken.get(ref.reference)

    async def settled(self, since_ms: int) -> list[BetReport]:
        return []

    async def line(self, market_ref: str, outcome_ref: str, outcome: OutcomeKey) -> LiveLine | None:
        return None
