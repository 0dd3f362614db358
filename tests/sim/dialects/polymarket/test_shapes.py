"""Messages by themselves: the hash of a book, and the two views of one book."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.polymarket.markets import Listings, Market
from hedgerow.sim.dialects.polymarket.shapes import best, book_hash, book_view, levels
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.order_book import Book
from hedgerow.sim.orders import Leg

from .harness import tennis


def test_the_hash_of_a_book_is_the_vectors(shared: Callable[[str], Path]) -> None:
    schemes = json.loads(shared("venues/vectors/polymarket.json").read_text())["schemes"]
    for vector in schemes["orderbook_hash"]["vectors"]:
        asked, view = vector["inputs"], {}
        for name, value in asked.items():
            view[name] = value
            if name == "timestamp":
                view["hash"] = "whatever it was before"
        assert book_hash(view) == vector["expected"]["hash_sha1_hex"]


Resting = list[tuple[bool, int, int]]
"""(is a bid, cents, lots); a bid is placed below fifty cents and an ask above, so that nothing meets."""


def _market_with(resting: Resting) -> tuple[Market, Book]:
    exchange = Exchange("polymarket", WorldClock())
    exchange.add_account("maker", 10**15)
    market = Listings(exchange, Catalogue(), 10_000).put(tennis(), 0)
    assert market is not None
    for number, (is_bid, cents, lots) in enumerate(resting):
        side, price = (Side.BUY, cents) if is_bid else (Side.SELL, 100 - cents)
        amounts = price * 10_000, lots * 10_000
        exchange.place("maker", market.contract, Leg.YES, side, *amounts, reference=str(number))
    return market, exchange.book(market.contract)


_RESTING = st.lists(st.tuples(st.booleans(), st.integers(1, 49), st.integers(1, 10**6)), max_size=12)


@given(_RESTING)
def test_the_second_token_s_book_is_the_first_s_in_the_mirror(resting: Resting) -> None:
    _, book = _market_with(resting)
    bids, asks = levels(book, Leg.YES)
    other_bids, other_asks = levels(book, Leg.NO)
    assert other_bids == [(MICRO - price, size) for price, size in asks]
    assert other_asks == [(MICRO - price, size) for price, size in bids]
    for side, is_bid in ((bids, True), (asks, False), (other_bids, True), (other_asks, False)):
        prices = [price for price, _ in side]
        assert prices == sorted(prices, reverse=is_bid)


@given(_RESTING)
def test_a_book_s_best_levels_are_its_last(resting: Resting) -> None:
    market, book = _market_with(resting)
    for leg in Leg:
        view = book_view(market, leg, book)
        best_bid, best_ask = best(*levels(book, leg))
        assert (view["bids"][-1]["price"] if view["bids"] else "0") == best_bid
        assert (view["asks"][-1]["price"] if view["asks"] else "1") == best_ask
        assert view["hash"] == book_hash(view)
