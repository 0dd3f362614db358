"""Placing without doubt, settlement and changes. BR-nn are the numbers of the protocol's conformance kit."""

from __future__ import annotations

import asyncio
import uuid
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.states import SettlementStatus
from hedgerow.core.tasks import spawn
from hedgerow.sim.orders import Rejection

from .harness import ALCARAZ, BETS, DEMO, SOCCER, TENNIS, Client, Scene

REFERENCE = "ebb4c11a-714b-4be6-a635-486ec09869a3"
OVER_3 = 10174  # a whole line of goals, which can be hit


def rejection(answer: Any) -> str:
    """Why a bet was not taken."""
    assert answer.status == 201, answer.json
    assert answer.json["state"] == "REJECTED", answer.json
    return str(answer.json["rejection"]["code"])


# --- placing -----------------------------------------------------------------------------------------------------


async def test_a_bet_is_the_same_placed_read_and_listed(scene: Scene, demo: Client) -> None:  # BR-05
    answer = await demo.put(scene.slip(), REFERENCE)
    assert (answer.status, answer.json["state"]) == (201, "ACCEPTED")
    assert answer.json["placed"] == {"stake": "40.00", "price": "1.75"}
    assert await demo.get(f"{BETS}/{REFERENCE}") == answer.json
    assert await demo.get(BETS) == {"bets": [answer.json], "hasMore": False}
    (bet,) = scene.book.bets.values()
    assert (bet.reference, bet.stake, bet.price) == (REFERENCE, Decimal(40), Decimal("1.75"))
    assert answer.json["bookmakerBetIds"] == [bet.id]


async def test_concurrent_calls_with_one_reference_make_one_bet(scene: Scene, demo: Client) -> None:  # BR-06
    slip = scene.slip()
    answers = await asyncio.gather(*(demo.put(slip, REFERENCE) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
    assert len(scene.book.bets) == 1


async def test_the_same_reference_with_another_body_is_a_conflict(scene: Scene, demo: Client) -> None:  # BR-07
    first = await demo.put(scene.slip(), REFERENCE)
    again = await demo.put(scene.slip(stake="41.00"), REFERENCE)
    assert (again.status, again.json["code"], again.json["bet"]) == (409, "reference_conflict", first.json)
    assert [bet.stake for bet in scene.book.bets.values()] == [Decimal(40)]


async def test_a_bet_that_is_too_late_is_never_sent(scene: Scene, demo: Client) -> None:  # BR-08
    answer = await demo.put(scene.slip(notAfter="2026-11-21T11:59:59.999Z"))
    assert (rejection(answer), answer.json["sentAt"]) == ("expired", None)
    assert scene.book.bets == {}


async def test_a_bet_that_was_held_too_long_is_never_sent(scene: Scene, demo: Client) -> None:
    scene.bridge.patch({"holdMs": 11_000})
    assert (await demo.put(scene.slip(), REFERENCE)).json["state"] == "PENDING"
    await scene.step(12)
    assert (await demo.get(f"{BETS}/{REFERENCE}"))["rejection"]["code"] == "expired"
    assert scene.book.bets == {}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"stake": "500.01"}, "stake_too_high"),  # BR-13
        ({"stake": "4.99"}, "stake_too_low"),
        ({"limitPrice": "1.76"}, "price_changed"),  # BR-14
        ({"limitPrice": "1.74", "acceptBetter": False}, "price_changed"),
        ({"side": "lay"}, "unsupported"),
        ({"currency": "EUR"}, "currency_not_allowed"),
    ],
)
async def test_what_is_not_taken_says_why(scene: Scene, demo: Client, changes: dict[str, Any], code: str) -> None:
    assert rejection(await demo.put(scene.slip(**changes))) == code
    assert scene.book.bets == {}


async def test_a_changed_price_is_offered(scene: Scene, demo: Client) -> None:
    scene.offer(TENNIS, {121: "1.7"})
    answer = await demo.put(scene.slip(stake="600"))
    assert answer.json["rejection"]["offer"] == {"stake": "500", "price": "1.7"}


async def test_a_stake_is_cut_only_where_that_is_wanted(scene: Scene, demo: Client) -> None:  # BR-13
    answer = await demo.put(scene.slip(stake="600", fill="up_to"))
    assert (answer.json["requested"]["stake"], answer.json["placed"]["stake"]) == ("600", "500.00")


async def test_more_than_the_account_has_is_refused(scene: Scene, demo: Client) -> None:
    scene.offer(TENNIS, {121: "1.75"}, limit="20000")
    assert rejection(await demo.put(scene.slip(stake="10001"))) == "insufficient_funds"


@pytest.mark.parametrize(
    "changes",
    [
        {"fixtureId": "id1200231461061420"},
        {"outcomeId": 123},
        {"bookmakerMarketId": "1"},
        {"bookmakerOutcomeId": "1"},
        {"playerId": 7},
    ],
)
async def test_an_unknown_selection_is_not_offered(scene: Scene, demo: Client, changes: dict[str, Any]) -> None:
    answer = await demo.put(scene.slip(selection={**scene.selection(), **changes}))
    assert (rejection(answer), answer.json["sentAt"]) == ("not_offered", None)


async def test_feed_ids_alone_are_enough(scene: Scene, demo: Client) -> None:
    selection = {"fixtureId": TENNIS, "outcomeId": ALCARAZ, "playerId": 0}
    answer = await demo.put(scene.slip(selection=selection, limitPrice="2.2"))
    assert answer.json["state"] == "ACCEPTED"


async def test_a_shut_outcome_is_suspended_and_a_match_that_is_over_is_past_cutoff(scene: Scene, demo: Client) -> None:
    scene.offer(TENNIS, {121: None})
    assert rejection(await demo.put(scene.slip())) == "suspended"
    scene.settle(SettlementStatus.WON)
    assert rejection(await demo.put(scene.slip())) == "past_cutoff"


@pytest.mark.parametrize(
    "changes",
    [{"surprise": 1}, {"stake": 40}, {"stake": "-1"}, {"limitPrice": "1"}, {"notAfter": "soon"}, {"side": "both"}],
)
async def test_a_malformed_bet_is_422_and_nothing(scene: Scene, demo: Client, changes: dict[str, Any]) -> None:  # BR-20
    answer = await demo.put(scene.slip(**changes), REFERENCE)
    assert (answer.status, answer.json["code"], answer.json["outcome"]) == (422, "malformed", "not_placed")
    assert (await demo.call("GET", f"{BETS}/{REFERENCE}")).status == 404


async def test_a_reference_has_to_be_a_uuid(scene: Scene, demo: Client) -> None:
    assert (await demo.put(scene.slip(), "42")).status == 422


async def test_a_scripted_refusal_has_the_scripted_code(scene: Scene, demo: Client) -> None:
    scene.behave(rejectRate=1, rejectReason="account_restricted")
    answer = await demo.put(scene.slip())
    assert (rejection(answer), answer.json["rejection"]["retry"]) == ("account_restricted", "never")
    scene.behave(rejectRate=1, rejectReason="in words")
    assert rejection(await demo.put(scene.slip())) == "suspended"


async def test_above_the_declared_pace_bets_are_put_off_and_none_is_lost(scene: Scene, demo: Client) -> None:  # BR-19
    scene.bridge.patch({"betsPerMinute": 2})
    answers = [await demo.put(scene.slip()) for _ in range(3)]
    assert [answer.status for answer in answers] == [201, 201, 429]
    late = answers[-1].json
    assert (late["code"], late["outcome"], late["retryAfterSeconds"]) == ("rate_limited", "not_placed", 60)
    await scene.step(60)
    assert (await demo.put(scene.slip())).status == 201


# --- fences ------------------------------------------------------------------------------------------------------


async def test_a_fenced_reference_is_refused_for_good(scene: Scene, demo: Client) -> None:  # BR-09
    assert await demo.fence(REFERENCE) == {"outcome": "not_placed"}
    late = await demo.put(scene.slip(), REFERENCE)
    assert (late.status, late.json["code"], late.json["outcome"]) == (410, "fenced", "not_placed")
    assert scene.book.bets == {}


async def test_a_fence_withdraws_what_was_not_sent(scene: Scene, demo: Client) -> None:  # BR-10
    scene.bridge.patch({"holdMs": 1_000})
    await demo.put(scene.slip(), REFERENCE)
    fenced = await demo.fence(REFERENCE)
    assert (fenced["outcome"], fenced["bet"]["state"], fenced["bet"]["sentAt"]) == ("withdrawn", "REJECTED", None)
    await scene.step(2)
    assert scene.book.bets == {}
    assert (await demo.put(scene.slip(), REFERENCE)).status == 410


async def test_a_fence_shows_what_was_sent(scene: Scene, demo: Client) -> None:  # BR-10, BR-11
    scene.behave(acceptDelayMs=5_000)
    await demo.put(scene.slip(), REFERENCE)
    fenced = await demo.fence(REFERENCE)
    assert (fenced["outcome"], fenced["bet"]["state"]) == ("exists", "PENDING")
    await scene.step(6)
    assert (await demo.get(f"{BETS}/{REFERENCE}"))["state"] == "ACCEPTED"


# --- what becomes of it ------------------------------------------------------------------------------------------


async def test_a_bet_that_waits_can_be_declined(scene: Scene, demo: Client) -> None:
    scene.behave(acceptDelayMs=5_000)
    pending = (await demo.put(scene.slip(), REFERENCE)).json
    scene.offer(TENNIS, {121: "1.5"})
    await scene.step(6)
    declined = await demo.get(f"{BETS}/{REFERENCE}")
    assert (pending["state"], declined["state"]) == ("PENDING", "REJECTED")
    assert declined["rejection"]["code"] == "price_changed"
    assert scene.book.balances[scene.client().keys["username"]] == 10_000


@pytest.mark.parametrize(
    ("result", "state", "status", "returned"),
    [
        (SettlementStatus.WON, "ACCEPTED", "WON", "70.00"),
        (SettlementStatus.LOST, "ACCEPTED", "LOST", "0.00"),
        (SettlementStatus.HALF_WON, "ACCEPTED", "HALF_WON", "55.00"),
        (SettlementStatus.HALF_LOST, "ACCEPTED", "HALF_LOST", "20.00"),
        (SettlementStatus.VOID, "VOID", "VOID", "40.00"),
    ],
)
async def test_settlement_of_every_kind(  # BR-15
    scene: Scene, demo: Client, result: SettlementStatus, state: str, status: str, returned: str
) -> None:
    await demo.put(scene.slip(), REFERENCE)
    scene.settle(result)
    bet = await demo.get(f"{BETS}/{REFERENCE}")
    told = bet["settlement"]
    assert (bet["state"], told["status"], told["returned"], told["number"]) == (state, status, returned, 1)


async def test_a_line_that_was_hit_is_a_push_and_no_void_bet(scene: Scene, demo: Client) -> None:  # BR-15
    scene.offer(SOCCER, {OVER_3: "1.75"})
    selection = scene.selection(SOCCER, OVER_3)
    await demo.put(scene.slip(selection=selection), REFERENCE)
    scene.settle(SettlementStatus.VOID, SOCCER, OVER_3)
    bet = await demo.get(f"{BETS}/{REFERENCE}")
    assert (bet["state"], bet["settlement"]["status"], bet["settlement"]["returned"]) == ("ACCEPTED", "PUSH", "40.00")


async def test_a_correction_has_the_next_number_and_a_new_revision(scene: Scene, demo: Client) -> None:  # BR-16
    await demo.put(scene.slip(), REFERENCE)
    scene.settle(SettlementStatus.WON)
    first = await demo.get(f"{BETS}/{REFERENCE}")
    scene.settle(SettlementStatus.LOST)
    second = await demo.get(f"{BETS}/{REFERENCE}")
    assert (second["settlement"]["status"], second["settlement"]["number"]) == ("LOST", 2)
    assert second["revision"] > first["revision"]


# --- changes -----------------------------------------------------------------------------------------------------


async def test_changes_are_paged_in_the_order_of_the_last_change(scene: Scene, demo: Client) -> None:
    references = [str(uuid.uuid4()) for _ in range(3)]
    for reference in references:
        await demo.put(scene.slip(), reference)
    page = await demo.get(f"{BETS}?limit=2")
    assert ([bet["reference"] for bet in page["bets"]], page["hasMore"]) == (references[:2], True)
    rest = await demo.get(f"{BETS}?after={page['bets'][-1]['revision']}")
    assert ([bet["reference"] for bet in rest["bets"]], rest["hasMore"]) == (references[2:], False)


async def test_waiting_ends_with_a_change(scene: Scene, demo: Client, eventually) -> None:  # BR-17
    waiting = spawn(demo.get(f"{BETS}?wait=20"), "waits for a change")
    await eventually(lambda: scene.world.clock.next_wake_ns() is not None)
    await demo.put(scene.slip(), REFERENCE)
    assert [bet["reference"] for bet in (await waiting)["bets"]] == [REFERENCE]


async def test_waiting_ends_at_its_limit_without_a_change(scene: Scene, demo: Client, eventually) -> None:  # BR-17
    waiting = spawn(demo.get(f"{BETS}?wait=20"), "waits for a change")
    await eventually(lambda: scene.world.clock.next_wake_ns() is not None)
    await scene.step(21)
    assert await waiting == {"bets": [], "hasMore": False}


async def test_a_world_that_was_emptied_knows_no_bet_and_repeats_no_revision(scene: Scene, demo: Client) -> None:
    before = (await demo.put(scene.slip(), REFERENCE)).json["revision"]
    slip = scene.slip()
    scene.world.reset()
    assert await demo.get(BETS) == {"bets": [], "hasMore": False}
    assert (await demo.put(slip, REFERENCE)).json["revision"] > before


async def test_a_bet_that_is_sold_back_is_a_cash_out_whatever_comes_after(scene: Scene, demo: Client) -> None:
    await demo.put(scene.slip(), REFERENCE)
    (bet,) = scene.book.bets.values()
    scene.book.cash_out(bet, Decimal("31.509"))
    scene.settle(SettlementStatus.WON)
    told = await demo.get(f"{BETS}/{REFERENCE}")
    assert (told["state"], told["settlement"]["status"], told["settlement"]["returned"]) == (
        "ACCEPTED",
        "CASHOUT",
        "31.50",
    )
    with pytest.raises(Rejection):
        scene.book.cash_out(bet, Decimal(40))


async def test_a_bet_that_is_called_off_is_cancelled_with_its_stake(scene: Scene, demo: Client) -> None:
    before = scene.book.balances[DEMO]
    await demo.put(scene.slip(), REFERENCE)
    (bet,) = scene.book.bets.values()
    scene.book.call_off(bet)
    scene.settle(SettlementStatus.WON)
    told = await demo.get(f"{BETS}/{REFERENCE}")
    assert (told["state"], told["settlement"]["status"], told["settlement"]["returned"]) == (
        "CANCELLED",
        "VOID",
        "40.00",
    )
    assert scene.book.balances[DEMO] == before


async def test_a_bridge_without_statements_tells_no_result(scene: Scene, demo: Client) -> None:
    scene.bridge.patch({"statement": False})
    await demo.put(scene.slip(), REFERENCE)
    scene.settle(SettlementStatus.VOID)
    told = await demo.get(f"{BETS}/{REFERENCE}")
    assert (told["state"], told["settlement"]) == ("ACCEPTED", {"status": "UNSETTLED"})
    assert "statement_settlement" not in (await demo.get("/info"))["capabilities"]
