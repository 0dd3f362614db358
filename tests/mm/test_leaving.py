"""Whoever leaves an exchange leaves nothing of his there, and nothing of others is touched."""

from __future__ import annotations

import asyncio

import pytest

from hedgerow.core.errors import Reason, Refused, Unavailable
from hedgerow.core.states import OrderStatus
from hedgerow.mm import leaving
from hedgerow.mm.leaving import leave
from hedgerow.mm.orders import Order, Pending
from hedgerow.venues.base import OrderRef

from .lanekit import Parts, order_of


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "LAST_LOOK_S", 0.0)
    monkeypatch.setattr(leaving, "CANCEL_AGAIN_S", 0.0)


def known(parts: Parts, number: int, pending: Pending = Pending.NOTHING) -> Order:
    order = order_of(number, f"v-{number}")
    order.pending = pending
    parts.index.add(order)
    return order


async def test_everything_goes_in_one_request_where_nothing_is_on_its_way() -> None:
    parts = Parts()
    known(parts, 1)
    await leave(parts.access, parts.index, shares_account=False)
    assert (parts.exchange.all_cancelled, parts.exchange.cancelled) == (1, [])


@pytest.mark.parametrize("pending", [Pending.PLACE, Pending.AMEND, Pending.LOOKUP])
async def test_what_was_on_its_way_is_awaited_and_cancelled_too(pending: Pending) -> None:
    parts, pending_then = Parts(), list[Pending]()
    order = known(parts, 1, pending)

    async def cancel_all() -> None:
        pending_then.append(order.pending)
        asyncio.get_running_loop().call_soon(setattr, order, "pending", Pending.NOTHING)

    parts.exchange.cancel_all = cancel_all  # type: ignore[method-assign]
    await leave(parts.access, parts.index, shares_account=False)
    assert pending_then == [pending, Pending.NOTHING]


async def test_leaving_ends_though_an_answer_never_comes() -> None:
    parts = Parts()
    known(parts, 1, Pending.PLACE)
    await leave(parts.access, parts.index, shares_account=False)
    assert parts.exchange.all_cancelled == 2


async def test_exchange_that_does_not_answer_is_left_all_the_same() -> None:
    parts = Parts()
    known(parts, 1)
    parts.exchange.fails = [Unavailable("kalshi", "cancel all", "not reached")]
    await leave(parts.access, parts.index, shares_account=False)
    assert parts.exchange.all_cancelled == 0


async def test_of_a_shared_account_only_our_orders_go() -> None:
    parts = Parts()
    orders = [known(parts, 1), known(parts, 2)]
    await leave(parts.access, parts.index, shares_account=True)
    assert (parts.exchange.all_cancelled, parts.exchange.cancelled) == (0, ["v-1", "v-2"])
    assert [order.status for order in orders] == [OrderStatus.CANCELLED] * 2
    assert parts.told.orders == [1, 2]


async def test_order_that_rests_no_more_at_a_shared_account_is_not_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leaving, "LEAVE_WITHIN_S", 0.05)
    parts, asked = Parts(), list[str | None]()
    order = known(parts, 1)

    async def cancel(ref: OrderRef) -> None:
        asked.append(ref.venue_ref)
        raise Refused("kalshi", "cancel", "gone", reason=Reason.UNKNOWN_ORDER)

    parts.exchange.cancel = cancel  # type: ignore[assignment, method-assign]
    await leave(parts.access, parts.index, shares_account=True)
    assert asked == ["v-1"]
    assert order.status is OrderStatus.PLACED  # what became of it the next comparison finds


async def test_cancel_of_a_shared_accounts_order_is_repeated_until_it_is_answered() -> None:
    parts, failures = Parts(), 2
    order = known(parts, 1)

    async def cancel(_: object) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise Unavailable("kalshi", "cancel", "not reached")

    parts.exchange.cancel = cancel  # type: ignore[assignment, method-assign]
    await leave(parts.access, parts.index, shares_account=True)
    assert (failures, order.status) == (0, OrderStatus.CANCELLED)


async def test_leaving_a_shared_account_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "LEAVE_WITHIN_S", 0.01)
    parts = Parts()
    order = known(parts, 1)
    parts.exchange.refuses_cancels = Unavailable("kalshi", "cancel", "not reached")
    await leave(parts.access, parts.index, shares_account=True)
    assert order.is_live
