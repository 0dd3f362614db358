"""Everybody's orders and trades, from messages of the market channel."""

from __future__ import annotations

import json
from typing import Any

from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.venues.base import PublicBook, PublicTrade
from hedgerow.venues.polymarket.books import PublicBooks
from hedgerow.venues.polymarket.stream import MarketSession

HOME, AWAY = "11", "22"


def book(token: str, bids: dict[str, str], asks: dict[str, str]) -> dict[str, Any]:
    sides = [[{"price": price, "size": size} for price, size in side.items()] for side in (bids, asks)]
    return {"event_type": "book", "asset_id": token, "market": "0xm", "bids": sides[0], "asks": sides[1]}


def change(token: str, side: str, price: str, size: str) -> dict[str, Any]:
    level = {"asset_id": token, "price": price, "size": size, "side": side, "hash": "h"}
    return {"event_type": "price_change", "market": "0xm", "price_changes": [level]}


def heard(*messages: Any) -> tuple[MarketSession, list[PublicBook | PublicTrade]]:
    """What a session that follows both tokens tells."""
    events: list[PublicBook | PublicTrade] = []
    session = MarketSession(lambda _: None, PublicBooks(events.append))
    session.add([HOME, AWAY])
    for message in messages:
        session.received(memoryview(json.dumps(message).encode()), is_text=True)
    return session, events


def test_levels_have_their_new_size_and_go_with_none() -> None:
    _, events = heard(
        [book(HOME, {"0.45": "10"}, {"0.47": "5"})],
        change(HOME, "BUY", "0.45", "4"),
        change(HOME, "SELL", "0.47", "0"),
        change(AWAY, "BUY", "0.50", "9"),  # of a book that is not known
    )
    assert events == [
        PublicBook(HOME, {450_000: 10 * MICRO}, {470_000: 5 * MICRO}),
        PublicBook(HOME, {450_000: 4 * MICRO}, {470_000: 5 * MICRO}),
        PublicBook(HOME, {450_000: 4 * MICRO}, {}),
    ]


def test_trade_in_one_token_is_the_opposite_trade_in_the_other() -> None:
    trade = {"event_type": "last_trade_price", "asset_id": AWAY, "market": "0xm", "price": "0.55", "size": "3"}
    _, events = heard(book(HOME, {}, {}), book(AWAY, {}, {}), {**trade, "side": "BUY"})
    told = {(e.instrument_ref, e.price, e.taker) for e in events if isinstance(e, PublicTrade)}
    assert told == {(AWAY, 550_000, Side.BUY), (HOME, 450_000, Side.SELL)}


def test_books_that_are_not_followed_any_more_are_not_known() -> None:
    session, events = heard(book(HOME, {"0.45": "10"}, {}), book(AWAY, {}, {}))
    session.drop([HOME])
    assert events[-1] == PublicBook(HOME, None, None)
    session.closed(1006, "")
    assert events[-1] == PublicBook(AWAY, None, None)
