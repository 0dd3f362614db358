"""Everybody's orders and trades, from frames of the form that the documents show."""

from __future__ import annotations

import json
from typing import Any

from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import Side
from hedgerow.venues.base import PublicBook, PublicTrade
from hedgerow.venues.kalshi.books import BookSession

SNAPSHOT = {
    "market_ticker": "T",
    "market_id": "m",
    "yes_dollars_fp": [["0.4400", "20.00"], ["0.4500", "10.00"]],
    "no_dollars_fp": [["0.5300", "7.50"]],
}


class Heard:
    """A session whose events and dropped sockets are noted."""

    def __init__(self) -> None:
        self.events: list[PublicBook | PublicTrade] = []
        self.sent: list[Any] = []
        self.drops = 0
        self.session = BookSession(self.events.append, self._drop)
        self.session.watch(["U", "T"])
        self.session.opened(lambda text: self.sent.append(json.loads(text)))

    def _drop(self) -> None:
        self.drops += 1

    def say(self, kind: str, seq: int, **message: Any) -> None:
        frame = {"type": kind, "sid": 1, "seq": seq, "msg": message}
        self.session.received(memoryview(json.dumps(frame).encode()), is_text=True)


def test_watched_markets_are_asked_for_on_both_channels() -> None:
    (asked,) = Heard().sent
    assert asked["params"] == {"channels": ["orderbook_delta", "trade"], "market_tickers": ["T", "U"]}


def test_offers_of_no_are_asks_at_the_complement_and_differences_are_added_up() -> None:
    heard = Heard()
    heard.say("orderbook_snapshot", 1, **SNAPSHOT)
    heard.say("orderbook_delta", 2, market_ticker="T", price_dollars="0.4500", delta_fp="-4.00", side="yes")
    heard.say("orderbook_delta", 3, market_ticker="T", price_dollars="0.5300", delta_fp="-7.50", side="no")
    heard.say("orderbook_delta", 4, market_ticker="T", price_dollars="0.5400", delta_fp="1.00", side="no")
    assert heard.events[0] == PublicBook("T", {440_000: 20 * MICRO, 450_000: 10 * MICRO}, {470_000: 7_500_000})
    assert heard.events[-1] == PublicBook("T", {440_000: 20 * MICRO, 450_000: 6 * MICRO}, {460_000: MICRO})


def test_trade_is_told_by_what_its_taker_did() -> None:
    heard = Heard()
    for seq, side in enumerate(("yes", "no"), start=1):
        heard.say("trade", seq, market_ticker="T", yes_price_dollars="0.4500", count_fp="3.00", taker_side=side)
    assert heard.events == [
        PublicTrade("T", Micros(450_000), Micros(3 * MICRO), Side.BUY),
        PublicTrade("T", Micros(450_000), Micros(3 * MICRO), Side.SELL),
    ]


def test_lost_message_begins_the_books_anew_and_a_closed_socket_forgets_them() -> None:
    heard = Heard()
    heard.say("orderbook_snapshot", 1, **SNAPSHOT)
    heard.say("orderbook_delta", 3, market_ticker="T", price_dollars="0.4500", delta_fp="-4.00", side="yes")
    assert (heard.drops, len(heard.events)) == (1, 1)
    assert heard.session.closed(1006, "")
    assert heard.events[-1] == PublicBook("T", None, None)


def test_unreadable_message_begins_the_books_anew() -> None:
    heard = Heard()
    heard.say("orderbook_delta", 1, market_ticker="T", price_dollars="much", delta_fp="1.00", side="yes")
    heard.say("orderbook_delta", 2, market_ticker="unknown", price_dollars="0.5000", delta_fp="1.00", side="yes")
    assert (heard.drops, heard.events) == (2, [])


def test_same_markets_again_are_no_change() -> None:
    session = Heard().session
    assert not session.watch(["T", "U", "T"])
    assert session.watch(["T"])
