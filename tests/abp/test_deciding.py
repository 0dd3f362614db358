"""Deciding about many orders at once is deciding about one after the other; what fails, fails alone."""

from __future__ import annotations

import random
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.abp.balances import book_balance
from hedgerow.abp.deciding import Decided, Decider, LostError, Outcome
from hedgerow.abp.orders import AbpOrderStatus
from hedgerow.abp.repository import Lease
from hedgerow.abp.work import Work
from hedgerow.core.ids import ClientName, MarketKey, OutcomeId, VenueSlug
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.bets import Bet, Bets

from .abpkit import new_order
from .runkit import ACCOUNT, ALCARAZ, LONG, SINNER, Floor, WorldOffers

ME = str(uuid.uuid4())
ACME, ZENITH = ClientName("acme"), ClientName("zenith")


class Cases:
    """Orders of two clients, each with one account of its own, and a decider that nobody sends for."""

    def __init__(self, floor: Floor) -> None:
        self.floor, self.offers = floor, WorldOffers(floor.world)

    async def open(self, balance: str) -> None:
        floor, clock = self.floor, self.floor.world.clock
        accounts = Accounts(floor.database, clock)
        await accounts.add_client(ZENITH, "Zenith")
        credentials = dict(floor.pinnacle.demo_credentials(ACCOUNT))
        await accounts.add_account("pinnacle", "second", ZENITH, vault=floor.vault, credentials=credentials)
        _, self.desks, view = floor.parts(self.offers)
        await self.desks.load()
        for desk in self.desks.all():
            desk.is_open = True
            async with floor.database.transaction() as connection:
                at = clock.now()
                await book_balance(connection, desk.row.account_id, "USD", Decimal(balance), at, at)
        bets = Bets(floor.database, clock)
        self.decider = Decider(ME, floor.orders, bets, self.desks, self.offers, view, clock)

    async def works(self, client: ClientName, *changes: dict[str, Any], runner: str = ME) -> list[Work]:
        expires_at = self.floor.world.clock.now() + LONG
        asked = [new_order(client=client, expires_at=expires_at, **change) for change in changes]
        async with self.floor.database.transaction() as connection:
            orders = await self.floor.orders.number(connection, asked)
            await self.floor.orders.insert(connection, orders, Lease(runner, 30))
        return [Work(order, safe_until=float("inf")) for order in orders]

    async def decide(self, works: Sequence[Work]) -> list[Outcome]:
        async with self.floor.database.transaction() as connection:
            return await self.decider.decide(connection, works)

    @asynccontextmanager
    async def hedge(self, client: ClientName, stake: str) -> AsyncIterator[None]:
        """Market making takes so much of the client's account, and nobody has read its balance since. The bet is
        there within the block only: the floor asks for the fill of a hedge."""
        await self.floor.database.execute("insert into mm_clients (client, bookmaker) values ($1, 'pinnacle')", client)
        (desk,) = self.desks.of(client)
        clock, order = self.floor.world.clock, new_order(client=client)
        bets = Bets(self.floor.database, clock)
        bet = Bet(
            str(uuid.uuid4()),
            "mm",
            client,
            desk.row.account_id,
            VenueSlug("pinnacle"),
            order.fixture_id,
            order.market_id,
            order.outcome_id,
            order.player_id,
            Decimal(2),
            Decimal(stake),
            "USD",
            Decimal(1),
        )
        await bets.commit([bet])
        yield
        await self.floor.database.execute("delete from bets where origin = 'mm'")

    async def told(self, client: ClientName) -> list[tuple[Any, ...]]:
        """All that the database says of a client's orders and bets, in their order."""
        rows = await self.floor.database.fetch(
            """select o.status, o.attempts, o.filled, b.requested_odds, b.requested_stake, b.order_stake, b.reserved
               from abp_orders o left join bets b on b.order_id = o.order_id
               where o.client = $1 order by o.order_id, b.bet_id""",
            client,
        )
        return [tuple(row) for row in rows]

    async def free(self, client: ClientName) -> Decimal:
        found: Decimal = await self.floor.database.fetchval(
            """select b.amount from abp_balances b join accounts a using (account_id)
               where a.client = $1 and b.place = 'free'""",
            client,
        )
        return found


@pytest.fixture
async def cases(floor: Floor) -> Cases:
    made = Cases(floor)
    await made.open("40")
    return made


@pytest.mark.parametrize("seed", range(12))
async def test_a_group_is_decided_as_one_after_the_other(cases: Cases, seed: int) -> None:
    chance = random.Random(seed)
    changes: list[dict[str, Any]] = [
        {
            "stake": Decimal(chance.randint(50, 2000)).scaleb(-2),
            "price": Decimal(chance.choice(["1.7", "1.8", "1.9"])),
            "accepts_partial": chance.random() < 0.5,
            "is_test": chance.random() < 0.2,
            "outcome_id": chance.choice([SINNER, ALCARAZ]).outcome_id,
        }
        for _ in range(10)
    ]
    group, alone = await cases.works(ACME, *changes), await cases.works(ZENITH, *changes)
    await cases.decide(group)
    for work in alone:
        await cases.decide([work])
    assert await cases.told(ACME) == await cases.told(ZENITH)
    assert await cases.free(ACME) == await cases.free(ZENITH) >= 0


async def test_orders_of_a_group_share_what_is_free(cases: Cases) -> None:
    works = await cases.works(ACME, *[{"stake": Decimal(15)}] * 4)
    outcomes = await cases.decide(works)
    stakes = [[bet.requested_stake for bet, _, _ in one.legs] for one in outcomes if isinstance(one, Decided)]
    assert stakes == [[15], [15], [10], []]
    assert await cases.free(ACME) == 0


async def test_what_a_hedge_took_since_the_balance_was_read_is_not_bet(cases: Cases) -> None:
    (work,) = await cases.works(ACME, {"stake": Decimal(40)})
    async with cases.hedge(ACME, "30"):
        (outcome,) = await cases.decide([work])
    assert isinstance(outcome, Decided)
    assert [bet.requested_stake for bet, _, _ in outcome.legs] == [10]


async def test_one_order_that_cannot_be_decided_harms_no_other(cases: Cases, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = cases.offers.offer

    def break_one(market: MarketKey, outcome_id: OutcomeId, bookmaker: VenueSlug, *, is_back: bool) -> Any:
        if outcome_id == ALCARAZ.outcome_id:
            raise RuntimeError("what nobody thought of")
        return offer(market, outcome_id, bookmaker, is_back=is_back)

    monkeypatch.setattr(cases.offers, "offer", break_one)
    works = await cases.works(ACME, {}, {"outcome_id": ALCARAZ.outcome_id}, {})
    outcomes = await cases.decide(works)
    assert isinstance(outcomes[1], RuntimeError)
    assert [len(one.legs) for one in outcomes if isinstance(one, Decided)] == [1, 1]
    assert [(row[0], row[4]) for row in await cases.told(ACME)] == [
        ("PROCESSING", 10),
        ("PENDING", None),
        ("PROCESSING", 10),
    ]


async def test_order_of_another_runner_is_left_alone(cases: Cases) -> None:
    works = await cases.works(ACME, {}) + await cases.works(ACME, {}, runner=str(uuid.uuid4()))
    outcomes = await cases.decide(works)
    assert isinstance(outcomes[1], LostError)
    assert [row[0] for row in await cases.told(ACME)] == ["PROCESSING", "PENDING"]


async def test_order_that_ends_at_once_was_processing_first(cases: Cases) -> None:
    (work,) = await cases.works(ACME, {"price": Decimal("1.9")})
    work.order.asked = replace(work.order.asked, expires_at=work.order.created_at - timedelta(seconds=1))
    assert await cases.decide([work]) == [Decided(has_ended=True)]
    told = await cases.floor.database.fetch("select payload from outbox where channel = 'abp.orders' order by id")
    assert [row["payload"]["status"] for row in told] == ["PENDING", "PROCESSING", "EXPIRED"]


async def test_what_was_decided_and_never_sent_is_asked_for_and_bet_anew(cases: Cases) -> None:
    """The process dies between the commit of its decision and the sending."""
    (work,) = await cases.works(ACME, {})
    (decided,) = await cases.decide([work])
    assert isinstance(decided, Decided)
    assert len(decided.legs) == 1
    await cases.floor.database.execute("update abp_orders set lease_until = clock_timestamp()")
    await cases.desks.close()
    await cases.floor.runner()
    ended = await cases.floor.ended(work.order)
    assert (ended.status, ended.filled) == (AbpOrderStatus.FILLED, 10)
    assert [status for status, _, _ in await cases.floor.rows(work.order)] == ["FAILED", "CONFIRMED"]
    assert len(cases.floor.taken) == 1


async def test_what_was_accepted_and_never_decided_is_taken_up_when_the_lease_ends(cases: Cases) -> None:
    """The process dies between the commit of an order and its decision."""
    (work,) = await cases.works(ACME, {}, runner=str(uuid.uuid4()))
    await cases.desks.close()
    await cases.floor.runner()
    newer = await cases.floor.ended(await cases.floor.place(lives=LONG))
    found = await cases.floor.orders.order(work.order.order_id)
    assert found is not None
    assert (newer.status, found.status) == (AbpOrderStatus.FILLED, AbpOrderStatus.PENDING)
    await cases.floor.database.execute("update abp_orders set lease_until = clock_timestamp()")
    assert (await cases.floor.ended(work.order)).status is AbpOrderStatus.FILLED
    assert len(cases.floor.taken) == 2
