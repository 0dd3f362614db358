"""What a market pays under each of its results, and what is missing to make that equal.

All fills and hedges of one client in one market are a payout vector: V[i] is what is paid when outcome i wins. A
bought contract on A adds its size to V[A]; a sold one adds it to every other outcome; a hedge adds what it covers to
its own outcome. The market is hedged exactly when all entries are equal, whatever came from where: fills on several
exchanges, on YES and on NO, and hedges net by themselves. What is missing on i is max(V) − V[i].

A hedge that was raised to the bookmaker's minimum stake pays more than was needed. That surplus S[i] stays above the
others until a later need on i uses it; it raises no need elsewhere, for hedging it back would cost more than it risks
(at most half the minimum stake). So the maximum above is that of V − S.

Conservation, true after every event, for every outcome: matched = hedged + in flight + naked, none negative.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hedgerow.core.ids import OutcomeId
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import Side


@dataclass(slots=True)
class Matched:
    """One fill as the exposure sees it: micros of contracts, micros of money at risk."""

    key: object
    outcome_id: OutcomeId
    side: Side
    size: int
    stake: int
    unhedged: int = 0

    def pays_on(self, outcome_id: OutcomeId) -> bool:
        return (outcome_id == self.outcome_id) == (self.side is Side.BUY)


@dataclass(slots=True)
class Exposure:
    """The payout vector of one client in one market. Micros throughout."""

    outcomes: tuple[OutcomeId, ...]
    fills: list[Matched] = field(default_factory=list)
    paid: dict[OutcomeId, int] = field(default_factory=dict)  # by fills
    covered: dict[OutcomeId, int] = field(default_factory=dict)  # by accepted hedges
    in_flight: dict[OutcomeId, int] = field(default_factory=dict)  # by hedges whose answer is awaited
    surplus: dict[OutcomeId, int] = field(default_factory=dict)  # of what is covered, beyond every need
    missing: dict[OutcomeId, Micros] = field(default_factory=dict)  # payout not covered now, in flight or not sent
    _moved: dict[object, Matched] = field(default_factory=dict)  # fills whose unhedged part changed since last taken
    _naked_fills: int = 0  # fills of which a part is unhedged

    def add_fill(self, fill: Matched) -> None:
        """Adds a fill; all of it is naked until a hedge or an opposite fill covers it."""
        self.fills.append(fill)
        self._pay(fill, fill.size)
        self._attribute()

    def reverse_fill(self, key: object) -> Matched | None:
        """The exchange took a fill back; answers what it was, None when it is not known."""
        for fill in self.fills:
            if fill.key == key:
                self._pay(fill, -fill.size)
                self.fills.remove(fill)
                self._naked_fills -= fill.unhedged > 0
                self._attribute()
                return fill
        return None

    def sent(self, outcome_id: OutcomeId, covers: int) -> None:
        """A hedge left; until its answer is known its payout is in flight."""
        self.in_flight[outcome_id] = self.in_flight.get(outcome_id, 0) + covers

    def answered(self, outcome_id: OutcomeId, sent: int, covers: int) -> None:
        """A hedge's answer came: `sent` is no longer in flight, `covers` is covered (0: refused, more than `sent`: its
        stake was raised)."""
        self.in_flight[outcome_id] = self.in_flight.get(outcome_id, 0) - sent
        self.covered[outcome_id] = self.covered.get(outcome_id, 0) + covers
        if covers > sent:
            self.surplus[outcome_id] = self.surplus.get(outcome_id, 0) + covers - sent
        self._attribute()

    def called_off(self, outcome_id: OutcomeId, covers: int) -> None:
        """An accepted hedge was taken back by its bookmaker: what it covered is missing again."""
        self.answered(outcome_id, 0, -covers)

    def needs(self) -> dict[OutcomeId, Micros]:
        """The payout that new hedges must bring, by outcome; what is in flight counts as if it were accepted."""
        return self._short_of(self.payouts())

    def drawn(self, outcome_id: OutcomeId) -> int:
        """What is, or will be, taken of the bookmaker's limit on an outcome: sent already, or still needed."""
        return max(self.in_flight.get(outcome_id, 0), self.missing.get(outcome_id, 0))

    def payouts(self) -> dict[OutcomeId, int]:
        """What is paid when each outcome wins; what is in flight counts as if it were accepted."""
        return {i: self._settled(i) + self.in_flight.get(i, 0) for i in self.outcomes}

    @property
    def unhedged_stake(self) -> Micros:
        """The money at risk in fills, or parts of them, that nothing covers."""
        return Micros(sum(fill.stake * fill.unhedged // fill.size for fill in self.fills if fill.unhedged))

    @property
    def is_flat(self) -> bool:
        return not self.missing

    def take_moved(self) -> list[Matched]:
        """The fills whose unhedged part has changed since this was last asked."""
        moved, self._moved = list(self._moved.values()), {}
        return moved

    def _attribute(self) -> None:
        """Says what is missing, and which fills it belongs to.

        What every outcome pays is complete: it comes back whatever happens. An outcome's payout beyond that, its
        surplus left aside, is naked, and belongs to the latest fills that pay on it, since covers are used up oldest
        first. A fill that pays on several outcomes is naked as far as the most naked of them.
        """
        totals = {i: self._settled(i) for i in self.outcomes}
        least = min(totals.values(), default=0)
        for outcome_id, surplus in self.surplus.items():
            self.surplus[outcome_id] = min(surplus, totals[outcome_id] - least)  # the rest was used
        self.missing = self._short_of(totals)
        naked = {i: excess for i, total in totals.items() if (excess := self._needed(i, total) - least) > 0}
        left = self._naked_fills
        for fill in reversed(self.fills):
            if not left and not any(naked.values()):
                break  # what is older was covered, and stays so
            paid_on = [i for i in naked if fill.pays_on(i)]
            share = min(fill.size, max((naked[i] for i in paid_on), default=0))
            for i in paid_on:
                naked[i] = max(0, naked[i] - share)
            if fill.unhedged:
                left -= 1
            if fill.unhedged != share:
                self._naked_fills += (share > 0) - (fill.unhedged > 0)
                fill.unhedged = share
                self._moved[fill.key] = fill

    def _short_of(self, totals: dict[OutcomeId, int]) -> dict[OutcomeId, Micros]:
        """What the others pay less than the one that pays most, its surplus left aside."""
        most = max((self._needed(i, total) for i, total in totals.items()), default=0)
        return {i: Micros(most - total) for i, total in totals.items() if total < most}

    def _needed(self, outcome_id: OutcomeId, total: int) -> int:
        return total - self.surplus.get(outcome_id, 0)

    def _pay(self, fill: Matched, size: int) -> None:
        for outcome_id in self.outcomes:
            if fill.pays_on(outcome_id):
                self.paid[outcome_id] = self.paid.get(outcome_id, 0) + size

    def _settled(self, outcome_id: OutcomeId) -> int:
        return self.paid.get(outcome_id, 0) + self.covered.get(outcome_id, 0)


def hedge_covers(*, needs: int, stake: int, requested: int, odds: int, half_unit: int) -> int:
    """The payout that an accepted hedge counts for. All in micros.

    needs: what it was sent to cover; stake, odds: what was taken; requested: the odds it was sent at; half_unit: half
    of the smallest stake. A stake is rounded to the currency's smallest unit, so its payout misses `needs` by up to
    half a unit × odds: that is rounding, and the need counts as covered. Better odds than requested pay more: the
    surplus is profit, not risk, and is not hedged back. A stake that was raised to the bookmaker's minimum counts in
    full.
    """
    pays = stake * odds // MICRO
    if stake > needs * MICRO // requested + half_unit + 1:
        return pays
    return needs if pays + half_unit * odds // MICRO + 1 >= needs else pays
