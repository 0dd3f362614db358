"""What a decided order or bet is worth. Exact, pure, one place for all services.

Sources: the published P&L rules of the API (`matchedStake·(1/probability − 1)` WON, `−matchedStake` LOST, halves, void
0; for a sell the stake is the money at risk and the probability is 1 − price) and the feed sheet's table of payouts on
decimal odds.
"""

from __future__ import annotations

from decimal import Decimal

from hedgerow.core.states import SettlementStatus


def contract_payout(status: SettlementStatus, size: Decimal, stake: Decimal, paid: Decimal | None = None) -> Decimal:
    """What contracts pay, the stake included, as seen by who holds them (a sell sees the mirrored status).

    size: contracts, each paying 1 when it wins; stake: the money at risk in them; paid: what the exchange says that it
    paid for each of them, which goes before the rule: many pay a price for what neither won nor lost.
    """
    if paid is not None:
        return size * paid
    match status:
        case SettlementStatus.WON:
            return size
        case SettlementStatus.VOID:
            return stake
        case SettlementStatus.HALF_WON:
            return (size + stake) / 2
        case SettlementStatus.HALF_LOST:
            return stake / 2
        case _:
            return Decimal(0)


def contract_pnl(status: SettlementStatus, size: Decimal, stake: Decimal, fees: Decimal) -> Decimal:
    """Profit of contracts after fees; 0 minus fees while undecided."""
    if status is SettlementStatus.UNDECIDED:
        return -fees
    return contract_payout(status, size, stake) - stake - fees


def back_payout(status: SettlementStatus, stake: Decimal, odds: Decimal) -> Decimal:
    """What a back bet pays, the stake included, before the bookmaker's own rounding."""
    match status:
        case SettlementStatus.WON:
            return stake * odds
        case SettlementStatus.VOID:
            return stake
        case SettlementStatus.HALF_WON:
            return stake / 2 * odds + stake / 2
        case SettlementStatus.HALF_LOST:
            return stake / 2
        case _:
            return Decimal(0)
