"""Beats, what closing cancels, and the switch's lapse."""

from __future__ import annotations

import asyncio
from typing import Any

from hedgerow.core.clock import SteppedClock
from hedgerow.venues.base import (
    Exchange,
    StreamGap,
)

from .script import Events, Quotes, Until, accepted


async def test_nothing_beats_before_the_first_order(exchange: Exchange, venue: Any) -> None:
    await exchange.working()
    assert venue.requests("POST /v1/heartbeats") == []


async def test_closing_cancels_what_the_switch_would_cancel(
    build: Any, venue: Any, events: Events, quote: Quotes
) -> None:
    exchange = build()
    await exchange.open(events.append)
    venue.answer("POST /order", accepted(exchange.ref_of(quote()).venue_ref))
    await exchange.place(quote())
    await exchange.close()  # the first beat may still be on its way
    assert len(venue.requests("DELETE /cancel-all")) == 1


async def test_closing_without_an_order_cancels_nothing(build: Any, venue: Any, events: Events) -> None:
    exchange = build()
    await exchange.open(events.append)
    await exchange.close()
    assert venue.requests("DELETE /cancel-all") == []


async def test_closing_survives_a_venue_that_is_gone(
    build: Any, venue: Any, events: Events, quote: Quotes, lost: Any
) -> None:
    exchange = build()
    await exchange.open(events.append)
    venue.answer("POST /order", accepted(exchange.ref_of(quote()).venue_ref))
    await exchange.place(quote())
    venue.answer("DELETE /cancel-all", lost)
    await exchange.close()


async def test_lapse_of_the_switch_asks_for_what_rests(
    exchange: Exchange, venue: Any, quote: Quotes, events: Events, clock: SteppedClock, until: Until, lost: Any
) -> None:
    venue.answer("POST /order", accepted(exchange.ref_of(quote()).venue_ref))
    await exchange.place(quote())
    await until(lambda: exchange._heart._accepted_ms is not None)  # type: ignore[attr-defined]
    await asyncio.sleep(0)
    clock.advance(11)
    await until(lambda: events)
    (gap,) = events
    assert isinstance(gap, StreamGap)
    assert not gap.is_down
    assert "11 s" in gap.reason
