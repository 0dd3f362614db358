"""Keeps warm what the way from a tick to an order takes, by going it again and again up to where something would leave.

A tick comes rarely, measured by a processor's time: until the next one others have used its caches, and each step takes
several times what it takes warm. A rehearsal works out one place's quote and signs an order of it, as a tick would, or
it plans the hedge of a fill and makes its bets; then it drops them. It changes nothing, notes nothing and sends
nothing. docs/decisions/0296.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import structlog

from hedgerow.mm.engine import Engine
from hedgerow.mm.market import Place, TradedMarket

_log = structlog.get_logger(__name__)


class Rehearsal:
    """Calls for one step each."""

    def __init__(self, engines: Callable[[], Iterable[Engine]]) -> None:
        """engines: of this process, now."""
        self._engines = engines
        self._round: Iterator[tuple[Engine, TradedMarket, Place | None]] = iter(())
        self._is_over = False

    def __call__(self) -> None:
        """Rehearses the next place's quote, or the next market's hedge. An error is told once and is the end of it: no
        order depends on it."""
        if self._is_over:
            return
        try:
            step = next(self._round, None)
            if step is None:
                self._round = iter([*self._steps()])
            else:
                engine, market, place = step
                engine.rehearse(market, place)
        # Whatever it is: no order depends on a rehearsal, and it would be told a thousand times a second.
        except Exception:
            self._is_over = True
            _log.exception("rehearsals have ended")

    def _steps(self) -> Iterator[tuple[Engine, TradedMarket, Place | None]]:
        for engine in self._engines():
            for trader in engine.traders.values():
                for market in trader.markets.values():
                    for place in (*market.places, None):
                        yield engine, market, place
