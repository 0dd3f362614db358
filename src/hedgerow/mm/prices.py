"""The engine's view of the price book: what can be backed now, and why the rest cannot."""

from __future__ import annotations

from hedgerow.core.clock import Clock
from hedgerow.core.ids import MarketKey, OutcomeId, VenueSlug
from hedgerow.core.money import MICRO, Micros, UnknownCurrencyError, decimal_of
from hedgerow.feed.book import PriceBook
from hedgerow.feed.gate import (
    Limits,
    why_not_bookmaker,
    why_not_feed,
    why_not_fixture,
    why_not_quote,
)
from hedgerow.mm.hedging import Offer

DEFAULT_CURRENCY = "USD"


class BookPrices:
    """Offers from the feed's book, limits in USD."""

    def __init__(self, book: PriceBook, limits: Limits, clock: Clock, *, untold_limit: Micros) -> None:
        """untold_limit: the highest stake assumed, in micros of USD, where the feed names none."""
        self._book, self._limits, self._clock, self._untold_limit = book, limits, clock, untold_limit

    def offers(self, key: MarketKey, bookmaker: VenueSlug) -> tuple[dict[OutcomeId, Offer], str | None]:
        """What is tradeable now, by outcome, and why something is not (the first reason found)."""
        book, now_ms = self._book, self._clock.now_ms()
        fixture = book.fixture(key.fixture_id)
        state = fixture.bookmakers.get(bookmaker) if fixture is not None else None
        reason = (
            why_not_feed(book.up_since_ms, book.heard_ms, self._limits, now_ms)
            or why_not_fixture(fixture)
            or why_not_bookmaker(state, self._limits, book.stale_bookmakers)
        )
        if reason is not None or fixture is None or state is None:
            return {}, str(reason)
        currency = book.limit_currency(bookmaker) or DEFAULT_CURRENCY
        oldest_ms = self._limits.age_ms(fixture, now_ms)
        found: dict[OutcomeId, Offer] = {}
        why: str | None = None
        for quote in book.quotes(key, bookmaker):
            confirmed_ms = 0 if quote is None else state.confirmed_ms(quote)
            reason = why_not_quote(quote, confirmed_ms, book.up_since_ms or 0, oldest_ms, now_ms)
            if reason is not None or quote is None or quote.odds is None:
                why = why or str(reason)
                continue
            limit = self._limit(quote.limit, currency)
            found[quote.outcome_id] = Offer(
                quote.odds, limit, quote.market_ref or "", quote.outcome_ref or "", quote.changed_ms
            )
        return found, why

    def _limit(self, told: Micros | None, currency: str) -> Micros:
        """In USD; what the feed does not tell is the assumed one."""
        if told is None:
            return self._untold_limit
        if currency == DEFAULT_CURRENCY:
            return told
        try:
            return Micros(int(self._book.rates.to_usd(decimal_of(told), currency) * MICRO))
        except UnknownCurrencyError:
            return Micros(0)
