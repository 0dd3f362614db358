"""How a market can end, on both sides of a hedged fill, and which prices surely lose at none of its ends.

A fill and its hedge are on the same market: the same question, the same line. Where every result makes one outcome win
and the others lose, equal payouts settle it (`mm.pricing`). A line that can be hit exactly, or half, has more results:

- a bookmaker gives the stake back (a push), and settles a quarter line as two bets of half the stake on its neighbours.
  Source: the feed sheet's table of payouts; Asian handicap rules as all bookmakers publish them;
- an exchange may do the same; then fill and hedge come back together, wholly or by half, and what is left is half of
  what a decided end earns: never a loss where the decided ends are none. A commission on winnings shrinks with them; a
  fee that was charged for the fill is gone all the same, which nothing earns back, so that no price is proved;
- or it pays a fixed price for a contract of either side. A push then gives the hedge's stake back and v for a contract
  that cost p, so that a bid above v, and an ask below 1 − v, lose;
- or nothing is known of it: then no price is proved.
"""

from __future__ import annotations

from decimal import Decimal

from hedgerow.core.money import MICRO, micros
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.venues.base import Fee, Manifest, PushRule

Grades = tuple[SettlementStatus, ...]
"""One result of a market: the grade of every outcome, in the market's order."""

_WON, _LOST, _VOID = SettlementStatus.WON, SettlementStatus.LOST, SettlementStatus.VOID

# Markets of which exactly one outcome wins, whatever the score, by type and number of outcomes.
_ONE_WINS = frozenset({("moneyline", 2), ("1x2", 3), ("bothteamsscore", 2), ("oddeven", 2)})
_NEAREST_GRADE = {
    Decimal("0.25"): SettlementStatus.HALF_WON,
    Decimal("0.75"): SettlementStatus.HALF_LOST,
    Decimal(0): _VOID,
}


def results_of(market_type: str, line: Decimal | None, outcomes: int) -> tuple[Grades, ...] | None:
    """Every way in which a market can end, as bookmakers grade its outcomes; None where that is not known.

    line: of a total, or participant 1's of a spread. A match that is called off is no result: then every bet and
    contract is void by its own venue's rules, whatever its price.
    """
    if (market_type, outcomes) in _ONE_WINS:
        return tuple(tuple(_WON if i == winner else _LOST for i in range(outcomes)) for winner in range(outcomes))
    if outcomes != 2:
        return None
    decided = ((_WON, _LOST), (_LOST, _WON))
    match market_type:
        case "drawnobet":
            return (*decided, (_VOID, _VOID))
        case "totals" | "spreads" if line is not None:
            # By how much the first outcome is ahead of its line: a score is whole, so the line alone says what is left.
            ahead = ((-line if market_type == "totals" else line) % 1 + 1) % 1  # a Decimal's remainder has its sign
            if ahead == Decimal("0.5"):
                return decided
            nearest = _NEAREST_GRADE.get(ahead)
            return None if nearest is None else (*decided, (nearest, nearest.mirrored))
        case _:
            return None


def safe_price(results: tuple[Grades, ...] | None, manifest: Manifest, fee: Fee, side: Side) -> int | None:
    """The highest bid, or lowest ask, in micros, at which no result but a decided one can lose; None: no price is safe.

    results: of the market; fee: of a fill. Beyond it a quote is kept by break-even alone, which looks after the decided
    ones.
    """
    if results is None:
        return None
    undecided = {grade for grades in results for grade in grades} - {_WON, _LOST}
    whatever = MICRO if side is Side.BUY else 0
    if not undecided:
        return whatever
    if manifest.push is PushRule.STAKE_BACK:
        return whatever if fee.on_winnings or not fee.rate else None
    if manifest.push is PushRule.VOID_PAYS and manifest.void_pays is not None and undecided == {_VOID}:
        pays = micros(manifest.void_pays)
        return pays if side is Side.BUY else MICRO - pays
    return None
