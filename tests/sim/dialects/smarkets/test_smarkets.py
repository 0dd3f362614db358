"""The simulated Smarkets over its own wire, spoken to without the connector."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.dialects.smarkets import Smarkets, Terms
from hedgerow.sim.dialects.smarkets.ladder import ticks
from hedgerow.sim.dialects.smarkets.wire import totp_code
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import FINISHED, Fixture, World

FIXTURE = FixtureId("id1000001761061419")
HOME = OutcomeKey(FIXTURE, OutcomeId(101))
NOW_S = 1_795_190_000
SESSIONS, ORDERS, ACTIVITY = "/v3/sessions/", "/v3/orders/", "/v3/accounts/activity/"
ACCOUNT = "demo_smarkets"

Answer = tuple[int, Any]


@dataclass
class Scene:
    """A soccer match, and a signed-in client."""

    world: World
    smarkets: Smarkets
    http: aiohttp.ClientSession
    token: str = ""

    async def ask(self, method: str, path: str, body: Any = None) -> Answer:
        headers = {"Authorization": f"Session-Token {self.token}"} if self.token else {}
        async with self.http.request(method, path, json=body, headers=headers) as response:
            return response.status, await response.json()

    async def sign_in(self, password: str = f"throwaway-{ACCOUNT}") -> Answer:
        status, told = await self.ask("POST", SESSIONS, {"username": f"{ACCOUNT}@example.com", "password": password})
        self.token = told.get("token", "")
        return status, told

    async def contracts(self, state: str = "") -> list[dict[str, Any]]:
        query = f"type_domain=football&with_new_type=true{f'&state={state}' if state else ''}"
        _, page = await self.ask("GET", f"/v3/events/?{query}")
        _, markets = await self.ask("GET", f"/v3/events/{page['events'][0]['id']}/markets/")
        _, answer = await self.ask("GET", f"/v3/markets/{markets['markets'][0]['id']}/contracts/")
        contracts: list[dict[str, Any]] = answer["contracts"]
        return contracts

    async def order(self, **changes: Any) -> Answer:
        """Buys a pot of 10 at 50 %."""
        first = (await self.contracts())[0]
        named = {"market_id": first["market_id"], "contract_id": first["id"]}
        return await self.ask("POST", ORDERS, named | {"price": 5000, "quantity": 100_000, "side": "buy"} | changes)

    async def rows(self, query: str = "sort=seq,subseq&limit=500") -> list[dict[str, Any]]:
        _, page = await self.ask("GET", f"{ACTIVITY}?{query}")
        rows: list[dict[str, Any]] = page["account_activity"]
        return rows

    def step(self, seconds: float) -> None:
        self.world.clock.step_to(self.world.clock.now_ns() + int(seconds * NS_PER_S))

    def turn(self, status_id: int) -> None:
        fixture = self.world.fixtures[FIXTURE]
        fixture.status_id, fixture.live = status_id, status_id == 1
        self.world.put_fixture(fixture)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    smarkets = Smarkets(world, Terms())
    world.put_fixture(Fixture(FIXTURE, 10, 17, "Arsenal", "Chelsea", NOW_S + 9_000, "Premier League"))
    site = await listen(smarkets.sites()["rest"], "127.0.0.1", 0)
    async with aiohttp.ClientSession(site.url) as http:
        made = Scene(world, smarkets, http)
        await made.sign_in()
        yield made
    world.clock.forget()
    await site.runner.cleanup()


def test_the_ticks_are_those_of_the_venues_table(shared: Callable[[str], Path]) -> None:
    table = json.loads(shared("venues/ladders.json").read_text())["smarkets"]["prices"]
    assert list(ticks()) == [row["price"] for row in table]


# --- the session ---------------------------------------------------------------------------------------------------


async def test_only_the_right_password_signs_in_and_a_token_is_asked_for(scene: Scene) -> None:
    assert await scene.sign_in("wrong") == (401, {"error_type": "INVALID_CREDENTIALS", "data": ""})
    assert await scene.ask("GET", ORDERS) == (401, {"error_type": "AUTH_REQUIRED", "data": ""})
    assert (await scene.ask("GET", "/v3/events/"))[0] == 200


async def test_a_session_lives_half_an_hour_after_its_last_use(scene: Scene) -> None:
    for seconds, status in ((1_700, 200), (1_700, 200), (1_800, 401)):
        scene.step(seconds)
        assert (await scene.ask("GET", ORDERS))[0] == status
    await scene.sign_in()
    assert (await scene.ask("DELETE", SESSIONS))[0] == 200
    assert (await scene.ask("GET", ORDERS))[0] == 401


async def test_a_second_factor_completes_a_session(scene: Scene) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert totp_code(secret, 59) == "287082"  # RFC 6238
    scene.smarkets.door.register(f"{ACCOUNT}@example.com", ACCOUNT, f"throwaway-{ACCOUNT}", secret)
    _, told = await scene.sign_in()
    assert (told["factor"], (await scene.ask("GET", ORDERS))[0]) == ("totp", 401)
    for code, status in (("000000", 401), (totp_code(secret, NOW_S), 201)):
        assert (await scene.ask("POST", f"{SESSIONS}verify/", {"token": scene.token, "code": code}))[0] == status
    assert (await scene.ask("GET", ORDERS))[0] == 200


async def test_logins_without_end_are_too_many_until_the_window_is_over(scene: Scene) -> None:
    answers = [await scene.sign_in() for _ in range(10)]
    status, told = answers[-1]
    assert (answers[0][0], status, told["error_type"], told["data"]["limit"]) == (201, 429, "RATE_LIMIT_EXCEEDED", 10)
    scene.step(60)
    assert (await scene.sign_in())[0] == 201


# --- orders --------------------------------------------------------------------------------------------------------


async def test_the_results_are_home_draw_and_away(scene: Scene) -> None:
    told = [(one["contract_type"]["name"], one["name"]) for one in await scene.contracts()]
    assert told == [("HOME", "Arsenal"), ("DRAW", "Draw"), ("AWAY", "Chelsea")]


@pytest.mark.parametrize(
    ("changes", "error_type"),
    [
        ({"price": 5001}, "ORDER_INVALID_INVALID_PRICE"),
        ({"price": 10_000}, "REQUEST_VALIDATION_ERROR"),
        ({"quantity": 2**32}, "REQUEST_VALIDATION_ERROR"),
        ({"quantity": 999}, "ORDER_INVALID_INVALID_QUANTITY"),
        ({"quantity": 300_000_000}, "ORDER_REJECTED_INSUFFICIENT_FUNDS"),
        ({"market_id": "7"}, "ORDER_REJECTED_MARKET_NOT_FOUND"),
        ({"contract_id": "7"}, "ORDER_REJECTED_CONTRACT_NOT_FOUND"),
        ({"side": "back"}, "REQUEST_VALIDATION_ERROR"),
        ({"type": "post_only"}, "REQUEST_VALIDATION_ERROR"),
        ({"type": "immediate_or_cancel"}, "ORDER_CANCELLED_INSUFFICIENT_LIQUIDITY"),
    ],
)
async def test_a_wrong_order_says_what_is_wrong(scene: Scene, changes: dict[str, Any], error_type: str) -> None:
    status, told = await scene.order(**changes)
    assert (status, told["error_type"]) == (400, error_type)
    assert scene.smarkets.exchange.open_orders(ACCOUNT) == []


async def test_an_account_does_not_trade_with_itself(scene: Scene) -> None:
    assert (await scene.order())[0] == 200
    status, told = await scene.order(side="sell", price=4902)
    assert (status, told["error_type"]) == (400, "ORDER_REJECTED_CROSSED_SELF")


async def test_the_same_label_is_taken_twice_and_the_list_has_pages(scene: Scene) -> None:
    for _ in range(3):
        assert (await scene.order(label="ours"))[0] == 200
    _, page = await scene.ask("GET", f"{ORDERS}?limit=2&state=created")
    _, rest = await scene.ask("GET", ORDERS + page["pagination"]["next_page"])
    assert [one["label"] for one in page["orders"] + rest["orders"]] == ["ours"] * 3
    assert rest["pagination"]["next_page"] is None


async def test_quotes_and_quantities_are_in_pounds_beside_the_accounts(scene: Scene) -> None:
    await scene.order()
    first = (await scene.contracts())[0]
    _, quotes = await scene.ask("GET", f"/v3/markets/{first['market_id']}/quotes/")
    assert quotes[first["id"]] == {"bids": [{"price": 5000, "quantity": 75_000}], "offers": []}
    _, page = await scene.ask("GET", ORDERS)
    assert (page["orders"][0]["quantity"], page["orders"][0]["quantity_user_currency"]) == (75_000, 100_000)
    assert (await scene.ask("GET", "/v3/currencies/USD/"))[1]["rate_to_gbp"] == "1.333333"


async def test_a_least_quantity_is_matched_or_nothing_is(scene: Scene) -> None:
    await scene.order(side="sell")
    scene.world.exchanges["smarkets"].add_account("other", 10**10)
    scene.smarkets.door.register("other@example.com", "other", "secret")
    _, told = await scene.ask("POST", SESSIONS, {"username": "other@example.com", "password": "secret"})
    scene.token = told["token"]
    taker = {"quantity": 150_000, "type": "immediate_or_cancel"}
    for least, status in ((150_000, 400), (120_000, 400), (100_000, 200)):
        answered, told = await scene.order(**taker, minimum_accepted_quantity=least)
        assert answered == status
    assert (told["total_executed_quantity"], told["available_quantity"], told["executed_avg_price"]) == (
        100_000,
        0,
        5000,
    )


async def test_a_cancelled_order_leaves_the_list_and_stays_in_the_ledger(scene: Scene) -> None:
    _, told = await scene.order(label="ours")
    path = f"{ORDERS}{told['order_id']}/"
    answers = [await scene.ask("DELETE", where) for where in (path, path, f"{ORDERS}1/")]
    assert [(status, answer.get("error_type", "")) for status, answer in answers] == [
        (200, ""),
        (400, "ORDER_CANCEL_REJECTED_NOT_LIVE"),
        (404, "ORDER_CANCEL_REJECTED_NOT_FOUND"),
    ]
    assert (await scene.ask("GET", ORDERS))[1]["orders"] == []
    rows = await scene.rows(f"order_id={told['order_id']}&sort=seq,subseq")
    assert [(row["seq"], row["subseq"], row["source"], row["label"]) for row in rows] == [
        (1, 0, "order.create", "ours"),
        (1, 1, "order.book.accept", "ours"),
        (2, 0, "order.book.cancel", "ours"),
    ]


async def test_all_are_cancelled_once_a_minute(scene: Scene) -> None:
    await scene.order()
    assert [(await scene.ask("DELETE", ORDERS))[0] for _ in range(2)] == [200, 429]
    assert scene.smarkets.exchange.open_orders(ACCOUNT) == []


async def test_the_types_live_as_long_as_their_table_says(scene: Scene) -> None:
    for kind in ("good_til_cancelled", "good_til_halted", "keep_in_play"):
        assert (await scene.order(type=kind))[0] == 200
    left = []
    for status_id in (1, FINISHED):
        scene.turn(status_id)
        left.append([one["type"] for one in (await scene.ask("GET", f"{ORDERS}?state=created"))[1]["orders"]])
    assert left == [["good_til_halted", "keep_in_play"], ["keep_in_play"]]
    ends = [row["extra"] for row in await scene.rows() if row["source"] == "order.book.cancel"]
    assert ends == ["market_live", "market_halted"]


# --- the ledger and the money --------------------------------------------------------------------------------------


async def test_the_ledger_is_read_on_from_a_row_in_both_directions(scene: Scene) -> None:
    for _ in range(2):
        await scene.order()
    forward = await scene.rows()
    assert await scene.rows() == list(reversed(await scene.rows("limit=500")))
    last = forward[1]
    place = f"pagination_last_seq={last['seq']}&pagination_last_subseq={last['subseq']}"
    assert await scene.rows(f"sort=seq,subseq&{place}") == forward[2:]
    assert await scene.rows(place) == forward[:1]


async def test_a_match_in_play_is_pending_for_eight_seconds(scene: Scene) -> None:
    scene.turn(1)
    await scene.order()
    scene.smarkets.exchange.take(HOME, Side.SELL, 400_000, 4_000_000)
    pending = []
    for seconds in (0, 9):
        scene.step(seconds)
        (order,) = (await scene.ask("GET", ORDERS))[1]["orders"]
        pending.append((order["quantity_filled_user_currency"], order["quantity_filled_pending_user_currency"]))
    assert pending == [(0, 40_000), (40_000, 0)]
    assert (await scene.rows())[-1]["source"] == "order.execute.confirm"


async def test_a_match_that_fails_is_taken_back_with_its_money(scene: Scene) -> None:
    scene.smarkets.exchange.faults.behaviour.failTradeRate = Decimal(1)
    await scene.order()
    scene.smarkets.exchange.take(HOME, Side.SELL, 400_000, 10_000_000)
    assert (await scene.rows())[-1]["source"] == "order.execute"
    scene.step(9)
    sources = [row["source"] for row in await scene.rows()]
    assert sources[-2:] == ["order.execute.void", "order.book.cancel"]
    _, told = await scene.ask("GET", "/v3/accounts/")
    assert float(told["account"]["available_balance"]) == 10_000


async def test_the_account_and_the_ledger_add_up_to_the_engines_cash(scene: Scene) -> None:
    await scene.order(side="sell", price=2000)
    _, before = await scene.ask("GET", "/v3/accounts/")
    assert [before["account"][name] for name in ("balance", "available_balance", "exposure")] == ["10000", "9992", "-8"]
    scene.smarkets.exchange.take(HOME, Side.BUY, 400_000, 10_000_000)
    lost, won = SettlementStatus.LOST, SettlementStatus.WON
    for results, cash in (
        ((lost, won, lost), "10001.96"),
        ((won, lost, lost), "9992"),
        ((lost, won, lost), "10001.96"),
    ):
        scene.world.settle(FIXTURE, dict(zip((101, 102, 103), results, strict=True)))
        _, after = await scene.ask("GET", "/v3/accounts/")
        assert (after["account"]["available_balance"], after["account"]["exposure"]) == (cash, "0")
        assert (await scene.rows())[-1]["money"] == cash
    states = {one["name"]: one["state_or_outcome"] for one in await scene.contracts("settled")}
    assert states == {"Arsenal": "loser", "Draw": "winner", "Chelsea": "loser"}


async def test_a_world_that_is_reset_is_empty(scene: Scene) -> None:
    await scene.order()
    scene.world.reset()
    assert (await scene.ask("GET", ORDERS))[1]["orders"] == []
    assert await scene.rows() == []
    assert (await scene.ask("GET", "/v3/events/"))[1]["events"] == []


@pytest.mark.parametrize("given", [{"betDelaySeconds": -1}, {"betDelaySeconds": True}, {"unheardOf": 1}])
def test_a_wrong_switch_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Smarkets(World(Catalogue())).patch(given)
