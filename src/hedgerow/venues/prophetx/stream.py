"""The conversation over the venue's socket, without I/O: the Pusher protocol, the account's orders, markets' states.

A socket names itself, is authorised for its channels by a request, signs in, and subscribes each channel with the
authorisation that is for that alone. Nothing is sent again after a break and sequence numbers are a clock, so every
break is a gap. Books are not followed: what rests is priced by the feed. Sources: docs.prophetx.co "Integration with
Websockets", "WebSocket Events"; pusher.com "Pusher Channels Protocol" for its error codes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence

import msgspec
import structlog

from hedgerow.core.clock import Clock, is_moment
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.venues.base import EventSink, MarketChange, OrderState, StreamGap
from hedgerow.venues.prophetx import wire
from hedgerow.venues.prophetx.errors import VENUE
from hedgerow.venues.prophetx.listing import is_open, market_ref
from hedgerow.venues.prophetx.orders import Memory
from hedgerow.venues.prophetx.parse import identity, result_of
from hedgerow.venues.reading import UnreadableError, read

PING, PING_EVERY_S = '{"event":"pusher:ping","data":{}}', 60.0
SILENCE_MS = 30_000
"""The health check comes every five seconds; the venue's documents ask for a new connection after thirty without."""

_PONG = '{"event":"pusher:pong","data":{}}'
_OF_THE_ACCOUNT = frozenset({"order", "orders", "wagers"})
_NS_PER_MS = 1_000_000

_log = structlog.get_logger(__name__)

Send = Callable[[str | bytes], None]


class Session:
    """One account's conversation."""

    def __init__(
        self,
        memory: Memory,
        clock: Clock,
        sink: EventSink,
        ready: Callable[[], None],
        *,
        authorise: Callable[[str], None],
        reconnect: Callable[[], None],
    ) -> None:
        """ready: called when the account is followed. authorise: is asked for what `authorised` is to be given, with
        the socket's id."""
        self._memory, self._clock, self._sink, self._ready = memory, clock, sink, ready
        self._authorise, self._reconnect = authorise, reconnect
        self._markets: dict[str, list[str]] = {}  # instruments by market
        self._send: Send | None = None
        self._wanted: list[wire.Channel] = []
        self._subscribed: set[str] = set()
        self._own_channel = ""
        self._is_signed_in = False
        self._is_gap_announced = False
        self._heard_ms = clock.now_ms()
        self.socket_id = ""
        self.is_followed = False

    def watch(self, markets: Mapping[str, Sequence[str]]) -> None:
        """Tells the states of these markets, and of no others. markets: instruments by market."""
        self._markets = {market: list(refs) for market, refs in markets.items()}

    @property
    def is_silent(self) -> bool:
        """Whether the account is said to be followed, and nothing was heard for too long."""
        return self.is_followed and self._clock.now_ms() - self._heard_ms > SILENCE_MS

    # --- the socket ----------------------------------------------------------------------------------------------

    def opened(self, send: Send) -> None:
        self._send = send
        self._heard_ms = self._clock.now_ms()

    def closed(self, code: int, reason: str) -> bool:
        self._send, self.socket_id, self._own_channel = None, "", ""
        self._is_signed_in = self.is_followed = False
        self._subscribed.clear()
        self.announce_gap(f"closed with {code} {reason}".strip())
        return True

    def announce_gap(self, reason: str) -> None:
        """Says once that events may be missed."""
        if not self._is_gap_announced:
            self._is_gap_announced = True
            self._sink(StreamGap(reason, is_down=True))

    def missed(self, reason: str) -> None:
        """Something may not have been told: what it was is to be asked for."""
        self._sink(StreamGap(reason, is_down=False))

    def received(self, payload: memoryview, is_text: bool) -> None:
        self._heard_ms = self._clock.now_ms()
        try:
            self._handle(read(wire.Frame, payload))
        except UnreadableError as error:
            _log.error("unreadable frame", venue=VENUE, error=str(error))
            self.missed("a message could not be read")

    def authorised(self, socket_id: str, told: wire.Registration) -> None:
        """The channels that the socket may follow: those that it does not follow yet are subscribed."""
        if socket_id != self.socket_id:
            return  # another socket has come up meanwhile
        self._wanted = told.authorized_channel
        own = [one.channel_name for one in self._wanted if _is_of_the_account(one)]
        self._own_channel = own[0] if own else ""
        if not own:
            _log.error("no channel for the account's orders", venue=VENUE)
            self._reconnect()
        elif self._is_signed_in:
            self._subscribe()
        else:
            signin = {"auth": told.authenticated.auth, "user_data": told.authenticated.user_data}
            self._say("pusher:signin", signin)

    # --- frames --------------------------------------------------------------------------------------------------

    def _handle(self, frame: wire.Frame) -> None:
        match frame.event:
            case "pusher:connection_established":
                self.socket_id = read(wire.Established, _inside(frame.data)).socket_id
                self._authorise(self.socket_id)
            case "pusher:ping":
                self._say_text(_PONG)
            case "pusher:pong":
                pass
            case "pusher:signin_success":
                self._is_signed_in = True
                self._subscribe()
            case "pusher_internal:subscription_succeeded":
                if frame.channel == self._own_channel and not self.is_followed:
                    self._follow()
            case "pusher:error":
                error = read(wire.SocketError, _inside(frame.data))
                _log.warning("the socket was refused something", venue=VENUE, code=error.code, error=error.message)
                self._reconnect()
            case _ if frame.channel in self._subscribed:
                self._tell(read(wire.Message, _inside(frame.data)))
            case _:
                pass

    def _follow(self) -> None:
        self.is_followed = True
        self._ready()
        if self._is_gap_announced:
            self._is_gap_announced = False
            self._sink(StreamGap("the account is followed again", is_down=False))

    def _subscribe(self) -> None:
        for channel in self._wanted:
            is_book = any(binding.type == "market_selections" for binding in channel.binding_events)
            if channel.channel_name not in self._subscribed and not is_book:
                self._subscribed.add(channel.channel_name)
                self._say("pusher:subscribe", {"auth": channel.auth, "channel": channel.channel_name})

    # --- messages ------------------------------------------------------------------------------------------------

    def _tell(self, message: wire.Message) -> None:
        if message.change_type in _OF_THE_ACCOUNT:
            at_ms = message.timestamp // _NS_PER_MS
            if not is_moment(at_ms):
                raise UnreadableError(f"{at_ms} is no time")
            self._tell_order(read(wire.OrderPayload, _payload(message)).info, at_ms)
        elif message.change_type == "market":
            self._tell_market(message)
        elif message.change_type == "sport_event" and message.op == "d":
            event_id = identity(read(wire.EventPayload, _payload(message)).id, "event id")
            for market, refs in self._markets.items():
                if market.partition(":")[0] == event_id:
                    self._tell_open(refs, is_open=False)

    def _tell_order(self, row: wire.Order, at_ms: int) -> None:
        for event in self._memory.told(row, at_ms):
            self._sink(event)
            result = result_of(row)
            if isinstance(event, OrderState) and result is not SettlementStatus.UNDECIDED:
                of_contract = result if event.side is Side.BUY else result.mirrored
                self._sink(MarketChange(event.instrument_ref, is_open=False, resolution=of_contract))

    def _tell_market(self, message: wire.Message) -> None:
        info = read(wire.MarketPayload, _payload(message)).info
        refs = self._markets.get(market_ref(info.sport_event_id, info.id), [])
        self._tell_open(refs, is_open=message.op != "d" and is_open(info.status))

    def _tell_open(self, refs: Sequence[str], *, is_open: bool) -> None:
        for ref in refs:
            self._sink(MarketChange(ref, is_open))

    # --- saying --------------------------------------------------------------------------------------------------

    def _say(self, event: str, data: Mapping[str, str]) -> None:
        self._say_text(msgspec.json.encode({"event": event, "data": data}).decode())

    def _say_text(self, text: str) -> None:
        if self._send is not None:
            self._send(text)


def _is_of_the_account(channel: wire.Channel) -> bool:
    return any({binding.name, binding.type} & _OF_THE_ACCOUNT for binding in channel.binding_events)


def _inside(data: msgspec.Raw) -> msgspec.Raw | str:
    """JSON that may stand inside a text. Raises UnreadableError."""
    return read(str, data) if bytes(data)[:1] == b'"' else data


def _payload(message: wire.Message) -> bytes:
    try:
        return base64.b64decode(message.payload, validate=True)
    except (binascii.Error, ValueError):
        raise UnreadableError("a payload is not base64") from None
