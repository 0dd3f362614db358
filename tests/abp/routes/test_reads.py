"""Orders, bets, bookmakers and markets over HTTP: shapes, filters, pages, and whose they are."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.abp.abpkit import NOW, candidate, taken, wanted

from hedgerow.abp.orders import AbpOrder
from hedgerow.abp.receipt_shapes import receipts_of
from hedgerow.abp.receipts import receipt_of, recompute
from hedgerow.core.states import BetStatus
from hedgerow.storage.bets import Bet
from hedgerow.storage.database import decode_json

from .apikit import FIXTURE, RIVAL_KEY, Api

UUIDS = [f"eb45b192-317b-42d5-9f65-{number:012d}" for number in range(9)]


async def orders(api: Api, number: int, **changes: Any) -> list[AbpOrder]:
    return [await api.desk.order(request_uuid=UUIDS[index], **changes) for index in range(number)]


async def confirmed(api: Api, order: AbpOrder, stake: str = "10.00") -> Bet:
    bet = taken(await api.desk.bet(order, stake), odds="1.98")
    bet.bookmaker_bet_id, bet.sent_data = "3332684214", {"stake": Decimal("10.00"), "apiKey": "hush"}
    async with api.database.transaction() as connection:
        await api.desk.bets.save_answer(connection, bet)
    return bet


async def test_order_has_its_bets_and_what_the_feed_tells(api: Api) -> None:
    order = (await orders(api, 1, stake=Decimal("10.00"), meta={"strategy": "value"}))[0]
    bet = await confirmed(api, order)
    found = await api.get("/orders", orderIds=order.order_id)
    assert {name: found[name] for name in ("count", "hasMore", "nextCursor")} == {
        "count": 1,
        "hasMore": False,
        "nextCursor": None,
    }
    shown = found["orders"][0]
    expected = {
        "orderId": order.order_id,
        "requestUuid": UUIDS[0],
        "allowedBookmakers": "*",
        "orderPrice": Decimal("1.80"),
        "orderStake": 10,
        "filledStake": 0,
        "remainingStake": 10,
        "orderStatus": "PENDING",
        "clientName": "acme",
        "testOrder": False,
        "back": True,
        "meta": {"strategy": "value"},
        "expiresAt": "2026-11-21T12:00:05Z",
        "fixtureInfo": {"fixtureId": FIXTURE, "startTime": 1_770_666_300},
        "outcomeInfo": {"marketId": 121, "outcomeId": 121},
        "playerInfo": None,
        "currencyInfo": {"currency": "USD", "currencyValue": 1},
    }
    assert {name: shown[name] for name in expected} == expected
    assert [one["betId"] for one in shown["bets"]] == [bet.bet_id]


async def test_bet_carries_the_published_fields_and_no_secret(api: Api) -> None:
    order = (await orders(api, 1))[0]
    bet = await confirmed(api, order)
    shown = await api.get(f"/bets/{bet.bet_id}")
    expected = {
        "betId": bet.bet_id,
        "orderId": order.order_id,
        "bookmaker": "pinnacle",
        "account": "pinnacle_main",
        "userRef": "bettor1",
        "requestUuid": UUIDS[0],
        "betRequestId": bet.reference,
        "bookmakerBetId": "3332684214",
        "betStatus": "CONFIRMED",
        "settlementStatus": "UNSETTLED",
        "placedPrice": Decimal("1.98"),
        "placedStake": Decimal("10.00"),
        "placedCurrency": "USD",
        "placedAt": "2026-11-21T12:00:00Z",
        "declineReason": None,
        "sentData": {"stake": Decimal("10.00"), "apiKey": "***"},
        "currencyInfo": {"currency": "USD", "currencyValue": 1},
        "settledAt": None,
        "settlementAmount": None,
    }
    assert {name: shown[name] for name in expected} == expected
    assert '"placedStake":10.00,' in (await api.http.get(f"/bets/{bet.bet_id}")).text


async def test_bet_whose_answer_never_came_is_pending(api: Api) -> None:
    bet = await doubtful(api)
    shown = await api.get(f"/bets/{bet.bet_id}")
    assert (shown["betStatus"], shown["inDoubt"]) == ("PENDING", True)
    assert (await api.get("/positions"))["totalOpenBets"] == 0


async def test_bet_that_was_accepted_with_a_delay_stays_placed_in_doubt(api: Api) -> None:
    bet = await doubtful(api, {"status": "PENDING_ACCEPTANCE"})
    shown = await api.get(f"/bets/{bet.bet_id}")
    assert (shown["betStatus"], shown["inDoubt"]) == ("PLACED", True)
    assert (await api.get("/positions"))["totalOpenBets"] == 1


async def doubtful(api: Api, answered: dict[str, str] | None = None) -> Bet:
    """A bet in doubt; answered: what came before."""
    bet = await api.desk.bet((await orders(api, 1))[0])
    bet.move_to(BetStatus.PLACED, "no answer")
    bet.in_doubt, bet.received_data = True, answered or {}
    async with api.database.transaction() as connection:
        await api.desk.bets.save_answer(connection, bet)
    return bet


async def test_declined_bet_says_why(api: Api) -> None:
    bet = await api.desk.bet((await orders(api, 1))[0])
    bet.move_to(BetStatus.REJECTED, "the price has moved")
    async with api.database.transaction() as connection:
        await api.desk.bets.save_answer(connection, bet)
    shown = await api.get(f"/bets/{bet.bet_id}")
    assert (shown["declineReason"], shown["settlementReason"]) == ("the price has moved", None)


async def test_filters_of_orders_are_combined_by_or_newest_first(api: Api) -> None:
    made = await orders(api, 3, user_ref="a")
    other = await api.desk.order(request_uuid=UUIDS[5], user_ref="b")
    found = await api.get("/orders", orderIds=f"{made[0].order_id},{made[1].order_id}", requestUuids=UUIDS[5])
    assert [one["orderId"] for one in found["orders"]] == [other.order_id, made[1].order_id, made[0].order_id]
    assert (await api.get("/orders", userRef="a"))["count"] == 3


async def test_pages_of_orders_follow_the_cursor_without_hole_or_repeat(api: Api) -> None:
    made = [order.order_id for order in await orders(api, 5)]
    seen, cursor = [], None
    for _ in range(3):
        query = {"afterOrderId": cursor} if cursor is not None else {}
        found = await api.get("/orders", userRef="bettor1", limit=2, **query)
        seen += [one["orderId"] for one in found["orders"]]
        cursor = found["nextCursor"]
    assert (seen, cursor, found["hasMore"]) == (made[::-1], None, False)


async def test_bets_are_found_by_bet_order_and_user(api: Api) -> None:
    first, second = await orders(api, 2)
    bets = [await confirmed(api, first, "1.00"), await confirmed(api, first, "2.00"), await confirmed(api, second)]
    ids = [bet.bet_id for bet in bets]
    assert [one["betId"] for one in (await api.get("/bets", orderIds=first.order_id))["bets"]] == [ids[1], ids[0]]
    both = await api.get("/bets", betIds=ids[0], orderIds=second.order_id)
    assert [one["betId"] for one in both["bets"]] == [ids[2], ids[0]]
    page = await api.get("/bets", userRef="bettor1", limit=2)
    assert (page["count"], page["hasMore"], page["nextCursor"]) == (2, True, ids[1])
    rest = await api.get("/bets", userRef="bettor1", afterBetId=page["nextCursor"])
    assert ([one["betId"] for one in rest["bets"]], rest["hasMore"]) == ([ids[0]], False)


@pytest.mark.parametrize("path", ["/orders", "/bets", "/orders?userRef=", "/bets?betIds=,", "/orders?limit=3"])
async def test_list_without_a_filter_is_refused(api: Api, path: str) -> None:
    answer = await api.ask("GET", path, 400)
    assert answer["detail"].startswith("At least one filter is required")


@pytest.mark.parametrize(
    "path",
    [
        "/orders?orderIds=x",
        "/orders?orderIds=9223372036854775808",
        "/orders?requestUuids=1",
        "/bets?betIds=1,-2",
        "/bets?betIds=1&limit=1001",
        "/orders?orderIds=1&limit=0",
        "/orders?userRef=%00",
        "/bets/x",
    ],
)
async def test_filter_that_is_none_is_named(api: Api, path: str) -> None:
    answer = await api.ask("GET", path, 422)
    assert set(answer["detail"][0]) == {"loc", "msg", "type"}


async def test_another_clients_rows_are_neither_shown_nor_denied_to_exist(api: Api) -> None:
    order = (await orders(api, 1))[0]
    bet = await confirmed(api, order)
    api.http.headers["X-API-Key"] = RIVAL_KEY
    denied = await api.ask("GET", f"/orders?orderIds={order.order_id}", 403)
    assert denied == {"detail": {"message": "Access denied to this order", "code": "FORBIDDEN"}}
    denied = await api.ask("GET", f"/bets/{bet.bet_id}", 403)
    assert denied == {"detail": {"message": "Access denied to this bet", "code": "FORBIDDEN"}}
    assert (await api.get("/orders", requestUuids=UUIDS[0], userRef="bettor1"))["orders"] == []
    assert (await api.get("/bets", betIds=bet.bet_id, orderIds=order.order_id, userRef="bettor1"))["bets"] == []


async def test_unknown_bet_is_not_found(api: Api) -> None:
    assert await api.ask("GET", "/bets/77", 404) == {"detail": "Bet not found"}


async def test_bookmakers_carry_the_operators_limits(api: Api) -> None:
    await api.database.execute("insert into bookmakers values ('pinnacle', false, 10000, 5)")
    found = {one["bookmaker"]: one for one in await api.get("/bookmakers")}
    assert len(found) == len({one["bookmakerId"] for one in found.values()})
    pinnacle = found["pinnacle"]
    assert (pinnacle["bookmakerName"], pinnacle["active"]) == ("Pinnacle", False)
    assert (pinnacle["maxStake"], pinnacle["minStake"]) == (10000, 5)
    assert found["cloudbet"]["active"] is True


async def test_markets_are_those_of_the_sport(api: Api) -> None:
    assert [one["marketId"] for one in await api.get("/markets", sportId=12)] == [121]
    assert await api.get("/markets", sportId=10) == []


# --- receipts --------------------------------------------------------------------------------------------------------


async def test_receipt_lets_the_decision_be_made_again_and_has_the_answer(api: Api) -> None:
    order = (await orders(api, 1))[0]
    bet = await confirmed(api, order, "10")
    offer = candidate(account_id=bet.account_id, price=bet.requested_odds)
    made = receipt_of(
        order.order_id, 1, NOW, wanted(open_stake=Decimal(10)), (offer, candidate(account_id=99, price=None))
    )
    async with api.database.transaction() as connection:
        await api.desk.orders.add_receipt(connection, made)
    answer = decode_json((await api.http.get(f"/orders/{order.order_id}/receipt")).content)
    [read] = receipts_of(answer)
    assert (read, recompute(read)) == (made, made.decision)
    assert (answer["requestUuid"], answer["orderStatus"]) == (order.asked.request_uuid, "PENDING")
    [decision] = answer["decisions"]
    assert [one["why"] for one in decision["leftOut"]] == ["no price"]
    [allocation] = decision["allocations"]
    assert allocation["boundBy"] == ["open stake of the order"]
    told = allocation["bet"]
    assert (told["betId"], told["betStatus"], told["bookmakerBetId"]) == (bet.bet_id, "CONFIRMED", "3332684214")
    assert told["sentData"]["apiKey"] == "***"


async def test_receipt_is_its_clients_alone(api: Api) -> None:
    order = (await orders(api, 1))[0]
    path = f"/orders/{order.order_id}/receipt"
    refused = await api.http.get(path, headers={"X-API-Key": RIVAL_KEY})
    assert (refused.status_code, refused.json()["detail"]["message"]) == (403, "Access denied to this order")
    assert (await api.http.get("/orders/999999/receipt")).status_code == 404
    assert (await api.get(path))["decisions"] == []
