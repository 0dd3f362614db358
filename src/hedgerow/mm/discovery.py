"""Finds the contracts that are outcomes of the feed's markets, and has the engine quote them.

In rounds: every exchange is asked what it lists for the sports of the active tournaments, the mapping ties that to the
feed, the answer is stored with its evidence, and only then quoted: after a crash the stored mapping tells what an
order or a fill is about. Doubtful contracts stay quarantined until an operator decides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.errors import VenueError
from hedgerow.core.ids import MarketKey
from hedgerow.core.tasks import spawn, stop, work
from hedgerow.execution.instruments import Changes, Instruments, row_of
from hedgerow.execution.mapping import Facts, map_listings
from hedgerow.execution.mapping.from_feed import fixtures_of, markets_of
from hedgerow.feed.book import PriceBook
from hedgerow.feed.catalogue import Market
from hedgerow.feed.fixtures import FixtureState
from hedgerow.mm.engine import Engine
from hedgerow.mm.exposure import Exposure
from hedgerow.mm.lane import Lane
from hedgerow.mm.market import TradedMarket, Trader
from hedgerow.mm.orders import Slot
from hedgerow.mm.recovery import sides_of
from hedgerow.mm.repository import Repository
from hedgerow.mm.results import results_of
from hedgerow.mm.shards import WHOLE, Shard
from hedgerow.storage.database import StorageError
from hedgerow.venues.base import Exchange, Listing

_log = structlog.get_logger(__name__)

EVERY_S = 60.0
SOONEST_S = 1.0
"""Between two rounds, however often something asks for one."""
RETRY_S = 5.0
MOST_ASKED = 3
"""Accounts of an exchange by which one round asks what it lists: it may be the exchange that does not answer."""


class Discovery:
    """What the exchanges list, tied to the feed, for all traders."""

    def __init__(
        self,
        engine: Engine,
        book: PriceBook,
        repository: Repository,
        clock: Clock,
        *,
        write_catalogue: Callable[[], Awaitable[None]],
        shard: Shard = WHOLE,
    ) -> None:
        """write_catalogue: writes the fixtures and markets that a stored mapping names. shard: what is quoted, and
        whose mappings are stored."""
        self.instruments = Instruments()
        self.rounds = 0
        self._engine, self._book, self._repository, self._clock = engine, book, repository, clock
        self._write_catalogue, self._shard = write_catalogue, shard
        self._stored: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._watched: dict[Lane, tuple[Exchange, frozenset[str]]] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = spawn(self._run(), "discovery", is_vital=True)

    async def stop(self) -> None:
        await stop(self._task)

    def wake(self) -> None:
        """Something changed that can make a contract quotable: look soon."""
        self._wake.set()

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            is_complete = False
            with work.unit():
                try:
                    is_complete = await self.round()
                except StorageError as error:
                    _log.error("contracts are not stored, nothing new is quoted", error=str(error))
            await self._clock.sleep(SOONEST_S, soft=True)
            await self._pause(EVERY_S if is_complete else RETRY_S)

    async def _pause(self, seconds: float) -> None:
        sleeper = spawn(self._clock.sleep(seconds, soft=True), "discovery pause")
        ringer = spawn(self._wake.wait(), "discovery bell")
        try:
            await asyncio.wait((sleeper, ringer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            ringer.cancel()

    async def round(self) -> bool:
        """Asks every exchange once. False when one did not answer. Raises StorageError."""
        sports = self._sports()
        facts = self._facts(sports)
        decisions = await self._repository.decisions() if sports else {}
        is_complete = True
        for slug, lanes in self._lanes().items():
            for sport in sports:
                listings = await self._listings(lanes, sport)
                if listings is None:
                    is_complete = False
                    continue
                told = {ref: decision for (venue, ref), decision in decisions.items() if venue == slug}
                await self._learn(slug, listings, Facts(facts.fixtures, facts.markets, told))
        await self._quote()
        self.rounds += 1
        return is_complete

    def _lanes(self) -> dict[str, list[Lane]]:
        """By exchange, those that are in step before others: an account may be refused for good."""
        found: dict[str, list[Lane]] = {}
        every = [lane for trader in self._engine.traders.values() for lane in trader.lanes]
        for lane in sorted(every, key=lambda lane: not lane.is_synced):
            found.setdefault(lane.slug, []).append(lane)
        return found

    async def _listings(self, lanes: list[Lane], sport: str) -> list[Listing] | None:
        """What an exchange lists, by the first account that it tells; None where it tells none of those asked."""
        for lane in lanes[:MOST_ASKED]:
            try:
                return await lane.exchange.listings(sport)
            except VenueError as error:
                _log.warning(
                    "contracts not listed", exchange=lane.slug, account=lane.account_id, sport=sport, error=str(error)
                )
        return None

    # --- what the feed knows -----------------------------------------------------------------------------------

    def _sports(self) -> list[str]:
        """Slugs of the sports of all tournaments that are active for somebody."""
        active = self.active_tournaments()
        ids = {f.sport_id for f in self._book.fixtures() if f.tournament_id in active and not f.is_over}
        return sorted(slug for sport_id in ids if (slug := self._slug(sport_id)) is not None)

    def active_tournaments(self) -> frozenset[int]:
        return frozenset(
            settings.tournament_id
            for trader in self._engine.traders.values()
            for settings in trader.tournaments.values()
            if settings.is_active
        )

    def _slug(self, sport_id: int | None) -> str | None:
        sport = self._book.sports.get(sport_id) if sport_id is not None else None
        return sport.slug if sport is not None else None

    def _facts(self, sports: list[str]) -> Facts:
        slugs = {sport_id: slug for sport_id in self._book.sports if (slug := self._slug(sport_id)) in sports}
        named = {sport_id: slug for sport_id, slug in slugs.items() if slug is not None}
        return Facts(fixtures_of(self._book.fixtures(), named), markets_of(self._book.catalogue, named))

    # --- storing -----------------------------------------------------------------------------------------------

    async def _learn(self, slug: str, listings: list[Listing], facts: Facts) -> None:
        mappings = await asyncio.to_thread(map_listings, listings, facts)
        rows = [row_of(listing.instrument.venue, m) for listing, m in zip(listings, mappings, strict=True)]
        ours = [row for row in rows if self._shard.owns(row["fixture_id"])]
        news = [row for row in ours if self._stored.get((slug, row["instrument_ref"])) != row]
        if news:
            await self._write_catalogue()
            now = self._clock.now()
            await self._repository.save_mappings([{**row, "updated_at": now} for row in news])
            self._stored.update({(slug, row["instrument_ref"]): row for row in news})
            quarantined = [row for row in news if row["verdict"] == "QUARANTINED"]
            _log.info("contracts mapped", exchange=slug, new=len(news), quarantined=len(quarantined))
        self._apply(slug, self.instruments.learn(listings, mappings))
        if not self._shard.is_whole:
            self._leave_elsewhere(slug, {row["instrument_ref"] for row in rows} - {r["instrument_ref"] for r in ours})

    def _apply(self, slug: str, changes: Changes) -> None:
        lanes = [lane for trader in self._engine.traders.values() for lane in trader.lanes if lane.slug == slug]
        for lane in lanes:
            for contract in (*changes.added, *changes.changed):
                self._engine.relist(lane, contract.instrument, is_open=contract.is_open)
            for contract in changes.lost:
                self._engine.relist(lane, contract.instrument, is_open=False)

    def _leave_elsewhere(self, slug: str, refs: set[str]) -> None:
        """What another shard works on is not ours to adopt, to count or to cancel."""
        for trader in self._engine.traders.values():
            for lane in trader.lanes:
                if lane.slug == slug:
                    lane.elsewhere.update(refs - lane.instruments.keys())

    # --- quoting -----------------------------------------------------------------------------------------------

    async def _quote(self) -> None:
        """Gives every trader the places of its active tournaments, and follows their contracts' state."""
        for fixture in list(self._book.fixtures()):
            if fixture.is_known and not fixture.is_over and self._shard.owns(fixture.fixture_id):
                for trader in self._engine.traders.values():
                    if fixture.tournament_id is not None and trader.settings_of(fixture.tournament_id):
                        self._quote_fixture(trader, fixture)
        for trader in self._engine.traders.values():
            for lane in trader.lanes:
                await self._watch(lane)

    def _quote_fixture(self, trader: Trader, fixture: FixtureState) -> None:
        for key in self.instruments.markets_of(fixture.fixture_id):
            described = self._book.catalogue.get(key.market_id)
            if described is None or not is_hedgeable(described):
                continue
            new = [
                (lane, contract)
                for contract in self.instruments.of_market(key)
                for lane in trader.lanes
                if lane.slug == contract.instrument.venue and contract.instrument.ref not in lane.instruments
            ]
            if not new:
                continue
            market = trader.markets.get(key) or self._market(trader, key, fixture, described)
            for lane, contract in new:
                for side in sides_of(lane):
                    slot = Slot(contract.instrument, side, contract.buys, is_open=contract.is_open)
                    self._engine.add_place(market, lane, slot)
            self._engine.look_at(market)

    def _market(self, trader: Trader, key: MarketKey, fixture: FixtureState, described: Market) -> TradedMarket:
        market = TradedMarket(
            trader,
            key,
            described.outcomes,
            described.sport_id,
            fixture.tournament_id or 0,
            described.market_type,
            Exposure(described.outcomes),
            described.handicap,
        )
        self._engine.add_market(market)
        return market

    async def _watch(self, lane: Lane) -> None:
        # Of a contract that was quoted before a restart only the reference is known until its exchange lists it, and
        # connectors follow by what else they said of it.
        refs = frozenset(ref for (ref, _), slot in lane.slots.items() if slot.is_listed)
        exchange = lane.exchange
        if self._watched.get(lane) != (exchange, refs):
            try:
                await exchange.watch([lane.instruments[ref] for ref in sorted(refs)])
            except VenueError as error:  # the next round tries again
                _log.warning("contracts not followed", exchange=lane.slug, error=str(error))
                return
            self._watched[lane] = exchange, refs

    def forget(self, market: TradedMarket) -> None:
        """The market is over and settled: nobody quotes its contracts any more."""
        if all(market.key not in trader.markets for trader in self._engine.traders.values()):
            self.instruments.forget(market.key)


def is_hedgeable(market: Market) -> bool:
    """Whether every result of the market is known, so that what a fill and its hedge bring is known too."""
    results = results_of(market.market_type, market.handicap, len(market.outcomes))
    return results is not None and not market.is_player_market
