"""What bookmakers offer on an outcome now, as the price book has it, and why an offer may not be taken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

from hedgerow.core.clock import Clock
from hedgerow.core.ids import MarketKey, OutcomeId, VenueSlug
from hedgerow.core.money import Rates, decimal_of
from hedgerow.feed.book import PriceBook
from hedgerow.feed.depth import LaySide, exact_odds, lay_side
from hedgerow.feed.gate import Limits, why_not
from hedgerow.feed.quotes import Quote

DEFAULT_CURRENCY = "USD"
NO_LINE = "the feed does not name its line"
NO_LAY_PRICE = "no price to lay at"


@dataclass(frozen=True, slots=True)
class Offer:
    """A bookmaker's quote on an outcome, of the side that was asked for. price: None for a placeholder; limit and
    limit_min in `limit_currency`, None where they are not told, of a lay side what may be lost; unusable: why it may
    not be bet on now; changed_ms: when it last moved."""

    price: Decimal | None
    limit: Decimal | None
    limit_currency: str
    market_ref: str
    outcome_ref: str
    changed_ms: int
    is_live: bool
    unusable: str | None = None
    limit_min: Decimal | None = None


class Offers(Protocol):
    """Where offers come from."""

    @property
    def rates(self) -> Rates:
        """Units of currencies per USD, as the feed has them now."""
        ...

    def offer(
        self, market: MarketKey, outcome_id: OutcomeId, bookmaker: VenueSlug, *, is_back: bool = True
    ) -> Offer | None:
        """The bookmaker's quote, active or not; None when it has none. Without a lay side it has no price to lay."""
        ...


class BookOffers:
    """Offers from the feed's price book."""

    def __init__(self, book: PriceBook, limits: Limits, clock: Clock) -> None:
        self._book, self._limits, self._clock = book, limits, clock

    @property
    def rates(self) -> Rates:
        return self._book.rates

    def offer(
        self, market: MarketKey, outcome_id: OutcomeId, bookmaker: VenueSlug, *, is_back: bool = True
    ) -> Offer | None:
        quote = self.quote(market, outcome_id, bookmaker)
        if quote is None:
            return None
        fixture = self._book.fixture(market.fixture_id)
        reason = why_not(self._book, market.fixture_id, bookmaker, quote, self._limits, self._clock.now_ms())
        made = self._offer(quote, bookmaker, None if reason is None else reason.value)
        if reason is None and (quote.market_ref is None or quote.outcome_ref is None):
            made = replace(made, unusable=NO_LINE)
        elif fixture is not None and fixture.is_live:
            made = replace(made, is_live=True)
        return made if is_back else _laid(made, lay_side(quote.meta))

    def quote(self, market: MarketKey, outcome_id: OutcomeId, bookmaker: VenueSlug) -> Quote | None:
        """The feed's own row."""
        quotes = self._book.quotes(market, bookmaker)
        return next((quote for quote in quotes if quote is not None and quote.outcome_id == outcome_id), None)

    def _offer(self, quote: Quote, bookmaker: VenueSlug, unusable: str | None) -> Offer:
        return Offer(
            None if quote.odds is None else decimal_of(exact_odds(quote.odds, quote.meta)),
            None if quote.limit is None else decimal_of(quote.limit),
            self._book.limit_currency(bookmaker) or DEFAULT_CURRENCY,
            quote.market_ref or "",
            quote.outcome_ref or "",
            quote.changed_ms,
            is_live=False,
            unusable=unusable,
        )


class Momentary:
    """Offers of one moment: each is looked for once, however many orders of a group ask for it."""

    def __init__(self, offers: Offers) -> None:
        self._offers = offers
        self._found: dict[tuple[MarketKey, OutcomeId, VenueSlug, bool], Offer | None] = {}
        self.rates = offers.rates

    def offer(
        self, market: MarketKey, outcome_id: OutcomeId, bookmaker: VenueSlug, *, is_back: bool = True
    ) -> Offer | None:
        key = (market, outcome_id, bookmaker, is_back)
        try:
            return self._found[key]
        except KeyError:
            found = self._found[key] = self._offers.offer(market, outcome_id, bookmaker, is_back=is_back)
            return found


def _laid(offer: Offer, side: LaySide | None) -> Offer:
    """The offer to lay; without a price where there is none."""
    if side is None:
        return replace(offer, price=None, limit=None, unusable=offer.unusable or NO_LAY_PRICE)
    limit = None if side.liability is None else decimal_of(side.liability)
    return replace(offer, price=decimal_of(side.odds), limit=limit)
