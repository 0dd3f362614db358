"""A market with places, and what a bookmaker offers on it, without an engine."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import cast

from hedgerow.core.ids import FixtureId, MarketId, MarketKey, OutcomeId, VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.odds import OddsMicros
from hedgerow.core.states import Side
from hedgerow.mm.controls import TournamentSettings, TradingState
from hedgerow.mm.exposure import Exposure
from hedgerow.mm.hedging import Offer
from hedgerow.mm.lane import Lane
from hedgerow.mm.market import TradedMarket, Trader
from hedgerow.mm.orders import Slot
from hedgerow.venues.base import Instrument, Manifest
from hedgerow.venues.registry import venue

HOME, DRAW, AWAY = OutcomeId(101), OutcomeId(102), OutcomeId(103)
KALSHI = venue("kalshi").manifest
SETTINGS = TournamentSettings(17, is_active=True, limit_ratio=Decimal("0.8"), price_ticks=0)
RICH = 10**12
"""More money, in micros, than any quote needs."""


def offer(odds: str, limit: int = 500) -> Offer:
    return Offer(OddsMicros(int(Decimal(odds) * MICRO)), Micros(limit * MICRO), "line", "side")


OFFERS = {HOME: offer("2.60"), DRAW: offer("3.40"), AWAY: offer("2.90")}


def market_of(market_type: str, *outcomes: OutcomeId, line: str | None = None, at: Manifest = KALSHI) -> TradedMarket:
    """A market with places for both sides of its first outcome, by one account that has money."""
    trader = Trader("demo", VenueSlug("pinnacle"), TradingState.LIVE)
    trader.tournaments, trader.hedges, trader.hedge_cash = {SETTINGS.tournament_id: SETTINGS}, True, RICH
    key = MarketKey(FixtureId("id1"), MarketId(101))
    decimal_line = None if line is None else Decimal(line)
    market = TradedMarket(trader, key, outcomes, 10, 17, market_type, Exposure(outcomes), decimal_line)
    exchange = SimpleNamespace(manifest=at)
    account = SimpleNamespace(account_id=1, slug=at.slug, exchange=exchange, open_stake=0, cash=RICH, is_refused=False)
    instrument = Instrument(VenueSlug("kalshi"), "T", "M", PriceGrid.probability(10_000))
    for side in Side:
        market.add_place(cast(Lane, account), Slot(instrument, side, outcomes[0]))
    return market
