"""What the simulated SX Bet refuses, matches and tells, without our connector."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import FixtureId
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.dialects.sx_bet import SxBet, build
from hedgerow.sim.dialects.sx_bet.chain import ONE, USDC, OrderStruct
from hedgerow.sim.dialects.sx_bet.errors import Refusal
from hedgerow.sim.dialects.sx_bet.limits import PER_MINUTE, TRADES, Limits
from hedgerow.sim.dialects.sx_bet.orders import Posted, Posting, purchase
from hedgerow.sim.dialects.sx_bet.realtime import Client
from hedgerow.sim.dialects.sx_bet.shapes import fill_view
from hedgerow.sim.evm import sign
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import Leg
from hedgerow.sim.world import Fixture, World

NOW_S = 1_795_190_000
ACCOUNT = "demo_sx.bet"


@pytest.fixture
async def venue() -> SxBet:
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    made = build(world)
    names = ("Jannik Sinner", "Carlos Alcaraz")
    world.put_fixture(Fixture(FixtureId("id1200231461061419"), 12, 2314, *names, NOW_S + 9_000, "ATP Finals", "ATP"))
    return made


def posted(venue: SxBet, **changes: Any) -> Posted:
    """A signed bet of 5.20 at 0.52 on outcome one, or what is said otherwise; `signature` replaces the right one."""
    (market,) = venue.listings
    user = venue.accounts.users[ACCOUNT]
    terms = {"stake": 5_200_000, "odds": 52 * 10**18, "salt": 7, "one": True, "expiry": NOW_S + 600, "tif": "GTC"}
    given = {**terms, **changes}
    digest = OrderStruct(
        bytes.fromhex(market.hash[2:]),
        USDC,
        given["stake"],
        given["odds"],
        given["salt"],
        given["expiry"],
        user.address,
        given["one"],
    ).digest
    return Posted(
        given.get("market", market.hash),
        user.address,
        str(given["stake"]),
        str(given["odds"]),
        f"0x{given['salt']:064x}",
        given["expiry"],
        given.get("token", USDC),
        given["one"],
        given["tif"],
        given.get("signature", sign(user.private_key, digest)),
        "ours",
    )


def place(venue: SxBet, **changes: Any) -> dict[str, Any]:
    answer = venue.desk.place(venue.accounts.users[ACCOUNT], Posting([posted(venue, **changes)], wait_for_outcome=True))
    (told,) = answer["orders"]
    return dict(told)


def stand(venue: SxBet, price: int, contracts: int, side: Side = Side.SELL) -> None:
    """Somebody's order on outcome one, in micros; a bid is an offer of outcome two."""
    (market,) = venue.listings
    leg, own = (Leg.YES, price) if side is Side.SELL else (Leg.NO, MICRO - price)
    venue.exchange.rest(market.contract, leg, own, contracts)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"stake": 999_999}, "TOTAL_BET_SIZE_TOO_LOW"),
        ({"odds": 52 * 10**18 + 10**16}, "PERCENTAGEODDS_UNDEFINED_OR_MALFORMED"),
        ({"odds": ONE}, "PERCENTAGEODDS_UNDEFINED_OR_MALFORMED"),
        ({"token": "0x" + "12" * 20}, "BAD_BASE_TOKEN"),
        ({"market": "0x" + "12" * 32}, "INVALID_SIGNATURE"),
        ({"signature": "0x12"}, "INVALID_SIGNATURE"),
        ({"expiry": NOW_S}, "expiry must be in the future, beyond the betting delay"),
    ],
)
async def test_an_order_is_refused_in_the_venues_words(venue: SxBet, changes: Any, reason: str) -> None:
    told = place(venue, **changes)
    assert (told["status"], told["reason"]) == ("FAILED", reason)
    assert venue.exchange.orders == {}


async def test_a_lack_of_money_refuses_the_request(venue: SxBet) -> None:
    with pytest.raises(Refusal) as refusal:
        place(venue, stake=10_001 * MICRO)
    assert refusal.value.body["message"] == "Insufficient available balance"
    assert venue.exchange.orders == {}


async def test_the_same_order_is_taken_once(venue: SxBet) -> None:
    first, again = place(venue), place(venue)
    assert first["outcome"]["state"] == "RESTED"
    assert (again["status"], again["reason"]) == ("FAILED", "ORDERS_ALREADY_EXIST")


async def test_a_stake_buys_more_at_a_better_price(venue: SxBet) -> None:
    stand(venue, 500_000, 4 * MICRO)
    told = place(venue)
    assert told["outcome"]["state"] == "PARTIAL_FILL_RESTED"
    assert (told["outcome"]["fillAmount"], told["outcome"]["remainingAmount"]) == ("2000000", "3199999")
    (order,) = venue.exchange.orders.values()
    assert (order.filled, order.fills[0].price) == (4 * MICRO, 500_000)


@pytest.mark.parametrize(
    ("time_in_force", "state", "spent"),
    [("IOC", "PARTIAL_FILL_DONE", "2000000"), ("FOK", "CANCELLED", "0")],
)
async def test_what_must_not_rest_does_not(venue: SxBet, time_in_force: str, state: str, spent: str) -> None:
    stand(venue, 500_000, 4 * MICRO)
    told = place(venue, tif=time_in_force)
    assert (told["outcome"]["state"], told["outcome"]["fillAmount"]) == (state, spent)
    user = venue.accounts.users[ACCOUNT]
    order = venue.desk.find(user, told["orderId"])
    assert order is not None
    view = venue.desk.view(order, user)
    assert (view["status"], view["inactiveReason"]) == ("INACTIVE", "NO_LIQUIDITY")
    assert venue.exchange.open_orders(ACCOUNT) == []


async def test_bets_on_both_outcomes_are_netted_when_the_second_is_matched(venue: SxBet) -> None:
    stand(venue, 520_000, 10 * MICRO)
    place(venue, tif="FOK")
    stand(venue, 560_000, 10 * MICRO, Side.BUY)
    told = place(venue, tif="FOK", one=False, odds=44 * 10**18, stake=4_400_000, salt=8)
    assert told["outcome"]["state"] == "FULLY_FILLED"
    assert venue.exchange.accounts[ACCOUNT].cash == 10_000 * MICRO - 5_200_000 - 4_400_000 + 10 * MICRO
    assert [fill.refund for fill in venue.fills] == [0, 10 * MICRO]


@pytest.mark.parametrize(
    ("result", "outcome", "paid"), [("WON", 1, "10000000"), ("LOST", 2, "0"), ("VOID", 0, "5200000")]
)
async def test_a_settled_fill_says_what_it_returned(venue: SxBet, result: str, outcome: int, paid: str) -> None:
    stand(venue, 520_000, 10 * MICRO)
    place(venue, tif="FOK")
    (market,) = venue.listings
    venue.exchange.settle(market.contract, SettlementStatus(result))
    (fill,) = venue.fills
    told = fill_view(fill, market, venue.accounts.users[ACCOUNT])
    assert told["status"] == "SETTLED"
    assert (told["settlement"]["outcome"], told["settlement"]["settleReturnAmount"]) == (outcome, paid)
    assert venue.exchange.accounts[ACCOUNT].cash == 10_000 * MICRO - 5_200_000 + int(paid)
    assert market.view()["outcome"] == outcome


async def test_the_betting_delay_holds_a_taker_and_not_who_rests(venue: SxBet) -> None:
    (market,) = venue.listings
    venue.listings.put(replace(market.fixture, live=True))
    assert place(venue)["outcome"]["state"] == "RESTED"
    stand(venue, 560_000, 20 * MICRO)
    told = place(venue, salt=8, odds=57 * 10**18, stake=5_700_000)
    assert told["outcome"]["state"] == "TIMEOUT"


def talk(venue: SxBet, name: str = ACCOUNT, lives_s: int = 60) -> tuple[Client, list[Any]]:
    """A client of the stream that has logged in, and what it is told from then on."""
    told: list[Any] = []
    client = Client(venue.hub, lambda text: told.append(json.loads(text)), lambda code, why: told.append(code))
    token = venue.accounts.token(venue.accounts.users[name], NOW_S + lives_s)
    client.handle(json.dumps({"id": 1, "connect": {"token": token}}))
    venue.hub.clients.append(client)
    return client, told


async def test_who_comes_back_gets_what_was_missed_or_is_told_that_it_is_gone(venue: SxBet) -> None:
    address = venue.accounts.users[ACCOUNT].address
    channel = f"account:orders_v3_#{address}"
    client, told = talk(venue)
    client.handle(json.dumps({"id": 2, "subscribe": {"channel": channel}}))
    epoch = told[-1]["subscribe"]["epoch"]
    venue.hub.clients.clear()
    place(venue)
    back, heard = talk(venue)
    for number, offset in ((2, 0), (3, 9)):
        back.channels.clear()
        again = {"channel": channel, "recover": True, "epoch": epoch, "offset": offset}
        back.handle(json.dumps({"id": number, "subscribe": again}))
    missed, gone = heard[1]["subscribe"], heard[2]["subscribe"]
    assert (missed["recovered"], [one["data"]["status"] for one in missed["publications"]]) == (True, ["ACTIVE"])
    assert (gone["recovered"], gone["publications"]) == (False, [])


@pytest.mark.parametrize(
    ("channel", "code"),
    [("account:orders_v3_#0x12", 103), ("orderbook_v3:0x12", 102), ("weather:global", 102)],
)
async def test_a_channel_that_is_not_ours_is_refused(venue: SxBet, channel: str, code: int) -> None:
    client, told = talk(venue)
    client.handle(json.dumps({"id": 2, "subscribe": {"channel": channel}}))
    assert told[-1]["error"]["code"] == code


async def test_a_token_that_has_expired_or_is_none_opens_nothing(venue: SxBet) -> None:
    _, told = talk(venue, lives_s=0)
    assert told == [{"id": 1, "error": {"code": 109, "message": "token expired"}}]
    client, heard = talk(venue)
    client.user = None
    client.handle('{"id":2,"connect":{"token":"nobody.1.2"}}')
    assert heard[-1] == 3500


@given(st.integers(1, 10**10), st.integers(1, 799), st.lists(st.tuples(st.integers(1, 799), st.integers(1, 10**10))))
def test_a_stake_is_never_overspent_and_takes_the_cheapest_first(stake: int, rung: int, offers: list[Any]) -> None:
    cheapest_first = sorted((price * 1_250, size) for price, size in offers)
    bought = purchase(stake, rung * 1_250, cheapest_first)
    assert 0 <= bought.left <= stake
    assert bought.contracts <= sum(size for cost, size in cheapest_first if cost <= rung * 1_250)
    assert bought.worst <= rung * 1_250
    assert bought.contracts * bought.worst >= (stake - bought.left) * MICRO


def test_a_minute_has_so_many_requests_and_the_next_one_again() -> None:
    limits = Limits()
    assert [limits.take("key", TRADES, 30_000) for _ in range(PER_MINUTE[TRADES])] == [None] * PER_MINUTE[TRADES]
    assert (limits.take("key", TRADES, 30_500), limits.take("another", TRADES, 30_500)) == (30, None)
    assert limits.take("key", TRADES, 60_000) is None


def test_published_orders_have_these_ids(shared: Callable[[str], Path]) -> None:
    schemes = json.loads(shared("venues/vectors/sx.bet.json").read_text())["schemes"]
    mine = [one for one in schemes["order_v3_eip712"]["vectors"] if one["inputs"]["domain"]["chainId"] == 4162]
    assert mine
    for vector in mine:
        order = vector["inputs"]["order"]
        numbers = (int(order[name]) for name in ("totalBetSize", "percentageOdds", "salt", "expiry"))
        ends = order["maker"], order["isMakerBettingOutcomeOne"]
        struct = OrderStruct(bytes.fromhex(order["marketHash"][2:]), order["baseToken"], *numbers, *ends)
        assert "0x" + struct.digest.hex() == vector["expected"]["digest_is_order_id"]
