"""From Kalshi's markets to ours: the prices they accept, their fees, how they ended. Pure functions, as `parse`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from hedgerow.core.ladders import Band, PriceGrid
from hedgerow.core.money import MICRO, Micros, decimal_of
from hedgerow.core.states import SettlementStatus
from hedgerow.venues.base import Fee, Resolution
from hedgerow.venues.kalshi import wire
from hedgerow.venues.kalshi.parse import MalformedError, amount, moment_ms, price
from hedgerow.venues.taking import Level


def price_grid(ranges: Sequence[wire.PriceRange]) -> PriceGrid:
    """The prices that a market accepts: its bands, without 0 and 1 themselves, which no order may have."""
    bands = sorted((amount(band.start, "start"), amount(band.end, "end"), amount(band.step, "step")) for band in ranges)
    if not bands or any(below[1] != above[0] for below, above in pairwise(bands)):
        raise MalformedError("price_ranges are empty or do not meet")
    low, _, first_step = bands[0]
    _, high, last_step = bands[-1]
    edges = [(start, end, step) for start, end, step in bands]
    if low == 0:
        edges[0] = (Micros(first_step), edges[0][1], first_step)
    if high == MICRO:
        edges[-1] = (edges[-1][0], Micros(MICRO - last_step), last_step)
    try:
        grid = PriceGrid([Band(*edge) for edge in edges if edge[0] < edge[1]])
    except ValueError as error:
        raise MalformedError(f"price_ranges: {error}") from None
    if grid.lowest <= 0 or grid.highest >= MICRO:
        raise MalformedError("price_ranges leave the space between 0 and 1")
    return grid


def offers(bids: Sequence[tuple[str, str]]) -> list[Level]:
    """What can be bought of one outcome, the cheapest first, from the bids for the other: their best comes last."""
    return [Level(MICRO - price(each, "price"), amount(size, "size")) for each, size in reversed(bids)]


_TAKER_RATE = Decimal("0.07")
_FEE_UNIT = 100  # the trade fee of a fill is rounded up to $0.0001
_MAKER_SHARES = {
    "quadratic": Decimal(0),
    "quadratic_with_maker_fees": Decimal("0.25"),
    "quadratic_with_combo_maker_fees": Decimal("0.5"),
    "flat": Decimal(1),
}


def fees(fee_type: str, multiplier: Decimal) -> tuple[Fee, Fee]:
    """(maker, taker) fee of a series or event: 0.07 × multiplier × p × (1 − p) a contract for takers, a share of it
    for makers. `flat` has no public formula; it is reckoned as the highest that is known, the taker's for both.

    Source: kalshi.com fee schedule; getting_started/fee_rounding.
    """
    try:
        share = _MAKER_SHARES[fee_type]
    except KeyError:
        raise MalformedError(f"unknown fee_type {fee_type[:40]!r}") from None
    if not multiplier.is_finite() or not 0 <= (rate := _TAKER_RATE * multiplier) <= 1:
        raise MalformedError(f"fee_multiplier is {multiplier}")
    return Fee(rate * share, unit=_FEE_UNIT), Fee(rate, unit=_FEE_UNIT)


def settlement(result: str, value: str | None) -> tuple[SettlementStatus, Decimal] | None:
    """How a market ended for the buyer of a contract, and what one contract paid; None while it has not ended.

    A scalar result between 0 and 1 (a tie, a match called off at its last fair price) neither won nor lost: it is
    VOID, and the payout says what came back.
    """
    match result:
        case "":
            return None
        case "yes":
            return SettlementStatus.WON, Decimal(1)
        case "no":
            return SettlementStatus.LOST, Decimal(0)
        case "scalar":
            if value is None:
                raise MalformedError("a scalar result without a settlement value")
            payout = decimal_of(price(value, "settlement_value"))
            by_payout = {Decimal(1): SettlementStatus.WON, Decimal(0): SettlementStatus.LOST}
            return by_payout.get(payout, SettlementStatus.VOID), payout
        case other:
            raise MalformedError(f"unknown result {other[:20]!r}")


def resolution(market: wire.Market, now_ms: int) -> Resolution | None:
    """How a market was resolved; None before `finalized`: a determined result may still be disputed and changed.
    Where the venue does not say when it paid, it is now."""
    if market.status != "finalized":
        return None
    ended = settlement(market.result, market.settlement_value_dollars)
    if ended is None:
        raise MalformedError(f"{market.ticker} is finalized without a result")
    status, payout = ended
    at_ms = moment_ms(None, market.settlement_ts, "settlement_ts")
    return Resolution(market.ticker, status, payout, at_ms or now_ms)
