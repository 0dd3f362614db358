"""What answered bets change beside their own rows, in one transaction: their orders' fills, their accounts' money."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction
from typing import Any

from asyncpg import Connection

from hedgerow.abp.ledger import answered, entries_of, lock_accounts, post
from hedgerow.abp.repository import AbpOrders
from hedgerow.core.clock import Clock
from hedgerow.core.states import BetStatus
from hedgerow.execution.amounts import MICRO_UNIT, ceiled
from hedgerow.storage.bets import Bet, Bets


class Booking:
    """Writes the answers of bets (`Placement`'s `write`)."""

    def __init__(self, bets: Bets, orders: AbpOrders, clock: Clock) -> None:
        self._bets, self._orders, self._clock = bets, orders, clock

    async def write(self, connection: Connection[Any], bets: Sequence[Bet]) -> Collection[int]:
        """Locks are always taken in this order: bets, orders, accounts; a decision locks orders and accounts so too.
        Accounts come last: whoever decides or answers waits for them, and they are held no longer than booking takes.
        Answers which bets were written."""
        open_ids = await self._bets.lock(connection, bets)
        answers = [bet for bet in bets if bet.bet_id in open_ids]
        order_ids = {bet.order_id for bet in answers if bet.order_id is not None}
        await self._orders.lock(connection, order_ids)
        entries = []
        for bet in answers:
            _take_part(bet)
            entries += entries_of(bet, answered(bet, bet.reserved))
        written = await self._bets.save_answer(connection, *answers)
        await self._orders.count_fill(connection, *order_ids)
        if entries:
            await lock_accounts(connection, {entry.account_id: entry.currency for entry in entries})
            await post(connection, entries, self._clock.now())
        return written


def _take_part(bet: Bet) -> None:
    """A bet that was taken in part stands for as much less of its order."""
    if bet.status is not BetStatus.CONFIRMED or bet.placed_stake is None or bet.order_stake is None:
        return
    if bet.placed_stake == bet.requested_stake or bet.reserved == 0:
        return  # taken whole, or told before, and cut then
    bet.order_stake = ceiled(
        Fraction(bet.order_stake) * Fraction(bet.placed_stake) / Fraction(bet.requested_stake), MICRO_UNIT
    )
