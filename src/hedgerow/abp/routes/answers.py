"""Answers and filters that several groups of routes share."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Annotated, Any, TypeVar

from fastapi import Query

from hedgerow.abp.context import ApiContext
from hedgerow.abp.events import ANY_BOOKMAKER, Shape, bet_shape, order_row, order_shape
from hedgerow.abp.feedview import FeedView
from hedgerow.abp.orders import AbpOrder
from hedgerow.api.errors import wrong_value
from hedgerow.api.models import ErrorResponse, HTTPValidationError
from hedgerow.core.errors import ApiError

T = TypeVar("T")
Responses = dict[int | str, dict[str, Any]]

MOST_NAMED = 1000
_NO_NUL = r"^[^\x00]*$"  # PostgreSQL has no text with it

Text = Annotated[str | None, Query(max_length=200, pattern=_NO_NUL)]
Texts = Annotated[str | None, Query(max_length=40_000, pattern=_NO_NUL)]
Limit = Annotated[int, Query(ge=1, le=1000)]

ERRORS: Responses = {
    401: {"model": ErrorResponse, "description": "The key is missing or unknown"},
    403: {"model": ErrorResponse, "description": "The key is inactive or has expired, or this is another client's"},
    422: {"model": HTTPValidationError, "description": "A parameter or the body is not as it should be"},
    429: {"model": ErrorResponse, "description": "Over the key's limit; `Retry-After` says how long to wait"},
    500: {"model": ErrorResponse, "description": "A fault of ours"},
    503: {"model": ErrorResponse, "description": "The database is away; try again"},
}
MALFORMED: Responses = {400: {"model": ErrorResponse, "description": "What is asked for cannot be"}}
TOO_LARGE: Responses = {413: {"model": ErrorResponse, "description": "The body is larger than 1 MiB"}}
UNKNOWN: Responses = {404: {"model": ErrorResponse, "description": "There is no such thing"}}

BETS = """select b.*, a.username, o.user_ref, o.request_uuid
          from bets b join accounts a on a.account_id = b.account_id
                      join abp_orders o on o.order_id = b.order_id
          where b.origin = 'abp'"""
"""Bets as `bet_shape` reads them."""


def no_filter(*names: str) -> ApiError:
    """A list that is not narrowed down."""
    return ApiError(400, f"At least one filter is required: {', '.join(names)}")


def numbers(name: str, text: str | None) -> tuple[int, ...]:
    """The comma-separated ids of a filter. Raises RequestValidationError."""
    return _parts(name, text, _id)


def uuids(name: str, text: str | None) -> tuple[str, ...]:
    """The comma-separated UUIDs of a filter. Raises RequestValidationError."""
    return _parts(name, text, lambda part: str(uuid.UUID(part)))


def _parts(name: str, text: str | None, read: Callable[[str], T]) -> tuple[T, ...]:
    parts = [part.strip() for part in (text or "").split(",") if part.strip()]
    if len(parts) > MOST_NAMED:
        raise wrong_value("query", name, f"names more than {MOST_NAMED}")
    found = []
    for part in parts:
        try:
            found.append(read(part))
        except ValueError:
            raise wrong_value("query", name, f"{part[:50]!r} is not an id") from None
    return tuple(found)


def _id(part: str) -> int:
    if not part.isascii() or not part.isdecimal() or int(part) >= 2**63:
        raise ValueError(part)
    return int(part)


def slugs(text: str | None) -> frozenset[str] | None:
    """The bookmakers of a comma-separated list; None, for all, where it names none."""
    return frozenset(part.strip() for part in (text or "").split(",") if part.strip()) - {ANY_BOOKMAKER} or None


def page(name: str, key: str, found: Sequence[Shape], limit: int) -> Shape:
    """A page of a list that was read one further than it shows."""
    shown = list(found[:limit])
    has_more = len(found) > limit
    return {
        name: shown,
        "count": len(shown),
        "hasMore": has_more,
        "nextCursor": shown[-1][key] if has_more else None,
    }


async def enriched(context: ApiContext, orders: Iterable[AbpOrder]) -> list[Shape]:
    """Orders with their bets, and what the feed tells of them."""
    orders = list(orders)
    rows = await context.database.fetch(
        f"{BETS} and b.order_id = any($1) order by b.bet_id", [order.order_id for order in orders]
    )
    bets: dict[int, list[Shape]] = {}
    for row in rows:
        bets.setdefault(row["order_id"], []).append(bet_shape(row))
    return shown(context, orders, bets)


def shown(context: ApiContext, orders: Iterable[AbpOrder], bets: Mapping[int, list[Shape]]) -> list[Shape]:
    """Orders with their bets, by the order's id, and what the feed tells of them."""
    told = cache(partial(told_of, context.feed))  # many orders are about the same few outcomes
    return [
        {
            **order_shape(order_row(order)),
            "bets": bets.get(order.order_id, []),
            **told(order.asked.fixture_id, order.asked.outcome_id, order.asked.player_id),
            "currencyInfo": currency_info(context.feed, order.asked.currency),
        }
        for order in orders
    ]


def told_of(feed: FeedView, fixture_id: str, outcome_id: int, player_id: int) -> Shape:
    """What the feed tells of a fixture, an outcome and a player; null where it tells nothing."""
    return {
        "fixtureInfo": feed.fixture_info(fixture_id),
        "outcomeInfo": feed.outcome_info(outcome_id),
        "playerInfo": {"playerId": player_id} if player_id else None,
    }


def currency_info(feed: FeedView, currency: str) -> Shape | None:
    """A currency in units per USD, now."""
    value = feed.per_usd(currency)
    return None if value is None else {"currency": currency, "currencyValue": value}
