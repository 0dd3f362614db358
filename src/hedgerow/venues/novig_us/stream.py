"""The conversation over the venue's socket, without I/O: the account's orders and fills, and markets' lives.

Nothing is numbered and nothing is said again after a break, so every break is a gap. What the private channel says is
documented thinly: a word of it that is not known is a gap too, so that what it may have meant is asked for. Sources:
docs.novig.com "Market lifecycle channel"; the Novig sheet, "Socket /tape".
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import structlog

from hedgerow.core.clock import Clock
from hedgerow.venues.base import EventSink, StreamGap
from hedgerow.venues.novig_us import wire
from hedgerow.venues.novig_us.account import Trader
from hedgerow.venues.novig_us.errors import VENUE
from hedgerow.venues.novig_us.following import Following
from hedgerow.venues.novig_us.parse import epoch_ms, fill_of, order_state
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.sent import SentOrders

PRIVATE, LIFECYCLE = "private", "lifecycle"

_ORDERS = frozenset({"place", "cancel"})
_FILL, _ERROR = "fill", "error"
_ACKNOWLEDGED = frozenset({"subscribe", "subscribed", "subscription", "unsubscribed"})
_LIVENESS = frozenset({"EVENT_GOLIVE", "EVENT_UNLIVE"})
_CLOSE, _LIFE = "CLOSE", frozenset({"OPEN", "CLOSE", "START", "END"})

_log = structlog.get_logger(__name__)

Send = Callable[[str | bytes], None]


class Session:
    """One account's conversation."""

    def __init__(
        self,
        trader: Trader,
        clock: Clock,
        sent: SentOrders,
        sink: EventSink,
        following: Following,
        *,
        ready: Callable[[], None],
        reconnect: Callable[[], None],
    ) -> None:
        """ready: called when the account is followed. reconnect: asks for another socket."""
        self._trader, self._clock, self._sent, self._sink = trader, clock, sent, sink
        self._following, self._ready, self._reconnect = following, ready, reconnect
        self._is_gap_announced = False
        self.is_followed = False
        """Whether the account's events come: the socket has answered, and with no error."""

    # --- the socket ----------------------------------------------------------------------------------------------

    def opened(self, send: Send) -> None:
        for channel in (PRIVATE, LIFECYCLE):
            send(msgspec.json.encode({"event": "subscribe", "data": channel}).decode())

    def closed(self, code: int, reason: str) -> bool:
        self.is_followed = False
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
        if frame.event == _ERROR:
            self._refused(frame)
            return
        if not self.is_followed:
            self._follow()
        if frame.event in _ORDERS:
            self._ordered(read(wire.Order, frame.data))
        elif frame.event == _FILL:
            self._filled(read(wire.Fill, frame.data))
        elif frame.event and frame.event not in _ACKNOWLEDGED:
            self._missed(f"the account was told {frame.event[:40]!r}, which is not known")
        elif frame.market is not None and self._following.is_watched(frame.market.id):
            self._lived(frame.type, frame.market.id)

    def _refused(self, frame: wire.Frame) -> None:
        _log.error("the socket refused", venue=VENUE, error=bytes(frame.data)[:200].decode("utf-8", "replace"))
        if not self.is_followed:
            self.announce_gap("the account's channel was refused")
            self._reconnect()

    def _follow(self) -> None:
        self.is_followed = True
        self._ready()
        if self._is_gap_announced:
            self._is_gap_announced = False
            self._sink(StreamGap("the account is followed again", is_down=False))

    def _ordered(self, row: wire.Order) -> None:
        """By its flags an order may be one whose answer is still on the way."""
        terms = self._trader.known(row.outcome_id)
        if terms is None:
            self._missed("an order of a market that is not known has changed")
            return
        known = self._sent.get(row.flags)
        if known is not None and self._sent.get(row.id) is None:
            self._sent.add(row.id, known.quote, known.sent_ms)
        state = order_state(row, terms, self._sent.ref_of(row.id), self._clock.now_ms())
        self._sink(self._sent.told(state))

    def _filled(self, row: wire.Fill) -> None:
        self._following.order(row.order_id)
        if row.is_wash:
            return
        if row.is_taker:
            self._following.taken(row.id, epoch_ms(row.created_at))
            return
        terms = self._trader.known(row.outcome_id)
        if terms is None:
            self._missed("an order of a market that is not known was filled")
            return
        self._sink(fill_of(row, terms, self._sent.ref_of(row.order_id)))

    def _lived(self, kind: str, market_id: str) -> None:
        """Of a watched market. Going live, leaving it and closing cancel what rests, the last without a word."""
        if kind in _LIVENESS or kind == _CLOSE:
            self._missed(f"{kind} of market {market_id}: what rested there was cancelled")
        if kind in _LIFE:
            self._following.market(market_id)

    def _missed(self, reason: str) -> None:
        """Something was not told: what it may have been is asked for."""
        self._sink(StreamGap(reason, is_down=False))
