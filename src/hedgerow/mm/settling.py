"""Brings decided markets to their end: what the exchange paid on the orders, what the bookmaker paid on the hedges.

Each side is settled by its own venue's word: the exchange's resolution decides an order, the bookmaker's statement a
bet. The feed's grade is written beside both, and the three are compared (`mm.disputes`); nothing is averaged. It
decides a bet only where the bookmaker has no statement, and has said nothing else. For a while after a market is
settled its venues are asked again, and what they correct is settled anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.errors import VenueError
from hedgerow.core.ids import FixtureId, OutcomeId, PlayerId
from hedgerow.core.states import BetSettlement, BetStatus, SettlementStatus, Side
from hedgerow.core.tasks import spawn, stop, work
from hedgerow.execution.amounts import Currency
from hedgerow.execution.grading import Wager, graded
from hedgerow.execution.settlement import contract_payout
from hedgerow.mm.desks import Desk
from hedgerow.mm.disputes import Place, compare
from hedgerow.mm.lane import Lane
from hedgerow.mm.market import TradedMarket
from hedgerow.mm.recovery import UNSEEN_GRID
from hedgerow.mm.repository import MISSING_FILLS, ORPHANED
from hedgerow.mm.shards import WHOLE, Shard
from hedgerow.storage.audit import note
from hedgerow.storage.behind import until_written
from hedgerow.storage.bets import Bet, Bets
from hedgerow.storage.database import Database, StorageError
from hedgerow.venues.base import BetReport, Instrument, Resolution

_log = structlog.get_logger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 60.0
STATEMENT_OVERLAP_MS = 3_600_000
CORRECTED_WITHIN = timedelta(hours=24)
"""How long after a settlement it is still asked whether it stands."""
ASK_AGAIN_S = 900.0
MOST_INSTRUMENTS = 2_000
"""Settled contracts of an account that are asked for again, the latest first."""


Grades = Mapping[tuple[OutcomeId, PlayerId], SettlementStatus]
"""What the feed says of a fixture's outcomes."""


class Settler:
    """Asks the venues for the end of markets that are over, until all of it is known."""

    def __init__(
        self,
        database: Database,
        bets: Bets,
        clock: Clock,
        *,
        flush: Callable[[], Awaitable[None]],
        lanes: Callable[[], Iterable[Lane]],
        desks: Mapping[str, Sequence[Desk]],
        finished: Callable[[TradedMarket], None],
        called_off: Callable[[Bet, Decimal], None],
        shard: Shard = WHOLE,
    ) -> None:
        """flush: writes the order rows that wait; lanes: of all clients, now; desks: where they hedge, by client;
        finished: called once when all of a market is settled; called_off: when a bookmaker has taken an accepted hedge
        back while the market is open at an exchange, with what the bet had covered; shard: whose orders, bets and
        grades are written."""
        self._database, self._bets, self._clock = database, bets, clock
        self._flush, self._lanes, self._desks, self._finished = flush, lanes, desks, finished
        self._called_off = called_off
        self._booking = asyncio.Lock()  # a bet that two read in the same statement is settled by one of them
        self._shard = shard
        self._over: dict[tuple[str, object], TradedMarket] = {}
        self._wake = asyncio.Event()
        self._graded: dict[FixtureId, Grades] = {}
        self._has_grades = asyncio.Event()
        self._tasks: list[asyncio.Task[NoReturn]] = []

    def start(self) -> None:
        self._tasks = [
            spawn(self._run(), "settler", is_vital=True),
            spawn(self._ask_again(), "ask for corrected settlements", is_vital=True),
            spawn(self._take_grades(), "take the feed's grades", is_vital=True),
        ]

    async def stop(self) -> None:
        await stop(*self._tasks)

    def is_over(self, market: TradedMarket) -> None:
        """The market's fixture is over, or its exchange resolved it."""
        key = (market.client.name, market.key)
        if key not in self._over:
            self._over[key] = market
            self._wake.set()

    async def _run(self) -> NoReturn:
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
            for desk in list(self._desks.get(client, ())):
                await self.read(desk)
        for key, market in list(self._over.items()):
            rests = any(order.is_live for place in market.places for order in place.slot.orders)
            if not rests and await self._is_settled(market):
                del self._over[key]
                self._finished(market)

    async def _ask_again(self) -> NoReturn:
        while True:
            await self._clock.sleep(ASK_AGAIN_S, soft=True)
            with work.unit():
                try:
                    await self.ask_again()
                except StorageError as error:
                    _log.error("corrected settlements are not looked for", error=str(error))

    async def ask_again(self) -> None:
        """Asks whether what was lately settled stands. Raises StorageError."""
        for lane in list(self._lanes()):
            if settled := await self._lately_settled(lane):
                await self._settle_instruments(lane, settled)
        for desk in self._all_desks():
            await self.read(desk)

    def _all_desks(self) -> list[Desk]:
        return [desk for desks in self._desks.values() for desk in desks]

    async def _lately_settled(self, lane: Lane) -> list[Instrument]:
        rows = await self._database.fetch(
            f"""select o.exchange_outcome_id as ref, coalesce(max(m.market_ref), '') as market_ref from mm_orders o
               left join mm_mappings m on m.venue = o.exchange and m.instrument_ref = o.exchange_outcome_id
               where o.account_id = $1 and o.settled_at > $2 and {self._shard.condition("o.fixture_id")}
               group by o.exchange_outcome_id order by max(o.settled_at) desc limit $3""",
            lane.account_id,
            self._clock.now() - CORRECTED_WITHIN,
            MOST_INSTRUMENTS,
        )
        return [Instrument(lane.slug, row["ref"], row["market_ref"], UNSEEN_GRID) for row in rows]

    # --- exchanges ---------------------------------------------------------------------------------------------

    async def _settle_orders(self, lane: Lane, markets: Iterable[TradedMarket]) -> None:
        instruments = {
            place.slot.instrument.ref: place.slot.instrument
            for market in markets
            for place in market.places
            if place.lane is lane
        }
        await self._settle_instruments(lane, list(instruments.values()))

    async def _settle_instruments(self, lane: Lane, instruments: Sequence[Instrument]) -> None:
        try:
            resolutions = await lane.exchange.resolutions(instruments)
        except VenueError as error:
            _log.warning("resolutions not read", exchange=lane.slug, error=str(error))
            return
        for resolution in resolutions:
            await self.settle_instrument(lane, resolution)

    async def settle_instrument(self, lane: Lane, resolution: Resolution) -> None:
        """Settles every matched order of an instrument; a changed resolution settles them anew."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(
                """select order_id, client, fixture_id, market_id, player_id, side, matched_size, matched_stake, fees,
                          settlement_status, payout
                   from mm_orders
                   where account_id = $1 and exchange_outcome_id = $2 and matched_size > 0 for update""",
                lane.account_id,
                resolution.instrument_ref,
            )
            settled = [row for row in rows if await self._settle_order(connection, row, resolution)]
            await compare(connection, map(_place, settled), self._clock.now())

    async def _settle_order(self, connection: Any, row: Any, resolution: Resolution) -> bool:
        """False: it was settled so already."""
        status, paid = resolution.seen_by(Side(row["side"]), row["matched_stake"] / row["matched_size"])
        payout = contract_payout(status, row["matched_size"], row["matched_stake"], paid)
        if (row["settlement_status"], row["payout"]) == (status.value, payout):
            return False
        now = self._clock.now()
        await connection.execute(
            """update mm_orders set settlement_status = $2, paid_per_contract = $3, payout = $4, pnl = $5,
                                   settled_at = $6
               where order_id = $1""",
            row["order_id"],
            status.value,
            paid,
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
        return True

    # --- bookmakers --------------------------------------------------------------------------------------------

    async def read(self, desk: Desk) -> None:
        """All that can be known of one account's bets now. Raises StorageError."""
        await self.read_statement(desk)
        await self._settle_by_feed(desk)

    async def read_statement(self, desk: Desk) -> None:
        """Reads what the bookmaker has settled since the oldest bet that is not settled, or was lately, and applies
        it."""
        account_id = desk.account.account_id
        oldest = await self._database.fetchval(
            """select least(
                 (select min(created_at) from bets
                  where account_id = $1 and status = 'CONFIRMED' and settlement = 'UNSETTLED'),
                 (select min(created_at) from bets where account_id = $1 and settled_at > $2 and origin = 'mm'))""",
            account_id,
            self._clock.now() - CORRECTED_WITHIN,
        )
        if oldest is None:
            return
        since_ms = int(oldest.timestamp() * 1000) - STATEMENT_OVERLAP_MS
        try:
            reports = await desk.bookmaker.settled(since_ms)
        except VenueError as error:
            _log.warning("statement not read", bookmaker=desk.bookmaker.manifest.slug, error=str(error))
            return
        async with self._booking:
            known = [*await self._bets.unsettled(account_id), *await self._bets.named(account_id, _names(reports))]
            bets = {bet.bet_id: bet for bet in known if self._shard.owns(bet.fixture_id)}.values()
            by_reference = {bet.reference: bet for bet in bets}
            by_name = {bet.bookmaker_bet_id: bet for bet in bets if bet.bookmaker_bet_id}
            for report in reports:
                bet = by_name.get(report.bet_ref or "") or by_reference.get(report.reference)
                if bet is not None:
                    await self._settle_bet(bet, report)

    async def _settle_bet(self, bet: Bet, report: BetReport) -> None:
        if report.settlement in (None, BetSettlement.UNSETTLED) or report.payout is None:
            return
        settlement = report.settlement.value
        if (bet.settlement, bet.payout, bet.settled_by) == (settlement, report.payout, "bookmaker"):
            return
        before, covered = bet.settlement, bet.covers
        bet.settlement, bet.payout, bet.settled_by = settlement, report.payout, "bookmaker"
        now = bet.settled_at = self._clock.now()
        if report.status not in (BetStatus.VOID, BetStatus.CANCELLED) or bet.status is not BetStatus.CONFIRMED:
            await self._write_settlement(bet, before, now)
            return
        bet.move_to(report.status, report.reason)
        # The row would not tell the next reading that the engine has not heard of it.
        await until_written("a bet that was called off", lambda: self._write_settlement(bet, before, now, is_off=True))
        if bet.covers != covered:
            self._called_off(bet, covered)

    async def _write_settlement(self, bet: Bet, before: str, now: datetime, *, is_off: bool = False) -> None:
        """is_off: it has just been taken back."""
        async with self._database.transaction() as connection:
            if is_off and await is_open_at_an_exchange(connection, bet):
                bet.covers = Decimal(0)
            await book(connection, self._bets, bet, before, now, actor="venue")

    # --- the feed ----------------------------------------------------------------------------------------------

    def graded(self, fixture_id: FixtureId, grades: Grades) -> None:
        """The feed tells how outcomes were decided, or decided otherwise; it tells each change once."""
        self._graded[fixture_id] = grades
        self._has_grades.set()

    async def _take_grades(self) -> NoReturn:
        while True:
            await self._has_grades.wait()
            self._has_grades.clear()
            while self._graded:
                fixture_id, grades = self._graded.popitem()
                try:
                    with work.unit():
                        await self.grade(fixture_id, grades)
                except StorageError as error:
                    _log.error("the feed's grades are not written", fixture_id=fixture_id, error=str(error))
                    self._graded.setdefault(fixture_id, grades)
                    await self._clock.sleep(FIRST_PAUSE_S, soft=True)

    async def grade(self, fixture_id: str, grades: Grades) -> None:
        """Writes the feed's grades beside what the venues said, and settles the bets of which no venue tells."""
        if not self._shard.owns(fixture_id):
            return
        told: list[Any] = []
        async with self._database.transaction() as connection:
            for (outcome_id, player_id), grade in grades.items():
                for side, seen in (("buy", grade), ("sell", grade.mirrored)):
                    told += await connection.fetch(
                        """update mm_orders set feed_settlement = $5
                           where fixture_id = $1 and outcome_id = $2 and player_id = $3 and side = $4
                             and matched_size > 0 and feed_settlement is distinct from $5
                           returning client, fixture_id, market_id, player_id""",
                        fixture_id,
                        outcome_id,
                        player_id,
                        side,
                        seen.value,
                    )
                told += await connection.fetch(
                    """update bets set feed_settlement = $4
                       where fixture_id = $1 and outcome_id = $2 and player_id = $3 and origin = 'mm'
                         and (placed_stake is not null or status in ('PENDING', 'PLACED'))
                         and feed_settlement is distinct from $4
                       returning client, fixture_id, market_id, player_id""",
                    fixture_id,
                    outcome_id,
                    player_id,
                    grade.value,
                )
            await compare(connection, map(_place, told), self._clock.now())
        for desk in self._all_desks():
            await self._settle_by_feed(desk)

    async def _settle_by_feed(self, desk: Desk) -> None:
        """Settles what the feed has graded, where the bookmaker has no statement and has said nothing else."""
        if desk.bookmaker.manifest.has_statement:
            return
        rows = await self._database.fetch(
            f"""select bet_id from bets
                where account_id = $1 and origin = 'mm' and status = 'CONFIRMED' and feed_settlement <> 'UNDECIDED'
                  and feed_settlement <> settlement and (settled_by is null or settled_by = 'feed')
                  and {self._shard.condition()} order by bet_id""",
            desk.account.account_id,
        )
        for row in rows:
            async with self._database.transaction() as connection:
                bet = await self._bets.locked(connection, row[0])
                if bet is None or bet.feed_settlement is None or bet.settled_by not in (None, "feed"):
                    continue
                verdict = graded(wager_of(bet), BetSettlement(bet.feed_settlement))
                if verdict is None:
                    continue
                before, now = bet.settlement, self._clock.now()
                bet.settlement, bet.payout, bet.settled_by = verdict.settlement.value, verdict.payout, verdict.by
                bet.settled_at = now
                await book(connection, self._bets, bet, before, now, actor="feed")

    async def _is_settled(self, market: TradedMarket) -> bool:
        """Whether nothing is open, a fill that is missing, or whose order is still looked for, or is not written yet,
        included."""
        left: int = await self._database.fetchval(
            f"""select (select count(*) from mm_orders
                       where client = $1 and fixture_id = $2 and market_id = $3
                         and matched_size > 0 and settlement_status = 'UNDECIDED')
                    + (select count(*) from mm_orders o
                       where client = $1 and fixture_id = $2 and market_id = $3 and {MISSING_FILLS})
                    + (select count(*) from bets
                       where client = $1 and fixture_id = $2 and market_id = $3 and origin = 'mm'
                         and (status in ('PENDING', 'PLACED')
                              or (status = 'CONFIRMED' and settlement = 'UNSETTLED')))
                    + (select count(*) from mm_fills
                       where client = $1 and fixture_id = $2 and market_id = $3 and {ORPHANED})""",
            market.client.name,
            market.key.fixture_id,
            market.key.market_id,
        )
        return left == 0


def _place(row: Any) -> Place:
    return Place(row["client"], row["fixture_id"], row["market_id"], row["player_id"])


def _place_of(bet: Bet) -> Place:
    return Place(bet.client, bet.fixture_id, bet.market_id, bet.player_id)


async def book(
    connection: Any, bets: Bets, bet: Bet, before: str, now: datetime, *, actor: str, reason: str = ""
) -> None:
    """Writes how a bet ended, inside the caller's transaction. before: how it had ended till now; reason: an
    operator's."""
    await bets.save_settlement(connection, bet)
    data = {"settlement": bet.settlement, "payout": bet.payout, "before": before}
    await note(
        connection,
        now,
        actor=actor,
        subject="bet",
        subject_id=str(bet.bet_id),
        action="settled",
        data={**data, "reason": reason} if reason else data,
    )
    if bet.origin == "mm":
        await compare(connection, [_place_of(bet)], now)


async def is_open_at_an_exchange(connection: Any, bet: Bet) -> bool:
    """Whether what a hedge covers is still at risk: else its market is decided, and both sides stand as they were
    paid."""
    is_open: bool = await connection.fetchval(
        """select exists (select 1 from mm_fills l left join mm_orders o on o.order_id = l.order_id
                          where l.client = $1 and l.fixture_id = $2 and l.market_id = $3 and l.player_id = $4
                            and l.state <> 'REVERSED'
                            and coalesce(o.settlement_status, 'UNDECIDED') = 'UNDECIDED')""",
        *_place_of(bet),
    )
    return is_open


def wager_of(bet: Bet) -> Wager:
    """A hedge that was taken, as its account settles it."""
    assert bet.placed_stake is not None
    assert bet.placed_odds is not None
    at_risk = bet.placed_stake if bet.at_risk is None else bet.at_risk
    currency = Currency(bet.currency, bet.usd_rate)
    return Wager(bet.placed_stake, bet.placed_odds, at_risk, currency, commission_rate=bet.hedge_commission)


def _names(reports: Iterable[BetReport]) -> list[str]:
    return [report.bet_ref for report in reports if report.bet_ref]
