"""One request for many orders, and an answer for each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from hedgerow.core.errors import VenueError
from hedgerow.core.tasks import spawn
from hedgerow.core.tracing import span

Fates = Mapping[str, VenueError | None]
"""By the venue's id of an order: why it was not cancelled; None: it was."""


def one_by_one(coming: Coroutine[Any, Any, Fates], order_ids: Sequence[str]) -> list[Coroutine[Any, Any, None]]:
    """The answers of a cancel of many orders, in the order of their ids, each to be awaited. Each raises its own error,
    and an error of the whole request is everybody's."""
    whole = spawn(_settled(coming, order_ids), "cancel many")
    return [_answer(whole, order_id) for order_id in order_ids]


async def _settled(coming: Coroutine[Any, Any, Fates], order_ids: Sequence[str]) -> Fates:
    with span("venue.cancel_many", parent="") as traced:
        traced.tell("hedgerow.orders", len(order_ids))
        try:
            return await coming
        except VenueError as error:
            traced.fail(type(error).__name__)
            return dict.fromkeys(order_ids, error)


async def _answer(whole: asyncio.Task[Fates], order_id: str) -> None:
    error = (await asyncio.shield(whole))[order_id]
    if error is not None:
        raise error
