"""The simulated Matchbook over its own wire, spoken to without the connector."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.dialects.matchbook import Matchbook, Terms
from hedgerow.sim.dialects.matchbook.odds import grid, price_of
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World
from hedgerow.storage.database import decode_json, encode_json

FIXTURE = FixtureId("id1000001761061419")
HOME = OutcomeKey(FIXTURE, OutcomeId(101))
NOW_S = 1_795_190_000
SESSION, EDGE = "/bpapi/rest/security/session", "/edge/rest"
OFFERS = f"{EDGE}/v2/offers"

Answer = tuple[int, Any]


@dataclass
class Scene:
    """A soccer match, and a signed-in client."""

    world: World
    matchbook: Matchbook
    http: aiohttp.ClientSession
    token: str = ""

    async def ask(self, method: str, path: str, body: Any = None) -> Answer:
        headers = {"Content-Type": "application/json"} | ({"session-token": self.token} if self.token else {})
        sent = None if body is None else encode_json(body)
        async with self.http.request(method, path, data=sent, headers=headers) as response:
            return response.status, decode_json(await response.read())

    async def sign_in(self, password: str = "throwaway-demo_matchbook") -> Answer:
        status, told = await self.ask("POST", SESSION, {"username": "demo_matchbook", "password": password})
        self.token = told.get("session-token", "")
        return status, told

    async def runners(self) -> list[dict[str, Any]]:
        _, page = await self.ask("GET", f"{EDGE}/events?include-prices=true&sport-ids=15")
        runners: list[dict[str, Any]] = page["events"][0]["markets"][0]["runners"]
        return runners

    async def offer(self, *offers: dict[str, Any]) -> Answer:
        first = (await self.runners())[0]["id"]
        given = [{"runner-id": first, "side": "back", "odds": 2, "stake": 5, **offer} for offer in offers]
        return await self.ask("POST", OFFERS, {"odds-type": "DECIMAL", "exchange-type": "back-lay", "offers": given})

    def step(self, seconds: float) -> None:
        self.world.clock.step_to(self.world.clock.now_ns() + int(seconds * NS_PER_S))


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    matchbook = Matchbook(world, Terms())
    world.put_fixture(Fixture(FIXTURE, 10, 17, "Arsenal", "Chelsea", NOW_S + 9_000, "Premier League"))
    site = await listen(matchbook.sites()["rest"], "127.0.0.1", 0)
    async with aiohttp.ClientSession(site.url) as http:
        made = Scene(world, matchbook, http)
        await made.sign_in()
        yield made
    world.clock.forget()
    await site.runner.cleanup()


def messages(told: dict[str, Any]) -> list[str]:
    return [message for error in told["errors"] for message in error["messages"]]


# --- the session ---------------------------------------------------------------------------------------------------


async def test_only_the_right_password_signs_in(scene: Scene) -> None:
    status, told = await scene.sign_in("wrong")
    assert (status, "incorrect" in messages(told)[0]) == (400, True)
    assert await scene.ask("GET", f"{EDGE}/events") == (401, {"errors": [{"messages": ["Authentication required."]}]})


async def test_a_session_ends_with_its_time_and_by_a_delete(scene: Scene) -> None:
    assert (await scene.ask("GET", SESSION))[0] == 200
    scene.step(6 * 3_600)
    assert (await scene.ask("GET", SESSION))[0] == 401
    await scene.sign_in()
    assert (await scene.ask("DELETE", SESSION))[0] == 200
    assert (await scene.ask("GET", SESSION))[0] == 401


async def test_logins_without_end_are_too_many(scene: Scene) -> None:
    statuses = [(await scene.sign_in())[0] for _ in range(25)]
    assert (statuses[0], statuses[-1]) == (200, 429)


# --- offers --------------------------------------------------------------------------------------------------------


async def test_the_draw_stands_between_the_participants(scene: Scene) -> None:
    assert [runner["name"] for runner in await scene.runners()] == ["Arsenal", "DRAW", "Chelsea"]


async def test_one_that_fails_makes_a_400_and_the_others_are_placed(scene: Scene) -> None:
    status, told = await scene.offer({"stake": -2}, {"temp-id": "ours"})
    failed, placed = told["offers"]
    assert (status, failed["status"], placed["status"], placed["temp-id"]) == (400, "failed", "open", "ours")
    assert messages(failed) == ["-2 is not a valid stake. Stake must be at least USD0.1."]
    assert len(scene.matchbook.exchange.open_orders()) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"runner-id": 1}, "runner-id"),
        ({"side": "win"}, "side"),
        ({"odds": 1}, "odds"),
        ({"odds": 1001}, "odds"),
        ({"stake": 0.123}, "stake"),
        ({"stake": 100_000}, "stake"),
    ],
)
async def test_a_wrong_offer_says_what_is_wrong(scene: Scene, changes: dict[str, Any], field: str) -> None:
    status, told = await scene.offer(changes)
    assert (status, told["offers"][0]["errors"][0]["field"]) == (400, field)
    assert scene.matchbook.exchange.orders == {}


@pytest.mark.parametrize(
    ("side", "odds", "moved"), [("back", "3.01", "3.05"), ("lay", "3.01", "3"), ("back", "3.05", "3.05")]
)
async def test_odds_off_the_ladder_are_moved(scene: Scene, side: str, odds: str, moved: str) -> None:
    _, told = await scene.offer({"side": side, "odds": Decimal(odds)})
    assert told["offers"][0]["odds"] == Decimal(moved)


def test_the_ladder_is_that_of_the_venue() -> None:
    assert (len(grid().odds), price_of(Decimal("1.93"), Side.BUY)) == (350, 518_134)
    assert price_of(Decimal("1.005"), Side.BUY) is None


async def test_the_same_reference_is_taken_twice(scene: Scene) -> None:
    for _ in range(2):
        assert (await scene.offer({"temp-id": "ours"}))[0] == 200
    assert (await scene.ask("GET", OFFERS))[1]["total"] == 2


async def test_our_own_lay_stands_where_it_can_be_backed_and_thin_levels_are_hidden(scene: Scene) -> None:
    await scene.offer({"side": "lay", "odds": 3, "stake": 20}, {"side": "lay", "odds": 3.05, "stake": 5})
    (shown,) = (await scene.runners())[0]["prices"]
    assert (shown["side"], shown["odds"], shown["available-amount"]) == ("back", 3, 20)


async def test_a_cancel_is_taken_once_and_for_what_is_known(scene: Scene) -> None:
    _, told = await scene.offer({})
    path = f"{OFFERS}/{told['offers'][0]['id']}"
    status, cancelled = await scene.ask("DELETE", path)
    assert (status, cancelled["status"], cancelled["remaining"]) == (200, "cancelled", 5)
    assert [(await scene.ask("DELETE", where))[0] for where in (path, f"{OFFERS}/1")] == [400, 404]


async def test_a_cancel_of_many_has_filters_and_without_them_takes_all(scene: Scene) -> None:
    _, told = await scene.offer({}, {"side": "lay", "odds": 1.5}, {"odds": 2.5})
    kept = {offer["id"] for offer in told["offers"][1:]}
    await scene.ask("DELETE", f"{OFFERS}?offer-ids={told['offers'][0]['id']}")
    assert {order.id for order in scene.matchbook.exchange.open_orders()} == kept
    _, ended = await scene.ask("DELETE", OFFERS)
    assert {offer["id"] for offer in ended["offers"]} == kept


async def test_the_list_tells_what_changed_of_late_and_drops_what_ended_unmatched(scene: Scene) -> None:
    await scene.offer({})
    scene.step(100)
    await scene.offer({})
    assert (await scene.ask("GET", f"{OFFERS}?interval=60"))[1]["total"] == 1
    await scene.ask("DELETE", OFFERS)
    assert (await scene.ask("GET", f"{OFFERS}?status=cancelled"))[1]["total"] == 2
    scene.step(3_601)
    assert (await scene.ask("GET", OFFERS))[1]["total"] == 0


# --- the switch, the money, the report -----------------------------------------------------------------------------


async def test_a_silence_cancels_what_is_open(scene: Scene) -> None:
    assert (await scene.ask("GET", f"{EDGE}/v1/heartbeat"))[0] == 404
    await scene.offer({})
    _, told = await scene.ask("POST", f"{EDGE}/v1/heartbeat", {"timeout": 60})
    assert (told["action-performed"], told["actual-timeout"]) == ("HEARTBEAT_ACTIVATED", 20)
    scene.step(15)
    await scene.ask("POST", f"{EDGE}/v1/heartbeat", {"timeout": 60})
    scene.step(15)
    assert len(scene.matchbook.exchange.open_orders()) == 1
    scene.step(6)
    await scene.ask("GET", SESSION)
    assert scene.matchbook.exchange.open_orders() == []


async def test_exposure_and_reserve_are_not_free_and_the_report_adds_up(scene: Scene) -> None:
    await scene.offer({"side": "lay", "odds": 3, "stake": 10})
    _, before = await scene.ask("GET", f"{EDGE}/account/balance")
    assert (before["balance"], before["exposure"], before["commission-reserve"]) == (10_000, 20, Decimal("0.15"))
    scene.matchbook.exchange.take(HOME, Side.BUY, 400_000, 15_000_000)
    scene.world.settle(FIXTURE, {101: SettlementStatus.LOST, 102: SettlementStatus.WON, 103: SettlementStatus.LOST})
    _, after = await scene.ask("GET", f"{EDGE}/account/balance")
    _, report = await scene.ask("GET", f"{EDGE}/reports/v2/bets/settled")
    (bet,) = report["markets"][0]["selections"][0]["bets"]
    assert (bet["result"], bet["profit-and-loss"], bet["commission"], bet["originator"]) == (
        "WIN",
        5,
        Decimal("0.0375"),
        True,
    )
    assert (after["balance"], after["exposure"]) == (10_000 + report["markets"][0]["net-profit-and-loss"], 0)
    later = "after=2030-01-01T00:00:00.000Z"
    assert (await scene.ask("GET", f"{EDGE}/reports/v2/bets/settled?{later}"))[1]["total"] == 0


async def test_a_world_that_is_reset_is_empty(scene: Scene) -> None:
    await scene.offer({})
    scene.world.reset()
    assert [(await scene.ask("GET", path))[1]["total"] for path in (OFFERS, f"{EDGE}/events")] == [0, 0]


@pytest.mark.parametrize("given", [{"liveDelaySeconds": -1}, {"liveDelaySeconds": True}, {"unheardOf": 1}])
def test_a_wrong_switch_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Matchbook(World(Catalogue())).patch(given)
