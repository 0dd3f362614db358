"""Writes order rows behind the engine, and why each quote was sent.

Orders change many times a second and rest on the exchange, whose list is the truth after a crash; so the row of an
order is written when the engine has a moment, always in its latest state, several orders in one transaction. What waits
is bounded by the number of orders, because each waits once. A step of simulated time waits until all is written.

However much waits, the loop is held up for no more than a millisecond or two at a time: rows are made a few in a turn,
and written in transactions of bounded size.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec
import structlog

from hedgerow.core.clock import datetime_of_ms
from hedgerow.core.ids import ClientName, FixtureId, MarketId, OutcomeId, PlayerId, VenueSlug
from hedgerow.core.money import decimal_of
from hedgerow.mm.orders import Order
from hedgerow.mm.repository import Repository
from hedgerow.storage.behind import WriteBehind

_log = structlog.get_logger(__name__)

MOST_QUOTES_WAITING = 50_000
"""Reasons of quotes that may wait for the database; beyond, the oldest are dropped, and the log says how many."""
_MOST_AT_ONCE = 200
"""Orders, and reasons, in one transaction."""
_ROWS_IN_A_TURN = 20

Row = dict[str, Any]
"""Column name -> value."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose order it is and what it is on; fixed for the order's life."""

    client: ClientName
    account_id: int
    exchange: VenueSlug
    bookmaker: VenueSlug
    fixture_id: FixtureId
    market_id: MarketId
    outcome_id: OutcomeId
    player_id: PlayerId


class QuoteReason(msgspec.Struct, frozen=True, gc=False):
    """The derivation of one quote at the moment it was sent. Micros; `why` gives it as plain JSON, worked out when it
    is written, not on the way from the tick to the order."""

    order_id: int
    at_ms: int
    action: str
    side: str
    price: int
    size: int
    break_even: int
    edge: int
    why: Callable[[], Mapping[str, Any]]


class Journal:
    """Collects changed orders and quote reasons, and writes them in batches."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._dirty: dict[int, tuple[Order, Owner]] = {}
        self._quotes: deque[QuoteReason] = deque()
        self._dropped = 0
        self._behind = WriteBehind("orders", self._write)

    def start(self) -> None:
        self._behind.start()

    def abandon(self) -> None:
        """Writes nothing any more."""
        self._behind.abandon()

    async def stop(self) -> None:
        """Writes what waits, then ends. Raises StorageError."""
        await self._behind.stop()

    async def flush(self) -> None:
        """Writes what waits. Raises StorageError; nothing is lost then."""
        await self._behind.flush()

    def changed(self, order: Order, owner: Owner) -> None:
        """The order's row is to be written."""
        self._dirty[order.order_id] = (order, owner)
        self._behind.rouse()

    def quoted(self, reason: QuoteReason) -> None:
        """Why a quote was sent is to be written."""
        self._quotes.append(reason)
        self._drop_oldest()
        self._behind.rouse()

    def _drop_oldest(self) -> None:
        while len(self._quotes) > MOST_QUOTES_WAITING:
            self._quotes.popleft()
            self._dropped += 1

    async def _write(self) -> None:
        while self._dirty or self._quotes:
            orders = [self._dirty.pop(order_id) for order_id in list(islice(self._dirty, _MOST_AT_ONCE))]
            quotes = [self._quotes.popleft() for _ in range(min(len(self._quotes), _MOST_AT_ONCE))]
            try:
                order_rows = await _made(order_row(order, owner) for order, owner in orders)
                quote_rows = await _made(map(_quote_row, quotes))
                await self._repository.save_orders(order_rows, quote_rows)
            except BaseException:
                self._dirty = {order.order_id: (order, owner) for order, owner in orders} | self._dirty
                self._quotes.extendleft(reversed(quotes))
                self._drop_oldest()
                raise
        if self._dropped:
            _log.error("reasons of quotes were dropped: the database was away", quotes=self._dropped)
            self._dropped = 0


async def _made(rows: Iterable[Row]) -> list[Row]:
    """The rows, a few in each turn of the loop."""
    made: list[Row] = []
    rows = iter(rows)
    while some := list(islice(rows, _ROWS_IN_A_TURN)):
        made += some
        await asyncio.sleep(0)
    return made


def order_row(order: Order, owner: Owner) -> Row:
    """The database row of an order."""
    filled = order.filled
    return {
        "order_id": order.order_id,
        "client": owner.client,
        "account_id": owner.account_id,
        "exchange": owner.exchange,
        "fixture_id": owner.fixture_id,
        "market_id": owner.market_id,
        "outcome_id": owner.outcome_id,
        "player_id": owner.player_id,
        "side": order.side.value,
        "price": decimal_of(order.price),
        "size": decimal_of(order.size),
        "stake": decimal_of(order.stake),
        "client_order_id": order.client_ref,
        "exchange_order_id": order.venue_ref,
        "exchange_outcome_id": order.instrument.ref,
        "status": order.status.value,
        "reason": order.reason,
        "matched_size": decimal_of(filled),
        "matched_stake": decimal_of(order.matched_stake),
        "matched_price": decimal_of(order.spent) / decimal_of(filled) if filled else None,
        "fees": decimal_of(order.fees),
        "settlement_status": "UNDECIDED",
        "bookmaker": owner.bookmaker,
        "bookmaker_outcome_price": decimal_of(order.hedge_odds) if order.hedge_odds else None,
        "bookmaker_outcome_limit": decimal_of(order.hedge_limit) if order.hedge_limit is not None else None,
        "is_adopted": order.is_adopted,
        "created_at": datetime_of_ms(order.created_ms),
        "placed_at": _moment(order.placed_ms),
        "matched_at": _moment(order.matched_ms),
        "closed_at": _moment(order.closed_ms),
    }


def _moment(ms: int | None) -> Any:
    return None if ms is None else datetime_of_ms(ms)


def _quote_row(quote: QuoteReason) -> Row:
    return {
        "order_id": quote.order_id,
        "at": datetime_of_ms(quote.at_ms),
        "action": quote.action,
        "side": quote.side,
        "price": decimal_of(quote.price),
        "size": decimal_of(quote.size),
        "break_even": decimal_of(quote.break_even),
        "edge": decimal_of(quote.edge),
        "why": quote.why(),
    }
