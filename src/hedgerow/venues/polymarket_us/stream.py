"""The conversations over the venue's two sockets, without I/O: the account's orders, and the states of markets.

Nothing is numbered and nothing is sent again, so every break of the account's socket is a gap; it ends when the
snapshot that begins a subscription is whole. A market's book comes whole each time, its state with it: a break costs
nothing there. Sources: docs.polymarket.us WebSocket pages; polymarket-us 2.4.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
import structlog

from hedgerow.venues.base import EventSink, StreamGap
from hedgerow.venues.polymarket_us import wire
from hedgerow.venues.polymarket_us.auth import VENUE
from hedgerow.venues.reading import UnreadableError, read

PRIVATE, MARKETS = "/private", "/markets"
"""Below the base of the sockets' URL."""

_ORDERS, _BOOKS = "SUBSCRIPTION_TYPE_ORDER", "SUBSCRIPTION_TYPE_MARKET_DATA"
_MOST_MARKETS = 100

_log = structlog.get_logger(__name__)

Send = Callable[[str | bytes], None]


class AccountSession:
    """One account's orders."""

    def __init__(
        self,
        sink: EventSink,
        executed: Callable[[wire.Execution], None],
        ready: Callable[[], None],
        reconnect: Callable[[], None],
    ) -> None:
        """executed: called with everything that happens to an order; it may raise UnreadableError. ready: called when
        the orders are followed."""
        self._sink, self._executed, self._ready, self._reconnect = sink, executed, ready, reconnect
        self._is_gap_announced = False
        self.is_followed = False

    def announce_gap(self, reason: str) -> None:
        """Says once that events may be missed."""
        if not self._is_gap_announced:
            self._is_gap_announced = True
            self._sink(StreamGap(reason, is_down=True))

    def opened(self, send: Send) -> None:
        _subscribe(send, wire.Subscription("orders", _ORDERS))

    def closed(self, code: int, reason: str) -> bool:
        self.is_followed = False
        self.announce_gap(f"closed with {code} {reason}".strip())
        return True

    def received(self, payload: memoryview, is_text: bool) -> None:
        try:
            self._handle(read(wire.Frame, payload))
        except UnreadableError as error:
            _log.error("unreadable frame", venue=VENUE, error=str(error))
            self._sink(StreamGap("a message could not be read", is_down=True))
            self._sink(StreamGap("what it may have told is to be asked for", is_down=False))

    def _handle(self, frame: wire.Frame) -> None:
        if frame.order_subscription_update is not None:
            self._executed(frame.order_subscription_update.execution)
        elif frame.order_subscription_snapshot is not None:
            if frame.order_subscription_snapshot.eof:
                self._is_whole()
        elif frame.error:
            _log.warning("subscription refused", venue=VENUE, error=frame.error[:200])
            self.announce_gap("the account's orders are not told")
            self._reconnect()

    def _is_whole(self) -> None:
        self.is_followed = True
        self._ready()
        if self._is_gap_announced:
            self._is_gap_announced = False
            self._sink(StreamGap("the orders are followed again", is_down=False))


class MarketSession:
    """The states of the markets that are watched."""

    def __init__(self, told: Callable[[str, str], None]) -> None:
        """told: called with a market's slug and a state that it was not in before."""
        self._told = told
        self._slugs: tuple[str, ...] = ()
        self._states: dict[str, str] = {}
        self._send: Send | None = None
        self._asked: list[str] = []  # names of the present subscriptions
        self._names = 0

    def watch(self, slugs: Iterable[str]) -> None:
        """Follows these markets, and no others."""
        wanted = tuple(dict.fromkeys(slugs))
        if wanted == self._slugs:
            return
        self._slugs = wanted
        self._states = {slug: state for slug, state in self._states.items() if slug in wanted}
        self._subscribe()

    def opened(self, send: Send) -> None:
        self._send, self._asked = send, []
        self._subscribe()

    def closed(self, code: int, reason: str) -> bool:
        self._send = None
        return True

    def _subscribe(self) -> None:
        """In place of what was subscribed to before."""
        if self._send is None:
            return
        for name in self._asked:
            self._send(msgspec.json.encode(wire.Unsubscribe(wire.Subscribed(name))).decode())
        self._asked = []
        for start in range(0, len(self._slugs), _MOST_MARKETS):
            self._names += 1
            self._asked.append(f"books-{self._names}")
            slugs = list(self._slugs[start : start + _MOST_MARKETS])
            _subscribe(self._send, wire.Subscription(self._asked[-1], _BOOKS, slugs, responses_debounced=True))

    def received(self, payload: memoryview, is_text: bool) -> None:
        try:
            frame = read(wire.Frame, payload)
        except UnreadableError as error:
            _log.warning("unreadable frame", venue=VENUE, error=str(error))
            return
        if frame.error:
            _log.warning("markets are not told", venue=VENUE, error=frame.error[:200])
        market = frame.market_data
        if market is None or market.market_slug not in self._slugs:
            return
        if self._states.get(market.market_slug) != market.state:
            self._states[market.market_slug] = market.state
            self._told(market.market_slug, market.state)


def _subscribe(send: Send, subscription: wire.Subscription) -> None:
    send(msgspec.json.encode(wire.Subscribe(subscription)).decode())
