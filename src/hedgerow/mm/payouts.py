"""What matched orders were paid, in SQL: `execution.settlement.contract_payout` for rows of `mm_orders`."""

from __future__ import annotations


def payout_sql(size: str, stake: str, *, order: str) -> str:
    """An expression for the payout of an order, or of a part of it; null while it is undecided.

    size, stake: contracts and money at risk, as SQL; order: the name that the order's row goes by.
    """
    return f"""coalesce({order}.paid_per_contract * {size}, case {order}.settlement_status when 'WON' then {size}
        when 'VOID' then {stake} when 'HALF_WON' then ({size} + {stake}) * 0.5 when 'HALF_LOST' then {stake} * 0.5
        when 'LOST' then 0 end)"""
