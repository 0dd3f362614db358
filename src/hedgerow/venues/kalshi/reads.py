"""What both of Kalshi's connectors ask: orders, balance, fees of a series, results. Requests and their reading only."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote as quoted

from hedgerow.core.clock import Clock
from hedgerow.venues.base import Balance, Resolution
from hedgerow.venues.kalshi import listing, markets, parse, wire
from hedgerow.venues.kalshi.auth import TOLERANCE_MS
from hedgerow.venues.kalshi.rest import PAGE, Query, Rest, readable

# When an order that no answer came for can no longer arrive: its signature, made for at most TOLERANCE_MS after the
# sending, is refused once it is a minute old (measured by independent users: 401 header_timestamp_expired at 60 s,
# accepted at 10 s).
NEVER_ARRIVES_AFTER_MS = 60_000 + TOLERANCE_MS

_TICKERS_PER_REQUEST = 100


async def orders(rest: Rest, query: Query) -> list[wire.Order]:
    """Every order of a query once, in the venue's order: the newest first."""
    found: dict[str, wire.Order] = {}
    async for page in rest.pages("orders", "/portfolio/orders", wire.OrdersPage, {**query, "limit": PAGE}):
        for order in page.orders:
            found[order.order_id] = order
    return list(found.values())


async def order(rest: Rest, order_id: str) -> wire.Order:
    return (await rest.read("order", f"/portfolio/orders/{quoted(order_id, safe='')}", wire.OrderAnswer)).order


async def balance(rest: Rest, clock: Clock) -> Balance:
    """From two reads, the orders first: what changes between them is right at the next reading."""
    now_ms = clock.now_ms()
    rows = await orders(rest, {"status": "resting"})
    working = [readable("orders", parse.order_state, row, now_ms) for row in rows]
    answer = await rest.read("balance", "/portfolio/balance", wire.BalanceAnswer)
    return readable("balance", parse.balance, answer, working)


async def series_fees(rest: Rest, series: str) -> listing.SeriesFees:
    told = (await rest.read("series", f"/series/{quoted(series, safe='')}", wire.SeriesAnswer)).series
    return listing.SeriesFees(*readable("series", markets.fees, told.fee_type, told.fee_multiplier))


async def resolutions(rest: Rest, clock: Clock, tickers: Sequence[str]) -> list[Resolution]:
    """Of the markets that are paid out, three months back at most: the venue moves older ones to its archive."""
    now_ms = clock.now_ms()
    found: list[Resolution] = []
    for start in range(0, len(tickers), _TICKERS_PER_REQUEST):
        query: Query = {"tickers": ",".join(tickers[start : start + _TICKERS_PER_REQUEST]), "limit": PAGE}
        async for page in rest.pages("markets", "/markets", wire.MarketsPage, query):
            resolved = (readable("markets", markets.resolution, market, now_ms) for market in page.markets)
            found += [resolution for resolution in resolved if resolution is not None]
    return found


async def data_until_ms(rest: Rest) -> int:
    """Up to when the venue's lists of orders and fills are complete."""
    path = "/exchange/user_data_timestamp"
    told = await rest.read("user_data_timestamp", path, wire.UserDataTimestamp)
    return readable("user_data_timestamp", parse.time_ms, told.as_of_time, "as_of_time")
