"""A partner's bets: its key, the bettor, and answers that have the whole bet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.sim.dialects.pinnacle import Terms
from hedgerow.sim.dialects.pinnacle.partner import PinnaclePartner, whole
from hedgerow.sim.faults import Behaviour

from .harness import ALCARAZ, SINNER, TENNIS, Client, Scene, tennis

PARTNER_DEMO = "demo_pinnacleb2b"
PLACE = "/b2b/v2/bets/straight"


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene(Terms(odds_interval_s=0.0), PinnaclePartner)
    made.world.put_fixture(tennis())
    made.put_odds(TENNIS, {SINNER: "1.75", ALCARAZ: "2.2"})
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def partner(scene: Scene) -> Client:
    return scene.client(PARTNER_DEMO)


def bet(scene: Scene, **changes: Any) -> dict[str, Any]:
    return scene.slip(**{"externalRef": "ours", "sourceId": "bettor-1", "ext": {"appId": "Api"}, **changes})


async def place(partner: Client, *bets: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await partner.call("POST", PLACE, {"bets": list(bets)})
    assert answer.status == 200, answer.json
    return list(answer.json["bets"])


async def error_of(partner: Client, told: dict[str, Any]) -> str:
    (answer,) = await place(partner, told)
    assert answer.keys() == {"status", "errorCode"}
    return str(answer["errorCode"])


async def test_an_answer_has_the_whole_bet(scene: Scene, partner: Client) -> None:
    (answer,) = await place(partner, bet(scene, stake=10.55))
    told = answer["straightBet"]
    assert answer.keys() == {"status", "betId", "straightBet"}
    assert (answer["status"], answer["betId"], told["betId"]) == ("ACCEPTED", 1, 1)
    assert (told["betStatus"], told["betStatus2"]) == ("ACCEPTED", "ACCEPTED")
    assert (told["risk"], told["price"], told["teamName"]) == (Decimal("10.55"), Decimal("1.75"), "Jannik Sinner")


async def test_one_bets_failure_does_not_fail_the_others(scene: Scene, partner: Client) -> None:
    told = await place(partner, bet(scene, stake=0.5), bet(scene))
    assert [answer["status"] for answer in told] == ["PROCESSED_WITH_ERROR", "ACCEPTED"]


async def test_a_placed_bet_is_in_the_clients_own_list(scene: Scene, partner: Client) -> None:
    told = bet(scene)
    await place(partner, told)
    row = await partner.bet(told["uniqueRequestId"])
    assert (row["betStatus"], "betStatus2" in row) == ("ACCEPTED", False)


@pytest.mark.parametrize("key", ["", "another"])
async def test_a_bet_needs_the_partners_key(scene: Scene, partner: Client, key: str) -> None:
    partner.headers["X-PARTNER-KEY"] = key
    answer = await partner.call("POST", PLACE, {"bets": [bet(scene)]})
    assert (answer.status, answer.json["code"]) == (401, "INVALID_PARTNER_KEY")
    assert not scene.book.bets


async def test_clients_do_not_place_bets_themselves(scene: Scene, partner: Client) -> None:
    assert (await partner.call("POST", "/v4/bets/straight", scene.slip())).status == 404


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sourceId": "x" * 101}, "SOURCEID_TOO_LONG"),
        ({"sourceId": None}, "INVALID_SOURCEID"),
        ({"lineId": 1}, "LINE_CHANGED"),
    ],
)
async def test_a_bet_that_cannot_be_taken_says_why(
    scene: Scene, partner: Client, changes: dict[str, Any], code: str
) -> None:
    assert await error_of(partner, bet(scene, **changes)) == code


async def test_a_request_id_counts_once(scene: Scene, partner: Client) -> None:
    told = bet(scene)
    await place(partner, told)
    assert await error_of(partner, told) == "DUPLICATE_UNIQUE_REQUEST_ID"


async def test_an_address_that_is_not_on_the_list_is_refused(scene: Scene, partner: Client) -> None:
    scene.pinnacle.patch({"knowsAddress": False})
    assert await error_of(partner, bet(scene)) == "PARTNER_SOURCE_IP_IS_INVALID"


async def test_a_busy_line_is_told_in_the_body(scene: Scene, partner: Client) -> None:
    scene.book.faults.set(Behaviour(rejectRate=1, rejectReason="RESUBMIT_REQUEST"))
    assert await error_of(partner, bet(scene)) == "RESUBMIT_REQUEST"


async def test_an_unexpected_error_is_the_whole_requests(scene: Scene, partner: Client) -> None:
    scene.book.faults.set(Behaviour(rejectRate=1, rejectReason="UNEXPECTED_ERROR"))
    answer = await partner.call("POST", PLACE, {"bets": [bet(scene)]})
    assert (answer.status, answer.json["code"]) == (500, "UNEXPECTED_ERROR")
    assert answer.json["ref"]


@pytest.mark.parametrize("body", [{}, {"bets": []}, {"bets": {}}, [], {"bets": [{"stake": 1}]}])
async def test_a_request_without_good_bets_is_malformed(partner: Client, body: Any) -> None:
    answer = await partner.call("POST", PLACE, body)
    assert (answer.status, answer.json["code"]) == (400, "INVALID_REQUEST_DATA")


@pytest.mark.parametrize(
    ("status", "coarse", "fine"),
    [
        ("WON", "WON", "WON"),
        ("LOST", "LOSE", "LOST"),
        ("HALF_WON_HALF_PUSHED", "WON", "HALF_WON_HALF_PUSHED"),
        ("HALF_LOST_HALF_PUSHED", "LOSE", "HALF_LOST_HALF_PUSHED"),
        ("PUSHED", "REFUNDED", "REFUNDED"),
        ("CANCELLED", "CANCELLED", "CANCELLED"),
    ],
)
def test_two_statuses_differ_for_half_results(status: str, coarse: str, fine: str) -> None:
    assert whole({"betId": 1, "betStatus": status}) == {"betId": 1, "betStatus": coarse, "betStatus2": fine}
