"""The simulated ProphetX over its own wire, spoken to without the connector."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.dialects.prophetx import ProphetX, Terms
from hedgerow.sim.dialects.prophetx.terms import grid
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World

FIXTURE = FixtureId("id1200231461061419")
SINNER = OutcomeKey(FIXTURE, OutcomeId(121))
NOW_S = 1_795_190_000
V4 = "/partner/v4/mm"

Answer = tuple[int, Any]


@dataclass
class Scene:
    """A tennis match, and a signed-in client."""

    world: World
    prophetx: ProphetX
    http: aiohttp.ClientSession
    token: str = ""
    refresh_token: str = ""

    async def ask(self, method: str, path: str, body: Any = None) -> Answer:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self.http.request(method, path, json=body, headers=headers) as response:
            return response.status, await response.json(loads=lambda text: json.loads(text, parse_float=Decimal))

    async def sign_in(self, **changes: str) -> Answer:
        keys = self.prophetx.demo_credentials("demo_prophetx") | changes
        status, told = await self.ask("POST", "/partner/auth/login", keys)
        if status == 200:
            self.token, self.refresh_token = told["data"]["access_token"], told["data"]["refresh_token"]
        return status, told

    async def sides(self) -> list[list[dict[str, Any]]]:
        _, told = await self.ask("GET", f"{V4}/get_multiple_markets?event_ids={await self.event()}")
        (market,) = next(iter(told["data"].values()))
        sides: list[list[dict[str, Any]]] = market["selections"]
        return sides

    async def event(self) -> int:
        _, told = await self.ask("GET", "/partner/mm/get_sport_events?tournament_id=2314")
        return int(told["data"]["sport_events"][0]["event_id"])

    async def submit(self, side: int = 0, **changes: Any) -> Answer:
        strike = (await self.sides())[side][0]["strike_id"]
        body = {"external_id": "ours", "strike_id": strike, "price": 110, "quantity": 10} | changes
        return await self.ask("POST", f"{V4}/submit_order", body)

    async def order(self, **changes: Any) -> dict[str, Any]:
        status, told = await self.submit(**changes)
        assert (status, told["data"]["success"]) == (200, True)
        order: dict[str, Any] = told["data"]["order"]
        return order

    async def now(self, order: dict[str, Any]) -> dict[str, Any]:
        _, told = await self.ask("GET", f"{V4}/get_order/{order['order_id']}")
        row: dict[str, Any] = told["data"]
        return row

    def step(self, seconds: float) -> None:
        self.world.clock.step_to(self.world.clock.now_ns() + int(seconds * NS_PER_S))


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    prophetx = ProphetX(world, Terms())
    world.put_fixture(Fixture(FIXTURE, 12, 2314, "Jannik Sinner", "Carlos Alcaraz", NOW_S + 9_000, "ATP Finals"))
    site = await listen(prophetx.sites()["rest"], "127.0.0.1", 0)
    async with aiohttp.ClientSession(site.url) as http:
        made = Scene(world, prophetx, http)
        await made.sign_in()
        yield made
    world.clock.forget()
    await site.runner.cleanup()


# --- the session ---------------------------------------------------------------------------------------------------


async def test_only_the_right_keys_sign_in(scene: Scene) -> None:
    for wrong in ({"access_key": "0"}, {"secret_key": "0"}):
        assert await scene.sign_in(**wrong) == (401, {"error": "unauthorized", "message": "Unauthorized"})


async def test_a_token_ends_with_its_time_and_is_refreshed(scene: Scene) -> None:
    scene.step(20 * 60)
    assert (await scene.ask("GET", f"{V4}/get_balance"))[0] == 401
    _, told = await scene.ask("POST", "/partner/auth/refresh", {"refresh_token": scene.refresh_token})
    scene.token = told["data"]["access_token"]
    assert (await scene.ask("GET", f"{V4}/get_balance"))[0] == 200
    assert (await scene.ask("POST", "/partner/auth/refresh", {"refresh_token": scene.token}))[0] == 401


async def test_more_than_fifty_requests_a_second_are_too_many(scene: Scene) -> None:
    statuses = [(await scene.ask("GET", f"{V4}/get_balance"))[0] for _ in range(51)]
    assert (statuses[0], statuses[49], statuses[50]) == (200, 200, 429)


# --- orders --------------------------------------------------------------------------------------------------------


def test_the_ladder_has_both_signs_and_one_even() -> None:
    assert (len(grid().american), 100 in grid().american, -100 in grid().american) == (291, True, False)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"external_id": "a b"}, 400, "invalid_external_id"),
        ({"external_id": "x" * 101}, 400, "invalid_external_id"),
        ({"strike_id": "0" * 32}, 400, "strike_id_invalid"),
        ({"price": 121}, 400, "invalid_price"),
        ({"price": 1.91}, 400, "invalid_price"),
        ({"quantity": 0}, 400, "invalid_quantity"),
        ({"quantity": 0.001}, 400, "invalid_quantity"),
        ({"quantity": 0.01}, 400, "order_invalid_profit"),
        ({"quantity": 200_000_000}, 400, "order_quantity_exceeds_max"),
        ({"quantity": 50_000}, 403, "insufficient_amount"),
        ({"order_strategy": "hope"}, 400, "invalid_param"),
        ({"price": None}, 400, "invalid_request"),
    ],
)
async def test_a_wrong_order_says_what_is_wrong(scene: Scene, changes: dict[str, Any], status: int, code: str) -> None:
    answered, told = await scene.submit(**changes)
    assert (answered, told["error"]) == (status, code)
    assert scene.prophetx.exchange.orders == {}


async def test_a_reference_is_taken_once(scene: Scene) -> None:
    await scene.order()
    status, told = await scene.submit(quantity=20)
    assert (status, told["error"]) == (400, "order_external_id_existed")


async def test_what_rests_on_one_side_is_offered_on_the_other(scene: Scene) -> None:
    await scene.order(price=110, quantity=10)
    first, second = await scene.sides()
    assert (first[0]["price"], first[0]["quantity"]) == (None, 0)
    assert (second[0]["price"], second[0]["quantity"], second[0]["display_price"]) == (-110, 11, "-110")
    taker = await scene.order(side=1, external_id="taker", price=-110, quantity=5.5)
    assert (taker["status"], taker["matching_status"], taker["filled_quantity"]) == (
        "open",
        "fully_matched",
        Decimal("5.5"),
    )
    _, told = await scene.ask("GET", f"{V4}/get_order_matched_detail?order_id={taker['order_id']}")
    (detail,) = told["data"]["matching_details"]
    assert (detail["price"], detail["quantity"]) == (-110, Decimal("5.5"))


async def test_the_older_of_two_at_a_price_is_filled_first(scene: Scene) -> None:
    older, younger = await scene.order(), await scene.order(external_id="younger")
    scene.prophetx.exchange.take(SINNER, Side.SELL, 476_190, 23_100_000)
    assert [(await scene.now(one))["filled_quantity"] for one in (older, younger)] == [10, 1]


async def test_what_is_cancelled_in_part_stays_as_the_filled_part(scene: Scene) -> None:
    order = await scene.order()
    scene.prophetx.exchange.take(SINNER, Side.SELL, 476_190, 8_400_000)
    names = {"order_id": order["order_id"], "external_id": "ours"}
    wrong = await scene.ask("POST", f"{V4}/cancel_order", names | {"external_id": "other"})
    assert wrong[1]["error"] == "order_not_matching_external_id"
    assert (await scene.ask("POST", f"{V4}/cancel_order", names))[0] == 200
    row = await scene.now(order)
    assert (row["status"], row["matching_status"], row["quantity"], row["open_quantity"]) == (
        "open",
        "fully_matched",
        4,
        0,
    )
    assert (await scene.ask("POST", f"{V4}/cancel_order", names))[1]["error"] == "order_already_cancelled"


async def test_what_is_to_be_killed_is_after_two_seconds(scene: Scene) -> None:
    order = await scene.order(order_strategy="fillOrKill")
    assert order["status"] == "open"
    scene.step(3)
    assert (await scene.now(order))["status"] == "canceled"


async def test_what_must_not_take_is_invalid_where_it_would(scene: Scene) -> None:
    await scene.order()
    assert (await scene.order(side=1, external_id="adds", price=-110, quantity=11, order_strategy="ALO"))[
        "status"
    ] == "invalid"
    assert len(scene.prophetx.exchange.open_orders()) == 1


async def test_everything_is_cancelled_and_nothing_is_told_as_such(scene: Scene) -> None:
    await scene.order()
    assert (await scene.ask("POST", f"{V4}/cancel_all_orders"))[0] == 200
    assert (await scene.ask("POST", f"{V4}/cancel_all_orders"))[1]["error"] == "no_cancellable_orders"


async def test_live_orders_wait_and_cannot_be_cancelled_meanwhile(scene: Scene) -> None:
    before = await scene.order()
    fixture = scene.world.fixtures[FIXTURE]
    fixture.status_id, fixture.live = 1, True
    scene.world.put_fixture(fixture)
    assert (await scene.now(before))["status"] == "wiped"
    order = await scene.order(external_id="live")
    names = {"order_id": order["order_id"], "external_id": "live"}
    assert (order["status"], (await scene.ask("POST", f"{V4}/cancel_order", names))[0]) == ("inactive", 409)
    scene.step(6)
    assert (await scene.now(order))["status"] == "open"


async def test_lists_want_a_span_and_not_too_long_a_one(scene: Scene) -> None:
    history = f"{V4}/get_order_history"
    for query, code in (
        ("", "missing_date_range"),
        (f"?from={NOW_S - 8 * 86_400}", "invalid_from_to_range"),
        (f"?updated_at_from={NOW_S - 3 * 86_400}", "invalid_updated_at_range"),
        (f"?from={NOW_S}&to={NOW_S - 1}", "from_date_greater_than_to_date"),
        (f"?from={NOW_S}&limit=101", "invalid_cursor"),
    ):
        assert (await scene.ask("GET", history + query))[1]["error"] == code
    for number in range(3):
        await scene.order(external_id=f"order-{number}")
    _, page = await scene.ask("GET", f"{history}?from={NOW_S}&limit=2")
    _, rest = await scene.ask("GET", f"{history}?from={NOW_S}&limit=2&next_cursor={page['data']['next_cursor']}")
    names = [row["external_id"] for one in (page, rest) for row in one["data"]["orders"]]
    assert (names, rest["data"]["next_cursor"]) == (["order-2", "order-1", "order-0"], "")


# --- money ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "cash"),
    [
        (SettlementStatus.WON, Decimal("10010.78")),
        (SettlementStatus.LOST, Decimal(9_990)),
        (SettlementStatus.VOID, Decimal(10_000)),
    ],
)
async def test_a_share_of_the_gains_is_kept(scene: Scene, result: SettlementStatus, cash: Decimal) -> None:
    order = await scene.order()
    scene.prophetx.exchange.take(SINNER, Side.SELL, 476_190, 21_000_000)
    assert (await scene.ask("GET", f"{V4}/get_balance"))[1]["data"]["matched_order_balance"] == 10
    for decided in (SettlementStatus.WON, SettlementStatus.LOST, result):  # decided anew, what was kept comes back
        scene.world.settle(FIXTURE, {121: decided, 122: decided.mirrored})
    assert (await scene.ask("GET", f"{V4}/get_balance"))[1]["data"]["balance"] == cash
    told = {SettlementStatus.WON: "won", SettlementStatus.LOST: "lost", SettlementStatus.VOID: "push"}
    row = await scene.now(order)
    assert (row["status"], row["winning_status"]) == ("closed", told[result])


# --- the socket ----------------------------------------------------------------------------------------------------


async def test_the_socket_authorises_each_channel_for_itself(scene: Scene) -> None:
    _, config = await scene.ask("GET", "/partner/websocket/connection-config")
    async with scene.http.ws_connect(f"/app/{config['key']}?protocol=7") as ws:
        established = await ws.receive_json()
        socket_id = json.loads(established["data"])["socket_id"]
        body = {"socket_id": socket_id, "subscriptions": [{"type": "tournament", "ids": ["2314"]}]}
        _, told = await scene.ask("POST", f"{V4}/websocket", body)
        public, own = told["data"]["authorized_channel"]
        await ws.send_json({"event": "pusher:signin", "data": told["data"]["authenticated"]})
        assert (await ws.receive_json())["event"] == "pusher:signin_success"
        for channel in (public, own):
            data = {"channel": channel["channel_name"], "auth": channel["auth"]}
            await ws.send_json({"event": "pusher:subscribe", "data": data})
            assert (await ws.receive_json())["event"] == "pusher_internal:subscription_succeeded"
        await scene.order()
        message = await ws.receive_json()
        info = json.loads(base64.b64decode(json.loads(message["data"])["payload"]))["info"]
        assert (message["event"], message["channel"]) == ("order", own["channel_name"])
        assert (info["status"], info["update_type"], info["external_id"]) == ("open", "status", "ours")
        data = {"channel": own["channel_name"], "auth": public["auth"]}
        await ws.send_json({"event": "pusher:subscribe", "data": data})
        assert (await ws.receive_json())["event"] == "pusher:error"
        assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSE


async def test_a_socket_of_nobody_is_refused(scene: Scene) -> None:
    body = {"socket_id": "9.9", "subscriptions": []}
    assert (await scene.ask("POST", f"{V4}/websocket", body))[0] == 400
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await scene.http.ws_connect("/app/wrong")


# --- switches ------------------------------------------------------------------------------------------------------


async def test_switches_are_checked_and_reset(scene: Scene) -> None:
    scene.prophetx.patch({"liveDelaySeconds": 0, "fillBudgets": True, "endTokens": True})
    assert (await scene.ask("GET", f"{V4}/get_balance"))[0] == 401
    assert scene.prophetx.terms.live_delay_s == 0
    scene.prophetx.patch({})
    assert scene.prophetx.terms.live_delay_s == 5
    for wrong in ({"liveDelaySeconds": -1}, {"unheard": 1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            scene.prophetx.patch(wrong)
