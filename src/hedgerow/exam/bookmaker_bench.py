"""The bench of bookmakers: the connector under test, the simulated bookmaker's own books, and its odds in the feed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from hedgerow.core.ids import OutcomeKey
from hedgerow.core.money import micros
from hedgerow.core.odds import OddsMicros
from hedgerow.exam.bench import FEED, FIRST, FIXTURE, SECOND, Bench
from hedgerow.exam.cases import Enter, Kind, case, expect_same, only
from hedgerow.sim.bookmaker import Bet, Quote
from hedgerow.sim.bookmaker import Bookmaker as Engine
from hedgerow.sim.dialects.oddspapi.dialect import OddsPapi
from hedgerow.sim.exchange import State
from hedgerow.venues.base import (
    BetIntent,
    BetRef,
    BetReport,
    Bookmaker,
    BookmakerFactory,
    VenueContext,
)

PRICE, OTHER_PRICE = Decimal("1.75"), Decimal("2.2")
LEAST, MOST = Decimal(5), Decimal(500)
STAKE = Decimal(40)


@dataclass
class BookmakerBench(Bench):
    """One bookmaker during one case."""

    factory: BookmakerFactory = field(kw_only=True)
    connector: Bookmaker = field(init=False)

    # --- the connector ------------------------------------------------------------------------------------------

    def build(self, context: VenueContext | None = None) -> Bookmaker:
        """Another connector of the same account, or of another context; it is closed at the end."""
        made = self.factory(context or self.context)
        self.stack.push_async_callback(made.close)
        return made

    async def begin(self) -> None:
        """Puts the match's odds up and opens the connector."""
        self.offer(PRICE)
        self.connector = self.build()
        await self.connector.open()

    def bet(self, name: str = "bet", outcome: OutcomeKey = FIRST, **changes: Any) -> BetIntent:
        """A bet at the price of this moment, as the feed tells it. name: of its reference."""
        row = self._row(outcome)
        intent = BetIntent(
            self.reference(name),
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
        return BetRef(intent.reference, report.bet_ref if report else None, self.now_ms)

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
    def engine(self) -> Engine:
        engine = self.server.venues.engine(self.slug)
        assert isinstance(engine, Engine)
        return engine

    @property
    def truth(self) -> list[Bet]:
        """Every bet that the venue ever took from the account."""
        return [bet for bet in self.engine.bets.values() if bet.account == self.account]

    @property
    def wager(self) -> Bet:
        """The one bet that the venue took from the account."""
        return only("bets were placed", self.truth)

    def expect_bets(self, count: int) -> None:
        """So many bets were taken, each once."""
        expect_same("bets that were placed", len(self.truth), count)

    def expect_it(self, report: BetReport | None) -> None:
        """The report is of the one bet that the venue has, with its price and stake."""
        bet = self.wager
        told = report and (report.reference, report.odds, report.stake)
        expect_same("the bet", told, (bet.reference, odds_of(bet.price), bet.stake))

    async def expect_money(self) -> None:
        """The connector's balance is the venue's to the cent; what is in open bets is held."""
        balance = await self.connector.balance()
        free = self.engine.balances[self.account]
        held = sum((bet.stake for bet in self.truth if bet.state in (State.PENDING, State.ACCEPTED)), Decimal(0))
        told = (balance.free, balance.held, balance.currency)
        expect_same("free and held money", told, (free, held, self.engine.currency))


def odds_of(price: Decimal) -> OddsMicros:
    """Decimal odds, exactly, in the connector's unit."""
    return OddsMicros(micros(price))


def bookmaker_case(number: str, rule: str) -> Enter[BookmakerBench]:
    """Enters a case of the bookmakers into the exam."""
    return case(number, rule, Kind.BOOKMAKER)
