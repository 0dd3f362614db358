"""What a Betfair market looks like at one moment of its recording: ladders, trades, last prices of each runner."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hedgerow.core.states import Side
from hedgerow.sim.recordings.betfair_wire import Level, Place, RunnerChange
from hedgerow.sim.recordings.odds_rule import DEPTH_LEVELS, RunnerBook

# BASIC files say neither how much was traded nor who took: each change of the last price stands for this payout.
NOMINAL_PAYOUT = Decimal(20)


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade that the recording shows. payout: what the winner of it gets, the market's money. side: who took."""

    odds: Decimal
    payout: Decimal
    side: Side


class Ladder:
    """One side of a runner's book: every price, or the best few places where only those were recorded."""

    def __init__(self, *, best_is_highest: bool) -> None:
        self._best_is_highest = best_is_highest
        self._amounts: dict[Decimal, Decimal] = {}
        self._places: dict[int, Level] = {}

    def apply(self, levels: list[Level] | None, places: list[Place] | None) -> None:
        """Takes changes in; whole ladders count where a file has both."""
        for odds, amount in levels or ():
            if amount:
                self._amounts[odds] = amount
            else:
                self._amounts.pop(odds, None)
        for position, odds, amount in places or ():
            if amount:
                self._places[position] = odds, amount
            else:
                self._places.pop(position, None)

    def clear(self) -> None:
        self._amounts.clear()
        self._places.clear()

    @property
    def best(self) -> Decimal | None:
        offered = self._offered()
        if not offered:
            return None
        return max(offered) if self._best_is_highest else min(offered)

    def depth(self) -> Decimal:
        """Money in the best levels."""
        offered = self._offered()
        best = sorted(offered, reverse=self._best_is_highest)[:DEPTH_LEVELS]
        return sum((offered[odds] for odds in best), Decimal(0))

    def _offered(self) -> dict[Decimal, Decimal]:
        return self._amounts or dict(self._places.values())


class RunnerState:
    """Everything known of one runner."""

    def __init__(self) -> None:
        self.to_back = Ladder(best_is_highest=True)
        self.to_lay = Ladder(best_is_highest=False)
        self._traded: dict[Decimal, Decimal] = {}
        self._volume: Decimal | None = None
        self._last_odds: Decimal | None = None
        self._last_side = Side.BUY
        self._heard_at = 0

    def clear(self) -> None:
        """Before an image: what was known is replaced."""
        self.to_back.clear()
        self.to_lay.clear()
        self._traded.clear()
        self._volume = None

    def book(self) -> RunnerBook:
        return RunnerBook(self.to_back.best, self.to_lay.best, self._last_odds, self._heard_at)

    def depth(self) -> Decimal:
        return self.to_back.depth() + self.to_lay.depth()

    def apply(self, change: RunnerChange, number: int, *, is_image: bool) -> list[Trade]:
        """Takes a change in and says what was traded. number: the message's, rising. An image shows no new trades."""
        back, lay = self.to_back.best, self.to_lay.best  # what a taker met
        trades = [self._trade(odds, payout, back, lay) for odds, payout in self._new_trades(change) if not is_image]
        self.to_back.apply(change.atb, change.batb)
        self.to_lay.apply(change.atl, change.batl)
        if change.ltp is not None:
            self._last_odds, self._heard_at = change.ltp, number
        return trades

    def _new_trades(self, change: RunnerChange) -> list[tuple[Decimal, Decimal]]:
        """(odds, payout) of what the change adds: by price where that is recorded, else by volume or last price.

        Recorded volumes count the stakes of both sides, so half of them times the odds is paid out.
        """
        if change.trd is not None:
            return self._new_by_price(change.trd)
        odds = change.ltp or self._last_odds
        if self._traded or odds is None:
            return []
        if change.tv is not None:
            before, self._volume = self._volume, change.tv
            return [(odds, (change.tv - before) / 2 * odds)] if before is not None and change.tv > before else []
        is_basic = change.ltp is not None and self._volume is None and self.to_back.best is self.to_lay.best is None
        return [(odds, NOMINAL_PAYOUT)] if is_basic else []

    def _new_by_price(self, traded: list[Level]) -> list[tuple[Decimal, Decimal]]:
        new = []
        for odds, amount in traded:
            more = amount - self._traded.get(odds, Decimal(0))
            self._traded[odds] = amount
            if more > 0:  # less: trades were voided
                new.append((odds, more / 2 * odds))
        return new

    def _trade(self, odds: Decimal, payout: Decimal, back: Decimal | None, lay: Decimal | None) -> Trade:
        """Who took: the side of the book that the price was on, else the direction of the price (tick rule)."""
        if back is not None and odds <= back:
            side = Side.BUY
        elif lay is not None and odds >= lay:
            side = Side.SELL
        elif self._last_odds is not None and odds != self._last_odds:
            side = Side.BUY if odds < self._last_odds else Side.SELL
        else:
            side = self._last_side
        self._last_side = side
        return Trade(odds, payout, side)
