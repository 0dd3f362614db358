"""The service as a client uses it, in the served world: feed, bookmaker and database are all real sockets."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import AsyncMock

import httpx
import pytest
from fastapi import FastAPI
from tests.patience import PATIENCE_S

from hedgerow.abp.app import ApiContext, create_app
from hedgerow.abp.betslip import SlipKey
from hedgerow.abp.feedview import BookView
from hedgerow.abp.intake import Declined, OrderRequest
from hedgerow.abp.live import Live
from hedgerow.abp.orders import AbpOrder, AbpOrderStatus, PriceRule
from hedgerow.abp.repository import OrderFilter
from hedgerow.abp.service import AutomatedBetPlacing
from hedgerow.api.server import Server
from hedgerow.bus.nats import Bus
from hedgerow.core.clock import NS_PER_S, ScaledClock, SystemClock
from hedgerow.core.config import Settings
from hedgerow.core.errors import ApiError, SetupError
from hedgerow.core.ids import NO_PLAYER, ClientName, FixtureId, MarketId, MarketKey, OutcomeId, PlayerId, VenueSlug
from hedgerow.core.odds import OddsMicros
from hedgerow.core.secrets import Secret, Vault
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.oddspapi import DEMO_KEY
from hedgerow.sim.server import WorldConfig, WorldServer
from hedgerow.sim.world import Fixture
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database, decode_json
from hedgerow.venues.base import LiveLine
from hedgerow.venues.pinnacle.connector import PinnacleBookmaker

from .runkit import ACCOUNT, ALCARAZ, SINNER, TENNIS
from .test_subscribe import connected

ACME, ZENITH = ClientName("acme"), ClientName("zenith")


@pytest.fixture
async def world() -> AsyncIterator[WorldServer]:
    server = WorldServer(WorldConfig())
    await server.start()
    starts_s = server.world.clock.now_ms() // 1000 + 7200
    server.world.put_fixture(Fixture(TENNIS, 12, 2314, "Jannik Sinner", "Carlos Alcaraz", starts_s))
    offer(server, "1.75")
    yield server
    await server.stop()


def offer(server: WorldServer, price: str, *, bookmaker: str = "pinnacle") -> None:
    now_ms = server.world.clock.now_ms()
    told = ((SINNER, price), (ALCARAZ, "2.1"))
    quotes = [
        Quote(outcome, bookmaker, Decimal(odds), Decimal(500), Decimal(2), "USD", True, now_ms)
        for outcome, odds in told
    ]
    server.world.put_odds(quotes)


@pytest.fixture
async def service(
    world: WorldServer, database: Database, vault: Vault, eventually: Any
) -> AsyncIterator[AutomatedBetPlacing]:
    """Of client acme, whose account is known and whose feed tells of the match."""
    feed = world.venues.urls("oddspapi")
    settings = Settings(
        feed_rest_url=feed["rest"] + "/en",
        feed_ws_url=feed["ws"] + "/ws",
        feed_key=Secret(DEMO_KEY),
        venue_urls={"pinnacle": {"rest": world.venues.urls("pinnacle")["rest"]}},
    )
    clock = world.world.clock
    accounts = Accounts(database, clock)
    for client in (ACME, ZENITH):
        await accounts.add_client(client, client)
    dialect: Any = world.venues.dialects["pinnacle"]
    credentials = dict(dialect.demo_credentials(ACCOUNT))
    await accounts.add_account("pinnacle", "main", ACME, vault=vault, credentials=credentials)
    made = AutomatedBetPlacing(settings, database, vault, clock)
    await made.start()
    await eventually(lambda: all(desk.is_open for desk in made.desks.all()))
    await made.desks.read_balances()
    await eventually(lambda: made.book.fixture(TENNIS) is not None and made.book.up_since_ms is not None)
    offer(world, "1.8")  # a move confirms itself; what stood before is asked for only after half a minute
    await eventually(lambda: price_of(made) is not None)
    await until_funded(database)
    yield made
    await made.stop()


def test_the_settings_proxies_are_read_at_the_start(database: Database, vault: Vault) -> None:
    settings = Settings(venue_proxies="kalshy=http://hidden@gateway:8005")
    with pytest.raises(SetupError, match="kalshy"):
        AutomatedBetPlacing(settings, database, vault, SystemClock())


async def until_funded(database: Database, accounts: int = 1) -> None:
    """Waits until the ledger has what the bookmakers say can be bet on so many accounts."""
    funded = "select count(*) from abp_balances where place = 'free' and amount > 0"
    async with asyncio.timeout(PATIENCE_S):
        while await database.fetchval(funded) < accounts:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def price_of(service: AutomatedBetPlacing) -> Decimal | None:
    """What the feed tells of, and may be bet on."""
    market = MarketKey(TENNIS, MarketId(SINNER.outcome_id))
    found = service._offers.offer(market, SINNER.outcome_id, VenueSlug("pinnacle"))
    return None if found is None or found.unusable else found.price


def request(**changes: Any) -> OrderRequest:
    given: dict[str, Any] = {
        "request_uuid": str(uuid.uuid4()),
        "fixture_id": TENNIS,
        "outcome_id": SINNER.outcome_id,
        "player_id": NO_PLAYER,
        "price": Decimal("1.7"),
        "stake": Decimal(10),
        "user_ref": "bettor1",
        "is_test": False,
        "bookmakers": None,
        "currency": "USD",
        "is_back": True,
        "expires_at": None,
        "accepts_better": True,
        "accepts_partial": True,
        "price_rule": PriceRule.EACH,
        "meta": {},
    }
    return OrderRequest(**{**given, **changes})


async def placed(service: AutomatedBetPlacing, *requests: OrderRequest) -> list[AbpOrder | Declined]:
    return await service.place(ACME, None, requests)


async def accepted(service: AutomatedBetPlacing, **changes: Any) -> AbpOrder:
    (order,) = await placed(service, request(**changes))
    assert isinstance(order, AbpOrder), order
    return order


async def until(service: AutomatedBetPlacing, order: AbpOrder, done: Callable[[AbpOrder], bool]) -> AbpOrder:
    """Waits for what is to become of an order."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = await service.orders.order(order.order_id)
            assert found is not None
            if done(found):
                return found
            await asyncio.sleep(0.02)


async def ended(service: AutomatedBetPlacing, order: AbpOrder) -> AbpOrder:
    return await until(service, order, lambda found: not found.status.is_open)


async def test_an_order_is_placed_at_the_bookmaker(service: AutomatedBetPlacing, world: WorldServer) -> None:
    order = await ended(service, await accepted(service))
    assert (order.status, order.filled) == (AbpOrderStatus.FILLED, 10)
    (bet,) = world.world.bookmakers["pinnacle"].bets.values()
    assert (bet.outcome, bet.stake) == (SINNER, 10)


async def test_each_order_of_a_request_is_answered_for_itself(service: AutomatedBetPlacing) -> None:
    good = request(is_test=True)
    answers = await placed(
        service,
        good,
        good,
        request(stake=Decimal("0.5")),
        request(stake=Decimal(600), accepts_partial=False),
        request(currency="XXX"),
        request(bookmakers=frozenset({"sharpbet"})),
        request(outcome_id=OutcomeId(999_999)),
        request(is_back=False),
    )
    assert isinstance(answers[0], AbpOrder)
    assert [answer.reason for answer in answers[1:] if isinstance(answer, Declined)] == [
        "Duplicate requestUuid",
        "Order stake 0.50 USD is below minimum 1.00 USD",
        "Order stake 600.00 USD exceeds available limit 500.00 USD",
        "Currency conversion failed: no rate is known for XXX",
        "No active accounts",
        "Bookmaker not available",
        "Bookmaker not available",
    ]


@asynccontextmanager
async def serving(
    service: AutomatedBetPlacing, database: Database, vault: Vault, nats: Bus
) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    """The API in front of the service, and a client of it with a key of acme's."""
    accounts, clock = Accounts(database, service._clock), service._clock
    key = (await accounts.create_key(ACME, "abp", per_minute=1000)).reveal()
    app = create_app(ApiContext(database, accounts, clock, vault, BookView(service.book), service, nats))
    transport, headers = httpx.ASGITransport(app), {"X-API-Key": key}
    async with httpx.AsyncClient(transport=transport, base_url="http://abp", headers=headers) as http:
        yield app, http


BEGINS = {
    "Order stake 15000.00 USD exceeds available limit 500.00 USD": {"orderStake": 15_000, "acceptPartialStake": False},
    "Order stake 0.50 USD is below minimum 1.00 USD": {"orderStake": 0.5},
    "Invalid odds": {"orderPrice": 0.9},
    "Invalid expiresAt": {"expiresAt": "2020-01-01T00:00:00Z"},
    "No active accounts": {"bookmakers": "sharpbet"},
    "Currency conversion failed": {"orderCurrency": "XXX"},
    "Bookmaker not available": {"outcomeId": 999_999},
}
"""How each decline reason of the contract begins, and the order that is declined for it."""


async def test_every_decline_is_told_over_http(
    service: AutomatedBetPlacing, database: Database, vault: Vault, nats: Bus
) -> None:
    order = {"fixtureId": TENNIS, "outcomeId": 121, "orderPrice": 1.7, "orderStake": 10, "userRef": "u"}
    async with serving(service, database, vault, nats) as (_, http):

        async def reason(**changes: Any) -> str:
            body = {**order, "requestUuid": str(uuid.uuid4()), "testOrder": True, **changes}
            answer = await http.post("/place-orders", json={"orders": [body]})
            assert answer.status_code == 200, answer.text
            told: dict[str, Any] = answer.json()
            assert (told["status"], told["acceptedOrders"]) == ("declined", [])
            found: str = told["declinedOrders"][0]["declineReason"]
            return found

        told = {begin: await reason(**changes) for begin, changes in BEGINS.items()}
        assert {begin: text for begin, text in told.items() if not text.startswith(begin)} == {}
        twice = [{**order, "requestUuid": str(uuid.uuid4()), "testOrder": True}] * 2
        (declined,) = (await http.post("/place-orders", json={"orders": twice})).json()["declinedOrders"]
        assert declined["declineReason"] == "Duplicate requestUuid"
        await database.execute("update mm_system set emergency = true")
        assert await reason() == "Emergency mode active"


async def test_an_order_is_filled_at_its_price_on_the_average_where_it_asks_for_that(
    service: AutomatedBetPlacing, world: WorldServer, database: Database, vault: Vault, nats: Bus, eventually: Any
) -> None:
    later = (service._clock.now() + timedelta(hours=1)).isoformat()
    order = {"fixtureId": TENNIS, "outcomeId": 121, "orderPrice": 1.75, "orderStake": 700, "expiresAt": later}
    async with serving(service, database, vault, nats) as (_, http):

        async def place(user_ref: str, **changes: Any) -> AbpOrder:
            asked = {**order, "requestUuid": str(uuid.uuid4()), "testOrder": False, "userRef": user_ref, **changes}
            (told,) = (await http.post("/place-orders", json={"orders": [asked]})).json()["acceptedOrders"]
            found = await service.orders.order(told["orderId"])
            assert found is not None
            return await until(service, found, lambda one: one.filled == 500)

        average, each = await place("average", priceRule="average"), await place("each")
        offer(world, "1.72")
        await until(service, average, lambda one: one.status is AbpOrderStatus.FILLED)
        await eventually(lambda: price_of(service) == Decimal("1.72"))
        (told,) = decode_json((await http.get("/orders", params={"userRef": "average"})).content)["orders"]
        assert (told["orderStatus"], told["priceRule"]) == ("FILLED", "average")
        bets = [(bet["placedPrice"], bet["placedStake"]) for bet in told["bets"]]
        assert sorted(bets) == [(Decimal("1.72"), 200), (Decimal("1.8"), 500)]
        (told,) = decode_json((await http.get("/orders", params={"userRef": "each"})).content)["orders"]
        assert (told["orderStatus"], told["priceRule"], told["filledStake"]) == ("PROCESSING", "each", 500)
        assert (await until(service, each, lambda one: one.filled == 500)).status.is_open


async def test_a_declined_request_may_be_made_again(service: AutomatedBetPlacing) -> None:
    again = request(stake=Decimal("0.5"), is_test=True)
    assert isinstance((await placed(service, again))[0], Declined)
    order = await accepted(service, request_uuid=again.request_uuid, is_test=True)
    assert order.asked.request_uuid == again.request_uuid


async def test_a_key_places_only_where_it_may(service: AutomatedBetPlacing) -> None:
    (answer,) = await service.place(ACME, frozenset({"kalshi"}), [request()])
    assert isinstance(answer, Declined)
    assert answer.reason == "No active accounts"


async def test_a_cancelled_order_stops_and_what_is_placed_stays(service: AutomatedBetPlacing) -> None:
    later = service._clock.now() + timedelta(hours=1)
    waiting = await accepted(service, price=Decimal("1.9"), expires_at=later)
    filled = await ended(service, await accepted(service))
    partly = await accepted(service, stake=Decimal(700), expires_at=later)
    await until(service, partly, lambda found: found.filled == 500)
    result = await service.cancel(ACME, OrderFilter(user_ref="bettor1"))
    assert [order.order_id for order in result.cancelled] == [waiting.order_id]
    assert {order.order_id: why for order, why in result.not_cancelled} == {
        partly.order_id: "order has confirmed bets; nothing more is bet",
        filled.order_id: "order is FILLED",
    }
    assert (await ended(service, partly)).status is AbpOrderStatus.PARTIALLY_FILLED
    assert (await ended(service, waiting)).status is AbpOrderStatus.CANCELLED


async def test_nobody_cancels_anothers_orders(service: AutomatedBetPlacing) -> None:
    later = service._clock.now() + timedelta(hours=1)
    waiting = await accepted(service, price=Decimal("1.9"), expires_at=later)
    for wanted in (None, OrderFilter(order_ids=(waiting.order_id,), user_ref="bettor1")):
        result = await service.cancel(ZENITH, wanted)
        assert (result.cancelled, result.not_cancelled) == ((), ())
    found = await service.orders.order(waiting.order_id)
    assert found is not None
    assert found.status.is_open


async def test_a_betslip_shows_the_offer_in_the_accounts_currency(
    service: AutomatedBetPlacing, world: WorldServer, eventually: Any
) -> None:
    slip = await service.betslip(ACME, TENNIS, SINNER.outcome_id, NO_PLAYER, None)
    entry = slip["odds"]["pinnacle"][f"{TENNIS}:pinnacle:121:0"]
    assert (entry["price"], entry["limit"], entry["limitMin"], entry["account"]) == (
        Decimal("1.8"),
        Decimal(500),
        Decimal(1),
        "main",
    )
    assert (entry["active"], entry["limitCurrency"], entry["limitUsd"]) == (True, "USD", Decimal(500))
    assert slip["outcomeInfo"]["outcomeName"]
    told: list[str] = []
    service.on_slip(changed=lambda key: told.append(key.client))
    offer(world, "1.85")
    await eventually(lambda: "acme" in told)
    (key,) = service.windows.of(TENNIS)
    news = await service.news(key)
    assert news is not None
    assert offered(news) == (Decimal("1.85"), True)
    assert await service.news(key) is None


async def verify(service: AutomatedBetPlacing, eventually: Any) -> None:
    """Has the bookmaker itself asked for the account's betslips."""
    switched = """update accounts set meta = meta || '{"verifyBetslip": "true"}'"""
    await service._database.execute(switched)
    service.settings_changed()
    count = await service._database.fetchval("select count(*) from accounts")
    await eventually(lambda: len([desk for desk in service.desks.all() if desk.is_open and desk.row.meta]) == count)


def offered(slip: dict[str, Any]) -> tuple[Decimal | None, bool]:
    """Price, and whether it is active."""
    entry = slip["odds"]["pinnacle"][f"{TENNIS}:pinnacle:121:0"]
    return entry["price"], entry["active"]


async def test_a_verified_line_stays_open_while_its_bookmaker_may_not_be_asked_again(
    service: AutomatedBetPlacing, world: WorldServer, eventually: Any
) -> None:
    await verify(service, eventually)
    told: list[SlipKey] = []
    service.on_slip(changed=told.append)
    slips = [await service.betslip(ACME, TENNIS, SINNER.outcome_id, NO_PLAYER, None) for _ in range(2)]
    assert [offered(slip) for slip in slips] == [(Decimal("1.8"), True)] * 2
    offer(world, "1.85")
    await eventually(lambda: bool(told))
    news = await service.news(told[0])
    assert news is not None
    assert offered(news) == (Decimal("1.85"), True)


async def test_verified_accounts_are_asked_side_by_side(
    service: AutomatedBetPlacing,
    world: WorldServer,
    database: Database,
    vault: Vault,
    eventually: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dialect: Any = world.venues.dialects["pinnacle"]
    credentials = dict(dialect.demo_credentials(ACCOUNT))
    await Accounts(database, service._clock).add_account(
        "pinnacle", "other", ACME, vault=vault, credentials=credentials
    )
    await verify(service, eventually)
    both_are_asked = asyncio.Barrier(2)

    async def line(self: PinnacleBookmaker, *_: object) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await both_are_asked.wait()

    monkeypatch.setattr(PinnacleBookmaker, "line", line)
    await service.betslip(ACME, TENNIS, SINNER.outcome_id, NO_PLAYER, None)


async def test_what_only_the_bookmaker_shows_becomes_news_without_a_move_of_the_feed(
    service: AutomatedBetPlacing, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = LiveLine("m", "o", OddsMicros(1_900_000), Decimal(1), Decimal(100), "USD")
    told: list[SlipKey] = []
    service.on_slip(changed=told.append)
    await verify(service, eventually)
    monkeypatch.setattr(PinnacleBookmaker, "line", AsyncMock(side_effect=lambda *_: line))
    await service.betslip(ACME, TENNIS, SINNER.outcome_id, NO_PLAYER, None)
    line = replace(line, odds=OddsMicros(1_950_000))
    await eventually(lambda: bool(told))
    news = await service.news(told[0])
    assert news is not None
    assert offered(news) == (Decimal("1.95"), True)


async def test_verified_betslips_are_made_anew_in_turns(
    service: AutomatedBetPlacing, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.abp.service._MOST_ASKED_AGAIN", 2)
    told: list[int] = []
    service.on_slip(changed=lambda key: told.append(key.player_id))
    key = SlipKey(ACME, TENNIS, MarketId(SINNER.outcome_id), SINNER.outcome_id, NO_PLAYER)
    service.windows.open(replace(key, bookmakers=frozenset({"vertex"})), {})
    for player in (1, 2, 3):
        service.windows.open(replace(key, player_id=PlayerId(player)), {})
    await service._ask_again()
    assert told == []  # nobody's account is verified
    await verify(service, eventually)
    for _ in range(3):
        await service._ask_again()
    assert told[:6] == [1, 2, 3, 1, 2, 3]


async def test_a_move_that_leaves_a_betslip_as_it_was_is_no_news(
    service: AutomatedBetPlacing, world: WorldServer, eventually: Any
) -> None:
    told: list[SlipKey] = []
    service.on_slip(changed=told.append)
    await service.betslip(ACME, TENNIS, SINNER.outcome_id, NO_PLAYER, None)
    offer(world, "1.9", bookmaker="vertex")  # where the client has no account
    await eventually(lambda: bool(told))
    assert await service.news(told[0]) is None


async def test_what_a_second_betslip_shows_first_is_pushed_to_those_who_only_listen(
    service: AutomatedBetPlacing, world: WorldServer, eventually: Any
) -> None:
    await service.betslip(ACME, TENNIS, SINNER.outcome_id, NO_PLAYER, None)
    offer(world, "1.85")
    await eventually(lambda: price_of(service) == Decimal("1.85"))
    told: list[SlipKey] = []
    service.on_slip(changed=told.append)
    slip = await service.betslip(ACME, TENNIS, SINNER.outcome_id, NO_PLAYER, None)
    assert told
    assert await service.news(told[0]) == slip
    assert await service.news(told[0]) is None


async def test_a_move_while_a_betslip_is_made_is_told_after_it(
    service: AutomatedBetPlacing, world: WorldServer, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, told = service._slip, list[SlipKey]()
    service.on_slip(changed=told.append)

    async def overtaken(key: SlipKey) -> dict[str, Any]:
        slip = await made(key)
        offer(world, "1.85")
        await eventually(lambda: price_of(service) == Decimal("1.85"))
        return slip

    monkeypatch.setattr(service, "_slip", overtaken)
    slip = await service.betslip(ACME, TENNIS, SINNER.outcome_id, NO_PLAYER, None)
    assert offered(slip) == (Decimal("1.8"), True)
    assert [key.client for key in told] == [ACME]


async def test_prices_of_a_betslip_are_pushed_for_sixty_seconds(
    service: AutomatedBetPlacing, world: WorldServer, database: Database, vault: Vault, nats: Bus, eventually: Any
) -> None:
    async with serving(service, database, vault, nats) as (app, http), AsyncExitStack() as stack:
        live = Live(service, BookView(service.book), app.state.hub, nats, service._clock)
        server = Server(app, "127.0.0.1", 0)
        await server.start()
        stack.push_async_callback(server.stop)
        await live.start()
        stack.push_async_callback(live.stop)
        client = await stack.enter_async_context(connected(server))
        await client.login("betslip", key=http.headers["X-API-Key"])
        asked = {"fixtureId": TENNIS, "outcomeId": SINNER.outcome_id, "playerId": 0}

        async def shown() -> Any:
            return decode_json((await http.get("/betslip", params=asked)).content)

        async def move(price: str) -> None:
            offer(world, price)
            await eventually(lambda: price_of(service) == Decimal(price))

        slip = await shown()
        offer(world, "1.9", bookmaker="vertex")  # where the client has no account
        await move("1.85")
        told = await client.next()
        assert (told["channel"], told["event"], told["seq"]) == ("betslip", "UPDATE", 1)
        assert offered(told["payload"]) == (Decimal("1.85"), True)
        assert without_price(told["payload"]) == without_price(slip)
        service.windows._clock = ScaledClock(service._clock.now_ns() + 60 * NS_PER_S, 1)
        await move("1.9")
        assert offered(await shown()) == (Decimal("1.9"), True)
        await move("1.95")
        told = await client.next()
        assert (told["seq"], offered(told["payload"])) == (2, (Decimal("1.95"), True))


def without_price(slip: dict[str, Any]) -> dict[str, Any]:
    """And without the line's id, which changes with it."""
    entry = slip["odds"]["pinnacle"][f"{TENNIS}:pinnacle:121:0"]
    others = {name: value for name, value in entry.items() if name not in ("price", "bookmakerMarketId")}
    return slip | {"odds": others}


@pytest.mark.parametrize(
    ("client", "fixture", "bookmakers", "status"),
    [
        (ACME, TENNIS, frozenset({"nobody"}), 400),
        (ACME, TENNIS, frozenset({"kalshi"}), 403),
        (ACME, FixtureId("id1200231400000000"), None, 404),
        (ZENITH, TENNIS, None, 404),
    ],
)
async def test_a_betslip_that_cannot_be_given_says_why(
    service: AutomatedBetPlacing,
    client: ClientName,
    fixture: FixtureId,
    bookmakers: frozenset[str] | None,
    status: int,
) -> None:
    with pytest.raises(ApiError) as error:
        await service.betslip(client, fixture, SINNER.outcome_id, NO_PLAYER, bookmakers)
    assert error.value.status == status
