"""The bench of bookmakers: the connector under test, the simulated bookmaker's own books, and its odds in the feed.

An exchange that takes bets is one of them: its odds are orders that rest in its book (`sim.house`), and its books say
what was taken in contracts, which are read as bets here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from hedgerow.core.errors import InDoubt
from hedgerow.core.ids import OutcomeKey
from hedgerow.core.money import MICRO, decimal_of, micros
from hedgerow.core.odds import OddsMicros
from hedgerow.core.states import SettlementStatus
from hedgerow.exam.bench import FEED, FIRST, FIXTURE, SECOND, Bench
from hedgerow.exam.cases import Enter, Kind, case, expect, expect_same, only
from hedgerow.sim.bookmaker import Bet, Quote
from hedgerow.sim.bookmaker import Bookmaker as Engine
from hedgerow.sim.dialects.oddspapi.dialect import OddsPapi
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import Order, State
from hedgerow.venues.base import (
    BetIntent,
    BetRef,
    BetReport,
    Bookmaker,
    BookmakerFactory,
    Idempotency,
    NamesBets,
    VenueContext,
)
from hedgerow.venues.registry import venue

PRICE, OTHER_PRICE = Decimal("1.75"), Decimal("2.2")
LEAST, MOST = Decimal(5), Decimal(500)
STAKE = Decimal(40)
SURE_AFTER_S = 75
"""By then a venue knows for sure that a request never came."""


_HEX_DIGITS = 32
_ROUNDING = Decimal("0.05")
"""At exchanges a price is the nearest of the grid, and a stake is whole contracts with their fees."""


@dataclass(frozen=True, slots=True)
class Wager:
    """A bet in a venue's books. reference: ours; `odds` and `stake` of what was taken."""

    id: str
    reference: str
    outcome: OutcomeKey
    odds: OddsMicros
    stake: Decimal
    is_open: bool
    settlement: SettlementStatus
    payout: Decimal


class Naming:
    """The connector, asked as placement asks it: for a bet's id before the bet, where that can be computed. Where the
    venue keeps no reference of ours, the answer names the bet; `unnamed` are those that had none, as they were sent."""

    def __init__(self, real: Bookmaker) -> None:
        self.named: dict[str, str] = {}
        self.unnamed: list[str] = []
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def place(self, bet: BetIntent) -> BetReport:
        if self._real.manifest.idempotency is Idempotency.COMPUTED_ID and isinstance(self._real, NamesBets):
            self.named[bet.reference] = await self._real.name(bet) or ""
        if self._real.manifest.idempotency is not Idempotency.NONE:
            return await self._real.place(bet)
        try:
            report = await self._real.place(bet)
        except InDoubt:
            self.unnamed.append(bet.reference)
            raise
        self.named[bet.reference] = report.bet_ref or ""
        return report


@dataclass
class BookmakerBench(Bench):
    """One bookmaker during one case."""

    factory: BookmakerFactory = field(kw_only=True)
    connector: Naming = field(init=False)
    told: dict[str, str] = field(default_factory=dict)  # our references by what the venue is told of them

    # --- the connector ------------------------------------------------------------------------------------------

    def build(self, context: VenueContext | None = None) -> Bookmaker:
        """Another connector of the same account, or of another context; it is closed at the end."""
        made = self.factory(context or self.context)
        self.stack.push_async_callback(made.close)
        return made

    async def begin(self) -> None:
        """Puts the match's odds up and opens the connector."""
        self.offer(PRICE)
        self.connector = Naming(self.build())
        await self.connector.open()

    def bet(self, name: str = "bet", outcome: OutcomeKey = FIRST, **changes: Any) -> BetIntent:
        """A bet at the price of this moment, as the feed tells it. name: of its reference."""
        row = self._row(outcome)
        reference = self.reference(name)
        self.told[venue(self.slug).family.told_as(reference)] = reference
        intent = BetIntent(
            reference,
            outcome.fixture_id,
            outcome.outcome_id,
            outcome.player_id,
            str(row["bookmakerMarketId"]),
            str(row["bookmakerOutcomeId"]),
            odds_of(Decimal(str(row["price"]))),
            STAKE,
            "USD",
            is_live=False,
        )
        return replace(intent, **changes)

    def ref(self, intent: BetIntent, report: BetReport | None = None) -> BetRef:
        """How the bet is asked for, sent at this moment."""
        named = self.connector.named.get(intent.reference)
        bet_ref = report.bet_ref if report else named
        return BetRef(intent.reference, bet_ref, self.now_ms, intent.is_back, intent.stake)

    def _row(self, outcome: OutcomeKey) -> Mapping[str, Any]:
        feed = self.server.venues.dialects[FEED]
        assert isinstance(feed, OddsPapi)
        selection = (outcome.outcome_id, outcome.player_id)
        (row,) = feed.view.present(self.world.fixtures[FIXTURE], self.slug, [selection]).values()
        return row

    # --- the others and the truth -------------------------------------------------------------------------------

    def offer(self, price: Decimal, *, is_open: bool = True, most: Decimal = MOST) -> None:
        """The bookmaker's odds on the first participant; the second's stay."""
        quotes = ((FIRST, price, is_open), (SECOND, OTHER_PRICE, True))
        self.world.put_odds(
            Quote(outcome, self.slug, odds, most, LEAST, "USD", active, 0) for outcome, odds, active in quotes
        )

    @property
    def engine(self) -> Engine | Exchange:
        return self.server.venues.engine(self.slug)

    @property
    def is_exchange(self) -> bool:
        return isinstance(self.engine, Exchange)

    @property
    def truth(self) -> list[Wager]:
        """Every bet that the venue ever took from the account."""
        engine = self.engine
        if isinstance(engine, Exchange):
            ours = {bet_ref: reference for reference, bet_ref in self.connector.named.items()}
            orders = [order for order in engine.orders.values() if order.account == self.account]
            waiting = iter(self.connector.unnamed)
            for order in orders:
                if self.connector.unnamed and order.id not in ours:
                    ours[order.id] = next(waiting, order.reference)
            return [
                _wager_of_order(order, ours.get(order.id) or self.told.get(order.reference, order.reference))
                for order in orders
                if order.fills
            ]
        return [_wager_of_bet(bet) for bet in engine.bets.values() if bet.account == self.account]

    @property
    def wager(self) -> Wager:
        """The one bet that the venue took from the account."""
        return only("bets were placed", self.truth)

    def expect_bets(self, count: int) -> None:
        """So many bets were taken, each once."""
        expect_same("bets that were placed", len(self.truth), count)

    def expect_it(self, report: BetReport | None) -> None:
        """The report is of the one bet that the venue has, with its price and stake."""
        bet = self.wager
        told = report and (report.reference, report.odds, report.stake)
        expect_same("the bet", told, (bet.reference, bet.odds, bet.stake))

    def expect_amount(self, what: str, told: Decimal | None, right: Decimal) -> None:
        """A price or stake is the one that was offered, or wanted; at exchanges the nearest that contracts can be."""
        if not self.is_exchange or told is None:
            expect_same(what, told, right)
        elif abs(told - right) > right * _ROUNDING:
            expect(False, f"{what}: {told} is far from {right}")  # noqa: FBT003 - the claim that does not hold

    async def expect_money(self) -> None:
        """The connector's balance is the venue's to the cent; what is in open bets is held. An exchange takes what is
        staked out of the balance: there all of the cash is told, whether it is set aside or not."""
        balance, engine = await self.connector.balance(), self.engine
        if isinstance(engine, Exchange):
            cash = decimal_of(engine.accounts[self.account].cash)
            expect_same("money", (balance.free + balance.held, balance.currency), (cash, self.manifest.currency))
            return
        free = engine.balances[self.account]
        held = sum((bet.stake for bet in self.truth if bet.is_open), Decimal(0))
        told = (balance.free, balance.held, balance.currency)
        expect_same("free and held money", told, (free, held, engine.currency))


def _wager_of_bet(bet: Bet) -> Wager:
    is_open = bet.state in (State.PENDING, State.ACCEPTED)
    return Wager(bet.id, bet.reference, bet.outcome, odds_of(bet.price), bet.stake, is_open, bet.settlement, bet.payout)


def _wager_of_order(order: Order, reference: str) -> Wager:
    """A bet on what the order's contracts pay on: bought they are the leg's own, sold they are its opposite."""
    contract = order.contract
    cost = sum(order.at_risk(match.price, match.size) for match in order.fills)
    fees = sum(match.fee for match in order.fills)
    outcome = contract.yes if order.is_bid else contract.no or contract.yes
    return Wager(
        order.id,
        reference,
        outcome,
        OddsMicros(order.filled * MICRO // cost),
        decimal_of(cost + fees),
        order.state is not State.SETTLED,
        order.settlement,
        decimal_of(order.payout),
    )


def odds_of(price: Decimal) -> OddsMicros:
    """Decimal odds, exactly, in the connector's unit."""
    return OddsMicros(micros(price))


def bookmaker_case(number: str, rule: str) -> Enter[BookmakerBench]:
    """Enters a case of the bookmakers into the exam."""
    return case(number, rule, Kind.BOOKMAKER)
