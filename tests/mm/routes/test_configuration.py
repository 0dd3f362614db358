"""Tournaments and market types over HTTP."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hedgerow.mm.commands import CancelOutcome, ConfigurationChange

from .apikit import FIXTURE, NOW, Api


async def add_tournament(api: Api, tournament_id: int = 17) -> None:
    await api.insert("tournaments", tournament_id=tournament_id, sport_id=10, name="Premier League", category="England")


async def add_market(api: Api, market_id: int = 101, market_type: str = "winner", **mapping: Any) -> None:
    await api.insert(
        "markets",
        market_id=market_id,
        sport_id=10,
        market_type=market_type,
        period="result",
        handicap=Decimal(0),
        name=market_type.title(),
        outcomes=[{"outcomeId": 161, "outcomeName": "1"}, {"outcomeId": 162, "outcomeName": "2"}],
    )
    row = {"venue": "kalshi", "market_ref": "E", "fixture_id": FIXTURE, "verdict": "PROVED", "evidence": {}} | mapping
    await api.insert("mm_mappings", instrument_ref=f"I{market_id}", market_id=market_id, updated_at=NOW, **row)


async def test_covered_tournament_is_activated_with_its_defaults(api: Api) -> None:
    await add_tournament(api)
    api.market_making.covered = {17}
    answer = await api.post("/tournaments/17/activate")
    assert answer["status"] == "activated"
    assert answer["tournament"]["limitRatio"] == Decimal("0.8")
    assert (answer["tournament"]["priceTicks"], answer["tournament"]["tournamentName"]) == (0, "Premier League")
    assert api.market_making.asked == ["demo"]


async def test_ratio_is_kept_digit_for_digit(api: Api) -> None:
    api.market_making.covered = {17}
    body = b'{"limitRatio": 0.12345678901234567890, "price_ticks": -2}'
    answer = await api.http.post(
        "/api/v1/tournaments/17/activate", content=body, headers={"Content-Type": "application/json"}
    )
    assert '"limitRatio":0.12345678901234567890,"priceTicks":-2' in answer.text


async def test_tournament_that_the_bookmaker_does_not_cover_is_409_and_an_unknown_one_404(api: Api) -> None:
    await add_tournament(api)
    assert await api.status("POST", "/tournaments/17/activate") == 409
    assert await api.status("POST", "/tournaments/18/activate") == 404
    assert (await api.get("/tournaments"))["count"] == 0


async def test_deactivation_keeps_the_settings_and_tells_what_was_cancelled(api: Api) -> None:
    api.market_making.covered = {17}
    await api.post("/tournaments/17/activate", {"limitRatio": 0.5})
    api.market_making.change = ConfigurationChange({"kalshi": 3})
    answer = await api.post("/tournaments/17/deactivate")
    assert (answer["status"], answer["cancelledOrders"]) == ("deactivated", {"kalshi": 3})
    assert (answer["tournament"]["active"], answer["tournament"]["limitRatio"]) == (False, Decimal("0.5"))


async def test_switching_off_that_leaves_an_order_resting_is_502_with_both_ids(api: Api) -> None:
    api.market_making.covered = {17}
    await api.post("/tournaments/17/activate")
    api.market_making.change = ConfigurationChange({"kalshi": 1}, CancelOutcome((1,), {2: "busy"}))
    answers = [
        await api.http.post("/api/v1/tournaments/17/deactivate"),
        await api.http.patch(
            "/api/v1/client/market-allowlist",
            json={"sportId": 10, "updates": [{"marketType": "totals", "enabled": False}]},
        ),
    ]
    for answer in answers:
        told = answer.json()
        assert (answer.status_code, told["cancelledOrderIds"], told["failedOrderIds"]) == (502, [1], [2])
    assert not (await api.get("/tournaments"))["tournaments"][0]["active"]
    assert await api.switches.denied_markets("demo") == {(10, "totals", False)}


async def test_every_switched_market_type_is_in_the_audit_trail(api: Api) -> None:
    off = [{"marketType": name, "enabled": False} for name in ("winner", "totals")]
    await api.patch("/client/market-allowlist", {"sportId": 10, "updates": off})
    await api.post("/client/market-allowlist/activate-all", {"sportId": 10})
    rows = await api.database.fetch("select id, data from audit where action = 'switch market types' order by audit_id")
    assert [tuple(row) for row in rows] == [
        ("demo", {"sportId": 10, "off": [["winner", False], ["totals", False]], "on": []}),
        ("demo", {"sportId": 10, "on": [["totals", False], ["winner", False]]}),
    ]


async def test_every_change_of_a_tournament_is_in_the_audit_trail_with_the_key_that_made_it(api: Api) -> None:
    api.market_making.covered = {17}
    await api.post("/tournaments/17/activate", {"limitRatio": 0.5, "priceTicks": 1})
    await api.patch("/tournaments/17", {"priceTicks": 2})
    await api.post("/tournaments/17/deactivate")
    rows = await api.database.fetch("select actor, subject, id, action, data from audit order by audit_id")
    assert {(row["subject"], row["id"]) for row in rows} == {("client", "demo")}
    assert {row["actor"].partition(":")[0] for row in rows} == {"api"}
    changes = [(row["action"], row["data"]["limitRatio"], row["data"]["priceTicks"]) for row in rows]
    assert changes == [
        ("activate tournament", Decimal("0.5"), 1),
        ("change tournament", None, 2),
        ("deactivate tournament", None, None),
    ]


async def test_update_changes_what_is_given_only(api: Api) -> None:
    api.market_making.covered = {17}
    await api.post("/tournaments/17/activate", {"limitRatio": 0.5, "priceTicks": 1})
    answer = await api.patch("/tournaments/17", {"priceTicks": 2, "limitRatio": None})
    assert (answer["status"], answer["tournament"]["limitRatio"]) == ("updated", Decimal("0.5"))
    assert answer["tournament"]["priceTicks"] == 2


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/tournaments/17", {}, 400),
        ("/tournaments/18", {"priceTicks": 1}, 404),
        ("/tournaments/17", {"limitRatio": 1.01}, 422),
        ("/tournaments/17", {"priceTicks": 1.5}, 422),
        ("/tournaments/99999999999", {"priceTicks": 1}, 422),
    ],
)
async def test_wrong_updates_are_refused(api: Api, path: str, body: Any, status: int) -> None:
    api.market_making.covered = {17}
    await api.post("/tournaments/17/activate")
    assert await api.status("PATCH", path, json=body) == status


async def test_tournaments_are_the_clients_own_and_filtered(api: Api) -> None:
    await add_tournament(api)
    api.market_making.covered = {17, 18}
    await api.post("/tournaments/17/activate")
    await api.post("/tournaments/18/activate")
    await api.post("/tournaments/18/deactivate")
    await api.database.execute("insert into mm_tournaments values ('rival', 19, true, 1, 0, now())")

    async def found(**query: Any) -> list[int]:
        return [item["tournamentId"] for item in (await api.get("/tournaments", **query))["tournaments"]]

    assert await found() == [17, 18]
    assert await found(active=True) == [17]
    assert await found(sport_id=10) == [17]


async def test_market_types_are_on_until_they_are_turned_off(api: Api) -> None:
    await add_market(api)
    await add_market(api, 102, "totals")
    await add_market(api, 103, "spreads", verdict="NO_MATCH")
    api.market_making.change = ConfigurationChange({"kalshi": 2})
    updates = [{"marketType": "totals", "enabled": False}, {"marketType": "cards", "enabled": False}]
    answer = await api.patch("/client/market-allowlist", {"sportId": 10, "updates": updates})
    assert answer == {"sportId": 10, "applied": 2, "cancelledOrders": {"kalshi": 2}}
    told = await api.get("/sports/10/market-types")
    assert (told["sportId"], told["bookmaker"]) == (10, "pinnacle")
    assert told["marketTypes"] == [
        {"marketType": "cards", "playerProp": False, "marketName": "cards", "enabled": False},
        {"marketType": "totals", "playerProp": False, "marketName": "Totals", "enabled": False},
        {"marketType": "winner", "playerProp": False, "marketName": "Winner", "enabled": True},
    ]


async def test_market_type_is_turned_on_again_alone_or_with_all(api: Api) -> None:
    off = [{"marketType": name, "enabled": False} for name in ("winner", "totals", "cards")]
    await api.patch("/client/market-allowlist", {"sportId": 10, "updates": off})
    on = [{"marketType": "winner", "enabled": True}]
    await api.patch("/client/market-allowlist", {"sportId": 10, "updates": on})
    assert await api.switches.denied_markets("demo") == {(10, "totals", False), (10, "cards", False)}
    answer = await api.post("/client/market-allowlist/activate-all", {"sportId": 10})
    assert answer == {"sportId": 10, "deleted": 2}
    assert await api.switches.denied_markets("demo") == set()


async def test_market_types_of_an_unknown_sport_are_404(api: Api) -> None:
    assert await api.status("GET", "/sports/999/market-types") == 404


async def test_markets_are_those_with_a_contract_on_a_fixture_that_is_not_over(api: Api) -> None:
    await api.add_fixture()
    await api.add_fixture("over", status_id=2, is_live=False)
    await add_market(api)
    await add_market(api, 102, fixture_id="over")
    await add_market(api, 103, decision="REJECTED")
    await api.add_order(1, player_id=847392)
    found = await api.get("/markets", sportId=10)
    market = {"marketId": 101, "outcomeIds": [161, 162], "playerIds": [847392], "bookmakers": ["pinnacle"]}
    assert found == {"markets": [market], "count": 1}
    player = {"playerId": 847392, "marketIds": [101], "outcomeIds": [161], "bookmakers": ["pinnacle"]}
    assert await api.get("/players", sport_id=10) == {"players": [player], "count": 1}


async def test_markets_need_a_sport(api: Api) -> None:
    assert await api.status("GET", "/markets") == 422
    assert await api.status("GET", "/players") == 422
