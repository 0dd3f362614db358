"""Who is let in, what the bridge says of itself, what it offers, and that all answers are the document's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.venues.bridge.schemas import Document

from hedgerow.core.states import SettlementStatus

from .harness import BETS, DEMO, RIVAL, TENNIS, Client, Scene

REFERENCE = "ebb4c11a-714b-4be6-a635-486ec09869a3"
QUOTES = f"/accounts/{DEMO}/quotes"


@pytest.mark.parametrize("wrong", ["password", "hmac_secret"])
async def test_a_wrong_key_is_401(scene: Scene, wrong: str) -> None:  # BR-02
    answer = await scene.client(**{wrong: "another"}).call("GET", "/info")
    code = {"password": "unauthorized", "hmac_secret": "signature_invalid"}[wrong]
    assert (answer.status, answer.json["code"]) == (401, code)


@pytest.mark.parametrize(("skew_s", "status"), [(20, 200), (-20, 200), (60, 401), (-60, 401)])
async def test_a_clock_that_is_off_is_taken_up_to_30_s(  # BR-24
    scene: Scene, demo: Client, skew_s: int, status: int
) -> None:
    demo.skew_ms = skew_s * 1000
    answer = await demo.call("GET", "/info")
    assert answer.status == status
    assert status == 200 or "clock" in answer.json["message"]


async def test_a_token_opens_its_own_account_alone(scene: Scene, demo: Client) -> None:
    assert [row["account"] for row in (await demo.get("/accounts"))["accounts"]] == [DEMO]
    answer = await demo.call("GET", f"/accounts/{RIVAL}/balance")
    assert (answer.status, answer.json["code"]) == (404, "unknown_account")


async def test_what_is_not_declared_is_not_served(demo: Client) -> None:
    assert set((await demo.get("/info"))["capabilities"]) == {
        "partial",
        "cashout_report",
        "statement_settlement",
    }
    for method, path in (("GET", "/odds"), ("GET", "/events"), ("DELETE", f"{BETS}/{REFERENCE}")):
        answer = await demo.call(method, path)
        assert (answer.status, answer.json["code"]) == (404, "unsupported")


async def test_the_balance_is_the_bookmakers(scene: Scene, demo: Client) -> None:  # BR-03
    await demo.put(scene.slip())
    told = await demo.get(f"/accounts/{DEMO}/balance")
    assert (told["available"], told["open"], told["currency"]) == ("9960.00", "40.00", "USD")


async def test_an_offer_has_price_and_limits(scene: Scene, demo: Client) -> None:
    told = (await demo.call("POST", QUOTES, {"selection": scene.selection(), "side": "back"})).json
    assert (told["status"], told["price"], told["minStake"], told["maxStake"]) == ("open", "1.75", "5", "500")


async def test_what_is_shut_is_suspended_and_what_is_unknown_not_offered(scene: Scene, demo: Client) -> None:  # BR-04
    unknown = {**scene.selection(), "outcomeId": 123}
    scene.offer(TENNIS, {121: None})
    asked = [scene.selection(), unknown]
    told = [(await demo.call("POST", QUOTES, {"selection": one, "side": "back"})).json["status"] for one in asked]
    assert told == ["suspended", "not_offered"]


async def test_offers_have_a_pace(scene: Scene, demo: Client) -> None:  # BR-19
    scene.bridge.patch({"quotesPerMinute": 1})
    question = {"selection": scene.selection(), "side": "back"}
    answers = [await demo.call("POST", QUOTES, question) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 429]


async def test_switches_are_set_reset_and_checked(scene: Scene, demo: Client) -> None:
    scene.bridge.patch({"basis": "manual_desk", "betsPerMinute": 7})
    told = await demo.get("/info")
    assert (told["access"]["basis"], told["pacing"]["betsPerMinute"]) == ("manual_desk", 7)
    for wrong in ({"basis": "none"}, {"holdMs": -1}, {"betsPerMinute": 0}, {"mood": 1}):
        with pytest.raises(ValueError, match="is unknown or has a wrong value"):
            scene.bridge.patch(wrong)
    scene.bridge.patch({})
    assert (await demo.get("/info"))["access"]["basis"] == "simulation"


async def test_no_answer_has_a_secret(scene: Scene, demo: Client) -> None:  # BR-21
    await demo.put(scene.slip(), REFERENCE)
    await demo.get("/info")
    await demo.get(BETS)
    await scene.client(password="another").call("GET", "/info")
    secrets = scene.bridge.demo_credentials(DEMO)["password"], scene.bridge.demo_credentials(DEMO)["hmac_secret"]
    assert not [text for text in demo.texts for secret in secrets if secret in text]


async def test_every_answer_is_of_the_documents_schema(
    scene: Scene, demo: Client, shared: Callable[[str], Path]
) -> None:
    document = Document(json.loads(shared("venues/bridge.openapi.json").read_text()))
    slip, question = scene.slip(), {"selection": scene.selection(), "side": "back"}
    bet, fence = "/accounts/{account}/bets/{reference}", "/accounts/{account}/bets/{reference}/fence"
    other = "00000000-0000-4000-8000-000000000000"

    async def check(method: str, template: str, reference: str = REFERENCE, body: Any = None) -> None:
        answer = await demo.call(method, template.format(account=DEMO, reference=reference), body)
        schema = document.answer(method.lower(), template, answer.status)
        assert list(document.faults(answer.json, schema)) == []

    assert list(document.faults(slip, "BetRequest")) == []
    for template in ("/info", "/health", "/accounts", "/accounts/{account}/balance"):
        await check("GET", template)
    await check("POST", "/accounts/{account}/quotes", body=question)
    for body in (slip, slip, scene.slip(stake="1"), {}):  # 201, 200, 409, 422
        await check("PUT", bet, body=body)
    await check("POST", fence)
    await check("POST", fence, other)
    await check("PUT", bet, other, slip)  # 410
    await check("PUT", bet, "11111111-0000-4000-8000-000000000000", scene.slip(limitPrice="9"))
    for result in (SettlementStatus.WON, SettlementStatus.VOID):
        scene.settle(result)
        await check("GET", bet)
    await check("GET", bet, other)  # 404
    await check("GET", "/accounts/{account}/bets")
    await check("GET", "/odds")
