"""What a settled bet pays, backed or laid, and whether a bookmaker's word on it is ours. Exact, pure.

A back bet of stake s at price p pays s·p WON, s VOID or PUSH, s/2·p + s/2 HALF_WON, s/2 HALF_LOST, 0 LOST, and what the
bookmaker says CASHOUT; a lay bet is the mirror image on its liability s·(p − 1). An exchange's commission is taken from
net winnings. What is paid is rounded down to the currency's unit, a commission up, as bookmakers do it.
Source: contract, Settlement.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from hedgerow.core.states import BetSettlement, SettlementStatus
from hedgerow.execution.amounts import Currency, ceiled, floored
from hedgerow.execution.settlement import back_payout

_DECIDED = {
    BetSettlement.WON: SettlementStatus.WON,
    BetSettlement.LOST: SettlementStatus.LOST,
    BetSettlement.VOID: SettlementStatus.VOID,
    BetSettlement.PUSH: SettlementStatus.VOID,
    BetSettlement.HALF_WON: SettlementStatus.HALF_WON,
    BetSettlement.HALF_LOST: SettlementStatus.HALF_LOST,
}


_ALIKE = frozenset({BetSettlement.VOID, BetSettlement.PUSH})
"""Two names for a stake that comes back."""


@dataclass(frozen=True, slots=True)
class Wager:
    """A bet as it was taken. stake: the backer's, also of a lay bet; price > 1; at_risk: what it took from the balance;
    commission_rate: 0..1, what the account pays of net winnings."""

    stake: Decimal
    price: Decimal
    at_risk: Decimal
    currency: Currency
    is_back: bool = True
    commission_rate: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a bet ended, by whose word. payout: what came back, the commission taken."""

    settlement: BetSettlement
    payout: Decimal
    commission: Decimal
    by: Literal["bookmaker", "feed", "operator"]


def grade_of(status: SettlementStatus, *, is_push: bool, is_back: bool) -> BetSettlement:
    """A bet's settlement by what the feed decided about its outcome."""
    if status is SettlementStatus.UNDECIDED:
        return BetSettlement.UNSETTLED
    if is_push:
        return BetSettlement.PUSH
    return BetSettlement((status if is_back else status.mirrored).value)


def graded(wager: Wager, settlement: BetSettlement, by: Literal["feed", "operator"] = "feed") -> Verdict | None:
    """What the bet pays by our own reckoning; None where only the bookmaker can say."""
    back = money_back(settlement, wager.stake, wager.price, is_back=wager.is_back)
    if back is None:
        return None
    # A stake that comes back comes back whole, whatever its digits.
    paid = wager.at_risk if settlement in _ALIKE else floored(back, wager.currency.unit)
    kept = commission(paid, wager.at_risk, wager.commission_rate, wager.currency)
    return Verdict(settlement, paid - kept, kept, by)


def dissent(settlement: BetSettlement, feed: BetSettlement | None) -> str | None:
    """In what a bookmaker's result differs from the feed's grade; None where it does not. A cash-out is nobody else's
    to judge."""
    if feed is None or settlement in (feed, BetSettlement.CASHOUT) or {feed, settlement} <= _ALIKE:
        return None
    return f"the feed says {feed.value}"


def wrong_amount(wager: Wager, verdict: Verdict) -> str | None:
    """In what a bookmaker's amount differs from what its own result pays, by more than its rounding; None where it does
    not."""
    ours = graded(wager, verdict.settlement)
    if ours is None or abs(ours.payout - verdict.payout) <= wager.currency.unit:
        return None
    gross = verdict.payout + verdict.commission
    if abs(ours.payout + ours.commission - gross) <= wager.currency.unit:
        return None  # the bookmaker's commission is another than the account's rate
    return f"{verdict.settlement.value} pays {ours.payout}"


def money_back(settlement: BetSettlement, stake: Decimal, price: Decimal, *, is_back: bool) -> Decimal | None:
    """What comes back, the money at risk included, before commission and the bookmaker's rounding; None where only
    the bookmaker can say. price > 1; the stake of a lay bet is the backer's."""
    decided = _DECIDED.get(settlement)
    if decided is None:
        return None
    if is_back:
        return back_payout(decided, stake, price)
    # A lay bet risks the liability and wins the stake: a back bet of the liability at stake/liability + 1.
    liability = stake * (price - 1)
    match decided:
        case SettlementStatus.WON:
            return liability + stake
        case SettlementStatus.HALF_WON:
            return liability + stake / 2
        case _:
            return back_payout(decided, liability, Decimal(1))


def commission(paid: Decimal, at_risk: Decimal, rate: Decimal, currency: Currency) -> Decimal:
    """The exchange's share of net winnings, rounded up. rate: 0..1."""
    return ceiled(max(paid - at_risk, Decimal(0)) * rate, currency.unit)
