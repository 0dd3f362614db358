"""The journal: everything is written, in bounded pieces, and nothing else waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from hedgerow.core.ids import ClientName, FixtureId, MarketId, OutcomeId, PlayerId, VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import OrderStatus, Side
from hedgerow.core.tasks import spawn
from hedgerow.mm.journal import Journal, Owner, QuoteReason
from hedgerow.mm.orders import Order
from hedgerow.mm.repository import Repository
from hedgerow.storage.database import StorageError
from hedgerow.venues.base import Instrument

KALSHI = VenueSlug("kalshi")
INSTRUMENT = Instrument(KALSHI, "T-1", "M-1", PriceGrid.probability(10_000))
OWNER = Owner(
    ClientName("demo"), 1, KALSHI, VenueSlug("bridge"), FixtureId("f"), MarketId(121), OutcomeId(121), PlayerId(0)
)
MANY = 450


class Rows:
    """A repository, and what each of its transactions wrote. While `is_down` there are none."""

    def __init__(self) -> None:
        self.transactions: list[tuple[int, int]] = []  # orders, reasons
        self.orders: dict[int, str] = {}
        self.quotes: list[int] = []
        self.is_down = False

    async def save_orders(self, orders: Sequence[Mapping[str, Any]], quotes: Sequence[Mapping[str, Any]]) -> None:
        if self.is_down:
            raise StorageError("away")
        await asyncio.sleep(0)
        self.transactions.append((len(orders), len(quotes)))
        self.orders |= {row["order_id"]: row["status"] for row in orders}
        self.quotes += [row["order_id"] for row in quotes]


def _journal(rows: Rows) -> Journal:
    return Journal(cast(Repository, rows))


def _order(number: int) -> Order:
    return Order(number, f"ref-{number}", INSTRUMENT, Side.BUY, Micros(450_000), Micros(MICRO), 0)


def _note(journal: Journal, number: int) -> Order:
    order = _order(number)
    journal.changed(order, OWNER)
    journal.quoted(QuoteReason(number, 0, "place", "buy", 450_000, MICRO, 460_000, 0, dict))
    return order


async def test_however_much_waits_it_is_written_in_bounded_transactions() -> None:
    rows = Rows()
    journal = _journal(rows)
    for number in range(MANY):
        _note(journal, number)
    await journal.flush()
    assert (list(rows.orders), rows.quotes) == (list(range(MANY)), list(range(MANY)))
    assert max(max(sizes) for sizes in rows.transactions) <= 200


async def test_while_rows_are_made_others_have_their_turns() -> None:
    rows, turns = Rows(), 0
    journal = _journal(rows)
    for number in range(200):
        _note(journal, number)

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = spawn(other(), "beside")
    await journal.flush()
    beside.cancel()
    assert turns >= 200 * 2 // 20


async def test_change_while_rows_are_made_is_written_too() -> None:
    rows = Rows()
    journal = _journal(rows)
    order = _note(journal, 1)
    writing = spawn(journal.flush(), "flush")
    await asyncio.sleep(0)  # the row is made
    order.move_to(OrderStatus.PLACED, 1)
    journal.changed(order, OWNER)
    await writing
    assert rows.orders == {1: "PLACED"}
    await journal.flush()  # a writer would: it was told of the change after it had begun


async def test_nothing_is_lost_while_the_database_is_away() -> None:
    rows = Rows()
    rows.is_down = True
    journal = _journal(rows)
    first = _note(journal, 1)
    with pytest.raises(StorageError):
        await journal.flush()
    first.move_to(OrderStatus.PLACED, 1)
    _note(journal, 2)
    rows.is_down = False
    await journal.flush()
    assert (rows.orders, rows.quotes) == ({1: "PLACED", 2: "PENDING_PLACEMENT"}, [1, 2])


async def test_oldest_reasons_beyond_the_bound_are_dropped_and_the_log_says_how_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hedgerow.mm.journal.MOST_QUOTES_WAITING", 100)
    rows = Rows()
    journal = _journal(rows)
    rows.is_down = True
    for number in range(120):
        _note(journal, number)
    with pytest.raises(StorageError):
        await journal.flush()
    _note(journal, 120)
    rows.is_down = False
    with capture_logs() as logs:
        await journal.flush()
        await journal.flush()
    assert rows.quotes == list(range(21, 121))
    assert len(rows.orders) == 121
    assert [log["quotes"] for log in logs] == [21]
