"""Several processes of automated bet placing on one database and one simulated world that goes wrong by a seed.

The world runs in the test's own process, so that its ledgers are read and its faults are set without a detour; the
services are real processes that are killed as a crash kills them.
"""

from __future__ import annotations

import asyncio
import os
import random
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from tests.patience import PATIENCE_S

from hedgerow.bus.engines import Engines
from hedgerow.bus.engines.engine import free_port
from hedgerow.cli.services import ABP, ServiceProcess
from hedgerow.cli.simulated import simulated_environment
from hedgerow.core.clock import SystemClock
from hedgerow.core.config import PREFIX, Settings
from hedgerow.core.errors import InDoubt, Unavailable
from hedgerow.core.ids import NO_PLAYER, FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.core.states import SettlementStatus
from hedgerow.execution.invariants import check
from hedgerow.net.calls import Caller, CallError
from hedgerow.sim.bookmaker import Bet as TakenBet
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.orders import State
from hedgerow.sim.server import WorldConfig, WorldServer
from hedgerow.sim.world import DEMO, RIVAL, Fixture
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database

ACME, ZENITH, BIRCH = "acme", "zenith", "birch"
BRIDGED = {
    ACME: (f"{DEMO}_sharpbet", f"{DEMO}_vertex", f"{DEMO}_paradisewager", f"{DEMO}_betcris"),
    ZENITH: (f"{RIVAL}_sharpbet", f"{DEMO}_betamapola", f"{DEMO}_kaiyun"),
    BIRCH: (f"{DEMO}_justbet", f"{DEMO}_3et", f"{DEMO}_198bet", f"{DEMO}_monkeyline.vip"),
}
"""The accounts of each client at bookmakers behind a bridge, which is asked for a bet and knows at once."""
NATIVE = {ACME: (f"{DEMO}_pinnacle",), ZENITH: (f"{RIVAL}_pinnacle",)}
"""At Pinnacle, which is sure of a bet that it does not have only after 45 s."""
FIXTURES = tuple(FixtureId(f"id12002314610614{number:02}") for number in range(4))
OUTCOMES = tuple(OutcomeKey(fixture, OutcomeId(id_), NO_PLAYER) for fixture in FIXTURES for id_ in (121, 122))
TERMS = {OutcomeId(121): (Decimal("1.70"), Decimal("1.95")), OutcomeId(122): (Decimal("2.00"), Decimal("2.30"))}
"""Between which odds an outcome moves."""
_LIMIT = Decimal(60)
_STEP = Decimal("0.01")
CONFLICT = 409


def bookmaker_of(account: str) -> str:
    return account.partition("_")[2]


@dataclass
class Sent:
    """What a client asked for, and what it was told of each request."""

    client: str
    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)
    accepted: Counter[str] = field(default_factory=Counter)
    declined: Counter[str] = field(default_factory=Counter)
    duplicates: Counter[str] = field(default_factory=Counter)
    unanswered: int = 0


@dataclass
class Arena:
    """The world, the database and the processes."""

    world: WorldServer
    database: Database
    processes: tuple[ServiceProcess, ...]
    keys: dict[str, Secret]
    accounts: dict[str, tuple[str, ...]]
    dice: random.Random
    lives_s: tuple[int, ...]
    """For how long orders may be worked on."""

    # --- the world ---------------------------------------------------------------------------------------------------

    @property
    def bookmakers(self) -> list[str]:
        return sorted({bookmaker_of(account) for owned in self.accounts.values() for account in owned})

    def move_prices(self, share: float = 1.0) -> None:
        """Every bookmaker moves the odds of a share of the outcomes; a move confirms a quote to who reads the feed."""
        now_ms = self.world.world.clock.now_ms()
        self.world.world.put_odds(
            Quote(outcome, book, self._price(outcome), _LIMIT, Decimal(2), "USD", True, now_ms)
            for outcome in OUTCOMES
            for book in self.bookmakers
            if self.dice.random() < share
        )

    def _price(self, outcome: OutcomeKey) -> Decimal:
        least, most = TERMS[outcome.outcome_id]
        return least + _STEP * self.dice.randint(0, int((most - least) / _STEP))

    def misbehave(self) -> None:
        """Some bookmakers go wrong, others are well again."""
        for book in self.dice.sample(self.bookmakers, 3):
            fault: dict[str, Any] = self.dice.choice(
                [
                    {},
                    {"loseResponseRate": Decimal("0.5")},
                    {"latencyMs": self.dice.randint(50, 400)},
                    {"rejectRate": Decimal("0.5")},
                    {"priceMove": Decimal("-0.05")},
                    {"acceptDelayMs": 300},
                    {"down": True},
                ]
            )
            self._behave(book, fault | {"seed": self.dice.randrange(10**6)})

    def behave_well(self) -> None:
        for book in self.bookmakers:
            self._behave(book, {})

    def _behave(self, book: str, switches: dict[str, Any]) -> None:
        self.world.venues.patch(book, {}, {})
        if switches:
            self.world.venues.patch(book, switches, {})

    def settle(self) -> None:
        """Every fixture is decided, by all the results there are."""
        results = [SettlementStatus.WON, SettlementStatus.LOST, SettlementStatus.VOID]
        for number, fixture in enumerate(FIXTURES):
            first = results[number % len(results)]
            second = {SettlementStatus.WON: SettlementStatus.LOST, SettlementStatus.LOST: SettlementStatus.WON}
            told = {OutcomeId(121): first, OutcomeId(122): second.get(first, first)}
            self.world.world.settle(fixture, told)

    def taken(self) -> dict[str, tuple[str, TakenBet]]:
        """The bets that stand at the bookmakers, with theirs, by reference."""
        return {
            bet.reference: (book, bet)
            for book in self.bookmakers
            for bet in self.world.world.bookmakers[book].bets.values()
            if bet.state in (State.PENDING, State.ACCEPTED, State.SETTLED)
        }

    # --- the processes -----------------------------------------------------------------------------------------------

    async def start(self, *processes: ServiceProcess) -> None:
        for outcome in await asyncio.gather(*(one.start() for one in processes), return_exceptions=True):
            if outcome is not None:
                raise outcome

    async def end_leases(self) -> None:
        """As if the time had passed after which a dead process's orders are another's. Called while nobody runs."""
        await self.database.execute("update abp_orders set lease_until = clock_timestamp() where runner is not null")

    async def keep_moving(self, *, with_faults: bool = True) -> NoReturn:
        """Odds move all the time, and every bookmaker goes wrong now and then."""
        while True:
            self.move_prices(0.3)
            if with_faults:
                self.misbehave()
            await asyncio.sleep(0.25)

    async def quiet(self, *, within_s: float = PATIENCE_S) -> None:
        """Every bookmaker answers again; returns when every order has ended and nothing is in doubt."""
        self.behave_well()
        await self.until("select count(*) from bets where status in ('PENDING', 'PLACED')", 0, within_s=within_s)
        await self.until(
            "select count(*) from abp_orders where status in ('PENDING', 'PROCESSING')", 0, within_s=within_s
        )

    async def until(self, query: str, expected: object, *, within_s: float = PATIENCE_S) -> None:
        """Waits until a query answers what it should."""
        found: object = None
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while (found := await self.database.fetchval(query)) != expected:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        assert found == expected, f"{query}: {found} after {within_s} s"

    # --- the clients -------------------------------------------------------------------------------------------------

    def order(self) -> dict[str, Any]:
        """Small ones, and some that no bookmaker takes alone; some take parts, some nothing but the exact price."""
        outcome = self.dice.choice(OUTCOMES)
        least, most = TERMS[outcome.outcome_id]
        takes_parts = self.dice.random() < 0.8
        return {
            "requestUuid": str(uuid.UUID(int=self.dice.getrandbits(128), version=4)),
            "fixtureId": outcome.fixture_id,
            "outcomeId": outcome.outcome_id,
            "playerId": NO_PLAYER,
            "orderPrice": least + (most - least) * self.dice.randint(0, 3) / 4,
            "orderStake": Decimal(self.dice.choice([5, 12, 40, 55, 150, 230])),
            "userRef": f"bettor{self.dice.randint(1, 5)}",
            "testOrder": False,
            "acceptPartialStake": takes_parts,
            "acceptBetterOdds": self.dice.random() < 0.9,
            "expiresAt": (SystemClock().now() + timedelta(seconds=self.dice.choice(self.lives_s))).isoformat(),
        }

    async def place(self, client: str, process: ServiceProcess, **changes: Any) -> int:
        """An order at a price that is always offered, once the process knows the odds; answers its id."""
        outcome = OUTCOMES[0]
        order = self.order() | {"fixtureId": outcome.fixture_id, "outcomeId": outcome.outcome_id} | changes
        order |= {"orderPrice": TERMS[outcome.outcome_id][0], "orderStake": 5, "acceptBetterOdds": True}
        async with asyncio.timeout(PATIENCE_S), Caller("abp", process.url, self.keys[client]) as caller:
            while True:
                answer = await caller.post("/place-orders", {"orders": [order]})
                if answer["acceptedOrders"]:
                    order_id: int = answer["acceptedOrders"][0]["orderId"]
                    return order_id
                await asyncio.sleep(0.1)

    async def send(self, client: str, count: int, *, at_once: int = 5, pause_s: float = 0.1) -> Sent:
        """Sends orders to whichever process; what gets no answer is sent again, with the same requestUuid."""
        sent = Sent(client)
        while len(sent.bodies) < count:
            batch = [self.order() for _ in range(min(at_once, count - len(sent.bodies)))]
            sent.bodies |= {order["requestUuid"]: order for order in batch}
            await self._send(sent, batch)
            await asyncio.sleep(pause_s)
        return sent

    async def _send(self, sent: Sent, batch: Sequence[dict[str, Any]]) -> None:
        async with asyncio.timeout(120):
            while not await self._told(sent, batch):
                sent.unanswered += 1
                await asyncio.sleep(0.1)

    async def _told(self, sent: Sent, batch: Sequence[dict[str, Any]]) -> bool:
        process = self.dice.choice(self.processes)
        patience_s = self.dice.choice([0.01, 5.0, 5.0])  # some go before the answer comes
        async with Caller("abp", process.url, self.keys[sent.client], timeout_s=patience_s) as caller:
            try:
                answer = await caller.post("/place-orders", {"orders": batch})
            except (Unavailable, InDoubt):
                return False
            except CallError as error:
                if error.status != CONFLICT:
                    raise
                sent.duplicates.update(order["requestUuid"] for order in batch)
                return True
        sent.accepted.update(order["requestUuid"] for order in answer["acceptedOrders"])
        for order in answer["declinedOrders"]:
            is_duplicate = order["declineReason"] == "Duplicate requestUuid"
            (sent.duplicates if is_duplicate else sent.declined).update([order["requestUuid"]])
        return True


@asynccontextmanager
async def arena(
    folder: Path, database: Database, database_url: Secret, *, seed: int, native: bool, lives_s: tuple[int, ...]
) -> AsyncIterator[Arena]:
    """Three clients with their accounts, and two processes that are ready. native: Pinnacle is among the bookmakers.
    lives_s: of orders."""
    key = new_master_key()
    owned = {client: names + (NATIVE.get(client, ()) if native else ()) for client, names in BRIDGED.items()}
    data = folder / "data"
    data.mkdir(mode=0o711)
    world = WorldServer(WorldConfig())
    await world.start()
    try:
        keys = await _clients(database, world, Vault(Secret(key)), owned)
        async with Engines(Settings(data_dir=data, database_url=database_url)) as engines:
            environment = _environment(world, data, database_url, engines.nats_url, key)
            made = tuple(
                ServiceProcess(ABP, "127.0.0.1", free_port(), folder / f"abp{number}.log", environment)
                for number in range(2)
            )
            found = Arena(world, database, made, keys, owned, random.Random(seed), lives_s)
            starts_s = world.world.clock.now_ms() // 1000 + 7200
            for fixture in FIXTURES:
                world.world.put_fixture(Fixture(fixture, 12, 2314, "Jannik Sinner", "Carlos Alcaraz", starts_s))
            found.move_prices()
            try:
                await found.start(*made)
                yield found
            finally:
                await asyncio.gather(*(process.stop() for process in made))
    finally:
        await world.stop()


async def _clients(
    database: Database, world: WorldServer, vault: Vault, owned: dict[str, tuple[str, ...]]
) -> dict[str, Secret]:
    accounts, keys = Accounts(database, SystemClock()), {}
    for client, names in owned.items():
        await accounts.add_client(client, client.title())
        keys[client] = await accounts.create_key(client, "abp", per_minute=100_000)
        for name in names:
            dialect: Any = world.venues.dialects[bookmaker_of(name)]
            credentials = dict(dialect.demo_credentials(name))
            made = await accounts.add_account(bookmaker_of(name), name, client, vault=vault, credentials=credentials)
            assert made is not None
    return keys


def _environment(world: WorldServer, data: Path, database_url: Secret, nats_url: Secret, key: str) -> dict[str, str]:
    venues = {slug: {"urls": world.venues.urls(slug)} for slug in world.venues.slugs()}
    ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return {
        **ours,
        **simulated_environment(world.url, {"venues": venues}),
        PREFIX + "DATA_DIR": str(data),
        PREFIX + "DATABASE_URL": database_url.reveal(),
        PREFIX + "NATS_URL": nats_url.reveal(),
        PREFIX + "MASTER_KEY": key,
    }


# --- what must hold afterwards ----------------------------------------------------------------------------------------


async def assert_ledgers_agree(arena: Arena) -> int:
    """Every bet at a bookmaker is ours and the other way round, to the last digit. Answers how many there are."""
    rows = await arena.database.fetch(
        """select reference::text, b.bookmaker, a.username, bookmaker_bet_id, fixture_id, outcome_id, placed_odds,
                  placed_stake, b.currency
           from bets b join accounts a using (account_id) where status = 'CONFIRMED'"""
    )
    ours = {row["reference"]: tuple(row)[1:] for row in rows}
    theirs = {
        reference: (
            book,
            bet.account,
            bet.outcome.fixture_id,
            bet.outcome.outcome_id,
            bet.price,
            bet.stake,
            bet.currency,
        )
        for reference, (book, bet) in arena.taken().items()
    }
    assert {reference: told[:2] + told[3:] for reference, told in ours.items()} == theirs
    assert len({(told[0], told[2]) for told in ours.values()}) == len(ours)
    return len(ours)


async def assert_orders_are_kept(arena: Arena, sents: Sequence[Sent]) -> None:
    """What the bookmakers hold for each order is what its client allowed; no request was taken twice."""
    held: dict[str, list[TakenBet]] = {}
    rows = await arena.database.fetch(
        "select o.request_uuid::text, b.reference::text from bets b join abp_orders o using (order_id)"
    )
    request_of = {row[1]: row[0] for row in rows}
    for reference, (_, bet) in arena.taken().items():
        held.setdefault(request_of[reference], []).append(bet)
    for sent in sents:
        for request, asked in sent.bodies.items():
            bets = held.get(request, [])
            assert sum(bet.stake for bet in bets) <= asked["orderStake"]
            assert all(bet.price >= asked["orderPrice"] for bet in bets)
            if not asked["acceptPartialStake"]:
                assert [bet.stake for bet in bets] in ([], [asked["orderStake"]])
            if not asked["acceptBetterOdds"]:
                assert {bet.price for bet in bets} <= {asked["orderPrice"]}
    told = {request for sent in sents for request in sent.bodies}
    kept = Counter(row[0] for row in await arena.database.fetch("select request_uuid::text from abp_orders"))
    assert set(kept) <= told
    assert set(kept.values()) <= {1}
    for sent in sents:
        assert all(kept[request] == 1 for request in sent.accepted | sent.duplicates)
        assert all(count == 1 for count in sent.accepted.values())


async def assert_invariants(arena: Arena) -> None:
    broken = {name: rows for name, rows in (await check(arena.database)).items() if rows}
    assert broken == {}


async def assert_paid_as_the_bookmakers_did(arena: Arena) -> None:
    """Each bet's payout is the bookmaker's."""
    rows = await arena.database.fetch(
        "select reference::text, settlement, payout from bets where placed_stake is not null"
    )
    ours = {row["reference"]: (row["settlement"], row["payout"]) for row in rows}
    theirs = {reference: (bet.settlement.value, bet.payout) for reference, (_, bet) in arena.taken().items()}
    assert ours == theirs
