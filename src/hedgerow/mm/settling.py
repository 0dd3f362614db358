"""Brings decided markets to their end: what the exchange paid on the orders, what the bookmaker paid on the hedges.

Each side is settled by its own venue's word: the exchange's resolution decides an order, the bookmaker's statement a
bet. The feed's grade is written beside both, so that the three can be compared; nothing is averaged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.errors import VenueError
from hedgerow.core.states import BetSettlement, BetStatus, SettlementStatus, Side
from hedgerow.core.tasks import spawn, stop, work
from hedgerow.execution.settlement import contract_payout
from hedgerow.mm.hedger import Desk
from hedgerow.mm.lane import Lane
from hedgerow.mm.market import TradedMarket
from hedgerow.storage.audit import note
from hedgerow.storage.bets import Bet, Bets
from hedgerow.storage.database import Database, StorageError
from hedgerow.venues.base import BetReport, Resolution

_log = structlog.get_logger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 60.0
STATEMENT_OVERLAP_MS = 3_600_000


class Settler:
    """Asks the venues for the end of markets that are over, until all of it is known."""

    def __init__(
        self,
        database: Database,
        bets: Bets,
        clock: Clock,
        *,
        flush: Callable[[], Awaitable[None]],
        desk_of: Callable[[str], Desk | None],
        finished: Callable[[TradedMarket], None],
    ) -> None:
        """flush: writes the order rows that wait; desk_of: the hedge desk of a client; finished: called once when all
        of a market is settled."""
        self._database, self._bets, self._clock = database, bets, clock
        self._flush, self._desk_of, self._finished = flush, desk_of, finished
        self._over: dict[tuple[str, object], TradedMarket] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = spawn(self._run(), "settler", is_vital=True)

    async def stop(self) -> None:
        await stop(self._task)

    def is_over(self, market: TradedMarket) -> None:
        """The market's fixture is over, or its exchange resolved it."""
        key = (market.client.name, market.key)
        if key not in self._over:
            self._over[key] = market
            self._wake.set()

    async def _run(self) -> None:
        pause = FIRST_PAUSE_S
        while True:
            if not self._over:
                await self._wake.wait()
            self._wake.clear()
            before = len(self._over)
            with work.unit():
                try:
                    await self._pass()
                except StorageError as error:
                    _log.error("settling waits for the database", error=str(error))
            pause = FIRST_PAUSE_S if len(self._over) < before else min(pause * 2, LONGEST_PAUSE_S)
            if self._over:
                await self._clock.sleep(pause)

    async def _pass(self) -> None:
        await self._flush()
        markets = list(self._over.values())
        lanes = {id(place.lane): place.lane for market in markets for place in market.places}
        for lane in lanes.values():
            await self._settle_orders(lane, markets)
        for client in {market.client.name for market in markets}:
            desk = self._desk_of(client)
            if desk is not None:
                await self.read_statement(desk)
        for key, market in list(self._over.items()):
            rests = any(order.is_live for place in market.places for order in place.slot.orders)
            if not rests and await self._is_settled(market):
                del self._over[key]
                self._finished(market)

    # --- exchanges ---------------------------------------------------------------------------------------------

    async def _settle_orders(self, lane: Lane, markets: Iterable[TradedMarket]) -> None:
        instruments = {
            place.slot.instrument.ref: place.slot.instrument
            for market in markets
            for place in market.places
            if place.lane is lane
        }
        try:
            resolutions = await lane.exchange.resolutions(list(instruments.values()))
        except VenueError as error:
            _log.warning("resolutions not read", exchange=lane.slug, error=str(error))
            return
        for resolution in resolutions:
            await self.settle_instrument(lane, resolution)

    async def settle_instrument(self, lane: Lane, resolution: Resolution) -> None:
        """Settles every matched order of an instrument; a changed resolution settles them anew."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(
                """select order_id, side, matched_size, matched_stake, fees, settlement_status, payout from mm_orders
                   where account_id = $1 and exchange_outcome_id = $2 and matched_size > 0 for update""",
                lane.account_id,
                resolution.instrument_ref,
            )
            for row in rows:
                await self._settle_order(connection, lane, row, resolution)

    async def _settle_order(self, connection: Any, lane: Lane, row: Any, resolution: Resolution) -> None:
        status = resolution.status if row["side"] == Side.BUY.value else resolution.status.mirrored
        void_pays = lane.exchange.manifest.void_pays
        payout = contract_payout(status, row["matched_size"], row["matched_stake"], void_pays)
        if (row["settlement_status"], row["payout"]) == (status.value, payout):
            return
        now = self._clock.now()
        await connection.execute(
            """update mm_orders set settlement_status = $2, payout = $3, pnl = $4, settled_at = $5
               where order_id = $1""",
            row["order_id"],
            status.value,
            payout,
            payout - row["matched_stake"] - row["fees"],
            now,
        )
        await note(
            connection,
            now,
            actor="venue",
            subject="order",
            subject_id=str(row["order_id"]),
            action="settled",
            data={"status": status.value, "payout": payout, "before": row["settlement_status"]},
        )

    # --- bookmakers --------------------------------------------------------------------------------------------

    async def read_statement(self, desk: Desk) -> None:
        """Reads what the bookmaker has settled since the oldest unsettled bet, and applies it."""
        account_id = desk.account.account_id
        open_bets = await self._bets.unsettled(account_id)
        if not open_bets:
            return
        oldest = min(bet.created_at for bet in open_bets if bet.created_at is not None)
        since_ms = int(oldest.timestamp() * 1000) - STATEMENT_OVERLAP_MS
        try:
            reports = await desk.bookmaker.settled(since_ms)
        except VenueError as error:
            _log.warning("statement not read", bookmaker=desk.bookmaker.manifest.slug, error=str(error))
            return
        by_reference = {bet.reference: bet for bet in open_bets}
        by_name = {bet.bookmaker_bet_id: bet for bet in await self._bets.named(account_id, _names(reports))}
        for report in reports:
            bet = by_name.get(report.bet_ref) or by_reference.get(report.reference)
            if bet is not None:
                await self._settle_bet(bet, report)

    async def _settle_bet(self, bet: Bet, report: BetReport) -> None:
        if report.settlement in (None, BetSettlement.UNSETTLED) or report.payout is None:
            return
        settlement = report.settlement.value
        if (bet.settlement, bet.payout) == (settlement, report.payout):
            return
        before = bet.settlement
        bet.settlement, bet.payout, bet.settled_by = settlement, report.payout, "bookmaker"
        bet.settled_at = self._clock.now()
        if report.status in (BetStatus.VOID, BetStatus.CANCELLED) and bet.status is BetStatus.CONFIRMED:
            bet.move_to(report.status, report.reason)
        async with self._database.transaction() as connection:
            await self._bets.save_settlement(connection, bet)
            await note(
                connection,
                bet.settled_at,
                actor="venue",
                subject="bet",
                subject_id=str(bet.bet_id),
                action="settled",
                data={"settlement": settlement, "payout": report.payout, "before": before},
            )

    # --- the feed ----------------------------------------------------------------------------------------------

    async def grade(self, fixture_id: str, grades: dict[int, SettlementStatus]) -> None:
        """Writes the feed's grade (by outcome id) beside what the venues said."""
        async with self._database.transaction() as connection:
            for outcome_id, grade in grades.items():
                for side, seen in (("buy", grade), ("sell", grade.mirrored)):
                    await connection.execute(
                        """update mm_orders set feed_settlement = $4
                           where fixture_id = $1 and outcome_id = $2 and side = $3 and matched_size > 0
                             and feed_settlement is distinct from $4""",
                        fixture_id,
                        outcome_id,
                        side,
                        seen.value,
                    )
                await connection.execute(
                    """update bets set feed_settlement = $3
                       where fixture_id = $1 and outcome_id = $2 and status = 'CONFIRMED'
                         and feed_settlement is distinct from $3""",
                    fixture_id,
                    outcome_id,
                    grade.value,
                )

    async def _is_settled(self, market: TradedMarket) -> bool:
        left: int = await self._database.fetchval(
            """select (select count(*) from mm_orders
                       where client = $1 and fixture_id = $2 and market_id = $3 and matched_size > 0
                         and settlement_status = 'UNDECIDED')
                    + (select count(*) from bets
                       where client = $1 and fixture_id = $2 and market_id = $3 and origin = 'mm'
                         and (status in ('PENDING', 'PLACED')
                              or (status = 'CONFIRMED' and settlement = 'UNSETTLED')))
                    + (select count(*) from mm_fills
                       where client = $1 and fixture_id = $2 and market_id = $3 and order_id is null)""",
            market.client.name,
            market.key.fixture_id,
            market.key.market_id,
        )
        return left == 0


def _names(reports: Iterable[BetReport]) -> list[str]:
    return [report.bet_ref for report in reports if report.bet_ref]
