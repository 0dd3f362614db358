"""Orders over HTTP: lists, one by one, explanations, cancelling."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.mm.commands import CancelOutcome

from .apikit import FIXTURE, NOW, Api


async def ids(api: Api, **query: Any) -> list[int]:
    return [order["orderId"] for order in (await api.get("/orders", **query))["data"]]


async def test_order_carries_the_published_fields(api: Api) -> None:
    await api.add_order(
        123,
        matched_size=Decimal(40),
        matched_stake=Decimal("18.000"),
        matched_price=Decimal("0.45"),
        bookmaker_outcome_price=Decimal("1.808"),
        bookmaker_outcome_limit=Decimal(5000),
        matched_at=NOW + timedelta(seconds=5),
    )
    order = await api.get("/orders/123")
    expected = {
        "orderId": 123,
        "fixtureId": "id1000000861624412",
        "outcomeId": 161,
        "exchange": "polymarket",
        "exchangeOrderId": "0x123",
        "exchangeOutcomeId": "12345678",
        "orderStatus": "PLACED",
        "matchedStatus": "PARTIALLY_MATCHED",
        "orderCents": Decimal("0.45"),
        "orderStake": 45,
        "orderShares": 100,
        "matchedStake": Decimal("18.000"),
        "settlementStatus": "UNDECIDED",
        "bookmakerOutcomePrice": Decimal("1.808"),
        "bookmakerOutcomeLimit": 5000,
        "createdAt": "2026-02-15T10:30:00Z",
        "matchedAt": "2026-02-15T10:30:05Z",
    }
    assert {name: order[name] for name in expected} == expected


async def test_money_leaves_with_its_own_digits(api: Api) -> None:
    await api.add_order(1, stake=Decimal("0.10"), price=Decimal("0.000001"))
    body = (await api.http.get("/api/v1/orders/1")).text
    assert '"orderStake":0.10,' in body
    assert '"orderCents":0.000001,' in body


async def test_orders_come_newest_first_in_pages(api: Api) -> None:
    for number in range(1, 6):
        await api.add_order(number, created_at=NOW + timedelta(seconds=number))
    page = await api.get("/orders", page=2, pageSize=2)
    assert [order["orderId"] for order in page["data"]] == [3, 2]
    assert (page["total"], page["page"], page["pageSize"], page["totalPages"]) == (5, 2, 2, 3)
    assert await ids(api, page=9, page_size=2) == []


async def test_orders_are_filtered_by_status_fixture_and_exchange(api: Api) -> None:
    await api.add_order(1, status="FILLED", matched_size=Decimal(100))
    await api.add_order(2, status="CANCELLED", exchange="kalshi")
    await api.add_order(3, fixture_id="id1000000861624413")
    assert await ids(api, status="filled, CANCELLED") == [2, 1]
    assert await ids(api, exchange="kalshi") == [2]
    assert await ids(api, fixture_id="id1000000861624413") == [3]


async def test_days_are_inclusive_and_utc(api: Api) -> None:
    await api.add_order(1, created_at=NOW.replace(hour=0, minute=0))
    await api.add_order(2, created_at=NOW.replace(hour=23, minute=59, second=59))
    await api.add_order(3, created_at=NOW.replace(day=16, hour=0, minute=0))
    assert await ids(api, fromDate="2026-02-15", toDate="2026-02-15") == [2, 1]
    assert await ids(api, to_date="9999-12-31", from_date="2026-02-16") == [3]


@pytest.mark.parametrize(
    "query",
    [
        {"status": "PARTIAL"},
        {"page": 0},
        {"page": 10**12},
        {"pageSize": 2001},
        {"fromDate": "15.02.2026"},
        {"exchange": "a\x00b"},
        {"fixtureId": "x" * 201},
    ],
)
async def test_what_cannot_be_asked_is_422(api: Api, query: dict[str, Any]) -> None:
    assert await api.status("GET", "/orders", params=query) == 422


@pytest.mark.parametrize("path", ["/orders/99999999999999999999", "/orders/-1", "/orders/abc"])
async def test_number_that_no_order_can_have_is_422(api: Api, path: str) -> None:
    assert await api.status("GET", path) == 422


async def test_another_clients_order_is_not_there(api: Api) -> None:
    await api.add_order(1, client="rival")
    assert await ids(api) == []
    for method, path in (("GET", "/orders/1"), ("GET", "/orders/1/explain"), ("POST", "/orders/1/cancel")):
        assert await api.status(method, path) == 404


async def test_open_orders_are_those_that_rest_or_are_on_their_way(api: Api) -> None:
    for number, status in enumerate(("PLACED", "PENDING_PLACEMENT", "FILLED", "CANCELLED", "FAILED", "EXPIRED")):
        await api.add_order(number, status=status)
    found = await api.get("/orders/open")
    assert ([order["orderId"] for order in found["orders"]], found["count"]) == ([1, 0], 2)


async def test_summary_adds_up(api: Api) -> None:
    await api.add_order(1, status="FILLED", matched_size=Decimal(100), matched_stake=Decimal(45))
    await api.add_order(2, matched_size=Decimal(10), matched_stake=Decimal("4.5"), exchange="kalshi")
    await api.add_order(3, status="CANCELLED", fixture_id="id1000000861624413")
    assert await api.get("/orders/summary") == {
        "totalOrders": 3,
        "fixtureCount": 2,
        "exchangeCount": 2,
        "totalStake": 135,
        "totalMatched": Decimal("49.5"),
        "totalOpen": Decimal("40.5"),
        "filledCount": 1,
        "cancelledCount": 1,
        "openCount": 1,
    }


async def test_summary_of_nothing_is_zero(api: Api) -> None:
    assert set((await api.get("/orders/summary")).values()) == {0}


async def test_explanation_tells_every_price_newest_first(api: Api) -> None:
    await api.add_order(1)
    for price in ("0.44", "0.45"):
        await api.insert(
            "mm_quotes",
            order_id=1,
            at=NOW,
            action="place",
            side="buy",
            price=Decimal(price),
            size=Decimal(100),
            break_even=Decimal("0.46"),
            edge=Decimal("0.01"),
            why={"legs": [{"odds": Decimal("1.85")}]},
        )
    found = await api.get("/orders/1/explain")
    assert (found["orderId"], [row["price"] for row in found["data"]]) == (1, [Decimal("0.45"), Decimal("0.44")])
    assert found["data"][0]["why"] == {"legs": [{"odds": Decimal("1.85")}]}


async def test_explanation_tells_how_each_side_settled_the_order(api: Api) -> None:
    matched = {"status": "FILLED", "matched_size": Decimal(100), "matched_stake": Decimal(45)}
    settled = {"settlement_status": "WON", "feed_settlement": "WON", "payout": Decimal(100), "pnl": Decimal(55)}
    await api.add_order(1, **matched, **settled)
    bet_id = await api.add_bet(1, settlement="VOID", payout=Decimal(100), usd_rate=Decimal("0.8"), currency="EUR")
    await api.add_bet(2, order_id=2)
    swept = await api.add_bet(3, order_id=None)
    words = {"polymarket": {"161": "WON"}, "pinnacle": {"162": "VOID"}}
    place = {"client": "demo", "fixture_id": FIXTURE, "market_id": 101, "player_id": 0}
    found = {"words": words, "pairs": ["pinnacle/polymarket"], "found_at": NOW, "changed_at": NOW}
    await api.insert("mm_disputes", **place, **found)
    told = (await api.get("/orders/1/explain"))["settlement"]
    assert (told["settlementStatus"], told["feedSettlementStatus"], told["pnl"]) == ("WON", "WON", 55)
    assert [(hedge["betId"], hedge["settlementStatus"], hedge["pnlUsd"]) for hedge in told["hedges"]] == [
        (bet_id, "VOID", 0),
        (swept, None, None),
    ]
    assert (told["words"], told["disputed"]) == (words, ["pinnacle/polymarket"])


async def test_cancel_reaches_the_open_order(api: Api) -> None:
    await api.add_order(1)
    api.market_making.outcome = CancelOutcome((1,))
    answer = await api.post("/orders/1/cancel")
    assert (answer["status"], answer["cancelledOrderIds"]) == ("cancelled", [1])
    assert api.market_making.asked == [("demo", 1, None, None)]


async def test_order_that_is_not_open_cannot_be_cancelled(api: Api) -> None:
    await api.add_order(1, status="FILLED")
    await api.add_order(2)  # open as far as the row knows, and gone from the exchange
    assert await api.status("POST", "/orders/1/cancel") == 409
    assert await api.status("POST", "/orders/2/cancel") == 409


async def test_cancel_all_passes_its_filters_on(api: Api) -> None:
    api.market_making.outcome = CancelOutcome((1, 2))
    answer = await api.post("/orders/cancel-all", exchange="kalshi", fixture_id="id1")
    assert answer["cancelledCount"] == 2
    assert api.market_making.asked == [("demo", None, "kalshi", "id1")]


async def test_cancel_that_worked_in_part_is_502_with_both_ids(api: Api) -> None:
    api.market_making.outcome = CancelOutcome((1,), {2: "busy"})
    answer = await api.http.post("/api/v1/orders/cancel-all")
    assert (answer.status_code, answer.json()["failures"]) == (502, [{"orderId": 2, "reason": "busy"}])
    assert (answer.json()["cancelledOrderIds"], answer.json()["failedOrderIds"]) == ([1], [2])
