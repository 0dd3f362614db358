"""What this process knows of the orders that it sent: whose reference an order's id is, and since when it may be there.

The venue tells our reference with orders and not with fills. Bounded; after a restart it is empty.
"""

from __future__ import annotations

from collections import OrderedDict

from hedgerow.venues.taking import keep

_REMEMBERED = 20_000


class Sent:
    """The latest orders by the venue's id."""

    def __init__(self) -> None:
        self._orders: OrderedDict[str, tuple[str | None, int]] = OrderedDict()

    def note(self, order_id: str, reference: str | None, now_ms: int) -> None:
        """Before the order leaves, or when it is first asked for."""
        keep(self._orders, order_id, (reference, now_ms), _REMEMBERED)

    def reference_of(self, order_id: str) -> str | None:
        return self._orders.get(order_id, (None, 0))[0]

    def since_ms(self, order_id: str) -> int | None:
        """When the order was noted; None for one that was not."""
        known = self._orders.get(order_id)
        return None if known is None else known[1]
