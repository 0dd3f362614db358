"""Placing and stopping orders, and betslips, over HTTP."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from hedgerow.abp.intake import OrderRequest
from hedgerow.abp.orders import PriceRule
from hedgerow.abp.repository import OrderFilter
from hedgerow.abp.service import Cancellation
from hedgerow.bus.nats import Bus

from .apikit import FIXTURE, RIVAL_KEY, Api, with_service

FIRST, SECOND = "eb45b192-317b-42d5-9f65-af497b9fa8c1", "fb5f2dd9-c855-4ba9-8ef9-4c2278ca2f1d"


def order(**changes: Any) -> dict[str, Any]:
    return {
        "requestUuid": FIRST,
        "fixtureId": FIXTURE,
        "outcomeId": 121,
        "playerId": 0,
        "orderPrice": 1.95,
        "orderStake": 10.0,
        "userRef": "bettor1234",
        "testOrder": False,
    } | changes


async def place(api: Api, *orders: dict[str, Any], status: int = 200) -> Any:
    return await api.post("/place-orders", {"orders": list(orders)}, status=status)


def requests(api: Api) -> list[OrderRequest]:
    return [asked for asked in api.placing.asked if isinstance(asked, OrderRequest)]


async def test_accepted_order_comes_back_as_a_read_shows_it(api: Api) -> None:
    answer = await place(api, order())
    assert (answer["status"], answer["declinedOrders"]) == ("accepted", [])
    (accepted,) = answer["acceptedOrders"]
    assert (await api.get("/orders", requestUuids=FIRST))["orders"] == [accepted]
    assert (accepted["orderStatus"], accepted["bets"], accepted["orderPrice"]) == ("PENDING", [], Decimal("1.95"))


async def test_what_is_asked_for_reaches_the_service_digit_for_digit(api: Api) -> None:
    body = """{"orders": [{"requestUuid": "EB45B192-317B-42D5-9F65-AF497B9FA8C1", "fixtureId": "f", "outcomeId": 121,
        "orderPrice": 1.9500000000000000001, "orderStake": 0.30, "userRef": "u", "testOrder": true, "playerId": 7,
        "bookmakers": " pinnacle, vertex,", "orderCurrency": "EUR", "back": false, "acceptBetterOdds": false,
        "expiresAt": "2026-02-07T22:26:05Z", "acceptPartialStake": false, "priceRule": "average",
        "meta": {"n": 0.1}}]}"""
    await api.ask("POST", "/place-orders", 200, content=body, headers={"Content-Type": "application/json"})
    (asked,) = requests(api)
    expected = OrderRequest(
        FIRST,
        "f",  # type: ignore[arg-type]
        121,  # type: ignore[arg-type]
        7,  # type: ignore[arg-type]
        Decimal("1.9500000000000000001"),
        Decimal("0.30"),
        "u",
        True,
        frozenset({"pinnacle", "vertex"}),
        "EUR",
        False,
        datetime(2026, 2, 7, 22, 26, 5, tzinfo=UTC),
        False,
        False,
        PriceRule.AVERAGE,
        {"n": Decimal("0.1")},
    )
    assert asked == expected


async def test_defaults_are_those_of_the_contract(api: Api) -> None:
    body = order(bookmakers="*")
    del body["playerId"]
    await place(api, body | {"meta": {"priceRule": "average"}})  # the client's own, whatever it says
    (asked,) = requests(api)
    told = (asked.player_id, asked.bookmakers, asked.currency, asked.is_back, asked.expires_at, asked.price_rule)
    assert told == (0, None, "USD", True, None, PriceRule.EACH)
    assert asked.accepts_better
    assert asked.accepts_partial


async def test_declined_order_says_why(api: Api) -> None:
    api.placing.reasons[SECOND] = "Order stake 100.00 USD exceeds available limit 50.00 USD"
    answer = await place(api, order(), order(requestUuid=SECOND))
    assert answer["status"] == "partial-success"
    (declined,) = answer["declinedOrders"]
    assert declined["requestUuid"] == SECOND
    assert declined["declineReason"] == "Order stake 100.00 USD exceeds available limit 50.00 USD"
    assert declined["bets"] == []
    answer = await place(api, order(requestUuid=SECOND))
    assert (answer["status"], answer["acceptedOrders"]) == ("declined", [])


async def test_request_of_duplicates_alone_is_a_conflict(api: Api) -> None:
    await place(api, order())
    ended = await api.desk.order(request_uuid=SECOND)
    await api.database.execute("update abp_orders set status = 'EXPIRED' where order_id = $1", ended.order_id)
    api.placing.reasons |= {FIRST: "Duplicate requestUuid", SECOND: "Duplicate requestUuid"}
    assert await place(api, order(), order(requestUuid=SECOND), status=409) == {
        "detail": "Duplicate request - requestUuid already in-flight",
        "duplicateUuids": [FIRST, SECOND],
        "inProgressUuids": [FIRST],
    }


async def test_duplicate_beside_a_new_order_is_declined(api: Api) -> None:
    api.placing.reasons[FIRST] = "Duplicate requestUuid"
    answer = await place(api, order(), order(requestUuid=SECOND))
    assert answer["status"] == "partial-success"
    assert [one["declineReason"] for one in answer["declinedOrders"]] == ["Duplicate requestUuid"]


@pytest.mark.parametrize(
    ("wrong", "loc", "kind"),
    [
        ({"fixtureId": None}, "fixtureId", "missing"),
        ({"futureId": "fut_1"}, "fixtureId", "value_error"),
        ({"orderStake": 0}, "orderStake", "greater_than"),
        ({"orderPrice": -1}, "orderPrice", "greater_than"),
        ({"requestUuid": "1"}, "requestUuid", "uuid_parsing"),
        ({"userRef": ""}, "userRef", "string_too_short"),
        ({"expiresAt": "2026-02-07T22:26:05"}, "expiresAt", "timezone_aware"),
        ({"testOrder": None}, "testOrder", "bool_type"),
        ({"priceRule": "both"}, "priceRule", "literal_error"),
    ],
)
async def test_shape_is_checked_first_and_the_fault_named(api: Api, wrong: Any, loc: str, kind: str) -> None:
    answer = await place(api, order(requestUuid=SECOND, futureId="fut_2", fixtureId=None), order(**wrong), status=422)
    found = [(fault["loc"], fault["type"]) for fault in answer["detail"]]
    assert found == [(["body", "orders", 1, loc], kind)]
    assert requests(api) == []


async def test_short_names_of_fields_are_not_taken(api: Api) -> None:
    body = order()
    short = {"stake": body.pop("orderStake"), "minPrice": body.pop("orderPrice")}
    answer = await place(api, body | short, status=422)
    assert [fault["loc"][-1] for fault in answer["detail"]] == ["orderPrice", "orderStake"]


@pytest.mark.parametrize("value", ['"a\\u0000b"', '[{"\\u0000": 1}]', "1e200000", "1e-200000"])
async def test_meta_that_cannot_be_stored_is_refused(api: Api, value: str) -> None:
    for method, path, body in (
        ("POST", "/place-orders", {"orders": [order(meta={"it": 0})]}),
        ("POST", "/accounts", {"bookmaker": "pinnacle", "username": "second", "meta": {"it": 0}}),
        ("PATCH", "/accounts/pinnacle/pinnacle_main", {"meta": {"it": 0}}),
    ):
        text = json.dumps(body).replace('"it": 0', f'"it": {value}')
        answer = await api.ask(method, path, 422, content=text, headers={"Content-Type": "application/json"})
        assert answer["detail"][0]["loc"][-1] == "meta"


async def test_one_to_a_hundred_orders_are_taken(api: Api) -> None:
    await place(api, status=422)
    await place(api, *[order(requestUuid=str(number)) for number in range(101)], status=422)


async def test_full_house_refuses_before_anything_is_read(api: Api) -> None:
    api.placing.is_full = True
    assert await place(api, order(), order(userRef=""), status=503) == {"detail": "full"}
    assert requests(api) == []


async def test_full_house_is_told_to_nobody_without_a_key(api: Api) -> None:
    api.placing.is_full = True
    api.http.headers.pop("X-API-Key")
    assert (await place(api, order(), status=401))["detail"]["code"] == "UNAUTHORIZED"


async def test_futures_are_not_implemented(api: Api) -> None:
    answer = await place(api, order(fixtureId=None, futureId="fut_1"), order(), status=501)
    assert answer == {"detail": "Futures order placement is not yet implemented"}
    assert requests(api) == []


async def test_key_that_may_use_some_bookmakers_says_so(api: Api) -> None:
    key = "7b6f1c9e-2f6d-4a55-9f0e-3a51e2c0d009"
    await api.accounts.create_key("acme", "abp", key=key, bookmakers=("cloudbet",))
    api.http.headers["X-API-Key"] = key
    await place(api, order())
    assert api.placing.asked[0] == ("acme", frozenset({"cloudbet"}))
    await api.get("/betslip", fixtureId=FIXTURE, outcomeId=121, playerId=0)
    assert api.placing.asked[-1] == ("acme", FIXTURE, 121, 0, frozenset({"cloudbet"}))
    path = f"/betslip?fixtureId={FIXTURE}&outcomeId=121&playerId=0&bookmakers=pinnacle"
    assert (await api.ask("GET", path, 403))["detail"] == "No accounts configured for bookmaker(s): pinnacle"


@pytest.mark.parametrize("bookmakers", [(), ("cloudbet",)])
async def test_betslip_of_a_bookmaker_that_nobody_knows_is_malformed(
    api: Api, nats: Bus, bookmakers: tuple[str, ...]
) -> None:
    key = "7b6f1c9e-2f6d-4a55-9f0e-3a51e2c0d009"
    await api.accounts.create_key("acme", "abp", key=key, bookmakers=bookmakers)
    transport = httpx.ASGITransport(with_service(api, nats))
    path = f"/betslip?fixtureId={FIXTURE}&outcomeId=121&playerId=0&bookmakers=pinnacle,nobody"
    async with httpx.AsyncClient(transport=transport, base_url="http://abp", headers={"X-API-Key": key}) as http:
        answer = await http.get(path)
    assert (answer.status_code, answer.json()) == (400, {"detail": "Invalid bookmaker slug: nobody"})


async def test_cancel_tells_what_stopped_and_what_did_not(api: Api) -> None:
    stopped, filled = await api.desk.order(), await api.desk.order(request_uuid=SECOND)
    reason = "order has confirmed bets; nothing more is bet"
    api.placing.cancellation = Cancellation((stopped,), ((filled, reason),))
    answer = await api.post("/cancel-orders", {"requestUuids": [FIRST], "userRef": "bettor1"})
    assert api.placing.asked == [("acme", OrderFilter(request_uuids=(FIRST,), user_ref="bettor1"))]
    assert (answer["status"], answer["cancelledCount"]) == ("partial-success", 1)
    assert [one["orderId"] for one in answer["cancelled"]] == [stopped.order_id]
    left = answer["notCancelled"]
    assert left["reason"] == "Order not cancellable"
    assert [(one["orderId"], one["reason"]) for one in left["orders"]] == [(filled.order_id, reason)]


async def test_cancel_without_a_filter_is_refused(api: Api) -> None:
    assert (await api.post("/cancel-orders", {}, status=400))["detail"].startswith("At least one filter")
    await api.post("/cancel-orders", {"orderIds": []}, status=400)
    assert api.placing.asked == []


async def test_cancel_of_unknown_orders_is_not_found(api: Api) -> None:
    await api.post("/cancel-orders", {"orderIds": [77]}, status=404)
    assert (await api.post("/cancel-orders", {"userRef": "nobody"}))["cancelledCount"] == 0


async def test_another_clients_order_is_not_cancelled(api: Api) -> None:
    ours = await api.desk.order()
    api.http.headers["X-API-Key"] = RIVAL_KEY
    answer = await api.post("/cancel-orders", {"orderIds": [ours.order_id]}, status=403)
    assert answer["detail"]["message"] == "Access denied to this order"
    assert api.placing.asked == []


async def test_cancel_all_takes_no_body(api: Api) -> None:
    stopped = await api.desk.order()
    api.placing.cancellation = Cancellation((replace(stopped, reason="cancelled by the client"),), ())
    answer = await api.post("/cancel-all-orders")
    assert api.placing.asked == [("acme", None)]
    assert (answer["status"], answer["cancelledCount"], answer["notCancelled"]["orders"]) == ("cancelled", 1, [])


async def test_betslip_asks_for_what_is_named(api: Api) -> None:
    slip = await api.get("/betslip", fixtureId=FIXTURE, outcomeId=121, playerId=0, bookmakers="pinnacle,cloudbet")
    assert api.placing.asked == [("acme", FIXTURE, 121, 0, frozenset({"pinnacle", "cloudbet"}))]
    assert slip["odds"]["pinnacle"][f"{FIXTURE}:pinnacle:121:0"] == {"price": Decimal("1.50")}


async def test_betslip_of_a_future_is_not_implemented(api: Api) -> None:
    answer = await api.ask("GET", "/betslip?futureId=fut_1&outcomeId=0&playerId=0", 501)
    assert answer == {"detail": "Futures betslip is not yet implemented"}


async def test_betslip_needs_its_fixture(api: Api) -> None:
    answer = await api.ask("GET", "/betslip?outcomeId=121&playerId=0", 422)
    assert [(fault["loc"], fault["type"]) for fault in answer["detail"]] == [(["query", "fixtureId"], "missing")]
