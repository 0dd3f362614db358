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
| sent, no answer, or none to be read    | PLACED, in doubt          | held     |
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
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
from hedgerow.core.tracing import span
from hedgerow.execution.guard import Breakers
from hedgerow.net.http import leaving_by
from hedgerow.storage.audit import note
from hedgerow.storage.bets import Bet, Bets
from hedgerow.storage.database import Database
from hedgerow.storage.grouped import Grouped
from hedgerow.venues.base import BetIntent, BetReport, Bookmaker, Idempotency, NamesBets, PreparesBets

_log = structlog.get_logger(__name__)

NO_LAY = "takes no lay bets"

Covers = Callable[[Bet], Decimal]
"""What an accepted bet counts for (market making); others answer 0."""

Write = Callable[["Connection[Any]", Sequence[Bet]], Awaitable[Collection[int]]]
"""Writes the answers of bets, with all that belongs to them (automated bet placing: their money, their orders' fills),
inside the caller's transaction. Answers the ids of those that were written: the others are decided otherwise."""

_MOST_AT_ONCE, _MOST_WAITING = 200, 20_000
"""Answers in one transaction; answers that wait for one: an account's bets are bounded long before that."""


def intent_of(
    bet: Bet,
    *,
    market_ref: str,
    outcome_ref: str,
    is_live: bool,
    accept_better: bool = True,
    accept_partial: bool = False,
) -> BetIntent:
    """What is asked of the bookmaker for a bet. market_ref, outcome_ref: of the line that it takes."""
    return BetIntent(
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
        bet.is_back,
    )


def prepare(bookmaker: Bookmaker, intent: BetIntent) -> None:
    """Makes the request of a bet ready while the bet is being committed, where its bookmaker can: after the commit only
    the sending remains. Nothing leaves."""
    if isinstance(bookmaker, PreparesBets):
        bookmaker.prepare(intent)


class Placement:
    """Sends committed bets, each once, and writes what came back."""

    def __init__(
        self, database: Database, bets: Bets, breakers: Breakers, clock: Clock, write: Write | None = None
    ) -> None:
        """write: how answers are written; the bets' own rows alone where nothing is said."""
        self._database, self._bets, self._breakers, self._clock = database, bets, breakers, clock
        self._write = write or _rows_of(bets)
        self._answers = Grouped("answers of bets", self._save, most=_MOST_AT_ONCE, waiting=_MOST_WAITING)

    async def send(
        self,
        bookmaker: Bookmaker,
        bet: Bet,
        intent: BetIntent,
        *,
        covers: Covers,
        leave_by: float | None = None,
    ) -> Refused | None:
        """Sends a committed PENDING bet and commits the outcome. Answers the refusal, where there was one, so that
        the caller can decide what to do about it; everything else is in the bet.

        intent: see `intent_of`; leave_by: the loop's time after which the request is not written any more, however long
        its preparation takes.
        """
        if not bet.is_back and not bookmaker.manifest.lays:
            bet.move_to(BetStatus.REJECTED, NO_LAY)
            await self.save(bet)
            return Refused(bet.bookmaker, "place", NO_LAY, reason=Reason.INVALID)
        if not self._breakers.allows(bet.account_id):
            bet.move_to(BetStatus.FAILED, "circuit breaker open")
            await self.save(bet)
            return None
        bet.sent_at = self._clock.now()
        refusal: Refused | None = None
        with span("bet.attempt") as traced:
            traced.tell("hedgerow.bet_id", bet.bet_id)
            traced.tell("hedgerow.order_id", bet.order_id)
            traced.tell("hedgerow.venue", bet.bookmaker)
            try:
                # In this order: a protocol's members are looked for anew at every check.
                if bookmaker.manifest.idempotency is Idempotency.COMPUTED_ID and isinstance(bookmaker, NamesBets):
                    bet.bookmaker_bet_id = await bookmaker.name(intent)
                    await self.save(bet)
                    if bet.status is not BetStatus.PENDING:
                        return None  # another process has decided it meanwhile
                with leaving_by(leave_by):
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
            except Exception as error:
                # What no connector may raise was raised: nobody knows how far the request came.
                self._breakers.failed(bet.account_id)
                bet.move_to(BetStatus.PLACED, f"{type(error).__name__} while placing it")
                bet.in_doubt = True
                _log.exception("bet in doubt", bet_id=bet.bet_id, reference=bet.reference, bookmaker=bet.bookmaker)
            else:
                self._breakers.succeeded(bet.account_id)
                apply_report(bet, report, self._clock, covers)
            finally:  # before anything is waited for: by then the trial may be another bet's
                self._breakers.end_trial(bet.account_id)
            await self.save(bet)
            traced.tell("hedgerow.status", bet.status.value)
            traced.tell("hedgerow.in_doubt", bet.in_doubt)
        HEDGES.labels(bet.bookmaker, bet.status.value).inc()
        return refusal

    async def withdraw(self, bets: Sequence[Bet]) -> None:
        """Bets that were not sent because it is not known whether they were committed: those that were are FAILED.
        Can be repeated. Raises StorageError."""
        for bet in await self._bets.committed(bets) if bets else ():
            if bet.status is BetStatus.PENDING:
                bet.move_to(BetStatus.FAILED, "not sent: its commit was not confirmed")
                await self.save(bet)

    async def save(self, bet: Bet) -> None:
        """Commits what became of a bet, together with others that are answered at the same time. What another process
        has decided about it meanwhile stands: the bet becomes that, and our answer goes into the audit trail."""
        await self._answers.write(bet)

    async def _save(self, bets: Sequence[Bet]) -> Sequence[None]:
        async with self._database.transaction() as connection:
            for each in _each_once(bets):
                written = await self._write(connection, each)
                for bet in each:
                    if bet.bet_id not in written:
                        await self._give_way(connection, bet)
        return [None] * len(bets)

    async def _give_way(self, connection: Connection[Any], bet: Bet) -> None:
        stands = await self._bets.locked(connection, bet.bet_id)
        if stands is None:
            raise RuntimeError(f"bet {bet.bet_id} has no row")
        if not bet.is_open:  # else nobody has told us anything
            await self._note_late(connection, bet, stands)
        bet.become(stands)

    async def _note_late(self, connection: Connection[Any], bet: Bet, stands: Bet) -> None:
        answer = {
            "status": bet.status.value,
            "reason": bet.reason,
            "bookmakerBetId": bet.bookmaker_bet_id,
            "odds": bet.placed_odds,
            "stake": bet.placed_stake,
            "stands": stands.status.value,
        }
        _log.error("late answer of a bet that is decided", bet_id=bet.bet_id, reference=bet.reference, **answer)
        await note(
            connection,
            self._clock.now(),
            actor="venue",
            subject="bet",
            subject_id=str(bet.bet_id),
            action="late answer",
            data=answer,
        )


def _rows_of(bets: Bets) -> Write:
    """Writes the bets' own rows."""

    async def write(connection: Connection[Any], answered: Sequence[Bet]) -> Collection[int]:
        return await bets.save_answer(connection, *answered)

    return write


def _each_once(bets: Sequence[Bet]) -> list[list[Bet]]:
    """The same bets in as few lists as hold none twice: what two parties say of one is written one after the other."""
    rounds: list[dict[int, Bet]] = []
    for bet in bets:
        free = next((one for one in rounds if bet.bet_id not in one), None)
        if free is None:
            rounds.append(free := {})
        free[bet.bet_id] = bet
    return [list(one.values()) for one in rounds]


async def close_when_answered(bookmaker: Bookmaker, under_way: Collection[asyncio.Task[None]]) -> None:
    """Closes a connector that another one replaces, after the bets that were sent by it are answered."""
    if under_way:
        await asyncio.wait(under_way)
    await bookmaker.close()


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
        bet.at_risk = report.at_risk
        bet.placed_at = clock.now()
        bet.covers = covers(bet)
    bet.in_doubt = False
    bet.move_to(report.status, report.reason)
    return report.status is not BetStatus.PLACED


def stake_usd(bet: Bet) -> int:
    """The taken stake in micros of USD, at the rate of its placement."""
    taken = bet.placed_stake if bet.placed_stake is not None else bet.requested_stake
    return int(taken / bet.usd_rate * MICRO)
