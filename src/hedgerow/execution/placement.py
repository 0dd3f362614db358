"""The placement saga: what is committed before a bet leaves, and what its answer, or its silence, does.

A bet is PENDING in the database, with the reference that its bookmaker will be asked by, before `send` is called.
After it the bet is CONFIRMED, REJECTED or FAILED, or it is PLACED: accepted with a delay, or in doubt. What is PLACED
is asked for by `execution.reconcile` until the bookmaker has told; it is never sent again.

| answer                                 | bet                       | stake    |
| -------------------------------------- | ------------------------- | -------- |
| accepted                               | CONFIRMED                 | taken    |
| accepted, delayed                      | PLACED                    | held     |
| refused: price, limit, suspended, ...  | REJECTED                  | released |
| never sent: breaker open, unreachable  | FAILED                    | released |
| sent, no answer                        | PLACED, in doubt          | held     |
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any

import structlog
from asyncpg import Connection

from hedgerow.core.clock import Clock
from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable
from hedgerow.core.money import MICRO, decimal_of, micros
from hedgerow.core.observe import HEDGES
from hedgerow.core.odds import OddsMicros
from hedgerow.core.states import BetStatus
from hedgerow.execution.guard import Breakers
from hedgerow.storage.bets import Bet, Bets
from hedgerow.storage.database import Database
from hedgerow.storage.grouped import Grouped
from hedgerow.venues.base import BetIntent, BetReport, Bookmaker

_log = structlog.get_logger(__name__)

Covers = Callable[[Bet], Decimal]
"""What an accepted bet counts for (market making); others answer 0."""

Write = Callable[["Connection[Any]", Sequence[Bet]], Awaitable[None]]
"""Writes the answers of bets, with all that belongs to them (automated bet placing: their money, their orders' fills),
inside the caller's transaction."""

_MOST_AT_ONCE, _MOST_WAITING = 200, 20_000
"""Answers in one transaction; answers that wait for one: an account's bets are bounded long before that."""


class Placement:
    """Sends committed bets, each once, and writes what came back."""

    def __init__(
        self, database: Database, bets: Bets, breakers: Breakers, clock: Clock, write: Write | None = None
    ) -> None:
        """write: how answers are written; the bets' own rows alone where nothing is said."""
        self._database, self._bets, self._breakers, self._clock = database, bets, breakers, clock
        self._write = write
        self._answers = Grouped("answers of bets", self._save, most=_MOST_AT_ONCE, waiting=_MOST_WAITING)

    async def send(
        self,
        bookmaker: Bookmaker,
        bet: Bet,
        *,
        market_ref: str,
        outcome_ref: str,
        is_live: bool,
        covers: Covers,
        accept_better: bool = True,
        accept_partial: bool = False,
    ) -> Refused | None:
        """Sends a committed PENDING bet and commits the outcome. Answers the refusal, where there was one, so that
        the caller can decide what to do about it; everything else is in the bet."""
        if not self._breakers.allows(bet.account_id):
            bet.move_to(BetStatus.FAILED, "circuit breaker open")
            await self.save(bet)
            return None
        intent = BetIntent(
            bet.reference,
            bet.fixture_id,
            bet.outcome_id,
            bet.player_id,
            market_ref,
            outcome_ref,
            OddsMicros(micros(bet.requested_odds)),
            bet.requested_stake,
            bet.currency,
            is_live,
            accept_better,
            accept_partial,
        )
        bet.sent_at = self._clock.now()
        refusal: Refused | None = None
        try:
            report = await bookmaker.place(intent)
        except Refused as error:
            refusal = error
            self._breakers.succeeded(bet.account_id)
            bet.move_to(BetStatus.REJECTED, error.message)
            bet.received_data = {"code": error.code, "message": error.message, "reason": error.reason.value}
            if error.reason is Reason.AUTH:
                _log.error("bookmaker does not accept our key", bookmaker=bet.bookmaker, account=bet.account_id)
        except Unavailable as error:
            self._breakers.failed(bet.account_id)
            bet.move_to(BetStatus.FAILED, error.message)
        except InDoubt as error:
            self._breakers.failed(bet.account_id)
            bet.move_to(BetStatus.PLACED, error.message)
            bet.in_doubt = True
            _log.warning("bet in doubt", bet_id=bet.bet_id, reference=bet.reference, bookmaker=bet.bookmaker)
        else:
            self._breakers.succeeded(bet.account_id)
            apply_report(bet, report, self._clock, covers)
        await self.save(bet)
        HEDGES.labels(bet.bookmaker, bet.status.value).inc()
        return refusal

    async def save(self, bet: Bet) -> None:
        """Commits what became of a bet, together with others that are answered at the same time."""
        await self._answers.write(bet)

    async def _save(self, bets: Sequence[Bet]) -> Sequence[None]:
        async with self._database.transaction() as connection:
            if self._write is not None:
                await self._write(connection, bets)
            else:
                await self._bets.save_answer(connection, *bets)
        return [None] * len(bets)


def apply_report(bet: Bet, report: BetReport, clock: Clock, covers: Covers) -> bool:
    """Brings a bet to what the bookmaker says of it; True when that decides it."""
    bet.bookmaker_bet_id = report.bet_ref or bet.bookmaker_bet_id
    bet.sent_data = report.sent or bet.sent_data
    bet.received_data = report.received or bet.received_data
    if report.status is bet.status and report.status is not BetStatus.CONFIRMED:
        return False
    if report.status is BetStatus.CONFIRMED:
        if report.odds is None or report.stake is None:
            return False
        bet.placed_odds, bet.placed_stake = decimal_of(report.odds), report.stake
        bet.placed_at = clock.now()
        bet.covers = covers(bet)
    bet.in_doubt = False
    bet.move_to(report.status, report.reason)
    return report.status is not BetStatus.PLACED


def stake_usd(bet: Bet) -> int:
    """The taken stake in micros of USD, at the rate of its placement."""
    taken = bet.placed_stake if bet.placed_stake is not None else bet.requested_stake
    return int(taken / bet.usd_rate * MICRO)
