"""An exchange in shadow mode: what it lists and what others do there is read, our orders stay here.

A resting order is filled by a rule that errs against us, since nobody can know what others would have done had it been
there:

- a trade that prints through its price, by a taker who would have met it: as much as was traded;
- a trade at its price, by such a taker: what is left when all that rested there before it has had its turn. Of those
  before it nobody is believed to have cancelled;
- the opposite best comes to its price or beyond: as much as is shown there, once.

It fills at its own price, as a maker. An order that would trade at once is refused, as a post-only order is; where the
public book is not known nothing is placed, and nothing is filled.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import cast

from hedgerow.core.clock import Clock
from hedgerow.core.errors import Reason, Refused, SetupError, Unavailable
from hedgerow.core.states import Side
from hedgerow.mm.paper.exchange import PaperExchange, PaperOrder
from hedgerow.venues.base import (
    Balance,
    EventSink,
    Exchange,
    ExchangeEvent,
    Instrument,
    Listing,
    MarketChange,
    PublicBook,
    PublicTrade,
    Resolution,
    ShowsBooks,
    StreamGap,
)

Money = Callable[[], Awaitable[Decimal]]
"""The free money of a paper account, in its currency."""


class ShadowExchange(PaperExchange):
    """Implements venues.base.Exchange around a connector that is asked for nothing but what everybody may see."""

    def __init__(self, inner: Exchange, clock: Clock, money: Money) -> None:
        """Raises SetupError for an exchange whose public book is not read."""
        super().__init__(inner.manifest, clock)
        if not inner.manifest.shows_books:
            raise SetupError(*no_shadow(inner.manifest.slug))
        self._inner, self._money = inner, money
        self._books: dict[str, PublicBook] = {}
        cast(ShowsBooks, inner).show_books(self.public)

    # --- the outside -------------------------------------------------------------------------------------------

    async def open(self, sink: EventSink) -> None:
        self.on_event(sink)

        def heard(event: ExchangeEvent) -> None:
            """The account's own orders and fills are another's: of real trading."""
            if isinstance(event, MarketChange | StreamGap):
                sink(event)

        await self._inner.open(heard)

    async def close(self) -> None:
        await self._inner.close()

    async def listings(self, sport: str) -> list[Listing]:
        return await self._inner.listings(sport)

    async def watch(self, instruments: Sequence[Instrument]) -> None:
        await self._inner.watch(instruments)

    async def resolutions(self, instruments: Sequence[Instrument]) -> list[Resolution]:
        return await self._inner.resolutions(instruments)

    async def balance(self) -> Balance:
        return Balance(await self._money(), Decimal(0), self.manifest.currency)

    # --- the rule ----------------------------------------------------------------------------------------------

    def admit(self, order: PaperOrder) -> None:
        book = self._books.get(order.quote.instrument.ref)
        if book is None:
            raise Unavailable(self.manifest.slug, "place", "the public book is not known yet")
        if _shown_across(book, order):
            raise Refused(self.manifest.slug, "place", "it would trade at once", reason=Reason.PRICE)
        own = book.bids if order.side is Side.BUY else book.asks
        order.ahead = (own or {}).get(order.price, 0)

    def public(self, event: PublicBook | PublicTrade) -> None:
        """What everybody may see has changed."""
        if isinstance(event, PublicTrade):
            for order in self.resting_on(event.instrument_ref):
                self.fill(order, traded_with(order, event))
            return
        if event.bids is None or event.asks is None:
            self._books.pop(event.instrument_ref, None)
            return
        self._books[event.instrument_ref] = event
        for order in self.resting_on(event.instrument_ref):
            shown = _shown_across(event, order)
            taken = min(order.remaining, max(0, shown - order.crossed))
            order.crossed = order.crossed + taken if shown else 0
            self.fill(order, taken)


def traded_with(order: PaperOrder, trade: PublicTrade) -> int:
    """How much of a public trade the order would have had, micros; what rested before it has its turn first."""
    if trade.taker is order.side:
        return 0
    through = order.price - trade.price if order.side is Side.BUY else trade.price - order.price
    if through < 0:
        return 0
    if through > 0:
        order.ahead = 0
        return trade.size
    passed = min(order.ahead, trade.size)
    order.ahead -= passed
    return trade.size - passed


def _shown_across(book: PublicBook, order: PaperOrder) -> int:
    """Contracts that the opposite side shows at the order's price or beyond, micros."""
    if order.side is Side.BUY:
        return sum(size for price, size in (book.asks or {}).items() if price <= order.price)
    return sum(size for price, size in (book.bids or {}).items() if price >= order.price)


def no_shadow(venue: str) -> tuple[str, str]:
    """Why an exchange cannot be shadowed, and what to do."""
    return (
        f"the public book of {venue} is not read, so shadow mode cannot know what would be filled there",
        "disable the client's account there, or leave the client live",
    )
