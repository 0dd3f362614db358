"""The states that orders, bets, fills and settlements can be in, and the only moves between them.

Names are the published API's. "In doubt" is not a failure: an answer that never came leaves a state from which the
truth is asked for, never assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Side(StrEnum):
    """Of an order on an exchange, in terms of the contract it names."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderStatus(StrEnum):
    """Of an order that rests, or should rest, on an exchange."""

    PENDING_PLACEMENT = "PENDING_PLACEMENT"
    PLACED = "PLACED"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"

    @property
    def is_open(self) -> bool:
        return self in OPEN_ORDERS


OPEN_ORDERS = (OrderStatus.PLACED, OrderStatus.PENDING_PLACEMENT)
"""Rest, or may rest. For loops over thousands of orders, to which a property is a call each."""

# A fill may still arrive on a cancelled or expired order, and a "failed" order may turn out to rest: both are
# corrections that the exchange's own list brings, so they are legal moves.
ORDER_MOVES: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PENDING_PLACEMENT: frozenset(
        {
            OrderStatus.PLACED,
            OrderStatus.FILLED,
            OrderStatus.CANCELLED,
            OrderStatus.FAILED,
            OrderStatus.EXPIRED,
        }
    ),
    OrderStatus.PLACED: frozenset({OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED}),
    OrderStatus.FILLED: frozenset(),
    OrderStatus.CANCELLED: frozenset({OrderStatus.FILLED}),
    OrderStatus.EXPIRED: frozenset({OrderStatus.FILLED}),
    OrderStatus.FAILED: frozenset({OrderStatus.PLACED, OrderStatus.FILLED, OrderStatus.CANCELLED}),
}


class MatchedStatus(StrEnum):
    """How much of an order has been matched, whatever its status."""

    NOT_MATCHED = "NOT_MATCHED"
    PARTIALLY_MATCHED = "PARTIALLY_MATCHED"
    FULLY_MATCHED = "FULLY_MATCHED"


def matched_status(filled: int, size: int) -> MatchedStatus:
    """From the filled and the whole size, in the same unit."""
    if filled <= 0:
        return MatchedStatus.NOT_MATCHED
    return MatchedStatus.FULLY_MATCHED if filled >= size else MatchedStatus.PARTIALLY_MATCHED


class FillState(StrEnum):
    """A fill is provisional until the venue can no longer take it back."""

    PROVISIONAL = "PROVISIONAL"
    FINAL = "FINAL"
    REVERSED = "REVERSED"


class BetStatus(StrEnum):
    """Of one wager at one bookmaker. PLACED means sent: accepted with a delay, or in doubt."""

    PENDING = "PENDING"
    PLACED = "PLACED"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"
    VOID = "VOID"

    @property
    def holds_stake(self) -> bool:
        """Whether the stake counts as used: sent and not known to have been refused."""
        return self in (BetStatus.PENDING, BetStatus.PLACED, BetStatus.CONFIRMED)


BET_MOVES: Mapping[BetStatus, frozenset[BetStatus]] = {
    BetStatus.PENDING: frozenset(
        {BetStatus.PLACED, BetStatus.CONFIRMED, BetStatus.REJECTED, BetStatus.FAILED, BetStatus.CANCELLED}
    ),
    BetStatus.PLACED: frozenset(
        {BetStatus.CONFIRMED, BetStatus.REJECTED, BetStatus.FAILED, BetStatus.CANCELLED, BetStatus.VOID}
    ),
    BetStatus.CONFIRMED: frozenset({BetStatus.VOID, BetStatus.CANCELLED}),
    BetStatus.REJECTED: frozenset(),
    BetStatus.CANCELLED: frozenset(),
    BetStatus.FAILED: frozenset(),
    BetStatus.VOID: frozenset(),
}


class SettlementStatus(StrEnum):
    """How an outcome was decided, for an exchange order (UNDECIDED while open) or a result of the feed."""

    UNDECIDED = "UNDECIDED"
    WON = "WON"
    LOST = "LOST"
    VOID = "VOID"
    HALF_WON = "HALF_WON"
    HALF_LOST = "HALF_LOST"

    @property
    def mirrored(self) -> SettlementStatus:
        """The same decision as seen by who bet against the outcome."""
        return _MIRRORED.get(self, self)


_MIRRORED = {
    SettlementStatus.WON: SettlementStatus.LOST,
    SettlementStatus.LOST: SettlementStatus.WON,
    SettlementStatus.HALF_WON: SettlementStatus.HALF_LOST,
    SettlementStatus.HALF_LOST: SettlementStatus.HALF_WON,
}


class BetSettlement(StrEnum):
    """How a bet at a bookmaker ended, as seen by who placed it; the published names. PUSH: the line was hit, VOID: the
    market was called off, CASHOUT: it was sold back for an amount that only the bookmaker can say."""

    UNSETTLED = "UNSETTLED"
    WON = "WON"
    LOST = "LOST"
    VOID = "VOID"
    HALF_WON = "HALF_WON"
    HALF_LOST = "HALF_LOST"
    PUSH = "PUSH"
    CASHOUT = "CASHOUT"


class FixtureStatus(StrEnum):
    """Of a fixture in the feed; moves forward only, and any may be cancelled."""

    PREGAME = "PREGAME"
    LIVE = "LIVE"
    FINISHED = "FINISHED"
    CANCELLED = "CANCELLED"

    @classmethod
    def of_feed(cls, status_id: int) -> FixtureStatus:
        """From the feed's statusId 0..3. Raises ValueError for another number."""
        return _FEED_STATUS[status_id] if 0 <= status_id < len(_FEED_STATUS) else cls(str(status_id))

    @property
    def is_over(self) -> bool:
        return self in (FixtureStatus.FINISHED, FixtureStatus.CANCELLED)


_FEED_STATUS = (FixtureStatus.PREGAME, FixtureStatus.LIVE, FixtureStatus.FINISHED, FixtureStatus.CANCELLED)


class IllegalMoveError(ValueError):
    """A state change that no table allows: a fault of ours, shown with both states."""

    def __init__(self, subject: str, present: StrEnum, wanted: StrEnum) -> None:
        super().__init__(f"{subject} cannot go from {present} to {wanted}")
        self.present, self.wanted = present, wanted


def check_order_move(order: str, present: OrderStatus, wanted: OrderStatus) -> None:
    """Raises IllegalMoveError unless the table allows the move (staying is allowed)."""
    if wanted is not present and wanted not in ORDER_MOVES[present]:
        raise IllegalMoveError(f"order {order}", present, wanted)


def check_bet_move(bet: str, present: BetStatus, wanted: BetStatus) -> None:
    """Raises IllegalMoveError unless the table allows the move (staying is allowed)."""
    if wanted is not present and wanted not in BET_MOVES[present]:
        raise IllegalMoveError(f"bet {bet}", present, wanted)
