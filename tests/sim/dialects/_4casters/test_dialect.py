"""The simulated 4casters over its own wire, spoken to without the connector."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.american_grid import stake_and_profit
from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.money import MICRO, decimal_of
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects._4casters import Fourcasters
from hedgerow.sim.dialects._4casters.desk import purchase
from hedgerow.sim.dialects._4casters.engine import facing, ladder
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World

FIXTURE = FixtureId("id1200231461061419")
FIRST, SECOND = (OutcomeKey(FIXTURE, OutcomeId(number)) for number in (121, 122))
NOW_S = 1_795_190_000
ACCOUNT = "demo_4casters"

Answer = tuple[int, Any]


@dataclass
class Scene:
    """A tennis match, and a signed-in client."""

    world: World
    venue: Fourcasters
    http: aiohttp.ClientSession
    token: str = ""

    async def ask(self, method: str, path: str, body: Any = None) -> Answer:
        headers = {"Authorization": self.token} if self.token else {}
        async with self.http.request(method, path, json=body, headers=headers) as response:
            told = await response.json()
            return response.status, told.get("data", told)

    async def sign_in(self, password: str = f"throwaway-{ACCOUNT}") -> Answer:
        status, told = await self.ask("POST", "/user/login", {"username": ACCOUNT, "password": password})
        self.token = told["user"]["auth"] if status == 200 else ""
        return status, told

    @property
    def game(self) -> Any:
        return next(iter(self.venue._listings.games.values()))

    async def place(self, odds: int, bet: float, *, home: bool = True, **changes: Any) -> Any:
        order = {"gameID": self.game.id, "type": "moneyline", "side": self.game.home_id if home else self.game.away_id}
        _, told = await self.ask(
            "POST", "/session/v3/place", {"orders": [{**order, "odds": odds, "bet": bet, **changes}]}
        )
        return told["createdSessions"][0]

    def offer(self, outcome: OutcomeKey, odds: str, limit: int = 100) -> None:
        self.world.put_odds([Quote(outcome, "4casters", Decimal(odds), Decimal(limit), None, "USD", True, 0)])

    def step(self, seconds: float) -> None:
        self.world.clock.step_to(self.world.clock.now_ns() + int(seconds * NS_PER_S))

    def settle(self, first: SettlementStatus) -> None:
        self.world.settle(FIXTURE, {121: first, 122: first.mirrored})

    @property
    def cash(self) -> Decimal:
        return decimal_of(self.venue.exchange.accounts[ACCOUNT].cash)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    venue = Fourcasters(world)
    world.put_fixture(Fixture(FIXTURE, 12, 2314, "Jannik Sinner", "Carlos Alcaraz", NOW_S + 9_000, "ATP Finals"))
    site = await listen(venue.sites()["rest"], "127.0.0.1", 0)
    async with aiohttp.ClientSession(site.url) as http:
        made = Scene(world, venue, http)
        await made.sign_in()
        yield made
    world.clock.forget()
    await site.runner.cleanup()


# --- the door ------------------------------------------------------------------------------------------------------


async def test_only_the_right_password_signs_in(scene: Scene) -> None:
    assert await scene.sign_in("wrong") == (401, {"error": "Username or password is incorrect."})
    assert await scene.ask("GET", "/user/getMe") == (401, {"error": "InvalidCredentials"})


async def test_a_token_ends_after_thirty_days_and_by_the_switch(scene: Scene) -> None:
    assert (await scene.ask("GET", "/user/getMe"))[0] == 200
    scene.step(30 * 24 * 3_600)
    assert (await scene.ask("GET", "/user/getMe"))[0] == 401
    await scene.sign_in()
    scene.venue.patch({"endTokens": True})
    assert (await scene.ask("GET", "/user/getMe"))[0] == 401


async def test_graded_bets_are_asked_for_ten_times_at_most(scene: Scene) -> None:
    path = "/user/v2/getGradedSince?since=2026-11-01T00:00:00.000Z"
    statuses = [(await scene.ask("GET", path))[0] for _ in range(11)]
    assert statuses == [200] * 10 + [429]


# --- orders --------------------------------------------------------------------------------------------------------


async def test_an_offer_stands_where_others_take_it(scene: Scene) -> None:
    await scene.place(120, 100)
    _, told = await scene.ask("GET", f"/exchange/v2/getOrderbook?gameID={scene.game.id}")
    (game,) = told["games"]
    (row,) = game["awayMoneylines"]  # as documented: 100 at 120 is 120 at -120 for the others
    assert (row["odds"], row["sumUntaken"], row["participantID"]) == (-120, 120, scene.game.away_id)
    assert (game["homeMoneylines"], row["createdBy"]) == ([], ACCOUNT)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"gameID": "0" * 24}, "validation_error"),
        ({"side": "over"}, "validation_error"),
        ({"odds": 99}, "validation_error"),
        ({"bet": 0.5}, "validation_error"),
        ({"type": "total"}, "validation_error"),
        ({"orderType": "postArb"}, "validation_error"),
        ({"bet": 20_000}, "rejected_liability"),
        ({"orderType": "fillAndKill"}, "rejected_order_type_rules"),
        ({"orderType": "fillOrKill"}, "rejected_order_type_rules"),
    ],
)
async def test_a_wrong_order_says_which_kind_of_wrong(scene: Scene, changes: dict[str, Any], kind: str) -> None:
    given_ = {"odds": -105, "bet": 21, **changes}
    told = await scene.place(given_.pop("odds"), given_.pop("bet"), **given_)
    assert told["errorType"] == kind
    assert scene.venue.exchange.orders == {}


async def test_each_side_keeps_its_stake_at_better_odds(scene: Scene) -> None:
    scene.offer(FIRST, "2.1")  # +110
    told = await scene.place(-110, 55)
    (fill,) = told["matched"]
    assert (fill["odds"], fill["amount"], told["unmatched"]) == (110, 55, {})
    assert (fill["winWithoutCommission"], fill["risk"], fill["win"]) == (60.5, 55.55, 59.95)
    scene.offer(SECOND, "2.1", 1_000)
    told = await scene.place(-110, 300, home=False, orderType="limit")
    assert sum(fill["amount"] for fill in told["matched"]) == 300


async def test_what_a_limit_order_does_not_take_rests_and_a_post_takes_nothing(scene: Scene) -> None:
    scene.offer(FIRST, "2", 30)
    assert (await scene.place(100, 50, orderType="post"))["error"] == "post order cannot have matches"
    told = await scene.place(100, 50)
    assert [fill["amount"] for fill in told["matched"]] == [30]
    assert told["unmatched"]["offered"] == 20


async def test_all_or_nothing_forgives_ten_dollars(scene: Scene) -> None:
    scene.offer(FIRST, "2", 30)
    told = await scene.place(100, 41, orderType="fillOrKill")
    assert told["error"] == "fill or kill matched but not fully"
    told = await scene.place(100, 40, orderType="fillOrKill")
    assert [fill["amount"] for fill in told["matched"]] == [30]
    assert scene.venue.exchange.open_orders(ACCOUNT) == []


async def test_what_would_match_a_live_game_waits_and_the_start_clears_the_book(scene: Scene) -> None:
    await scene.place(150, 20)
    fixture = scene.world.fixtures[FIXTURE]
    fixture.status_id, fixture.live = 1, True
    scene.world.put_fixture(fixture)
    assert scene.venue.exchange.open_orders(ACCOUNT) == []
    scene.offer(FIRST, "2", 30)
    told = await scene.place(100, 20, orderType="fillAndKill")
    assert (told["matched"], told["unmatched"]["offered"]) == ([], 20)
    scene.step(8)
    _, bets = await scene.ask("GET", "/user/getMatchedBets")
    assert [row["bet"] for row in bets["matchedBets"]] == [20]


async def test_a_silent_account_loses_what_rests(scene: Scene) -> None:
    assert (await scene.ask("POST", "/user/ordersHeartbeat", {"timeout": 5}))[0] == 400
    await scene.place(120, 20)
    assert (await scene.ask("POST", "/user/ordersHeartbeat", {"timeout": 10}))[0] == 200
    scene.step(9)
    assert len((await scene.ask("GET", "/user/getUnmatched"))[1]["unmatched"]) == 1
    scene.step(2)
    assert (await scene.ask("GET", "/user/getUnmatched"))[1] == {"unmatched": []}


# --- money ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "outcome", "pays", "profit", "fee"),
    [
        (SettlementStatus.WON, "winner", "115.5", "59.95", "0.55"),
        (SettlementStatus.LOST, "loser", "0", "-55.55", "0.55"),
        (SettlementStatus.VOID, "refunded", "55.55", "0.00", "0.00"),
    ],
)
async def test_a_settled_bet_is_told_as_it_was_paid(
    scene: Scene, result: SettlementStatus, outcome: str, pays: str, profit: str, fee: str
) -> None:
    scene.offer(FIRST, "2.1")
    await scene.place(-110, 55)
    before = scene.cash
    assert before == 10_000 - Decimal("55.55")
    scene.step(60)
    scene.settle(result)
    assert scene.cash == before + Decimal(pays)
    _, told = await scene.ask("GET", "/user/v2/getGradedSince?since=2026-11-01T00:00:00.000Z")
    (row,) = told["graded"]
    assert (row["outcome"], row["result"], row["fee"]) == (outcome, profit, fee)


async def test_a_corrected_result_comes_again_in_the_walk(scene: Scene) -> None:
    scene.offer(FIRST, "2.1")
    await scene.place(-110, 55)
    scene.settle(SettlementStatus.VOID)
    _, first = await scene.ask("GET", "/user/v2/getGradedSince?since=2026-11-01T00:00:00.000Z")
    scene.step(60)
    scene.settle(SettlementStatus.LOST)
    _, second = await scene.ask("GET", f"/user/v2/getGradedSince?cursor={first['cursor']}")
    assert [row["outcome"] for row in second["graded"]] == ["loser"]
    assert scene.cash == 10_000 - Decimal("55.55")
    assert (await scene.ask("GET", "/user/v2/getGradedSince?cursor=mine"))[0] == 400


async def test_what_is_staked_is_told_as_liability(scene: Scene) -> None:
    scene.offer(FIRST, "2.1")
    await scene.place(-110, 55)
    await scene.place(120, 20)
    _, told = await scene.ask("GET", "/user/getMe")
    assert (told["user"]["displayBalance"], told["user"]["liability"]) == (10_000, -75.55)


# --- the pure parts ------------------------------------------------------------------------------------------------


@given(
    st.integers(1, 10**12),
    st.lists(st.tuples(st.sampled_from(ladder().american), st.integers(0, 10**9)), max_size=4),
)
def test_a_stake_buys_what_stands_and_no_part_of_it_is_lost(stake: int, rows: list[tuple[int, int]]) -> None:
    levels = [(american, parts * sum(stake_and_profit(american))) for american, parts in rows]
    met = purchase(stake, levels)
    assert 0 <= met.left <= stake
    assert met.contracts <= sum(size for _, size in levels)
    whole = sum(size * stake_and_profit(american)[0] // sum(stake_and_profit(american)) for american, size in levels)
    if stake >= whole:
        assert (met.contracts, met.left) == (sum(size for _, size in levels), stake - whole)


@given(st.sampled_from(ladder().american))
def test_every_rung_has_its_other_side(american: int) -> None:
    price, other = ladder().at(american), ladder().at(facing(american))
    assert price is not None
    assert other is not None
    assert abs(price + other - MICRO) <= 1


def test_the_ladder_has_the_prices_of_even_and_of_four_to_one() -> None:
    assert {500_000, 800_000} <= set(ladder())
