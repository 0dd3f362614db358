"""Takers: every trade of a recording brings somebody to a simulated exchange. docs/decisions/0015 explains the rule.

A taker wants the same outcome in the same direction, at the trade's probability or up to `reach` worse, because those
who take on prediction markets pay the spread. He arrives a moment after the trade, at one exchange. Everything that is
left to chance is decided by the seed.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.core.clock import NS_PER_MS
from hedgerow.core.ids import OutcomeKey
from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.sim.events import ReplayEvent, TradeEvent

_LOWEST_PRICE, _HIGHEST_PRICE = 1_000, MICRO - 1_000


@dataclass(frozen=True, slots=True)
class TakerRules:
    """How trades become takers. Prices are micros of probability, sizes whole contracts."""

    reach: int = 20_000  # how much worse than the trade a taker accepts
    share: Decimal = Decimal("0.25")  # of a trade's size, since the recorded market is larger than an exchange
    most: int = 100  # the largest taker
    delay_ns: int = 500 * NS_PER_MS  # people are slower than machines


@dataclass(frozen=True, slots=True)
class TakerOrder:
    """One taker at one exchange: wants up to `size` micros of contracts, at `limit` micros or better."""

    at_ns: int
    exchange: str
    outcome: OutcomeKey
    side: Side
    limit: int
    size: int


class Takers:
    """Makes takers of trades, in the order of the trades."""

    def __init__(self, exchanges: Sequence[str], seed: int, rules: TakerRules | None = None) -> None:
        """exchanges: slugs among which each taker chooses; without any nobody comes."""
        self._exchanges, self._rules = tuple(exchanges), rules or TakerRules()
        self._dice = random.Random(seed)

    def of(self, trade: TradeEvent) -> TakerOrder | None:
        """The taker of a trade; None for a trade too small for a whole contract this time."""
        if not self._exchanges:
            return None
        exchange = self._dice.choice(self._exchanges)
        contracts = min(self._whole(trade.size), self._rules.most)
        if not contracts:
            return None
        worse = self._rules.reach if trade.side is Side.BUY else -self._rules.reach
        limit = min(_HIGHEST_PRICE, max(_LOWEST_PRICE, trade.price + worse))
        return TakerOrder(
            trade.at_ns + self._rules.delay_ns, exchange, trade.outcome, trade.side, limit, contracts * MICRO
        )

    def _whole(self, size: int) -> int:
        """The scaled size in whole contracts; the rest of a contract is one as often as it is large."""
        whole, rest = divmod(int(size * self._rules.share), MICRO)
        return whole + (self._dice.randrange(MICRO) < rest)


Action = ReplayEvent | TakerOrder


def with_takers(events: Iterable[ReplayEvent], takers: Takers) -> Iterator[Action]:
    """The events with each trade replaced by its taker, oldest first; at one time events come before takers."""
    coming: deque[TakerOrder] = deque()  # all are late by the same time, so they stay in order
    for event in events:
        while coming and coming[0].at_ns < event.at_ns:
            yield coming.popleft()
        if isinstance(event, TradeEvent):
            taker = takers.of(event)
            if taker is not None:
                coming.append(taker)
        else:
            yield event
    yield from coming
