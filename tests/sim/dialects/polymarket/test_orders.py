"""An order's amounts as official clients round them are understood; anything else is refused in the venue's words."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, micros
from hedgerow.sim.dialects.polymarket.markets import LOT
from hedgerow.sim.dialects.polymarket.orders import Instruction, Level, Posting, Refusal, buy_for, check_terms

from .harness import NOW_S

CENT = PriceGrid.probability(10_000)


def _posting(side: str, maker: int | str, taker: int | str, order_type: str = "GTC", expiration: int = 0) -> Posting:
    order = {
        "salt": 1,
        "maker": "0x",
        "signer": "0x",
        "tokenId": "1",
        "makerAmount": str(maker),
        "takerAmount": str(taker),
        "side": side,
        "expiration": str(expiration),
        "signatureType": 0,
        "signature": "0x",
        "timestamp": "1",
    }
    return msgspec.convert({"order": order, "owner": "", "orderType": order_type}, Posting)


def _checked(posting: Posting, grid: PriceGrid = CENT, min_size: int = 5 * MICRO) -> Instruction:
    return check_terms(posting, "0x12", grid, min_size, NOW_S * 1000)


def _amounts(shared: Callable[[str], Path]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    schemes = json.loads(shared("venues/vectors/polymarket.json").read_text())["schemes"]
    pairs = [(vector["inputs"], vector["expected"]) for vector in schemes["order_amounts"]["vectors"]]
    floats = [(given, expected["float_sdk_variant"]) for given, expected in pairs if "float_sdk_variant" in expected]
    return pairs + floats


def test_amounts_of_the_vectors_are_read_as_their_price_and_size(shared: Callable[[str], Path]) -> None:
    kinds = set()
    for asked, expected in _amounts(shared):
        order_type = "GTC" if asked["order_kind"] == "limit" else "FOK"
        posting = _posting(asked["side"], expected["makerAmount"], expected["takerAmount"], order_type)
        wanted = _checked(posting, PriceGrid.probability(micros(asked["tick_size"])), min_size=0)
        assert wanted.price == micros(asked["price"]), asked
        money, shares = ("makerAmount", "takerAmount")[:: 1 if asked["side"] == "BUY" else -1]
        assert wanted.size == int(expected[shares])
        assert wanted.money == (int(expected[money]) if (order_type, asked["side"]) == ("FOK", "BUY") else 0)
        kinds.add((order_type, asked["side"]))
    assert len(kinds) == 4


@given(price=st.integers(1, 99), lots=st.integers(500, 10**9), side=st.sampled_from(["BUY", "SELL"]))
def test_every_limit_price_on_the_grid_is_read_back(price: int, lots: int, side: str) -> None:
    size = lots * LOT
    money = price * 10_000 * size // MICRO
    wanted = _checked(_posting(side, *((money, size) if side == "BUY" else (size, money))))
    assert (wanted.price, wanted.size) == (price * 10_000, size)


@given(
    tick=st.sampled_from([100_000, 10_000, 5_000, 2_500, 1_000, 100]),
    place=st.integers(0, 10**6),
    cents=st.integers(100, 10**7),
)
def test_every_market_price_on_a_grid_is_read_back(tick: int, place: int, cents: int) -> None:
    """A market buy of whole cents, its shares rounded down as the official clients round them."""
    price = tick * (1 + place % (MICRO // tick - 1))
    decimals = {100_000: 3, 10_000: 4, 5_000: 5, 2_500: 6, 1_000: 5, 100: 6}[tick]
    step = 10 ** (6 - decimals)
    money = cents * 10_000
    shares = money * MICRO // price // step * step
    wanted = _checked(_posting("BUY", money, shares, "FAK"), PriceGrid.probability(tick))
    assert (wanted.price, wanted.money) == (price, money)


@pytest.mark.parametrize(
    ("posting", "text"),
    [
        (
            _posting("BUY", 4_250_000, 10_000_000),
            "order 0x12 is invalid. Price (0.425) breaks minimum tick size rule: 0.01",
        ),
        (
            _posting("BUY", 10_000_000, 10_000_000),
            "order 0x12 is invalid. Price (1) breaks minimum tick size rule: 0.01",
        ),
        (
            _posting("SELL", 10_005_000, 5_002_500),
            "invalid amounts, the sell orders maker amount supports a max accuracy of 2 decimals,"
            " taker amount a max of 4 decimals",
        ),
        (
            _posting("BUY", 2_000_000, 4_000_000),
            "order 0x12 is invalid. Size (4) lower than the minimum: 5",
        ),
        (
            _posting("BUY", 4_250_000, 10_000_000, "FOK"),
            "order 0x12 is invalid. Price (0.425) breaks minimum tick size rule: 0.01",
        ),
        (
            _posting("SELL", 10_000_000, 4_250_000, "FAK"),
            "order 0x12 is invalid. Price (0.425) breaks minimum tick size rule: 0.01",
        ),
        (_posting("BUY", 5_000_000, 10_000_000, "GTD"), "invalid expiration"),
        (_posting("BUY", 5_000_000, 10_000_000, "GTC", NOW_S + 600), "invalid expiration"),
        (_posting("BUY", 5_000_000, 10_000_000, "GTD", NOW_S + 179), "invalid expiration"),
        (_posting("BUY", 0, 10_000_000), "Invalid order payload"),
        (_posting("BUY", "-1", 10_000_000), "Invalid order payload"),
        (_posting("BUY", 2**256, 10_000_000), "Invalid order payload"),
        (_posting("BUY", "9" * 5000, 10_000_000), "Invalid order payload"),
    ],
)
def test_terms_that_the_venue_does_not_take(posting: Posting, text: str) -> None:
    with pytest.raises(Refusal) as refusal:
        _checked(posting)
    assert (refusal.value.text, refusal.value.status) == (text, 400)


def test_a_dated_order_ends_a_minute_early() -> None:
    wanted = _checked(_posting("BUY", 5_000_000, 10_000_000, "GTD", NOW_S + 180))
    assert wanted.expires_ms == (NOW_S + 120) * 1000


def test_a_market_order_may_be_small_and_its_size_broken() -> None:
    wanted = _checked(_posting("BUY", 1_000_000, 1_785_700, "FAK"))
    assert (wanted.price, wanted.money) == (560_000, 1_000_000)


# --- what money buys ------------------------------------------------------------------------------------------------

Offers = list[Level]


@st.composite
def _offers(draw: st.DrawFn) -> Offers:
    prices = sorted(draw(st.sets(st.integers(1, 99), max_size=6)))
    return [(price * 10_000, draw(st.integers(1, 10_000)) * LOT) for price in prices]


@given(_offers(), st.integers(1, 10**9), st.integers(1, 99))
def test_money_buys_whole_lots_within_the_limit_and_never_more_than_it_can(
    offers: Offers, money: int, limit: int
) -> None:
    bought = buy_for(money, limit * 10_000, offers)
    reachable = [(price, size) for price, size in offers if price <= limit * 10_000]
    assert bought.size % LOT == 0
    assert bought.size <= sum(size for _, size in reachable)
    cost, left = Decimal(0), bought.size
    for price, size in reachable:
        cost += Decimal(price) * min(left, size) / MICRO
        left -= min(left, size)
    assert cost <= money
    assert bought.size == 0 or bought.worst_price in [price for price, _ in reachable]
    if bought.is_spent and bought.size < sum(size for _, size in reachable):
        next_price = next(price for price, _ in _after(reachable, bought.size))
        assert money - cost < Decimal(next_price) * LOT / MICRO + len(offers)


def _after(offers: Offers, size: int) -> Offers:
    """What is left of the offers when so much was bought."""
    rest = []
    for price, offered in offers:
        taken = min(size, offered)
        size -= taken
        if offered > taken:
            rest.append((price, offered - taken))
    return rest


def test_money_walks_the_book_from_its_best_price() -> None:
    offers = [(400_000, 50 * MICRO), (500_000, 100 * MICRO), (600_000, 100 * MICRO)]
    bought = buy_for(40 * MICRO, 500_000, offers)
    assert (bought.size, bought.worst_price, bought.is_spent) == (90 * MICRO, 500_000, True)
    bought = buy_for(100 * MICRO, 500_000, offers)
    assert (bought.size, bought.worst_price, bought.is_spent) == (150 * MICRO, 500_000, False)
    assert buy_for(MICRO, 300_000, offers).size == 0
