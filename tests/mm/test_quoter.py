"""The quote of a place from offers, and its derivation as the audit trail keeps it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import cast

import pytest

from hedgerow.core.ids import FixtureId, MarketId, MarketKey, OutcomeId, VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.odds import OddsMicros
from hedgerow.core.states import Side
from hedgerow.mm.controls import TournamentSettings, TradingState
from hedgerow.mm.exposure import Exposure, Matched
from hedgerow.mm.hedging import Offer
from hedgerow.mm.lane import Lane
from hedgerow.mm.margins import Margin
from hedgerow.mm.market import TradedMarket, Trader
from hedgerow.mm.orders import Slot
from hedgerow.mm.pricing import PARITY, Mode, Pricing
from hedgerow.mm.quoter import Room, Terms, derivation, terms
from hedgerow.mm.sizing import CapName
from hedgerow.storage.database import encode_json
from hedgerow.venues.base import Fee, Instrument, Manifest, PushRule
from hedgerow.venues.registry import venue


def test_derivation_has_every_leg_with_its_age_when_the_quote_was_sent() -> None:
    offer = Offer(OddsMicros(1_750_000), Micros(500 * MICRO), "line/1", "away", changed_ms=1_000)
    quote = Terms(None, 428_571, 8_571, CapName.HEDGE_LIMIT, ((OutcomeId(122), offer),))
    instrument = Instrument(
        VenueSlug("kalshi"), "T", "M", PriceGrid.probability(10_000), maker_fee=Fee(Decimal("0.01"))
    )
    told = derivation(VenueSlug("pinnacle"), quote, instrument, now_ms=1_400)
    assert told == {
        "bookmaker": "pinnacle",
        "legs": [
            {
                "outcomeId": 122,
                "odds": Decimal("1.75"),
                "limitUsd": Decimal(500),
                "changedAt": 1_000,
                "ageMs": 400,
                "ref": "line/1",
            }
        ],
        "tick": Decimal("0.01"),
        "makerFeeRate": Decimal("0.01"),
        "boundBy": "hedge limit × limitRatio",
        "mode": "hedge_parity",
    }
    assert encode_json(told)


# --- prices and sizes ------------------------------------------------------------------------------------------------

HOME, DRAW, AWAY = OutcomeId(101), OutcomeId(102), OutcomeId(103)
KALSHI = venue("kalshi").manifest
RICH = Room(None, 10**12, 10**12)
SETTINGS = TournamentSettings(17, is_active=True, limit_ratio=Decimal("0.8"), price_ticks=0)
FAIR = Pricing(Mode.FAIR_VALUE, Margin.MULTIPLICATIVE, edge=10_000)


def offer(odds: str, limit: int = 500) -> Offer:
    return Offer(OddsMicros(int(Decimal(odds) * MICRO)), Micros(limit * MICRO), "line", "side")


OFFERS = {HOME: offer("2.60"), DRAW: offer("3.40"), AWAY: offer("2.90")}


def market_of(market_type: str, *outcomes: OutcomeId, line: str | None = None, at: Manifest = KALSHI) -> TradedMarket:
    """A market with places for both sides of its first outcome."""
    trader = Trader("demo", VenueSlug("pinnacle"), TradingState.LIVE)
    key = MarketKey(FixtureId("id1"), MarketId(101))
    decimal_line = None if line is None else Decimal(line)
    market = TradedMarket(trader, key, outcomes, 10, 17, market_type, Exposure(outcomes), decimal_line)
    lane = cast(Lane, SimpleNamespace(exchange=SimpleNamespace(manifest=at)))
    instrument = Instrument(VenueSlug("kalshi"), "T", "M", PriceGrid.probability(10_000))
    for side in Side:
        market.add_place(lane, Slot(instrument, side, outcomes[0]))
    return market


def quoted(market: TradedMarket, offers: dict[OutcomeId, Offer], pricing: Pricing = PARITY) -> dict[Side, Terms | None]:
    return {place.slot.side: terms(market, place, offers, SETTINGS, pricing, RICH, MICRO) for place in market.places}


def prices(market: TradedMarket, offers: dict[OutcomeId, Offer], pricing: Pricing = PARITY) -> list[int | None]:
    """What is bid and asked; None: nothing."""
    found = quoted(market, offers, pricing)
    return [t.wanted.price if (t := found[side]) is not None and t.wanted is not None else None for side in Side]


def test_three_outcomes_are_quoted_from_two_legs_and_from_one() -> None:
    market = market_of("1x2", HOME, DRAW, AWAY)
    assert prices(market, OFFERS) == [360_000, 390_000]
    bid = quoted(market, OFFERS)[Side.BUY]
    assert bid is not None
    assert [outcome for outcome, _ in bid.legs] == [DRAW, AWAY]


def test_tightest_leg_bounds_the_size() -> None:
    tight = {**OFFERS, AWAY: offer("2.90", limit=10)}
    bid = quoted(market_of("1x2", HOME, DRAW, AWAY), tight)[Side.BUY]
    assert bid is not None
    assert bid.wanted is not None
    assert bid.wanted.size == 23_200_000  # 0.8 × 10 × 2.90


def test_missing_leg_leaves_no_bid_and_the_ask_stays() -> None:
    offers = {HOME: OFFERS[HOME], AWAY: OFFERS[AWAY]}
    assert prices(market_of("1x2", HOME, DRAW, AWAY), offers) == [None, 390_000]


def test_fair_value_needs_every_outcome_and_keeps_the_edge() -> None:
    market = market_of("1x2", HOME, DRAW, AWAY)
    assert prices(market, OFFERS, FAIR) == [360_000, 390_000]  # 0.375758 less and more 0.01
    assert prices(market, OFFERS, Pricing(Mode.FAIR_VALUE)) == [370_000, 380_000]
    without = {HOME: OFFERS[HOME], AWAY: OFFERS[AWAY]}
    ask = quoted(market, without, FAIR)[Side.SELL]
    assert ask is not None
    assert (ask.wanted, ask.bound_by) == (None, CapName.FAIR_VALUE)


@pytest.mark.parametrize(
    ("rule", "bid"),
    [
        (PushRule.UNKNOWN, None),
        (PushRule.STAKE_BACK, 640_000),
        (PushRule.VOID_PAYS, 500_000),
    ],
)
def test_line_that_can_be_hit_is_bid_as_its_push_allows(rule: PushRule, bid: int | None) -> None:
    manifest = replace(KALSHI, push=rule, void_pays=Decimal("0.5"))
    market = market_of("totals", HOME, AWAY, line="2", at=manifest)
    assert prices(market, {HOME: offer("1.5"), AWAY: offer("2.80")})[0] == bid


def test_what_no_push_rule_proves_says_so() -> None:
    found = quoted(market_of("totals", HOME, AWAY, line="2.25"), OFFERS)
    assert {t.bound_by for t in found.values() if t is not None} == {CapName.RESULTS}


def test_inventory_makes_quotes_at_hedge_parity_less_willing_on_its_own_side_only() -> None:
    market = market_of("1x2", HOME, DRAW, AWAY)
    market.exposure.add_fill(Matched(1, HOME, Side.BUY, 50 * MICRO, 18 * MICRO))
    skewed = Pricing(skew=40_000, full=100 * MICRO)
    assert prices(market, OFFERS, skewed) == [340_000, 390_000]


def test_what_waits_to_be_hedged_is_drawn_from_the_limit() -> None:
    market = market_of("1x2", HOME, DRAW, AWAY)
    market.exposure.add_fill(Matched(1, HOME, Side.BUY, 1_000 * MICRO, 360 * MICRO))
    bid = quoted(market, OFFERS)[Side.BUY]
    assert bid is not None
    assert bid.wanted is not None
    assert bid.wanted.size == 160 * MICRO  # 0.8 × 500 × 2.90 less 1,000


def test_derivation_tells_the_margin_the_edge_and_the_skew() -> None:
    pricing = Pricing(Mode.FAIR_VALUE, Margin.SHIN, edge=10_000, skew=20_000, full=100 * MICRO)
    quote = Terms(None, 0, 0, None, (), pricing)
    told = derivation(
        VenueSlug("pinnacle"), quote, Instrument(VenueSlug("k"), "T", "M", PriceGrid.probability(10_000)), 0
    )
    expected = {"mode": "fair_value", "margin": "shin", "edge": Decimal("0.01"), "skew": Decimal("0.02")}
    assert {name: told[name] for name in expected} == expected
