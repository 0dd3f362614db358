"""What each place of a market should quote now: price, size, and the derivation of both. Pure.

The values are structs for the same reason as in `sizing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import ceil
from typing import Any

import msgspec

from hedgerow.core.ids import OutcomeId, VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, Micros, decimal_of, micros
from hedgerow.core.odds_grid import OddsGrid
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
    Cap,
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

_MOST_BANDS = 10
"""Of a grid that are told in whole."""


class Room(msgspec.Struct, frozen=True, gc=False):
    """What is left to quote with at one place, in micros of USD. `stakes`: by the cap on stakes that leaves least."""

    stakes: tuple[CapName, int] | None
    exchange_cash: int
    hedge_cash: int


class Sizing(msgspec.Struct, frozen=True, gc=False):
    """What a size was worked out from. By leg of the hedge: `drawn`, payout in micros, and `sharers`, see `mm.sizing`.
    `least`: the smallest order that the exchange takes and the hedge can follow, micros of contracts."""

    room: Room
    minimum_stake: int
    drawn: Sequence[int]
    sharers: Sequence[int]
    caps: Sequence[Cap]
    least: int


class Grounds(msgspec.Struct, frozen=True, gc=False):
    """All that a quote followed from, as it stood then: with the hedge's legs this is the whole derivation.

    `outcomes`: of the market; `bound`: the `price` before fees and rounding; `payouts`: by outcome, where the
    price is skewed by them, else None; `shift`: by how much that was.
    """

    outcome_id: OutcomeId
    outcomes: tuple[OutcomeId, ...]
    offers: Mapping[OutcomeId, Offer]
    settings: TournamentSettings
    safe: int
    payouts: Mapping[OutcomeId, int] | None
    shift: int
    bound: int
    price: Micros
    sizing: Sizing


class Terms(msgspec.Struct, frozen=True, gc=False):
    """A quote with its derivation. `wanted` is None when nothing can be quoted; `bound_by` says what prevents it;
    `grounds` is None where no price was found."""

    wanted: Wanted | None
    break_even: int
    edge: int
    bound_by: CapName | None
    legs: tuple[tuple[OutcomeId, Offer], ...]
    pricing: Pricing = PARITY
    grounds: Grounds | None = None


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

    offers: what the bookmaker offers on the market's outcomes now, commission taken off; minimum_stake: the
    bookmaker's, micros of USD.
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
    payouts = market.exposure.payouts() if pricing.skew else None
    shift = inventory_shift(payouts, slot.outcome_id, pricing) if payouts is not None else 0
    grid, fee, ticks = slot.instrument.grid, slot.instrument.maker_fee, settings.price_ticks
    if slot.side is Side.BUY:
        bound = most_to_bid(pricing, worth, safe, shift, ticks)
        price = bid_price(bound, grid, fee)
    else:
        bound = least_to_ask(pricing, worth, safe, shift, ticks)
        price = ask_price(bound, grid, fee)
    if price is None:
        return Terms(None, worth, 0, CapName.GRID, legs)
    wanted, bound_by, sizing = _sized(market, place, price, hedge_legs, settings.limit_share, room, minimum_stake)
    grounds = Grounds(slot.outcome_id, market.outcomes, offers, settings, safe, payouts, shift, bound, price, sizing)
    return Terms(wanted, worth, edge(slot.side, price, worth, fee), bound_by, legs, pricing, grounds)


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
        fair = fair_probabilities(tuple(offers[i].asked for i in market.outcomes), pricing.margin)
        if fair is None:
            return None
        own_fair = fair[market.outcomes.index(slot.outcome_id)]
        return fair_bid(own_fair) if slot.side is Side.BUY else fair_ask(own_fair)
    if slot.side is Side.BUY:
        own = offers.get(slot.outcome_id)
        return bid_worth(own.odds if own is not None else None, [offer.odds for offer in hedge_legs])
    others = [offers[i].odds for i in market.outcomes if i != slot.outcome_id and i in offers]
    return ask_worth(hedge_legs[0].odds, others if len(others) == len(market.outcomes) - 1 else ())


def derivation(bookmaker: VenueSlug, quote: Terms, instrument: Instrument, filled: int, now_ms: int) -> dict[str, Any]:
    """The derivation of a quote that was sent at that time, as the audit trail keeps it: plain JSON, from which the
    quote's price and size can be worked out again (docs/market-making.md).

    filled: micros of contracts that the order had filled before; they are part of its size."""
    told = {
        "bookmaker": bookmaker,
        "legs": [_offered(outcome_id, offer, now_ms) for outcome_id, offer in quote.legs],
        "boundBy": quote.bound_by,
        **_pricing(quote.pricing),
    }
    grounds = quote.grounds
    if grounds is None:
        return told
    for leg, drawn, sharers in zip(told["legs"], grounds.sizing.drawn, grounds.sizing.sharers, strict=True):
        leg |= {"drawn": decimal_of(drawn), "sharers": sharers}
    return {
        **told,
        "odds": [_offered(outcome_id, offer, now_ms) for outcome_id, offer in grounds.offers.items()],
        "pricing": _price_steps(grounds, instrument),
        "sizing": _size_steps(grounds, instrument, filled),
    }


def _offered(outcome_id: OutcomeId, offer: Offer, now_ms: int) -> dict[str, Any]:
    return {
        "outcomeId": outcome_id,
        "odds": decimal_of(offer.odds),
        **({"beforeCommission": decimal_of(offer.gross)} if offer.gross else {}),
        "limitUsd": decimal_of(offer.limit),
        "changedAt": offer.changed_ms,
        "ageMs": now_ms - offer.changed_ms,
        "ref": offer.market_ref,
    }


def _pricing(pricing: Pricing) -> dict[str, Any]:
    """How the price was derived; the mode alone where that says it all."""
    told: dict[str, Any] = {"mode": pricing.mode}
    if pricing.mode is Mode.FAIR_VALUE:
        told |= {"margin": pricing.margin, "edge": decimal_of(pricing.edge)}
    if pricing.skew:
        told |= {"skew": decimal_of(pricing.skew), "fullInventory": decimal_of(pricing.full)}
    return told


def _price_steps(grounds: Grounds, instrument: Instrument) -> dict[str, Any]:
    """From what the contract is worth to the price."""
    fee, payouts = instrument.maker_fee, grounds.payouts
    told: dict[str, Any] = {
        "outcomeId": grounds.outcome_id,
        "outcomes": grounds.outcomes,
        "safePrice": decimal_of(grounds.safe),
    }
    if payouts is not None:
        told |= {
            "payouts": {str(outcome_id): decimal_of(paid) for outcome_id, paid in payouts.items()},
            "skewedBy": decimal_of(grounds.shift),
        }
    return told | {
        "beforeFees": decimal_of(grounds.bound),
        "priceTicks": grounds.settings.price_ticks,
        "makerFee": {
            "rate": fee.rate,
            "exponent": fee.exponent,
            "unit": decimal_of(fee.unit),
            "onWinnings": fee.on_winnings,
        },
        **_grid(instrument.grid, grounds.price),
    }


def _grid(grid: PriceGrid, price: Micros) -> dict[str, Any]:
    """The bands of a grid, where it has hundreds those around the price; of a ladder of odds the rungs."""
    if isinstance(grid, OddsGrid):
        around = (grid.down(price), price, grid.up(price))
        return {"rungs": [decimal_of(grid.odds_of(rung)) for rung in around if rung is not None]}
    told = grid.bands if len(grid.bands) <= _MOST_BANDS else [b for b in grid.bands if b.start <= price <= b.end]
    bands = [(decimal_of(band.start), decimal_of(band.end), decimal_of(band.step)) for band in told]
    return {"grid": [{"start": start, "end": end, "step": step} for start, end, step in bands]}


def _size_steps(grounds: Grounds, instrument: Instrument, filled: int) -> dict[str, Any]:
    """From what there is to quote with to the size."""
    sizing, room = grounds.sizing, grounds.sizing.room
    told: dict[str, Any] = {
        "limitRatio": decimal_of(grounds.settings.limit_share),
        "hedgeCash": decimal_of(room.hedge_cash),
        "hedgeCashShare": HEDGE_CASH_SHARE,
        "exchangeCash": decimal_of(room.exchange_cash),
    }
    if room.stakes is not None:
        name, left = room.stakes
        told |= {"stakeCap": name, "stakeLeft": decimal_of(left)}
    return told | {
        "caps": [{"name": cap.name, "contracts": decimal_of(cap.contracts)} for cap in sizing.caps],
        "lot": decimal_of(instrument.lot_at(grounds.price)),
        "least": decimal_of(sizing.least),
        "filled": decimal_of(filled),
        "minimumStake": decimal_of(sizing.minimum_stake),
        "minimumSize": decimal_of(instrument.least_at(grounds.price)),
    }


def _sized(
    market: TradedMarket,
    place: Place,
    price: Micros,
    legs: Sequence[HedgeLeg],
    ratio: int,
    room: Room,
    minimum_stake: int,
) -> tuple[Wanted | None, CapName, Sizing]:
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
    least, lot = max(instrument.least_at(price), least_hedgeable(legs, minimum_stake)), instrument.lot_at(price)
    caps = [hedge_limit_cap(legs, ratio, drawn, sharers), *fixed]
    sizing = Sizing(room, minimum_stake, drawn, sharers, caps, least)
    now: Size = size(caps, lot, least)
    if not now.contracts:
        return None, now.bound_by, sizing
    most = size([hedge_limit_cap(legs, MICRO, drawn, sharers), *fixed], lot, least)
    return Wanted(price, now.contracts, most.contracts), now.bound_by, sizing


def minimum_usd(stake: Decimal, per_usd: Decimal) -> int:
    """A bookmaker's minimum stake in micros of USD, rounded up."""
    return ceil(stake / per_usd * MICRO)


def usd(amount: Decimal) -> int:
    """An amount of USD in micros."""
    return micros(amount.quantize(Decimal("0.000001")))
