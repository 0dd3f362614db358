"""Settles bets from the bookmakers' own statements, and settles them anew when a bookmaker corrects itself."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import NoReturn

import structlog

from hedgerow.abp.desks import Desk, Desks
from hedgerow.abp.ledger import ZERO, book_settlement
from hedgerow.abp.settlement import BetSettlement, settlement_of
from hedgerow.core.clock import Clock
from hedgerow.core.errors import VenueError
from hedgerow.core.states import BetStatus
from hedgerow.core.tasks import spawn, stop, work
from hedgerow.storage.audit import note
from hedgerow.storage.bets import Bets
from hedgerow.storage.database import Database, StorageError
from hedgerow.venues.base import BetReport

_log = structlog.get_logger(__name__)

READ_EVERY_S = 30.0
CORRECTED_WITHIN = timedelta(hours=24)
"""How long after a settlement the bookmaker is still asked whether it stands."""


class Settler:
    """Reads the statements of all desks again and again."""

    def __init__(self, database: Database, bets: Bets, desks: Desks, clock: Clock) -> None:
        self._database, self._bets, self._desks, self._clock = database, bets, desks, clock
        self._task: asyncio.Task[NoReturn] | None = None

    def start(self) -> None:
        self._task = spawn(self._run(), "settle bets", is_vital=True)

    async def stop(self) -> None:
        await stop(self._task)

    async def _run(self) -> NoReturn:
        while True:
            with work.unit():
                try:
                    await self.read_all()
                except StorageError as error:
                    _log.error("bets are not settled yet", error=str(error))
            await self._clock.sleep(READ_EVERY_S, soft=True)

    async def read_all(self) -> None:
        """Asks every bookmaker that holds, or lately held, bets of ours. Raises StorageError."""
        for desk in self._desks.all():
            await self.read(desk)

    async def read(self, desk: Desk) -> None:
        """One account's statement. Raises StorageError."""
        account_id = desk.row.account_id
        oldest = await self._database.fetchval(
            """select min(created_at) from bets
               where account_id = $1 and origin = 'abp' and not is_test and placed_stake is not null
                 and (settlement = 'UNSETTLED' or settled_at > $2)""",
            account_id,
            self._clock.now() - CORRECTED_WITHIN,
        )
        if oldest is None:
            return
        try:
            reports = await desk.bookmaker.settled(int(oldest.timestamp() * 1000))
        except VenueError as error:
            _log.warning("statement not read", bookmaker=desk.row.venue, account=desk.row.username, error=str(error))
            return
        for report in reports:
            await self._apply(account_id, report)

    async def _apply(self, account_id: int, report: BetReport) -> None:
        """Settles the bet that a report is about, unless it is settled just so."""
        if report.settlement is None or report.payout is None:
            return
        settlement = settlement_of(report.settlement)
        async with self._database.transaction() as connection:
            bet_id = await connection.fetchval(
                """select bet_id from bets
                   where account_id = $1 and origin = 'abp' and not is_test and placed_stake is not null
                     and (bookmaker_bet_id = $2 or reference::text = $3)""",
                account_id,
                report.bet_ref,
                report.reference,
            )
            bet = await self._bets.locked(connection, bet_id) if bet_id is not None else None
            if bet is None or settlement is BetSettlement.UNSETTLED:
                return
            if (bet.settlement, bet.payout) == (settlement.value, report.payout):
                return
            now = self._clock.now()
            before, paid_before = bet.settlement, bet.payout
            bet.settlement, bet.payout, bet.settled_at = settlement.value, report.payout, now
            if report.status is BetStatus.VOID and bet.status is BetStatus.CONFIRMED:
                bet.move_to(BetStatus.VOID, report.reason)
            await self._bets.save_settlement(connection, bet)
            # A statement's amount is what reached the balance: an exchange has taken its commission from it.
            await book_settlement(connection, bet, paid_before, ZERO, now)
            await note(
                connection,
                now,
                actor="venue",
                subject="bet",
                subject_id=str(bet.bet_id),
                action="settled" if before == BetSettlement.UNSETTLED else "settled anew",
                data={"settlement": settlement.value, "payout": report.payout, "before": before, "paid": paid_before},
            )
