"""The client's order: its states, the moves between them, and what its bets have made of it. Pure.

An order is PROCESSING from the moment a runner takes it up until nothing about it is open: a bet in doubt keeps it
there, since only the bookmaker knows whether the order is filled. A partial fill shows in the filled stake while the
rest is still tried for; PARTIALLY_FILLED is how such an order ends.
Source: contract, Orders (`PENDING → PROCESSING → FILLED | PARTIALLY_FILLED | REJECTED | EXPIRED | CANCELLED | FAILED`;
only these moves).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from hedgerow.core.ids import ClientName, FixtureId, MarketId, OutcomeId, PlayerId
from hedgerow.core.states import IllegalMoveError

DEFAULT_LIFE = timedelta(seconds=5)
LONGEST_LIFE = timedelta(hours=24)


class AbpOrderStatus(StrEnum):
    """Of a client's order; the published names."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    FILLED = "FILLED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"

    @property
    def is_open(self) -> bool:
        return self in (AbpOrderStatus.PENDING, AbpOrderStatus.PROCESSING)


_ENDS = frozenset(status for status in AbpOrderStatus if not status.is_open)

ABP_ORDER_MOVES: Mapping[AbpOrderStatus, frozenset[AbpOrderStatus]] = {
    AbpOrderStatus.PENDING: frozenset({AbpOrderStatus.PROCESSING}),
    AbpOrderStatus.PROCESSING: _ENDS,
    **{end: frozenset() for end in _ENDS},
}


class PriceRule(StrEnum):
    """What `orderPrice` is asked of: each bet, or the stake-weighted average of the order (opt-in)."""

    EACH = "each"
    AVERAGE = "average"


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order as it was asked for, checked and complete. Stake in `currency`; `price` is decimal odds.

    bookmakers: those that may be used, the order's and the key's put together; None: all.
    """

    client: ClientName
    request_uuid: str
    user_ref: str
    fixture_id: FixtureId
    market_id: MarketId
    outcome_id: OutcomeId
    player_id: PlayerId
    is_back: bool
    price: Decimal
    stake: Decimal
    currency: str
    bookmakers: frozenset[str] | None
    accepts_better: bool
    accepts_partial: bool
    price_rule: PriceRule
    is_test: bool
    expires_at: datetime
    meta: Mapping[str, Any]


@dataclass(slots=True)
class AbpOrder:
    """An order row. `filled` is in the order's currency."""

    order_id: int
    asked: NewOrder
    status: AbpOrderStatus
    reason: str
    filled: Decimal
    attempts: int
    is_cancel_wanted: bool
    created_at: datetime
    updated_at: datetime
    filled_at: datetime | None

    @property
    def remaining(self) -> Decimal:
        return self.asked.stake - self.filled

    def move_to(self, status: AbpOrderStatus, reason: str = "") -> None:
        """Changes the status by the table of legal moves. Raises IllegalMoveError."""
        check_abp_order_move(str(self.order_id), self.status, status)
        self.status = status
        self.reason = reason or self.reason


def check_abp_order_move(order: str, present: AbpOrderStatus, wanted: AbpOrderStatus) -> None:
    """Raises IllegalMoveError unless the table allows the move (staying is allowed)."""
    if wanted is not present and wanted not in ABP_ORDER_MOVES[present]:
        raise IllegalMoveError(f"order {order}", present, wanted)


def expiry(created_at: datetime, wanted: datetime | None) -> datetime | None:
    """When an order expires: 5 s after its creation unless it says otherwise, at most 24 h; None for a past time."""
    if wanted is None:
        return created_at + DEFAULT_LIFE
    return min(wanted, created_at + LONGEST_LIFE) if wanted > created_at else None


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an order stands. Stakes in its currency.

    taken: of its confirmed bets; undecided: of bets that were sent, or may have been, and are not answered; dust: what
    is less than this cannot be bet any more; was_refused: every account that could be used has refused for a reason
    that time does not heal, and why; fault: what kept us from working on it.
    """

    stake: Decimal
    taken: Decimal
    undecided: Decimal
    dust: Decimal
    is_expired: bool
    is_cancel_wanted: bool
    was_refused: str | None = None
    fault: str | None = None

    @property
    def open_stake(self) -> Decimal:
        """What may still be bet: a stake in doubt counts as used."""
        return self.stake - self.taken - self.undecided

    @property
    def is_full(self) -> bool:
        return self.taken > 0 and self.stake - self.taken < self.dust


def end_of(progress: Progress) -> tuple[AbpOrderStatus, str] | None:
    """How the order ends now, and why; None while it goes on: there is something to try, or an answer to wait for."""
    if progress.is_full:
        return AbpOrderStatus.FILLED, ""
    if progress.undecided > 0:
        return None
    if progress.is_cancel_wanted:
        end, reason = AbpOrderStatus.CANCELLED, "cancelled by the client"
    elif progress.is_expired:
        end, reason = AbpOrderStatus.EXPIRED, "expired"
    elif progress.was_refused is not None:
        end, reason = AbpOrderStatus.REJECTED, progress.was_refused
    elif progress.fault is not None:
        end, reason = AbpOrderStatus.FAILED, progress.fault
    else:
        return None
    return (AbpOrderStatus.PARTIALLY_FILLED if progress.taken > 0 else end), reason
