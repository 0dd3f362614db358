"""The conversation over the venue's WebSocket, without I/O: the wallet's events and the watched markets' states.

The heartbeat is the venue's: a number that has to be echoed. Nothing is numbered and nothing is sent again after a
break, so every break is a gap. Sources: dev.predict.fun (WebSocket reference); the topics of a market's states as users
of the API have them. The form of the notice before a maintenance is not published: its word is a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
import structlog

from hedgerow.core.states import OrderStatus
from hedgerow.venues.base import EventSink, StreamGap
from hedgerow.venues.predict_fun import wire
from hedgerow.venues.predict_fun.auth import VENUE
from hedgerow.venues.predict_fun.parse import event_fill, event_state
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.sent import SentOrders

WALLET, STATUS, TRADING = "predictWalletEvents", "predictMarketStatus", "predictTradingStatus"

_WRONG_TOKEN = "invalid_credentials"  # noqa: S105 - the venue's code for one
_NOTICE = "reconnect"
_FAILED = "orderTransactionFailed"

_log = structlog.get_logger(__name__)

Send = Callable[[str | bytes], None]


class Session:
    """One account's conversation. `renew` and `reconnect` are asked for a new token and a new socket."""

    def __init__(
        self,
        token: Callable[[], str],
        sent: SentOrders,
        sink: EventSink,
        ready: Callable[[], None],
        *,
        renew: Callable[[], None],
        reconnect: Callable[[], None],
        looked: Callable[[str], None],
    ) -> None:
        """ready: called when the wallet is followed. looked: called with a market whose state has changed."""
        self._token, self._sent, self._sink, self._ready = token, sent, sink, ready
        self._renew, self._reconnect, self._looked = renew, reconnect, looked
        self._markets: frozenset[str] = frozenset()
        self._tokens: dict[tuple[str, int], str] = {}  # by market and index set
        self._send: Send | None = None
        self._last_id = 0
        self._wallet_id = 0
        self._is_gap_announced = False

    @property
    def is_followed(self) -> bool:
        """Whether the wallet's events come."""
        return self._send is not None and not self._wallet_id

    def watch(self, tokens: Mapping[tuple[str, int], str]) -> None:
        """Follows the markets of these tokens, and no others. tokens: by market and index set."""
        markets = frozenset(market for market, _ in tokens)
        self._tokens = dict(tokens)
        for market in self._markets - markets:
            self._ask_of("unsubscribe", market)
        for market in markets - self._markets:
            self._ask_of("subscribe", market)
        self._markets = markets

    # --- the socket ----------------------------------------------------------------------------------------------

    def opened(self, send: Send) -> None:
        self._send = send
        self.subscribe_wallet()
        for market in self._markets:
            self._ask_of("subscribe", market)

    def subscribe_wallet(self) -> None:
        """Follows the wallet by the present token."""
        self._wallet_id = self._ask("subscribe", f"{WALLET}/{self._token()}")

    def closed(self, code: int, reason: str) -> bool:
        self._send, self._wallet_id = None, 0
        self.announce_gap(f"closed with {code} {reason}".strip())
        return True

    def announce_gap(self, reason: str) -> None:
        """Says once that events may be missed."""
        if not self._is_gap_announced:
            self._is_gap_announced = True
            self._sink(StreamGap(reason, is_down=True))

    def received(self, payload: memoryview, is_text: bool) -> None:
        try:
            self._handle(read(wire.Frame, payload))
        except UnreadableError as error:
            _log.error("unreadable frame", venue=VENUE, error=str(error))
            self._missed("a message could not be read")

    # --- messages ------------------------------------------------------------------------------------------------

    def _handle(self, frame: wire.Frame) -> None:
        kind, _, name = frame.topic.partition("/")
        if _NOTICE in (frame.type, frame.topic):
            self._reconnect()
        elif frame.type == "R":
            self._answered(frame)
        elif kind == "heartbeat":
            self._say({"method": "heartbeat", "data": frame.data})
        elif kind == WALLET:
            self._happened(read(wire.WalletEvent, frame.data))
        elif kind in (STATUS, TRADING) and name in self._markets:
            self._looked(name)

    def _answered(self, frame: wire.Frame) -> None:
        if frame.success:
            if frame.request_id == self._wallet_id:
                self._wallet_id = 0
                self._ready()
                self._end_gap()
            return
        error = frame.error or wire.StreamError()
        _log.warning("subscription refused", venue=VENUE, code=error.code)  # the text may repeat the token
        if frame.request_id == self._wallet_id:
            self.announce_gap(f"the wallet's events were refused: {error.code}")
            if error.code == _WRONG_TOKEN:
                self._renew()
            else:
                self._reconnect()

    def _happened(self, event: wire.WalletEvent) -> None:
        order_hash = event.order_hash.lower()
        known = self._sent.get(order_hash)
        place = str(event.details.market_id), event.details.outcome_index
        token = known.quote.instrument.ref if known is not None else self._tokens.get(place)
        if token is None:
            self._missed("an order of a market that is not watched has changed")
            return
        client_ref = self._sent.ref_of(order_hash)
        fill = event_fill(event, token, client_ref)
        if fill is not None:
            self._sink(fill)
        state = event_state(event, token, client_ref)
        if state is not None:
            known_now = self._sent.told(state)
            self._sink(known_now)
            if state.status is OrderStatus.FAILED and known_now.status.is_open:
                self._missed("an order that rested is told as not accepted")
        if event.type == _FAILED:
            self._missed("a settlement failed, and its order may be invalid")

    def _missed(self, reason: str) -> None:
        """Something was not told: what it may have been is asked for."""
        self._sink(StreamGap(reason, is_down=False))

    def _end_gap(self) -> None:
        if self._is_gap_announced:
            self._is_gap_announced = False
            self._sink(StreamGap("the wallet is followed again", is_down=False))

    # --- saying --------------------------------------------------------------------------------------------------

    def _ask_of(self, method: str, market: str) -> None:
        for kind in (STATUS, TRADING):
            self._ask(method, f"{kind}/{market}")

    def _ask(self, method: str, topic: str) -> int:
        """Its number. The venue takes one topic at a time."""
        self._last_id += 1
        self._say({"method": method, "requestId": self._last_id, "params": [topic]})
        return self._last_id

    def _say(self, message: object) -> None:
        if self._send is not None:
            self._send(msgspec.json.encode(message).decode())
