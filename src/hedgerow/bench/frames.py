"""Frames of odds as the feed writes them: every field of the documented row.

Source: OddsPapi v5 WebSocket pages, channel `odds`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

_encode = msgspec.json.Encoder(decimal_format="number").encode


def odds_row(
    bookmaker: str,
    market_id: int,
    outcome_id: int,
    price: Decimal,
    at_ms: int,
    *,
    limit: Decimal = Decimal(1000),
    is_active: bool = True,
) -> dict[str, Any]:
    """One quote that moved at that time."""
    return {
        "bookmaker": bookmaker,
        "outcomeId": outcome_id,
        "playerId": 0,
        "price": price,
        "active": is_active,
        "marketActive": True,
        "mainLine": True,
        "marketId": market_id,
        "bookmakerMarketId": f"line/29/1980/1634530286/{market_id:010d}/0/total",
        "bookmakerOutcomeId": f"outcome/{outcome_id}",
        "bookmakerChangedAt": at_ms - 359,
        "priceFractional": "11/71",
        "priceAmerican": -645,
        "limit": limit,
        "betslip": None,
        "meta": None,
        "changedAt": at_ms,
    }


def odds_by_id(fixture_id: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Quotes of one bookmaker by odds id, as frames and answers carry them."""
    return {f"{fixture_id}:{row['bookmaker']}:{row['outcomeId']}:0": row for row in rows}


def odds_frame(fixture_id: str, rows: Sequence[Sequence[Mapping[str, Any]]], at_ms: int) -> bytes:
    """A frame of the channel `odds`. rows: those of each bookmaker."""
    odds = {book[0]["bookmaker"]: odds_by_id(fixture_id, book) for book in rows}
    return _encode(
        {
            "channel": "odds",
            "type": "UPDATE",
            "payload": {"fixtureId": fixture_id, "odds": odds},
            "ts": at_ms + 100,
            "entryId": f"{at_ms + 100}-{at_ms % 10_000}",
        }
    )
