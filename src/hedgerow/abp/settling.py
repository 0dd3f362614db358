"""Settles bets: by the bookmaker's statement where it has one, else by the feed's grade; and anew when either corrects
itself.

A bookmaker's word goes before an operator's (`abp.rulings`), and that before the feed's, whenever it comes. Where two
differ, or a bookmaker pays another amount than its own result does, the higher word is booked and the difference is
shown: audit, log, metric; nothing is averaged.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, NoReturn

import structlog
from asyncpg import Connection

from hedgerow.abp.desks import Desk, Desks
from hedgerow.abp.readings import Readings
from hedgerow.abp.verdicts import book_verdict, is_settled_so, wager
from hedgerow.core.clock import Clock
from hedgerow.core.errors import VenueError
from hedgerow.core.ids import FixtureId
from hedgerow.core.observe import SETTLEMENT_DISPUTES
from hedgerow.core.states import BetSettlement, BetStatus
from hedgerow.core.tasks import spawn, stop, work
from hedgerow.core.tracing import span
from hedgerow.execution.grading import Verdict, dissent, grade_of, graded, wrong_amount
from hedgerow.feed.settlement import Grade
from hedgerow.storage.audit import note
from hedgerow.storage.bets import Bet, Bets
from hedgerow.storage.database import Database, StorageError
from hedgerow.venues.base import BetReport

_log = structlog.get_logger(__name__)

READ_EVERY_S = 30.0
CORRECTED_WITHIN = timedelta(hours=24)
"""How long after a settlement it is still asked whether it stands."""
WATCH_AGAIN_S = 1800.0
"""So often the feed is asked anew about a fixture whose grades stood still, or never came."""
MOST_FIXTURES = 2_000
"""Whose grades are followed at a time, the latest bets' first."""
_RETRY_S = 5.0

_ABOVE_FEED = ("bookmaker", "operator")
_CALLED_OFF = (BetStatus.VOID, BetStatus.CANCELLED)


class Settler:
    """Follows the statements of all desks, and the feed's grades."""

    def __init__(
        self, database: Database, bets: Bets, desks: Desks, clock: Clock, watch: Callable[[FixtureId], None]
    ) -> None:
        """watch: has the feed tell `graded` of every change of a fixture's grades."""
        self._database, self._bets, self._desks, self._clock, self._watch = database, bets, desks, clock, watch
        self._statements = Readings("statement", self._read_account, clock)
        self._watched_ms: dict[str, int] = {}
        self._graded: dict[FixtureId, tuple[Grade, ...]] = {}
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[NoReturn]] = []

    def start(self) -> None:
        self._tasks = [
            spawn(self._run(), "settle bets", is_vital=True),
            spawn(self._take_grades(), "take the feed's grades", is_vital=True),
        ]

    async def stop(self) -> None:
        await stop(*self._tasks)
        await self._statements.stop()

    async def _run(self) -> NoReturn:
        while True:
            with work.unit():
                try:
                    await self.watch_fixtures()
                except StorageError as error:
                    _log.error("the feed's grades are not followed", error=str(error))
            for desk in self._desks.all():
                self._statements.ask(desk.row.account_id)
            await self._clock.sleep(READ_EVERY_S, soft=True)

    async def _read_account(self, account_id: int) -> None:
        desk = self._desks.get(account_id)
        if desk is not None:
            await self.read(desk)

    async def read(self, desk: Desk) -> None:
        """All that can be known of one account's bets now. Raises StorageError."""
        await self._read_statement(desk)
        await self._settle_by_feed(desk)

    # --- the bookmaker's word --------------------------------------------------------------------------------------

    async def _read_statement(self, desk: Desk) -> None:
        account_id = desk.row.account_id
        oldest = await self._database.fetchval(
            """select least(
                 (select min(created_at) from bets
                  where account_id = $1 and status = 'CONFIRMED' and settlement = 'UNSETTLED'
                    and origin = 'abp' and not is_test),
                 (select min(created_at) from bets
                  where account_id = $1 and settled_at > $2 and origin = 'abp' and not is_test))""",
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
        by_name, by_reference = await self._known(account_id, reports)
        for report in reports:
            row = by_name.get(report.bet_ref or "") or by_reference.get(report.reference.casefold())
            verdict = _verdict(report)
            if (
                row is not None
                and verdict is not None
                and not is_settled_so(row["settlement"], row["payout"], row["settled_by"], verdict)
            ):
                await self._apply(desk, row["bet_id"], report, verdict)

    async def _known(self, account_id: int, reports: Sequence[BetReport]) -> tuple[dict[str, Any], dict[str, Any]]:
        """How those of the reports' bets that are ours stand: by the bookmaker's id, and by our reference."""
        rows = await self._database.fetch(
            """select bet_id, bookmaker_bet_id, reference::text, settlement, payout, settled_by from bets
               where account_id = $1 and origin = 'abp' and not is_test and placed_stake is not null
                 and (bookmaker_bet_id = any($2) or reference = any($3::text[]::uuid[]))""",
            account_id,
            [report.bet_ref for report in reports if report.bet_ref],
            [report.reference for report in reports if _is_uuid(report.reference)],
        )
        by_name = {row["bookmaker_bet_id"]: row for row in rows if row["bookmaker_bet_id"]}
        return by_name, {row["reference"]: row for row in rows}

    async def _apply(self, desk: Desk, bet_id: int, report: BetReport, verdict: Verdict) -> None:
        """Settles a bet by a report, unless it was settled just so meanwhile."""
        async with self._database.transaction() as connection:
            bet = await self._bets.locked(connection, bet_id)
            if bet is None or is_settled_so(bet.settlement, bet.payout, bet.settled_by, verdict):
                return
            if report.status in _CALLED_OFF and bet.status is BetStatus.CONFIRMED:
                bet.move_to(report.status, report.reason)
            await self._settle(connection, desk, bet, verdict)
            feed = None if bet.feed_settlement is None else BetSettlement(bet.feed_settlement)
            disputes = [dissent(verdict.settlement, feed)]
            if bet.at_risk is None:  # contracts pay by their number, not by stake and odds
                disputes.append(wrong_amount(wager(bet, desk.row.meta), verdict))
            for why in filter(None, disputes):
                await self._show_dispute(connection, bet, why)

    # --- the feed's word -------------------------------------------------------------------------------------------

    def graded(self, fixture_id: FixtureId, grades: tuple[Grade, ...]) -> None:
        """The feed tells how outcomes were decided, or decided otherwise."""
        self._graded[fixture_id] = grades
        self._wake.set()

    async def _take_grades(self) -> NoReturn:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._graded:
                fixture_id, grades = self._graded.popitem()
                try:
                    with work.unit():
                        await self.take_grades(fixture_id, grades)
                except StorageError as error:
                    _log.error("the feed's grades are not written", fixture_id=fixture_id, error=str(error))
                    self._graded.setdefault(fixture_id, grades)
                    await self._clock.sleep(_RETRY_S, soft=True)

    async def watch_fixtures(self) -> None:
        """Has the feed asked about fixtures with bets that are not settled, or were lately settled by it. Raises
        StorageError."""
        rows = await self._database.fetch(
            """select fixture_id from (
                 select fixture_id, bet_id from bets
                 where status = 'CONFIRMED' and settlement = 'UNSETTLED' and origin = 'abp' and not is_test
                 union all
                 select fixture_id, bet_id from bets where settled_by = 'feed' and settled_at > $1) followed
               group by fixture_id order by max(bet_id) desc limit $2""",
            self._clock.now() - CORRECTED_WITHIN,
            MOST_FIXTURES,
        )
        now_ms, before = self._clock.now_ms(), self._watched_ms
        self._watched_ms = {row[0]: before.get(row[0], 0) for row in rows}
        for fixture_id, asked_ms in self._watched_ms.items():
            if now_ms - asked_ms >= WATCH_AGAIN_S * 1000:
                self._watched_ms[fixture_id] = now_ms
                self._watch(FixtureId(fixture_id))

    async def take_grades(self, fixture_id: FixtureId, grades: tuple[Grade, ...]) -> None:
        """Writes the feed's grades beside the bets, and settles those that nobody else will. Raises StorageError."""
        by_outcome = {(grade.outcome_id, grade.player_id): grade for grade in grades}
        accounts: set[int] = set()
        async with self._database.transaction() as connection:
            rows = await connection.fetch(
                """select bet_id, account_id, outcome_id, player_id, is_back, feed_settlement from bets
                   where fixture_id = $1 and origin = 'abp' and placed_stake is not null and not is_test
                   order by bet_id for update""",
                fixture_id,
            )
            for row in rows:
                grade = by_outcome.get((row["outcome_id"], row["player_id"]))
                if grade is None:
                    continue
                told = grade_of(grade.status, is_push=grade.is_push, is_back=row["is_back"])
                if told is not BetSettlement.UNSETTLED and told.value != row["feed_settlement"]:
                    await self._note_grade(connection, row["bet_id"], told)
                    accounts.add(row["account_id"])
        for account_id in accounts:
            desk = self._desks.get(account_id)
            if desk is not None:
                await self._settle_by_feed(desk)

    async def _note_grade(self, connection: Connection[Any], bet_id: int, told: BetSettlement) -> None:
        await connection.execute("update bets set feed_settlement = $2 where bet_id = $1", bet_id, told.value)
        bet = await self._bets.locked(connection, bet_id)
        if bet is not None and bet.settled_by in _ABOVE_FEED:
            why = dissent(BetSettlement(bet.settlement), told)
            if why is not None:
                await self._show_dispute(connection, bet, why)

    async def _settle_by_feed(self, desk: Desk) -> None:
        """Settles what the feed has graded, where the bookmaker has no statement and has said nothing else."""
        if desk.bookmaker.manifest.has_statement:
            return
        rows = await self._database.fetch(
            """select bet_id from bets
               where account_id = $1 and origin = 'abp' and status = 'CONFIRMED' and feed_settlement is not null
                 and feed_settlement <> settlement and (settled_by is null or settled_by = 'feed') and not is_test
               order by bet_id""",
            desk.row.account_id,
        )
        for row in rows:
            async with self._database.transaction() as connection:
                bet = await self._bets.locked(connection, row[0])
                if bet is None or bet.feed_settlement is None or bet.settled_by in _ABOVE_FEED:
                    continue
                verdict = graded(wager(bet, desk.row.meta), BetSettlement(bet.feed_settlement))
                if verdict is not None and (bet.settlement, bet.payout) != (verdict.settlement.value, verdict.payout):
                    await self._settle(connection, desk, bet, verdict)

    # --- both ------------------------------------------------------------------------------------------------------

    async def _settle(self, connection: Connection[Any], desk: Desk, bet: Bet, verdict: Verdict) -> None:
        """Books how a locked bet ended, and has its account's balance read."""
        with span("abp.settle") as traced:
            traced.tell("hedgerow.bet_id", bet.bet_id)
            traced.tell("hedgerow.order_id", bet.order_id)
            traced.tell("hedgerow.venue", bet.bookmaker)
            await book_verdict(connection, self._bets, bet, verdict, self._clock.now())
            traced.tell("hedgerow.settlement", verdict.settlement.value)
        desk.ask_balance()

    async def _show_dispute(self, connection: Connection[Any], bet: Bet, why: str) -> None:
        SETTLEMENT_DISPUTES.labels(bet.bookmaker).inc()
        _log.warning("settlement is disputed", bookmaker=bet.bookmaker, bet_id=bet.bet_id, why=why)
        await note(
            connection,
            self._clock.now(),
            actor="engine",
            subject="bet",
            subject_id=str(bet.bet_id),
            action="settlement disputed",
            data={"settlement": bet.settlement, "payout": bet.payout, "feed": bet.feed_settlement, "why": why},
        )


def _verdict(report: BetReport) -> Verdict | None:
    """The bookmaker's; None while it has not decided, or does not say what it paid."""
    if report.settlement is None or report.settlement is BetSettlement.UNSETTLED or report.payout is None:
        return None
    return Verdict(report.settlement, report.payout, report.commission, "bookmaker")


def _is_uuid(text: str) -> bool:
    """Some bookmakers do not tell our reference."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
