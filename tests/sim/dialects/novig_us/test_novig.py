"""The simulated Novig over its own wire, spoken to without the connector."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from tests.patience import PATIENCE_S

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.dialects.novig_us import Novig, Settings
from hedgerow.sim.faults import Behaviour
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import COUNTERPARTY, Leg
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World

FIXTURE = FixtureId("id1200231461061419")
HOME = OutcomeKey(FIXTURE, OutcomeId(121))
ACCOUNT = "demo_novig.us"
NOW_S = 1_795_190_000
EMM = "/nbx/v2/emm"


@dataclass
class Scene:
    """A tennis match, and a signed-in client."""

    world: World
    novig: Novig
    http: aiohttp.ClientSession
    ws_url: str
    token: str = ""

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self.http.request(method, path, json=body, headers=headers) as response:
            return response.status, json.loads(await response.text(), parse_float=Decimal)

    async def get(self, path: str) -> Any:
        status, told = await self.ask("GET", EMM + path)
        assert status == 200
        return told

    async def sign_in(self, **changes: str) -> int:
        keys = {"grant_type": "client_credentials", **self.novig.demo_credentials(ACCOUNT), **changes}
        status, told = await self.ask("POST", "/nbx/v1/auth/emm-token", keys)
        self.token = told.get("access_token", "")
        return status

    async def market(self) -> dict[str, Any]:
        (market,) = await self.get("/markets/open?league=ATP&marketType=MONEY")
        return dict(market)

    async def place(self, away: bool = False, **changes: Any) -> tuple[int, Any]:
        outcome = next(one["id"] for one in (await self.market())["outcomes"] if one["index"] == int(away))
        order = {"outcomeId": outcome, "price": 0.5, "qty": 1000, "currency": "CASH", "tif": "GTC", "flags": "AbCd0189"}
        return await self.ask("POST", f"{EMM}/orders/place", {**order, **changes})

    def fixture(self, **changes: Any) -> None:
        self.world.put_fixture(replace(self.world.fixtures[FIXTURE], **changes))

    def step(self, seconds: float) -> None:
        self.world.clock.step_to(self.world.clock.now_ns() + int(seconds * NS_PER_S))


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    novig = Novig(world, Settings())
    world.put_fixture(Fixture(FIXTURE, 12, 2314, "Jannik Sinner", "Carlos Alcaraz", NOW_S + 9_000, "ATP Finals"))
    sites = {name: await listen(app, "127.0.0.1", 0) for name, app in novig.sites().items()}
    async with aiohttp.ClientSession(sites["rest"].url) as http:
        made = Scene(world, novig, http, sites["ws"].url)
        await made.sign_in()
        yield made
    world.clock.forget()
    for site in sites.values():
        await site.runner.cleanup()


# --- access --------------------------------------------------------------------------------------------------------


async def test_a_token_is_given_for_the_right_keys_and_lives_for_half_an_hour(scene: Scene) -> None:
    assert await scene.sign_in(client_secret="wrong") == 401
    assert (await scene.ask("GET", f"{EMM}/locks"))[0] == 401
    assert await scene.sign_in() == 201
    scene.step(1_799)
    assert (await scene.ask("GET", f"{EMM}/locks"))[0] == 200
    scene.step(1)
    assert (await scene.ask("GET", f"{EMM}/locks"))[0] == 401


async def test_limits_are_told_in_milliseconds(scene: Scene) -> None:
    scene.novig.access.spend(ACCOUNT, "killing")
    async with scene.http.delete(f"{EMM}/kill", headers={"Authorization": f"Bearer {scene.token}"}) as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "30000")
    scene.step(30)
    assert (await scene.ask("DELETE", f"{EMM}/kill"))[0] == 200
    statuses = [(await scene.place(qty=1))[0] for _ in range(33)]
    assert statuses == [201] * 32 + [429]


# --- orders --------------------------------------------------------------------------------------------------------


async def test_an_order_is_in_the_queue_then_rests_and_is_cancelled_once(scene: Scene) -> None:
    status, placed = await scene.place(away=True, price=0.345)
    assert (status, placed["status"], placed["flags"]) == (201, "PENDING", "AbCd0189")
    (listed,) = await scene.get("/orders/all?currency=CASH&status=RESTING")
    assert (listed["id"], listed["price"], listed["qty"], listed["originalQty"]) == (
        placed["id"],
        Decimal("0.345"),
        1000,
        1000,
    )
    (order,) = scene.novig.exchange.open_orders(ACCOUNT)
    assert (order.side, order.price, order.size) == (Side.SELL, 655_000, 10 * MICRO)
    assert (await scene.ask("DELETE", f"{EMM}/orders/{placed['id']}"))[0] == 200
    assert (await scene.ask("DELETE", f"{EMM}/orders/{placed['id']}"))[0] == 404
    assert (await scene.get(f"/orders/{placed['id']}"))["status"] == "CANCELED"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"outcomeId": "stranger"}, "Outcome not found"),
        ({"price": 0.5005}, "Invalid price"),
        ({"price": 0.503}, "Invalid price"),
        ({"price": 1}, "Invalid price"),
        ({"qty": 0}, "Invalid qty: must be a positive integer"),
        ({"qty": 1.5}, "Invalid qty: must be a positive integer"),
        ({"qty": 10**9}, "Insufficient balance"),
        ({"currency": "COIN"}, "Invalid currency"),
        ({"tif": "DAY"}, "Invalid tif"),
        ({"tif": "GTT"}, "Invalid ttl"),
        ({"tif": "IOC", "ttl": 5}, "Invalid ttl"),
        ({"tif": "PO", "ttl": 0}, "Invalid ttl"),
        ({"flags": "nine char"}, "flags must be at most 8 characters"),
    ],
)
async def test_what_is_wrong_with_an_order_is_refused(scene: Scene, changes: dict[str, Any], text: str) -> None:
    status, told = await scene.place(**changes)
    assert (status, told["message"]) == (400, text)
    assert scene.novig.desk.of(ACCOUNT) == []


async def test_the_book_is_bids_for_both_outcomes_order_by_order(scene: Scene) -> None:
    for price in (0.5, 0.51, 0.5):
        await scene.place(price=price)
    await scene.place(away=True, price=0.45)
    market = await scene.market()
    book = await scene.get(f"/book/{market['id']}?currency=CASH")
    home, away = (one["bids"] for one in book["outcomeLadders"])
    assert [(bid["price"], bid["qty"]) for bid in home] == [(Decimal("0.51"), 1000)] + [(Decimal("0.5"), 1000)] * 2
    assert [bid["price"] for bid in away] == [Decimal("0.45")]
    assert {one["index"]: one["description"] for one in market["outcomes"]} == {0: "Jannik Sinner", 1: "Carlos Alcaraz"}


async def test_a_reference_is_taken_twice_and_money_is_right_to_the_last_digit(scene: Scene) -> None:
    for _ in range(2):
        await scene.place(price=0.505, qty=333)
    scene.novig.exchange.take(HOME, Side.SELL, 505_000, 4 * MICRO)
    rows = await scene.get("/orders/all?currency=CASH")
    assert [(row["flags"], row["status"], row["qty"]) for row in rows] == [
        ("AbCd0189", "RESTING", 266),
        ("AbCd0189", "FILLED", 0),
    ]
    assert Decimal((await scene.get("/account/balance?currency=CASH"))["balance"]) == 1_000_000 - 400 * Decimal("0.505")
    fills = await scene.get("/fills/all?currency=CASH")
    assert [(fill["qty"], fill["isTaker"], "fee" in fill) for fill in fills] == [
        (67, False, False),
        (333, False, False),
    ]
    assert fills[0]["transactions"] == [{"kind": "FILL_STRAIGHT_MAKER_FUNDS", "amount": "33.835"}]


@pytest.mark.parametrize(("is_live", "fee"), [(False, None), (True, "1.434")])
async def test_takers_pay_in_play_alone(scene: Scene, is_live: bool, fee: str | None) -> None:
    scene.fixture(live=is_live, status_id=int(is_live))
    market = scene.novig.listings.of_fixture(FIXTURE)
    assert market is not None
    scene.novig.exchange.place(COUNTERPARTY, market.contract, Leg.YES, Side.SELL, 605_000, 9 * MICRO, reference="offer")
    await scene.place(price=0.65, qty=200, tif="FOK")
    (fill,) = await scene.get("/fills/all?currency=CASH")
    assert (fill["price"], fill["isTaker"], fill.get("fee")) == (Decimal("0.605"), True, fee)
    cost = 200 * Decimal("0.605") + Decimal(fee or 0)
    assert Decimal((await scene.get("/account/balance?currency=CASH"))["balance"]) == 1_000_000 - cost


# --- the socket ----------------------------------------------------------------------------------------------------


async def heard(ws: aiohttp.ClientWebSocketResponse, count: int) -> list[Any]:
    async with asyncio.timeout(PATIENCE_S):
        return [json.loads((await ws.receive()).data) for _ in range(count)]


async def test_going_live_is_told_to_all_and_what_it_cancels_to_its_owner(scene: Scene) -> None:
    market = await scene.market()
    headers = {"Authorization": f"Bearer {scene.token}"}
    async with scene.http.ws_connect(f"{scene.ws_url}/tape", headers=headers) as ws:
        for channel in ("private", "lifecycle", market["id"], "stranger"):
            await ws.send_json({"event": "subscribe", "data": channel})
        first, second, third, image, wrong = await heard(ws, 5)
        assert [one["data"] for one in (first, second, third)] == ["private", "lifecycle", market["id"]]
        assert (image["event"], wrong["event"]) == ("book", "error")
        _, placed = await scene.place()
        own, tick = await heard(ws, 2)
        assert (own["event"], own["data"]["id"], own["data"]["status"]) == ("place", placed["id"], "RESTING")
        assert (tick["type"], tick["order"]["id"], tick["fills"]) == ("PLACE", placed["id"], [])
        scene.novig.exchange.faults.set(Behaviour(duplicateFills=True))
        scene.novig.exchange.take(HOME, Side.SELL, 500_000, 4 * MICRO)
        tick, own, again = await heard(ws, 3)
        assert (tick["order"]["qty"], tick["fills"][0]["qty"]) == (600, 400)
        assert own == again
        assert (own["event"], own["data"]["qty"], "fee" in own["data"]) == ("fill", 400, False)
        scene.fixture(live=True, status_id=1)
        golive, tick, own = await heard(ws, 3)
        assert (golive["type"], golive["market"]["id"]) == ("EVENT_GOLIVE", market["id"])
        assert (tick["type"], own["event"], own["data"]["status"]) == ("CANCEL", "cancel", "CANCELED")


async def test_closing_cancels_without_a_word_and_a_void_pays_its_fair_value(scene: Scene) -> None:
    market = await scene.market()
    _, placed = await scene.place()
    scene.novig.exchange.take(HOME, Side.SELL, 500_000, 4 * MICRO)
    headers = {"Authorization": f"Bearer {scene.token}"}
    async with scene.http.ws_connect(f"{scene.ws_url}/tape", headers=headers) as ws:
        for channel in ("private", "lifecycle"):
            await ws.send_json({"event": "subscribe", "data": channel})
        await heard(ws, 2)
        scene.world.settle(FIXTURE, {121: SettlementStatus.VOID, 122: SettlementStatus.VOID})
        scene.world.settle(FIXTURE, {121: SettlementStatus.LOST, 122: SettlementStatus.WON})
        scene.fixture(participant1_name="J. Sinner")
        await ws.send_json({"event": "unsubscribe", "data": "lifecycle"})
        told = await heard(ws, 2)
        assert [one.get("type") or one["event"] for one in told] == ["CLOSE", "unsubscribed"]
    ended = await scene.get(f"/markets/{market['id']}")
    assert {one["index"]: one["status"] for one in ended["outcomes"]} == {0: "LOSS", 1: "WIN"}
    assert (ended["status"], (await scene.get(f"/orders/{placed['id']}"))["status"]) == ("SETTLED", "CANCELED")
    assert await scene.get("/markets/open?league=ATP") == []
