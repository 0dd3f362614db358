"""What a bookmaker says of one market over time: only what is new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hedgerow.core.ids import FixtureId, OutcomeKey
from hedgerow.sim.events import OddsEvent, Price, ReplayEvent, SuspendEvent


class BookmakerVoice:
    """Turns the offer of each moment into events: prices that changed, and stopping and going on."""

    def __init__(self, fixture_id: FixtureId, bookmaker: str) -> None:
        self._fixture_id, self._bookmaker = fixture_id, bookmaker
        self._said: dict[OutcomeKey, Price] = {}
        self._is_suspended = False

    def say(self, at_ns: int, prices: Sequence[Price] | None) -> Iterator[ReplayEvent]:
        """prices: the offer now; None while nothing is offered. Before the first offer nothing is said."""
        if prices is None:
            if self._said and not self._is_suspended:
                self._is_suspended = True
                yield SuspendEvent(at_ns, self._fixture_id, self._bookmaker, suspended=True)
            return
        changed = tuple(price for price in prices if self._said.get(price.outcome) != price)
        if changed:
            self._said.update((price.outcome, price) for price in changed)
            yield OddsEvent(at_ns, self._fixture_id, self._bookmaker, changed)
        if self._is_suspended:
            self._is_suspended = False
            yield SuspendEvent(at_ns, self._fixture_id, self._bookmaker, suspended=False)
