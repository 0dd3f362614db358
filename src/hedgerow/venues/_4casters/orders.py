"""The bodies of orders, from our quotes and bets: exact odds and stakes, or a refusal before anything is sent; and what
this process knows of orders by the request that placed them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from hedgerow.core.errors import Reason, Refused
from hedgerow.core.states import Side
from hedgerow.venues._4casters import wire
from hedgerow.venues._4casters.errors import VENUE
from hedgerow.venues._4casters.listing import OTHER
from hedgerow.venues._4casters.odds import american_of, stake_of
from hedgerow.venues._4casters.parse import MONEYLINE, parts_of
from hedgerow.venues.base import Instrument, NewQuote
from hedgerow.venues.taking import TakeOrder, keep

_MOST_KNOWN = 20_000
_MINUTE_MS = 60_000


def quote_body(quote: NewQuote, now_ms: int) -> wire.Submission:
    """An order that rests. Its life is counted in whole minutes: it ends a little early rather than late."""
    minutes = None if quote.expires_at_ms is None else (quote.expires_at_ms - now_ms) // _MINUTE_MS
    if minutes is not None and minutes < 1:
        raise Refused(VENUE, "place", "the venue has no order that lives less than a minute", reason=Reason.INVALID)
    kind = "post" if quote.post_only else "limit"
    return _body(quote.instrument, quote.side, quote.price, quote.size, quote.client_ref, kind, minutes)


def take_body(order: TakeOrder) -> wire.Submission:
    """An order that takes at once what it can."""
    leg, kind = order.leg, "fillOrKill" if order.is_whole else "fillAndKill"
    return _body(leg.instrument, leg.side, leg.cost_of(order.cost), order.size, order.reference, kind, None)


def _body(
    instrument: Instrument, side: Side, price: int, size: int, reference: str, kind: str, minutes: int | None
) -> wire.Submission:
    if price not in instrument.grid:
        raise Refused(VENUE, "place", f"price {price} is not of the ladder", reason=Reason.PRICE)
    if size <= 0 or size % instrument.lot_at(price) or size < instrument.least_at(price):
        why = f"{size} micros of contracts are too few, or no whole cents at these odds"
        raise Refused(VENUE, "place", why, reason=Reason.LIMIT)
    named = parts_of(instrument.ref)
    if named is None:
        raise Refused(VENUE, "place", f"{instrument.ref[:60]!r} is no contract", reason=Reason.INVALID)
    game_id, about, market_type = named
    if market_type == MONEYLINE:
        backed, market = about if side is Side.BUY else instrument.meta.get(OTHER, ""), None
    else:
        backed, market = "yes" if side is Side.BUY else "no", about
    order = wire.NewOrder(
        game_id=game_id,
        type=market_type,
        side=backed,
        odds=american_of(side, price),
        bet=stake_of(side, price, size),
        order_type=kind,
        user_reference=reference,
        market=market,
        expiration_minutes=minutes,
    )
    return wire.Submission([order])


@dataclass(slots=True)
class _Known:
    """size: of the whole order in micros of contracts, 0 for nothing known; taken: by the fills' ids."""

    order_id: str | None = None
    size: int = 0
    taken: dict[str, int] = field(default_factory=dict)


class KnownOrders:
    """The latest orders by their request: the id of what rests of them, and what they took when they were placed."""

    def __init__(self) -> None:
        self._orders: OrderedDict[str, _Known] = OrderedDict()

    def note_offer(self, request_id: str, order_id: str, size: int = 0) -> None:
        known = self._known(request_id)
        known.order_id, known.size = order_id, max(known.size, size)

    def note_taken(self, request_id: str, trade_ref: str, size: int) -> None:
        self._known(request_id).taken[trade_ref] = size

    def offer_of(self, request_id: str | None) -> str | None:
        known = self._orders.get(request_id or "")
        return None if known is None else known.order_id

    def size_of(self, request_id: str) -> int:
        known = self._orders.get(request_id)
        return 0 if known is None else known.size

    def taken_of(self, request_id: str) -> int:
        known = self._orders.get(request_id)
        return 0 if known is None else sum(known.taken.values())

    def _known(self, request_id: str) -> _Known:
        known = self._orders.get(request_id) or _Known()
        keep(self._orders, request_id, known, _MOST_KNOWN)
        return known
