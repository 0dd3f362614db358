"""From the venue's messages to ours. Pure: nothing here knows a socket, a clock or an account's secrets.

What cannot be read raises UnreadableError; who asked decides what that means.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus
from hedgerow.venues import signing
from hedgerow.venues.base import Instrument
from hedgerow.venues.ctf import SIDE_NUMBER, probability, token_word
from hedgerow.venues.limitless_ex import wire
from hedgerow.venues.limitless_ex.auth import VENUE
from hedgerow.venues.limitless_ex.orders import LOT, TICK
from hedgerow.venues.reading import UnreadableError
from hedgerow.venues.taking import Level, Taken

OPEN, RESOLVED = "FUNDED", "RESOLVED"

UNMATCHED = "UNMATCHED"
_NOTHING = frozenset({UNMATCHED, "FAILED"})
_SETTLED = frozenset({"MINED", "CONFIRMED"})

LEAST_WORTH = MICRO
"""The venue publishes no smallest order; for less than a dollar nothing is sent."""

_COLLATERAL = "COLLATERAL"
_MOST_DIGITS = 15
_SIDES = {number: side for side, number in SIDE_NUMBER.items()}
_RESULTS = {True: (SettlementStatus.WON, Decimal(1)), False: (SettlementStatus.LOST, Decimal(0))}


# --- markets -------------------------------------------------------------------------------------------------------


def is_open(market: wire.Market) -> bool:
    return market.status == OPEN and not market.expired


def instruments_of(market: wire.Market, fee_rate_bps: int) -> tuple[Instrument, Instrument]:
    """The contracts of YES and of NO. fee_rate_bps: the profile's. Raises UnreadableError for a market without an
    order book, or of another form."""
    tokens, contracts = market.tokens, market.venue
    if market.trade_type != "clob" or tokens is None or contracts is None:
        raise UnreadableError("the market has no order book")
    try:
        exchange = signing.checksum_address(contracts.exchange)
        for token in (tokens.yes, tokens.no):
            token_word(token)
    except (ValueError, OverflowError):
        raise UnreadableError("no token id, or no address of the exchange contract") from None
    is_collateral = contracts.fee_module_type == _COLLATERAL
    meta = {
        "exchange": exchange,
        "signed_bps": "0" if is_collateral else str(fee_rate_bps),
        "charged_bps": str(fee_rate_bps) if is_collateral and market.metadata.fee else "0",
    }
    yes, no = (
        Instrument(
            venue=VENUE,
            ref=token,
            market_ref=market.slug,
            grid=PriceGrid.probability(TICK),
            lot=LOT,
            min_size=LOT,
            min_notional=LEAST_WORTH,
            meta=meta,
        )
        for token in (tokens.yes, tokens.no)
    )
    return yes, no


def levels_of(book: wire.Book, token: str) -> list[Level]:
    """What can be bought of a token, the cheapest first: YES from who sells it, NO from who bids for YES."""
    if token == book.token_id:
        found = [Level(_price(level.price), _size(level.size)) for level in book.asks]
    else:
        found = [Level(MICRO - _price(level.price), _size(level.size)) for level in book.bids]
    return sorted(found, key=lambda level: level.cost)


def _price(told: Decimal) -> int:
    price = probability(told)
    if not 0 < price < MICRO:
        raise UnreadableError(f"{told} is no price of a share")
    return price


def _size(told: Decimal) -> int:
    """A size in millionths, which has to be whole: elsewhere the venue shows plain shares."""
    if not told.is_finite() or told < 0 or told.adjusted() >= _MOST_DIGITS or told != int(told):
        raise UnreadableError(f"{told} is no size")
    return int(told)


def result_of(market: wire.Market, token: str) -> tuple[SettlementStatus, Decimal] | None:
    """How a token ended, and what each of it pays; None before the venue says it. One that neither outcome won is told
    by what both pay."""
    tokens = market.tokens
    if market.status != RESOLVED or tokens is None or token not in (tokens.yes, tokens.no):
        return None
    place = 0 if token == tokens.yes else 1
    if market.winning_outcome_index in (0, 1):
        return _RESULTS[market.winning_outcome_index == place]
    paid = market.payout_numerators or []
    parts = [amount(text) for text in paid]
    if market.winning_outcome_index is not None or len(parts) != 2 or not sum(parts):
        return None
    return SettlementStatus.VOID, Decimal(parts[place]) / sum(parts)


# --- orders --------------------------------------------------------------------------------------------------------


def taken_of(placed: wire.Placed, reference: str) -> Taken:
    """What an order took. reference: ours, where it is known. Until the chain has what was matched it is not over, and
    in a state that is not known neither; what failed there was not taken."""
    order, execution = placed.order, placed.execution
    side = _SIDES.get(order.side)
    if side is None:
        raise UnreadableError(f"{order.side} is no side")
    nothing = Taken(order.id, execution.client_order_id or reference, order.token_id, side, 0, 0, 0)
    if execution.settlement_status in _NOTHING:
        return nothing
    if execution.settlement_status not in _SETTLED:
        return replace(nothing, is_over=False)
    totals = execution.totals_raw
    size, kept = amount(totals.contracts_gross), amount(totals.contracts_fee)
    cost, fee = amount(totals.usd_gross), amount(totals.usd_fee)
    if not size or not 0 < cost < size or kept >= size or fee >= size:
        raise UnreadableError("totals that no order can have")
    return replace(nothing, size=size, cost=cost, fee=fee, withheld=kept)


def amount(text: str) -> int:
    """A whole number of millionths. Raises UnreadableError."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise UnreadableError(f"{text[:40]!r} is no amount")
    return int(text)
