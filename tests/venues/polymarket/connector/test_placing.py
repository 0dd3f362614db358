"""Placing at a venue that answers by script, over real sockets."""

from __future__ import annotations

from typing import Any

import pytest

from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.states import OrderStatus
from hedgerow.venues.base import (
    Exchange,
    ExpectsOrders,
    Instrument,
    MarketChange,
    OrderRef,
    RehearsesOrders,
)
from hedgerow.venues.polymarket.auth import RequestSigner
from hedgerow.venues.polymarket.orders import OrderSigner, salt_and_timestamp

from .script import TOKEN, Events, Quotes, accepted, refused


async def test_accepted_order_rests_under_the_id_that_was_computed(
    exchange: Exchange, venue: Any, quote: Quotes
) -> None:
    ref = exchange.ref_of(quote())
    venue.answer("POST /order", accepted(ref.venue_ref))
    state = await exchange.place(quote())
    assert (state.venue_ref, state.client_ref) == (ref.venue_ref, ref.client_ref)
    assert (state.status, state.price, state.size, state.filled) == (OrderStatus.PLACED, 520_000, 10_000_000, 0)


async def test_id_of_an_order_that_was_sent_is_not_computed_again(
    exchange: Exchange, venue: Any, quote: Quotes, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, other = quote(), quote("0192f0c1-7a6b-7c3d-8e4f-00000000beef")
    refs = [exchange.ref_of(each) for each in (first, other)]
    for each, ref in zip((first, other), refs, strict=True):
        venue.answer("POST /order", accepted(ref.venue_ref))
        await exchange.place(each)

    def computed(*_: object) -> str:
        raise AssertionError("it was hashed again")

    monkeypatch.setattr(OrderSigner, "order_id", computed)
    assert [exchange.ref_of(each) for each in (first, other)] == refs


async def test_what_an_expected_order_needs_is_not_worked_out_again(exchange: Exchange, quote: Quotes) -> None:
    assert isinstance(exchange, ExpectsOrders)
    exchange.expect(quote().client_ref)
    before = salt_and_timestamp.cache_info()
    exchange.ref_of(quote())
    after = salt_and_timestamp.cache_info()
    assert (after.hits, after.misses) == (before.hits + 1, before.misses)


async def test_rehearsed_order_is_signed_and_goes_nowhere(
    exchange: Exchange, venue: Any, quote: Quotes, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed: list[bytes] = []
    lines = RequestSigner.lines

    def noting(self: RequestSigner, timestamp_s: int, method: str, path: str, body: bytes) -> bytes:
        signed.append(body)
        return lines(self, timestamp_s, method, path, body)

    monkeypatch.setattr(RequestSigner, "lines", noting)
    assert isinstance(exchange, RehearsesOrders)
    exchange.rehearse(quote())
    venue.answer("POST /order", accepted(exchange.ref_of(quote()).venue_ref))
    await exchange.place(quote())
    (sent,) = venue.requests("POST /order")
    assert [body.decode() for body in signed] == [sent.body, sent.body]


async def test_order_that_the_venue_names_otherwise_is_followed_under_that_name(
    exchange: Exchange, venue: Any, quote: Quotes
) -> None:
    venue.answer("POST /order", accepted("0xAB"))
    venue.answer("DELETE /order", {"canceled": ["0xab"], "not_canceled": {}})
    state = await exchange.place(quote())
    assert state.venue_ref == "0xab"
    await exchange.cancel(exchange.ref_of(quote()))
    assert venue.requests("DELETE /order")[0].json == {"orderID": "0xab"}


async def test_delayed_order_is_pending(exchange: Exchange, venue: Any, quote: Quotes) -> None:
    venue.answer("POST /order", accepted(exchange.ref_of(quote()).venue_ref, "delayed"))
    assert (await exchange.place(quote())).status is OrderStatus.PENDING_PLACEMENT


async def test_order_matched_at_once_is_filled(exchange: Exchange, venue: Any, quote: Quotes) -> None:
    order_id = exchange.ref_of(quote()).venue_ref
    venue.answer("POST /order", accepted(order_id, "matched", makingAmount="5.2", takingAmount="10"))
    state = await exchange.place(quote(post_only=False))
    assert (state.status, state.filled) == (OrderStatus.FILLED, 10_000_000)


@pytest.mark.parametrize("status", [200, 400])
async def test_refused_order_names_its_reason(exchange: Exchange, venue: Any, quote: Quotes, status: int) -> None:
    text = "invalid post-only order: order crosses book"
    venue.answer("POST /order", refused(text) if status == 200 else {"error": text}, status=status)
    with pytest.raises(Refused) as caught:
        await exchange.place(quote())
    assert caught.value.reason is Reason.PRICE


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("<html>bad gateway</html>", 502),
        ({"error": "could not insert order"}, 500),
        ("not json", 200),
        ({"success": True, "orderID": "computed", "status": "pondering"}, 200),
    ],
)
async def test_answer_that_settles_nothing_leaves_the_order_in_doubt(
    exchange: Exchange, venue: Any, quote: Quotes, answer: Any, status: int
) -> None:
    if isinstance(answer, dict) and answer.get("orderID") == "computed":
        answer = {**answer, "orderID": exchange.ref_of(quote()).venue_ref}
    venue.answer("POST /order", answer, status=status)
    with pytest.raises(InDoubt):
        await exchange.place(quote())
    assert len(venue.requests("POST /order")) == 1


async def test_lost_answer_leaves_the_order_in_doubt(exchange: Exchange, venue: Any, quote: Quotes, lost: Any) -> None:
    venue.answer("POST /order", lost)
    with pytest.raises(InDoubt):
        await exchange.place(quote())
    assert len(venue.requests("POST /order")) == 1


async def test_engine_that_restarts_took_nothing(exchange: Exchange, venue: Any, quote: Quotes) -> None:
    venue.answer("POST /order", "", status=425)
    with pytest.raises(Unavailable) as caught:
        await exchange.place(quote())
    assert caught.value.retry_after_s == 2.0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"price": 525_000}, Reason.PRICE),
        ({"price": 0}, Reason.PRICE),
        ({"price": 1_000_000}, Reason.PRICE),
        ({"size": 10_005_000}, Reason.LIMIT),
        ({"size": 4_990_000}, Reason.LIMIT),
        ({"expires_at_ms": 1_790_000_119_000}, Reason.INVALID),
    ],
)
async def test_quote_that_would_be_refused_or_rounded_is_not_sent(
    exchange: Exchange, venue: Any, quote: Quotes, change: dict[str, Any], reason: Reason
) -> None:
    with pytest.raises(Refused) as caught:
        await exchange.place(quote(**change))
    assert caught.value.reason is reason
    assert venue.requests("POST /order") == []


async def test_shortest_life_is_two_minutes(exchange: Exchange, venue: Any, quote: Quotes) -> None:
    short = quote(expires_at_ms=1_790_000_120_000)
    venue.answer("POST /order", accepted(exchange.ref_of(short).venue_ref))
    await exchange.place(short)
    (sent,) = venue.requests("POST /order")
    assert (sent.json["orderType"], sent.json["order"]["expiration"]) == ("GTD", "1790000180")


async def test_refusal_that_names_the_tick_tells_the_grid(
    exchange: Exchange, venue: Any, quote: Quotes, events: Events
) -> None:
    text = "order 0xab is invalid. Price (0.52) breaks minimum tick size rule: 0.1"
    venue.answer("POST /order", {"error": text}, status=400)
    with pytest.raises(Refused):
        await exchange.place(quote())
    venue.answer("POST /order", {"error": text.replace("0.1", "0.3")}, status=400)
    with pytest.raises(Refused):
        await exchange.place(quote("again"))
    assert events == [MarketChange(TOKEN, is_open=True, grid=PriceGrid.probability(100_000))]


async def test_budget_that_is_used_up_sends_nothing(exchange: Exchange, venue: Any, quote: Quotes) -> None:
    venue.answer("POST /order", refused("not enough balance / allowance"))
    for number in range(60):
        with pytest.raises(Refused):
            await exchange.place(quote(f"ref-{number}"))
    with pytest.raises(Unavailable, match="budget") as caught:
        await exchange.place(quote("one more"))
    assert caught.value.retry_after_s == pytest.approx(1 / 40)
    assert len(venue.requests("POST /order")) == 60


async def test_cancels_are_sent_in_any_case(exchange: Exchange, venue: Any, instrument: Instrument) -> None:
    venue.answer("DELETE /order", {"canceled": ["0x1"], "not_canceled": {}})
    for _ in range(130):  # ten more than the venue's bucket holds
        await exchange.cancel(OrderRef(instrument, None, "0x1"))
    assert len(venue.requests("DELETE /order")) == 130


async def test_too_many_requests_stop_further_ones_for_as_long_as_the_venue_says(
    exchange: Exchange, venue: Any, quote: Quotes, clock: SteppedClock
) -> None:
    venue.answer("POST /order", {"error": "Too Many Requests"}, status=429, headers={"Retry-After": "3"})
    with pytest.raises(Refused) as caught:
        await exchange.place(quote())
    assert caught.value.reason is Reason.RATE
    with pytest.raises(Unavailable, match="budget"):
        await exchange.place(quote("again"))
    assert len(venue.requests("POST /order")) == 1
    clock.advance(3.1)
    venue.answer("POST /order", accepted(exchange.ref_of(quote("later")).venue_ref))
    await exchange.place(quote("later"))
