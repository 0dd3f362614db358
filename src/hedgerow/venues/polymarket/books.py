"""What the market channel tells of everybody's orders and trades, as books and trades of the followed tokens.

Levels are told with their new size, for both tokens of a market; a trade for the taker's token alone, though it is one
of the other as well: buying one at p is selling the other at 1 − p.
Source: Polymarket documentation "Market Channel".
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import Side
from hedgerow.venues.base import PublicBook, PublicSink, PublicTrade
from hedgerow.venues.ctf import probability, shares
from hedgerow.venues.polymarket import wire
from hedgerow.venues.polymarket.parse import side_of
from hedgerow.venues.reading import read

_Levels = dict[int, int]


class PublicBooks:
    """Of the tokens of one socket."""

    def __init__(self, sink: PublicSink) -> None:
        self._sink = sink
        self._books: dict[str, tuple[_Levels, _Levels]] = {}
        self._tokens: dict[str, set[str]] = {}  # by market

    def message(self, kind: str, raw: msgspec.Raw) -> None:
        """Raises UnreadableError."""
        match kind:
            case "book":
                book = read(wire.BookLevels, raw)
                self._tokens.setdefault(book.market, set()).add(book.asset_id)
                self._books[book.asset_id] = _levels(book.bids), _levels(book.asks)
                self._tell(book.asset_id)
            case "price_change":
                for change in read(wire.PriceChange, raw).price_changes:
                    self._change(change)
            case "last_trade_price":
                self._traded(read(wire.LastTrade, raw))

    def forget(self, tokens: Iterable[str]) -> None:
        """They are not followed now: nothing is known of their books until a snapshot comes."""
        for token in [token for token in tokens if token in self._books]:
            del self._books[token]
            self._sink(PublicBook(token, None, None))
        for known in self._tokens.values():
            known.intersection_update(self._books)

    def forget_all(self) -> None:
        self.forget(list(self._books))
        self._tokens.clear()

    def _change(self, change: wire.LevelChange) -> None:
        if change.asset_id not in self._books:
            return  # its snapshot is on the way
        levels = self._books[change.asset_id][0 if side_of(change.side) is Side.BUY else 1]
        price, size = int(probability(change.price)), int(shares(change.size))
        if size:
            levels[price] = size
        else:
            levels.pop(price, None)
        self._tell(change.asset_id)

    def _tell(self, token: str) -> None:
        bids, asks = self._books[token]
        self._sink(PublicBook(token, dict(bids), dict(asks)))

    def _traded(self, trade: wire.LastTrade) -> None:
        price, size, taker = probability(trade.price), shares(trade.size), side_of(trade.side)
        for token in self._tokens.get(trade.market, ()):
            if token == trade.asset_id:
                self._sink(PublicTrade(token, price, size, taker))
            else:
                self._sink(PublicTrade(token, Micros(MICRO - price), size, taker.opposite))


def _levels(rows: Iterable[wire.Level]) -> _Levels:
    return {int(probability(row.price)): int(shares(row.size)) for row in rows}
