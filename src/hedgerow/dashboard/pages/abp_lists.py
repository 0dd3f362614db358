"""Bet placing's lists: orders and bets by reference, accounts, open positions, profit and loss."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from nicegui import ui

from hedgerow.dashboard.apis.abp import Bet, Order, Pnl, Position
from hedgerow.dashboard.figures import gain, tone
from hedgerow.dashboard.navigation import Page
from hedgerow.dashboard.pages.abp_betslip import GROUP, USER_REF
from hedgerow.dashboard.parts import Figure, Rows, actions, button, confirmed, fields, figures, panel
from hedgerow.dashboard.rows import abp as rows
from hedgerow.dashboard.sessions import Kind
from hedgerow.dashboard.visit import Visit

MOST_SHOWN = 100
"""Rows of a list; more are in the API."""

_ORDERS, _BETS, _SETTLED = (Kind.ABP, "orders"), (Kind.ABP, "bets"), (Kind.ABP, "settlements")
# A key of bet placing has sixty requests a minute unless its operator gave it more.
_EVERY_S, _LEAST_S = 30.0, 3.0
_GROUPS = {"bookmaker": "Bookmaker", "account": "Account", "userRef": "Reference"}


async def build_orders(visit: Visit) -> None:
    async def cancel_all() -> None:
        text = "Every open order of yours stops, whatever its reference. Bets that are placed stay."
        if await confirmed("Cancel all open orders?", text, "Cancel all", is_danger=True) is not None:
            await visit.act(visit.abp.cancel_all, lambda count: f"{count} orders were cancelled")
            ask()

    with panel("Find", "The API lists orders by the reference that they were placed with."), fields():
        reference = ui.input("Reference", value=str(visit.parameters.get("ref", USER_REF))).props(
            'outlined dense aria-label="Reference" debounce=500'
        )
    with panel("Orders", "The newest first; an order's number leads to its bets and its routing."):
        orders = Rows("Orders", rows.ORDERS, "No order has this reference. Place one on the page Betslip.")
        with actions():
            button("Cancel all open orders", cancel_all, kind="danger")
    with panel("Bets", "One for each wager at a bookmaker."):
        bets = Rows("Bets", rows.BETS, "No bet has this reference: there is one as soon as an order is routed.")

    async def load() -> tuple[list[Order], list[Bet]]:
        wanted = reference.value.strip()
        if not wanted:
            return [], []
        return await asyncio.gather(
            visit.abp.orders(limit=MOST_SHOWN, user_ref=wanted), visit.abp.bets(limit=MOST_SHOWN, user_ref=wanted)
        )

    def show(found: tuple[Sequence[Order], Sequence[Bet]]) -> None:
        now = visit.clock.now()
        orders.show([rows.order_row(order, now) for order in found[0]])
        bets.show([rows.bet_row(bet, now) for bet in found[1]])

    ask = visit.keep(load, show, every_s=_EVERY_S, least_s=_LEAST_S, on=(_ORDERS, _BETS, _SETTLED))
    reference.on_value_change(ask)


async def build_accounts(visit: Visit) -> None:
    with panel("Accounts", "At bookmakers, the highest priority first. Passwords are never shown."):
        table = Rows(
            "Accounts",
            rows.ACCOUNTS,
            "There is no account yet. Add one with POST /accounts, or ask your operator: hedgerow accounts add.",
        )
    visit.keep(
        visit.abp.accounts,
        lambda found: table.show(list(map(rows.account_row, found))),
        every_s=_EVERY_S,
        least_s=_LEAST_S,
        on=((Kind.ABP, "accounts"), (Kind.ABP, "balance")),
    )


async def build_results(visit: Visit) -> None:
    with panel("Group"):
        group = ui.toggle(_GROUPS, value="bookmaker").props("no-caps unelevated").classes("toggle")
    with panel("Open positions", "Bets that stand and are not settled."):
        positions = Rows(
            "Open positions",
            rows.POSITIONS,
            "Nothing is open. Place an order on the page Betslip. Test orders are not counted.",
        )
    with panel("Profit and loss", "Settled bets, in USD at the rates of the time of placement."):
        with figures():
            net = Figure("Result")
        pnl = Rows("Profit and loss", rows.PNL, "Nothing is settled yet. A bet stands here when its result is known.")

    async def load() -> tuple[list[Position], list[Pnl]]:
        by = str(group.value)
        return await asyncio.gather(visit.abp.positions(by), visit.abp.pnl(by))

    def show(found: tuple[Sequence[Position], Sequence[Pnl]]) -> None:
        positions.show(list(map(rows.position_row, found[0])))
        pnl.show(list(map(rows.pnl_row, found[1])))
        result = rows.total(found[1])
        net.show(gain(result), tone(result))

    ask = visit.keep(load, show, every_s=_EVERY_S, least_s=_LEAST_S, on=(_BETS, _SETTLED))
    group.on_value_change(ask)


ORDERS = Page("/abp/orders", "Orders and bets", GROUP, "list_alt", Kind.ABP, build_orders)
ACCOUNTS = Page("/abp/accounts", "Accounts", GROUP, "account_balance", Kind.ABP, build_accounts)
RESULTS = Page("/abp/results", "Positions and results", GROUP, "trending_up", Kind.ABP, build_results)
