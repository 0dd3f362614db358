"""What both of the venue's connectors ask: orders, trades, balance, settlements. Requests and their reading only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hedgerow.core.errors import Reason, Refused, Unavailable
from hedgerow.venues.base import Balance, Resolution
from hedgerow.venues.polymarket_us import listing, parse, wire
from hedgerow.venues.polymarket_us.auth import VENUE
from hedgerow.venues.polymarket_us.errors import reading
from hedgerow.venues.polymarket_us.rest import Query, Rest
from hedgerow.venues.reading import UnreadableError, read

GRACE_S = 60
"""How long after an order left its absence proves nothing: its signature is refused once it is thirty seconds old, by a
clock that may differ from ours by as much."""

_TRADES = "ACTIVITY_TYPE_TRADE"
_PAGE, _MOST_PAGES = 100, 200


async def order(rest: Rest, operation: str, order_id: str) -> wire.Order:
    """Raises Refused with Reason.UNKNOWN_ORDER for one that the venue does not know."""
    if not parse.is_order_id(order_id):
        raise Refused(VENUE, operation, "the order has no id of the venue", reason=Reason.UNKNOWN_ORDER)
    return (await rest.read(wire.OrderAnswer, "order", f"/v1/order/{order_id}", is_urgent=True)).order


async def open_orders(rest: Rest, operation: str, slug: str | None = None) -> list[wire.Order]:
    """What rests, of one market or of all. The venue's list has no pages."""
    query: Query = [("slugs", slug)] if slug is not None else []
    return (await rest.read(wire.OpenOrders, operation, "/v1/orders/open", query)).orders


async def trades(rest: Rest, operation: str, since_ms: int, slug: str | None = None) -> list[wire.Trade]:
    """The account's trades since then, newest first."""
    query = [("types", _TRADES), ("limit", str(_PAGE)), ("sortOrder", "SORT_ORDER_DESCENDING")]
    if slug is not None:
        query.append(("marketSlug", slug))
    found: list[wire.Trade] = []
    cursor = ""
    for _ in range(_MOST_PAGES):
        asked = [*query, ("cursor", cursor)] if cursor else query
        page = await rest.read(wire.Activities, operation, "/v1/portfolio/activities", asked)
        for activity in page.activities:
            if activity.trade is None:
                continue
            with reading(operation):
                if parse.time_ms(activity.trade.create_time, "createTime") < since_ms:
                    return found
            found.append(activity.trade)
        if page.eof or not page.next_cursor:
            return found
        if page.next_cursor == cursor:
            break
        cursor = page.next_cursor
    raise Unavailable(VENUE, operation, f"the list has no end within {_MOST_PAGES} pages")


async def balance(rest: Rest) -> Balance:
    told = await rest.read(wire.Balances, "balance", "/v1/account/balances")
    with reading("balance"):
        return parse.balance(told.balances)


async def market(rest: Rest, operation: str, slug: str) -> wire.Market:
    return (await rest.public(wire.MarketAnswer, operation, f"/v1/market/slug/{slug}")).market


async def events(rest: Rest, operation: str, types: Sequence[str]) -> list[wire.Event]:
    """All events that are not over and have a market of one of the types."""
    query = [("active", "true"), ("closed", "false"), ("limit", str(_PAGE))]
    query += [("sportsMarketTypes", kind) for kind in types]
    found: list[wire.Event] = []
    seen = 0
    for _ in range(_MOST_PAGES):
        page = await rest.public(wire.Events, operation, "/v1/events", [*query, ("offset", str(seen))])
        with reading(operation):
            found += [read(wire.Event, raw) for raw in page.events]
        if len(page.events) < _PAGE:
            return found
        seen += len(page.events)
    raise Unavailable(VENUE, operation, f"the list has no end within {_MOST_PAGES} pages")


async def resolutions(rest: Rest, slugs: Iterable[str], now_ms: int) -> list[Resolution]:
    """Of those of the markets that are settled."""
    found = []
    for slug in dict.fromkeys(slugs):
        if not parse.is_slug(slug):
            raise Refused(VENUE, "resolutions", f"{slug[:40]!r} is no market", reason=Reason.INVALID)
        try:
            told = await rest.public(wire.Settlement, "resolutions", f"/v1/markets/{slug}/settlement")
        except Refused as refusal:
            if refusal.reason is not Reason.CLOSED:  # not settled yet, or not known
                raise
            continue
        try:
            found.append(listing.resolution(slug, told, now_ms))
        except UnreadableError as error:
            raise Unavailable(VENUE, "resolutions", f"unreadable answer: {error}") from error
    return found
