"""What the connector makes of answers that the simulated venue does not give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused
from hedgerow.core.money import Micros
from hedgerow.core.secrets import Secret
from hedgerow.core.states import Side
from hedgerow.venues.base import Exchange, Instrument, NewQuote, VenueContext
from hedgerow.venues.prophetx.odds import CENT, GRID
from hedgerow.venues.prophetx.orders import quote_body
from hedgerow.venues.registry import build_bookmaker

from .conftest import FIRST, NO_ORDERS, NOW_S, SECOND, V4

Order = Callable[..., dict[str, Any]]
Quote = Callable[..., NewQuote]


def placed(order: dict[str, Any]) -> dict[str, Any]:
    return {"data": {"success": True, "order": order}}


@pytest.mark.parametrize(("post_only", "reason"), [(True, Reason.PRICE), (False, Reason.FUNDS)])
async def test_an_order_that_did_not_become_active_is_refused(
    exchange: Exchange, venue: Any, quote: Quote, order: Order, post_only: bool, reason: Reason
) -> None:
    venue.answer(f"POST {V4}/submit_order", placed(order(status="invalid")))
    with pytest.raises(Refused) as refusal:
        await exchange.place(quote(post_only=post_only))
    assert refusal.value.reason is reason


@pytest.mark.parametrize("changes", [{"external_id": "other"}, {"status": "pondering"}, {"price": 121}])
async def test_an_answer_that_is_not_understood_leaves_the_order_in_doubt(
    exchange: Exchange, venue: Any, quote: Quote, order: Order, changes: dict[str, Any]
) -> None:
    venue.answer(f"POST {V4}/submit_order", placed(order(**changes)))
    with pytest.raises(InDoubt):
        await exchange.place(quote())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"price": Micros(476_191)}, Reason.PRICE),
        ({"size": Micros(21_000_001)}, Reason.LIMIT),
        ({"size": Micros(210_000)}, Reason.LIMIT),
    ],
)
async def test_what_the_venue_would_refuse_is_not_sent(
    exchange: Exchange, venue: Any, quote: Quote, changes: dict[str, Any], reason: Reason
) -> None:
    with pytest.raises(Refused) as refusal:
        await exchange.place(quote(**changes))
    assert refusal.value.reason is reason
    assert venue.requests(f"POST {V4}/submit_order") == []


async def test_a_reference_that_the_venue_cannot_take_is_not_sent(exchange: Exchange, venue: Any, quote: Quote) -> None:
    with pytest.raises(Refused, match="reference"):
        await exchange.place(replace(quote(), client_ref="a b"))
    assert venue.requests(f"POST {V4}/submit_order") == []


async def test_absence_counts_only_by_a_list_that_is_as_far(
    exchange: Exchange, venue: Any, lost: object, quote: Quote, clock: SteppedClock
) -> None:
    venue.answer(f"POST {V4}/submit_order", lost)
    with pytest.raises(InDoubt):
        await exchange.place(quote())
    clock.advance_to(clock.now_ns() + 61 * NS_PER_S)
    with pytest.raises(CannotTell):
        await exchange.find_order(exchange.ref_of(quote()))
    venue.answer(f"GET {V4}/get_order_history", NO_ORDERS | {"last_synced_at": NOW_S + 61})
    assert await exchange.find_order(exchange.ref_of(quote())) is None


@pytest.mark.parametrize(("told", "free"), [("", 100), ("late", 70)])
async def test_stakes_that_leave_late_are_not_free(context: VenueContext, venue: Any, told: str, free: int) -> None:
    funds = {"balance": 100, "matched_order_balance": 20, "unmatched_order_balance": 10}
    venue.answer(f"GET {V4}/get_balance", {"data": funds})
    keys = {**context.account.credentials, "deduction": Secret(told)}
    bookmaker = build_bookmaker("prophetx", replace(context, account=replace(context.account, credentials=keys)))
    await bookmaker.open()
    balance = await bookmaker.balance()
    await bookmaker.close()
    assert (balance.free, balance.held) == (free, 10)


@given(price=st.sampled_from(list(GRID)), lots=st.integers(1, 10**4), side=st.sampled_from(list(Side)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_what_is_sent_is_the_quotes_money_in_whole_cents(
    price: Micros, lots: int, side: Side, instrument: Instrument, quote: Quote
) -> None:
    size = max(lots * instrument.lot_at(price), instrument.least_at(price))
    body = quote_body(quote(price=price, size=Micros(size), side=side))
    stake = GRID.at_risk(price, size, buys=side is Side.BUY)
    assert (body.quantity * 10**6, stake % CENT) == (stake, 0)
    assert body.strike_id == (FIRST if side is Side.BUY else SECOND)
    own = GRID.at(body.price)
    assert own is not None
    assert GRID.contracts(own, int(body.quantity * Decimal(10**6))) == size
