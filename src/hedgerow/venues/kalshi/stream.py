"""The account's stream: our fills, our orders, and the life of the markets that are watched.

`Session` is the conversation, without sockets; `AccountStream` gives it one. The venue's user channels bring no
snapshot, so every interruption is announced as a StreamGap and what rests and what was filled is asked again over
REST.

Not followed: `orderbook_delta`. An account's own orders need no book: a post-only order that would trade is refused by
the venue. Who wants everybody's has `books`.
Sources: docs.kalshi.com websockets/websocket-connection, user-fills, user-orders, market-and-event-lifecycle.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import msgspec
import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.tasks import Backoff
from hedgerow.net.egress import Egress
from hedgerow.net.stream import Stream, Target
from hedgerow.venues.base import EventSink, StreamGap
from hedgerow.venues.kalshi import parse, wire
from hedgerow.venues.kalshi.errors import VENUE
from hedgerow.venues.kalshi.lifecycle import WatchedMarkets
from hedgerow.venues.kalshi.parse import MalformedError

_log = structlog.get_logger(__name__)

FILLS, ORDERS, MARKETS = "fill", "user_orders", "market_lifecycle_v2"
CHANNELS = (FILLS, ORDERS, MARKETS)

# Without these two the account is blind; without the third, only markets' changes are missed.
_NEEDED = frozenset({FILLS, ORDERS})

_ALREADY_SUBSCRIBED = 6
# "Channel error", "internal error", "buffer overflow": the subscription is over, and is asked for again.
_ENDS_SUBSCRIPTION = frozenset({10, 17, 25})

# After so many subscriptions lost on one socket a fresh socket is the better try; it comes with growing pauses.
_MOST_RESUBSCRIPTIONS = 5

_UNREADABLE = (*UNREADABLE, MalformedError)

_frames = msgspec.json.Decoder(wire.Frame)
_subscribed = msgspec.json.Decoder(wire.Subscribed)
_errors = msgspec.json.Decoder(wire.StreamError)
_fills = msgspec.json.Decoder(wire.Fill)
_orders = msgspec.json.Decoder(wire.Order)
_lifecycles = msgspec.json.Decoder(wire.Lifecycle)


class Session:
    """One account's conversation with the stream, over any number of sockets one after the other."""

    def __init__(self, sink: EventSink, clock: Clock, drop: Callable[[], None]) -> None:
        """drop: gives the present socket up, so that a new one is made."""
        self._sink, self._clock, self._drop = sink, clock, drop
        self._send: Callable[[str | bytes], None] | None = None
        self._markets = WatchedMarkets()
        self._is_gap_announced = False
        self._forget_socket()

    @property
    def is_up(self) -> bool:
        """Whether fills and orders are followed now."""
        return self._live >= _NEEDED

    def watch(self, tickers: Iterable[str]) -> None:
        """The markets whose changes are handed on, in place of those before."""
        self._markets.watch(tickers)

    def announce_down(self, reason: str) -> None:
        """Says, once, that events may be missed from now on."""
        if not self._is_gap_announced:
            self._is_gap_announced = True
            self._sink(StreamGap(reason, is_down=True))

    # --- Conversation -----------------------------------------------------------------------------------------

    def opened(self, send: Callable[[str | bytes], None]) -> None:
        self._forget_socket()
        self._send = send
        for channel in CHANNELS:
            self._subscribe(channel)

    def received(self, payload: memoryview, is_text: bool) -> None:
        try:
            frame = _frames.decode(payload)
        except _UNREADABLE as error:
            self._unreadable("message", error)
            return
        self._note_sequence(frame)
        try:
            self._handle(frame)
        except _UNREADABLE as error:
            self._unreadable(frame.type, error)

    def closed(self, code: int, reason: str) -> bool:
        self._forget_socket()
        self.announce_down(f"closed with code {code}")
        return True

    # --- messages ---------------------------------------------------------------------------------------------

    def _handle(self, frame: wire.Frame) -> None:
        match frame.type:
            case "fill":
                self._sink(parse.fill(_fills.decode(frame.msg)))
            case "user_order":
                self._sink(parse.order_state(_orders.decode(frame.msg), self._clock.now_ms()))
            case "market_lifecycle_v2":
                change = self._markets.change(_lifecycles.decode(frame.msg), self._clock.now_ms())
                if change is not None:
                    self._sink(change)
            case "subscribed":
                self._confirmed(_subscribed.decode(frame.msg))
            case "error":
                self._failed(frame, _errors.decode(frame.msg))
            case "unsubscribed":
                self._lost(self._channel_of(frame), "unsubscribed by the venue")
            case _:
                pass  # events of the lifecycle channel that are not about one market, replies without content

    def _confirmed(self, reply: wire.Subscribed) -> None:
        self._channels[reply.sid] = reply.channel
        self._became_live(reply.channel)

    def _became_live(self, channel: str) -> None:
        self._live.add(channel)
        if self.is_up and self._is_gap_announced:
            self._is_gap_announced = False
            self._sink(StreamGap("fills and orders are followed again", is_down=False))

    def _failed(self, frame: wire.Frame, error: wire.StreamError) -> None:
        channel = self._channel_of(frame)
        if error.code == _ALREADY_SUBSCRIBED and channel is not None:
            self._became_live(channel)
            return
        _log.warning("stream error", venue=VENUE, channel=channel, code=error.code, text=error.msg)
        if error.code in _ENDS_SUBSCRIPTION:
            self._lost(channel, f"stream error {error.code}")
        elif channel in _NEEDED:
            self._give_up(f"the subscription to {channel} was refused with code {error.code}")

    def _lost(self, channel: str | None, reason: str) -> None:
        """A subscription is over: it is asked for again; all of them where the venue does not say which one (a live
        one answers "already subscribed")."""
        lost = (channel,) if channel is not None else CHANNELS
        self._live -= set(lost)
        if not self.is_up:
            self.announce_down(reason)
        self._resubscriptions += 1
        if self._resubscriptions > _MOST_RESUBSCRIPTIONS:
            self._give_up(reason)
            return
        for name in lost:
            self._subscribe(name)

    def _give_up(self, reason: str) -> None:
        self._live.clear()
        self.announce_down(reason)
        self._drop()

    # --- subscriptions and sequence ---------------------------------------------------------------------------

    def _subscribe(self, channel: str) -> None:
        for sid, name in list(self._channels.items()):
            if name == channel:
                del self._channels[sid]
        self._last_id += 1
        self._asked[self._last_id] = channel
        if self._send is not None:
            command = wire.Subscribe(self._last_id, wire.SubscribeParams([channel]))
            self._send(msgspec.json.encode(command).decode())

    def _channel_of(self, frame: wire.Frame) -> str | None:
        if frame.sid is not None and frame.sid in self._channels:
            return self._channels[frame.sid]
        return self._asked.get(frame.id) if frame.id is not None else None

    def _note_sequence(self, frame: wire.Frame) -> None:
        """`seq` counts per subscription; a step over a number is a message that was lost."""
        if frame.sid is None or frame.seq is None:
            return
        last = self._sequences.get(frame.sid)
        self._sequences[frame.sid] = frame.seq
        channel = self._channels.get(frame.sid)
        if last is not None and frame.seq != last + 1 and channel is not None:
            self._announce_hole(f"{channel} skipped from {last} to {frame.seq}")

    def _unreadable(self, kind: str, error: Exception) -> None:
        """What a lost message of the account said is asked for again; one about markets is only logged, since most of
        those are about markets of others."""
        _log.error("stream message unreadable", venue=VENUE, kind=kind, error=str(error))
        if kind != MARKETS:
            self._announce_hole("a message of the stream could not be read")

    def _announce_hole(self, reason: str) -> None:
        """Something was missed while the stream goes on: what it may have said is asked for again."""
        if self.is_up:
            self._sink(StreamGap(reason, is_down=True))
            self._sink(StreamGap(reason, is_down=False))

    def _forget_socket(self) -> None:
        self._send = None
        self._live: set[str] = set()
        self._asked: dict[int, str] = {}
        self._channels: dict[int, str] = {}
        self._sequences: dict[int, int] = {}
        self._last_id = 0
        self._resubscriptions = 0


class AccountStream:
    """The socket around a session: signed anew for each attempt, given up when it is not confirmed in time."""

    CONFIRMED_WITHIN_S = 10.0

    def __init__(
        self,
        account: str,
        target: Callable[[], Target],
        sink: EventSink,
        clock: Clock,
        egress: Egress,
        backoff: Backoff | None = None,
    ) -> None:
        self._up = asyncio.Event()
        self._deadline: asyncio.TimerHandle | None = None
        self.session = Session(sink, clock, self._reconnect)
        self._stream = Stream(f"{VENUE} {account}", target, self, backoff=backoff, egress=egress)

    async def start(self) -> None:
        """Returns when fills and orders are followed, or announces after a while that they are not yet."""
        self._stream.start()
        try:
            async with asyncio.timeout(self.CONFIRMED_WITHIN_S):
                await self._up.wait()
        except TimeoutError:
            self.session.announce_down("the stream could not be opened yet")

    async def stop(self) -> None:
        self._cancel_deadline()
        await self._stream.stop()
        self._show()

    def opened(self, send: Callable[[str | bytes], None]) -> None:
        self.session.opened(send)
        self._deadline = asyncio.get_running_loop().call_later(self.CONFIRMED_WITHIN_S, self._overdue)

    def received(self, payload: memoryview, is_text: bool) -> None:
        self.session.received(payload, is_text)
        self._show()

    def closed(self, code: int, reason: str) -> bool:
        self._cancel_deadline()
        comes_back = self.session.closed(code, reason)
        self._show()
        return comes_back

    def _overdue(self) -> None:
        if not self.session.is_up:
            _log.warning("stream not confirmed", venue=VENUE)
            self._reconnect()

    def _reconnect(self) -> None:
        self._stream.reconnect()

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _show(self) -> None:
        if self.session.is_up is self._up.is_set():
            return
        if self.session.is_up:
            self._up.set()
        else:
            self._up.clear()
