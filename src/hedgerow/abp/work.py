"""One order in a runner's hands: what it remembers of refusals, and how an order's bets add up. Pure."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from hedgerow.abp.orders import AbpOrder, Progress
from hedgerow.abp.receipts import Receipt
from hedgerow.abp.routing import Candidate, Taken
from hedgerow.core.errors import Reason
from hedgerow.core.ids import MarketKey
from hedgerow.core.states import BetStatus
from hedgerow.core.tasks import Backoff
from hedgerow.execution.amounts import MICRO_UNIT, Currency, ceiled, converted
from hedgerow.storage.bets import Bet

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 5.0
"""Between two bets on one account for one order, after the first was not taken."""

_ROUNDING, _ROUNDING_SHARE = Decimal("0.05"), Decimal("0.002")
"""More than that an exchange's lots and fees do not leave of a stake that its book had room for (decision 0100)."""

# Asking again, soon or at another price, will not help: the request, the key or the account is what is wrong.
_FINAL = frozenset({Reason.INVALID, Reason.AUTH, Reason.ACCOUNT, Reason.DUPLICATE, Reason.UNKNOWN_ORDER})


@dataclass(slots=True)
class Hold:
    """An account that did not take a bet of the order. until_ms: None for ever."""

    why: str
    until_ms: int | None
    offer_ms: int
    backoff: Backoff

    def holds(self, now_ms: int, offer_ms: int) -> bool:
        """An offer that has moved since is a new one, and may be asked for at once."""
        return self.until_ms is None or (now_ms < self.until_ms and offer_ms == self.offer_ms)


@dataclass(slots=True, eq=False)
class Work:
    """An order that this process works on. `wake` is set when something about it has changed; `sending`: bets whose
    answers this process waits for; `fault`: what keeps us from going on; `cause`: traceparent of the request that asked
    for it, empty for one that is not traced or was another process's."""

    order: AbpOrder
    cause: str = ""
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    sending: set[int] = field(default_factory=set)
    holds: dict[int, Hold] = field(default_factory=dict)
    last: Receipt | None = None
    fault: str | None = None
    safe_until: float = 0.0  # the loop's time until which the lease is surely ours

    @property
    def key(self) -> MarketKey:
        asked = self.order.asked
        return MarketKey(asked.fixture_id, asked.market_id, asked.player_id)

    def refused(self, account_id: int, reason: Reason | None, why: str, now_ms: int, offer_ms: int) -> None:
        """The account did not take a bet. reason: None when nothing was sent."""
        before = self.holds.get(account_id)
        backoff = before.backoff if before is not None else Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        until_ms = None if reason in _FINAL else now_ms + int(backoff.next_pause_s() * 1000)
        self.holds[account_id] = Hold(why, until_ms, offer_ms, backoff)

    def why_held(self, account_id: int, now_ms: int, offer_ms: int) -> str | None:
        hold = self.holds.get(account_id)
        return hold.why if hold is not None and hold.holds(now_ms, offer_ms) else None

    def refused_for_good(self, candidates: Iterable[Candidate]) -> str | None:
        """Why no account will ever take a bet of this order; None while one still may."""
        allowed = self.order.asked.bookmakers
        concerned = [one for one in candidates if allowed is None or one.bookmaker in allowed]
        holds = [self.holds.get(one.account_id) for one in concerned]
        final = [hold.why for hold in holds if hold is not None and hold.until_ms is None]
        return final[0] if final and len(final) == len(concerned) else None

    def next_look_ms(self, now_ms: int) -> int | None:
        """When the first account that was held may be asked again."""
        times = [hold.until_ms for hold in self.holds.values() if hold.until_ms is not None and hold.until_ms > now_ms]
        return min(times, default=None)


def is_undecided(bet: Bet) -> bool:
    return bet.status in (BetStatus.PENDING, BetStatus.PLACED)


def progress_of(
    order: AbpOrder, legs: Sequence[Bet], currency: Currency, *, is_expired: bool, work: Work | None = None
) -> Progress:
    """Where an order stands by its bets. currency: the order's."""
    undecided = sum((bet.order_stake or Decimal(0) for bet in legs if is_undecided(bet)), Decimal(0))
    accounts = (Currency(bet.currency, bet.usd_rate) for bet in legs if bet.placed_stake is not None)
    dust = max(
        (ceiled(converted(account.unit, account, currency), currency.unit) for account in accounts),
        default=currency.unit,
    )
    missed = sum((_missed_by_rounding(bet, currency) for bet in legs), Decimal(0))
    last = work.last if work is not None else None
    return Progress(
        order.asked.stake,
        order.filled,
        undecided,
        dust + missed,
        is_expired,
        order.is_cancel_wanted,
        work.refused_for_good(last.candidates) if work is not None and last is not None else None,
        work.fault if work is not None else None,
    )


def _missed_by_rounding(bet: Bet, currency: Currency) -> Decimal:
    """What a bet missed of its stake because an exchange trades whole contracts, its fees on top: nobody would bet it
    anew. In the order's currency, rounded up."""
    if bet.at_risk is None or bet.placed_stake is None:
        return Decimal(0)
    missed = bet.requested_stake - bet.placed_stake
    if not 0 < missed <= _ROUNDING + bet.requested_stake * _ROUNDING_SHARE:
        return Decimal(0)
    return ceiled(converted(missed, Currency(bet.currency, bet.usd_rate), currency), MICRO_UNIT)


def taken_of(legs: Iterable[Bet]) -> tuple[Taken, ...]:
    """The bets that hold stake of the order, at the price that they have or at least get."""
    return tuple(
        Taken(bet.order_stake or Decimal(0), bet.placed_odds or bet.requested_odds, not is_undecided(bet))
        for bet in legs
        if is_undecided(bet) or bet.placed_stake is not None
    )


def used_by(legs: Iterable[Bet], account_id: int, offer_ms: int) -> Decimal:
    """What the order has bet on an account on this very offer already."""
    stakes = (
        bet.placed_stake if bet.placed_stake is not None else bet.requested_stake
        for bet in legs
        if bet.account_id == account_id
        and bet.offer_ms == offer_ms
        and (is_undecided(bet) or bet.placed_stake is not None)
    )
    return sum(stakes, Decimal(0))
