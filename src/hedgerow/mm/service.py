"""Market making as a whole: builds the parts, lets the feed drive them, starts and stops in the right order.

At the start what an earlier run committed is brought back first, bets without an answer are asked for, then the
exchanges are reached and compared with what is known; nothing new is quoted or hedged on a market before that.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from functools import partial

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.config import Settings
from hedgerow.core.errors import VenueError
from hedgerow.core.ids import FixtureId, MarketKey
from hedgerow.core.money import Rates, micros
from hedgerow.core.secrets import Vault
from hedgerow.core.tasks import Backoff, spawn, stop, work
from hedgerow.feed.book import BookChange, ChangeKind
from hedgerow.feed.settlement import Grade
from hedgerow.mm.catalogue import CatalogueWriter
from hedgerow.mm.commanding import Commander
from hedgerow.mm.discovery import Discovery
from hedgerow.mm.journal import Journal
from hedgerow.mm.lane import Lane, LeaveBy, never
from hedgerow.mm.market import TradedMarket
from hedgerow.mm.odds_feed import Needs, OddsFeed
from hedgerow.mm.paper.dealing import ShadowAccounts, ShadowPolicies, ShadowRoster
from hedgerow.mm.parts import build
from hedgerow.mm.policy import Policies
from hedgerow.mm.recovery import Recovery
from hedgerow.mm.repository import Repository
from hedgerow.mm.roster import Roster
from hedgerow.mm.settling import Settler
from hedgerow.mm.shadowing import Shadowing
from hedgerow.mm.shards import WHOLE, Shard
from hedgerow.mm.switches import Switches
from hedgerow.mm.upkeep import Upkeep, draw_ahead
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.bets import Bet, Bets
from hedgerow.storage.catalog import Catalog
from hedgerow.storage.database import Database, StorageError
from hedgerow.storage.terms import Terms
from hedgerow.venues.registry import Ways

_log = structlog.get_logger(__name__)


class MarketMaker:
    """Market making on one shard of the fixtures, or on all."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        vault: Vault,
        clock: Clock,
        tag: int,
        feed: OddsFeed | None = None,
        shard: Shard = WHOLE,
        leave_by: LeaveBy = never,
        *,
        shadow: Database | None = None,
        is_shadow: bool = False,
    ) -> None:
        """tag: the deployment's number in its orders' references. feed: shared with others; None: its own. database:
        fenced where another process may take the shard over. leave_by: the loop's time after which nothing is sent to
        a venue, None: no such time. shadow: where what is in shadow mode is written, by a market maker of its own
        beside this one; None: nothing is traded on paper. is_shadow: this is that other one."""
        self._clock, self._shard = clock, shard
        if is_shadow:  # a tape is of one engine, the one that trades
            settings = settings.model_copy(update={"engine_tape": None})
        self._owns_feed = feed is None
        self.feed = feed or OddsFeed(settings, clock)
        self.book = self.feed.book
        switches = Switches(database, clock)
        self.repository = Repository(database, clock, shard)
        self._bets = Bets(database, clock)
        self._journal = Journal(self.repository)
        self._parts = build(
            settings, database, self.book, self._journal, clock, self._is_live, shard=shard, leave_by=leave_by
        )
        self.engine, self._hedger, self._ledger = self._parts.engine, self._parts.hedger, self._parts.ledger
        self._numbers = self._parts.numbers
        self.engine.is_real = not is_shadow
        accounts = ShadowAccounts(database, clock) if is_shadow else Accounts(database, clock)
        policies = ShadowPolicies(database, clock) if is_shadow else Policies(database, clock)
        self._roster = (partial(ShadowRoster, database) if is_shadow else Roster)(
            switches,
            self.repository,
            policies,
            accounts,
            vault,
            settings.venue_urls,
            clock,
            self.engine,
            self._hedger,
            self._parts.lane_of,
            tag,
            Shadowing(database, clock),
            terms=Terms(database, clock),
            ways=Ways(settings.venue_proxies),
            fixture_ref=self.book.fixture_ref,
            shard=shard,
        )
        self._catalogue = CatalogueWriter(self.book, Catalog(database), clock)
        self.discovery = Discovery(
            self.engine, self.book, self.repository, clock, write_catalogue=self._catalogue.flush, shard=shard
        )
        self._settler = Settler(
            database,
            self._bets,
            clock,
            flush=self._journal.flush,
            lanes=lambda: (lane for trader in self.engine.traders.values() for lane in trader.lanes),
            desks=self._hedger.desks.by_client,
            finished=self._finished,
            called_off=self._called_off,
            shard=shard,
        )
        self.commands = Commander(
            database,
            switches,
            self._roster,
            self.engine,
            self.book,
            clock,
            changed=self._settings_changed,
            write_orders=self._journal.flush,
        )
        self.upkeep = Upkeep(
            self.engine,
            self._hedger,
            self.book,
            self.discovery,
            self.commands,
            database,
            self.repository,
            policies,
            accounts,
            self._numbers,
            clock,
            shard,
        )
        self._opening: list[asyncio.Task[None]] = []
        self._leaves_quotes = False
        self._held: frozenset[FixtureId] = frozenset()  # matches with something open of tournaments that are not active
        self.engine.on_resolved(self._settler.is_over)
        self.engine.on_filled(self._filled)
        self.shadow: MarketMaker | None = None
        """Trades on paper what is in shadow mode."""
        if shadow is not None:
            self.shadow = MarketMaker(settings, shadow, vault, clock, tag, self.feed, shard, leave_by, is_shadow=True)

    # --- life ------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Recovers, then begins to follow the feed and the exchanges. Raises StorageError, SetupError."""
        await draw_ahead(self._numbers, self.repository)
        await self._roster.load_settings()
        _, lanes = await self._roster.load_accounts()
        now_ms = self._clock.now_ms()
        if (recorder := self._parts.recorder) is not None:
            await recorder.begin("recovery")
            now_ms = self._parts.clock.now_ms()
        reads, bets = self._parts.reads
        await Recovery(reads, bets, self.engine, self._ledger, self._hedger, now_ms, self._shard).run()
        self._journal.start()
        self._ledger.shares.start()
        self._catalogue.start()
        self._settler.start()
        self.feed.join(self, self._needs())
        self._catch_up()
        self._open(lanes)
        self.discovery.start()
        self.upkeep.start()
        for trader in self.engine.traders.values():
            for market in trader.markets.values():
                self.feed.client.watch_settlement(market.key.fixture_id)
        if self.shadow is not None:
            await self.shadow.start()

    def halt(self, is_taken: bool) -> None:
        """Another process may trade on these fixtures from now on: nothing is placed or bet any more, and what waits is
        not written. Quotes are taken away, unless it is known that another process has them (is_taken). There is no
        way back."""
        self._hedger.halt()
        self._roster.halt()
        for writer in (self._catalogue, self._journal, self._ledger.shares):
            writer.abandon()
        self._leaves_quotes = is_taken
        if is_taken:
            self.engine.halt()
        else:
            self.engine.look_at_all()
        if self.shadow is not None:
            self.shadow.halt(is_taken)

    async def stop(self) -> None:
        """Takes every quote away but those that another process has, waits for bets that are under way, writes what is
        left. Paper comes last: it may not stand in the way of what is real."""
        try:
            await self._stop_trading()
        finally:
            if self.shadow is not None:
                await self.shadow.stop()

    async def _stop_trading(self) -> None:
        await self.upkeep.stop()
        await self.discovery.stop()
        await self.feed.leave(self)
        if self._owns_feed:
            self.feed.close()
        await stop(*self._opening)
        lanes = [lane for trader in self.engine.traders.values() for lane in trader.lanes]
        await asyncio.gather(*(lane.close(cancels=not self._leaves_quotes) for lane in lanes))
        self._hedger.plan_no_more()
        await self._hedger.finished()
        await self._settler.stop()
        for desk in self._hedger.desks.all():
            await desk.bookmaker.close()
        try:
            await self._catalogue.stop()
            await self._journal.stop()
            await self._ledger.shares.stop()
        except StorageError as error:
            _log.error("the last rows are not written; the next start works them out anew", error=str(error))
        self.engine.leave()
        if self._parts.recorder is not None:
            self._parts.recorder.close()

    async def not_ready(self) -> str | None:
        """Why market making is not ready to trade; None when it is."""
        if not self.book.up_since_ms:
            return "the feed is not connected"
        away = [lane.slug for trader in self.engine.traders.values() for lane in trader.lanes if not lane.is_synced]
        return f"not in step with {', '.join(sorted(set(away)))}" if away else None

    def _open(self, lanes: list[Lane]) -> None:
        self._opening = [task for task in self._opening if not task.done()]
        self._opening += [spawn(self._open_lane(lane), f"open {lane.slug}") for lane in lanes]

    async def _open_lane(self, lane: Lane) -> None:
        """Connects an account, for as long as it takes, and compares what rests there."""
        backoff = Backoff()
        while True:
            try:
                with work.unit():
                    await lane.open(await self.repository.fills_known_until_ms(lane.account_id))
                    await self.upkeep.read_lane(lane)
            except (VenueError, StorageError) as error:
                _log.warning("exchange not reached", exchange=lane.slug, account=lane.account_id, error=str(error))
                await self._clock.sleep(backoff.next_pause_s())
            else:
                break
        await lane.resync()
        _log.info("exchange in step", exchange=lane.slug, account=lane.account_id, orders=len(lane.live_orders()))

    # --- what the feed says ----------------------------------------------------------------------------------

    def _catch_up(self) -> None:
        """Takes over what the feed has told already, to others."""
        self.rates_changed(self.book.rates)
        for fixture in list(self.book.fixtures()):
            self._catalogue.changed(fixture.fixture_id)
            self._fixture_changed(fixture.fixture_id)

    def connection_changed(self) -> None:
        self.engine.look_at_all()

    def book_changed(self, change: BookChange) -> None:
        if change.kind is ChangeKind.ODDS or change.kind is ChangeKind.BOOKMAKER:
            if change.bookmaker is not None:
                self.engine.odds_changed(change.bookmaker, change.markets)
            return
        self._catalogue.changed(change.fixture_id)
        if change.kind is ChangeKind.FIXTURE:
            self._fixture_changed(change.fixture_id)

    def _fixture_changed(self, fixture_id: FixtureId) -> None:
        fixture = self.book.fixture(fixture_id)
        markets = list(self.engine.of_fixture(fixture_id))
        for market in markets:
            self.engine.look_at(market)
            if fixture is not None and fixture.is_over:
                self._settler.is_over(market)
        is_active = fixture is not None and fixture.tournament_id in self.discovery.active_tournaments()
        if is_active or markets:  # what was filled is graded, though its tournament is not active any more
            self.feed.client.watch_settlement(fixture_id)
        if is_active and fixture is not None and not fixture.is_over:
            self.discovery.wake()

    def rates_changed(self, rates: Rates) -> None:
        self._roster.take_rates(rates)

    def graded(self, fixture_id: FixtureId, grades: tuple[Grade, ...]) -> None:
        self._settler.graded(fixture_id, {(grade.outcome_id, grade.player_id): grade.status for grade in grades})

    def _is_live(self, market: TradedMarket) -> bool:
        fixture = self.book.fixture(market.key.fixture_id)
        return fixture is not None and fixture.is_live

    # --- what changes ----------------------------------------------------------------------------------------

    def operator_changed(self) -> None:
        """The operator changed something in the database: settings, switches, or what a contract is taken for."""
        self.upkeep.settings_changed()
        self.discovery.wake()
        if self.shadow is not None:
            self.shadow.operator_changed()

    def _settings_changed(self, new_lanes: list[Lane]) -> None:
        self._open(new_lanes)
        self._follow_feed()
        self.discovery.wake()

    def _follow_feed(self) -> None:
        self.feed.need(self, self._needs())

    def _needs(self) -> Needs:
        """The bookmakers that somebody prices from or hedges at; of active tournaments, and of matches with something
        open, every quote is kept right."""
        traders = self.engine.traders.values()
        active = self.discovery.active_tournaments()
        self._held = frozenset(
            market.key.fixture_id
            for trader in traders
            for market in trader.markets.values()
            if market.tournament_id not in active and market.has_position
        )
        bookmakers = frozenset(bookmaker for trader in traders for bookmaker in trader.bookmakers)
        return Needs(bookmakers, active, self._held)

    def _filled(self, market: TradedMarket) -> None:
        """A cancel can come too late: what is filled after its tournament was deactivated is hedged too."""
        is_active = market.client.settings_of(market.tournament_id) is not None
        if not is_active and market.key.fixture_id not in self._held:
            self._follow_feed()

    def _called_off(self, bet: Bet, covered: Decimal) -> None:
        """A bookmaker has taken an accepted hedge back."""
        trader = self.engine.traders.get(bet.client)
        market = trader.markets.get(MarketKey(bet.fixture_id, bet.market_id, bet.player_id)) if trader else None
        if market is not None:
            self._hedger.called_off(market, bet.outcome_id, micros(covered))

    def _finished(self, market: TradedMarket) -> None:
        """All of a market is settled."""
        self.engine.drop_market(market)
        self.discovery.forget(market)
        if market.key.fixture_id in self._held:
            self._follow_feed()
        _log.info("settled", client=market.client.name, fixture_id=market.key.fixture_id)
