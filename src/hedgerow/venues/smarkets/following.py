"""What changed between one look and the next: the venue has no stream, but a ledger that is read on from a place.

Without I/O: the rows that are new become fills and states of orders, contracts that are watched become changes of
markets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hedgerow.core.states import SettlementStatus
from hedgerow.venues.base import ExchangeEvent, Fill, Instrument, MarketChange, OrderState
from hedgerow.venues.smarkets import wire
from hedgerow.venues.smarkets.ledger import CONFIRM, EXECUTE, ORDER_SOURCES, VOID, Story, place_of, trade_ref
from hedgerow.venues.smarkets.parse import OPEN_STATES, RESULTS


def touched(rows: Iterable[wire.Row]) -> list[str]:
    """The orders that the rows are about."""
    found = (row.order_id for row in rows if row.source in ORDER_SOURCES and row.order_id)
    return list(dict.fromkeys(found))


def news(
    rows: Sequence[wire.Row],
    stories: Mapping[str, Story],
    listed: Mapping[str, OrderState],
    taken: Mapping[str, int],
) -> list[ExchangeEvent]:
    """Fills in the order of their rows, then the states of their orders.

    stories, listed: of the orders that the rows are about, whole, by the ledger and by the list, which goes first;
    taken: what was matched when an order was placed, where that is known.
    """
    told: list[ExchangeEvent] = []
    new = {trade_ref(place_of(row)) for row in rows if row.source == EXECUTE}
    for row in rows:
        story = stories.get(row.order_id or "")
        fill = None if story is None else _fill(row, story, taken.get(story.order_id))
        if fill is not None and (row.source == EXECUTE or fill.trade_ref not in new):
            told.append(fill)
    states = {order_id: story.state for order_id, story in stories.items()} | dict(listed)
    told += [states[order_id] for order_id in touched(rows) if order_id in states]
    return told


def _fill(row: wire.Row, story: Story, taken: int | None) -> Fill | None:
    """The fill that a row brings, or decides."""
    if row.source not in (EXECUTE, CONFIRM, VOID):
        return None
    place = place_of(row)
    for one, fill in zip(story.executions, story.fills(taken), strict=True):
        if place in (one.place, one.decided):
            return fill
    return None


class MarketView:
    """The contracts that are watched: open or not, and how they ended."""

    def __init__(self) -> None:
        self._watched: dict[str, Instrument] = {}
        self._open: dict[str, bool] = {}
        self._ended: dict[str, SettlementStatus] = {}

    def watch(self, instruments: Sequence[Instrument]) -> None:
        """These, in place of those before."""
        self._watched = {instrument.ref: instrument for instrument in instruments}
        self._open = {ref: is_open for ref, is_open in self._open.items() if ref in self._watched}
        self._ended = {ref: status for ref, status in self._ended.items() if ref in self._watched}

    @property
    def market_refs(self) -> list[str]:
        return list(dict.fromkeys(instrument.market_ref for instrument in self._watched.values()))

    def take(self, contracts: Iterable[wire.Contract]) -> list[ExchangeEvent]:
        """What is news. A contract that is seen for the first time and is open is none."""
        told: list[ExchangeEvent] = []
        for contract in contracts:
            if contract.id in self._watched:
                told += self._change(contract.id, contract.state_or_outcome)
        return told

    def _change(self, ref: str, state: str) -> list[ExchangeEvent]:
        status, is_open = RESULTS.get(state), state in OPEN_STATES
        was_open, self._open[ref] = self._open.get(ref, True), is_open
        if status is not None and self._ended.get(ref) is not status:
            self._ended[ref] = status
            return [MarketChange(ref, is_open=False, resolution=status)]
        return [MarketChange(ref, is_open)] if is_open is not was_open else []
