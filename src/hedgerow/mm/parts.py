"""The engine of one process and what it decides with; with a tape or without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hedgerow.core.clock import Clock
from hedgerow.core.config import Settings
from hedgerow.core.money import MICRO, Micros, micros
from hedgerow.execution.guard import Breakers
from hedgerow.execution.placement import Placement
from hedgerow.feed.book import PriceBook
from hedgerow.feed.gate import Limits
from hedgerow.mm.engine import Engine
from hedgerow.mm.hedger import Hedger
from hedgerow.mm.journal import Journal
from hedgerow.mm.lane import Lane, LeaveBy, never
from hedgerow.mm.ledger import FillLedger
from hedgerow.mm.market import TradedMarket
from hedgerow.mm.numbers import OrderNumbers
from hedgerow.mm.prices import BookPrices
from hedgerow.mm.recovery import BetReads, Reads
from hedgerow.mm.repository import Repository
from hedgerow.mm.shards import WHOLE, Shard
from hedgerow.mm.taping.recorder import Recorder
from hedgerow.mm.taping.taped import (
    TapedEngine,
    TapedHedger,
    TapedLedger,
    TapedNumbers,
    TapedPlacement,
    TapedPrices,
    TapedReads,
)
from hedgerow.mm.taping.taped_lane import TapedLane
from hedgerow.storage.bets import Bets
from hedgerow.storage.database import Database
from hedgerow.venues.base import Exchange

IsLive = Callable[[TradedMarket], bool]


@dataclass(frozen=True, slots=True)
class Parts:
    """clock: the engine's own; lane_of: makes the lane of an exchange account, from account, exchange and the
    deployment's tag; reads: what recovery reads by."""

    clock: Clock
    numbers: OrderNumbers
    ledger: FillLedger
    hedger: Hedger
    engine: Engine
    lane_of: Callable[[int, Exchange, int], Lane]
    reads: tuple[Reads, BetReads]
    recorder: Recorder | None


def build(
    settings: Settings,
    database: Database,
    book: PriceBook,
    journal: Journal,
    clock: Clock,
    is_live: IsLive,
    *,
    shard: Shard = WHOLE,
    leave_by: LeaveBy = never,
) -> Parts:
    """shard: of the fixtures; leave_by: the loop's time after which nothing is sent to a venue, None: no such time.

    Raises InputError and OSError where the tape that the settings name cannot be written."""
    repository, bets = Repository(database, clock, shard), Bets(database, clock)
    tape, hysteresis = settings.engine_tape, micros(settings.quote_hysteresis)
    recorder = Recorder(tape, clock, settings.max_hedge_drift, hysteresis) if tape else None
    own_clock = recorder.clock if recorder else clock
    untold = Micros(int(settings.untold_limit_usd * MICRO))
    prices = BookPrices(book, Limits.of(settings), own_clock, untold_limit=untold)
    if recorder is None:
        numbers, ledger = OrderNumbers(), FillLedger(database, repository, bets)
        placement = Placement(database, bets, Breakers(clock), clock)
        hedger = Hedger(
            ledger, placement, clock, max_drift=settings.max_hedge_drift, is_live=is_live, leave_by=leave_by
        )
        engine = Engine(
            prices, hedger, ledger, journal, clock, minimum_stake=hedger.desks.minimum_stake, hysteresis=hysteresis
        )

        def lane_of(account_id: int, exchange: Exchange, tag: int) -> Lane:
            shares_account = not shard.is_whole
            return Lane(account_id, exchange, engine, clock, numbers, tag, leave_by, shares_account=shares_account)

        return Parts(clock, numbers, ledger, hedger, engine, lane_of, (repository, bets), None)
    return _taped(recorder, settings, database, prices, journal, clock, is_live, leave_by)


def _taped(
    recorder: Recorder,
    settings: Settings,
    database: Database,
    prices: BookPrices,
    journal: Journal,
    clock: Clock,
    is_live: IsLive,
    leave_by: LeaveBy,
) -> Parts:
    repository, bets = Repository(database, clock), Bets(database, clock)
    numbers, ledger = TapedNumbers(recorder), TapedLedger(recorder, database, repository, bets)
    placement = TapedPlacement(recorder, database, bets, Breakers(clock), clock)
    hedger = TapedHedger(
        recorder,
        ledger,
        placement,
        recorder.clock,
        max_drift=settings.max_hedge_drift,
        is_live=is_live,
        leave_by=leave_by,
    )
    engine = TapedEngine(
        recorder,
        TapedPrices(recorder, prices),
        hedger,
        ledger,
        journal,
        recorder.clock,
        minimum_stake=hedger.desks.minimum_stake,
        hysteresis=micros(settings.quote_hysteresis),
    )
    recorder.follow(engine, hedger)

    def lane_of(account_id: int, exchange: Exchange, tag: int) -> Lane:
        return TapedLane(recorder, account_id, exchange, engine, recorder.clock, numbers, tag, leave_by)

    reads = TapedReads(recorder, repository, bets)
    return Parts(recorder.clock, numbers, ledger, hedger, engine, lane_of, (reads, reads), recorder)
