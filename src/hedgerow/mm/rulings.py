"""What an operator rules about hedges that neither their bookmaker nor the feed settles.

Only once the exchanges have decided the market: until then a hedge covers something, and its engine has to know. The
process that follows the market finds the ruling at its next look, and lets the market go.
"""

from __future__ import annotations

from decimal import Decimal

from hedgerow.core.clock import Clock
from hedgerow.core.errors import InputError
from hedgerow.core.states import BetSettlement
from hedgerow.execution.rulings import check_can_be_settled, check_reason, ruled
from hedgerow.mm.settling import book, is_open_at_an_exchange, wager_of
from hedgerow.storage.bets import Bet, Bets
from hedgerow.storage.database import Database


class HedgeRulings:
    """The operator's side of hedges."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._bets = Bets(database, clock)

    async def is_hedge(self, bet_id: int) -> bool:
        """Whether it is a bet of market making."""
        origin = await self._database.fetchval("select origin from bets where bet_id = $1", bet_id)
        return bool(origin == "mm")

    async def settle(self, bet_id: int, settlement: BetSettlement, payout: Decimal | None, reason: str) -> Bet:
        """Settles a hedge that its bookmaker has not settled. payout: what came back, commission taken, where it is
        not what the result pays. Raises InputError."""
        check_reason(reason)
        async with self._database.transaction() as connection:
            bet = await self._bets.locked(connection, bet_id)
            if bet is None or bet.origin != "mm":
                raise InputError(f"there is no hedge {bet_id}")
            check_can_be_settled(bet)
            if await is_open_at_an_exchange(connection, bet):
                raise InputError(f"bet {bet_id} hedges a market that its exchange has not decided yet")
            verdict = ruled(wager_of(bet), settlement, payout)
            before, bet.settled_at = bet.settlement, self._clock.now()
            bet.settlement, bet.payout, bet.settled_by = verdict.settlement.value, verdict.payout, verdict.by
            await book(connection, self._bets, bet, before, bet.settled_at, actor="operator", reason=reason)
        return bet
