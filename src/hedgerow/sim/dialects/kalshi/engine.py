"""The engine with Kalshi's ids: orders and trades are named by UUIDs, the same in every run of a world."""

from __future__ import annotations

import uuid

from hedgerow.sim.exchange import Exchange

_NAMES = uuid.uuid5(uuid.NAMESPACE_URL, "https://kalshi.invalid/")


class KalshiExchange(Exchange):
    """Pays a YES and a NO of one market out at once, and names things as Kalshi does."""

    def next_order_id(self) -> str:
        return str(uuid.uuid5(_NAMES, super().next_order_id()))

    def next_trade_id(self) -> str:
        return str(uuid.uuid5(_NAMES, super().next_trade_id()))


def user_id_of(account: str) -> str:
    return str(uuid.uuid5(_NAMES, f"user {account}"))
