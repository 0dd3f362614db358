"""The engine as it runs in production, with its database, against the bench's feed and venue.

Put together from the product's own parts: feed client, price book, pricing, limits, order manager, lane, connector,
and the journal that writes to PostgreSQL behind. Two things differ from a deployment: the budgets, which are the
venues' limits and not ours to measure, and the contract of a fixture, which is given and not matched by its names.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from itertools import cycle
from typing import NoReturn

from hedgerow.bench.report import BenchError
from hedgerow.bench.tick_to_order import scene
from hedgerow.bench.tick_to_order.given import Given
from hedgerow.bench.tick_to_order.scene import POLYMARKET
from hedgerow.core import memory
from hedgerow.core.clock import SystemClock
from hedgerow.core.ids import ClientName, FixtureId, MarketId, MarketKey, OutcomeId, VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.polling import busy_polling
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.core.states import Side
from hedgerow.core.tasks import spawn, stop
from hedgerow.execution.guard import Breakers
from hedgerow.execution.placement import Placement
from hedgerow.feed.book import BookChange, ChangeKind, PriceBook
from hedgerow.feed.client import FeedClient
from hedgerow.feed.gate import Limits
from hedgerow.feed.scope import Scope
from hedgerow.mm.controls import TournamentSettings, TradingState
from hedgerow.mm.desks import Desk
from hedgerow.mm.engine import Engine
from hedgerow.mm.exposure import Exposure
from hedgerow.mm.hedger import Hedger
from hedgerow.mm.journal import Journal
from hedgerow.mm.lane import Lane
from hedgerow.mm.leases import Lease, Leases
from hedgerow.mm.ledger import FillLedger
from hedgerow.mm.market import TradedMarket, Trader
from hedgerow.mm.numbers import OrderNumbers
from hedgerow.mm.orders import Slot
from hedgerow.mm.prices import BookPrices
from hedgerow.mm.rehearsal import Rehearsal
from hedgerow.mm.repository import Repository
from hedgerow.mm.upkeep import SWEEP_EVERY_S, SWEEP_SHARES
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.bets import Bets
from hedgerow.storage.database import Database
from hedgerow.venues.base import Account, Exchange, Instrument, Rate, VenueContext
from hedgerow.venues.kalshi.connector import KalshiExchange
from hedgerow.venues.polymarket.connector import Polymarket
from hedgerow.venues.registry import build_bookmaker
from hedgerow.venues.registry import venue as venue_of

_CLIENT = ClientName("bench")
_BOOKMAKER = VenueSlug(scene.BOOKMAKER)
_CASH = 10_000_000 * MICRO
# Odds are told at the start and when they move: a long run is not to measure their age, nor how long nothing moved.
_LIMITS = Limits(live_ms=600_000, pregame_ms=600_000, silence_ms=600_000)
_NO_BUDGET = Rate(1_000_000, 1_000_000)
# One fixture after the other: thousands of quotes in one burst would hold the loop up for so long that answers which
# are there were taken for lost.
_QUOTE_EVERY_S = 0.002
_OUTCOMES = (OutcomeId(scene.OUTCOME), OutcomeId(scene.OTHER))
_STILL = (OutcomeId(scene.STILL[0]), OutcomeId(scene.STILL[1]))
_NUMBERS_DRAWN = 100


@asynccontextmanager
async def running(given: Given) -> AsyncIterator[None]:
    """The engine, until the end of the block; it is entered when the feed is followed and every fixture quoted."""
    clock = SystemClock()
    pool = await Database.connect(given.database_url, size=4, keeps_one=True)
    leases = Leases(pool, 1)
    database = pool.fenced((await _leased(leases)).fence)
    repository, bets = Repository(database, clock), Bets(database, clock)
    journal = Journal(repository)
    ledger = FillLedger(database, repository, bets)
    hedger = Hedger(
        ledger,
        Placement(database, bets, Breakers(clock), clock),
        clock,
        max_drift=Decimal("0.03"),
        is_live=lambda _: False,
    )
    book = PriceBook()
    prices = BookPrices(book, _LIMITS, clock, untold_limit=Micros(500 * MICRO))
    engine = Engine(prices, hedger, ledger, journal, clock, minimum_stake=lambda _: MICRO)
    account_id = await _account_id(database, given.venue, clock)
    numbers = OrderNumbers()
    for _ in range(_NUMBERS_DRAWN):
        numbers.add(await repository.draw_order_ids())
    exchange = _exchange(given, account_id, clock)
    lane = Lane(account_id, exchange, engine, clock, numbers, await repository.deployment_tag())
    lane.cash = _CASH
    trader = _trader(lane, account_id)
    engine.traders[_CLIENT] = trader

    def changed(change: BookChange, _: int) -> None:
        if change.bookmaker is not None:
            engine.odds_changed(change.bookmaker, change.markets)
        elif change.kind is ChangeKind.FIXTURE:
            for market in engine.of_fixture(change.fixture_id):
                engine.look_at(market)

    feed = FeedClient(
        rest_url=given.http_url + "/feed",
        ws_url=given.ws_url + "/feed",
        key=Secret("bench"),
        scope=Scope(sports=(scene.SPORT,), bookmakers=(_BOOKMAKER,)),
        book=book,
        clock=clock,
        limits=_LIMITS,
        sink=changed,
    )
    journal.start()
    await lane.open(None)
    await lane.resync()
    if given.hedges:
        await _open_desk(hedger, given, await _account_id(database, scene.BOOKMAKER, clock), clock)
        hedger.desks.review(trader)
    feed.start()
    memory.settle()
    for number in range(given.fixtures):
        for market in _follow(engine, trader, lane, given, number):
            engine.look_at(market)
        await asyncio.sleep(_QUOTE_EVERY_S * (given.quotes + given.still))
    sweeper, keeper = spawn(_sweep(engine, trader), "sweep"), spawn(leases.keep(), "leases")
    try:
        with busy_polling(Rehearsal(lambda: [engine]), is_wanted=not given.sleeps):
            yield
    finally:
        await stop(sweeper, keeper)
        await feed.stop()
        await lane.close(cancels=False)
        for desk in hedger.desks.all():
            await desk.bookmaker.close()
        await journal.stop()
        await pool.close()


async def _leased(leases: Leases) -> Lease:
    """All fixtures: as in the service, what is committed is committed under the shard's fence."""
    await leases.join()
    lease = await leases.take()
    if lease is None:
        raise BenchError("another process has the fixtures")
    return lease


async def _sweep(engine: Engine, trader: Trader) -> NoReturn:
    """As the service does it beside: odds grow old, or are confirmed, without a word of the feed."""
    for share in cycle(range(SWEEP_SHARES)):
        await asyncio.sleep(SWEEP_EVERY_S)
        engine.sweep(list(trader.markets.values())[share::SWEEP_SHARES])
        engine.measure()
    raise AssertionError("a cycle has no end")


def _exchange(given: Given, account_id: int, clock: SystemClock) -> Exchange:
    manifest = venue_of(given.venue).manifest
    manifest = replace(manifest, rates=dict.fromkeys(manifest.rates, _NO_BUDGET))
    if given.venue == POLYMARKET:
        credentials = {
            "private_key": scene.WALLET_KEY,
            "api_key": scene.API_KEY,
            "api_secret": scene.API_SECRET,
            "api_passphrase": scene.API_PASSPHRASE,
        }
        urls = {"clob": given.http_url, "gamma": given.http_url, "ws": given.ws_url}
    else:
        credentials = {"key_id": scene.KALSHI_KEY_ID, "private_key": given.kalshi_pem}
        urls = {"rest": given.http_url + scene.KALSHI_PREFIX, "ws": given.ws_url + "/kalshi"}
    secrets = {name: Secret(text) for name, text in credentials.items()}
    context = VenueContext(Account(account_id, "bench", "USD", secrets), clock, urls)
    return Polymarket(context, manifest) if given.venue == POLYMARKET else KalshiExchange(manifest, context)


def _trader(lane: Lane, account_id: int) -> Trader:
    settings = TournamentSettings(scene.TOURNAMENT, is_active=True, limit_ratio=Decimal("0.8"), price_ticks=0)
    return Trader(
        _CLIENT,
        _BOOKMAKER,
        TradingState.LIVE,
        tournaments={scene.TOURNAMENT: settings},
        lanes=[lane],
        max_outcome_stake={account_id: 10_000 * MICRO},
        hedge_cash=_CASH,
        hedges=True,
    )


async def _open_desk(hedger: Hedger, given: Given, account_id: int, clock: SystemClock) -> None:
    """Fills are hedged at the bookmaker that the quotes are priced from."""
    account = Account(account_id, "bench", "USD", {"password": Secret("bench")})
    urls = {"rest": given.http_url + scene.BOOKMAKER_PREFIX}
    bookmaker = build_bookmaker(_BOOKMAKER, VenueContext(account, clock, urls))
    await bookmaker.open()
    hedger.add_desk(_CLIENT, Desk(bookmaker, account, Decimal(1), free=_CASH))


def _follow(engine: Engine, trader: Trader, lane: Lane, given: Given, number: int) -> Iterator[TradedMarket]:
    """A fixture's markets that are quoted."""
    refs = scene.contract_refs(given.venue, number, given.quotes)
    yield _market(engine, trader, lane, number, scene.TRADED, _OUTCOMES, refs)
    if given.still:
        refs = scene.still_refs(given.venue, number, given.quotes, given.still)
        yield _market(engine, trader, lane, number, scene.STILL[0], _STILL, refs)


def _market(
    engine: Engine,
    trader: Trader,
    lane: Lane,
    number: int,
    market_id: int,
    outcomes: tuple[OutcomeId, OutcomeId],
    refs: list[str],
) -> TradedMarket:
    """A market with a place for every contract."""
    key = MarketKey(FixtureId(scene.fixture_id(number)), MarketId(market_id))
    market = TradedMarket(trader, key, outcomes, scene.SPORT, scene.TOURNAMENT, "moneyline", Exposure(outcomes))
    engine.add_market(market)
    for ref in refs:
        instrument = Instrument(lane.slug, ref, ref, PriceGrid.probability(10_000))
        engine.add_place(market, lane, Slot(instrument, Side.BUY, outcomes[0]))
    return market


async def _account_id(database: Database, venue: str, clock: SystemClock) -> int:
    accounts = Accounts(database, clock)
    await accounts.add_client(_CLIENT, "Bench")
    vault = Vault(Secret(new_master_key()))
    await accounts.add_account(venue, "bench", _CLIENT, vault=vault, credentials={})
    (found,) = await accounts.accounts(client=_CLIENT, venue=venue)
    return found.account_id
