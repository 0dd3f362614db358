"""What both of Smarkets' connectors ask: orders, ledger, money, books, contracts. Requests and their reading only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from hedgerow.core.clock import datetime_of_ms
from hedgerow.core.errors import CannotTell, Reason, Refused
from hedgerow.core.money import decimal_of
from hedgerow.core.states import Side
from hedgerow.venues.base import Balance, OrderState
from hedgerow.venues.reading import reading
from hedgerow.venues.smarkets import wire
from hedgerow.venues.smarkets.errors import VENUE
from hedgerow.venues.smarkets.ladder import GRID
from hedgerow.venues.smarkets.ledger import CREATE, ORDER_SOURCES, RESULT_SOURCES, Place, Story, by_order, story_of
from hedgerow.venues.smarkets.parse import amount, order_state, rate
from hedgerow.venues.smarkets.rest import Query, Rest

NEVER_ARRIVES_AFTER_MS = 60_000
"""How long after an order left its absence proves nothing. A guess, much longer than any answer takes."""

STANDARD_RATE = Decimal("0.02")
"""The commission, where the account does not tell its own."""

_MOST_ORDERS, _MOST_ROWS = "100", "500"
_IDS_AT_ONCE, _MARKETS_AT_ONCE = 40, 100

_FORWARD = ("sort", "seq,subseq")


def chunks(values: Iterable[str], most: int) -> list[list[str]]:
    found = list(dict.fromkeys(values))
    return [found[start : start + most] for start in range(0, len(found), most)]


def time_text(ms: int) -> str:
    ms = max(0, ms)
    return f"{datetime_of_ms(ms):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


# --- orders -----------------------------------------------------------------------------------------------------


async def orders(rest: Rest, operation: str, query: Query) -> list[wire.Order]:
    pages = await rest.pages(
        operation, "reads", "/v3/orders/", wire.OrdersPage, [*query, ("sort", "id"), ("limit", _MOST_ORDERS)]
    )
    return [order for page in pages for order in page.orders]


async def working(rest: Rest, operation: str) -> list[OrderState]:
    """What rests, or waits for a delay."""
    rows = await orders(rest, operation, [("state", "created"), ("state", "partial")])
    with reading(VENUE, operation):
        states = [order_state(row) for row in rows]
    return [state for state in states if state is not None and state.status.is_open]


async def by_ids(rest: Rest, operation: str, order_ids: Iterable[str]) -> list[wire.Order]:
    found: list[wire.Order] = []
    for some in chunks(order_ids, _IDS_AT_ONCE):
        found += await orders(rest, operation, [("id", one) for one in some])
    return found


# --- the ledger -------------------------------------------------------------------------------------------------


async def last_place(rest: Rest) -> Place:
    """Of the newest row; (0, 0) where there is none."""
    query = [("sort", "-seq,-subseq"), ("limit", "1")]
    page = await rest.read("open", "reads", "/v3/accounts/activity/", wire.ActivityPage, query)
    rows = page.account_activity
    return (rows[0].seq, rows[0].subseq) if rows else (0, 0)


async def rows_after(rest: Rest, operation: str, place: Place) -> list[wire.Row]:
    """Everything that was noted since."""
    seq, subseq = (str(number) for number in place)
    return await _rows(rest, operation, [("pagination_last_seq", seq), ("pagination_last_subseq", subseq)])


async def rows_since(rest: Rest, operation: str, since_ms: int, sources: Sequence[str]) -> list[wire.Row]:
    query = [("timestamp_min", time_text(since_ms)), *(("source", source) for source in sources)]
    return await _rows(rest, operation, query)


async def market_rows(rest: Rest, operation: str, market_ids: Iterable[str]) -> list[wire.Row]:
    """What was noted of the markets, and of the orders there that traded; a row may be there twice. The orders that
    ended unmatched are left to the venue: a day of quoting makes tens of thousands, and reading them all takes more
    requests than the budget has."""
    sources = [("source", source) for source in RESULT_SOURCES]
    found: list[wire.Row] = []
    for some in chunks(market_ids, _IDS_AT_ONCE):
        found += await _rows(rest, operation, [*(("market_id", one) for one in some), *sources])
    with reading(VENUE, operation):
        traded = list(by_order(found))
    for some in chunks(traded, _IDS_AT_ONCE):
        found += await _rows(rest, operation, [("order_id", one) for one in some])
    return found


async def stories(rest: Rest, operation: str, order_ids: Iterable[str]) -> dict[str, Story]:
    """Of those that the ledger has, by order."""
    rows: list[wire.Row] = []
    for some in chunks(order_ids, _IDS_AT_ONCE):
        rows += await _rows(rest, operation, [("order_id", one) for one in some])
    return told_in(operation, rows)


def told_in(operation: str, rows: Iterable[wire.Row]) -> dict[str, Story]:
    """The orders whose beginning is among the rows."""
    with reading(VENUE, operation):
        found = {order_id: story_of(own) for order_id, own in by_order(rows).items()}
    return {order_id: story for order_id, story in found.items() if story is not None}


async def _rows(rest: Rest, operation: str, query: Query) -> list[wire.Row]:
    pages = await rest.pages(
        operation,
        "reads",
        "/v3/accounts/activity/",
        wire.ActivityPage,
        [*query, _FORWARD, ("limit", _MOST_ROWS)],
    )
    return [row for page in pages for row in page.account_activity]


async def stories_since(rest: Rest, operation: str, since_ms: int) -> list[Story]:
    """The orders about which something was noted since, each with its beginning."""
    rows = await rows_since(rest, operation, since_ms, ORDER_SOURCES)
    found = told_in(operation, rows)
    with reading(VENUE, operation):
        older = [order_id for order_id in by_order(rows) if order_id not in found]
    return [*found.values(), *(await stories(rest, operation, older)).values()]


# --- looking for an order -----------------------------------------------------------------------------------------


async def state_of(rest: Rest, order_id: str) -> OrderState:
    """Of an order by the venue's id: by the list, and where it is not there or not told in whole, by the ledger."""
    listed = await by_ids(rest, "find", [order_id])
    with reading(VENUE, "find"):
        state = order_state(listed[0]) if listed else None
    if state is not None:
        return state
    story = (await stories(rest, "find", [order_id])).get(order_id)
    if story is None:
        raise CannotTell(VENUE, "find", "neither the list nor the ledger has the order")
    return story.state


async def id_by_label(rest: Rest, label: str, where: Query, ledger: Query, *, now_ms: int, sent_ms: int) -> str | None:
    """The venue's id of the order that has our reference: of the list, else of the ledger, which keeps those that ended
    with nothing matched. Raises CannotTell while one that is in neither may still arrive.

    where, ledger: what narrows the two down.
    """
    listed = next((row.id for row in await orders(rest, "find", where) if row.label == label), None)
    if listed is not None:
        return listed
    rows = await _rows(rest, "find", [*ledger, ("source", CREATE)])
    noted = next((row.order_id for row in rows if row.label == label), None)
    if noted is None and now_ms - sent_ms < NEVER_ARRIVES_AFTER_MS:
        raise CannotTell(VENUE, "find", "the order is not there, but may still arrive")
    return noted


# --- money ------------------------------------------------------------------------------------------------------


async def account(rest: Rest, operation: str) -> wire.Account:
    return (await rest.read(operation, "reads", "/v3/accounts/", wire.AccountAnswer)).account


async def commission_rate(rest: Rest, currency: str) -> Decimal:
    """The account's share of winnings that the venue keeps. Raises Refused for an account in another currency."""
    told = await account(rest, "open")
    if told.currency != currency:
        why = f"the account is in {told.currency[:3]}: accounts in {currency} alone are served"
        raise Refused(VENUE, "open", why, reason=Reason.ACCOUNT)
    found = rate(told.commission_type)
    return STANDARD_RATE if found is None else found


async def balance(rest: Rest) -> Balance:
    """From two reads, the orders first; matched bets are in neither part."""
    resting = await working(rest, "balance")
    told = await account(rest, "balance")
    held = sum(GRID.at_risk(o.price, o.size - o.filled, buys=o.side is Side.BUY) for o in resting)
    with reading(VENUE, "balance"):
        return Balance(amount(told.available_balance, "available_balance"), decimal_of(held), told.currency)


async def per_pound(rest: Rest, currency: str) -> Decimal:
    """Units of a currency for a pound, in which quotes are told."""
    if currency == "GBP":
        return Decimal(1)
    told = await rest.read("currency", "catalogue", f"/v3/currencies/{currency}/", wire.Currency)
    with reading(VENUE, "currency"):
        return amount(told.rate_to_gbp, "rate_to_gbp")


# --- the catalogue -----------------------------------------------------------------------------------------------


async def contracts(rest: Rest, operation: str, market_ids: Iterable[str]) -> list[wire.Contract]:
    found: list[wire.Contract] = []
    for some in chunks(market_ids, _MARKETS_AT_ONCE):
        path = f"/v3/markets/{','.join(some)}/contracts/"
        found += (await rest.read(operation, "catalogue", path, wire.ContractsAnswer)).contracts
    return found


async def books(rest: Rest, market_ids: Iterable[str]) -> dict[str, wire.Book]:
    """By contract, of up to 200 markets."""
    path = f"/v3/markets/{','.join(dict.fromkeys(market_ids))}/quotes/"
    return await rest.read("book", "quotes", path, dict[str, wire.Book])
