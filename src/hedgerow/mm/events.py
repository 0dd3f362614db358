"""Rows in the shapes of the API, for REST and for the WebSocket alike.

A row comes from a query (times are datetimes) or, as JSON, from a committed change (times are ISO text); both give the
same shape. Field names are the published API's; money and odds stay Decimals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol

from hedgerow.core.observe import redact
from hedgerow.core.states import BetStatus, matched_status

Shape = dict[str, Any]


class Row(Protocol):
    """Values by column name."""

    def __getitem__(self, column: str, /) -> Any: ...


_PUBLISHED_BET_STATUS = {
    BetStatus.PENDING: "pending",
    BetStatus.PLACED: "pending",  # sent: accepted with a delay, or in doubt
    BetStatus.CONFIRMED: "placed",
    BetStatus.VOID: "placed",  # it stood, and was called off: `settlementStatus` says so
    BetStatus.REJECTED: "declined",
    BetStatus.CANCELLED: "declined",
    BetStatus.FAILED: "declined",
}
BET_STATUSES: Mapping[str, tuple[str, ...]] = {
    published: tuple(ours.value for ours, theirs in _PUBLISHED_BET_STATUS.items() if theirs == published)
    for published in ("placed", "pending", "declined")
}
"""What each published status of a bet means in the database."""


def order_shape(row: Row) -> Shape:
    """An order on an exchange, from `mm_orders`."""
    return {
        "orderId": row["order_id"],
        "client": row["client"],
        "fixtureId": row["fixture_id"],
        "marketId": row["market_id"],
        "outcomeId": row["outcome_id"],
        "playerId": row["player_id"],
        "exchange": row["exchange"],
        "exchangeOrderId": row["exchange_order_id"],
        "exchangeOutcomeId": row["exchange_outcome_id"],
        "clientOrderId": row["client_order_id"],
        "side": row["side"],
        "orderStatus": row["status"],
        "matchedStatus": matched_status(row["matched_size"], row["size"]).value,
        "settlementStatus": row["settlement_status"],
        "feedSettlementStatus": row["feed_settlement"],
        "reason": row["reason"] or None,
        "orderCents": row["price"],
        "orderStake": row["stake"],
        "orderShares": row["size"],
        "matchedCents": row["matched_price"],
        "matchedStake": row["matched_stake"],
        "matchedShares": row["matched_size"],
        "fees": row["fees"],
        "payout": row["payout"],
        "pnl": row["pnl"],
        "bookmaker": row["bookmaker"],
        "bookmakerOutcomePrice": row["bookmaker_outcome_price"],
        "bookmakerOutcomeLimit": row["bookmaker_outcome_limit"],
        "isAdopted": row["is_adopted"],
        "createdAt": _moment(row["created_at"]),
        "placedAt": _moment(row["placed_at"]),
        "matchedAt": _moment(row["matched_at"]),
        "closedAt": _moment(row["closed_at"]),
        "settledAt": _moment(row["settled_at"]),
    }


def bet_shape(row: Row) -> Shape:
    """A hedge at the bookmaker, from `bets`. Money is in the bet's currency; what was sent and answered shows no
    secrets."""
    settlement, payout, stake = row["settlement"], row["payout"], row["placed_stake"]
    return {
        "betId": row["bet_id"],
        "requestUuid": str(row["reference"]),
        "orderId": row["order_id"],
        "client": row["client"],
        "bookmaker": row["bookmaker"],
        "bookmakerBetId": row["bookmaker_bet_id"],
        "fixtureId": row["fixture_id"],
        "marketId": row["market_id"],
        "outcomeId": row["outcome_id"],
        "playerId": row["player_id"],
        "plannedPrice": row["planned_odds"],
        "requestedPrice": row["requested_odds"],
        "requestedStake": row["requested_stake"],
        "placedPrice": row["placed_odds"],
        "placedStake": stake,
        "currency": row["currency"],
        "usdRate": row["usd_rate"],
        "betStatus": _PUBLISHED_BET_STATUS[BetStatus(row["status"])],
        "inDoubt": row["in_doubt"],
        "reason": row["reason"] or None,
        "settlementStatus": None if settlement == "UNSETTLED" else settlement,
        "feedSettlementStatus": row["feed_settlement"],
        "payout": payout,
        "pnl": payout - stake if payout is not None and stake is not None else None,
        "sentData": redact(row["sent_data"]),
        "receivedData": redact(row["received_data"]),
        "isTest": row["is_test"],
        "createdAt": _moment(row["created_at"]),
        "sentAt": _moment(row["sent_at"]),
        "placedAt": _moment(row["placed_at"]),
        "settledAt": _moment(row["settled_at"]),
    }


def account_shape(row: Row) -> Shape:
    """An account at a venue, from `accounts`, without credentials. `balance` is free to use, `held` is not."""
    return {
        "accountId": row["account_id"],
        "exchange": row["venue"],
        "username": row["username"],
        "client": row["client"],
        "currency": row["currency"],
        "balance": row["balance"],
        "held": row["held"],
        "balanceAt": _moment(row["balance_at"]),
        "maxOutcomeStake": row["max_outcome_stake"],
        "limitMax": row["limit_max"],
        "limitMin": row["limit_min"],
        "priority": row["priority"],
        "active": row["is_active"],
    }


def scores_shape(row: Row) -> Shape:
    """The state of a match, from `fixtures`."""
    clock = row["clock"] or {}
    return {
        "fixtureId": row["fixture_id"],
        "live": row["is_live"],
        "statusId": row["status_id"],
        "currentPeriod": clock.get("currentPeriod"),
        "currentMinute": _minute(clock.get("currentTime")),
        "scores": flat_scores(row["scores"] or {}),
    }


def emergency_shape(row: Row) -> Shape:
    """The operator's switches, from `mm_system`."""
    return {
        "emergency": row["emergency"],
        "systemStopped": row["stopped"],
        "softPaused": row["soft_paused"],
        "reason": row["reason"],
        "triggeredAt": _moment(row["since"]),
    }


SHAPES: Mapping[str, Callable[[Row], Shape]] = {
    "orders": order_shape,
    "bets": bet_shape,
    "accounts": account_shape,
    "scores": scores_shape,
    "emergency": emergency_shape,
}
"""By channel of the WebSocket."""


def previous_values(shape: Callable[[Row], Shape], row: Mapping[str, Any], old: Mapping[str, Any]) -> Shape:
    """The fields of the shape that a change altered, as they were before. old: the changed columns' former values."""
    after = shape(row)
    return {name: value for name, value in shape({**row, **old}).items() if value != after[name]}


def flat_scores(scores: Mapping[str, Any]) -> Shape:
    """`{"result": {participant1Score, ...}, "p1": {...}}` of the feed as `home`, `away`, `period1Home`, ...

    Home is the participant that the feed lists first; a period that is none of the numbered ones keeps its name.
    """
    flat: Shape = {}
    for name, score in scores.items():
        if not isinstance(score, Mapping):
            continue
        prefix = _period(name)
        for side, key in (("Home", "participant1Score"), ("Away", "participant2Score")):
            flat[prefix + side if prefix else side.lower()] = score.get(key)
    return flat


def _period(name: str) -> str:
    if name in ("result", "current"):
        return ""
    number = name[1:] if name[:1] == "p" else ""
    return f"period{number}" if number.isdecimal() else name


def _minute(time: Any) -> int | None:
    """The whole minutes of the feed's "67:12" or "67"; None for what is neither."""
    minutes = str(time).partition(":")[0] if isinstance(time, (str, int, Decimal)) else ""
    return int(minutes) if minutes.isdecimal() else None


def _moment(value: datetime | str | None) -> datetime | None:
    if isinstance(value, str):
        return datetime.fromisoformat(value).astimezone(UTC)
    return value
