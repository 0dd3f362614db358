"""What every place of a market should quote now, set on its slot, and why where that is nothing.

The places of a market share their client's money and caps: what one is about to add, those after it may not use too.
How one place's price and size come about is `mm.quoter`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from hedgerow.core.ids import VenueSlug
from hedgerow.core.money import Micros
from hedgerow.core.observe import UNQUOTED
from hedgerow.core.states import Side
from hedgerow.feed.gate import WhyNot
from hedgerow.mm.hedging import Offers
from hedgerow.mm.market import Place, TradedMarket
from hedgerow.mm.orders import Slot, stake_of
from hedgerow.mm.quoter import Room, Terms, terms
from hedgerow.mm.quoting import Wanted
from hedgerow.mm.sizing import BOUND_BY_ORDERS, CapName

_log = structlog.get_logger(__name__)


def want(
    market: TradedMarket,
    offers: Offers,
    why_not: str | None,
    now_ms: int,
    minimum_stake: Callable[[VenueSlug], int],
) -> dict[Slot, Terms]:
    """Sets what every place of the market should quote; answers the derivations. offers: commission taken off."""
    trader = market.client
    settings = trader.settings_of(market.tournament_id)
    found: dict[Slot, Terms] = {}
    blocked = _blocked(market, why_not if not offers else None)
    if blocked != market.why_not:
        market.why_not = blocked
        _log.info("quoting", client=trader.name, fixture_id=market.key.fixture_id, why_not=blocked)
    if blocked is not None or settings is None:
        for place in market.places:
            place.slot.wanted = None
            _tell(place, blocked)
        return found
    pricing = trader.pricing_of(market)
    minimum = minimum_stake(trader.bookmaker)
    claims: list[tuple[Slot, int]] = []
    spent: dict[int, int] = {}  # by account, what its quotes of this market add
    for place in market.places:
        slot = place.slot
        reason = _why_shut(place, now_ms)
        quote = None
        if reason is None:
            quote = terms(market, place, offers, settings, pricing, _room(market, place, spent), minimum)
            reason = _why_unquoted(quote, why_not)
        _tell(place, reason)
        place.is_bound = quote is not None and quote.bound_by in BOUND_BY_ORDERS
        if quote is None:
            slot.wanted = None
            continue
        found[slot] = quote
        slot.wanted = quote.wanted if trader.state.posts else _frozen(slot, quote.wanted)
        if (added := _added(slot)) > 0:  # the places that follow may not use it too
            slot.claim(added)
            claims.append((slot, added))
            spent[place.lane.account_id] = spent.get(place.lane.account_id, 0) + added
    for slot, added in claims:
        slot.claim(-added)
    return found


def derived(
    market: TradedMarket, place: Place, offers: Offers, minimum_stake: Callable[[VenueSlug], int]
) -> Terms | None:
    """What `want` would set for one place, were its market quoted; sets nothing. offers: commission taken off."""
    trader = market.client
    settings = trader.settings_of(market.tournament_id)
    if settings is None:
        return None
    room, minimum = _room(market, place, {}), minimum_stake(trader.bookmaker)
    return terms(market, place, offers, settings, trader.pricing_of(market), room, minimum)


def is_done_with(market: TradedMarket, why_not: str | None) -> bool:
    """Whether nothing of the market is quoted whatever the exchanges list and the bookmaker offers next: settings, a
    stop or its end forbid it. why_not: of outcomes without an offer."""
    trader = market.client
    is_forbidden = not trader.state.keeps or not trader.quotes(market) or trader.stopped_by is not None
    return is_forbidden or why_not == WhyNot.OVER


def _blocked(market: TradedMarket, why_not: str | None) -> str | None:
    """Why nothing of the market is quoted; None when it may be. why_not: why there are no offers."""
    trader = market.client
    if not trader.state.keeps:
        return trader.state.value
    if not trader.quotes(market):
        return "not activated"
    if not trader.hedges:
        return "no hedge account"
    return trader.stopped_by or why_not


def _tell(place: Place, reason: str | None) -> None:
    """Notes why a place has no quote, None: it has one; counts what is new."""
    if reason != place.unquoted:
        place.unquoted = reason
        if reason is not None:
            UNQUOTED.labels(place.lane.slug, reason).inc()


def _room(market: TradedMarket, place: Place, spent: Mapping[int, int]) -> Room:
    """What is left for a place. spent: by account, what the places before it are about to add: without it two sides
    that one account pays for would each take all of its money, and then each give it back, without end."""
    lane, slot = place.lane, place.slot
    elsewhere = lane.open_stake - slot.open_stake + spent.get(lane.account_id, 0)
    return Room(slot.tightest(), lane.cash - elsewhere, market.client.hedge_cash)


def _added(slot: Slot) -> int:
    """The money that the wanted quote puts at risk beyond what rests."""
    wanted = slot.wanted
    if wanted is None:
        return 0
    return stake_of(slot.side, wanted.price, wanted.size, slot.instrument.grid) - slot.open_stake


def _why_shut(place: Place, now_ms: int) -> str | None:
    """Why a place is not quoted, whatever its price."""
    if not place.slot.is_open:
        return "closed at the exchange"
    if place.lane.is_refused:
        return CapName.ORDER_REJECTS
    return "cancelled by hand" if now_ms < place.slot.held_until_ms else None


def _why_unquoted(quote: Terms | None, why_not: str | None) -> str | None:
    """Why a place has no quote; None when it has one. why_not: of outcomes without an offer."""
    if quote is None:
        return why_not
    return quote.bound_by if quote.wanted is None else None


def _frozen(slot: Slot, wanted: Wanted | None) -> Wanted | None:
    """What a paused slot should hold: its order as it rests, unless the odds have made it too generous, or the hedge
    and the caps do not bear its size any more."""
    order = slot.order
    if order is None or wanted is None or order.remaining > wanted.most:
        return None
    improvement = wanted.price - order.price if slot.side is Side.BUY else order.price - wanted.price
    return None if improvement < 0 else Wanted(order.price, Micros(order.remaining), Micros(order.remaining))
