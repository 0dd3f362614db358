"""What a request for a list asks for: the filters of events, orders and rows of the ledger, and where pages go on."""

from __future__ import annotations

import operator
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Any

from hedgerow.sim.dialects.smarkets.desk import Placed
from hedgerow.sim.dialects.smarkets.journal import Journal, Row
from hedgerow.sim.dialects.smarkets.listings import Event
from hedgerow.sim.dialects.smarkets.wire import Call, invalid

MOST_EVENTS, MOST_ORDERS, MOST_ROWS = 1_000, 100, 500
"""The longest pages."""

_LATEST = 2**52

Json = dict[str, Any]


def events(call: Call, listed: Iterable[Event]) -> list[Event]:
    """By id."""
    ids, states = call.texts("id"), call.texts("state") or ["new", "upcoming", "live"]
    domains, scopes = call.texts("type_domain"), call.texts("type_scope")
    after, before = call.time_ms("start_datetime_min", 0), call.time_ms("start_datetime_max", _LATEST)
    last = call.number("pagination_last_id", 0, _LATEST)
    found = [
        event
        for event in listed
        if (not ids or event.id in ids)
        and event.state in states
        and (not domains or event.domain in domains)
        and (not scopes or "single_event" in scopes)
        and after <= event.fixture.start_time * 1000 <= before
        and int(event.id) > last
    ]
    return sorted(found, key=lambda event: int(event.id))


def orders(call: Call, listed: Iterable[Placed], journal: Journal) -> list[Placed]:
    """By id, the newest first where that is asked for. listed: those of the ids that are asked for."""
    states, markets = call.texts("state"), call.texts("market_id")
    contract, side, last = call.text("contract_id"), call.text("side"), call.number("pagination_last_id", 0, _LATEST)
    since, until = call.time_ms("created_datetime_min", 0), call.time_ms("created_datetime_max", _LATEST)
    least_seq = call.number("sequence_number_min", 0, _LATEST)
    is_backward = call.text("sort") == "-id"
    is_after = operator.lt if is_backward else operator.gt
    found = [
        placed
        for placed in listed
        if (not states or placed.state in states)
        and (not markets or placed.market.id in markets)
        and contract in ("", placed.runner.id)
        and side in ("", placed.order.side.value)
        and since <= placed.order.created_ms <= until
        and journal.last_of(placed.order) >= least_seq
        and (not last or is_after(int(placed.order.id), last))
    ]
    return sorted(found, key=lambda placed: int(placed.order.id), reverse=is_backward)


def rows(call: Call, noted: Sequence[Row]) -> list[Row]:
    """By place, the newest first unless the other is asked for. noted: oldest first. Raises Denial (400) for another
    order."""
    sort = call.text("sort") or "-seq,-subseq"
    if sort not in ("seq,subseq", "-seq,-subseq"):
        raise invalid("sort")
    is_backward = sort.startswith("-")
    markets, orders, sources = call.texts("market_id"), call.texts("order_id"), call.texts("source")
    since, until = call.time_ms("timestamp_min", 0), call.time_ms("timestamp_max", _LATEST)
    found = [
        row
        for row in _beyond(call, noted, is_backward=is_backward)
        if (not markets or row.market_id in markets)
        and (not orders or row.order_id in orders)
        and (not sources or row.source in sources)
        and since <= row.at_ms <= until
    ]
    return found[::-1] if is_backward else found


def _beyond(call: Call, noted: Sequence[Row], *, is_backward: bool) -> Sequence[Row]:
    """What lies beyond the last row of the page before."""
    if not call.text("pagination_last_seq"):
        return noted
    last = call.number("pagination_last_seq", 0, _LATEST), call.number("pagination_last_subseq", 0, _LATEST)
    if is_backward:
        return noted[: bisect_left(noted, last, key=_place)]
    return noted[bisect_right(noted, last, key=_place) :]


def _place(row: Row) -> tuple[int, int]:
    return row.seq, row.subseq


# --- the last of a page ------------------------------------------------------------------------------------------


def last_event(event: Event) -> Json:
    return {"pagination_last_id": event.id}


def last_order(placed: Placed) -> Json:
    return {"pagination_last_id": placed.order.id}


def last_row(row: Row) -> Json:
    return {"pagination_last_seq": row.seq, "pagination_last_subseq": row.subseq}
