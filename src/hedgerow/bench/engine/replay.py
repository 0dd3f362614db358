"""Our side of bench engine: a recorded market through the product's own parts, in stepped time, as fast as it goes.

Every runner is a market of two outcomes: it wins, or it does not. The best odds to back and to lay stand for a
bookmaker's on the two, so a bid and an ask on the runner's contract follow the best prices of the file. What the file
shows as traded meets our quotes at the simulated exchange.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any, cast

import msgspec
import uvloop

from hedgerow.bench.engine.venue import ACCOUNT, SLUG, DirectExchange
from hedgerow.core import memory
from hedgerow.core.clock import NS_PER_MS
from hedgerow.core.ids import ClientName, FixtureId, MarketId, MarketKey, OutcomeId, OutcomeKey, VenueSlug, odds_id
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import Side
from hedgerow.feed import wire
from hedgerow.feed.book import PriceBook
from hedgerow.feed.catalogue import Market
from hedgerow.feed.gate import Limits
from hedgerow.feed.offers import Block
from hedgerow.mm.controls import TournamentSettings, TradingState
from hedgerow.mm.engine import Engine
from hedgerow.mm.exposure import Exposure
from hedgerow.mm.hedger import Hedger
from hedgerow.mm.hedging import Books
from hedgerow.mm.journal import Journal, Owner, QuoteReason
from hedgerow.mm.lane import Lane
from hedgerow.mm.ledger import FillLedger
from hedgerow.mm.market import TradedMarket, Trader
from hedgerow.mm.numbers import OrderNumbers
from hedgerow.mm.orders import Order, Slot
from hedgerow.mm.prices import BookPrices
from hedgerow.mm.repository import FillRow
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import Contract
from hedgerow.sim.recordings.betfair_book import RunnerState, Trade
from hedgerow.sim.recordings.betfair_wire import Message, RunnerChange, decode_message
from hedgerow.venues.base import Instrument

_CLIENT, _BOOKMAKER = ClientName("bench"), VenueSlug("bench-book")
_SPORT, _TOURNAMENT = 12, 1774
_FIXTURE = FixtureId(f"id{_SPORT}{_TOURNAMENT:06}61000000")
_FIRST_MARKET = 1_200
_CASH = 10_000_000 * MICRO
_TICK = 1_000
_GRID = PriceGrid.probability(_TICK)
_LIMIT = msgspec.Raw(b"1000")
_FOR_EVER_MS = 10**12
_LIMITS = Limits(live_ms=_FOR_EVER_MS, pregame_ms=_FOR_EVER_MS, silence_ms=_FOR_EVER_MS)
_NUMBERS = 1_000_000
_MICRO = Decimal("0.000001")
_OPEN = "OPEN"


@dataclass(frozen=True, slots=True)
class Done:
    """What a replay took and did. resting: at its end, prices in micros by contract and side."""

    seconds: float
    orders: int
    fills: int
    resting: Mapping[tuple[str, Side], int]


def run(updates: Sequence[bytes], *, quotes: bool) -> Done:
    """Plays the lines of a file. quotes: whether a strategy quotes; else the book and its prices are followed."""
    # On the loop of the services, and with as little searching for garbage as in them.
    with memory.settled(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_Replay(quotes=quotes).play(updates))


class _Runner:
    """One runner: its ladders, and how the feed and the exchange name it."""

    def __init__(self, index: int) -> None:
        self.state = RunnerState()
        self.outcomes = OutcomeId(_FIRST_MARKET + 2 * index), OutcomeId(_FIRST_MARKET + 2 * index + 1)
        self.key = MarketKey(_FIXTURE, MarketId(int(self.outcomes[0])))
        self.wins, self.loses = (OutcomeKey(_FIXTURE, outcome) for outcome in self.outcomes)
        self._names = [odds_id(_FIXTURE, _BOOKMAKER, outcome, self.key.player_id) for outcome in self.outcomes]
        self._told: tuple[Decimal | None, Decimal | None, bool] = (None, None, False)

    def rows(self, at_ms: int, *, is_open: bool) -> dict[str, wire.OddsRow] | None:
        """The offers on both outcomes; None when neither has changed."""
        back, lay = self.state.to_back.best, self.state.to_lay.best
        if (back, lay, is_open) == self._told:
            return None
        self._told = back, lay, is_open
        return {
            name: _row(self.key.market_id, outcome, odds if is_open else None, at_ms)
            for name, outcome, odds in zip(self._names, self.outcomes, (back, _against(lay)), strict=True)
        }


def _against(lay: Decimal | None) -> Decimal | None:
    """The odds at which laying the runner backs the others, rounded up, so that the bid is its very probability."""
    if lay is None or lay <= 1:
        return None
    return (lay / (lay - 1)).quantize(_MICRO, ROUND_CEILING)


def _row(market_id: MarketId, outcome_id: OutcomeId, odds: Decimal | None, at_ms: int) -> wire.OddsRow:
    return wire.OddsRow(
        outcome_id=outcome_id,
        price=msgspec.Raw(b"null" if odds is None else str(odds).encode()),
        active=odds is not None,
        market_active=True,
        main_line=True,
        market_id=market_id,
        limit=_LIMIT,
        changed_at=at_ms,
    )


# --- what is not measured ----------------------------------------------------------------------------------------


class _NoJournal(Journal):
    """Writes nothing: the baseline keeps nothing either."""

    def __init__(self) -> None:
        """Without the repository that a journal writes to."""

    def changed(self, order: Order, owner: Owner) -> None:
        """The row is not written."""

    def quoted(self, reason: QuoteReason) -> None:
        """Nor is the reason."""


class _NoHedges(Hedger):
    """Hedges nothing: the recording has no bookmaker that bets could be placed at."""

    def filled(self, market: TradedMarket, row: FillRow, books: Books) -> None:
        """The fill stays open."""

    def look_at(self, market: TradedMarket, books: Books) -> None:
        """What is open stays open."""


# --- the replay --------------------------------------------------------------------------------------------------


class _Replay:
    def __init__(self, *, quotes: bool) -> None:
        self._quotes = quotes
        self._clock = WorldClock()
        self._book = PriceBook()
        self._prices = BookPrices(self._book, _LIMITS, self._clock, untold_limit=Micros(0))
        self._exchange = Exchange(SLUG, self._clock)
        self._exchange.add_account(ACCOUNT, _CASH)
        self._runners: dict[int, _Runner] = {}
        self._is_open = False

    async def play(self, updates: Sequence[bytes]) -> Done:
        self._clock.run_stepped(decode_message(updates[0]).pt * NS_PER_MS)
        await self._begin()
        started = time.perf_counter()
        for update in updates:
            self._take(decode_message(update))
            if self._quotes:
                await asyncio.sleep(0)  # answers of the exchange are taken in
        seconds = time.perf_counter() - started
        orders = [order for order in self._exchange.orders.values() if order.account == ACCOUNT]
        resting = {(order.contract.ref, order.side): order.price for order in self._exchange.open_orders(ACCOUNT)}
        return Done(seconds, len(orders), sum(len(order.fills) for order in orders), resting)

    async def _begin(self) -> None:
        nothing = cast(Any, None)  # what would write to a database is overridden
        ledger = FillLedger(nothing, nothing, nothing)
        hedger = _NoHedges(ledger, nothing, self._clock, max_drift=Decimal(0), is_live=lambda _: True)
        self._engine = Engine(self._prices, hedger, ledger, _NoJournal(), self._clock, minimum_stake=lambda _: MICRO)
        numbers = OrderNumbers()
        numbers.add(range(1, _NUMBERS))
        self._lane = Lane(1, DirectExchange(self._exchange, self._clock), self._engine, self._clock, numbers, tag=1)
        self._lane.cash = _CASH
        settings = TournamentSettings(_TOURNAMENT, is_active=True, limit_ratio=Decimal("0.8"), price_ticks=0)
        self._trader = Trader(
            _CLIENT,
            _BOOKMAKER,
            TradingState.LIVE,
            tournaments={_TOURNAMENT: settings},
            lanes=[self._lane],
            max_outcome_stake={1: _CASH},
            hedge_cash=_CASH,
            hedges=True,
        )
        self._engine.traders[_CLIENT] = self._trader
        await self._lane.open(None)
        await self._lane.resync()
        now_ms, book = self._clock.now_ms(), self._book
        book.up_since_ms = book.heard_ms = now_ms
        status = wire.Status(status_id=1, live=True)
        sport, tournament = wire.Sport(sport_id=_SPORT), wire.Tournament(tournament_id=_TOURNAMENT)
        book.describe(wire.Fixture(fixture_id=_FIXTURE, status=status, sport=sport, tournament=tournament), now_ms)
        state = book.fixture(_FIXTURE)
        if state is not None:
            state.bookmaker(_BOOKMAKER).take_meta(wire.BookmakerMeta(has_odds=True), now_ms)

    def _take(self, message: Message) -> None:
        """One line of the file."""
        at_ms = message.pt
        self._clock.step_to(at_ms * NS_PER_MS)
        self._book.heard_ms = at_ms
        for change in message.mc or ():
            definition = change.market_definition
            if definition is not None:
                self._is_open = definition.status == _OPEN
                for runner in definition.runners:
                    self._runner(runner.id)
                touched = list(self._runners.values())
            else:
                touched = []
            for told in change.rc or ():
                touched.append(self._changed(told, is_image=bool(change.img)))
            self._tell(touched, at_ms)

    def _changed(self, told: RunnerChange, *, is_image: bool) -> _Runner:
        runner = self._runner(told.id)
        if is_image:
            runner.state.clear()
        for trade in runner.state.apply(told, 0, is_image=is_image):
            if self._quotes:
                self._meet(runner, trade)
        return runner

    def _meet(self, runner: _Runner, trade: Trade) -> None:
        """Whoever traded in the file trades with our quotes too, up to a tick worse: the contract's ladder has other
        rungs than the file's odds."""
        reach = _TICK if trade.side is Side.BUY else -_TICK
        self._exchange.take(runner.wins, trade.side, int(MICRO / trade.odds) + reach, int(trade.payout) * MICRO)

    def _tell(self, touched: Iterable[_Runner], at_ms: int) -> None:
        """The offers that changed go into the book, and the engine looks at their markets."""
        rows: dict[str, wire.OddsRow] = {}
        for runner in touched:
            rows |= runner.rows(at_ms, is_open=self._is_open) or {}
        if not rows:
            return
        odds = {_BOOKMAKER: rows}
        for change in self._book.merge(_FIXTURE, odds, Block.of_rows(at_ms, odds)):
            if self._quotes:
                self._engine.odds_changed(_BOOKMAKER, change.markets)
            else:
                for key in change.markets:
                    self._prices.offers(key, _BOOKMAKER)

    def _runner(self, runner_id: int) -> _Runner:
        runner = self._runners.get(runner_id)
        if runner is None:
            runner = self._runners[runner_id] = _Runner(len(self._runners))
            self._list(runner, str(runner_id))
        return runner

    def _list(self, runner: _Runner, ref: str) -> None:
        """The runner's market and its contract, and a place on each side of it."""
        key, outcomes = runner.key, runner.outcomes
        names = ("wins", "loses")
        market_id, is_player = key.market_id, False
        listed = Market(market_id, _SPORT, "moneyline", "result", None, is_player, ref, ref, outcomes, names)
        self._book.learn_markets([listed])
        contract = Contract(ref, key, runner.wins, runner.loses, _GRID, lot=10_000, min_size=MICRO)
        self._exchange.add_contract(contract)
        market = TradedMarket(self._trader, key, outcomes, _SPORT, _TOURNAMENT, "moneyline", Exposure(outcomes))
        self._engine.add_market(market)
        instrument = Instrument(SLUG, ref, ref, _GRID)
        for side in Side:
            self._engine.add_place(market, self._lane, Slot(instrument, side, outcomes[0]))
