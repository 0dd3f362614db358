"""What an answered bet changes beside its own row, in the same transaction: its order's fill, its account's money."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from asyncpg import Connection

from hedgerow.abp.amounts import MICRO_UNIT, ceiled
from hedgerow.abp.ledger import book_answer
from hedgerow.abp.repository import AbpOrders
from hedgerow.core.clock import Clock
from hedgerow.core.states import BetStatus
from hedgerow.storage.bets import Bet


class Booking:
    """Written with every answer of a bet (`Placement`'s `also`)."""

    def __init__(self, orders: AbpOrders, clock: Clock) -> None:
        self._orders, self._clock = orders, clock

    async def book(self, connection: Connection[Any], bet: Bet) -> None:
        """First the order's row, then the account's ledger: the order in which a decision locks them."""
        if bet.order_id is None:
            return
        if bet.status is BetStatus.CONFIRMED:
            await self._take_part(connection, bet)
        await self._orders.count_fill(connection, bet.order_id)
        await book_answer(connection, bet, self._clock.now())

    async def _take_part(self, connection: Connection[Any], bet: Bet) -> None:
        """A bet that was taken in part stands for as much less of its order."""
        if bet.placed_stake is None or bet.order_stake is None or bet.placed_stake == bet.requested_stake:
            return
        if bet.reserved == 0:
            return  # told before, and cut then
        bet.order_stake = ceiled(
            Fraction(bet.order_stake) * Fraction(bet.placed_stake) / Fraction(bet.requested_stake), MICRO_UNIT
        )
        await connection.execute("update bets set order_stake = $2 where bet_id = $1", bet.bet_id, bet.order_stake)
