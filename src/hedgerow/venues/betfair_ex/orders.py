"""The parameters of orders, from our quotes and bets: exact, or a refusal before anything is sent.

A quote lapses at the off: nobody would tend it through the in-play delay. Every order carries our reference twice: as
`customerRef`, by which the venue refuses the same request for a minute, and as `customerOrderRef`, which it lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hedgerow.core.errors import Reason, Refused
from hedgerow.core.money import decimal_of
from hedgerow.core.states import Side
from hedgerow.venues.base import NewQuote
from hedgerow.venues.betfair_ex import parse
from hedgerow.venues.betfair_ex.errors import VENUE
from hedgerow.venues.betfair_ex.ladder import LADDER
from hedgerow.venues.taking import TakeOrder

PLACE, CANCEL = "SportsAPING/v1.0/placeOrders", "SportsAPING/v1.0/cancelOrders"

LEAST_STAKE = 3_000_000
"""In the account's currency, for USD. Source: currency parameters of the developer pages by way of betfairlightweight
2.24.0; smaller bets that pay out 20 are taken too, and not made use of."""


def place_params(quote: NewQuote) -> Mapping[str, Any]:
    """Of an order that rests, until it is cancelled or the match starts. Raises Refused."""
    limit = {"persistenceType": "LAPSE"}
    return _params(quote.instrument.ref, quote.client_ref, quote.side, quote.price, quote.size, limit)


def take_params(order: TakeOrder) -> Mapping[str, Any]:
    """Of an order that takes what stands and never rests: all of it, or what there is. Raises Refused."""
    leg = order.leg
    limit: dict[str, Any] = {"timeInForce": "FILL_OR_KILL"}
    if not order.is_whole:
        limit["minFillSize"] = decimal_of(LEAST_STAKE)
    return _params(leg.instrument.ref, order.reference, leg.side, leg.cost_of(order.cost), order.size, limit)


def cancel_params(ref: str, bet_id: str) -> Mapping[str, Any]:
    market_id, _ = _selection("cancel", ref)
    return {"marketId": market_id, "instructions": [{"betId": bet_id}]}


def _params(ref: str, reference: str, side: Side, price: int, size: int, limit: Mapping[str, Any]) -> Mapping[str, Any]:
    market_id, selection_id = _selection("place", ref)
    try:
        odds = parse.odds_text(price)
    except ValueError as error:
        raise Refused(VENUE, "place", str(error), reason=Reason.PRICE) from None
    try:
        stake, own = parse.stake_text(price, size), parse.wire_ref(reference)
    except ValueError as error:
        raise Refused(VENUE, "place", str(error), reason=Reason.INVALID) from None
    if LADDER.at_risk(price, size, buys=True) < LEAST_STAKE:
        why = f"a stake of {stake} is less than the venue takes"
        raise Refused(VENUE, "place", why, reason=Reason.LIMIT)
    instruction = {
        "orderType": "LIMIT",
        "selectionId": selection_id,
        "handicap": Decimal(0),
        "side": parse.SIDES[side],
        "customerOrderRef": own,
        "limitOrder": {"size": stake, "price": odds, **limit},
    }
    return {"marketId": market_id, "instructions": [instruction], "customerRef": own}


def _selection(operation: str, ref: str) -> tuple[str, int]:
    found = parse.parts_of(ref)
    if found is None:
        raise Refused(VENUE, operation, f"{ref[:60]!r} is no selection of the venue's", reason=Reason.INVALID)
    return found
