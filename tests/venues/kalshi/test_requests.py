"""Every request as it leaves, held against `requests.json`.

Paths and bodies there are written from the venue's documents; the signatures were made from them with an Ed25519 key
of one repeated byte (0x11), apart from this code.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from hedgerow.core.money import Micros
from hedgerow.core.states import Side
from hedgerow.venues.base import Exchange, ExchangeEvent, Instrument, NewQuote, OrderRef

ORDER_ID = "3b23c1c7-f4ef-4f0d-8b9a-9e53c61f1a0d"
CLIENT_REF = "8c35ecb3-328f-4f52-8c7c-0f4b9862f8d1"
ORDERS = "/portfolio/events/orders"

Check = Callable[[str], None]


@pytest.fixture
async def exchange(build: Callable[..., Exchange], venue: Any, events: list[ExchangeEvent]) -> AsyncIterator[Exchange]:
    """An opened connector whose opening requests are out of sight."""
    made = build()
    await made.open(events.append)
    venue.seen.clear()
    yield made
    await made.close()


@pytest.fixture
def sent(venue: Any, golden: dict[str, Any]) -> Check:
    """Compares what was sent with the recorded requests of a name."""

    def check(name: str) -> None:
        recorded = golden[name]
        assert [_as_recorded(seen) for seen in venue.seen] == recorded

    return check


def _as_recorded(seen: Any) -> dict[str, Any]:
    where = f"{seen.method} {seen.path}" + (f"?{seen.query}" if seen.query else "")
    headers = {name: value for name, value in seen.headers.items() if name.startswith("KALSHI-")}
    return {"request": where, "headers": headers} | ({"body": seen.body} if seen.body else {})


@pytest.fixture
def ref(instrument: Instrument) -> OrderRef:
    return OrderRef(instrument, CLIENT_REF, ORDER_ID)


async def test_opening_reads_the_limits_and_signs_the_stream(
    build: Callable[..., Exchange], venue: Any, sent: Check, golden: dict[str, Any]
) -> None:
    made = build()
    await made.open(lambda event: None)
    sent("limits")
    headers = {name: value for name, value in venue.upgrades[0].items() if name.startswith("KALSHI-")}
    assert headers == golden["stream"][0]["headers"]
    await made.close()


async def test_a_bid(exchange: Exchange, venue: Any, quote: Callable[..., NewQuote], sent: Check, payload: Any) -> None:
    venue.answer(f"POST {ORDERS}", json.loads(payload("place_answer.json")), status=201)
    await exchange.place(quote())
    sent("place bid")


async def test_an_ask_that_expires(exchange: Exchange, venue: Any, quote: Callable[..., NewQuote], sent: Check) -> None:
    answer = {"order_id": ORDER_ID, "fill_count": "0.00", "remaining_count": "2.50", "ts_ms": 1}
    venue.answer(f"POST {ORDERS}", answer, status=201)
    asked = quote(
        side=Side.SELL,
        price=Micros(611_000),
        size=Micros(2_500_000),
        post_only=False,
        expires_at_ms=1_790_000_060_999,
    )
    await exchange.place(asked)
    sent("place expiring ask")


async def test_a_reference_that_is_taken(
    exchange: Exchange, venue: Any, quote: Callable[..., NewQuote], sent: Check, payload: Any
) -> None:
    venue.answer(f"POST {ORDERS}", {"error": {"code": "order_already_exists", "message": "x"}}, status=409)
    venue.answer("GET /portfolio/orders", json.loads(payload("orders_page.json")))
    await exchange.place(quote())
    sent("place known reference")


async def test_an_amend(exchange: Exchange, venue: Any, ref: OrderRef, sent: Check) -> None:
    venue.answer(f"POST {ORDERS}/{ORDER_ID}/amend", {"order_id": ORDER_ID, "ts_ms": 1, "remaining_count": "12.00"})
    await exchange.amend(ref, Side.BUY, Micros(550_000), Micros(12_000_000), Micros(0))
    sent("amend")


async def test_a_cancel(exchange: Exchange, venue: Any, ref: OrderRef, sent: Check) -> None:
    venue.answer(f"DELETE {ORDERS}/{ORDER_ID}", {"order_id": ORDER_ID, "reduced_by": "10.00", "ts_ms": 1})
    await exchange.cancel(ref)
    sent("cancel")


async def test_a_cancel_of_everything(exchange: Exchange, venue: Any, sent: Check) -> None:
    venue.answer(f"DELETE {ORDERS}", "", status=204)
    await exchange.cancel_all()
    sent("cancel all")


async def test_finding_by_reference(
    exchange: Exchange, venue: Any, instrument: Instrument, sent: Check, payload: Any
) -> None:
    venue.answer("GET /exchange/user_data_timestamp", {"as_of_time": "2026-09-21T14:13:20Z"})
    venue.answer("GET /portfolio/orders", json.loads(payload("orders_page.json")))
    await exchange.find_order(OrderRef(instrument, CLIENT_REF, None))
    sent("find by reference")


async def test_finding_by_id(exchange: Exchange, venue: Any, ref: OrderRef, sent: Check, payload: Any) -> None:
    venue.answer(f"GET /portfolio/orders/{ORDER_ID}", {"order": json.loads(payload("orders_page.json"))["orders"][0]})
    await exchange.find_order(ref)
    sent("find by id")


async def test_what_rests_page_by_page(exchange: Exchange, venue: Any, sent: Check, payload: Any) -> None:
    page = json.loads(payload("orders_page.json"))
    venue.answer("GET /portfolio/orders", page | {"cursor": "next"}, page)
    await exchange.working()
    sent("working")


Call = Callable[[Exchange, Instrument], Awaitable[Any]]


@pytest.mark.parametrize(
    ("name", "request_line", "answer", "call"),
    [
        ("fills", "GET /portfolio/fills", {"fills": []}, lambda exchange, _: exchange.fills(1_790_000_000_000)),
        (
            "resolutions",
            "GET /markets",
            {"markets": [], "cursor": ""},
            lambda exchange, instrument: exchange.resolutions([instrument, instrument]),
        ),
    ],
)
async def test_a_read(
    name: str,
    request_line: str,
    answer: Any,
    call: Call,
    exchange: Exchange,
    venue: Any,
    instrument: Instrument,
    sent: Check,
) -> None:
    venue.answer(request_line, answer)
    await call(exchange, instrument)
    sent(name)


async def test_the_balance_and_what_rests(exchange: Exchange, venue: Any, sent: Check) -> None:
    venue.answer("GET /portfolio/orders", {"orders": [], "cursor": ""})
    venue.answer("GET /portfolio/balance", {"balance": 100, "balance_dollars": "1.0000", "portfolio_value": 0})
    await exchange.balance()
    sent("balance")


async def test_listings_ask_for_events_and_fees_of_each_series(
    exchange: Exchange, venue: Any, sent: Check, payload: Any
) -> None:
    venue.answer("GET /events", json.loads(payload("events_tennis.json")))
    series = {"ticker": "KXUFCFIGHT", "fee_type": "quadratic", "fee_multiplier": 1}
    venue.answer("GET /series/KXUFCFIGHT", {"series": series})
    await exchange.listings("mma")
    sent("listings")
