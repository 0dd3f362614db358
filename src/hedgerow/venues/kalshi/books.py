"""Everybody's orders and trades on the watched markets: a socket of its own, made when somebody wants them.

The books come as a snapshot and differences that are numbered; after a hole, or where other markets are watched, the
socket is made anew and begins with snapshots. Offers of NO are bids of it: at 1 − p they are asks of YES.
Source: docs.kalshi.com websockets/orderbook-updates, public-trades.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
import structlog

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import Side
from hedgerow.net.egress import Egress
from hedgerow.net.stream import Stream, Target
from hedgerow.venues.base import PublicBook, PublicSink, PublicTrade
from hedgerow.venues.kalshi import parse, wire
from hedgerow.venues.kalshi.errors import VENUE
from hedgerow.venues.kalshi.parse import MalformedError

_log = structlog.get_logger(__name__)

CHANNELS = ("orderbook_delta", "trade")

_frames = msgspec.json.Decoder(wire.Frame)
_snapshots = msgspec.json.Decoder(wire.BookSnapshot)
_deltas = msgspec.json.Decoder(wire.BookDelta)
_trades = msgspec.json.Decoder(wire.PublicTrade)

_Levels = dict[int, int]


class BookSession:
    """The conversation, without the socket."""

    def __init__(self, sink: PublicSink, drop: Callable[[], None]) -> None:
        """drop: gives the present socket up, so that a new one is made."""
        self._sink, self._drop = sink, drop
        self._tickers: tuple[str, ...] = ()
        self._books: dict[str, tuple[_Levels, _Levels]] = {}  # bids and asks of YES
        self._sequences: dict[int, int] = {}

    def watch(self, tickers: Iterable[str]) -> bool:
        """These markets in place of those before; whether they are others."""
        before, self._tickers = self._tickers, tuple(sorted(set(tickers)))
        return self._tickers != before

    def opened(self, send: Callable[[str | bytes], None]) -> None:
        self._sequences.clear()
        if self._tickers:
            params = wire.SubscribeParams(list(CHANNELS), list(self._tickers))
            send(msgspec.json.encode(wire.Subscribe(1, params)).decode())

    def received(self, payload: memoryview, is_text: bool) -> None:
        try:
            frame = _frames.decode(payload)
            if self._is_whole(frame):
                self._handle(frame)
                return
            why = "a message was lost"
        except (*UNREADABLE, MalformedError, KeyError) as error:
            why = str(error)
        _log.warning("public books begin anew", venue=VENUE, why=why)
        self._drop()

    def closed(self, code: int, reason: str) -> bool:
        for ticker in self._books:
            self._sink(PublicBook(ticker, None, None))
        self._books.clear()
        return True

    def _is_whole(self, frame: wire.Frame) -> bool:
        """`seq` counts per subscription."""
        if frame.sid is None or frame.seq is None:
            return True
        last, self._sequences[frame.sid] = self._sequences.get(frame.sid), frame.seq
        return last is None or frame.seq == last + 1

    def _handle(self, frame: wire.Frame) -> None:
        match frame.type:
            case "orderbook_snapshot":
                told = _snapshots.decode(frame.msg)
                yes, no = map(_levels, (told.yes_dollars_fp, told.no_dollars_fp))
                self._books[told.market_ticker] = yes, {MICRO - price: size for price, size in no.items()}
                self._tell(told.market_ticker)
            case "orderbook_delta":
                self._change(_deltas.decode(frame.msg))
            case "trade":
                self._traded(_trades.decode(frame.msg))
            case "error":
                _log.warning("public books are not shown", venue=VENUE, told=bytes(frame.msg).decode(errors="replace"))

    def _change(self, delta: wire.BookDelta) -> None:
        price = parse.price(delta.price_dollars, "price_dollars")
        bids, asks = self._books[delta.market_ticker]
        levels, at = (bids, int(price)) if _is_yes(delta.side) else (asks, MICRO - price)
        left = levels.get(at, 0) + _signed(delta.delta_fp)
        if left > 0:
            levels[at] = left
        else:
            levels.pop(at, None)
        self._tell(delta.market_ticker)

    def _tell(self, ticker: str) -> None:
        bids, asks = self._books[ticker]
        self._sink(PublicBook(ticker, dict(bids), dict(asks)))

    def _traded(self, trade: wire.PublicTrade) -> None:
        price = parse.price(trade.yes_price_dollars, "yes_price_dollars")
        size = parse.amount(trade.count_fp, "count_fp")
        taker = Side.BUY if _is_yes(trade.taker_side) else Side.SELL
        self._sink(PublicTrade(trade.market_ticker, price, size, taker))


class BookStream:
    """The socket around it."""

    def __init__(self, account: str, target: Callable[[], Target], sink: PublicSink, egress: Egress) -> None:
        self._session = BookSession(sink, self._reconnect)
        self._stream = Stream(f"{VENUE} {account} books", target, self._session, egress=egress)
        self._is_started = False

    def watch(self, tickers: Iterable[str]) -> None:
        """Follows these markets, and no others."""
        if not self._session.watch(tickers):
            return
        if self._is_started:
            self._reconnect()
        else:
            self._is_started = True
            self._stream.start()

    async def stop(self) -> None:
        await self._stream.stop()

    def _reconnect(self) -> None:
        self._stream.reconnect()


def _levels(rows: Iterable[tuple[str, str]]) -> _Levels:
    return {int(parse.price(price, "price")): int(parse.amount(size, "count")) for price, size in rows}


def _is_yes(side: str) -> bool:
    if side not in ("yes", "no"):
        raise MalformedError(f"unknown side {side[:20]!r}")
    return side == "yes"


def _signed(text: str) -> Micros:
    """A difference in micros of contracts."""
    size = parse.amount(text.removeprefix("-"), "delta_fp")
    return Micros(-size) if text.startswith("-") else size
