"""What each place of a market should quote now: price, size, and the derivation of both. Pure.

The values are structs for the same reason as in `sizing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from hedgerow.core.ids import OutcomeId, VenueSlug
from hedgerow.core.money import MICRO, Micros, decimal_of, micros
from hedgerow.core.states import Side
from hedgerow.mm.controls import TournamentSettings
from hedgerow.mm.hedging import Offer
from hedgerow.mm.margins import fair_probabilities
from hedgerow.mm.market import Place, TradedMarket
from hedgerow.mm.pricing import (
    PARITY,
    Mode,
    Pricing,
    ask_price,
    ask_worth,
    bid_price,
    bid_worth,
    edge,
    fair_ask,
    fair_bid,
    inventory_shift,
    least_to_ask,
    most_to_bid,
)
from hedgerow.mm.quoting import Wanted
from hedgerow.mm.sizing import (
    CapName,
    HedgeLeg,
    Size,
    hedge_cash_cap,
    hedge_limit_cap,
    least_hedgeable,
    size,
    stake_cap,
)
from hedgerow.venues.base import Instrument

HEDGE_CASH_SHARE = 4
"""One market may need at most this fraction (1/4) of the hedge account's free money, so that markets that fill
together can all be hedged."""


class Room(msgspec.Struct, frozen=True, gc=False):
    """What is left to quote with at one place, in micros of USD. `stakes`: by the cap on stakes that leaves least."""

    stakes: tuple[CapName, int] | None
    exchange_cash: int
    hedge_cash: int


class Terms(msgspec.Struct, frozen=True, gc=False):
    """A quote with its derivation. `wanted` is None when nothing can be quoted; `bound_by` says what prevents it."""

    wanted: Wanted | None
    break_even: int
    edge: int
    bound_by: CapName | None
    legs: tuple[tuple[OutcomeId, Offer], ...]
    pricing: Pricing = PARITY


def terms(
    market: TradedMarket,
    place: Place,
    offers: Mapping[OutcomeId, Offer],
    settings: TournamentSettings,
    pricing: Pricing,
    room: Room,
    minimum_stake: int,
) -> Terms | None:
    """The quote of one place; None when a leg of its hedge is missing.

    offers: what the bookmaker offers on the market's outcomes now; minimum_stake: the bookmaker's, micros of USD.
    """
    hedge_legs = [offers[i] for i in place.needs if i in offers]
    if len(hedge_legs) < len(place.needs):
        return None
    legs = tuple(zip(place.needs, hedge_legs, strict=True))
    slot, safe = place.slot, place.safe
    if safe is None:
        return Terms(None, 0, 0, CapName.RESULTS, legs)
    worth = _worth(market, place, offers, hedge_legs, pricing)
    if worth is None:
        return Terms(None, 0, 0, CapName.FAIR_VALUE, legs)
    shift = inventory_shift(market.exposure.payouts(), slot.outcome_id, pricing) if pricing.skew else 0
    grid, fee, ticks = slot.instrument.grid, slot.instrument.maker_fee, settings.price_ticks
    if slot.side is Side.BUY:
        price = bid_price(most_to_bid(pricing, worth, safe, shift), grid, fee, ticks)
    else:
        price = ask_price(least_to_ask(pricing, worth, safe, shift), grid, fee, ticks)
    if price is None:
        return Terms(None, worth, 0, CapName.GRID, legs)
    wanted, bound_by = _sized(market, place, price, hedge_legs, settings.limit_share, room, minimum_stake)
    return Terms(wanted, worth, edge(slot.side, price, worth, fee), bound_by, legs, pricing)


def _worth(
    market: TradedMarket,
    place: Place,
    offers: Mapping[OutcomeId, Offer],
    hedge_legs: Sequence[Offer],
    pricing: Pricing,
) -> int | None:
    """What the place's contract is worth to us, in micros, before edge and fees; None where the odds do not say."""
    slot = place.slot
    if pricing.mode is Mode.FAIR_VALUE:
        if len(offers) < len(market.outcomes):
            return None
        fair = fair_probabilities(tuple(offers[i].odds for i in market.outcomes), pricing.margin)
        if fair is None:
            return None
        own_fair = fair[market.outcomes.index(slot.outcome_id)]
        return fair_bid(own_fair) if slot.side is Side.BUY else fair_ask(own_fair)
    if slot.side is Side.BUY:
        own = offers.get(slot.outcome_id)
        return bid_worth(own.odds if own is not None else None, [offer.odds for offer in hedge_legs])
    others = [offers[i].odds for i in market.outcomes if i != slot.outcome_id and i in offers]
    return ask_worth(hedge_legs[0].odds, others if len(others) == len(market.outcomes) - 1 else ())


def derivation(bookmaker: VenueSlug, quote: Terms, instrument: Instrument, now_ms: int) -> dict[str, Any]:
    """The derivation of a quote that was sent at that time, as the audit trail keeps it: plain JSON."""
    legs = [
        {
            "outcomeId": outcome_id,
            "odds": decimal_of(offer.odds),
            "limitUsd": decimal_of(offer.limit),
            "changedAt": offer.changed_ms,
            "ageMs": now_ms - offer.changed_ms,
            "ref": offer.market_ref,
        }
        for outcome_id, offer in quote.legs
    ]
    return {
        "bookmaker": bookmaker,
        "legs": legs,
        "tick": decimal_of(instrument.grid.bands[0].step),
        "makerFeeRate": instrument.maker_fee.rate,
        "boundBy": quote.bound_by,
        **_pricing(quote.pricing),
    }


def _pricing(pricing: Pricing) -> dict[str, Any]:
    """How the price was derived; the mode alone where that says it all."""
    told: dict[str, Any] = {"mode": pricing.mode}
    if pricing.mode is Mode.FAIR_VALUE:
        told |= {"margin": pricing.margin, "edge": decimal_of(pricing.edge)}
    if pricing.skew:
        told |= {"skew": decimal_of(pricing.skew), "fullInventory": decimal_of(pricing.full)}
    return told


def _sized(
    market: TradedMarket,
    place: Place,
    price: Micros,
    legs: Sequence[HedgeLeg],
    ratio: int,
    room: Room,
    minimum_stake: int,
) -> tuple[Wanted | None, CapName]:
    instrument = place.slot.instrument
    risk_price = price if place.slot.side is Side.BUY else MICRO - price
    drawn = [market.exposure.drawn(i) for i in place.needs]
    sharers = [market.sharers[i] for i in place.needs]
    fixed = [
        hedge_cash_cap(legs, room.hedge_cash // HEDGE_CASH_SHARE, max(sharers)),
        stake_cap(CapName.EXCHANGE_CASH, room.exchange_cash, risk_price),
    ]
    if room.stakes is not None:
        name, left = room.stakes
        fixed.append(stake_cap(name, left, risk_price))
    least = max(
        instrument.min_size, least_hedgeable(legs, minimum_stake), _least_notional(instrument.min_notional, price)
    )
    now: Size = size([hedge_limit_cap(legs, ratio, drawn, sharers), *fixed], instrument.lot, least)
    if not now.contracts:
        return None, now.bound_by
    most = size([hedge_limit_cap(legs, MICRO, drawn, sharers), *fixed], instrument.lot, least)
    return Wanted(price, now.contracts, most.contracts), now.bound_by


def _least_notional(notional: int, price: int) -> int:
    return -(-notional * MICRO // price) if notional else 0


def minimum_usd(stake: Decimal, per_usd: Decimal) -> int:
    """A bookmaker's minimum stake in micros of USD, rounded up."""
    return -int(-(stake / per_usd * MICRO) // 1)


def usd(amount: Decimal) -> int:
    """An amount of USD in micros."""
    return micros(amount.quantize(Decimal("0.000001")))
