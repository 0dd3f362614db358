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
from hedgerow.mm.market import Place, TradedMarket
from hedgerow.mm.pricing import ask_price, bid_price, break_even_ask, break_even_bid, edge
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


_WHOLE = Decimal(1)


class Room(msgspec.Struct, frozen=True, gc=False):
    """What is left to quote with at one place, in micros of USD."""

    outcome_stake: int
    exchange_cash: int
    hedge_cash: int


class Terms(msgspec.Struct, frozen=True, gc=False):
    """A quote with its derivation. `wanted` is None when nothing can be quoted; `bound_by` says what prevents it."""

    wanted: Wanted | None
    break_even: int
    edge: int
    bound_by: CapName | None
    legs: tuple[tuple[OutcomeId, Offer], ...]


def terms(
    market: TradedMarket,
    place: Place,
    offers: Mapping[OutcomeId, Offer],
    settings: TournamentSettings,
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
    slot = place.slot
    instrument = slot.instrument
    if slot.side is Side.BUY:
        break_even: int = break_even_bid([offer.odds for offer in hedge_legs])
        price = bid_price(break_even, instrument.grid, instrument.maker_fee, settings.price_ticks)
    else:
        break_even = break_even_ask(hedge_legs[0].odds)
        price = ask_price(break_even, instrument.grid, instrument.maker_fee, settings.price_ticks)
    if price is None:
        return Terms(None, break_even, 0, CapName.LOT, legs)
    wanted, bound_by = _sized(market, place, price, hedge_legs, settings.limit_ratio, room, minimum_stake)
    gain = edge(slot.side, price, break_even, instrument.maker_fee)
    return Terms(wanted, break_even, gain, bound_by, legs)


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
    }


def _sized(
    market: TradedMarket,
    place: Place,
    price: Micros,
    legs: Sequence[HedgeLeg],
    ratio: Decimal,
    room: Room,
    minimum_stake: int,
) -> tuple[Wanted | None, CapName]:
    instrument = place.slot.instrument
    risk_price = price if place.slot.side is Side.BUY else MICRO - price
    in_flight = [market.exposure.in_flight.get(i, 0) for i in place.needs]
    share = sharers(market, place)
    fixed = [
        hedge_cash_cap(legs, room.hedge_cash // HEDGE_CASH_SHARE, share),
        stake_cap(CapName.MAX_OUTCOME_STAKE, room.outcome_stake, risk_price),
        stake_cap(CapName.EXCHANGE_CASH, room.exchange_cash, risk_price),
    ]
    least = max(
        instrument.min_size, least_hedgeable(legs, minimum_stake), _least_notional(instrument.min_notional, price)
    )
    now: Size = size([hedge_limit_cap(legs, ratio, in_flight, share), *fixed], instrument.lot, least)
    if not now.contracts:
        return None, now.bound_by
    most = size([hedge_limit_cap(legs, _WHOLE, in_flight, share), *fixed], instrument.lot, least)
    return Wanted(price, now.contracts, most.contracts), now.bound_by


def _least_notional(notional: int, price: int) -> int:
    return -(-notional * MICRO // price) if notional else 0


def sharers(market: TradedMarket, place: Place) -> int:
    """How many orders may stand at once whose fills would need one of the same bets: one a place, two where the
    exchange replaces an order by cancelling it and placing another."""
    count = 0
    for other in market.places:
        if other is place or not set(other.needs).isdisjoint(place.needs):
            count += 1 if other.lane.exchange.manifest.amends else 2
    return count


def minimum_usd(stake: Decimal, per_usd: Decimal) -> int:
    """A bookmaker's minimum stake in micros of USD, rounded up."""
    return -int(-(stake / per_usd * MICRO) // 1)


def usd(amount: Decimal) -> int:
    """An amount of USD in micros."""
    return micros(amount.quantize(Decimal("0.000001")))
