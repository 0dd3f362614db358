"""One engine on paper, told what a tape has of the day: everything but the answers to what it sent then."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import count
from typing import Any, cast

import msgspec

from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import Refused
from hedgerow.core.ids import ClientName, MarketKey, OutcomeId
from hedgerow.core.states import BetStatus, Side
from hedgerow.execution.guard import Breakers
from hedgerow.execution.placement import Placement
from hedgerow.mm.engine import Engine
from hedgerow.mm.hedger import Hedger
from hedgerow.mm.lane import Lane
from hedgerow.mm.ledger import FillLedger
from hedgerow.mm.market import Place, TradedMarket
from hedgerow.mm.numbers import OrderNumbers
from hedgerow.mm.orders import Command
from hedgerow.mm.paper.bookmaker import PaperBookmaker, offered
from hedgerow.mm.paper.exchange import PaperExchange
from hedgerow.mm.quoter import Terms
from hedgerow.mm.repository import FillRow, Repository
from hedgerow.mm.taping import messages as told
from hedgerow.mm.taping.codec import decode
from hedgerow.mm.taping.played import NoJournal, NoShares, Played, PlayedPrices
from hedgerow.mm.taping.player import Replay
from hedgerow.mm.taping.taped import TapedReads
from hedgerow.mm.taping.whatif.changes import Changes
from hedgerow.mm.taping.whatif.found import Quoted, Told
from hedgerow.storage.bets import Bet, Bets
from hedgerow.storage.database import Database
from hedgerow.venues.base import BetReport, Bookmaker, EventSink, Exchange, Fill

_QUIET_TURNS = 12
"""Rounds of the event loop after a turn: an order, its fill, its hedge and the bet's answer follow within it."""


class _Numbers(OrderNumbers):
    def __init__(self) -> None:
        super().__init__()
        self._next = count(1)

    def take(self) -> int:
        return next(self._next)


class _Ledger(FillLedger):
    """Writes nothing; what is new is noted."""

    def __init__(self, found: Told, *parts: Any) -> None:
        super().__init__(*parts)
        self._found = found

    def add(self, row: FillRow) -> None:
        self._found.fills.append(row)
        self.remember(row)

    async def commit(self, row: FillRow, bets: Iterable[Bet]) -> bool:
        return True

    async def commit_bets(self, bets: Iterable[Bet]) -> None:
        pass

    async def _link(self, account_id: int, order: Any, rows: list[FillRow]) -> None:
        pass

    async def _change_state(self, account_id: int, fill: Fill) -> None:
        pass


class _Placement(Placement):
    def __init__(self, found: Told, *parts: Any) -> None:
        super().__init__(*parts)
        self._found = found

    async def send(self, bookmaker: Bookmaker, bet: Bet, *how: Any, **options: Any) -> Refused | None:
        refusal = await super().send(bookmaker, bet, *how, **options)
        if bet.status is BetStatus.CONFIRMED:
            self._found.bets.append(bet)
        return refusal

    async def save(self, bet: Bet) -> None:
        pass


class _Engine(Engine):
    """Notes every quote."""

    def __init__(
        self, found: Told, outcomes: dict[MarketKey, Sequence[OutcomeId]], *parts: Any, **options: Any
    ) -> None:
        super().__init__(*parts, **options)
        self.is_real = False
        self._found, self._outcomes = found, outcomes

    def add_market(self, market: TradedMarket) -> None:
        self._outcomes[market.key] = market.outcomes
        super().add_market(market)

    def _send(self, market: TradedMarket, place: Place, command: Command, quote: Terms) -> None:
        super()._send(market, place, command, quote)
        instrument, side = place.slot.instrument, place.slot.side
        key = market.client.name, place.lane.slug, instrument.ref, side.value
        quoted = Quoted(self._clock.now_ns(), command.price, command.size, abs(quote.break_even - command.price))
        self._found.quotes.setdefault(key, []).append(quoted)


class _Exchange(PaperExchange):
    """Filled by who hit us that day."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._seen: set[tuple[str, str]] = set()

    async def open(self, sink: EventSink) -> None:
        self.on_event(sink)

    async def close(self) -> None:
        """Nothing is open."""

    def hit(self, then: Fill) -> None:
        """Somebody took so much at that price: he is met by what rests there at his price or a better one for him, the
        best of it first. A fill that is told twice was one."""
        name = then.trade_ref, then.venue_ref
        if name in self._seen:
            return
        self._seen.add(name)
        left, buys = int(then.size), then.side is Side.BUY
        here = [order for order in self.resting_on(then.instrument_ref) if order.side is then.side]
        for order in sorted(here, key=lambda order: -order.price if buys else order.price):
            if order.price >= then.price if buys else order.price <= then.price:
                taken = min(left, order.remaining)
                left -= taken
                self.fill(order, taken)


class Trial(Replay):
    """One engine on paper, and what it is told."""

    def __init__(
        self,
        facts: told.EngineFacts,
        changes: Changes,
        found: Told,
        outcomes: dict[MarketKey, Sequence[OutcomeId]],
    ) -> None:
        """outcomes: takes those of every market."""
        self._turns, self._changes, self._found = Played(), changes, found
        self.clock = SteppedClock()
        self.prices = PlayedPrices()
        facts, database = changes.of_engine(facts), cast(Database, None)  # nothing is read or written
        repository, bets = Repository(database, self.clock), Bets(database, self.clock)
        self._ledger = _Ledger(found, database, repository, bets)
        self._ledger.shares = NoShares(repository, lambda _: False)
        placement = _Placement(found, database, bets, Breakers(self.clock), self.clock)
        self.hedger = Hedger(self._ledger, placement, self.clock, max_drift=facts.max_drift, is_live=lambda _: False)
        self.engine = _Engine(
            found,
            outcomes,
            self.prices,
            self.hedger,
            self._ledger,
            NoJournal(repository),
            self.clock,
            minimum_stake=self.hedger.desks.minimum_stake,
            hysteresis=facts.hysteresis,
        )
        self._numbers = _Numbers()
        self._lanes, self._open_bets = {}, {}
        self._exchanges: dict[int, _Exchange] = {}
        self._reads = TapedReads(self._turns, repository, bets)
        self._work = set()

    async def close(self) -> None:
        markets = [market for trader in self.engine.traders.values() for market in trader.markets.values()]
        self._found.unhedged += sum(market.exposure.unhedged_stake for market in markets)
        self.hedger.halt()
        self.engine.halt()
        await super().close()

    # --- states ------------------------------------------------------------------------------------------------

    def take_client(self, facts: told.ClientFacts) -> None:
        super().take_client(facts)
        trader = self.engine.traders[facts.name]
        trader.tournaments = {key: self._changes.of_tournament(found) for key, found in trader.tournaments.items()}
        trader.policy = self._changes.of_policy(trader.policy)

    def _bookmaker(self, client: ClientName, facts: told.DeskFacts) -> Bookmaker:
        return PaperBookmaker(
            facts.venue.manifest(),
            facts.currency,
            lambda bet: offered(self.engine, client, facts.venue.slug, bet),
            lambda: facts.per_usd,
            _no_money,
            _no_reports,
        )

    def take_lane(self, facts: told.LaneFacts) -> None:
        exchange = self._exchanges[facts.account_id] = _Exchange(facts.venue.manifest(), self.clock)
        lane = Lane(facts.account_id, cast(Exchange, exchange), self.engine, self.clock, self._numbers, facts.tag)
        self._lanes[facts.account_id] = lane
        self.engine.traders[facts.client].lanes.append(lane)

    # --- turns -------------------------------------------------------------------------------------------------

    async def play(self, at_ns: int, kind: str, message: msgspec.Struct) -> None:
        self.clock.advance_to(at_ns)
        account_id, fills = fills_told(message)
        for fill in fills:
            self._exchanges[account_id].hit(fill)
        match message:
            case told.Event(order=None, fill=None):
                self.tell(kind, message)
            case told.Event() | told.Decided() | told.CalledOff() | told.CancelledByHand():
                pass  # of orders and bets that are not those of this trial
            case told.Answered(key=key):
                if self._turns.is_waiting(key):
                    self._turns.end(message)
            case _:
                self.tell(kind, message)
        for _ in range(_QUIET_TURNS):
            await asyncio.sleep(0)

    def _begin(self, begun: told.Begun) -> None:
        what, _, account_id = begun.key.partition(" ")
        match what:
            case "recovery":
                super()._begin(begun)
            case "open":
                self._spawn(self._lanes[int(account_id)].open(begun.known_until_ms))
            case "resync":
                self._spawn(self._lanes[int(account_id)].resync())
            case _:
                pass  # strays, ends and renewed connections are those of real accounts


def fills_told(message: msgspec.Struct) -> tuple[int, Sequence[Fill]]:
    """The account and its fills, where a turn tells of some: by the stream, or in answer to a poll."""
    match message:
        case told.Event(account_id=account_id, fill=Fill() as fill):
            return account_id, [fill]
        case told.Answered(key=key, failure=None, value=value) if key.startswith("fills "):
            return int(key.split(" ")[1]), decode(value, list[Fill])
    return 0, ()


async def _no_money() -> Decimal:
    """Balances are on the tape."""
    return Decimal(0)


async def _no_reports() -> list[BetReport]:
    """Nothing is settled."""
    return []
