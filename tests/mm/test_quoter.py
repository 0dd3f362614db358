"""The quote of a place from offers, and its derivation as the audit trail keeps it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.ids import OutcomeId, VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.mm.exposure import Matched
from hedgerow.mm.hedging import Offer
from hedgerow.mm.margins import Margin
from hedgerow.mm.market import TradedMarket
from hedgerow.mm.pricing import PARITY, Mode, Pricing
from hedgerow.mm.quoter import Room, Terms, derivation, terms
from hedgerow.mm.sizing import CapName
from hedgerow.storage.database import encode_json
from hedgerow.venues.base import Fee, Instrument, PushRule

from .marketkit import AWAY, DRAW, HOME, KALSHI, OFFERS, RICH, SETTINGS, market_of, offer

# --- prices and sizes ------------------------------------------------------------------------------------------------

UNBOUND = Room(None, RICH, RICH)
FAIR = Pricing(Mode.FAIR_VALUE, Margin.MULTIPLICATIVE, edge=10_000)


def quoted(market: TradedMarket, offers: dict[OutcomeId, Offer], pricing: Pricing = PARITY) -> dict[Side, Terms | None]:
    return {place.slot.side: terms(market, place, offers, SETTINGS, pricing, UNBOUND, MICRO) for place in market.places}


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


def told_of(market: TradedMarket, side: Side, pricing: Pricing = PARITY) -> dict[str, Any]:
    """The derivation of a quote 400 ms after its odds changed, of an order that has filled two contracts."""
    quote = quoted(market, OFFERS, pricing)[side]
    assert quote is not None
    fee = Fee(Decimal("0.01"), 2, 100)
    instrument = Instrument(VenueSlug("kalshi"), "T", "M", PriceGrid.probability(10_000), maker_fee=fee)
    return derivation(VenueSlug("pinnacle"), quote, instrument, 2 * MICRO, now_ms=400)


def test_derivation_has_every_leg_with_its_age_when_the_quote_was_sent() -> None:
    told = told_of(market_of("1x2", HOME, DRAW, AWAY), Side.BUY)
    assert [leg["outcomeId"] for leg in told["legs"]] == [DRAW, AWAY]
    assert told["legs"][1] == {
        "outcomeId": AWAY,
        "odds": Decimal("2.9"),
        "limitUsd": Decimal(500),
        "changedAt": 0,
        "ageMs": 400,
        "ref": "line",
        "drawn": 0,
        "sharers": 1,
    }
    assert [offer["outcomeId"] for offer in told["odds"]] == [HOME, DRAW, AWAY]
    assert encode_json(told)


def test_derivation_tells_fee_grid_and_every_cap() -> None:
    told = told_of(market_of("1x2", HOME, DRAW, AWAY), Side.SELL)
    fee = {"rate": Decimal("0.01"), "exponent": 2, "unit": Decimal("0.0001"), "onWinnings": False}
    assert told["pricing"]["makerFee"] == fee
    assert told["pricing"]["grid"] == [{"start": Decimal("0.01"), "end": Decimal("0.99"), "step": Decimal("0.01")}]
    assert [(cap["name"], cap["contracts"]) for cap in told["sizing"]["caps"]] == [
        (CapName.HEDGE_LIMIT, 1_040),  # 0.8 × 500 × 2.60
        (CapName.HEDGE_CASH, Decimal("649998.960001")),
        (CapName.EXCHANGE_CASH, Decimal("1639344.262295")),
    ]
    assert (told["boundBy"], told["sizing"]["filled"]) == (CapName.HEDGE_LIMIT, 2)


def test_derivation_tells_the_margin_the_edge_and_what_the_skew_came_from() -> None:
    market = market_of("1x2", HOME, DRAW, AWAY)
    market.exposure.add_fill(Matched(1, HOME, Side.BUY, 50 * MICRO, 18 * MICRO))
    told = told_of(market, Side.BUY, Pricing(Mode.FAIR_VALUE, Margin.SHIN, 10_000, skew=20_000, full=100 * MICRO))
    expected = {"mode": "fair_value", "margin": "shin", "edge": Decimal("0.01"), "skew": Decimal("0.02")}
    assert {name: told[name] for name in expected} == expected
    assert told["pricing"]["payouts"] == {"101": 50, "102": 0, "103": 0}
    assert told["pricing"]["skewedBy"] == Decimal("-0.01")


def test_quote_without_a_price_tells_its_legs_and_why() -> None:
    told = told_of(market_of("totals", HOME, AWAY, line="2.25"), Side.BUY)
    assert ([leg["outcomeId"] for leg in told["legs"]], told["boundBy"]) == ([AWAY], CapName.RESULTS)
    assert "sizing" not in told
