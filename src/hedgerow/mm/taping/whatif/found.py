"""What playing a tape came to: quotes, fills, bets, and their money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from hedgerow.core.ids import MarketKey, OutcomeId
from hedgerow.core.money import decimal_of
from hedgerow.core.states import Side
from hedgerow.mm.repository import FillRow
from hedgerow.storage.bets import Bet

PlaceKey = tuple[str, str, str, str]
"""Client, exchange, contract, side."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """A quote that was sent. Micros; at_ns: the tape's time."""

    at_ns: int
    price: int
    size: int
    distance: int  # between the price and break-even, or fair value


@dataclass(slots=True)
class Told:
    """What one playing of the tape came to."""

    quotes: dict[PlaceKey, list[Quoted]] = field(default_factory=dict)
    fills: list[FillRow] = field(default_factory=list)
    bets: list[Bet] = field(default_factory=list)
    unhedged: int = 0

    @property
    def quote_count(self) -> int:
        return sum(map(len, self.quotes.values()))

    @property
    def mean_distance(self) -> Decimal | None:
        """Of price from break-even or fair value; None without quotes."""
        found = [quote.distance for quotes in self.quotes.values() for quote in quotes]
        return decimal_of(sum(found) // len(found)) if found else None

    def money(self, outcomes: Mapping[MarketKey, Sequence[OutcomeId]]) -> tuple[Decimal, Decimal]:
        """The least and the most that fills and hedges bring together, in USD, each market for itself."""
        least = most = Decimal(0)
        for client, key in {(row.client, _key_of(row)) for row in self.fills}:
            fills = [row for row in self.fills if (row.client, _key_of(row)) == (client, key)]
            bets = [bet for bet in self.bets if (bet.client, _key_of(bet)) == (client, key)]
            spent = sum((decimal_of(row.stake + row.fee) for row in fills), Decimal(0))
            spent += sum((_stake(bet) / bet.usd_rate for bet in bets), Decimal(0))
            ends = [_paid(fills, bets, outcome) - spent for outcome in outcomes[key]]
            least, most = least + min(ends), most + max(ends)
        return least, most


def _key_of(row: FillRow | Bet) -> MarketKey:
    return MarketKey(row.fixture_id, row.market_id, row.player_id)


def _stake(bet: Bet) -> Decimal:
    return bet.placed_stake or Decimal(0)


def _paid(fills: Iterable[FillRow], bets: Iterable[Bet], winner: OutcomeId) -> Decimal:
    """When an outcome wins."""
    contracts = sum(row.size for row in fills if (row.outcome_id == winner) == (row.side is Side.BUY))
    won = [bet for bet in bets if bet.outcome_id == winner]
    return decimal_of(contracts) + sum((_stake(b) * (b.placed_odds or 0) / b.usd_rate for b in won), Decimal(0))
