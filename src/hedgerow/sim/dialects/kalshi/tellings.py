"""What the venue tells one client, as frames of the client's subscriptions.

Every subscription (`sid`) counts its own frames (`seq`) over all its markets. Sources: Kalshi's AsyncAPI document
(August 2026), recorded frames. Where the document shows no `seq` recorded frames had one, so all frames of a
subscription have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from hedgerow.core.money import MICRO
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.kalshi.amounts import count_text, price_text, time_text
from hedgerow.sim.dialects.kalshi.groups import Group
from hedgerow.sim.dialects.kalshi.ledger import Fill, Position
from hedgerow.sim.dialects.kalshi.listings import Change, Event, Listings, Market
from hedgerow.sim.dialects.kalshi.orders import client_id_of
from hedgerow.sim.dialects.kalshi.shapes.markets import (
    event_lifecycle_shape,
    levels,
    lifecycle_shape,
    stream_trade_shape,
    ticker_shape,
)
from hedgerow.sim.dialects.kalshi.shapes.orders import stream_fill_shape, user_order_shape
from hedgerow.sim.dialects.kalshi.shapes.portfolio import stream_position_shape
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.order_events import LevelEvent, TradeEvent
from hedgerow.sim.orders import Order

Json = dict[str, Any]

BOOK, TICKER, LIFECYCLE = "orderbook_delta", "ticker", "market_lifecycle_v2"


class Truth(Protocol):
    """What a session reads of the venue."""

    @property
    def clock(self) -> WorldClock: ...

    @property
    def exchange(self) -> Exchange: ...

    @property
    def listings(self) -> Listings: ...

    def open_interest(self, market: Market) -> int:
        """In micros of contracts."""
        ...


@dataclass(slots=True)
class Subscription:
    """One channel of a session. `tickers`: None for all markets."""

    sid: int
    channel: str
    tickers: list[str] | None
    uses_yes_price: bool = False
    skips_ack: bool = False
    seq: int = 0

    def covers(self, ticker: str) -> bool:
        return self.tickers is None or ticker in self.tickers


class Tellings:
    """The subscriptions of one client of an account. `push` takes a frame and never waits."""

    def __init__(self, account: str, truth: Truth, push: Callable[[Json], None]) -> None:
        self.subscriptions: dict[int, Subscription] = {}
        self._account, self._truth, self._push = account, truth, push

    def books(self, subscription: Subscription, tickers: Iterable[str]) -> None:
        """Whole books of some markets."""
        for ticker in tickers:
            market = self._truth.listings.markets[ticker]
            yes, no = levels(self._truth.exchange.book(market.contract), uses_yes_price=subscription.uses_yes_price)
            sides = {"yes_dollars_fp": yes, "no_dollars_fp": no}
            message = {"market_ticker": ticker, "market_id": market.market_id}
            self._send(subscription, "orderbook_snapshot", message | {k: v for k, v in sides.items() if v})

    def first_tickers(self, subscription: Subscription, tickers: Iterable[str]) -> None:
        for ticker in tickers:
            self._send(subscription, "ticker", self._ticker(self._truth.listings.markets[ticker]))

    def level(self, market: Market, event: LevelEvent) -> None:
        """A book level changed; the owner of the order behind it sees its own id."""
        for sub in self._listening(BOOK, market.ticker):
            as_yes = event.is_bid or sub.uses_yes_price
            now_ms = self._truth.clock.now_ms()
            message = {
                "market_ticker": market.ticker,
                "market_id": market.market_id,
                "price_dollars": price_text(event.price if as_yes else MICRO - event.price),
                "delta_fp": count_text(event.difference),
                "side": "yes" if event.is_bid else "no",
                "ts": time_text(now_ms),
                "ts_ms": now_ms,
            }
            if event.cause.account == self._account and client_id_of(event.cause):
                message |= {"client_order_id": client_id_of(event.cause), "subaccount": 0}
            self._send(sub, "orderbook_delta", message)

    def trade(self, trade: TradeEvent, at_ms: int) -> None:
        self._to_all("trade", trade.contract.ref, "trade", lambda: stream_trade_shape(trade, at_ms))

    def ticker(self, market: Market) -> None:
        self._to_all(TICKER, market.ticker, "ticker", lambda: self._ticker(market))

    def lifecycle(self, change: Change, market: Market) -> None:
        now_ms = self._truth.clock.now_ms()
        self._to_all(LIFECYCLE, market.ticker, LIFECYCLE, lambda: lifecycle_shape(change, market, now_ms))

    def event(self, event: Event) -> None:
        self._to_all(LIFECYCLE, "", "event_lifecycle", lambda: event_lifecycle_shape(event))

    def order(self, order: Order) -> None:
        self._to_all("user_orders", order.contract.ref, "user_order", lambda: user_order_shape(order))

    def fill(self, fill: Fill, *, twice: bool) -> None:
        for _ in range(2 if twice else 1):
            self._to_all("fill", fill.order.contract.ref, "fill", lambda: stream_fill_shape(fill))

    def position(self, position: Position) -> None:
        shape = stream_position_shape(self._account, position)
        self._to_all("market_positions", position.ticker, "market_position", lambda: shape)

    def group(self, what: str, group: Group) -> None:
        message: Json = {"event_type": what, "order_group_id": group.id, "ts_ms": self._truth.clock.now_ms()}
        if what in ("created", "limit_updated"):
            message["contracts_limit_fp"] = count_text(group.limit)
        self._to_all("order_group_updates", "", "order_group_updates", lambda: message)

    def _ticker(self, market: Market) -> Json:
        truth = self._truth
        book, interest = truth.exchange.book(market.contract), truth.open_interest(market)
        return ticker_shape(market, book, interest, truth.clock.now_ms())

    def _listening(self, channel: str, ticker: str) -> list[Subscription]:
        return [s for s in self.subscriptions.values() if s.channel == channel and s.covers(ticker)]

    def _to_all(self, channel: str, ticker: str, kind: str, message: Callable[[], Json]) -> None:
        """The message is only made for those who listen."""
        for subscription in self._listening(channel, ticker):
            self._send(subscription, kind, message())

    def _send(self, subscription: Subscription, kind: str, message: Json) -> None:
        subscription.seq += 1
        self._push({"type": kind, "sid": subscription.sid, "seq": subscription.seq, "msg": message})
