"""What the simulated Polymarket US refuses, matches and tells, without our connector."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import FixtureId
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.dialects.polymarket_us import PolymarketUs, Terms
from hedgerow.sim.dialects.polymarket_us.listings import short_name
from hedgerow.sim.dialects.polymarket_us.wire import quantity, usd
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import Contract, Leg
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World

NOW_S = 1_795_190_000
ACCOUNT = "demo_polymarket.us"
SLUG = "aec-atp-sinner-alcaraz-2026-11-20"
BID = {
    "marketSlug": SLUG,
    "intent": "ORDER_INTENT_BUY_LONG",
    "type": "ORDER_TYPE_LIMIT",
    "price": {"value": "0.50", "currency": "USD"},
    "quantity": 10,
}


class Client:
    """Signs by the sheet, with a key of its own making."""

    def __init__(self, venue: PolymarketUs, urls: dict[str, str], session: aiohttp.ClientSession) -> None:
        self.venue, self._urls, self._session = venue, urls, session
        keys = venue.demo_credentials(ACCOUNT)
        self._key_id = keys["key_id"]
        self._key = Ed25519PrivateKey.from_private_bytes(b64decode(keys["secret_key"])[:32])

    def headers(self, method: str, path: str, off_ms: int = 0) -> dict[str, str]:
        now_ms = NOW_S * 1000 + off_ms
        signature = self._key.sign(f"{now_ms}{method}{path}".encode())
        return {
            "X-PM-Access-Key": self._key_id,
            "X-PM-Timestamp": str(now_ms),
            "X-PM-Signature": b64encode(signature).decode(),
        }

    async def ask(
        self, method: str, target: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        path = target.partition("?")[0]
        signed = self.headers(method, path) if headers is None else headers
        async with self._session.request(method, self._urls["rest"] + target, json=body, headers=signed) as answer:
            return answer.status, await answer.json()

    async def gateway(self, target: str) -> tuple[int, Any]:
        async with self._session.get(self._urls["gateway"] + target) as answer:
            return answer.status, await answer.json()

    async def listen(self, path: str, subscription: dict[str, Any]) -> aiohttp.ClientWebSocketResponse:
        socket = await self._session.ws_connect(self._urls["ws"] + path, headers=self.headers("GET", path))
        await socket.send_json({"subscribe": {"requestId": "1", **subscription}})
        return socket

    async def place(self, **changes: Any) -> str:
        status, answer = await self.ask("POST", "/v1/orders", BID | changes)
        assert status == 200, answer
        return str(answer["id"])

    async def order(self, order_id: str) -> dict[str, Any]:
        status, answer = await self.ask("GET", f"/v1/order/{order_id}")
        assert status == 200
        return dict(answer["order"])

    @property
    def contract(self) -> Contract:
        return self.venue.exchange.contracts[SLUG]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    venue = PolymarketUs(world, Terms())
    names = ("Jannik Sinner", "Carlos Alcaraz")
    world.put_fixture(Fixture(FixtureId("id1200231461061419"), 12, 2314, *names, NOW_S + 9_000, "ATP Finals"))
    async with AsyncExitStack() as stack:
        urls = {}
        for name, app in venue.sites().items():
            site = await listen(app, "127.0.0.1", 0)
            stack.push_async_callback(site.runner.cleanup)
            urls[name] = site.url
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield Client(venue, urls, session)
        world.clock.forget()


# --- access --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("off_ms", [-30_001, 30_001])
async def test_a_time_that_is_too_far_off_is_refused(client: Client, off_ms: int) -> None:
    path = "/v1/account/balances"
    assert (await client.ask("GET", path, headers=client.headers("GET", path, off_ms)))[0] == 401
    assert (await client.ask("GET", path, headers=client.headers("GET", path, off_ms // 2)))[0] == 200


@pytest.mark.parametrize(
    "wrong", [{}, {"X-PM-Access-Key": "another"}, {"X-PM-Signature": "AAAA"}, {"X-PM-Timestamp": "now"}]
)
async def test_a_request_that_is_not_signed_right_is_refused(client: Client, wrong: dict[str, str]) -> None:
    path = "/v1/orders/open"
    headers = client.headers("GET", path) | wrong if wrong else {}
    status, answer = await client.ask("GET", path, headers=headers)
    assert (status, answer["code"], answer["details"]) == (401, 16, [])


async def test_a_signature_is_for_its_method_and_path_and_not_for_the_query(client: Client) -> None:
    signed = client.headers("GET", "/v1/orders/open")
    assert (await client.ask("GET", f"/v1/orders/open?slugs={SLUG}", headers=signed))[0] == 200
    assert (await client.ask("GET", "/v1/portfolio/positions", headers=signed))[0] == 401
    assert (await client.ask("POST", "/v1/orders/open/cancel", {}, headers=signed))[0] == 401


async def test_twenty_requests_in_a_second_are_taken_and_no_more(client: Client) -> None:
    asked = [(await client.ask("GET", "/v1/orders/open")) for _ in range(21)]
    assert [status for status, _ in asked] == [200] * 20 + [429]
    assert asked[-1][1] == {"status": 429, "message": "Too Many Requests"}


# --- orders --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"price": {"value": "45", "currency": "USD"}}, "ORD_REJECT_REASON_PRICE_OUT_OF_BOUNDS"),
        ({"price": {"value": "0.505", "currency": "USD"}}, "ORD_REJECT_REASON_INVALID_PRICE_INCREMENT"),
        ({"quantity": 0.005}, "ORD_REJECT_REASON_INCORRECT_QUANTITY"),
        ({"quantity": 1_000_000}, "ORD_REJECT_REASON_EXCHANGE_OPTION"),
        ({"intent": "ORDER_INTENT_SELL_LONG"}, "ORD_REJECT_REASON_EXCHANGE_OPTION"),
        ({"tif": "TIME_IN_FORCE_FILL_OR_KILL"}, "ORD_REJECT_REASON_NO_LIQUIDITY"),
    ],
)
async def test_the_exchange_refuses_an_order_that_has_its_id(client: Client, changes: Any, reason: str) -> None:
    socket = await client.listen("/v1/ws/private", {"subscriptionType": "SUBSCRIPTION_TYPE_ORDER"})
    assert (await socket.receive_json())["orderSubscriptionSnapshot"] == {"orders": [], "eof": True}
    order_id = await client.place(**changes)
    told = (await socket.receive_json())["orderSubscriptionUpdate"]["execution"]
    assert (told["type"], told["orderRejectReason"]) == ("EXECUTION_TYPE_REJECTED", reason)
    assert (await client.order(order_id))["state"] == "ORDER_STATE_REJECTED"
    assert client.venue.exchange.orders == {}
    await socket.close()


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"marketSlug": "aec-atp-a-b-2026-11-20"}, 404),
        ({"intent": "BUY"}, 400),
        ({"price": None}, 400),
        ({"quantity": "NaN"}, 400),
        ({"tif": "TIME_IN_FORCE_GOOD_TILL_DATE"}, 400),
        ({"type": "ORDER_TYPE_STOP"}, 400),
    ],
)
async def test_what_is_no_order_is_refused_at_once(client: Client, changes: Any, status: int) -> None:
    assert (await client.ask("POST", "/v1/orders", BID | changes))[0] == status
    assert client.venue.exchange.orders == {}


async def test_a_repeat_is_another_order(client: Client) -> None:
    assert await client.place() != await client.place()
    assert len((await client.ask("GET", "/v1/orders/open"))[1]["orders"]) == 2


async def test_buying_the_short_side_sells_the_long_one_at_its_price(client: Client) -> None:
    await client.place(intent="ORDER_INTENT_BUY_SHORT", price={"value": "0.80", "currency": "USD"})
    client.venue.exchange.take(client.contract.yes, Side.BUY, 800_000, 4 * MICRO)
    _, told = await client.ask("GET", "/v1/portfolio/positions")
    assert told["positions"][SLUG]["netPositionDecimal"] == "-4.0000"
    _, balances = await client.ask("GET", "/v1/account/balances")
    (row,) = balances["balances"]
    fee = Decimal("-0.01")  # 0.0125 × 4 × 0.16 = 0.008
    assert Decimal(str(row["currentBalance"])) == 10_000 + Decimal("3.2") - fee
    assert row["marginRequirement"] == 4
    assert Decimal(str(row["buyingPower"])) == 10_000 - Decimal("0.8") - fee - Decimal("1.2")
    assert Decimal(str(row["openOrders"])) == Decimal("1.2")


async def test_a_trade_shows_both_sides_and_only_ones_own_order(client: Client) -> None:
    order_id = await client.place()
    client.venue.exchange.take(client.contract.yes, Side.SELL, 500_000, 3 * MICRO)
    _, told = await client.ask("GET", "/v1/portfolio/activities?types=ACTIVITY_TYPE_TRADE")
    (activity,) = told["activities"]
    trade = activity["trade"]
    assert (trade["isAggressor"], trade["qtyDecimal"], told["eof"]) == (False, "3.0000", True)
    assert trade["passiveExecution"]["order"]["id"] == order_id
    assert trade["aggressorExecution"]["order"] == {"intent": "ORDER_INTENT_UNDEFINED"}
    assert trade["passiveExecution"]["commissionNotionalCollected"]["value"] == "-0.0100"


async def test_a_cancel_ends_what_rests_and_no_more(client: Client) -> None:
    order_id, body = await client.place(), {"marketSlug": SLUG}
    assert await client.ask("POST", f"/v1/order/{order_id}/cancel", {"marketSlug": "another"}) == (
        400,
        {"code": 3, "message": "the order is of another market", "details": []},
    )
    assert await client.ask("POST", f"/v1/order/{order_id}/cancel", body) == (200, {})
    assert (await client.order(order_id))["state"] == "ORDER_STATE_CANCELED"
    assert (await client.ask("POST", f"/v1/order/{order_id}/cancel", body))[1]["code"] == 9
    assert (await client.ask("POST", "/v1/order/ANOTHER/cancel", body))[0] == 404


async def test_a_batch_echoes_what_was_asked_and_passes_over_what_is_not_there(client: Client) -> None:
    order_id = await client.place()
    items = [{"orderId": name, "marketSlug": SLUG} for name in (order_id, "ANOTHER")]
    status, told = await client.ask("POST", "/v1/orders/batched/cancel", {"orders": items})
    assert (status, told) == (200, {"canceledOrderIds": [order_id, "ANOTHER"]})
    assert client.venue.exchange.open_orders(ACCOUNT) == []
    assert (await client.ask("POST", "/v1/orders/batched/cancel", {"orders": items * 11}))[0] == 400


async def test_an_order_ends_at_its_time(client: Client) -> None:
    order_id = await client.place(tif="TIME_IN_FORCE_GOOD_TILL_DATE", goodTillTime="2026-11-20T15:55:00Z")
    (order,) = client.venue.exchange.open_orders(ACCOUNT)
    assert order.expires_ms is not None
    client.venue.exchange.cancel(order, "expired")
    assert (await client.order(order_id))["state"] == "ORDER_STATE_EXPIRED"


# --- what is listed ------------------------------------------------------------------------------------------------


async def test_a_match_is_listed_until_it_is_settled(client: Client) -> None:
    _, told = await client.gateway("/v1/events?closed=false&sportsMarketTypes=tennis_match_winner")
    (event,) = told["events"]
    (market,) = event["markets"]
    assert (market["slug"], market["status"]) == (SLUG, "MARKET_STATUS_OPEN")
    assert [side["team"]["name"] for side in market["marketSides"] if side["long"]] == ["Jannik Sinner"]
    assert (await client.gateway(f"/v1/markets/{SLUG}/settlement"))[0] == 404
    client.venue.exchange.settle(client.contract, SettlementStatus.VOID)
    assert await client.gateway(f"/v1/markets/{SLUG}/settlement") == (200, {"slug": SLUG, "settlement": 0.5})
    assert (await client.gateway("/v1/events?closed=false"))[1]["events"] == []


async def test_a_book_is_told_whole_at_every_change(client: Client) -> None:
    subscription = {"subscriptionType": "SUBSCRIPTION_TYPE_MARKET_DATA", "marketSlugs": [SLUG]}
    socket = await client.listen("/v1/ws/markets", subscription)
    assert (await socket.receive_json())["marketData"]["offers"] == []
    client.venue.exchange.rest(client.contract, Leg.YES, 600_000, 2 * MICRO)
    book = (await socket.receive_json())["marketData"]
    assert book["offers"] == [{"px": {"value": "0.6000", "currency": "USD"}, "qty": "2.0000"}]
    assert book["state"] == "MARKET_STATE_OPEN"
    await socket.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"subscriptionType": "SUBSCRIPTION_TYPE_ORDER"},
        {"subscriptionType": "SUBSCRIPTION_TYPE_MARKET_DATA"},
        {"subscriptionType": "SUBSCRIPTION_TYPE_MARKET_DATA", "marketSlugs": ["a"] * 101},
    ],
)
async def test_a_wrong_subscription_is_an_error(client: Client, wrong: Any) -> None:
    socket = await client.listen("/v1/ws/markets", wrong)
    assert "error" in await socket.receive_json()
    await socket.close()


# --- pure parts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contracts", "cents", "taker", "rebate"),
    [
        (1_000, 10, "6.26", "1.12"),
        (1_000, 65, "15.81", "2.84"),
        (1_000, 50, "17.38", "3.12"),
        (100, 50, "1.74", "0.31"),
    ],
)
def test_fees_are_the_schedules_examples(contracts: int, cents: int, taker: str, rebate: str) -> None:
    terms, price = Terms(), cents * 10_000
    contract: Any = None
    assert terms.fee(contract, price, contracts * MICRO, is_maker=False) == Decimal(taker) * MICRO
    assert terms.fee(contract, price, contracts * MICRO, is_maker=True) == -Decimal(rebate) * MICRO


@given(st.integers(-(10**12), 10**12))
def test_an_amount_is_exact_text(micros: int) -> None:
    assert Decimal(json.loads(json.dumps(usd(micros)))["value"]) * MICRO == micros


@given(st.integers(0, 10**12).map(lambda number: number * 100))
def test_a_quantity_is_exact_text(micros: int) -> None:
    assert Decimal(quantity(micros)) * MICRO == micros


@given(st.text(max_size=30))
def test_a_short_name_fits_into_a_slug(name: str) -> None:
    assert 1 <= len(short_name(name)) <= 7
    assert short_name(name).isascii()
    assert short_name(name).isalnum()
