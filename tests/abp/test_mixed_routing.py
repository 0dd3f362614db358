"""One order over a bookmaker, two exchanges and a bridge, to back and to lay, in the served world: each bet is taken
by its venue as it says, and every account's money is the venue's to the last digit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.patience import PATIENCE_S

from hedgerow.abp.desks import Desk
from hedgerow.abp.orders import AbpOrder, AbpOrderStatus
from hedgerow.abp.service import AutomatedBetPlacing
from hedgerow.core.config import Settings
from hedgerow.core.ids import ClientName, MarketId, MarketKey, VenueSlug
from hedgerow.core.money import MICRO, decimal_of
from hedgerow.core.secrets import Secret, Vault
from hedgerow.core.states import SettlementStatus
from hedgerow.exam.bench import simulated_urls
from hedgerow.execution.invariants import check
from hedgerow.execution.placement import NO_LAY
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.oddspapi import DEMO_KEY
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.server import WorldConfig, WorldServer
from hedgerow.sim.world import Fixture
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database
from hedgerow.venues.base import BetIntent, BetReport
from hedgerow.venues.registry import venue

from .runkit import ALCARAZ, SINNER, TENNIS
from .test_service import accepted, ended, until_funded

ACME = ClientName("acme")
BOOKS = ("kalshi", "pinnacle", "polymarket", "sharpbet")
EXCHANGES = ("kalshi", "polymarket")
TWELVE = (
    "198bet",
    "betfair-ex",
    "cloudbet",
    "cloudbetb2b",
    "kalshi",
    "matchbook",
    "pinnacle",
    "pinnacleb2b",
    "polymarket",
    "predict.fun",
    "sharpbet",
    "sx.bet",
)


def offer(server: WorldServer, slug: str, first: str, limit: str, second: str = "2.1") -> None:
    told = ((SINNER, first), (ALCARAZ, second))
    quotes = [Quote(one, slug, Decimal(odds), Decimal(limit), Decimal(2), "USD", True, 0) for one, odds in told]
    server.world.put_odds(quotes)


@pytest.fixture
async def world() -> AsyncIterator[WorldServer]:
    server = WorldServer(WorldConfig())
    await server.start()
    starts_s = server.world.clock.now_ms() // 1000 + 7200
    names = "Jannik Sinner", "Carlos Alcaraz"
    server.world.put_fixture(Fixture(TENNIS, 12, 2314, *names, starts_s, "ATP Finals", "ATP"))
    yield server
    await server.stop()


@asynccontextmanager
async def betting_at(
    books: Sequence[str], world: WorldServer, database: Database, vault: Vault, eventually: Any
) -> AsyncIterator[AutomatedBetPlacing]:
    """Of client acme, with an account at each of these venues."""
    feed = world.venues.urls("oddspapi")
    accounts = Accounts(database, world.world.clock)
    await accounts.add_client(ACME, ACME)
    urls = {}
    for slug in books:
        urls[slug] = simulated_urls(venue(slug).manifest, world.venues.urls(slug))
        dialect: Any = world.venues.dialects[slug]
        keys = dict(dialect.demo_credentials(f"demo_{slug}"))
        await accounts.add_account(slug, f"{slug} main", ACME, vault=vault, credentials=keys)
    settings = Settings(
        feed_rest_url=feed["rest"] + "/en", feed_ws_url=feed["ws"] + "/ws", feed_key=Secret(DEMO_KEY), venue_urls=urls
    )
    made = AutomatedBetPlacing(settings, database, vault, world.world.clock)
    await made.start()
    try:
        desks = made.desks
        await eventually(lambda: len(list(desks.all())) == len(books) and all(desk.is_open for desk in desks.all()))
        await desks.read_balances()
        await eventually(lambda: made.book.fixture(TENNIS) is not None and made.book.up_since_ms is not None)
        await until_funded(database, len(books))
        yield made
    finally:
        await made.stop()


@pytest.fixture
async def service(
    world: WorldServer, database: Database, vault: Vault, eventually: Any
) -> AsyncIterator[AutomatedBetPlacing]:
    async with betting_at(BOOKS, world, database, vault, eventually) as made:
        yield made


async def told(service: AutomatedBetPlacing, eventually: Any, prices: dict[str, str]) -> None:
    """Waits until the feed has told of these prices, and they may be bet on."""
    market = MarketKey(TENNIS, MarketId(SINNER.outcome_id))

    def is_told() -> bool:
        found = {slug: service._offers.offer(market, SINNER.outcome_id, VenueSlug(slug)) for slug in prices}
        return all(
            one is not None and one.unusable is None and one.price == Decimal(prices[slug])
            for slug, one in found.items()
        )

    await eventually(is_told)


async def bets_of(database: Database, order: AbpOrder) -> dict[str, Any]:
    rows = await database.fetch("select * from bets where order_id = $1 order by bet_id", order.order_id)
    return {row["bookmaker"]: row for row in rows if row["placed_stake"] is not None}


def order_at(world: WorldServer, slug: str) -> Any:
    """The newest order of ours in an exchange's books."""
    return [one for one in world.world.exchanges[slug].orders.values() if one.account == f"demo_{slug}"][-1]


def risk_of(order: Any) -> Decimal:
    """What an order cost its account, fees included, by the exchange's own trades."""
    cost = sum(order.risk_price(match.price) * match.size // MICRO + match.fee for match in order.fills)
    return decimal_of(cost)


async def settled(service: AutomatedBetPlacing, database: Database, count: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await database.fetchval("select count(*) from bets where settlement <> 'UNSETTLED'") < count:
            for desk in service.desks.all():
                await service._settler.read(desk)
            await asyncio.sleep(0.05)


async def expect_ledgers(world: WorldServer, database: Database) -> None:
    """What can be bet on each account is the venue's own balance."""
    rows = await database.fetch(
        """select a.venue, b.amount from abp_balances b join accounts a using (account_id) where b.place = 'free'"""
    )
    for slug, amount in rows:
        engine = world.venues.engine(slug)
        name = f"demo_{slug}"
        right = decimal_of(engine.free_cash(name)) if isinstance(engine, Exchange) else engine.balances[name]
        assert amount == right, slug
    assert {name: rows for name, rows in (await check(database, second_look_s=0)).items() if rows} == {}


async def test_a_back_order_is_spread_over_all_kinds_of_venues(
    world: WorldServer, service: AutomatedBetPlacing, database: Database, eventually: Any
) -> None:
    prices = {"kalshi": "1.75", "polymarket": "1.78", "pinnacle": "1.74", "sharpbet": "1.73"}
    for slug, price in prices.items():
        offer(world, slug, price, "40" if slug in EXCHANGES else "30")
    await told(service, eventually, prices)
    world.venues.patch("polymarket", {"loseResponseRate": 1}, {})  # taken, and the answer never comes
    order = await accepted(service, price=Decimal("1.7"), stake=Decimal(130), expires_at=_in(world, 60))
    await eventually(lambda: bool(world.world.exchanges["polymarket"].accounts["demo_polymarket"].held))
    world.venues.patch("polymarket", {}, {})
    order = await ended(service, order)
    assert order.status is AbpOrderStatus.FILLED
    found = await bets_of(database, order)
    assert set(found) == set(BOOKS)
    for slug in EXCHANGES:
        bet, at_venue = found[slug], order_at(world, slug)
        assert bet["at_risk"] == bet["placed_stake"] == risk_of(at_venue)
        assert Decimal("39.5") < bet["placed_stake"] <= 40
        assert bet["placed_odds"] >= Decimal(prices[slug])
    assert sum(bet["placed_stake"] for bet in found.values()) <= 130
    world.world.settle(TENNIS, _won(SettlementStatus.WON))
    await settled(service, database, 4)
    for slug in EXCHANGES:
        paid = await database.fetchval("select payout from bets where bookmaker = $1", slug)
        assert paid == decimal_of(order_at(world, slug).payout)
    await expect_ledgers(world, database)


async def test_bets_at_different_bookmakers_go_out_at_the_same_time(
    world: WorldServer, service: AutomatedBetPlacing, eventually: Any
) -> None:
    prices = dict.fromkeys(BOOKS, "1.75")
    for slug, price in prices.items():
        offer(world, slug, price, "30")
    await told(service, eventually, prices)
    all_are_asked, asked = asyncio.Event(), set[str]()

    def meeting(desk: Desk) -> Callable[[BetIntent], Awaitable[BetReport]]:
        place = desk.bookmaker.place

        async def placing(bet: BetIntent) -> BetReport:
            asked.add(desk.row.venue)
            if asked == set(BOOKS):
                all_are_asked.set()
            async with asyncio.timeout(PATIENCE_S):
                await all_are_asked.wait()  # for ever, were one bet sent after the other's answer
            return await place(bet)

        return placing

    for desk in service.desks.all():
        desk.bookmaker.place = meeting(desk)  # type: ignore[method-assign]
    order = await ended(
        service, await accepted(service, price=Decimal("1.7"), stake=Decimal(110), expires_at=_in(world, 60))
    )
    assert (order.status, all_are_asked.is_set()) == (AbpOrderStatus.FILLED, True)


async def test_an_order_is_split_over_twelve_venues(
    world: WorldServer, database: Database, vault: Vault, eventually: Any
) -> None:
    async with betting_at(TWELVE, world, database, vault, eventually) as service:
        at_exchanges = [slug for slug in TWELVE if isinstance(world.venues.engine(slug), Exchange)]
        prices = {slug: f"1.{70 + number}" for number, slug in enumerate(TWELVE)}
        for slug, price in prices.items():
            offer(world, slug, price, "40" if slug in at_exchanges else "30")
        await told(service, eventually, prices)
        order = await ended(
            service, await accepted(service, price=Decimal("1.7"), stake=Decimal(405), expires_at=_in(world, 60))
        )
        assert order.status is AbpOrderStatus.FILLED
        found = await bets_of(database, order)
        assert set(found) == set(TWELVE)
        assert all(bet["placed_odds"] >= Decimal(prices[slug]) for slug, bet in found.items())
        covered = "select sum(order_stake) from bets where placed_stake is not null"
        assert Decimal("404.9") < await database.fetchval(covered) <= 405  # what is left, no venue takes
        world.world.settle(TENNIS, _won(SettlementStatus.WON))
        taken = "select count(*) from bets where placed_stake is not null"
        await settled(service, database, await database.fetchval(taken))
        await service.desks.read_balances()
        await expect_ledgers(world, database)


async def test_a_lay_order_goes_to_who_lays_and_no_further_than_its_stake(
    world: WorldServer, service: AutomatedBetPlacing, database: Database, eventually: Any
) -> None:
    for slug in BOOKS:
        offer(world, slug, "1.75", "60", second="2.2")  # what 2.2 backs, 1/0.55 lays: 1.82
    await told(service, eventually, dict.fromkeys(BOOKS, "1.75"))
    wanted = {"is_back": False, "price": Decimal("1.9"), "stake": Decimal(100), "expires_at": _in(world, 3)}
    order = await ended(service, await accepted(service, **wanted))
    found = await bets_of(database, order)
    assert set(found) == set(EXCHANGES)
    for slug, bet in found.items():
        at_venue = order_at(world, slug)
        assert not bet["is_back"]
        assert bet["at_risk"] == risk_of(at_venue)
        assert bet["placed_odds"] <= Decimal("1.9")
    assert sum(bet["placed_stake"] for bet in found.values()) <= 100
    (receipt, *_) = await service.orders.receipts(order.order_id)
    why = {left.bookmaker: left.why for left in receipt.decision.left_out}
    assert (why["pinnacle"], why["sharpbet"]) == (NO_LAY, NO_LAY)
    world.world.settle(TENNIS, _won(SettlementStatus.LOST))
    await settled(service, database, 2)
    rows = await database.fetch("select bookmaker, settlement, payout from bets where settlement <> 'UNSETTLED'")
    paid = {slug: decimal_of(order_at(world, slug).payout) for slug in EXCHANGES}
    assert {row[0]: (row[1], row[2]) for row in rows} == {slug: ("WON", amount) for slug, amount in paid.items()}
    await expect_ledgers(world, database)


def _in(world: WorldServer, seconds: float) -> Any:
    return world.world.clock.now() + timedelta(seconds=seconds)


def _won(first: SettlementStatus) -> dict[int, SettlementStatus]:
    return {int(SINNER.outcome_id): first, int(ALCARAZ.outcome_id): first.mirrored}
