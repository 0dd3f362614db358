"""The conversations over the CLOB's WebSockets, without I/O: the account's own channel and the markets' channel.

Both are kept alive by the text PING, answered by PONG. Nothing is numbered and nothing is sent again after a break:
the user channel announces its gaps, so that orders and trades are asked for; of markets only the grid and the result
are read, and both come again by other ways.

Sources: Polymarket documentation "User Channel", "Market Channel" and "WebSocket overview".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

import msgspec
import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.states import SettlementStatus
from hedgerow.venues.base import EventSink, MarketChange, StreamGap
from hedgerow.venues.polymarket import wire
from hedgerow.venues.polymarket.books import PublicBooks
from hedgerow.venues.polymarket.parse import FeeOf, Owner, fills_of, number_in, order_state, tick_change
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.sent import SentOrders

PING, PING_EVERY_S = "PING", 10.0
SILENCE_S = 30.0
TOKENS_PER_SOCKET = 200

_PONG = b"PONG"

_log = structlog.get_logger(__name__)

Send = Callable[[str | bytes], None]


def messages(payload: memoryview) -> Iterator[tuple[str, msgspec.Raw]]:
    """The messages of a frame, one or a list of them, each with its kind. Raises UnreadableError."""
    first = bytes(payload[:1])
    for raw in read(list[msgspec.Raw], payload) if first == b"[" else (msgspec.Raw(bytes(payload)),):
        told = read(wire.EventKind, raw)
        yield told.event_type or _KIND_OF_TYPE.get(told.type or "", ""), raw


# Messages of the user channel without an event_type are told apart by their type.
_KIND_OF_TYPE = {"TRADE": "trade", "PLACEMENT": "order", "UPDATE": "order", "CANCELLATION": "order"}


class Session(ABC):
    """What both channels share as conversations: keep-alive, and that a bad frame spoils nothing but itself."""

    name: str

    def __init__(self) -> None:
        self.frames = 0  # of any kind, PONG included: while it stands still there is silence

    @abstractmethod
    def opened(self, send: Send) -> None: ...

    @abstractmethod
    def closed(self, code: int, reason: str) -> bool: ...

    def received(self, payload: memoryview, is_text: bool) -> None:
        self.frames += 1
        if bytes(payload[:4]) == _PONG:
            self.alive()
            return
        try:
            for kind, raw in messages(payload):
                self.message(kind, raw)
        except UnreadableError as error:
            _log.error("unreadable frame", channel=self.name, error=str(error))
            self.missed()

    @abstractmethod
    def alive(self) -> None:
        """The venue answered our PING."""

    @abstractmethod
    def missed(self) -> None:
        """A frame could not be read."""

    @abstractmethod
    def message(self, kind: str, raw: msgspec.Raw) -> None: ...


class UserSession(Session):
    """The account's channel: every order and trade of the API key, and the gaps between."""

    name = "user"

    def __init__(
        self,
        login: Callable[[], str],
        owner: Owner,
        sent: SentOrders,
        fee_of: FeeOf,
        clock: Clock,
        sink: EventSink,
        ready: Callable[[], None],
    ) -> None:
        """login: makes the first message, which holds the API key. ready: called whenever a PING is answered."""
        super().__init__()
        self._login, self._owner, self._sent, self._fee_of, self._clock = login, owner, sent, fee_of, clock
        self._sink, self._ready = sink, ready
        self._is_gap_announced = False

    def opened(self, send: Send) -> None:
        """Logs in. The login is not answered, so a PING follows: what answers it has read the login before."""
        send(self._login())
        send(PING)

    def closed(self, code: int, reason: str) -> bool:
        self.announce_gap(f"user channel closed with {code} {reason}".strip())
        return True

    def announce_gap(self, reason: str) -> None:
        """Says once that events may be missed."""
        if not self._is_gap_announced:
            self._is_gap_announced = True
            self._sink(StreamGap(reason, is_down=True))

    def alive(self) -> None:
        self._ready()
        if self._is_gap_announced:
            self._is_gap_announced = False
            self._sink(StreamGap("user channel is back", is_down=False))

    def missed(self) -> None:
        self._sink(StreamGap("a message of the user channel could not be read", is_down=False))

    def message(self, kind: str, raw: msgspec.Raw) -> None:
        match kind:
            case "order":
                order = read(wire.UserOrder, raw)
                state = order_state(order, self._sent.ref_of(order.id), self._clock.now_ms())
                self._sent.told(state)
                self._sink(state)
            case "trade":
                for fill in fills_of(read(wire.Trade, raw), self._owner, self._fee_of, self._sent.ref_of):
                    self._sink(fill)
            case _:
                _log.info("unknown message", channel=self.name, kind=kind)


class MarketSession(Session):
    """The markets' channel for some tokens: changes of the tick, and results."""

    name = "market"

    def __init__(self, sink: EventSink, books: PublicBooks | None = None) -> None:
        """books: takes what is told of everybody's orders and trades, where somebody wants that."""
        super().__init__()
        self._sink, self._books = sink, books
        self._tokens: dict[str, Decimal | None] = {}  # with the tick that was told last
        self._send: Send | None = None

    @property
    def tokens(self) -> frozenset[str]:
        return frozenset(self._tokens)

    @property
    def room(self) -> int:
        """How many more tokens fit."""
        return TOKENS_PER_SOCKET - len(self._tokens)

    def add(self, tokens: Iterable[str]) -> None:
        """Follows these as well."""
        fresh = [token for token in tokens if token not in self._tokens]
        self._tokens.update(dict.fromkeys(fresh))
        if fresh and self._send is not None:
            self._say({"operation": "subscribe", "assets_ids": fresh, "custom_feature_enabled": True})

    def drop(self, tokens: Iterable[str]) -> None:
        """No longer follows these."""
        gone = [token for token in tokens if token in self._tokens]
        for token in gone:
            del self._tokens[token]
        if self._books is not None:
            self._books.forget(gone)
        if gone and self._send is not None:
            self._say({"operation": "unsubscribe", "assets_ids": gone})

    def opened(self, send: Send) -> None:
        self._send = send
        self._say({"type": "market", "assets_ids": list(self._tokens), "custom_feature_enabled": True})

    def closed(self, code: int, reason: str) -> bool:
        self._send = None
        if self._books is not None:
            self._books.forget_all()
        return True

    def alive(self) -> None:
        """Nothing waits for it: what counts here is that frames come."""

    def missed(self) -> None:
        """Nothing of money is lost: a tick or a result is told again by the next reading of the market."""

    def message(self, kind: str, raw: msgspec.Raw) -> None:
        if self._books is not None:
            self._books.message(kind, raw)
        match kind:
            case "tick_size_change":
                change = read(wire.TickSizeChange, raw)
                self._tick(change.asset_id, change.new_tick_size)
            case "book":
                book = read(wire.Book, raw)
                tick = number_in(book.tick_size)
                if tick is not None:
                    self._tick(book.asset_id, tick)
            case "market_resolved":
                for event in _results(read(wire.MarketResolved, raw), self.tokens):
                    self._sink(event)

    def _tick(self, token: str, tick: Decimal) -> None:
        if token in self._tokens and self._tokens[token] != tick:
            change = tick_change(token, tick)
            self._tokens[token] = tick
            self._sink(change)

    def _say(self, message: object) -> None:
        if self._send is not None:
            self._send(msgspec.json.encode(message).decode())


def _results(resolved: wire.MarketResolved, followed: frozenset[str]) -> list[MarketChange]:
    """How the followed tokens of a market ended."""
    return [
        MarketChange(token, is_open=False, resolution=_result(token, resolved.winning_asset_id))
        for token in resolved.assets_ids or ()
        if token in followed
    ]


def _result(token: str, winner: str | None) -> SettlementStatus:
    if not winner:
        return SettlementStatus.VOID
    return SettlementStatus.WON if token == winner else SettlementStatus.LOST
