"""The engine with Smarkets' ids of orders, and its refusal of orders that would meet the account's own."""

from __future__ import annotations

from hedgerow.core.states import Side
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import Contract

_FIRST, _STEP = 800_000_000_000_000, 10_000_010
"""Between one id and the next: theirs jump too, so that a neighbour of an id is nobody's."""


class SmarketsExchange(Exchange):
    def next_order_id(self) -> str:
        return str(_FIRST + int(super().next_order_id().rpartition("-")[2]) * _STEP)

    def crosses_own(self, account: str, contract: Contract, side: Side, price: int) -> bool:
        """Whether an order would meet one that the account has resting."""
        own = [o for o in self.open_orders(account) if o.contract is contract and o.side is not side]
        return any((o.price <= price if side is Side.BUY else o.price >= price) for o in own)
