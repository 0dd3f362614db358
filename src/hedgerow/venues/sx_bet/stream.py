"""The conversation over the venue's stream, without I/O: Centrifugo's JSON protocol, one connection for everything.

Followed are the account's orders and fills, all markets, and the books of watched markets. A frame holds one or more
messages, one to a line; an empty object is the server's ping and is answered by the same. Who comes back names the
last epoch and offset of a channel and is told what was missed; that is handed on, and the gap is announced all the
same: the venue keeps five minutes only, and what is asked again is merely known already.

Sources: the SX sheet, section 5; docs.sx.bet (channels, limits); Centrifugo's description of its client protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import structlog

from hedgerow.core.clock import Clock
from hedgerow.venues.base import EventSink, StreamGap
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.sx_bet import wire
from hedgerow.venues.sx_bet.errors import VENUE
from hedgerow.venues.sx_bet.listing import change_of
from hedgerow.venues.sx_bet.parse import Best, best_of, fill_of, order_state

PATH = "/connection/websocket"
MARKETS = "markets:global"
_BOOKS = "orderbook_v3:"
_MOST_BOOKS = 500  # of 512 channels that a connection may have

_ALREADY_SUBSCRIBED = 105
_CONNECT_ID = 1

_log = structlog.get_logger(__name__)

Send = Callable[[str | bytes], None]
RefOf = Callable[[str], str | None]
"""Our reference of an order id, where it is known."""


class Session:
    """The account's stream as a conversation."""

    def __init__(
        self,
        address: str,
        sink: EventSink,
        clock: Clock,
        ref_of: RefOf,
        log_in: Callable[[], None],
        drop: Callable[[], None],
    ) -> None:
        """address: of the wallet, checksummed. log_in: has `connect` called with a fresh token; drop: ends the socket,
        so that the conversation starts anew."""
        self._sink, self._clock, self._ref_of = sink, clock, ref_of
        self._log_in, self._drop = log_in, drop
        self._orders, self._fills = (f"account:{kind}_v3_#{address}" for kind in ("orders", "fills"))
        self._needed = (self._orders, self._fills, MARKETS)
        self._watched: dict[str, None] = {}
        self._places: dict[str, tuple[str, int]] = {}  # epoch and offset of a channel
        self._is_gap_announced = False
        self._send: Send | None = None
        self._forget_socket()

    # --- what the connector asks -------------------------------------------------------------------------------

    @property
    def is_up(self) -> bool:
        """Whether all that is needed is followed."""
        return self._live.issuperset(self._needed)

    def watch(self, hashes: Iterable[str]) -> None:
        """Follows these markets' books and changes, in place of those followed before."""
        wanted = list(dict.fromkeys(hashes))
        if len(wanted) > _MOST_BOOKS:
            _log.warning("more markets than a connection can follow", venue=VENUE, watched=len(wanted))
        before, self._watched = self._watched, dict.fromkeys(wanted)
        for market_hash in [one for one in before if one not in self._watched]:
            self._leave(_BOOKS + market_hash)
            self._books.pop(market_hash, None)
        if self._is_connected:
            for market_hash in wanted[:_MOST_BOOKS]:
                self._join(_BOOKS + market_hash)

    def best(self, market_hash: str) -> Best | None:
        """The best prices of a book that is followed; None for one that is not, or not told yet."""
        known = self._books.get(market_hash)
        return None if known is None else known[1]

    def learn(self, book: wire.Book) -> None:
        """Takes in a book, unless a later one is known. Raises UnreadableError."""
        known = self._books.get(book.market_hash)
        if _BOOKS + book.market_hash in self._live and (known is None or known[0] < book.version):
            self._books[book.market_hash] = book.version, best_of(book)

    def announce_down(self, reason: str) -> None:
        """Says once that events may be missed."""
        if not self._is_gap_announced:
            self._is_gap_announced = True
            self._sink(StreamGap(reason, is_down=True))

    # --- the socket --------------------------------------------------------------------------------------------

    def opened(self, send: Send) -> None:
        self._send = send
        self._log_in()

    def connect(self, token: str) -> None:
        """The first command. Nothing is sent where the socket has gone meanwhile."""
        self._say({"connect": {"token": token, "name": "hedgerow"}, "id": _CONNECT_ID})

    def closed(self, code: int, reason: str) -> bool:
        self._forget_socket()
        self.announce_down(f"stream closed with {code} {reason}".strip())
        return True

    def received(self, payload: memoryview, is_text: bool) -> None:
        for line in bytes(payload).split(b"\n"):
            if line.strip() == b"{}":
                self._say({})
            elif line.strip():
                self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            self._heard(read(wire.Reply, line))
        except UnreadableError as error:
            _log.error("stream message unreadable", venue=VENUE, error=str(error))
            self._announce_hole("a message of the stream could not be read")

    def _heard(self, reply: wire.Reply) -> None:
        if reply.error is not None:
            self._failed(reply.id, reply.error)
        elif reply.connect is not None:
            self._is_connected = True
            for channel in (*self._needed, *(_BOOKS + one for one in list(self._watched)[:_MOST_BOOKS])):
                self._join(channel)
        elif reply.subscribe is not None:
            self._joined(self._asked.pop(reply.id, ""), reply.subscribe)
        elif reply.push is not None:
            self._pushed(reply.push)

    # --- subscriptions -----------------------------------------------------------------------------------------

    def _join(self, channel: str) -> None:
        if channel in self._live or channel in self._asked.values():
            return
        command: dict[str, Any] = {"channel": channel, "positioned": True, "recoverable": True}
        if channel in self._places:
            epoch, offset = self._places[channel]
            command |= {"recover": True, "epoch": epoch, "offset": offset}
        self._last_id += 1
        self._asked[self._last_id] = channel
        self._say({"subscribe": command, "id": self._last_id})

    def _leave(self, channel: str) -> None:
        self._places.pop(channel, None)
        if channel in self._live:
            self._live.discard(channel)
            self._last_id += 1
            self._say({"unsubscribe": {"channel": channel}, "id": self._last_id})

    def _joined(self, channel: str, told: wire.Subscribed) -> None:
        self._live.add(channel)
        for missed in told.publications:
            self._publication(channel, missed)
        self._places[channel] = told.epoch, told.offset
        if self.is_up and self._is_gap_announced:
            self._is_gap_announced = False
            self._sink(StreamGap("the stream is followed again", is_down=False))

    def _failed(self, number: int, error: wire.StreamError) -> None:
        channel = self._asked.pop(number, None)
        if channel is not None and error.code == _ALREADY_SUBSCRIBED:
            self._live.add(channel)
            return
        _log.warning("stream error", venue=VENUE, channel=channel, code=error.code, text=error.message[:200])
        if channel is None or channel in self._needed:  # of the login as well: a token ends in time
            self.announce_down(f"stream error {error.code} {error.message[:80]}".strip())
            self._drop()

    # --- publications ------------------------------------------------------------------------------------------

    def _pushed(self, push: wire.Push) -> None:
        if push.unsubscribe is not None:
            self._ended(push.channel)
        elif push.pub is not None and push.channel in self._live:
            epoch, last = self._places.get(push.channel, ("", 0))
            self._places[push.channel] = epoch, push.pub.offset
            self._publication(push.channel, push.pub)
            if push.pub.offset > last + 1 and push.channel in self._needed:
                self._announce_hole(f"{push.channel.partition('#')[0]} skipped from {last} to {push.pub.offset}")

    def _ended(self, channel: str) -> None:
        """The venue ended a subscription: one that is needed is got back by starting anew."""
        self._live.discard(channel)
        self._books.pop(channel.removeprefix(_BOOKS), None)
        if channel in self._needed:
            self.announce_down("the venue ended a subscription")
            self._drop()

    def _publication(self, channel: str, publication: wire.Publication) -> None:
        """Raises UnreadableError."""
        raw = publication.data
        for one in read(list[msgspec.Raw], raw) if bytes(raw)[:1] == b"[" else [raw]:
            if channel == self._orders:
                row = _unwrapped(wire.OrderRow, one, "order")
                self._sink(order_state(row, self._ref_of(row.id), self._clock.now_ms()))
            elif channel == self._fills:
                fill = _unwrapped(wire.FillRow, one, "fill")
                self._sink(fill_of(fill, self._ref_of(fill.order_id)))
            elif channel == MARKETS:
                self._market(one)
            elif channel.startswith(_BOOKS):
                self.learn(read(wire.Book, one))

    def _market(self, raw: msgspec.Raw) -> None:
        """Most markets are others': only those that are watched have to be readable."""
        if read(_Hash, raw).market_hash in self._watched:
            self._sink(change_of(read(wire.Market, raw)))

    def _announce_hole(self, reason: str) -> None:
        """Something was missed while the stream goes on: what it may have said is asked for again."""
        if self.is_up:
            self._sink(StreamGap(reason, is_down=True))
            self._sink(StreamGap(reason, is_down=False))

    def _say(self, command: dict[str, Any]) -> None:
        if self._send is not None:
            self._send(msgspec.json.encode(command).decode())

    def _forget_socket(self) -> None:
        self._send = None
        self._is_connected = False
        self._live: set[str] = set()
        self._asked: dict[int, str] = {}
        self._books: dict[str, tuple[str, Best]] = {}
        self._last_id = _CONNECT_ID


class _Hash(wire.Message, frozen=True):
    market_hash: str


def _unwrapped(kind: type[Any], raw: msgspec.Raw, member: str) -> Any:
    """A row, which the venue may wrap into an object with one member. Raises UnreadableError."""
    members = read(dict[str, msgspec.Raw], raw)
    return read(kind, members[member] if len(members) == 1 and member in members else raw)
