"""Placing bets and what becomes of them: prices, limits, references, delays, results."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from hedgerow.core.states import SettlementStatus
from hedgerow.sim.faults import Behaviour

from .conftest import ALCARAZ, SINNER, TENNIS, Scene

OTHER = "0b6c2c0e-5d1c-4a4a-9a53-0f3ac64d3f0e"


async def test_an_accepted_bet_answers_what_was_taken(scene: Scene) -> None:
    assert await scene.place() == (
        200,
        {
            "referenceId": "ebb4c11a-714b-4be6-a635-486ec09869a3",
            "price": "1.75",
            "eventId": scene.event(),
            "marketUrl": "tennis.winner/home",
            "side": "BACK",
            "currency": "USD",
            "stake": "10.00",
            "createTime": "2026-11-21T12:00:00Z",
            "status": "ACCEPTED",
            "error": "",
        },
    )
    assert scene.balance == 9_990


@pytest.mark.parametrize(
    ("change", "price", "status"),
    [
        ("NONE", "1.75", "ACCEPTED"),
        ("NONE", "1.8", "PRICE_ABOVE_MARKET"),
        ("NONE", "1.7", "PRICE_ABOVE_MARKET"),  # lower than offered: not the very price either
        ("BETTER", "1.7", "ACCEPTED"),
        ("BETTER", "1.8", "PRICE_ABOVE_MARKET"),
        ("ALL", "1.8", "ACCEPTED"),
    ],
)
async def test_a_price_is_taken_as_the_request_allows(scene: Scene, change: str, price: str, status: str) -> None:
    _, told = await scene.place(acceptPriceChange=change, price=price)
    assert (told["status"], told["price"]) == (status, "1.75")


@pytest.mark.parametrize(
    ("changes", "status", "stake"),
    [
        ({"stake": "500.01"}, "STAKE_ABOVE_MAX", "500.00000000"),
        ({"stake": "1.99"}, "STAKE_BELOW_MIN", "2.00000000"),
        ({"currency": "BTC"}, "INSUFFICIENT_FUNDS", "10"),
    ],
)
async def test_a_refusal_tells_the_stake_that_would_be_taken(
    scene: Scene, changes: dict[str, Any], status: str, stake: str
) -> None:
    _, told = await scene.place(**changes)
    assert (told["status"], told["stake"]) == (status, stake)
    assert scene.balance == 10_000


async def test_the_account_may_stake_less_than_the_feed_says(scene: Scene) -> None:
    scene.cloudbet.patch({"accountShare": Decimal("0.5")})
    _, told = await scene.place(stake="300")
    assert (told["status"], Decimal(told["stake"])) == ("STAKE_ABOVE_MAX", 250)


@pytest.mark.parametrize(
    "changes",
    [
        {"referenceId": "mine"},
        {"stake": 10},
        {"stake": "-1"},
        {"stake": "0"},
        {"price": "1"},
        {"eventId": "1"},
        {"marketUrl": "tennis.winner/home?total=3"},
        {"side": "LAY"},
        {"acceptPriceChange": "LOWER"},
    ],
)
async def test_a_malformed_request_is_no_bet(scene: Scene, changes: dict[str, Any]) -> None:
    status, told = await scene.place(**changes)
    assert (status, told["status"]) == (400, "MALFORMED_REQUEST")
    assert scene.balance == 10_000


@pytest.mark.parametrize("price", ["1.75", "1.8"])
async def test_a_reference_is_good_for_one_request_taken_or_refused(scene: Scene, price: str) -> None:
    await scene.place(price=price)
    status, told = await scene.place(referenceId="EBB4C11A-714B-4BE6-A635-486EC09869A3")
    assert (status, told["status"]) == (400, "DUPLICATE_REQUEST")
    assert len(scene.cloudbet.book.bets) == (price == "1.75")


async def test_a_bet_pends_until_it_is_accepted(scene: Scene) -> None:
    scene.cloudbet.patch({"pendingSeconds": 3})
    assert (await scene.place())[1]["status"] == "PENDING_ACCEPTANCE"
    scene.step(4)
    status, told = await scene.status()
    assert (status, told["status"], told["returnAmount"]) == (200, "ACCEPTED", "0.0")


async def test_a_bet_that_pends_into_a_suspension_is_not_taken(scene: Scene) -> None:
    scene.cloudbet.patch({"pendingSeconds": 3})
    await scene.place()
    scene.offer(TENNIS, {SINNER: None})
    scene.step(4)
    assert (await scene.status())[1]["status"] == "MARKET_SUSPENDED"
    assert scene.balance == 10_000


@pytest.mark.parametrize(
    ("result", "status", "returned"),
    [
        (SettlementStatus.WON, "WIN", "17.50"),
        (SettlementStatus.LOST, "LOSS", "0.00"),
        (SettlementStatus.VOID, "PUSH", "10.00"),
        (SettlementStatus.HALF_WON, "HALF_WIN", "13.75"),
        (SettlementStatus.HALF_LOST, "HALF_LOSS", "5.00"),
    ],
)
async def test_a_result_returns_what_it_pays(
    scene: Scene, result: SettlementStatus, status: str, returned: str
) -> None:
    await scene.place()
    scene.world.settle(TENNIS, {SINNER: result, ALCARAZ: result.mirrored})
    _, told = await scene.status()
    assert (told["status"], told["returnAmount"]) == (status, returned)
    assert scene.balance == 9_990 + Decimal(returned)


async def test_the_history_has_the_newest_bet_first_and_no_refusals(scene: Scene) -> None:
    await scene.place()
    await scene.place(referenceId="5d2bb2d3-6f2c-4a43-a2a1-1a2fbdcf6a11", price="9")
    await scene.place(referenceId=OTHER)
    _, told = await scene.call("GET", "/pub/v3/bets/history?limit=1&offset=0")
    assert ([bet["referenceId"] for bet in told["bets"]], told["totalBets"]) == ([OTHER], "2")
    _, told = await scene.call("GET", "/pub/v3/bets/history?limit=5&offset=1")
    assert [bet["referenceId"] for bet in told["bets"]] == ["ebb4c11a-714b-4be6-a635-486ec09869a3"]


async def test_a_reference_that_never_came_is_not_found(scene: Scene) -> None:
    assert (await scene.status(OTHER))[0] == 404


async def test_a_lost_answer_is_of_a_bet_that_was_taken(scene: Scene) -> None:
    scene.cloudbet.book.faults.set(Behaviour(loseResponseRate=Decimal(1)))
    with pytest.raises(aiohttp.ClientError):
        await scene.place()
    assert (await scene.status())[1]["status"] == "ACCEPTED"


@pytest.mark.parametrize(
    ("code", "http", "status"),
    [
        ("RESTRICTED", 200, "RESTRICTED"),
        ("anything", 200, "MARKET_SUSPENDED"),
        ("INTERNAL_SERVER_ERROR", 500, "INTERNAL_SERVER_ERROR"),
    ],
)
async def test_a_scripted_refusal_is_in_the_venue_s_words(scene: Scene, code: str, http: int, status: str) -> None:
    scene.cloudbet.book.faults.set(Behaviour(rejectRate=Decimal(1), rejectReason=code))
    answered, told = await scene.place()
    assert (answered, told["status"]) == (http, status)


@pytest.mark.parametrize("path", ["/pub/v3/bets/history", f"/pub/v3/bets/{OTHER}/status"])
async def test_the_firewall_closes_the_trading_routes_alone(scene: Scene, path: str) -> None:
    scene.cloudbet.patch({"hasTradingAccess": False})
    assert await scene.call("GET", path) == (403, "<html><body>Access denied</body></html>")
    assert (await scene.call("GET", "/pub/v1/account/currencies"))[0] == 200


async def test_an_emptied_world_knows_no_reference(scene: Scene) -> None:
    await scene.place()
    scene.world.reset()
    assert (await scene.status())[0] == 404
