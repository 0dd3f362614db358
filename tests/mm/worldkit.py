"""Market making on the real database against the simulated world, over real sockets, in stepped time.

A `Scene` is a world with one tennis match, a database with the demo client's accounts, and at most one market making
process at a time. A process can be killed: all its tasks are gone at once, nothing is cancelled or written any more.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.patience import PATIENCE_S

from hedgerow.bus.world_clock import FollowedClock, follow
from hedgerow.cli.books import our_bets, our_orders
from hedgerow.cli.ledgers import disagreements
from hedgerow.cli.simulated import clock_url, demo_accounts, feed_urls, simulated_urls
from hedgerow.core.clock import NS_PER_S
from hedgerow.core.config import Settings
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.money import MICRO, micros
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.core.tasks import spawn, stop, work
from hedgerow.execution import invariants
from hedgerow.mm.controls import SystemState, TournamentSettings
from hedgerow.mm.disputes import Dispute, disputes
from hedgerow.mm.lane import Lane
from hedgerow.mm.market import TradedMarket, Trader
from hedgerow.mm.orders import Order
from hedgerow.mm.outcome import Outcome, outcome
from hedgerow.mm.repository import Repository
from hedgerow.mm.service import MarketMaker
from hedgerow.mm.switches import Switches, save_system
from hedgerow.net.stream import handled
from hedgerow.sim import stepping
from hedgerow.sim.bookmaker import Bet as SimBet
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.bookmaker import State as BetState
from hedgerow.sim.dialects.oddspapi import DEMO_KEY
from hedgerow.sim.faults import Behaviour
from hedgerow.sim.order_events import OrderEvent
from hedgerow.sim.orders import Leg, Match, State
from hedgerow.sim.orders import Order as SimOrder
from hedgerow.sim.server import WorldConfig, WorldServer
from hedgerow.sim.world import LIVE, Fixture
from hedgerow.storage.accounts import Accounts, VenueAccount
from hedgerow.storage.database import Database

START_S = 1_768_068_000
TOURNAMENT = 990_112
MATCH = FixtureId("id12990112000000001")
HOME, AWAY = OutcomeId(121), OutcomeId(122)
CLIENT, BOOKMAKER = "demo", "pinnacle"
EXCHANGES = ("kalshi", "polymarket")
FALLBACKS = ("sharpbet", "vertex")
"""Where else a client has accounts to hedge at; no exchanges, which would be quoted on."""
STRIDE_S = 0.25
GIVES_BACK = "give a connection back"
"""The database's name for such a task."""

_life: ContextVar[object | None] = ContextVar("life", default=None)


class Lives:
    """Which process a task belongs to, where several are played on one loop: the one whose task made it."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[Any], object] = {}

    def factory(self, loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=loop, **options)
        if (life := _life.get()) is not None:
            self._tasks[task] = life
            task.add_done_callback(lambda done: self._tasks.pop(done, None))
        return task

    def of(self, life: object) -> list[asyncio.Task[Any]]:
        """Without those that give a connection back: one that a dead process kept would be waited for at the end."""
        return [
            task
            for task, owner in self._tasks.items()
            if owner is life and not task.done() and task.get_name() != GIVES_BACK
        ]


async def _nothing() -> None:
    return None


@contextmanager
def _living(life: object) -> Iterator[None]:
    token = _life.set(life)
    try:
        yield
    finally:
        _life.reset(token)


class Process:
    """One run of market making, with a clock that follows the world's."""

    def __init__(self, scene: Scene, lives: Lives) -> None:
        self._lives, self._scene = lives, scene
        self.clock = FollowedClock()
        self.maker: MarketMaker
        self._following: asyncio.Task[None] | None = None
        self.is_dead = False

    async def start(self) -> None:
        with _living(self):
            url = clock_url(self._scene.server.url)
            self._following = spawn(follow(url, self.clock, handled.snapshot), "world clock")
            assert await self.clock.told(PATIENCE_S)
            scene = self._scene
            tag = await scene.repository.deployment_tag()
            self.maker = MarketMaker(scene.settings, scene.database, scene.vault, self.clock, tag, shadow=scene.paper)
            await self.maker.start()

    async def stop(self) -> None:
        """As at SIGTERM."""
        with _living(self):
            await self.maker.stop()
            await stop(self._following)
        await self._sweep_up()

    def die(self) -> None:
        """As at SIGKILL: from now on not one line of the process runs but the ends of its tasks, and what they still
        report decides nothing any more."""
        self.is_dead = True
        for name in ("look_at", "on_order", "on_fill", "on_free", "on_market"):
            setattr(self.maker.engine, name, lambda *_: None)
        for task in self._lives.of(self):
            task.cancel()

    async def kill(self) -> None:
        """Dies if it has not, and waits until the sockets that a kernel would close are closed."""
        if not self.is_dead:
            self.die()
        await self._sweep_up()

    async def buried(self) -> None:
        """Waits until it has died of what a test laid out for it, time going on meanwhile, and buries it."""
        walking = spawn(self._scene.run(60), "walk")
        try:
            await self._scene.until(lambda: self.is_dead)
        finally:
            await stop(walking)
        await self._sweep_up()

    async def _sweep_up(self) -> None:
        while alive := self._lives.of(self):
            for task in alive:
                task.cancel()
            await asyncio.gather(*alive, return_exceptions=True)
        await self.maker.feed.client.stop()
        for lane in [*self.lanes, *self.shadow_lanes]:
            if self.is_dead:  # the sockets are closed; a parting word is not said
                lane.exchange.cancel_all = _nothing  # type: ignore[method-assign]
            await lane.exchange.close()
        for desk in self.maker._hedger.desks.all():
            await desk.bookmaker.close()
        while alive := self._lives.of(self):
            await stop(*alive)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                await work.settled()
        while work.units:  # held by what died between two tasks, as a writer's queue is
            work.leave()

    # --- what it knows ---------------------------------------------------------------------------------------

    @property
    def trader(self) -> Trader:
        return self.maker.engine.traders[CLIENT]

    @property
    def lanes(self) -> list[Lane]:
        return [lane for trader in self.maker.engine.traders.values() for lane in trader.lanes]

    @property
    def shadow_lanes(self) -> list[Lane]:
        shadow = self.maker.shadow
        return [] if shadow is None else [lane for trader in shadow.engine.traders.values() for lane in trader.lanes]

    def lane(self, slug: str) -> Lane:
        return next(lane for lane in self.trader.lanes if lane.slug == slug)

    @property
    def market(self) -> TradedMarket:
        (found,) = self.trader.markets.values()
        return found

    def orders(self) -> list[Order]:
        """That rest, or may rest."""
        return [order for lane in self.trader.lanes for order in lane.live_orders()]


@dataclass(frozen=True, slots=True)
class Resting:
    """An order in a simulated exchange's book; price in micros of what a buyer of the outcome pays."""

    exchange: str
    outcome_id: OutcomeId
    side: Side
    price: int
    size: int


class Scene:
    """The world, the database, and the process under test."""

    def __init__(
        self,
        server: WorldServer,
        database: Database,
        settings: Settings,
        master_key: Secret,
        lives: Lives,
        exchanges: Sequence[str],
    ) -> None:
        """exchanges: where the client has accounts."""
        self.server, self.database, self.settings = server, database, settings
        self.exchanges = tuple(exchanges)
        self.master_key, self.vault = master_key, Vault(master_key)
        self._lives = lives
        self.world = server.world
        self.repository, self.switches = Repository(database, self.world.clock), Switches(database, self.world.clock)
        self.accounts = Accounts(database, self.world.clock)
        self.paper: Database | None = None  # where a process trades on paper, if it does
        self.process: Process

    # --- processes -------------------------------------------------------------------------------------------

    async def start(self) -> Process:
        """Starts a process; a second one after the first has ended."""
        self.process = Process(self, self._lives)
        await self.process.start()
        return self.process

    async def close(self) -> None:
        process = getattr(self, "process", None)
        if process is not None:
            await process.kill()

    # --- time ------------------------------------------------------------------------------------------------

    async def step(self, seconds: float = STRIDE_S, act: Callable[[], Any] | None = None) -> None:
        """One settled step: the time moves on, then the world acts, and all that both bring is done."""
        await self.server.stepper.step_to(self.world.clock.now_ns() + int(seconds * NS_PER_S), act)

    async def run(self, seconds: float) -> None:
        """Walks through a time as a replay does: to everything that somebody wants to wake for."""
        end_ns = self.world.clock.now_ns() + int(seconds * NS_PER_S)
        while (now_ns := self.world.clock.now_ns()) < end_ns:
            wake_ns = self.server.stepper.next_wake_ns()
            stride_ns = min(end_ns, now_ns + int(STRIDE_S * NS_PER_S))
            await self.server.stepper.step_to(min(stride_ns, max(wake_ns, now_ns + 1)) if wake_ns else stride_ns)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits, in the machine's time, for what happens while the world's time stands."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - of whatever kind the condition is
                await asyncio.sleep(0.001)

    async def run_until(self, condition: Callable[[], bool], most_s: float = 60) -> None:
        """Walks on until the condition holds, at most so long in the world's time."""
        walked = 0.0
        while not condition():
            assert walked < most_s, "did not happen"
            await self.run(STRIDE_S)
            walked += STRIDE_S

    async def connected(self, condition: Callable[[], bool]) -> None:
        """Walks on until something that is made in the machine's time, as a connection is, has its effect."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.005)
                await self.run(STRIDE_S)

    # --- what happens in the world -----------------------------------------------------------------------------

    def put_match(self, **changes: Any) -> None:
        known = self.world.fixtures.get(MATCH)
        new = Fixture(MATCH, 12, TOURNAMENT, "Alva Brook", "Ben Castell", START_S + 7200, "Hedgerow Open", "Generated")
        self.world.put_fixture(replace(known or new, **changes))

    def go_live(self) -> None:
        self.put_match(status_id=LIVE, live=True)

    def put_odds(
        self, home: str, away: str, *, limit: int | None = 1000, active: bool = True, bookmaker: str = BOOKMAKER
    ) -> None:
        """A bookmaker's odds, both in one frame."""
        self.world.put_odds(
            Quote(
                OutcomeKey(MATCH, outcome),
                bookmaker,
                Decimal(price),
                None if limit is None else Decimal(limit),
                Decimal(1),
                "USD",
                active,
                0,
            )
            for outcome, price in ((HOME, home), (AWAY, away))
        )

    def suspend(self, suspended: bool = True) -> None:
        self.world.put_book(MATCH, BOOKMAKER, suspended=suspended)

    def take(self, exchange: str, side: Side, price: str, size: int, outcome_id: OutcomeId = HOME) -> list[Match]:
        """A counterparty buys or sells contracts of an outcome."""
        outcome = OutcomeKey(MATCH, outcome_id)
        return self.world.exchanges[exchange].take(outcome, side, micros(Decimal(price)), size * MICRO)

    def others_trade(self, exchange: str, home: str) -> None:
        """Two others trade once on every contract, at fair prices. home: what the home outcome costs."""
        engine = self.world.exchanges[exchange]
        for number, contract in enumerate(engine.contracts.values()):
            outcome_id = contract.yes.outcome_id
            price = Decimal(home) if outcome_id == HOME else 1 - Decimal(home)
            engine.place("other", contract, Leg.YES, Side.SELL, micros(price), MICRO, reference=f"other {number}")
            self.take(exchange, Side.BUY, str(price), 1, outcome_id)

    def settle(self, home: SettlementStatus = SettlementStatus.WON) -> None:
        self.world.settle(MATCH, {HOME: home, AWAY: home.mirrored})

    def behave(self, slug: str, **switches: Any) -> None:
        """Sets a venue's faults; none of them resets all."""
        common = {name: value for name, value in switches.items() if name in Behaviour.names()}
        own = {name: value for name, value in switches.items() if name not in common}
        self.server.venues.patch(slug, common, own)

    def on_order(self, exchange: str, listener: Callable[[OrderEvent], None]) -> None:
        """The listener hears of every change of an order before the exchange answers."""
        self.world.exchanges[exchange].on_event(
            lambda event: listener(event) if isinstance(event, OrderEvent) else None
        )

    # --- what the venues have ------------------------------------------------------------------------------------

    def resting(self, exchange: str | None = None) -> list[Resting]:
        """Our orders in the exchanges' books."""
        return [
            Resting(slug, order.outcome.outcome_id, order.side, order.price, order.remaining)
            for slug in ([exchange] if exchange else self.exchanges)
            for order in self.sim_orders(slug)
            if order.state is State.OPEN and order.outcome is not None
        ]

    def sim_orders(self, exchange: str) -> list[SimOrder]:
        """Everything of ours that the exchange ever took."""
        return [o for o in self.world.exchanges[exchange].orders.values() if o.account == f"{CLIENT}_{exchange}"]

    def sim_bets(self, bookmaker: str = BOOKMAKER) -> list[SimBet]:
        """Everything that a bookmaker took from us, and did not refuse after its delay."""
        bets = self.world.bookmakers[bookmaker].bets.values()
        return [bet for bet in bets if bet.state is not BetState.REJECTED]

    # --- what our books say --------------------------------------------------------------------------------------

    async def disputes(self) -> list[Dispute]:
        """Whose settlements contradict each other."""
        return await disputes(self.database, datetime(2026, 1, 1, tzinfo=UTC), 10)

    async def fills(self) -> Sequence[Any]:
        return await self.database.fetch("select * from mm_fills order by fill_id")

    async def bets(self) -> Sequence[Any]:
        return await self.database.fetch("select * from bets order by bet_id")

    async def outcome(self) -> Outcome:
        return await outcome(self.database, CLIENT)

    async def unhedged(self) -> Decimal:
        return (await self.outcome()).unhedged_stake

    async def differences(self) -> list[str]:
        """Everything in which our books and a venue's ledger differ, and in which our books contradict themselves."""
        found = []
        for account in await self.accounts.accounts(client=CLIENT):
            ledger = self.server.venues.engine(account.venue).ledger()
            read = our_bets if ledger["kind"] == "bookmaker" else our_orders
            ours = await read(self.database, account.account_id)
            found += disagreements(ledger, account.username, Decimal(10_000), ours)
        broken = await invariants.check(self.database, second_look_s=0)
        return found + [line for lines in broken.values() for line in lines]

    async def finish(self) -> Outcome:
        """Settles the match, and waits until our books say that all of it is settled."""
        await self.step(act=self.settle)
        for _ in range(120):
            done = await self.outcome()
            if not done.unsettled:
                return done
            await self.run(1)
        raise AssertionError(f"{done.unsettled} orders and bets are not settled")

    # --- what an operator does -----------------------------------------------------------------------------------

    async def activate(self, *, is_active: bool = True, ratio: str = "0.8", ticks: int = 0) -> None:
        settings = TournamentSettings(TOURNAMENT, is_active=is_active, limit_ratio=Decimal(ratio), price_ticks=ticks)
        await self.switches.save_tournament(CLIENT, settings)

    async def turn_system(self, **switches: bool) -> None:
        """The operator's switches, committed as the command line does."""
        off = SystemState(soft_paused=False, stopped=False, emergency=False, reason=None, since=None)
        async with self.database.transaction() as connection:
            await save_system(connection, replace(off, **switches))
        self.process.maker.upkeep.settings_changed()

    async def account(self, venue: str) -> VenueAccount:
        (found,) = await self.accounts.accounts(client=CLIENT, venue=venue)
        return found


async def expect_hedged_once(scene: Scene, contracts: Decimal | int = 100) -> None:
    """So many contracts of the home side were bought at 0.45: fills of that size in all, bets that back the other
    outcome at 1.85 for as much, and equal books to the end."""
    assert sum(fill["size"] for fill in await scene.fills()) == contracts
    for _ in range(90):  # the bookmaker is sure only some time later that it never saw a reference
        if not await scene.unhedged():
            break
        await scene.run(1)
    assert await scene.unhedged() == 0
    covered = sum(bet.stake * bet.price for bet in scene.sim_bets())
    assert abs(covered - contracts) <= Decimal("0.02")
    done = await scene.finish()
    assert await scene.differences() == []
    assert abs(done.pnl - contracts * (Decimal("0.55") - 1 / Decimal("1.85"))) <= Decimal("0.05")


@asynccontextmanager
async def scene_on(
    database: Database, exchanges: Sequence[str] = EXCHANGES, patience_s: float = stepping.PATIENCE_S, **given: Any
) -> AsyncIterator[Scene]:
    """A scene whose match is described and priced 2.05 to 1.85, with the demo client's tournament active.
    exchanges: where it has accounts; patience_s: how long a step may take, in the machine's time; given: further
    settings."""
    server = WorldServer(WorldConfig(patience_s=patience_s))
    await server.start()
    server.world.clock.run_stepped(START_S * NS_PER_S)
    lives, loop = Lives(), asyncio.get_running_loop()
    loop.set_task_factory(lives.factory)
    state = {"venues": {slug: server.venues.describe(slug) for slug in server.venues.slugs()}}
    rest_url, ws_url = feed_urls(state)
    settings = Settings(
        venue_urls=simulated_urls(state),
        feed_rest_url=rest_url,
        feed_ws_url=ws_url,
        feed_key=Secret(DEMO_KEY),
        **given,
    )
    scene = Scene(server, database, settings, Secret(new_master_key()), lives, exchanges)
    try:
        await _settle_in(scene)
        yield scene
    finally:
        await scene.close()
        await server.stop()
        loop.set_task_factory(None)


async def _settle_in(scene: Scene) -> None:
    await scene.accounts.add_client(CLIENT, "Demo")
    await scene.switches.add_client(CLIENT, BOOKMAKER)
    for account in demo_accounts():
        if account.client == CLIENT and account.venue in (*scene.exchanges, BOOKMAKER, *FALLBACKS):
            await scene.accounts.add_account(
                account.venue,
                account.username,
                CLIENT,
                vault=scene.vault,
                credentials=account.credentials,
                max_outcome_stake=Decimal(1000),
            )
    await scene.activate()
    scene.put_match()
    scene.put_odds("2.05", "1.85")
