"""Order groups: when fills of a group within 15 seconds pass its limit, its orders are cancelled and new ones
blocked until a reset.

Source: Kalshi's page "Order groups".
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from hedgerow.core.money import MICRO
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.kalshi.errors import denial, not_found
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import Order

WINDOW_MS = 15_000
HIGHEST_LIMIT = 1_000_000 * MICRO

_NAMES = uuid.uuid5(uuid.NAMESPACE_URL, "https://kalshi.invalid/order_groups")


@dataclass(slots=True)
class Group:
    """`limit`: contracts in micros."""

    id: str
    account: str
    limit: int
    is_triggered: bool = False
    orders: list[Order] = field(default_factory=list)
    filled: deque[tuple[int, int]] = field(default_factory=deque)  # (time in ms, contracts) within the window

    def rolling(self, now_ms: int) -> int:
        """Contracts filled within the window."""
        while self.filled and self.filled[0][0] <= now_ms - WINDOW_MS:
            self.filled.popleft()
        return sum(size for _, size in self.filled)


Listener = Callable[[str, Group], None]


class Groups:
    """All accounts' groups."""

    def __init__(self, exchange: Exchange, clock: WorldClock) -> None:
        self._exchange, self._clock = exchange, clock
        self._groups: dict[str, Group] = {}
        self._of_order: dict[str, Group] = {}
        self._numbers = count(1)
        self._listeners: list[Listener] = []

    def on_change(self, listener: Listener) -> None:
        """Called with created, triggered, reset, deleted or limit_updated, and the group."""
        self._listeners.append(listener)

    def clear(self) -> None:
        self._groups.clear()
        self._of_order.clear()
        self._numbers = count(1)

    def create(self, account: str, limit: int) -> Group:
        group = Group(str(uuid.uuid5(_NAMES, str(next(self._numbers)))), account, limit)
        self._groups[group.id] = group
        self._tell("created", group)
        return group

    def get(self, account: str, group_id: str) -> Group:
        """Raises Denial (404)."""
        group = self._groups.get(group_id)
        if group is None or group.account != account:
            raise not_found()
        return group

    def of(self, account: str) -> list[Group]:
        return [group for group in self._groups.values() if group.account == account]

    def admit(self, account: str, group_id: str) -> Group:
        """The group that a new order wants to join. Raises Denial when it takes none (codes by analogy)."""
        group = self._groups.get(group_id)
        if group is None or group.account != account:
            raise denial(404, "order_group_not_found", by_engine=True)
        if group.is_triggered:
            raise denial(400, "exceeded_order_group_risk_limit", by_engine=True)
        return group

    def join(self, group: Group, order: Order) -> None:
        """Takes a new order in; what it filled while it was placed counts too."""
        group.orders.append(order)
        self._of_order[order.id] = group
        for match in order.fills:
            self.note_fill(order, match.size)

    def note_fill(self, order: Order, size: int) -> None:
        """Counts a fill; above the limit the group is triggered."""
        group = self._of_order.get(order.id)
        if group is None:
            return
        now_ms = self._clock.now_ms()
        group.filled.append((now_ms, size))
        if group.rolling(now_ms) > group.limit and not group.is_triggered:
            self.trigger(group)

    def trigger(self, group: Group) -> None:
        """Cancels what rests of the group and blocks new orders."""
        group.is_triggered = True
        self._cancel_orders(group)
        self._tell("triggered", group)

    def reset(self, group: Group) -> None:
        group.is_triggered = False
        group.filled.clear()
        self._tell("reset", group)

    def set_limit(self, group: Group, limit: int) -> None:
        group.limit = limit
        self._tell("limit_updated", group)
        if group.rolling(self._clock.now_ms()) > limit:
            self.trigger(group)

    def delete(self, group: Group) -> None:
        self._cancel_orders(group)
        del self._groups[group.id]
        self._tell("deleted", group)

    def _cancel_orders(self, group: Group) -> None:
        for order in group.orders:
            self._exchange.cancel(order, "order group")

    def _tell(self, what: str, group: Group) -> None:
        for listener in self._listeners:
            listener(what, group)
