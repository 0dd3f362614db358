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
from hedgerow.core.money import MICRO
from hedgerow.core.observe import QUOTES_LIVE, UNHEDGED_STAKE
from hedgerow.core.states import FillState, OrderStatus
from hedgerow.core.tasks import spawn
from hedgerow.mm.crossing import MEETS_OWN, OwnBooks
from hedgerow.mm.exposure import Matched
from hedgerow.mm.hedger import Hedger
from hedgerow.mm.hedging import Books, Offer, Offers, less_commission
from hedgerow.mm.journal import Journal, Owner, QuoteReason
from hedgerow.mm.lane import Lane
from hedgerow.mm.ledger import FillLedger, fill_row
from hedgerow.mm.market import Place, TradedMarket, Trader
from hedgerow.mm.orders import Act, Command, Order, Pending, Slot, stake_of
from hedgerow.mm.quoter import Terms, derivation
from hedgerow.mm.sizing import CapName
from hedgerow.mm.wanting import derived, is_done_with, want
from hedgerow.venues.base import Fill, Instrument, MarketChange

_log = structlog.get_logger(__name__)


MOST_OWNERS = 100_000
"""Orders whose owners are remembered, the latest: of an older one that still changes it is found by its place."""
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
        self._by_key: dict[MarketKey, list[TradedMarket]] = {}
        self._by_slot: dict[Slot, TradedMarket] = {}
        self._by_fixture: dict[FixtureId, list[TradedMarket]] = {}
        self._books = OwnBooks()
        self._resolved: Callable[[TradedMarket], None] = lambda _: None
        self._filled: Callable[[TradedMarket], None] = lambda _: None
        self._owners: dict[int, Owner] = {}
        self._watchers: set[asyncio.Event] = set()
        self._at_risk: set[Trader] = set()  # of which something was filled or hedged since it was measured
        self._is_halted = False
        self.is_real = True
        """Whether what is open here is shown by the metrics as money at risk."""
        hedger.on_settled(self._hedged)

    def halt(self) -> None:
        """Quotes are left as they are from now on: they are another process's."""
        self._is_halted = True

    # --- what is traded ----------------------------------------------------------------------------------------

    def add_market(self, market: TradedMarket) -> None:
        """Starts to follow a market; it is quoted at its places as soon as there are odds."""
        trader = market.client
        trader.markets[market.key] = market
        self._by_key.setdefault(market.key, []).append(market)
        self._by_fixture.setdefault(market.key.fixture_id, []).append(market)

    def add_place(self, market: TradedMarket, lane: Lane, slot: Slot) -> None:
        """Adds a place where the market is to be quoted. Nothing is sent before it is looked at: sizes depend on how
        many places there are."""
        slot.stakes = market.client.stakes_of(market, lane, slot.outcome_id, slot.side)
        kept = lane.add_slot(slot)
        if kept not in self._by_slot:
            self._by_slot[kept] = market
            self._books.add(kept)
            market.add_place(lane, kept)
        for fill in self._ledger.take_strays(lane, kept.instrument.ref, kept.side.value):
            self.on_fill(lane, fill)

    def on_resolved(self, listener: Callable[[TradedMarket], None]) -> None:
        """The listener is called when an exchange says how a contract of a market was decided."""
        self._resolved = listener

    def on_filled(self, listener: Callable[[TradedMarket], None]) -> None:
        """The listener is called when something of a market was filled, after its hedges have left."""
        self._filled = listener

    def market_of(self, slot: Slot) -> TradedMarket | None:
        return self._by_slot.get(slot)

    def of_fixture(self, fixture_id: FixtureId) -> list[TradedMarket]:
        """Every client's markets of a fixture."""
        return self._by_fixture.get(fixture_id, [])

    def drop_market(self, market: TradedMarket) -> None:
        """Stops to follow a market that is over and settled."""
        market.client.forget_stakes(market)
        market.client.markets.pop(market.key, None)
        _take_out(self._by_key, market.key, market)
        _take_out(self._by_fixture, market.key.fixture_id, market)
        for place in market.places:
            self._by_slot.pop(place.slot, None)
            self._books.drop(place.slot, market)
            place.lane.slots.pop((place.slot.instrument.ref, place.slot.side.value), None)

    def offers(self, market: TradedMarket, bookmaker: VenueSlug) -> dict[OutcomeId, Offer]:
        """What a bookmaker offers now on the outcomes of a market."""
        return self._prices.offers(market.key, bookmaker)[0]

    # --- looking -----------------------------------------------------------------------------------------------

    def odds_changed(self, bookmaker: VenueSlug, keys: Iterable[MarketKey]) -> None:
        """A tick: the hot path."""
        for key in keys:
            for market in self._concerned(bookmaker, key):
                self.look_at(market)

    def _concerned(self, bookmaker: VenueSlug, key: MarketKey) -> list[TradedMarket]:
        """The markets whose quotes follow a bookmaker's odds, or that have something open which it may hedge."""
        return [
            market
            for market in self._by_key.get(key, ())
            if bookmaker == market.client.bookmaker
            or (bookmaker in market.client.policy.fallbacks and not market.exposure.is_flat)
        ]

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
        if not market.undecided_hedges or is_done_with(market, why_not):
            left = less_commission(offers, trader.commission)
            found = want(market, left, why_not, self._clock.now_ms(), self._minimum_stake)
            self._act(market, found, why_not)
        if not market.exposure.is_flat:
            self._hedger.look_at(market, self._all_offers(market, offers))

    def rehearse(self, market: TradedMarket, place: Place | None) -> None:
        """Works out a place's quote and makes an order of it, as `look_at` does; without a place, the hedge of a fill
        and its bets. Both are dropped."""
        trader = market.client
        offers, _ = self._prices.offers(market.key, trader.bookmaker)
        if place is None:
            self._hedger.rehearse(market, self._all_offers(market, offers))
            return
        quote = derived(market, place, less_commission(offers, trader.commission), self._minimum_stake)
        if quote is not None and (wanted := quote.wanted) is not None:
            place.lane.rehearse(place.slot, wanted.price, wanted.size)

    def _all_offers(self, market: TradedMarket, offers: Offers) -> Books:
        """What all bookmakers of the client offer. offers: the first one's."""
        books = {market.client.bookmaker: offers}
        for bookmaker in market.client.policy.fallbacks:
            books[bookmaker] = self.offers(market, bookmaker)
        return books

    def _book_moved(self, slot: Slot) -> None:
        """Something of ours has moved in a book: who waits for it may have its turn."""
        for market in self._books.take_waiting(slot):
            self.look_at(market)

    def _act(self, market: TradedMarket, found: Mapping[Slot, Terms], why_not: str | None) -> None:
        """Sends what the slots ask for: all cancels of the market first, an account's together, then amendments and new
        orders. Rows follow when everything has left. why_not: of outcomes without an offer."""
        later: list[tuple[Place, Command]] = []
        leaving: dict[Lane, list[tuple[Slot, Order]]] = {}
        trader = market.client
        for place in market.places:
            if not place.slot.is_listed and not is_done_with(market, why_not):
                continue
            amends = place.lane.exchange.manifest.amends
            while (command := place.slot.next_command(amends=amends, hysteresis=self._hysteresis)) is not None:
                if command.act is not Act.CANCEL or command.order is None:
                    later.append((place, command))
                    break
                if place.unquoted is not None:
                    command.order.reason = place.unquoted
                place.slot.begin(command, command.order)
                leaving.setdefault(place.lane, []).append((place.slot, command.order))
        for lane, orders in leaving.items():
            lane.cancel(orders)
        market.is_held_back = False
        for place, command in later:
            if place.lane.is_ready and trader.state.posts:  # the lane, and the operator, say when that has changed
                self._try(market, place, command, found[place.slot])
        for lane, orders in leaving.items():
            for _, order in orders:
                self.on_order(lane, order)

    def _try(self, market: TradedMarket, place: Place, command: Command, quote: Terms) -> None:
        """Sends an amendment or a new order, where there is room for it."""
        if (cap := _bound_by(place.slot, command)) is not None:
            market.is_held_back = True
            place.unquoted = cap
        elif self._books.would_meet(place.slot, command.price):
            market.is_held_back = True
            place.unquoted = MEETS_OWN
            self._books.wait(place.slot, market)
        else:
            self._send(market, place, command, quote)

    def _send(self, market: TradedMarket, place: Place, command: Command, quote: Terms) -> None:
        order = place.lane.send(place.slot, command)
        dearest = min((offer for _, offer in quote.legs), key=lambda offer: offer.odds)
        order.hedge_legs = tuple((outcome_id, offer.odds) for outcome_id, offer in quote.legs)
        order.hedge_odds, order.hedge_limit = dearest.odds, dearest.limit
        if command.act is Act.PLACE:
            self._remember(order, self._owner(market, place.lane, place.slot))
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

    def _remember(self, order: Order, owner: Owner) -> Owner:
        self._owners[order.order_id] = owner
        while len(self._owners) > MOST_OWNERS:
            del self._owners[next(iter(self._owners))]
        return owner

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
            partial(derivation, market.client.bookmaker, quote, order.instrument, order.filled, now_ms),
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
            if len(self.offers(market, market.client.bookmaker)) != market.offered:
                self.look_at(market)

    # --- what is told from outside -----------------------------------------------------------------------------

    def set_cash(self, lane: Lane, cash: int) -> None:
        """An exchange account's money was read, micros of USD: quotes follow where there was none before."""
        before, lane.cash = lane.cash, cash
        if not before and cash:
            self.on_free(lane, None)

    def set_hedge_cash(self, trader: Trader, account_id: int, free: int) -> None:
        """The free money of a hedge account was read, micros of USD: quotes and hedges follow where there was none
        before."""
        if self._hedger.desks.set_free(trader, account_id, free):
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
            owner = self._remember(order, self._owner(market, lane, slot))
        self._journal.changed(order, owner)

    def on_free(self, lane: Lane, slot: Slot | None) -> None:
        """Something that was under way has ended: the slot, or the whole lane, can move on."""
        if slot is not None:
            market = self._by_slot.get(slot)
            if market is not None:
                if not self._is_as_wanted(market, lane, slot):
                    self.look_at(market)
                self._book_moved(slot)
            return
        for market in {id(m): m for s in lane.slots.values() if (m := self._by_slot.get(s))}.values():
            self.look_at(market)

    def _is_as_wanted(self, market: TradedMarket, lane: Lane, slot: Slot) -> bool:
        """Whether nothing can come of another look, now that a request for a slot has ended.

        What a market should quote follows from odds, settings, fills and money, whose changes are looked at as they
        come, and from other orders' stakes. Where orders are not amended the end of a request only sets stakes free;
        that changes a size only where a cap on them bound one, or kept something from being sent.
        """
        if lane.exchange.manifest.amends or market.is_held_back or not market.exposure.is_flat:
            return False
        if not market.client.state.posts or any(place.is_bound for place in market.places):
            return False
        return slot.next_command(amends=False, hysteresis=self._hysteresis) is None

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
            if fill.state is FillState.REVERSED:
                order.taken_back += fill.size
            else:
                order.fill(fill.price, fill.size, fill.fee, self._clock.now_ms())

    def provisional_since_ms(self, lane: Lane) -> int | None:
        """When the oldest known fill was traded that the exchange may still take back."""
        return self._ledger.provisional_since_ms(lane.account_id)

    async def stored_order(
        self, lane: Lane, instrument: Instrument, venue_ref: str, order_id: int | None
    ) -> Order | None:
        """An order that the lane does not know (any more), as its row and its fills have it; None where there is no
        row. Raises StorageError."""
        return await self._ledger.stored_order(lane.account_id, instrument, venue_ref, order_id)

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
        stake = stake_of(fill.side, fill.price, fill.size, slot.instrument.grid)
        key = (lane.account_id, fill.trade_ref, fill.venue_ref)
        matched = Matched(key, slot.outcome_id, fill.side, fill.size, stake)
        if fill.state is FillState.REVERSED:  # its end is the first that is heard of it: there is nothing to hedge
            self._ledger.add_reversed(fill_row(lane, market, matched, fill, order))
            if order is not None:
                order.taken_back += fill.size
            return
        market.exposure.add_fill(matched)
        lane.cash -= stake + fill.fee
        slot.match(stake)
        if order is not None:
            self._plan_odds(lane, order)
        row = fill_row(lane, market, matched, fill, order)
        self._hedger.filled(market, row, self._all_offers(market, self.offers(market, market.client.bookmaker)))
        if order is not None:
            order.fill(fill.price, fill.size, fill.fee, self._clock.now_ms())
            self.on_order(lane, order)
        else:
            spawn(self._find_owner(lane, slot, fill), "owner of a fill")
        self._at_risk.add(market.client)
        self.look_at(market)
        self._book_moved(slot)
        self._filled(market)

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
        if fill.state is FillState.REVERSED:
            _log.warning("fill reversed by the exchange", exchange=lane.slug, trade=fill.trade_ref)
            order = lane.find(fill.venue_ref, fill.client_ref)
            if order is not None:
                order.take_back(fill.price, fill.size, fill.fee)
                self.on_order(lane, order)
            if market is not None and slot is not None:
                self._take_back(lane, market, slot, fill)
        if market is not None:
            self.look_at(market)

    def _take_back(self, lane: Lane, market: TradedMarket, slot: Slot, fill: Fill) -> None:
        """Undoes what a fill did to the exposure and to the account's money."""
        key = (lane.account_id, fill.trade_ref, fill.venue_ref)
        matched = market.exposure.reverse_fill(key)
        if matched is None:
            return
        lane.cash += matched.stake + fill.fee
        slot.match(-matched.stake)
        self._at_risk.add(market.client)

    def _hedged(self, market: TradedMarket) -> None:
        """A hedge was answered, or called off."""
        self._at_risk.add(market.client)
        self.look_at(market)

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

    def measure(self) -> None:
        """Brings what the metrics show up to date. Not at every change: it goes through all orders, and through all
        markets of a client of which something was filled or hedged."""
        counts: dict[str, int] = {}
        for lane in (lane for trader in self.traders.values() for lane in trader.lanes):
            placed = sum(order.status is OrderStatus.PLACED for order in lane.live_orders())
            counts[lane.slug] = counts.get(lane.slug, 0) + placed
        for slug, count in counts.items() if self.is_real else ():
            QUOTES_LIVE.set(self, count, slug)
        traders, self._at_risk = self._at_risk, set()
        for trader in traders if self.is_real else ():
            naked = sum(market.exposure.unhedged_stake for market in trader.markets.values())
            UNHEDGED_STAKE.set(self, naked / MICRO, trader.name)

    def leave(self) -> None:
        """Nothing of it counts any more in what the process tells of itself."""
        QUOTES_LIVE.leave(self)
        UNHEDGED_STAKE.leave(self)


def _take_out(index: dict[Any, list[Any]], key: object, item: object) -> None:
    index[key].remove(item)
    if not index[key]:
        del index[key]


def _bound_by(slot: Slot, command: Command) -> CapName | None:
    """The cap that does not let it be sent, whatever else still rests or leaves; None: it may be."""
    order = command.order
    remaining = command.size - (order.filled if order is not None else 0)
    stake = stake_of(slot.side, command.price, remaining, slot.instrument.grid)
    return slot.bound_by(stake - (order.open_stake if order is not None else 0))
