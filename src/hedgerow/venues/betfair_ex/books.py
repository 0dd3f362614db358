"""The watched markets, from the stream: whether they are open, how they end, and the best odds of each selection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from hedgerow.venues.base import MarketChange
from hedgerow.venues.betfair_ex import markets, parse, wire


@dataclass(slots=True)
class _Runner:
    """Stakes by odds: what can be backed (`atb`), what can be laid (`atl`)."""

    atb: dict[Decimal, Decimal] = field(default_factory=dict)
    atl: dict[Decimal, Decimal] = field(default_factory=dict)

    def take(self, change: wire.RunnerChange) -> None:
        for ladder, rows in ((self.atb, change.atb), (self.atl, change.atl)):
            for odds, stake in rows or ():
                if stake:
                    ladder[odds] = stake
                else:
                    ladder.pop(odds, None)


@dataclass(slots=True)
class _Market:
    status: str = ""
    is_seen: bool = False
    runners: dict[int, _Runner] = field(default_factory=dict)
    ended: dict[int, str] = field(default_factory=dict)


class Books:
    """Of the markets that are watched; empty for others."""

    def __init__(self) -> None:
        self._refs: tuple[str, ...] = ()
        self._markets: dict[str, _Market] = {}

    def watch(self, refs: Iterable[str]) -> None:
        """These selections, in place of those before."""
        self._refs = tuple(ref for ref in dict.fromkeys(refs) if parse.parts_of(ref) is not None)
        self._markets = {market_id: self._markets.get(market_id) or _Market() for market_id in self.market_ids}

    @property
    def market_ids(self) -> list[str]:
        return list(dict.fromkeys(ref.partition(":")[0] for ref in self._refs))

    def forget(self) -> None:
        """What is known is old: nothing is said of books until new pictures come."""
        for market in self._markets.values():
            market.is_seen = False

    def best(self, ref: str) -> tuple[Decimal | None, Decimal | None] | None:
        """The best odds to back and to lay; None where the book is not followed."""
        market_id, _, selection = ref.partition(":")
        market = self._markets.get(market_id)
        if market is None or not market.is_seen:
            return None
        runner = market.runners.get(int(selection)) or _Runner()
        return max(runner.atb, default=None), min(runner.atl, default=None)

    def take(self, change: wire.MarketChange) -> list[MarketChange]:
        """Takes a change over; answers what it changes of the watched selections."""
        market = self._markets.get(change.id)
        if market is None:
            return []
        if change.img:
            market.runners.clear()
            market.is_seen = True
        for row in change.rc or ():
            market.runners.setdefault(row.id, _Runner()).take(row)
        definition = change.market_definition
        return [] if definition is None else self._defined(change.id, market, definition)

    def _defined(self, market_id: str, market: _Market, definition: wire.Definition) -> list[MarketChange]:
        ended = {runner.id: runner.status for runner in definition.runners}
        if (market.status, market.ended) == (definition.status, ended):
            return []
        market.status, market.ended = definition.status, ended
        found = []
        for ref in self._refs:
            own, _, selection = ref.partition(":")
            if own == market_id:
                result = markets.ended(definition.status, ended.get(int(selection), ""))
                found.append(MarketChange(ref, definition.status == markets.OPEN, resolution=result))
        return found
