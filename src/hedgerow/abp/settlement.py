"""What a settled bet pays, backed or laid. Exact, pure.

A back bet of stake s at price p pays s·p WON, s VOID or PUSH, s/2·p + s/2 HALF_WON, s/2 HALF_LOST, 0 LOST, and what the
bookmaker says CASHOUT; a lay bet is the mirror image on its liability s·(p − 1). An exchange's commission is taken from
net winnings. Source: contract, Settlement.
"""

from __future__ import annotations

from decimal import Decimal

from hedgerow.abp.amounts import Currency, ceiled
from hedgerow.core.states import BetSettlement, SettlementStatus
from hedgerow.execution.settlement import back_payout

_DECIDED = {
    BetSettlement.WON: SettlementStatus.WON,
    BetSettlement.LOST: SettlementStatus.LOST,
    BetSettlement.VOID: SettlementStatus.VOID,
    BetSettlement.PUSH: SettlementStatus.VOID,
    BetSettlement.HALF_WON: SettlementStatus.HALF_WON,
    BetSettlement.HALF_LOST: SettlementStatus.HALF_LOST,
}


def settlement_of(status: SettlementStatus) -> BetSettlement:
    """The bet's settlement by what a bookmaker or the feed decided, as seen by who placed it."""
    return BetSettlement.UNSETTLED if status is SettlementStatus.UNDECIDED else BetSettlement(status.value)


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
