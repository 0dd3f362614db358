"""The bodies of offers, from our quotes and bets: exact odds and stakes, or a refusal before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import InDoubt, Reason, Refused
from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.net.http import Answer
from hedgerow.venues.base import Instrument, NewQuote
from hedgerow.venues.matchbook import wire
from hedgerow.venues.matchbook.errors import VENUE, error_of, refusal_of
from hedgerow.venues.matchbook.odds import contracts, odds_of, price_of, stake_of
from hedgerow.venues.matchbook.parse import SIDE_NAMES, MalformedError, amount, odds
from hedgerow.venues.taking import Level, TakeOrder

FAILED = "failed"

_answers = msgspec.json.Decoder(wire.OffersAnswer)


def quote_body(quote: NewQuote) -> wire.Submission:
    """An offer that rests. It goes when the match turns in play: nobody may be there to move it."""
    return _body(quote.instrument, quote.side, quote.price, quote.size, quote.client_ref)


def take_body(order: TakeOrder) -> wire.Submission:
    """An offer that is to match at once; what does not is cancelled by who sends it."""
    leg = order.leg
    return _body(leg.instrument, leg.side, leg.cost_of(order.cost), order.size, order.reference)


def _body(instrument: Instrument, side: Side, price: int, size: int, reference: str) -> wire.Submission:
    if price not in instrument.grid:
        raise Refused(VENUE, "place", f"price {price} is not of the ladder", reason=Reason.PRICE)
    if size <= 0 or size % instrument.lot_at(price) or size < instrument.least_at(price):
        why = f"{size} micros of contracts are too few, or no whole stake at these odds"
        raise Refused(VENUE, "place", why, reason=Reason.LIMIT)
    if not instrument.ref.isdecimal():
        raise Refused(VENUE, "place", f"{instrument.ref[:40]!r} is no runner", reason=Reason.INVALID)
    offer = wire.NewOffer(
        runner_id=int(instrument.ref),
        side=SIDE_NAMES[side],
        odds=odds_of(price),
        stake=stake_of(price, size),
        temp_id=reference,
    )
    return wire.Submission([offer])


def placed_row(answer: Answer, reference: str) -> wire.Offer:
    """The one offer of an answer to its submission. Raises Refused where it failed, InDoubt for an answer that cannot
    be read: the venue did act."""
    try:
        rows = _answers.decode(answer.body).offers
    except UNREADABLE as error:
        if answer.status >= 300:
            raise error_of(answer, "place", changes=True) from error
        raise InDoubt(VENUE, "place", f"unreadable answer: {error}") from error
    ours = [row for row in rows if row.temp_id in (None, reference)]
    if len(ours) != 1:
        raise InDoubt(VENUE, "place", "the answer is about other offers")
    if ours[0].status == FAILED:
        raise refusal_of(ours[0].errors or (), "place")
    return ours[0]


def would_trade(side: Side, price: int, prices: Sequence[wire.Price]) -> bool:
    """Whether an offer meets what stands there now."""
    return any(
        level.side == SIDE_NAMES[side] and (touch <= price if side is Side.BUY else touch >= price)
        for level in prices
        for touch in (_price(level),)
    )


def levels(side: Side, prices: Sequence[wire.Price]) -> list[Level]:
    """What can be bought of a runner (or, sold, of its opposite), the cheapest first."""
    found = []
    for level in prices:
        if level.side == SIDE_NAMES[side]:
            price = _price(level)
            size = contracts(amount(level.available_amount, "available-amount"), level.odds)
            found.append(Level(price if side is Side.BUY else MICRO - price, size))
    return sorted(found, key=lambda level: level.cost)


def _price(level: wire.Price) -> int:
    if level.odds_type != "DECIMAL":
        raise MalformedError(f"odds are told as {level.odds_type[:20]!r}")
    return price_of(odds(level.odds, None, None))
