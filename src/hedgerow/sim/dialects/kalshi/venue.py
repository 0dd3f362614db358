"""The simulated Kalshi as one thing: the engine, what is listed on it, the accounts' books, and who listens.

The world and the engine tell it what happens; it keeps the books and passes it on to the open sessions.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from hedgerow.core.money import MICRO
from hedgerow.sim.dialects.kalshi.desk import Desk
from hedgerow.sim.dialects.kalshi.engine import KalshiExchange
from hedgerow.sim.dialects.kalshi.groups import Group, Groups
from hedgerow.sim.dialects.kalshi.keys import Keyring
from hedgerow.sim.dialects.kalshi.ledger import Ledger, Position
from hedgerow.sim.dialects.kalshi.limits import Limits
from hedgerow.sim.dialects.kalshi.listings import Change, Listings, Market
from hedgerow.sim.dialects.kalshi.orders import meta_of
from hedgerow.sim.dialects.kalshi.session import Session
from hedgerow.sim.dialects.kalshi.terms import Terms
from hedgerow.sim.order_events import ContractEvent, Event, EventKind, LevelEvent, OrderEvent, TradeEvent
from hedgerow.sim.orders import Contract, Order
from hedgerow.sim.world import Emptied, FixtureChanged, World, WorldEvent

SLUG = "kalshi"

_TRADES_KEPT = 10_000

# Why an order last changed. Documented are Decrease, PostOnlyCrossCancel, CloseCancel and OrderExpiryCancel; the
# others are the engine's reasons on FIX, written alike.
_REASONS = {
    "cancelled by the member": "Decrease",
    "nothing left": "Decrease",
    "expired": "OrderExpiryCancel",
    "market closed": "CloseCancel",
    "market resolved": "CloseCancel",
    "market reactivated": "CloseCancel",
    "self trade": "SelfTradePreventionCancel",
    "order group": "OrderGroupCancel",
    "not matched": "ImmediateOrCancelled",
    "pause": "ExchangePauseCancel",
}


@dataclass(frozen=True, slots=True)
class Traded:
    """A public trade with its time."""

    event: TradeEvent
    at_ms: int


class Venue:
    """All state of the dialect."""

    def __init__(self, world: World, terms: Terms) -> None:
        self.world, self.terms, self.clock = world, terms, world.clock
        fair = self._fair_value
        self.exchange = KalshiExchange(SLUG, world.clock, nets_pairs=True, fee=terms.fee, void_pays=fair)
        world.add_exchange(self.exchange)
        self.listings = Listings(world, self.exchange, terms)
        self.ledger = Ledger(self.exchange)
        self.groups = Groups(self.exchange, world.clock)
        self.desk = Desk(self.exchange, world.clock, self.listings, self.ledger, self.groups, terms.cancel_all_lag_s)
        self.limits = Limits(world.clock, terms.tier)
        self.keyring = Keyring(terms.timestamp_window_ms)
        self.trades: deque[Traded] = deque(maxlen=_TRADES_KEPT)
        self.sessions: list[Session] = []
        self.listings.on_change(self._on_listing)
        self.groups.on_change(self._on_group)
        self.exchange.on_event(self._on_exchange)
        world.on_event(self._on_world)
        for fixture in list(world.fixtures.values()):
            self.listings.follow(fixture)

    def open_interest(self, market: Market) -> int:
        """Contracts that are outstanding: all long YES positions, the counterparty's included."""
        nets = [self.ledger.position(account, market.ticker).net for account in self.exchange.accounts]
        return sum(net for net in [*nets, -sum(nets)] if net > 0)

    def worth(self, position: Position) -> int:
        """The present value of an open position: at the last price, or at cost before the first trade."""
        market = self.listings.markets[position.ticker]
        if not market.last_price:
            return position.cost
        price = market.last_price if position.net > 0 else MICRO - market.last_price
        return abs(position.net) * price // MICRO

    def _fair_value(self, contract: Contract) -> int:
        return self.listings.markets[contract.ref].fair_value

    # --- what happens ----------------------------------------------------------------------------------------

    def _on_world(self, event: WorldEvent) -> None:
        match event:
            case FixtureChanged(fixture):
                self.listings.follow(fixture)
            case Emptied():
                self.listings.clear()
                self.ledger.clear()
                self.groups.clear()
                self.trades.clear()

    def _on_exchange(self, event: Event) -> None:
        match event:
            case OrderEvent(order=order) if order.account in self.exchange.accounts:
                self._on_order(event)
            case LevelEvent(contract=contract):
                self._on_level(event, self.listings.markets.get(contract.ref))
            case TradeEvent():
                self._on_trade(event)
            case ContractEvent(contract=contract) if contract.result is not None:
                self.listings.note_result(contract)
                for account in self.ledger.note_result(contract, self.clock.now_ms()):
                    self._tell_position(account, contract.ref)

    def _on_order(self, event: OrderEvent) -> None:
        order = event.order
        if event.kind is EventKind.SETTLED:
            return
        meta = meta_of(order)
        meta.updated_ms = self.clock.now_ms()
        if event.kind is EventKind.CANCELLED:
            meta.reason = _REASONS.get(order.reason, "")
        elif event.kind is EventKind.CHANGED:
            meta.reason = "Decrease" if order.size < meta.initial else ""
        if event.match is not None:
            self._on_fill(order, event)
        for session in self._sessions_of(order.account):
            session.tell.order(order)

    def _on_fill(self, order: Order, event: OrderEvent) -> None:
        if event.match is None:
            return
        fill = self.ledger.note_fill(order, event.match)
        for session in self._sessions_of(order.account):
            session.tell.fill(fill, twice=self.exchange.faults.behaviour.duplicateFills)
        self._tell_position(order.account, order.contract.ref)
        self.groups.note_fill(order, fill.match.size)

    def _on_level(self, event: LevelEvent, market: Market | None) -> None:
        if market is None:
            return
        for session in self.sessions:
            session.tell.level(market, event)
        self._tell_ticker(market)

    def _on_trade(self, event: TradeEvent) -> None:
        traded = Traded(event, self.clock.now_ms())
        self.trades.append(traded)
        self.listings.note_trade(event)
        for session in self.sessions:
            session.tell.trade(event, traded.at_ms)
        market = self.listings.markets.get(event.contract.ref)
        if market is not None:
            self._tell_ticker(market)

    def _on_listing(self, change: Change, market: Market) -> None:
        is_first = change is Change.CREATED and market is market.event.markets[0]
        for session in self.sessions:
            if is_first:
                session.tell.event(market.event)
            session.tell.lifecycle(change, market)

    def _on_group(self, what: str, group: Group) -> None:
        for session in self._sessions_of(group.account):
            session.tell.group(what, group)

    def _tell_ticker(self, market: Market) -> None:
        for session in self.sessions:
            session.tell.ticker(market)

    def _tell_position(self, account: str, ticker: str) -> None:
        for session in self._sessions_of(account):
            session.tell.position(self.ledger.position(account, ticker))

    def _sessions_of(self, account: str) -> list[Session]:
        return [session for session in self.sessions if session.account == account]
