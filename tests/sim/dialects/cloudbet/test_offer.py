"""The feed's side: keys, events, sequences, one selection, paces."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.states import SettlementStatus
from hedgerow.sim.dialects.cloudbet.wire import PACES

from .conftest import ALCARAZ, SINNER, SOCCER, TENNIS, Scene


async def line(scene: Scene, url: str, event: str | None = None) -> Any:
    body = {"eventId": event or scene.event(), "marketUrl": url}
    return await scene.call("POST", "/pub/v2/odds/lines", body)


async def event(scene: Scene) -> Any:
    status, told = await scene.call("GET", f"/pub/v2/odds/events/{scene.event()}")
    assert status == 200
    return told


async def test_an_unknown_key_is_not_let_in(scene: Scene) -> None:
    status, _ = await scene.call("GET", "/pub/v1/account/currencies", key="throwaway")
    assert status == 401


async def test_the_account_has_its_currency_and_balance(scene: Scene) -> None:
    assert await scene.call("GET", "/pub/v1/account/currencies") == (200, {"currencies": ["USD"]})
    for currency, amount in (("USD", "10000"), ("BTC", "0")):
        assert await scene.call("GET", f"/pub/v1/account/currencies/{currency}/balance") == (200, {"amount": amount})


async def test_a_selection_has_its_limits_in_euros(scene: Scene) -> None:
    _, told = await line(scene, "soccer.total_goals/over?total=2.5", scene.event(SOCCER))
    assert told == {
        "outcome": "over",
        "params": "total=2.5",
        "marketUrl": "soccer.total_goals/over?total=2.5",
        "price": Decimal("1.9"),
        "minStake": Decimal("1.7"),
        "maxStake": Decimal(425),
        "probability": Decimal("0.526"),
        "status": "SELECTION_ENABLED",
        "side": "BACK",
    }


async def test_a_closed_selection_is_told_without_a_price(scene: Scene) -> None:
    scene.offer(TENNIS, {SINNER: None})
    status, told = await line(scene, "tennis.winner/home")
    assert (status, told["status"], told["price"], told["maxStake"]) == (200, "SELECTION_DISABLED", 0, 0)


@pytest.mark.parametrize("url", ["tennis.winner/draw", "tennis.winner/home?total=3", "soccer.match_odds/home", ""])
async def test_what_was_never_offered_is_not_there(scene: Scene, url: str) -> None:
    assert (await line(scene, url))[0] == 404


async def test_an_event_counts_the_changes_of_its_prices(scene: Scene) -> None:
    before = await event(scene)
    scene.offer(TENNIS, {ALCARAZ: "2.3"})
    after = await event(scene)
    assert int(after["sequence"]) == int(before["sequence"]) + 1
    (submarket,) = after["markets"]["tennis.winner"]["submarkets"].values()
    assert [selection["outcome"] for selection in submarket["selections"]] == ["home", "away"]
    _, listed = await scene.call("GET", "/pub/v2/odds/events?sport=tennis&live=false")
    assert listed["competitions"][0]["events"] == [after]


@pytest.mark.parametrize(
    ("results", "status"),
    [
        ({SINNER: SettlementStatus.WON, ALCARAZ: SettlementStatus.LOST}, "RESULTED"),
        ({SINNER: SettlementStatus.VOID, ALCARAZ: SettlementStatus.VOID}, "CANCELLED"),
    ],
)
async def test_an_event_ends_with_a_result_or_is_called_off(
    scene: Scene, results: dict[int, SettlementStatus], status: str
) -> None:
    assert (await event(scene))["status"] == "TRADING"
    scene.world.put_book(TENNIS, "cloudbet", suspended=True)
    assert (await event(scene))["status"] == "POST_TRADING"
    scene.world.settle(TENNIS, results)
    assert (await event(scene))["status"] == status


async def test_lines_are_asked_for_at_a_pace(scene: Scene) -> None:
    statuses = [(await line(scene, "tennis.winner/home"))[0] for _ in range(PACES["lines"].capacity + 1)]
    assert statuses == [200] * PACES["lines"].capacity + [429]
    scene.step(1)
    assert (await line(scene, "tennis.winner/home"))[0] == 200


async def test_the_sports_are_counted(scene: Scene) -> None:
    _, told = await scene.call("GET", "/pub/v2/odds/sports")
    counts = {sport["key"]: sport["eventCount"] for sport in told["sports"]}
    assert (counts["tennis"], counts["soccer"], counts["basketball"]) == (1, 1, 0)


@pytest.mark.parametrize(
    "switches", [{"pendingSeconds": -1}, {"accountShare": 0}, {"accountShare": 2}, {"isRestricted": 1}, {"other": 1}]
)
def test_a_wrong_switch_is_refused_and_changes_nothing(scene: Scene, switches: dict[str, Any]) -> None:
    before = repr(scene.cloudbet.terms)
    with pytest.raises(ValueError, match="switch"):
        scene.cloudbet.patch({"pendingSeconds": 3, **switches})
    assert repr(scene.cloudbet.terms) == before


def test_switches_are_kept_until_they_are_reset(scene: Scene) -> None:
    scene.cloudbet.patch({"pendingSeconds": 3})
    scene.cloudbet.patch({"accountShare": Decimal("0.5")})
    assert (scene.cloudbet.terms.pending_s, scene.cloudbet.terms.account_share) == (3.0, Decimal("0.5"))
    scene.cloudbet.patch({})
    assert (scene.cloudbet.terms.pending_s, scene.cloudbet.terms.account_share) == (0.0, 1)
