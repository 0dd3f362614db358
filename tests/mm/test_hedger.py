"""The order in which a fill's commit, its bets and their requests happen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

from hedgerow.core.clock import SteppedClock
from hedgerow.core.ids import ClientName, FixtureId, MarketId, MarketKey, OutcomeId, PlayerId, VenueSlug
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.odds import OddsMicros
from hedgerow.core.states import BetStatus, FillState, Side
from hedgerow.execution.guard import Breakers
from hedgerow.execution.placement import Placement
from hedgerow.mm.controls import TradingState
from hedgerow.mm.desks import Desk
from hedgerow.mm.exposure import Exposure, Matched
from hedgerow.mm.hedger import Hedger
from hedgerow.mm.hedging import Offer
from hedgerow.mm.ledger import FillLedger
from hedgerow.mm.market import TradedMarket, Trader
from hedgerow.mm.repository import FillRow
from hedgerow.storage.bets import Bet
from hedgerow.venues.base import Account, BetIntent, BetReport

CLIENT, BOOKMAKER = ClientName("demo"), VenueSlug("bridge")
KEY = MarketKey(FixtureId("id12990112000000001"), MarketId(121))
A, B = OutcomeId(121), OutcomeId(122)


class Ledger:
    """Commits when it is told to."""

    def __init__(self, told: list[str]) -> None:
        self._told = told
        self.shares = SimpleNamespace(moved=lambda _: None)
        self.answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def add(self, row: FillRow) -> None:
        """Nothing is kept."""

    async def commit(self, row: FillRow, bets: Iterable[Bet]) -> bool:
        self._told.append("the statement left")
        return await self.answer


class Bookmaker:
    def __init__(self, told: list[str]) -> None:
        self._told = told
        self.manifest = SimpleNamespace(slug=BOOKMAKER, minimum_stake=Decimal(1), idempotency=None, lays=False)
        self.prepared: list[BetIntent] = []

    def prepare(self, bet: BetIntent) -> None:
        self._told.append("prepared")
        self.prepared.append(bet)

    async def place(self, bet: BetIntent) -> BetReport:
        self._told.append("the bet left")
        assert bet in self.prepared
        return BetReport(bet.reference, "b-1", BetStatus.PLACED)


class Unwritten(Placement):
    async def save(self, bet: Bet) -> None:
        """There is no database."""


class Scene:
    def __init__(self) -> None:
        self.told: list[str] = []
        clock = SteppedClock()
        self.ledger, self.bookmaker = Ledger(self.told), Bookmaker(self.told)
        placement = Unwritten(cast("Any", None), cast("Any", None), Breakers(clock), clock)
        self.hedger = Hedger(
            cast("FillLedger", self.ledger), placement, clock, max_drift=Decimal("0.03"), is_live=lambda _: False
        )
        desk = Desk(cast("Any", self.bookmaker), Account(2, "demo", "USD", {}), Decimal(1), free=1_000 * MICRO)
        self.hedger.add_desk(CLIENT, desk)
        desk.reconciler = None
        self.desk = desk
        trader = Trader(CLIENT, BOOKMAKER, TradingState.LIVE)
        self.market = TradedMarket(trader, KEY, (A, B), 12, 1774, "moneyline", Exposure((A, B)))

    def fill(self) -> None:
        self.market.exposure.add_fill(Matched("trade-1", A, Side.BUY, 10 * MICRO, 4_500_000))
        row = FillRow(
            1, "trade-1", "v-1", 7, CLIENT, VenueSlug("kalshi"), KEY.fixture_id, KEY.market_id, A, PlayerId(0),
            Side.BUY, 450_000, 10 * MICRO, 4_500_000, 0, 10 * MICRO, FillState.PROVISIONAL, True, 0,
        )  # fmt: skip
        offer = Offer(OddsMicros(2 * MICRO), Micros(500 * MICRO), "line/1", "away")
        self.hedger.filled(self.market, row, {BOOKMAKER: {B: offer}})


async def test_fill_leaves_for_its_commit_first_and_its_bet_after_it() -> None:
    scene = Scene()
    scene.fill()
    assert scene.told == ["the statement left", "prepared"]
    await asyncio.sleep(0)
    assert scene.told == ["the statement left", "prepared"]
    scene.ledger.answer.set_result(True)
    await scene.hedger.finished()
    assert scene.told == ["the statement left", "prepared", "the bet left"]
    assert (scene.desk.cash, scene.market.exposure.needs()) == (995 * MICRO, {})


async def test_bet_of_a_fill_that_another_process_has_recorded_never_leaves() -> None:
    scene = Scene()
    scene.fill()
    scene.ledger.answer.set_result(False)
    await scene.hedger.finished()
    assert "the bet left" not in scene.told
    assert (scene.desk.cash, scene.hedger._intents) == (1_000 * MICRO, {})


async def test_bet_that_was_committed_when_trading_was_halted_never_leaves() -> None:
    scene = Scene()
    scene.fill()
    scene.hedger.halt()
    scene.ledger.answer.set_result(True)
    await scene.hedger.finished()
    assert "the bet left" not in scene.told
