"""Rows in the shapes of the API of automated bet placing, for REST and for the WebSocket alike.

A row comes from a query (times are datetimes) or, as JSON, from a committed change (times are ISO text); both give the
same shape. Field names are the published API's; money and odds stay Decimals.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol

from hedgerow.abp.orders import AbpOrder, NewOrder
from hedgerow.abp.profiles import VERIFY
from hedgerow.core.observe import redact
from hedgerow.core.secrets import MASK

Shape = dict[str, Any]

ANY_BOOKMAKER = "*"
_DECLINED = frozenset({"REJECTED", "CANCELLED", "FAILED"})


class Row(Protocol):
    """Values by column name."""

    def __getitem__(self, column: str, /) -> Any: ...


def order_row(order: AbpOrder) -> Row:
    """An order as its row reads."""
    asked = {name: getattr(order.asked, name) for name in NewOrder.__slots__}
    bookmakers = asked["bookmakers"]
    return asked | {
        "order_id": order.order_id,
        "bookmakers": None if bookmakers is None else sorted(bookmakers),
        "status": order.status.value,
        "reason": order.reason,
        "filled": order.filled,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
        "filled_at": order.filled_at,
    }


def order_shape(row: Row) -> Shape:
    """A client's order, from `abp_orders`. Stakes are in its currency."""
    return {
        "orderId": row["order_id"],
        "requestUuid": str(row["request_uuid"]),
        "client": row["client"],
        "clientName": row["client"],
        "allowedBookmakers": ANY_BOOKMAKER if row["bookmakers"] is None else ",".join(row["bookmakers"]),
        "fixtureId": row["fixture_id"],
        "outcomeId": row["outcome_id"],
        "playerId": row["player_id"],
        "orderPrice": row["price"],
        "orderStake": row["stake"],
        "filledStake": row["filled"],
        "remainingStake": row["stake"] - row["filled"],
        "orderCurrency": row["currency"],
        "orderStatus": row["status"],
        "statusReason": row["reason"] or None,
        "userRef": row["user_ref"],
        "testOrder": row["is_test"],
        "back": row["is_back"],
        "acceptBetterOdds": row["accepts_better"],
        "acceptPartialStake": row["accepts_partial"],
        "priceRule": row["price_rule"],
        "oddsInfo": None,
        "meta": row["meta"] or None,
        "expiresAt": moment(row["expires_at"]),
        "filledAt": moment(row["filled_at"]),
        "createdAt": moment(row["created_at"]),
        "updatedAt": moment(row["updated_at"]),
    }


def bet_shape(row: Row) -> Shape:
    """A wager, from `bets` with its account's `username` and its order's `user_ref` and `request_uuid`. Money is in
    the account's currency; what was sent and answered shows no secrets."""
    status, reason = _bet_status(row), row["reason"] or None
    is_settled = row["settlement"] != "UNSETTLED"
    return {
        "betId": row["bet_id"],
        "orderId": row["order_id"],
        "bookmaker": row["bookmaker"],
        "account": row["username"],
        "client": row["client"],
        "clientName": row["client"],
        "userRef": row["user_ref"],
        "requestUuid": _text(row["request_uuid"]),
        "betRequestId": _text(row["reference"]),
        "bookmakerBetId": row["bookmaker_bet_id"],
        "betStatus": status,
        "settlementStatus": row["settlement"],
        "inDoubt": row["in_doubt"],
        "testBet": row["is_test"],
        "back": row["is_back"],
        "fixtureId": row["fixture_id"],
        "outcomeId": row["outcome_id"],
        "playerId": row["player_id"],
        "placedPrice": row["placed_odds"],
        "placedStake": row["placed_stake"],
        "placedCurrency": row["currency"],
        "declineReason": reason if status in _DECLINED else None,
        "settlementAmount": row["payout"],
        "settlementReason": reason if is_settled and status not in _DECLINED else None,
        "sentData": redact(row["sent_data"]) or None,
        "receivedData": redact(row["received_data"]) or None,
        "currencyInfo": {"currency": row["currency"], "currencyValue": row["usd_rate"]},
        "oddsInfo": {
            "requestedPrice": row["requested_odds"],
            "requestedStake": row["requested_stake"],
            "changedAt": row["offer_ms"],
        },
        "createdAt": moment(row["created_at"]),
        "placedAt": moment(row["placed_at"]),
        "settledAt": moment(row["settled_at"]),
        "updatedAt": max(
            told
            for name in ("created_at", "sent_at", "placed_at", "settled_at")
            if (told := moment(row[name])) is not None
        ),
    }


def _bet_status(row: Row) -> str:
    """As published: an answer that never comes leaves a bet PENDING (contract, Money safety). One that was accepted
    with a delay, and cannot be asked for now, stays PLACED: no bet goes back."""
    status: str = row["status"]
    is_answered = row["sent_data"] or row["received_data"]
    return "PENDING" if status == "PLACED" and row["in_doubt"] and not is_answered else status


def account_shape(row: Row) -> Shape:
    """An account, from `accounts`. Its password is never shown, nor whether it has one."""
    return {
        "bookmaker": row["venue"],
        "username": row["username"],
        "client": row["client"],
        "password": MASK,
        "balance": Decimal(0) if row["balance"] is None else row["balance"],
        "active": row["is_active"],
        "priority": row["priority"],
        "maxStake": row["limit_max"],
        "minStake": row["limit_min"],
        "currencyId": row["currency"],
        "verifyBetslip": row["meta"].get(VERIFY) == "true",
        "meta": redact({name: value for name, value in row["meta"].items() if name != VERIFY}),
        "createdAt": moment(row["created_at"]),
        "updatedAt": moment(row["updated_at"] or row["created_at"]),
    }


def moment(value: datetime | str | None) -> datetime | None:
    """A time in UTC; None without one."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).astimezone(UTC)
    return value


def _text(value: object) -> str | None:
    return None if value is None else str(value)
