"""When a lane takes new orders, and when it sends them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, NoReturn, cast

from hedgerow.bus.world_clock import FollowedClock, Pace
from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import Unavailable
from hedgerow.core.ids import OutcomeId, VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.states import OrderStatus, Side
from hedgerow.core.tasks import at_once, spawn
from hedgerow.mm.lane import Lane
from hedgerow.mm.numbers import OrderNumbers
from hedgerow.mm.orders import Act, Command, Slot
from hedgerow.venues.base import Instrument, NewQuote, OrderRef, StreamGap

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]
HOUR_NS = 3600 * 10**9
SECOND_NS = 10**9
TURNS = 50
INSTRUMENT = Instrument(VenueSlug("kalshi"), "contract", "market", PriceGrid.probability(10_000))


async def test_hold_that_is_over_stays_over_when_the_clock_is_put_back(eventually: Eventually) -> None:
    looked: list[Any] = []
    clock = FollowedClock()
    clock.run(Pace.STEPPED, 2 * HOUR_NS)
    exchange = SimpleNamespace(manifest=SimpleNamespace(slug="kalshi"))
    owner = SimpleNamespace(on_free=lambda *given: looked.append(given))
    lane = Lane(1, cast(Any, exchange), cast(Any, owner), clock, OrderNumbers(), 0)
    lane.is_synced = lane._stream_is_up = True
    lane._hold.keep(1.0)
    assert not lane.is_ready
    await eventually(lambda: clock.next_wake_ns() is not None)
    clock.step_to(2 * HOUR_NS + SECOND_NS)
    await eventually(lambda: bool(looked))
    clock.run(Pace.STEPPED, HOUR_NS)
    assert lane.is_ready


async def test_placement_leaves_in_the_turn_of_its_decision_and_its_error_in_a_later_one(
    eventually: Eventually,
) -> None:
    left: list[NewQuote] = []

    def send(quote: NewQuote) -> Any:
        left.append(quote)
        raise Unavailable("kalshi", "place", "not reached")

    exchange = SimpleNamespace(
        manifest=SimpleNamespace(slug="kalshi"),
        place=lambda quote: at_once(send, quote),
        ref_of=lambda quote: OrderRef(quote.instrument, quote.client_ref, None),
    )
    owner = SimpleNamespace(on_order=lambda *_: None, on_free=lambda *_: None)
    numbers = OrderNumbers()
    numbers.add([7])
    lane = Lane(1, cast(Any, exchange), cast(Any, owner), SteppedClock(HOUR_NS), numbers, 0)
    slot = lane.add_slot(Slot(INSTRUMENT, Side.BUY, OutcomeId(1)))
    order = lane.send(slot, Command(Act.PLACE, None, 450_000, 2_000_000))
    assert [(quote.client_ref, quote.price) for quote in left] == [(order.client_ref, 450_000)]
    assert order.status is OrderStatus.PENDING_PLACEMENT
    await eventually(lambda: order.status is OrderStatus.FAILED)


async def test_exchange_hears_of_the_next_orders_reference_when_an_order_has_left() -> None:
    told: list[tuple[str, str]] = []

    def place(quote: NewQuote) -> Any:
        told.append(("left", quote.client_ref))
        return _unanswered()

    exchange = SimpleNamespace(
        manifest=SimpleNamespace(slug="kalshi"),
        place=place,
        expect=lambda reference: told.append(("expected", reference)),
        ref_of=lambda quote: OrderRef(quote.instrument, quote.client_ref, None),
    )
    owner = SimpleNamespace(on_order=lambda *_: None, on_free=lambda *_: None)
    numbers = OrderNumbers()
    numbers.add([7, 8])
    lane = Lane(1, cast(Any, exchange), cast(Any, owner), SteppedClock(HOUR_NS), numbers, 0)
    first, second = (
        lane.send(lane.add_slot(Slot(INSTRUMENT, side, OutcomeId(1))), Command(Act.PLACE, None, 450_000, 2_000_000))
        for side in (Side.BUY, Side.SELL)
    )
    assert told[:3] == [("left", first.client_ref), ("expected", second.client_ref), ("left", second.client_ref)]


async def _unanswered() -> NoReturn:
    raise Unavailable("kalshi", "place", "not reached")


async def test_comparison_that_a_break_of_the_stream_cut_through_does_not_count(eventually: Eventually) -> None:
    asked, answer = list[str](), asyncio.Event()

    async def fills(_: int) -> list[Any]:
        return []

    async def working() -> list[Any]:
        asked.append("working")
        await answer.wait()
        return []

    async def opened(_: object) -> None:
        return None

    exchange = SimpleNamespace(manifest=SimpleNamespace(slug="kalshi"), open=opened, fills=fills, working=working)
    owner = SimpleNamespace(provisional_since_ms=lambda _: None, on_free=lambda *_: None)
    lane = Lane(1, cast(Any, exchange), cast(Any, owner), SteppedClock(HOUR_NS), OrderNumbers(), 0)
    await lane.open(None)
    comparing = spawn(lane.resync(), "resync")
    await eventually(lambda: bool(asked))
    lane._event(StreamGap("lost", is_down=True))
    answer.set()
    await comparing
    assert not lane.is_synced
    lane._event(StreamGap("back", is_down=False))
    await eventually(lambda: lane.is_synced)
    assert len(asked) == 2
