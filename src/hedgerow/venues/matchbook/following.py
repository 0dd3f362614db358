"""What changed between one look at the account, or at markets, and the next: the venue has no stream.

Without I/O: `OfferView` gets the offers that changed of late, as often as somebody asks, and says what nobody was told
yet; `MarketView` the same of the markets that are watched. The list has no sequence, so that rows are compared.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence

from hedgerow.core.states import SettlementStatus
from hedgerow.venues.base import ExchangeEvent, Fill, Instrument, MarketChange, OrderState
from hedgerow.venues.matchbook import wire
from hedgerow.venues.matchbook.listing import EVENT, OPEN
from hedgerow.venues.matchbook.parse import fills, identity, order_state

_MOST_OFFERS, _MOST_FILLS = 20_000, 50_000

GRADED = frozenset({"graded", "paid"})
_RESULTS_ASKED = 20
"""How often the result of a graded market is asked for; where the account has no bets it is never told."""


class OfferView:
    """The account's offers as they were last told."""

    def __init__(self) -> None:
        self._states: OrderedDict[str, OrderState] = OrderedDict()
        self._fills: OrderedDict[Fill, None] = OrderedDict()
        self._expected: OrderedDict[str, None] = OrderedDict()

    @property
    def has_open(self) -> bool:
        """Whether an offer may change by itself."""
        latest_first = reversed(self._states.values())  # what is open is among the last of a day's thousands
        return bool(self._expected) or any(state.status.is_open for state in latest_first)

    @property
    def open_refs(self) -> set[str]:
        """The offers that may change by themselves, by the venue's id."""
        return {*self._expected, *(ref for ref, state in self._states.items() if state.status.is_open)}

    def forget(self, refs: Iterable[str]) -> None:
        """The venue does not list these any more: they changed unseen."""
        for ref in refs:
            self._expected.pop(ref, None)
            self._states.pop(ref, None)

    def expect(self, state: OrderState) -> None:
        """The answer to a request told an offer, which the list has to tell yet."""
        self._expected[state.venue_ref] = None
        while len(self._expected) > _MOST_OFFERS:
            self._expected.popitem(last=False)

    def take(self, rows: Iterable[wire.Offer]) -> list[ExchangeEvent]:
        """What is new in the rows: fills, then the state of their offer. Raises MalformedError; then what could be
        read before is new the next time too."""
        told: list[ExchangeEvent] = []
        seen: list[tuple[OrderState, list[Fill]]] = []
        for row in rows:
            state, matched = order_state(row), fills(row)
            told += [fill for fill in matched if fill not in self._fills]
            if self._states.get(state.venue_ref) != state:
                told.append(state)
            seen.append((state, matched))
        for state, matched in seen:
            self._keep(state, matched)
        return told

    def _keep(self, state: OrderState, matched: Sequence[Fill]) -> None:
        self._expected.pop(state.venue_ref, None)
        self._states[state.venue_ref] = state
        self._states.move_to_end(state.venue_ref)
        self._fills.update(dict.fromkeys(matched))
        while len(self._states) > _MOST_OFFERS:
            self._states.popitem(last=False)
        while len(self._fills) > _MOST_FILLS:
            self._fills.popitem(last=False)


class MarketView:
    """The markets that are watched: open or not, and how their runners ended."""

    def __init__(self) -> None:
        self._watched: dict[str, Instrument] = {}
        self._open: dict[str, bool] = {}
        self._ended: dict[str, SettlementStatus] = {}
        self._asked: dict[str, int] = {}

    def watch(self, instruments: Sequence[Instrument]) -> None:
        """These, in place of those before; one that was not listed yet, so that its event is not known, is left out."""
        self._watched = {instrument.ref: instrument for instrument in instruments if EVENT in instrument.meta}
        self._open = {ref: is_open for ref, is_open in self._open.items() if ref in self._watched}
        self._ended = {ref: status for ref, status in self._ended.items() if ref in self._watched}
        self._asked.clear()

    @property
    def watched(self) -> list[Instrument]:
        return list(self._watched.values())

    def take(self, events: Iterable[wire.Event]) -> list[ExchangeEvent]:
        """Markets that opened or shut since the last look. What is seen for the first time and is open is no news."""
        told: list[ExchangeEvent] = []
        for event in events:
            for market in event.markets or ():
                told += self._changes(event, market)
        return told

    def _changes(self, event: wire.Event, market: wire.Market) -> list[ExchangeEvent]:
        told: list[ExchangeEvent] = []
        for runner in market.runners:
            ref = identity(runner.id, "runner id")
            if ref not in self._watched:
                continue
            is_open = OPEN == event.status == market.status == runner.status
            if self._open.get(ref, True) is not is_open:
                told.append(MarketChange(ref, is_open))
            self._open[ref] = is_open
        return told

    def to_ask_for(self, events: Iterable[wire.Event]) -> list[Instrument]:
        """The watched contracts of graded markets whose result is not known, while asking for it makes sense."""
        graded = {
            identity(market.id, "market id")
            for event in events
            for market in event.markets or ()
            if market.status in GRADED
        }
        found = [
            instrument
            for ref, instrument in self._watched.items()
            if instrument.market_ref in graded and ref not in self._ended and self._asked.get(ref, 0) < _RESULTS_ASKED
        ]
        for instrument in found:
            self._asked[instrument.ref] = self._asked.get(instrument.ref, 0) + 1
        return found

    def note_results(self, results: Mapping[str, SettlementStatus]) -> list[ExchangeEvent]:
        """How contracts ended, by their reference."""
        new = {ref: status for ref, status in results.items() if self._ended.get(ref) is not status}
        self._ended.update(new)
        return [MarketChange(ref, is_open=False, resolution=status) for ref, status in new.items()]
