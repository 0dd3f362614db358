"""One order of market making: where it stands, its hedges, and why it was quoted as it was."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import ui

from hedgerow.dashboard.apis.mm import Bet, Derivation, Order
from hedgerow.dashboard.figures import gain, money, odds, price, size, tone, words
from hedgerow.dashboard.forms import whole
from hedgerow.dashboard.navigation import Page
from hedgerow.dashboard.pages.mm_trading import GROUP
from hedgerow.dashboard.parts import Figure, Lines, Rows, actions, button, confirmed, figures, panel
from hedgerow.dashboard.rows import mm as rows
from hedgerow.dashboard.sessions import Kind
from hedgerow.dashboard.visit import Visit

_EVERY_S = 5.0
_MOST_PRICES = 50
_MOST_HEDGES = 50
_OPEN = ("PENDING_PLACEMENT", "PLACED")


@dataclass(frozen=True, slots=True)
class _Found:
    order: Order
    bets: Sequence[Bet]
    derivations: Sequence[Derivation]


async def build(visit: Visit) -> None:
    order_id = whole(str(visit.parameters["order_id"]))
    if order_id is None:
        ui.label("An order's number is digits alone. Choose one on the page Quotes.").classes("empty")
        return

    async def stop() -> None:
        if await confirmed("Cancel the order?", "It may be posted again at once.", "Cancel order") is not None:
            await visit.act(lambda: visit.mm.cancel(order_id), lambda _: "The order is cancelled")
            ask()

    with panel(f"Order {order_id}"):
        with figures(are_facts=True):
            shown = {name: Figure(name) for name in _FIGURES}
        with actions():
            cancel = button("Cancel order", stop)
    with panel("Why this price", "What the newest price was made of, as the engine worked it out."):
        why = Lines("The engine has written down no price of this order.")
    with panel("Prices that it had", "The newest first. The edge is what a hedged fill earns per contract."):
        derivations = Rows("Prices", rows.DERIVATIONS, "None is written down. Look again after its next price.")
    with panel("Hedges of its fills"):
        hedges = Rows("Hedges", rows.HEDGES, "None of its own: nothing was matched, or other fills' hedges cover it.")

    async def load() -> _Found:
        return _Found(
            *await asyncio.gather(
                visit.mm.order(order_id),
                visit.mm.bets(page_size=_MOST_HEDGES, order_id=order_id),
                visit.mm.explain(order_id, page_size=_MOST_PRICES),
            )
        )

    def show(found: _Found) -> None:
        now = visit.clock.now()
        for name, (text, colour) in figures_of(found.order).items():
            shown[name].show(text, colour)
        cancel.set_visibility(found.order.order_status in _OPEN)
        why.show(rows.groups_of(found.derivations[0].why) if found.derivations else [])
        derivations.show([rows.derivation_row(place, one, now) for place, one in enumerate(found.derivations)])
        hedges.show([rows.hedge_row(bet, {}, now) for bet in found.bets])

    ask = visit.keep(load, show, every_s=_EVERY_S, on=((Kind.MM, "orders"), (Kind.MM, "bets")))


_FIGURES = ("State", "Exchange", "Outcome", "Side", "Price", "Bookmaker's odds", "Contracts", "Matched", "Result")


def figures_of(order: Order) -> dict[str, tuple[str, str]]:
    """Text and tone of each figure."""
    state = words(order.order_status) + (f": {order.reason}" if order.reason else "")
    told = {
        "State": (state, "good" if order.order_status in _OPEN else "plain"),
        "Exchange": (order.exchange, "plain"),
        "Outcome": (f"{order.outcome_id} of {order.fixture_id}", "plain"),
        "Side": (order.side, rows.side_tone(order.side)),
        "Price": (price(order.order_cents), "plain"),
        "Bookmaker's odds": (f"{odds(order.bookmaker_outcome_price)} ({order.bookmaker})", "plain"),
        "Contracts": (f"{size(order.order_shares)}, {money(order.order_stake, 'USD')}", "plain"),
        "Matched": (f"{size(order.matched_shares)} at {price(order.matched_cents)}", "plain"),
        "Result": (gain(order.pnl), tone(order.pnl)),
    }
    return {name: told[name] for name in _FIGURES}


PAGE = Page("/mm/orders/{order_id}", "Order", GROUP, "help", Kind.MM, build)
