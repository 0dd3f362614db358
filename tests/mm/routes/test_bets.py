"""Hedge bets over HTTP."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from .apikit import NOW, Api


async def test_bet_carries_the_published_fields(api: Api) -> None:
    number = await api.add_bet(
        1, bookmaker_bet_id="789", placed_at=NOW, sent_data={"price": Decimal("1.808")}, received_data={"status": "U"}
    )
    bet = await api.get(f"/bets/{number}")
    expected = {
        "betId": number,
        "orderId": 1,
        "client": "demo",
        "bookmaker": "pinnacle",
        "bookmakerBetId": "789",
        "placedPrice": Decimal("1.808"),
        "placedStake": 100,
        "betStatus": "placed",
        "settlementStatus": None,
        "sentData": {"price": Decimal("1.808")},
        "receivedData": {"status": "U"},
        "placedAt": "2026-02-15T10:30:00Z",
    }
    assert {name: bet[name] for name in expected} == expected


async def test_what_was_sent_shows_no_secret(api: Api) -> None:
    number = await api.add_bet(1, sent_data={"password": "hunter2"}, received_data={"token": "hunter2"})
    assert "hunter2" not in (await api.http.get(f"/api/v1/bets/{number}")).text


@pytest.mark.parametrize(
    ("status", "count"), [("placed", 2), ("pending", 2), ("declined", 3), ("placed,pending", 4), ("", 7)]
)
async def test_published_statuses_cover_ours(api: Api, status: str, count: int) -> None:
    for number, ours in enumerate(("CONFIRMED", "VOID", "PENDING", "PLACED", "REJECTED", "FAILED", "CANCELLED")):
        await api.add_bet(number, status=ours)
    assert (await api.get("/bets", status=status))["total"] == count


@pytest.mark.parametrize("query", [{"status": "matched"}, {"orderId": 2**63}, {"pageSize": 0}])
async def test_what_cannot_be_asked_is_422(api: Api, query: dict[str, Any]) -> None:
    assert await api.status("GET", "/bets", params=query) == 422


async def test_bets_are_filtered_by_order_and_bookmaker(api: Api) -> None:
    first = await api.add_bet(1)
    second = await api.add_bet(2, order_id=2, bookmaker="vertex")
    assert [bet["betId"] for bet in (await api.get("/bets", order_id=1))["data"]] == [first]
    assert [bet["betId"] for bet in (await api.get("/bets", bookmaker="vertex"))["data"]] == [second]


async def test_bets_of_others_and_of_other_services_are_not_there(api: Api) -> None:
    theirs = await api.add_bet(1, client="rival", account_id=api.rivals_id)
    other_service = await api.add_bet(2, origin="abp")
    assert (await api.get("/bets"))["total"] == 0
    assert (await api.get("/bets/summary"))["totalBets"] == 0
    for number in (theirs, other_service):
        assert await api.status("GET", f"/bets/{number}") == 404


async def test_summary_is_in_usd_and_weighted(api: Api) -> None:
    await api.add_bet(1, placed_odds=Decimal(2), settlement="WON", payout=Decimal(200))
    await api.add_bet(2, placed_odds=Decimal(3), currency="EUR", usd_rate=Decimal("0.5"), placed_stake=Decimal(150))
    await api.add_bet(3, status="REJECTED", order_id=2, placed_odds=None, placed_stake=None)
    assert await api.get("/bets/summary") == {
        "totalBets": 3,
        "orderCount": 2,
        "bookmakerCount": 1,
        "totalStake": 400,
        "avgPrice": Decimal("2.75"),
        "placedCount": 2,
        "pendingCount": 0,
        "declinedCount": 1,
        "wonCount": 1,
        "lostCount": 0,
    }


async def test_average_of_no_bets_is_null(api: Api) -> None:
    assert (await api.get("/bets/summary"))["avgPrice"] is None
