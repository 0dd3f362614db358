"""The engine: from a change of odds to quotes, from a fill to hedges. One loop, no locks.

Everything that decides runs synchronously on the event loop between two awaits, so a decision never sees half of a
change. What needs the outside world (orders, commits, bets) is started and reports back by a callback.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.ids import FixtureId, MarketKey, OutcomeId, VenueSlug
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.observe import QUOTES_LIVE, UNHEDGED_STAKE, UNQUOTED
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.core.tasks import spawn
from hedgerow.mm.controls import TournamentSettings
from hedgerow.mm.crossing import BookKey, book_of, meets
from hedgerow.mm.exposure import Matched
from hedgerow.mm.hedger import Hedger
from hedgerow.mm.hedging import Offer
from hedgerow.mm.journal import Journal, Owner, QuoteReason
from hedgerow.mm.lane import Lane
from hedgerow.mm.ledger import FillLedger
from hedgerow.mm.market import Place, TradedMarket, Trader
from hedgerow.mm.orders import Act, Command, Order, Pending, Slot, stake_of
from hedgerow.mm.quoter import Room, Terms, derivation, terms
from hedgerow.mm.quoting import Wanted
from hedgerow.mm.repository import FillRow
from hedgerow.mm.sizing import CapName
from hedgerow.venues.base import Fill, Instrument, MarketChange

_log = structlog.get_logger(__name__)


MEETS_OWN = "would meet another quote of this deployment"
"""Why a place has no quote: see `mm.crossing`."""
UNKNOWN_ORDER_AFTER_S = 2.0
"""How long a fill waits for its order to become known before the exchange is asked for it."""


class Prices(Protocol):
    """The engine's view of the odds."""

    def offers(self, key: MarketKey, bookmaker: VenueSlug) -> tuple[dict[OutcomeId, Offer], str | None]:
        """What is tradeable now on the outcomes of a market, and why the others, or all, are not."""
        ...


class Engine:
    """Quotes and hedges for all clients of this process."""

    def __init__(
        self,
        prices: Prices,
        hedger: Hedger,
        ledger: FillLedger,
        journal: Journal,
        clock: Clock,
        *,
        minimum_stake: Callable[[VenueSlug], int],
        hysteresis: int = 1,
    ) -> None:
        """minimum_stake: of a bookmaker, in micros of USD; hysteresis: micros, see `mm.quoting`."""
        self.traders: dict[str, Trader] = {}
        self._prices, self._hedger, self._ledger, self._journal, self._clock = prices, hedger, ledger, journal, clock
        self._minimum_stake, self._hysteresis = minimum_stake, hysteresis
        self._by_odds: dict[tuple[VenueSlug, MarketKey], list[TradedMarket]] = {}
        self._by_slot: dict[Slot, TradedMarket] = {}
        self._by_fixture: dict[FixtureId, list[TradedMarket]] = {}
        self._books: dict[BookKey, list[Slot]] = {}  # every client's places of an exchange's market
        self._waiting: dict[BookKey, dict[TradedMarket, None]] = {}  # markets whose quotes would meet others there
        self._resolved: Callable[[TradedMarket], None] = lambda _: None
        self._owners: dict[int, Owner] = {}
        self._watchers: set[asyncio.Event] = set()
        self._is_halted = False
        hedger.on_settled(self._hedged)

    def halt(self) -> None:
        """Quotes are left as they are from now on: they are another process's."""
        self._is_halted = True

    # --- what is traded ----------------------------------------------------------------------------------------

    def add_market(self, market: TradedMarket) -> None:
        """Starts to follow a market; it is quoted at its places as soon as there are odds."""
        trader = market.client
        trader.markets[market.key] = market
        self._by_odds.setdefault((trader.bookmaker, market.key), []).append(market)
        self._by_fixture.setdefault(market.key.fixture_id, []).append(market)

    def add_place(self, market: TradedMarket, lane: Lane, slot: Slot) -> None:
        """Adds a place where the market is to be quoted. Nothing is sent before it is looked at: sizes depend on how
        many places there are."""
        slot.stakes = market.client.stakes_of(market, lane, slot.outcome_id, slot.side)
        kept = lane.add_slot(slot)
        if kept not in self._by_slot:
            self._by_slot[kept] = market
            self._books.setdefault(book_of(kept), []).append(kept)
            market.add_place(lane, kept)
        for fill in self._ledger.take_strays(lane, kept.instrument.ref, kept.side.value):
            self.on_fill(lane, fill)

    def on_resolved(self, listener: Callable[[TradedMarket], None]) -> None:
        """The listener is called when an exchange says how a contract of a market was decided."""
        self._resolved = listener

    def market_of(self, slot: Slot) -> TradedMarket | None:
        return self._by_slot.get(slot)

    def of_fixture(self, fixture_id: FixtureId) -> list[TradedMarket]:
        """Every client's markets of a fixture."""
        return self._by_fixture.get(fixture_id, [])

    def drop_market(self, market: TradedMarket) -> None:
        """Stops to follow a market that is over and settled."""
        market.client.forget_stakes(market)
        market.client.markets.pop(market.key, None)
        _take_out(self._by_odds, (market.client.bookmaker, market.key), market)
        _take_out(self._by_fixture, market.key.fixture_id, market)
        for place in market.places:
            self._by_slot.pop(place.slot, None)
            _take_out(self._books, book_of(place.slot), place.slot)
            self._waiting.get(book_of(place.slot), {}).pop(market, None)
            place.lane.slots.pop((place.slot.instrument.ref, place.slot.side.value), None)

    # --- looking -----------------------------------------------------------------------------------------------

    def odds_changed(self, bookmaker: VenueSlug, keys: Iterable[MarketKey]) -> None:
        """A tick: the hot path."""
        by_odds = self._by_odds
        for key in keys:
            for market in by_odds.get((bookmaker, key), ()):
                self.look_at(market)

    def look_at_all(self, trader: Trader | None = None) -> None:
        """Looks at every market, of one client or of all: something that concerns them changed."""
        for one in [trader] if trader else list(self.traders.values()):
            for market in list(one.markets.values()):
                self.look_at(market)

    def look_at(self, market: TradedMarket) -> None:
        """Brings a market's quotes, and its hedges, to what they should be now."""
        if self._is_halted:
            return
        trader = market.client
        offers, why_not = self._prices.offers(market.key, trader.bookmaker)
        market.offered = len(offers)
        if not market.undecided_hedges:
            self._act(market, self._want(market, offers, why_not))
        if not market.exposure.is_flat:
            self._hedger.look_at(market, offers)

    def _want(self, market: TradedMarket, offers: dict[OutcomeId, Offer], why_not: str | None) -> dict[Slot, Terms]:
        """Sets what every place of the market should quote; answers the derivations."""
        trader = market.client
        settings = trader.settings_of(market.tournament_id)
        found: dict[Slot, Terms] = {}
        blocked = self._blocked(market, settings, why_not if not offers else None)
        if blocked != market.why_not:
            market.why_not = blocked
            _log.info("quoting", client=trader.name, fixture_id=market.key.fixture_id, why_not=blocked)
        if blocked is not None or settings is None:
            for place in market.places:
                place.slot.wanted = None
                self._told(place, blocked)
            return found
        now_ms, pricing = self._clock.now_ms(), trader.pricing_of(market)
        minimum = self._minimum_stake(trader.bookmaker)
        claims: list[tuple[Slot, int]] = []
        for place in market.places:
            slot = place.slot
            reason = _why_shut(place, now_ms)
            quote = None
            if reason is None:
                quote = terms(market, place, offers, settings, pricing, self._room(market, place), minimum)
                reason = _why_unquoted(quote, why_not)
            self._told(place, reason)
            if quote is None:
                slot.wanted = None
                continue
            found[slot] = quote
            slot.wanted = quote.wanted if trader.state.posts else _frozen(slot, quote.wanted)
            if (added := _added(slot)) > 0:  # the places that follow may not use it too
                slot.claim(added)
                claims.append((slot, added))
        for slot, added in claims:
            slot.claim(-added)
        return found

    def _blocked(self, market: TradedMarket, settings: TournamentSettings | None, why_not: str | None) -> str | None:
        """Why nothing of the market is quoted; None when it may be. why_not: why there are no offers."""
        trader = market.client
        if not trader.state.keeps:
            return trader.state.value
        if settings is None or trader.denies(market):
            return "not activated"
        if not trader.hedges:
            return "no hedge account"
        return trader.stopped_by or why_not

    def _told(self, place: Place, reason: str | None) -> None:
        """Notes why a place has no quote, None: it has one; counts what is new."""
        if reason != place.unquoted:
            place.unquoted = reason
            if reason is not None:
                UNQUOTED.labels(place.lane.slug, reason).inc()

    def _room(self, market: TradedMarket, place: Place) -> Room:
        lane, slot = place.lane, place.slot
        open_elsewhere = lane.open_stake - slot.open_stake
        return Room(slot.tightest(), lane.cash - open_elsewhere, market.client.hedge_cash)

    def _act(self, market: TradedMarket, found: Mapping[Slot, Terms]) -> None:
        """Sends what the slots ask for: all cancels of the market first, then amendments and new orders. Rows follow
        when everything has left."""
        later: list[tuple[Place, Command]] = []
        cancelled: list[tuple[Lane, Order]] = []
        trader = market.client
        for place in market.places:
            if not place.slot.is_listed and trader.state.keeps:
                continue
            amends = place.lane.exchange.manifest.amends
            while (command := place.slot.next_command(amends=amends, hysteresis=self._hysteresis)) is not None:
                if command.act is not Act.CANCEL:
                    later.append((place, command))
                    break
                if command.order is not None and place.unquoted is not None:
                    command.order.reason = place.unquoted
                cancelled.append((place.lane, place.lane.send(place.slot, command)))
        for place, command in later:
            ready = place.lane.is_ready and trader.state.posts
            if not ready or not _fits(place.slot, command):
                continue
            if self._meets_own(place, command.price):
                self._wait_for_book(market, place)
            else:
                self._send(market, place, command, found[place.slot])
        for lane, order in cancelled:
            self.on_order(lane, order)

    def _meets_own(self, place: Place, price: int) -> bool:
        """Whether a quote would meet another of this deployment's."""
        slot = place.slot
        return any(
            order.is_live and meets(slot.instrument, slot.side, price, order)
            for other in self._books[book_of(slot)]
            for order in other.orders
        )

    def _wait_for_book(self, market: TradedMarket, place: Place) -> None:
        """The place is looked at again when something in its book has ended."""
        place.unquoted = MEETS_OWN
        self._waiting.setdefault(book_of(place.slot), {})[market] = None

    def _book_moved(self, slot: Slot) -> None:
        """Something of ours has moved in a book: who waits for it may have its turn."""
        for market in self._waiting.pop(book_of(slot), ()):
            self.look_at(market)

    def _send(self, market: TradedMarket, place: Place, command: Command, quote: Terms) -> None:
        order = place.lane.send(place.slot, command)
        dearest = min((offer for _, offer in quote.legs), key=lambda offer: offer.odds)
        order.hedge_legs = tuple((outcome_id, offer.odds) for outcome_id, offer in quote.legs)
        order.hedge_odds, order.hedge_limit = dearest.odds, dearest.limit
        if command.act is Act.PLACE:
            self._owners[order.order_id] = self._owner(market, place.lane, place.slot)
        self._journal.quoted(self._reason(market, order, command, quote))
        self.on_order(place.lane, order)

    def _owner(self, market: TradedMarket, lane: Lane, slot: Slot) -> Owner:
        return Owner(
            market.client.name,
            lane.account_id,
            lane.slug,
            market.client.bookmaker,
            market.key.fixture_id,
            market.key.market_id,
            slot.outcome_id,
            market.key.player_id,
        )

    def _reason(self, market: TradedMarket, order: Order, command: Command, quote: Terms) -> QuoteReason:
        now_ms = self._clock.now_ms()
        return QuoteReason(
            order.order_id,
            now_ms,
            command.act.value,
            order.side.value,
            command.price,
            command.size,
            quote.break_even,
            quote.edge,
            partial(derivation, market.client.bookmaker, quote, order.instrument, now_ms),
        )

    def review_stops(self, trader: Trader) -> None:
        """Works out anew what keeps a client, or one of its exchanges, from being quoted; quotes follow."""
        now_ms, policy = self._clock.now_ms(), trader.policy
        before = trader.stopped_by, [lane.is_refused for lane in trader.lanes]
        trader.stopped_by = None
        if policy.loss_stopped_on is not None and policy.loss_stopped_on == self._clock.now().date():
            trader.stopped_by = CapName.DAILY_LOSS
        elif trader.hedge_answers.exceed(policy.max_reject_share, now_ms):
            trader.stopped_by = CapName.HEDGE_REJECTS
        for lane in trader.lanes:
            lane.is_refused = lane.answers.exceed(policy.max_reject_share, now_ms)
        if before != (trader.stopped_by, [lane.is_refused for lane in trader.lanes]):
            _log.warning("quoting stops changed", client=trader.name, stopped_by=trader.stopped_by)
            self.look_at_all(trader)

    def sweep(self, markets: Iterable[TradedMarket]) -> None:
        """Looks at those markets whose offers came or went without a word of the feed: by growing too old, or by
        being confirmed again."""
        for market in markets:
            offers, _ = self._prices.offers(market.key, market.client.bookmaker)
            if len(offers) != market.offered:
                self.look_at(market)

    # --- what is told from outside -----------------------------------------------------------------------------

    def set_cash(self, lane: Lane, cash: int) -> None:
        """An exchange account's money was read, micros of USD: quotes follow where there was none before."""
        before, lane.cash = lane.cash, cash
        if not before and cash:
            self.on_free(lane, None)

    def set_hedge_cash(self, trader: Trader, cash: int) -> None:
        """The free money at the bookmaker was read, micros of USD: quotes follow where there was none before."""
        before, trader.hedge_cash = trader.hedge_cash, cash
        if not before and cash:
            self.look_at_all(trader)

    def relist(self, lane: Lane, instrument: Instrument, *, is_open: bool) -> None:
        """An exchange lists a contract, perhaps otherwise than before."""
        for slot in lane.relist(instrument, is_open=is_open):
            if (market := self._by_slot.get(slot)) is not None:
                self.look_at(market)

    def cancel_by_hand(self, lane: Lane, slot: Slot, order: Order, held_until_ms: int) -> None:
        """An owner's own cancel: the place is not quoted before that time. A request that is under way is waited for:
        the slot cancels by itself when its answer is there."""
        slot.held_until_ms, slot.wanted = held_until_ms, None
        if order.pending is Pending.NOTHING and order.is_live:
            lane.send(slot, Command(Act.CANCEL, order))
            self.on_order(lane, order)

    # --- what the lanes report ---------------------------------------------------------------------------------

    def on_order(self, lane: Lane, order: Order) -> None:
        """An order changed: its row follows."""
        for watcher in self._watchers:
            watcher.set()
        owner = self._owners.get(order.order_id)
        if owner is None:
            slot = lane.slot_of(order)
            market = self._by_slot.get(slot) if slot else None
            if market is None or slot is None:
                return
            owner = self._owners[order.order_id] = self._owner(market, lane, slot)
        self._journal.changed(order, owner)

    def on_free(self, lane: Lane, slot: Slot | None) -> None:
        """Something that was under way has ended: the slot, or the whole lane, can move on."""
        if slot is not None:
            market = self._by_slot.get(slot)
            if market is not None:
                self.look_at(market)
                self._book_moved(slot)
            return
        for market in {id(m): m for s in lane.slots.values() if (m := self._by_slot.get(s))}.values():
            self.look_at(market)

    def on_market(self, lane: Lane, change: MarketChange) -> None:
        """The exchange changed a market."""
        for slot in [s for (ref, _), s in lane.slots.items() if ref == change.instrument_ref]:
            slot.is_open = change.is_open
            if (market := self._by_slot.get(slot)) is not None:
                self.look_at(market)
                if change.resolution is not None:
                    self._resolved(market)

    def on_link(self, lane: Lane, order: Order) -> None:
        """The exchange's name of an order became known: fills that came before it belong to it now."""
        for fill in self._ledger.link(lane.account_id, order):
            order.fill(fill.price, fill.size, fill.fee, self._clock.now_ms())

    def on_fill(self, lane: Lane, fill: Fill) -> None:
        """A fill, from wherever: new, repeated, or changed in its finality."""
        lane.saw_fill(fill.at_ms)
        known = self._ledger.known(lane.account_id, fill)
        if known is not None:
            if fill.state is not known:
                self._fill_state(lane, fill)
            return
        slot = lane.slots.get((fill.instrument_ref, fill.side.value))
        market = self._by_slot.get(slot) if slot else None
        if market is None or slot is None:
            if fill.instrument_ref not in lane.elsewhere:
                self._ledger.keep_stray(lane, fill)
            return
        order = lane.find(fill.venue_ref, fill.client_ref)
        stake = stake_of(fill.side, fill.price, fill.size)
        key = (lane.account_id, fill.trade_ref, fill.venue_ref)
        matched = Matched(key, slot.outcome_id, fill.side, fill.size, stake)
        if fill.state is FillState.REVERSED:  # its end is the first that is heard of it: there is nothing to hedge
            self._ledger.add_reversed(_fill_row(lane, market, matched, fill, order))
            return
        market.exposure.add_fill(matched)
        lane.cash -= stake + fill.fee
        slot.match(stake)
        if order is not None:
            self._plan_odds(lane, order)
        row = _fill_row(lane, market, matched, fill, order)
        offers, _ = self._prices.offers(market.key, market.client.bookmaker)
        self._hedger.filled(market, row, offers)
        if order is not None:
            order.fill(fill.price, fill.size, fill.fee, self._clock.now_ms())
            self.on_order(lane, order)
        else:
            spawn(self._find_owner(lane, slot, fill), "owner of a fill")
        self._report(market.client)
        self.look_at(market)
        self._book_moved(slot)

    async def _find_owner(self, lane: Lane, slot: Slot, fill: Fill) -> None:
        """A fill came whose order nobody here sent: usually the order's own answer is on its way; after a crash the
        exchange is asked what order it was."""
        await self._clock.sleep(UNKNOWN_ORDER_AFTER_S)
        if self._ledger.is_unlinked(lane.account_id, fill.venue_ref):
            await lane.adopt_filled(slot, fill)

    def _plan_odds(self, lane: Lane, order: Order) -> None:
        """Remembers the odds that a filled quote was priced from: drift is measured against them, leg by leg."""
        slot = lane.slot_of(order)
        market = self._by_slot.get(slot) if slot else None
        if market is not None:
            market.planned.update(order.hedge_legs)

    def _fill_state(self, lane: Lane, fill: Fill) -> None:
        slot = lane.slots.get((fill.instrument_ref, fill.side.value))
        market = self._by_slot.get(slot) if slot else None
        if not self._ledger.change_state(lane.account_id, fill):
            return
        if fill.state is FillState.REVERSED and market is not None and slot is not None:
            _log.warning("fill reversed by the exchange", exchange=lane.slug, trade=fill.trade_ref)
            self._take_back(lane, market, slot, fill)
        if market is not None:
            self.look_at(market)

    def _take_back(self, lane: Lane, market: TradedMarket, slot: Slot, fill: Fill) -> None:
        """Undoes what a fill did: to the exposure, to the account's money, to its order."""
        key = (lane.account_id, fill.trade_ref, fill.venue_ref)
        matched = market.exposure.reverse_fill(key)
        if matched is None:
            return
        lane.cash += matched.stake + fill.fee
        slot.match(-matched.stake)
        order = lane.find(fill.venue_ref, fill.client_ref)
        if order is not None:
            order.take_back(fill.price, fill.size, fill.fee)
            self.on_order(lane, order)
        self._report(market.client)

    def _hedged(self, market: TradedMarket) -> None:
        """A hedge was answered."""
        self._report(market.client)
        self.look_at(market)

    def _report(self, trader: Trader) -> None:
        naked = sum(market.exposure.unhedged_stake for market in trader.markets.values())
        UNHEDGED_STAKE.labels(trader.name).set(naked / MICRO)

    # --- orders on request -------------------------------------------------------------------------------------

    @contextmanager
    def watching_orders(self) -> Iterator[asyncio.Event]:
        """An event that is set whenever an order changes."""
        watcher = asyncio.Event()
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def live_quotes(self) -> dict[str, int]:
        """Orders that rest now, by exchange."""
        counts: dict[str, int] = {}
        for trader in self.traders.values():
            for lane in trader.lanes:
                placed = sum(order.status is OrderStatus.PLACED for order in lane.live_orders())
                counts[lane.slug] = counts.get(lane.slug, 0) + placed
        for slug, count in counts.items():
            QUOTES_LIVE.labels(slug).set(count)
        return counts


def _take_out(index: dict[Any, list[Any]], key: object, item: object) -> None:
    index[key].remove(item)
    if not index[key]:
        del index[key]


def _fill_row(lane: Lane, market: TradedMarket, matched: Matched, fill: Fill, order: Order | None) -> FillRow:
    """The ledger's line of a fill as it stands in the exposure now."""
    return FillRow(
        lane.account_id,
        fill.trade_ref,
        fill.venue_ref,
        order.order_id if order else None,
        market.client.name,
        lane.slug,
        market.key.fixture_id,
        market.key.market_id,
        matched.outcome_id,
        market.key.player_id,
        fill.side,
        fill.price,
        fill.size,
        matched.stake,
        fill.fee,
        matched.unhedged,
        fill.state,
        fill.is_maker,
        fill.at_ms,
    )


def _added(slot: Slot) -> int:
    """The money that the wanted quote puts at risk beyond what rests."""
    wanted = slot.wanted
    return stake_of(slot.side, wanted.price, wanted.size) - slot.open_stake if wanted is not None else 0


def _fits(slot: Slot, command: Command) -> bool:
    """Whether what is sent stays within every cap, whatever else still rests or leaves."""
    order = command.order
    remaining = command.size - (order.filled if order is not None else 0)
    return slot.fits(stake_of(slot.side, command.price, remaining) - (order.open_stake if order is not None else 0))


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
    """What a paused slot should hold: its order as it rests, unless the odds have made it too generous."""
    order = slot.order
    if order is None or wanted is None:
        return None
    improvement = wanted.price - order.price if slot.side is Side.BUY else order.price - wanted.price
    return None if improvement < 0 else Wanted(order.price, Micros(order.remaining), Micros(order.remaining))
