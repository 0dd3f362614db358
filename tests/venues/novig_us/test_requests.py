"""Golden requests: a call in, the exact requests out. `requests.json` holds them.

Origin: methods, paths and members as in docs.novig.com (NBX OpenAPI 0.0.44); of lists and of the kill switch as clients
of the venue's users send them. The venue here answers by script and has no socket, so that a placement is followed by a
question for its order."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.venues.scripted import LOST, ScriptedVenue, Seen

from hedgerow.core.errors import CannotTell, InDoubt, VenueError
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import OrderStatus, Side
from hedgerow.exam.bench import NOW_S
from hedgerow.venues import opening
from hedgerow.venues.base import Instrument, NewQuote, OrderRef, VenueContext
from hedgerow.venues.novig_us import MANIFEST
from hedgerow.venues.novig_us.connector import Novig
from hedgerow.venues.novig_us.errors import VENUE
from hedgerow.venues.novig_us.listing import GRID
from hedgerow.venues.novig_us.orders import OPPOSITE, flags_of
from hedgerow.venues.novig_us.taking import NovigTaking
from hedgerow.venues.taking import Leg, TakeOrder

from .conftest import Load
from .test_parse import AWAY, HOME

GOLDEN: dict[str, list[dict[str, str]]] = json.loads((Path(__file__).parent / "requests.json").read_text())
EMM = "/nbx/v2/emm"
MARKET, ORDER = "6a1d3c1e-2f3b-5a70-9d7e-0c6f6d1b2a01", "01990f91-2d8a-7b6c-8a1e-4f5a6b7c8d90"
INSTRUMENT = Instrument(VENUE, HOME, MARKET, GRID, meta={OPPOSITE: AWAY})
Call = Callable[[Novig], Awaitable[object]]


def quote(**changes: Any) -> NewQuote:
    """A bid for 10 at 0.52, or what is said otherwise."""
    given = {"instrument": INSTRUMENT, "side": Side.BUY, "price": Micros(520_000), "size": Micros(10 * MICRO)}
    return NewQuote("quote-1", **{**given, **changes})


CALLS: dict[str, Call] = {
    "place a bid": lambda exchange: exchange.place(quote()),
    "place an ask that ends": lambda exchange: exchange.place(
        quote(side=Side.SELL, price=Micros(655_000), post_only=False, expires_at_ms=(NOW_S + 90) * 1000)
    ),
    "cancel": lambda exchange: exchange.cancel(OrderRef(INSTRUMENT, None, ORDER)),
    "find by id": lambda exchange: exchange.find_order(OrderRef(INSTRUMENT, "quote-1", ORDER)),
    "find by reference": lambda exchange: exchange.find_order(OrderRef(INSTRUMENT, "quote-1", None)),
    "working": lambda exchange: exchange.working(),
    "fills": lambda exchange: exchange.fills(0),
    "balance": lambda exchange: exchange.balance(),
    "listings": lambda exchange: exchange.listings("tennis"),
    "resolutions": lambda exchange: exchange.resolutions([INSTRUMENT]),
}


def recorded(seen: Seen) -> dict[str, str]:
    told = {"request": f"{seen.method} {seen.path}" + (f"?{seen.query}" if seen.query else "")}
    members = {"token": seen.headers.get("Authorization", ""), "body": seen.body}
    return told | {name: text for name, text in members.items() if text}


@pytest.fixture
async def exchange(
    venue: ScriptedVenue, context: VenueContext, load: Load, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Novig]:
    """Opened, though no socket answers; its opening requests are out of sight."""
    monkeypatch.setattr(opening, "OPEN_WITHIN_S", 0.01)
    venue.answer(f"GET {EMM}/orders/all", [])
    venue.answer(f"GET {EMM}/fills/all", [])
    venue.answer(f"GET {EMM}/locks", {"systemLock": None, "lockedEventIds": []})
    venue.answer(f"GET {EMM}/markets/open", [load("market")])
    venue.answer(f"GET {EMM}/markets/{MARKET}", load("market"))
    venue.answer(f"GET {EMM}/account/balance", {"balance": 1_000_000})
    venue.answer(f"POST {EMM}/orders/place", {"id": ORDER}, status=201)
    venue.answer(f"GET {EMM}/orders/{ORDER}", load("order", status="CANCELED"))
    venue.answer(f"DELETE {EMM}/orders/{ORDER}", {})
    made = Novig(context, MANIFEST)
    await made.open(lambda event: None)
    venue.seen = []
    yield made
    await made.close()


def sent(venue: ScriptedVenue) -> list[dict[str, str]]:
    """Without the attempts to open the socket."""
    return [recorded(seen) for seen in venue.seen if seen.path != "/tape"]


@pytest.mark.parametrize("call", sorted(CALLS))
async def test_call_sends_exactly_its_requests(exchange: Novig, venue: ScriptedVenue, call: str) -> None:
    with suppress(VenueError):  # only what was sent counts
        await CALLS[call](exchange)
    assert sent(venue) == GOLDEN[call]


async def test_opening_signs_in(venue: ScriptedVenue, context: VenueContext) -> None:
    taking = NovigTaking(context, MANIFEST)
    await taking.open()
    await taking.close()
    assert sent(venue) == GOLDEN["open"]


async def test_a_bet_is_sent_once_and_asked_for(exchange: Novig, venue: ScriptedVenue, context: VenueContext) -> None:
    taking = NovigTaking(context, MANIFEST)
    await taking.open()
    venue.seen = []
    taken = await taking.take(
        TakeOrder("bet-1", Leg(INSTRUMENT, Side.SELL), 345_000, 7 * MICRO, 345_000, is_whole=True)
    )
    await taking.close()
    assert (taken.venue_ref, taken.is_over) == (ORDER, False)  # its fills are not told yet
    assert sent(venue) == GOLDEN["take"]


async def test_everything_is_cancelled_by_the_switch_and_then_by_the_list(
    exchange: Novig, venue: ScriptedVenue, load: Load
) -> None:
    venue.answer(f"DELETE {EMM}/kill", {})
    venue.answer(f"DELETE {EMM}/orders/batch", {})
    venue.answer(f"GET {EMM}/orders/all", [load("order")], [])
    await exchange.cancel_all()
    await exchange.cancel_all()
    assert sent(venue) == GOLDEN["cancel all"]


async def test_orders_that_outlive_their_cancel_are_not_said_to_be_gone(
    exchange: Novig, venue: ScriptedVenue, load: Load
) -> None:
    venue.answer(f"DELETE {EMM}/kill", {"message": "once in 30 s"}, status=429)
    venue.answer(f"DELETE {EMM}/orders/batch", {})
    venue.answer(f"GET {EMM}/orders/all", [load("order")])
    with pytest.raises(InDoubt, match="1 orders still rest"):
        await exchange.cancel_all()


async def test_connectors_that_share_an_account_can_each_cancel_everything(
    exchange: Novig, venue: ScriptedVenue, context: VenueContext
) -> None:
    venue.answer(f"DELETE {EMM}/kill", {})
    one_of_many = Novig(replace(context, sharers=4), MANIFEST)
    await one_of_many.cancel_all()
    await one_of_many.cancel_all()
    asked = [venue.requests(request) for request in (f"DELETE {EMM}/kill", f"GET {EMM}/orders/all")]
    assert [len(seen) for seen in asked] == [1, 1]
    await one_of_many.close()


# --- what answers mean ---------------------------------------------------------------------------------------------


async def test_without_the_socket_an_order_is_asked_for(exchange: Novig, venue: ScriptedVenue, load: Load) -> None:
    venue.answer(f"GET {EMM}/orders/{ORDER}", load("order", qty=1000, flags=flags_of("quote-1")))
    placed = await exchange.place(quote())
    assert (placed.status, placed.venue_ref, placed.client_ref) == (OrderStatus.PLACED, ORDER, "quote-1")


async def test_an_order_of_which_nothing_is_heard_is_in_the_queue(exchange: Novig, venue: ScriptedVenue) -> None:
    venue.answer(f"GET {EMM}/orders/{ORDER}", {"message": "Order not found"}, status=404)
    placed = await exchange.place(quote())
    assert (placed.status, placed.venue_ref) == (OrderStatus.PENDING_PLACEMENT, ORDER)


@pytest.mark.parametrize("body", [{}, {"status": "queued"}, [], "<html>"])
async def test_an_answer_without_an_id_leaves_the_order_in_doubt(
    exchange: Novig, venue: ScriptedVenue, body: Any
) -> None:
    venue.answer(f"POST {EMM}/orders/place", body, status=201)
    with pytest.raises(InDoubt):
        await exchange.place(quote())


async def test_a_token_that_is_refused_is_renewed_once(exchange: Novig, venue: ScriptedVenue) -> None:
    venue.answer(f"POST {EMM}/orders/place", {"message": "Unauthorized"}, status=401)
    venue.then(f"POST {EMM}/orders/place", {"id": ORDER}, status=201)
    with suppress(VenueError):
        await exchange.place(quote())
    asked = [seen["request"] for seen in sent(venue)][:3]
    assert asked == [f"POST {EMM}/orders/place", "POST /nbx/v1/auth/emm-token", f"POST {EMM}/orders/place"]


async def test_an_order_that_was_lost_is_found_by_its_flags(exchange: Novig, venue: ScriptedVenue, load: Load) -> None:
    venue.answer(f"POST {EMM}/orders/place", LOST)
    with pytest.raises(InDoubt):
        await exchange.place(quote())
    ours = load("order", flags=flags_of("quote-1"))
    venue.answer(f"GET {EMM}/orders/all", [load("order", id="another"), ours])
    found = await exchange.find_order(exchange.ref_of(quote()))
    assert found is not None
    assert (found.venue_ref, found.client_ref) == (ORDER, "quote-1")


async def test_of_two_orders_with_one_name_neither_is_taken_for_ours(
    exchange: Novig, venue: ScriptedVenue, load: Load
) -> None:
    ours = load("order", flags=flags_of("quote-1"))
    venue.answer(f"GET {EMM}/orders/all", [ours, {**ours, "id": "again"}])
    with pytest.raises(CannotTell, match="2 orders have the flags"):
        await exchange.find_order(exchange.ref_of(quote()))


async def test_what_our_own_orders_did_to_each_other_is_not_among_the_fills(
    exchange: Novig, venue: ScriptedVenue, load: Load
) -> None:
    venue.answer(f"GET {EMM}/fills/all", [load("fill", id="wash", isWash=True), load("fill")])
    assert [fill.trade_ref for fill in await exchange.fills(0)] == [load("fill")["id"]]


async def test_pages_overlap_and_a_list_that_slips_is_read_again(
    exchange: Novig, venue: ScriptedVenue, load: Load
) -> None:
    rows = [load("order", id=f"order {number}") for number in range(300)]
    venue.answer(f"GET {EMM}/orders/all", rows[:256], rows[257:], rows[1:257], rows[256:])
    working = await exchange.working()
    assert [state.venue_ref for state in working] == [row["id"] for row in rows[1:]]
    offsets = [seen.query.rpartition("=")[2] for seen in venue.requests(f"GET {EMM}/orders/all")]
    assert offsets == ["0", "255", "0", "255"]


def test_every_golden_request_belongs_to_a_call() -> None:
    assert set(GOLDEN) == {*CALLS, "open", "take", "cancel all"}
