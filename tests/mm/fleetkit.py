"""Several processes of market making on one database and one simulated world, under load.

The world runs in the test's own process, so that its books are read and its prices are moved without a detour; the
services are real processes that are killed, and stopped, as the kernel does it.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

from tests.patience import PATIENCE_S
from tests.ways import Way, port_of, through

from hedgerow.bus.engines import Engines
from hedgerow.bus.engines.engine import free_port
from hedgerow.cli.books import our_bets, our_orders
from hedgerow.cli.ledgers import disagreements
from hedgerow.cli.services import MM, ServiceProcess
from hedgerow.cli.simulated import demo_accounts, simulated_environment
from hedgerow.core.clock import SystemClock
from hedgerow.core.config import PREFIX, Settings
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.money import MICRO, micros
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.core.tasks import spawn, stop
from hedgerow.execution import invariants
from hedgerow.mm.controls import TournamentSettings
from hedgerow.mm.orders import MOST_LEAVING
from hedgerow.mm.shards import shard_of
from hedgerow.mm.switches import Switches
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.orders import Order, State
from hedgerow.sim.server import WorldConfig, WorldServer
from hedgerow.sim.world import Fixture
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database

CLIENT, BOOKMAKER = "demo", "pinnacle"
TOURNAMENT = 990_112
SHARDS = 4
NAMES = ("Alva Brook", "Ben Castell", "Cora Dunmore", "Dario Egli", "Edda Farrow", "Finn Galbraith")
PLACES = {"kalshi": 4, "polymarket": 2}
"""Where a match is quoted, and at how many places."""
MOST_AT_A_PLACE = 1 + MOST_LEAVING
"""An order whose cancel is under way may rest beside the next, also where orders are moved in place: what was taken
away while a hedge was refused comes back before the exchange has answered. Two processes would make it more."""
TICKS = (("2.05", "1.85"), ("2.04", "1.86"), ("2.06", "1.84"))
BEST = ("2.06", "1.86")
"""At which every hedge is worth it."""
HOME, AWAY = OutcomeId(121), OutcomeId(122)


def fixtures() -> tuple[FixtureId, ...]:
    """One match in every shard."""
    found: dict[int, FixtureId] = {}
    number = 1
    while len(found) < SHARDS:
        fixture = FixtureId(f"id12990112{number:09}")
        found.setdefault(shard_of(fixture, SHARDS), fixture)
        number += 1
    return tuple(found[shard] for shard in range(SHARDS))


FIXTURES = fixtures()


def _place(order: Order) -> tuple[FixtureId, OutcomeId, Side]:
    assert order.outcome is not None
    return order.outcome.fixture_id, order.outcome.outcome_id, order.side


@dataclass
class Deployment:
    """The world, the database and the processes."""

    server: WorldServer
    database: Database
    processes: tuple[ServiceProcess, ...]
    way_to_bus: Way
    """Of the first process."""
    dice: random.Random = field(default_factory=lambda: random.Random(1))
    taken: int = 0
    crowded: list[Order] = field(default_factory=list)
    """Orders that rested at one time for one side of one outcome, the first time that they were too many."""

    # --- load --------------------------------------------------------------------------------------------------

    def tick(self, *odds: tuple[str, str]) -> None:
        """The bookmaker's odds of every match: one of these, or of the usual ones."""
        self.server.world.put_odds(
            Quote(OutcomeKey(fixture, outcome), BOOKMAKER, Decimal(price), Decimal(5000), Decimal(1), "USD", True, 0)
            for fixture in FIXTURES
            for outcome, price in zip((HOME, AWAY), self.dice.choice(odds or TICKS), strict=True)
        )

    def take(self) -> None:
        """Somebody trades with one of our quotes."""
        exchange = self.server.world.exchanges[self.dice.choice(tuple(PLACES))]
        outcome = OutcomeKey(self.dice.choice(FIXTURES), self.dice.choice((HOME, AWAY)))
        matches = exchange.take(outcome, Side.SELL, micros(Decimal("0.30")), 10 * MICRO)
        self.taken += sum(match.size for match in matches)

    @asynccontextmanager
    async def load(self) -> AsyncIterator[None]:
        """Odds and takers go on for as long as the block; the books are looked at all the time."""
        loading = spawn(self._load(), "load")
        try:
            yield
        finally:
            await stop(loading)

    async def _load(self) -> NoReturn:
        turn = 0
        while True:
            turn += 1
            if turn % 10 == 0:
                self.tick()
            if turn % 5 == 0:
                self.take()
            for (exchange, *place), count in self.places().items():
                if count > MOST_AT_A_PLACE and not self.crowded:
                    self.crowded = [replace(order) for order in self.ours(exchange) if _place(order) == tuple(place)]
            await asyncio.sleep(0.02)

    # --- what rests --------------------------------------------------------------------------------------------

    def places(self) -> Counter[tuple[str, FixtureId, OutcomeId, Side]]:
        """Our resting orders, by where they rest."""
        return Counter((slug, *_place(order)) for slug in PLACES for order in self.ours(slug))

    def ours(self, exchange: str) -> list[Order]:
        """Our orders that rest at an exchange."""
        orders = self.server.world.exchanges[exchange].orders.values()
        return [o for o in orders if o.state is State.OPEN and o.outcome and o.account == f"{CLIENT}_{exchange}"]

    def sent(self, fixture: FixtureId) -> int:
        """Orders that the exchanges ever took for a match."""
        return sum(
            order.outcome is not None and order.outcome.fixture_id == fixture
            for slug in PLACES
            for order in self.server.world.exchanges[slug].orders.values()
        )

    def is_quoted(self) -> bool:
        """Every match, at every place."""
        return len(self.places()) == len(FIXTURES) * sum(PLACES.values())

    def is_in_order(self) -> bool:
        """One order at every place: nothing is missing, nothing that was taken away is still there."""
        return self.is_quoted() and set(self.places().values()) == {1}

    async def holders(self) -> dict[int, int]:
        """The process number of each shard's holder."""
        rows = await self.database.fetch("select shard, holder from mm_shards where holder is not null")
        return {row["shard"]: int(row["holder"].split("/")[1]) for row in rows}

    async def shared_out(self) -> bool:
        """Whether both processes hold half."""
        return sorted(Counter((await self.holders()).values()).values()) == [SHARDS // 2, SHARDS // 2]

    async def held_by(self, process: ServiceProcess) -> bool:
        """Whether a process holds everything."""
        holders = await self.holders()
        return len(holders) == SHARDS and set(holders.values()) == {process.pid}

    async def requoted_after(self, *, shards: list[int], within_s: float) -> float:
        """Seconds until new orders were sent for the matches of shards that another process takes over."""
        before = {FIXTURES[shard]: self.sent(FIXTURES[shard]) for shard in shards}
        started = time.monotonic()
        await until(lambda: all(self.sent(fixture) > sent for fixture, sent in before.items()), within_s)
        return time.monotonic() - started

    # --- what must hold ----------------------------------------------------------------------------------------

    async def settled_down(self) -> None:
        """Returns when one order rests at every place, all that was taken is known, no hedge is under way and nothing
        worth a bet is naked. What is settled before its last fill was heard of would lack that fill."""
        self.tick(BEST)
        query = "select count(*) from bets where status in ('PENDING', 'PLACED')"
        filled = """select coalesce(sum(size), 0) as size, coalesce(sum(unhedged_size), 0) as naked
                    from mm_fills where state <> 'REVERSED'"""

        async def is_done() -> bool:
            fills = await self.database.fetchrow(filled)
            assert fills is not None
            is_known = micros(fills["size"]) == self.taken
            return is_known and fills["naked"] < 2 and not await self.database.fetchval(query)

        await until_it(is_done)
        await until(self.is_in_order)

    async def finish(self) -> None:
        """Decides every match; returns when all of it is settled."""
        for fixture in FIXTURES:
            self.server.world.settle(fixture, {HOME: SettlementStatus.WON, AWAY: SettlementStatus.LOST})
        query = """select (select count(*) from mm_orders where matched_size > 0 and settlement_status = 'UNDECIDED')
                        + (select count(*) from bets where status = 'CONFIRMED' and settlement = 'UNSETTLED')"""

        async def is_done() -> bool:
            return await self.database.fetchval(query) == 0

        await until_it(is_done)

    async def differences(self) -> list[str]:
        """Everything in which our books and a venue's ledger differ, and in which our books contradict themselves."""
        found = []
        for account in await Accounts(self.database, SystemClock()).accounts(client=CLIENT):
            if account.venue in (*PLACES, BOOKMAKER):
                ledger = self.server.venues.engine(account.venue).ledger()
                read = our_bets if ledger["kind"] == "bookmaker" else our_orders
                ours = await read(self.database, account.account_id)
                found += disagreements(ledger, account.username, Decimal(10_000), ours)
        broken = await invariants.check(self.database, second_look_s=0)
        return found + [line for lines in broken.values() for line in lines]


async def until(condition: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - the world's state
            await asyncio.sleep(0.02)


async def until_it(condition: Callable[[], Awaitable[bool]]) -> None:
    """The same for what is asked of the database."""
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


@asynccontextmanager
async def deployment(folder: Path, database: Database, database_url: Secret) -> AsyncIterator[Deployment]:
    """One client who quotes a match in every shard, and two processes that hold half of the shards each."""
    key = new_master_key()
    data = folder / "data"
    data.mkdir(mode=0o711)
    server = WorldServer(WorldConfig())
    await server.start()
    try:
        await _client(database, Vault(Secret(key)))
        starts_s = server.world.clock.now_ms() // 1000 + 7200
        for number, fixture in enumerate(FIXTURES):
            players = f"{NAMES[number]}", f"{NAMES[number + 1]}son"
            server.world.put_fixture(Fixture(fixture, 12, TOURNAMENT, *players, starts_s, "Hedgerow Open", "Generated"))
        async with Engines(Settings(data_dir=data, database_url=database_url)) as engines:
            way = Way("127.0.0.1", port_of(engines.nats_url))
            await way.start()
            made = tuple(
                ServiceProcess(
                    MM,
                    "127.0.0.1",
                    free_port(),
                    folder / f"mm{number}.log",
                    _environment(server, data, database_url, nats_url, key),
                )
                for number, nats_url in enumerate((through(way, engines.nats_url), engines.nats_url))
            )
            found = Deployment(server, database, made, way)
            found.tick()
            try:
                await asyncio.gather(*(process.start() for process in made))
                await until_it(found.shared_out)
                await until(found.is_quoted)
                yield found
            finally:
                await asyncio.gather(*(process.stop() for process in made))
                await way.stop()
    finally:
        await server.stop()


async def _client(database: Database, vault: Vault) -> None:
    clock = SystemClock()
    accounts, switches = Accounts(database, clock), Switches(database, clock)
    await accounts.add_client(CLIENT, "Demo")
    await switches.add_client(CLIENT, BOOKMAKER)
    for account in demo_accounts():
        if account.client == CLIENT and account.venue in (*PLACES, BOOKMAKER):
            await accounts.add_account(
                account.venue,
                account.username,
                CLIENT,
                vault=vault,
                credentials=account.credentials,
                max_outcome_stake=Decimal(1000),
            )
    await switches.save_tournament(CLIENT, TournamentSettings(TOURNAMENT, True, Decimal("0.1"), 0))


def _environment(server: WorldServer, data: Path, database_url: Secret, nats_url: Secret, key: str) -> dict[str, str]:
    venues = {slug: {"urls": server.venues.urls(slug)} for slug in server.venues.slugs()}
    ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return {
        **ours,
        **simulated_environment(server.url, {"venues": venues}),
        PREFIX + "DATA_DIR": str(data),
        PREFIX + "DATABASE_URL": database_url.reveal(),
        PREFIX + "NATS_URL": nats_url.reveal(),
        PREFIX + "MASTER_KEY": key,
        PREFIX + "MM_SHARDS": str(SHARDS),
        # What is quoted here changes by what a test does alone, also on a machine that stands still for seconds.
        **dict.fromkeys((PREFIX + name for name in ("FEED_SILENCE_S", "STALE_LIVE_S", "STALE_PREGAME_S")), "600"),
    }
