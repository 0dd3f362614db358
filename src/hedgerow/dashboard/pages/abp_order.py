"""One order of bet placing: where it stands, its bets, and how it was routed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import ui

from hedgerow.core.clock import Clock
from hedgerow.dashboard.apis.abp import Decision, Order, Receipt
from hedgerow.dashboard.figures import money, odds, words
from hedgerow.dashboard.forms import whole
from hedgerow.dashboard.navigation import Page
from hedgerow.dashboard.pages.abp_betslip import GROUP
from hedgerow.dashboard.parts import Figure, Rows, actions, button, confirmed, figures, panel
from hedgerow.dashboard.rows import abp as rows
from hedgerow.dashboard.sessions import Kind
from hedgerow.dashboard.visit import Visit

_EVERY_S, _LEAST_S = 20.0, 2.0
_FIGURES = ("State", "Fixture", "Outcome", "Stake", "Filled", "Worst odds", "Reference", "Kind")


@dataclass(frozen=True, slots=True)
class _Found:
    order: Order | None
    receipt: Receipt


async def build(visit: Visit) -> None:
    order_id = whole(str(visit.parameters["order_id"]))
    if order_id is None:
        ui.label("An order's number is digits alone. Choose one on the page Orders and bets.").classes("empty")
        return

    async def stop() -> None:
        text = "What is not bet yet is not bet any more. Bets that are placed stay."
        if await confirmed("Cancel the order?", text, "Cancel order", is_danger=True) is not None:
            await visit.act(lambda: visit.abp.cancel(order_id), lambda count: f"{count} orders were cancelled")
            ask()

    with panel(f"Order {order_id}"):
        with figures(are_facts=True):
            shown = {name: Figure(name) for name in _FIGURES}
        with actions():
            cancel = button("Cancel order", stop, kind="danger")
    with panel("Bets"):
        bets = Rows("Bets", rows.BETS, "No bet yet: one is made for each bookmaker that takes a part of the stake.")
    decisions = _Decisions(visit.clock)

    async def load() -> _Found:
        orders, receipt = await asyncio.gather(
            visit.abp.orders(limit=1, order_ids=str(order_id)), visit.abp.receipt(order_id)
        )
        return _Found(orders[0] if orders else None, receipt)

    def show(found: _Found) -> None:
        if found.order is None:
            return
        for name, text in figures_of(found.order).items():
            shown[name].show(text)
        cancel.set_visibility(rows.is_open(found.order))
        now = visit.clock.now()
        bets.show([rows.bet_row(bet, now) for bet in found.order.bets])
        decisions.show(found.receipt.decisions)

    on = ((Kind.ABP, "orders"), (Kind.ABP, "bets"), (Kind.ABP, "settlements"))
    ask = visit.keep(load, show, every_s=_EVERY_S, least_s=_LEAST_S, on=on)


class _Decisions:
    """The routing receipt, a panel for each decision; drawn anew when one has come."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._shown = clock, -1
        self._place = ui.element("div")
        self._tables: list[Rows] = []
        self.show(())

    def show(self, found: Sequence[Decision]) -> None:
        if len(found) != self._shown:
            self._shown = len(found)
            self._draw(found)
        for table, decision in zip(self._tables, found, strict=True):
            table.show(rows.allocation_rows(decision))

    def _draw(self, found: Sequence[Decision]) -> None:
        self._place.clear()
        self._tables.clear()
        with self._place:
            if not found:
                with panel("Routing"):
                    ui.label("Nothing was decided yet. Every attempt to route the order stands here.").classes("empty")
            for decision in found:
                title = f"Routing, attempt {decision.attempt}"
                with panel(title, rows.decision_title(decision, self._clock.now())):
                    self._tables.append(Rows(title, rows.ALLOCATIONS, "No bookmaker could take any of it."))
                    if left := rows.left_out_rows(decision):
                        Rows(f"Left out of attempt {decision.attempt}", rows.LEFT_OUT, "").show(left)


def figures_of(order: Order) -> dict[str, str]:
    """The text of each figure."""
    state = words(order.order_status) + (f": {order.status_reason}" if order.status_reason else "")
    told = (
        state,
        rows.fixture_of(order.fixture_info, order.fixture_id),
        rows.outcome_of(order.outcome_info, order.outcome_id),
        money(order.order_stake, order.order_currency),
        money(order.filled_stake, order.order_currency),
        odds(order.order_price),
        order.user_ref,
        "test order" if order.test_order else "real order",
    )
    return dict(zip(_FIGURES, told, strict=True))


PAGE = Page("/abp/orders/{order_id}", "Order", GROUP, "help", Kind.ABP, build)
