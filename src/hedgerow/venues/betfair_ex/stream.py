"""The account's stream: our bets as they change, and the markets that are watched.

`Session` is the conversation, without sockets; `AccountStream` gives it one. After an interruption both subscriptions
are resumed by their clocks, and begun anew where the venue does not know those any more; it is announced as a StreamGap
all the same, since what rests and what was matched is asked again over REST then.
Source: the venue's sheet, Stream (schema 1.0.1423).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.tasks import Backoff, spawn, stop
from hedgerow.net.egress import Egress
from hedgerow.net.lines import LineStream
from hedgerow.venues.base import EventSink, StreamGap
from hedgerow.venues.betfair_ex import parse, wire
from hedgerow.venues.betfair_ex.books import Books
from hedgerow.venues.betfair_ex.errors import SESSION_OVER, VENUE
from hedgerow.venues.betfair_ex.parse import MalformedError

_log = structlog.get_logger(__name__)

HEARTBEAT_MS = 5_000
SILENT_MS = 3 * HEARTBEAT_MS
"""A socket is given up after so much silence. Two heartbeats are the advice; the third is for a slow network."""

MARKETS, ORDERS = "marketSubscription", "orderSubscription"
_FIELDS = ["EX_ALL_OFFERS", "EX_MARKET_DEF"]
_STALE = 503

_UNREADABLE = (*UNREADABLE, MalformedError)

_ops = msgspec.json.Decoder(wire.Op)
_statuses = msgspec.json.Decoder(wire.Status)
_changes = msgspec.json.Decoder(wire.Changes)


class Session:
    """One account's conversation with the stream, over any number of sockets one after the other."""

    def __init__(
        self,
        sink: EventSink,
        signed: Callable[[], tuple[str, str]],
        matched: Callable[[str, str], None],
        drop: Callable[[], None],
        expired: Callable[[], None],
    ) -> None:
        """signed: (application key, session token) of now. matched: called with (market id, bet id) for a bet of which
        something is matched. drop: gives the present socket up. expired: the token is not accepted any more."""
        self._sink, self._signed, self._matched, self._drop, self._expired = sink, signed, matched, drop, expired
        self.books = Books()
        self._send: Callable[[str | bytes], None] | None = None
        self._clocks: dict[str, tuple[str, str]] = {}  # (initialClk, clk) by subscription
        self._is_gap_announced = False
        self._forget_socket()

    @property
    def is_up(self) -> bool:
        """Whether our bets are followed now."""
        return self._is_live

    def watch(self, refs: Iterable[str]) -> None:
        """The selections whose markets are followed, in place of those before."""
        before = self.books.market_ids
        self.books.watch(refs)
        if self.books.market_ids != before:
            self._clocks.pop(MARKETS, None)
            if self._is_signed_in:
                self._subscribe_markets()

    def announce_down(self, reason: str) -> None:
        """Says, once, that events may be missed from now on."""
        if not self._is_gap_announced:
            self._is_gap_announced = True
            self._sink(StreamGap(reason, is_down=True))

    # --- Conversation -------------------------------------------------------------------------------------------

    def opened(self, send: Callable[[str | bytes], None]) -> None:
        self._forget_socket()
        self._send = send
        app_key, token = self._signed()
        self._say("authentication", {"appKey": app_key, "session": token})

    def received(self, payload: memoryview, is_text: bool) -> None:
        try:
            op = _ops.decode(payload)
            match op.op:
                case "status":
                    self._status(_statuses.decode(payload))
                case "ocm":
                    self._orders(_changes.decode(payload))
                case "mcm":
                    self._markets(_changes.decode(payload))
                case _:
                    pass  # the greeting, and what later versions bring
        except _UNREADABLE as error:
            _log.error("stream message unreadable", venue=VENUE, error=str(error))
            self._announce_hole("a message of the stream could not be read")

    def closed(self, code: int, reason: str) -> bool:
        self._forget_socket()
        self.books.forget()
        self.announce_down(reason or "the connection ended")
        return True

    # --- messages -----------------------------------------------------------------------------------------------

    def _status(self, status: wire.Status) -> None:
        asked = self._asked.pop(status.id or 0, None)
        if status.status_code == "SUCCESS":
            if asked == "authentication":
                self._is_signed_in = True
                self._subscribe(ORDERS, {"orderFilter": {"includeOverallPosition": True}})
                if self.books.market_ids:
                    self._subscribe_markets()
            return
        code = status.error_code or ""
        _log.warning("stream error", venue=VENUE, about=asked, code=code, text=status.error_message)
        if code in SESSION_OVER:
            self._expired()
        if code == "INVALID_CLOCK" and asked in (MARKETS, ORDERS):
            del self._clocks[asked]
            if asked == MARKETS:
                self._subscribe_markets()
            else:
                self._subscribe(ORDERS, {"orderFilter": {"includeOverallPosition": True}})
        elif asked != MARKETS or status.connection_closed:
            self.announce_down(f"stream error {code}")
            self._drop()

    def _orders(self, message: wire.Changes) -> None:
        self._note_clock(ORDERS, message)
        for change in message.oc or ():
            for runner in change.orc or ():
                for order in runner.uo or ():
                    self._sink(parse.streamed(change.id, runner.id, order).state)
                    if order.sm > 0:
                        self._matched(change.id, order.id)
        if message.status == _STALE:
            self.announce_down("the venue's data is stale")
        elif message.ct in ("SUB_IMAGE", "RESUB_DELTA") or self._is_live:
            self._became_live()

    def _markets(self, message: wire.Changes) -> None:
        self._note_clock(MARKETS, message)
        if message.status == _STALE:
            self.books.forget()
        for change in message.mc or ():
            for event in self.books.take(change):
                self._sink(event)

    def _became_live(self) -> None:
        self._is_live = True
        if self._is_gap_announced:
            self._is_gap_announced = False
            self._sink(StreamGap("bets are followed again", is_down=False))

    def _announce_hole(self, reason: str) -> None:
        """Something was missed while the stream goes on: what it may have said is asked for again."""
        self.books.forget()
        if self.is_up:
            self._sink(StreamGap(reason, is_down=True))
            self._sink(StreamGap(reason, is_down=False))

    # --- subscriptions ------------------------------------------------------------------------------------------

    def _subscribe_markets(self) -> None:
        wanted = {"marketFilter": {"marketIds": self.books.market_ids}, "marketDataFilter": {"fields": _FIELDS}}
        self._subscribe(MARKETS, wanted)

    def _subscribe(self, kind: str, wanted: dict[str, Any]) -> None:
        clocks = self._clocks.get(kind)
        if clocks is not None:
            wanted |= {"initialClk": clocks[0], "clk": clocks[1]}
        self._say(kind, {**wanted, "heartbeatMs": HEARTBEAT_MS, "conflateMs": 0})

    def _note_clock(self, kind: str, message: wire.Changes) -> None:
        initial, clk = self._clocks.get(kind, ("", ""))
        initial, clk = message.initial_clk or initial, message.clk or clk
        if initial and clk:
            self._clocks[kind] = initial, clk

    def _say(self, op: str, message: dict[str, Any]) -> None:
        self._last_id += 1
        self._asked[self._last_id] = op
        if self._send is not None:
            self._send(msgspec.json.encode({"op": op, "id": self._last_id, **message}))

    def _forget_socket(self) -> None:
        self._send = None
        self._asked: dict[int, str] = {}
        self._last_id = 0
        self._is_signed_in = self._is_live = False


class AccountStream:
    """The socket around a session: given up when our bets are not followed in time."""

    CONFIRMED_WITHIN_S = 10.0

    def __init__(
        self,
        account: str,
        url: str,
        context: ssl.SSLContext,
        sink: EventSink,
        clock: Clock,
        signed: Callable[[], tuple[str, str]],
        matched: Callable[[str, str], None],
        expired: Callable[[], None],
        egress: Egress,
        backoff: Backoff | None = None,
    ) -> None:
        self._clock, self._heard_ms = clock, clock.now_ms()
        self._watch: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self._deadline: asyncio.TimerHandle | None = None
        self.session = Session(sink, signed, matched, self._reconnect, expired)
        self._stream = LineStream(f"{VENUE} {account}", url, context, self, backoff=backoff, egress=egress)

    async def start(self) -> None:
        """Returns when our bets are followed, or announces after a while that they are not yet."""
        self._stream.start()
        self._watch = spawn(self._watch_silence(), f"silence of {VENUE}", is_vital=True)
        try:
            async with asyncio.timeout(self.CONFIRMED_WITHIN_S):
                await self._up.wait()
        except TimeoutError:
            self.session.announce_down("the stream could not be opened yet")

    async def stop(self) -> None:
        self._cancel_deadline()
        await stop(self._watch)
        await self._stream.stop()

    def opened(self, send: Callable[[str | bytes], None]) -> None:
        self._heard_ms = self._clock.now_ms()
        self.session.opened(send)
        self._deadline = asyncio.get_running_loop().call_later(self.CONFIRMED_WITHIN_S, self._overdue)

    def received(self, payload: memoryview, is_text: bool) -> None:
        self._heard_ms = self._clock.now_ms()
        self.session.received(payload, is_text)
        if self.session.is_up:
            self._up.set()

    def closed(self, code: int, reason: str) -> bool:
        self._cancel_deadline()
        return self.session.closed(code, reason)

    async def _watch_silence(self) -> None:
        while True:
            await self._clock.sleep(HEARTBEAT_MS / 1_000, soft=True)
            if self.session.is_up and self._clock.now_ms() - self._heard_ms > SILENT_MS:
                _log.warning("stream silent", venue=VENUE)
                self._stream.reconnect()

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
