"""What both of ProphetX's connectors ask: orders, fills, balance, markets. Requests and their reading only.

Lists of orders need a span of time, by when they were placed (a week at most) or changed (two days): longer ones are
asked for span by span. Source: docs.prophetx.co, table of errors (`invalid_from_to_range`, `invalid_updated_at_range`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from hedgerow.core.clock import Clock
from hedgerow.core.errors import CannotTell
from hedgerow.core.money import decimal_of
from hedgerow.venues.base import Balance
from hedgerow.venues.prophetx import wire
from hedgerow.venues.prophetx.errors import VENUE, reading
from hedgerow.venues.prophetx.parse import Part, amount, filled_stake, parts_of, time_ms
from hedgerow.venues.prophetx.rest import Query, Rest
from hedgerow.venues.reading import UnreadableError

_HISTORY, _DETAILS = "/v4/mm/get_order_history", "/v4/mm/get_order_matched_detail"
_SPAN_S, _CHANGED_SPAN_S = 7 * 86_400 - 60, 2 * 86_400 - 60
"""A minute less than the venue takes: a span without an end ends when the venue reads it, by its own clock."""
KEPT_S = 2 * _SPAN_S
"""Nothing that is older is looked for: orders that rest, fills, results."""

NEVER_ARRIVES_AFTER_MS = 60_000
"""How long after an order left its absence proves nothing. A guess, much longer than any answer takes."""
_FIND_BEFORE_S, _FIND_AFTER_S = 60, 600

_EVENTS_AT_ONCE, _ORDERS_AT_ONCE = 50, 100


def _chunks(values: Sequence[str], at_once: int) -> Iterable[str]:
    for start in range(0, len(values), at_once):
        yield ",".join(values[start : start + at_once])


# --- orders --------------------------------------------------------------------------------------------------------


async def _history(rest: Rest, operation: str, query: Query) -> tuple[list[wire.Order], list[int]]:
    """The orders of a span, and as of when they are listed."""
    pages = await rest.pages(operation, _HISTORY, wire.OrdersAnswer, query)
    synced = []
    for page in pages:
        try:
            synced.append(time_ms(page.last_synced_at, "last_synced_at"))
        except UnreadableError:  # not told: then only the time that has passed counts
            continue
    return [row for page in pages for row in page.data.orders or ()], synced


def _once(rows: Iterable[wire.Order]) -> list[wire.Order]:
    """Each order once: what is listed can move between two pages, and spans touch."""
    return list({row.order_id: row for row in rows}.values())


async def placed(rest: Rest, operation: str, now_ms: int, query: Query) -> list[wire.Order]:
    """The orders of a query that were placed within the time that is looked back on."""
    rows: list[wire.Order] = []
    end_s = now_ms // 1000
    for start_s in range(end_s - _SPAN_S, end_s - KEPT_S - 1, -_SPAN_S):
        newest = start_s + _SPAN_S == end_s
        span = {"from": start_s} if newest else {"from": start_s, "to": start_s + _SPAN_S}
        found, _ = await _history(rest, operation, {**query, **span})
        rows += found
    return _once(rows)


async def matched(rest: Rest, operation: str, now_ms: int, query: Query) -> list[wire.Order]:
    """Those of them of which something was filled. The others are left to the venue: a day of quoting makes tens of
    thousands, more than the list has pages for and many more than the budget of reads."""
    rows: list[wire.Order] = []
    for matching in ("fully_matched", "partially_matched"):
        rows += await placed(rest, operation, now_ms, {**query, "matching_status": matching})
    return _once(rows)


async def changed(rest: Rest, operation: str, since_ms: int, now_ms: int) -> list[wire.Order]:
    """The orders that changed since then, within the time that is looked back on."""
    end_s = now_ms // 1000
    start_s = max(since_ms // 1000, end_s - KEPT_S)
    rows: list[wire.Order] = []
    while True:
        is_last = start_s + _CHANGED_SPAN_S > end_s
        span = {"updated_at_from": start_s} | ({} if is_last else {"updated_at_to": start_s + _CHANGED_SPAN_S})
        found, _ = await _history(rest, operation, span)
        rows += found
        if is_last:
            return _once(rows)
        start_s += _CHANGED_SPAN_S


async def working(rest: Rest, now_ms: int) -> list[wire.Order]:
    """What rests, and what waits to be let in."""
    rows: list[wire.Order] = []
    for matching in ("unmatched", "partially_matched"):
        rows += await placed(rest, "working", now_ms, {"status": "open", "matching_status": matching})
    waiting, _ = await _history(rest, "working", {"status": "inactive", "from": now_ms // 1000 - _FIND_AFTER_S})
    return _once([*rows, *waiting])


async def order(rest: Rest, order_id: str) -> wire.Order:
    """Raises Refused with Reason.UNKNOWN_ORDER for one that the venue does not know."""
    return (await rest.get("order", f"/v4/mm/get_order/{order_id}", wire.OrderAnswer)).data


async def named(rest: Rest, clock: Clock, reference: str, left_ms: int, *, since_ms: int) -> wire.Order | None:
    """The order with our reference; None where it surely never arrived. Raises CannotTell while it may be on its way,
    or the list is not that far. left_ms: when it left; since_ms: when it can have left at the earliest."""
    end_s = clock.now_ms() // 1000
    start_s = max(since_ms // 1000 - _FIND_BEFORE_S, end_s - _SPAN_S)
    until_s = left_ms // 1000 + _FIND_AFTER_S
    span = {"from": start_s} if until_s >= end_s else {"from": start_s, "to": max(until_s, start_s)}
    rows, synced = await _history(rest, "find", span)
    found = next((row for row in rows if row.external_id == reference), None)
    if found is None:
        sure_ms = left_ms + NEVER_ARRIVES_AFTER_MS
        if clock.now_ms() < sure_ms or min(synced, default=sure_ms) // 1000 < sure_ms // 1000:
            raise CannotTell(VENUE, "find", "the order is not listed, but may still arrive")
    return found


async def parts(rest: Rest, operation: str, orders: Iterable[wire.Order]) -> dict[str, list[Part]]:
    """The fills of orders, those of each from its first."""
    with reading(operation):
        ids = [row.order_id for row in orders if filled_stake(row)]
    rows: list[wire.MatchingDetail] = []
    for chunk in _chunks(ids, _ORDERS_AT_ONCE):
        pages = await rest.pages(operation, _DETAILS, wire.MatchingDetailsAnswer, {"order_ids": chunk})
        rows += [row for page in pages for row in page.data.matching_details or ()]
    with reading(operation):
        return parts_of({(row.order_id, row.id): row for row in rows}.values())


# --- the account ---------------------------------------------------------------------------------------------------


async def balance(rest: Rest, currency: str, *, is_late: bool) -> Balance:
    """is_late: of an account whose stakes leave its balance only when a market is settled."""
    told = (await rest.get("balance", "/v4/mm/get_balance", wire.FundsAnswer)).data
    with reading("balance"):
        free = amount(told.balance, "balance")
        resting, matched = (
            amount(part or Decimal(0), "balance of orders")
            for part in (told.unmatched_order_balance, told.matched_order_balance)
        )
    return Balance(decimal_of(free - (resting + matched if is_late else 0)), decimal_of(resting), currency)


# --- what is listed ------------------------------------------------------------------------------------------------


async def tournaments(rest: Rest) -> list[wire.Tournament]:
    query = {"has_active_events": "true"}
    answer = await rest.get("listings", "/mm/get_tournaments", wire.TournamentsAnswer, query)
    return answer.data.tournaments or []


async def events(rest: Rest, operation: str, query: Query) -> list[wire.SportEvent]:
    answer = await rest.get(operation, "/mm/get_sport_events", wire.SportEventsAnswer, query)
    return answer.data.sport_events or []


async def markets(rest: Rest, operation: str, event_ids: Sequence[str]) -> dict[str, list[wire.Market]]:
    """By event, with their books. A market that is over may be left out."""
    found: dict[str, list[wire.Market]] = {}
    for chunk in _chunks(event_ids, _EVENTS_AT_ONCE):
        query = {"event_ids": chunk}
        answer = await rest.get(operation, "/v4/mm/get_multiple_markets", wire.MarketsAnswer, query)
        found |= {event_id: rows or [] for event_id, rows in answer.data.items()}
    return found


async def strike(rest: Rest, operation: str, strike_id: str) -> wire.Strike | None:
    query = {"strike_ids": strike_id}
    answer = await rest.get(operation, "/v4/mm/get_strikes", wire.StrikesAnswer, query)
    return next((one for one in answer.data or () if one.strike_id == strike_id), None)
