"""The order that tests of the scripted venue begin with."""

from __future__ import annotations

from typing import Any

import pytest

from hedgerow.venues.base import (
    Exchange,
    OrderRef,
)

from .script import Quotes, accepted


@pytest.fixture
async def ref(exchange: Exchange, venue: Any, quote: Quotes) -> OrderRef:
    """Of an order that rests."""
    made = exchange.ref_of(quote())
    venue.answer("POST /order", accepted(made.venue_ref))
    await exchange.place(quote())
    return made
