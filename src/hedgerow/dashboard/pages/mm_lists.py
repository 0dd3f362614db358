"""Market making's lists: quotes beside the bookmaker's odds, fills and hedges as they happen, positions by fixture."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from nicegui import ui

from hedgerow.dashboard.apis.mm import Bet, Order, Position
from hedgerow.dashboard.figures import plain
from hedgerow.dashboard.navigation import Page
from hedgerow.dashboard.pages.mm_trading import GROUP
from hedgerow.dashboard.parts import Rows, heading, panel
from hedgerow.dashboard.rows import mm as rows
from hedgerow.dashboard.sessions import Kind
from hedgerow.dashboard.visit import Visit

MOST_SHOWN = 200
"""Rows of a list; more are in the API."""

_MOST_SEARCHED = 500
"""Orders that are not filled, among which those are looked for that are filled in part."""
_ORDERS, _BETS = (Kind.MM, "orders"), (Kind.MM, "bets")
_EVERY_S = 10.0


async def build_quotes(visit: Visit) -> None:
    with panel(
        "Resting orders",
        "Beside the bookmaker's odds that each price rests on. A number leads to why, an outcome to its betslip.",
    ):
        count = ui.label().classes("note")
        table = Rows(
            "Resting orders",
            rows.QUOTES,
            "Nothing rests on an exchange now. On the page Trading, see that market making is live and that a "
            "tournament is activated; quotes follow as soon as the bookmaker prices one of its fixtures.",
        )
    names: dict[str, str] = {}

    async def load() -> list[Order]:
        found = await visit.mm.open_orders()
        await _name(visit, names, found)
        return found

    def show(found: Sequence[Order]) -> None:
        now = visit.clock.now()
        count.set_text(f"{plain(len(found))} orders" + (f", {MOST_SHOWN} shown" if len(found) > MOST_SHOWN else ""))
        has_slips = Kind.ABP in visit.session.keys
        table.show([rows.quote_row(order, names, now, has_slips=has_slips) for order in found[:MOST_SHOWN]])

    visit.keep(load, show, every_s=_EVERY_S, on=(_ORDERS,))


async def build_activity(visit: Visit) -> None:
    with panel("Fills", "Orders of which an exchange matched something, the latest first."):
        fills = Rows("Fills", rows.FILLS, "Nothing was matched yet. Fills stand here the moment an exchange tells one.")
    with panel("Hedges", "Bets that take back the risk of fills."):
        hedges = Rows("Hedges", rows.HEDGES, "No hedge was needed yet: there is one as soon as something is matched.")
    names: dict[str, str] = {}

    async def load() -> tuple[list[Order], list[Bet]]:
        filled, others, bets = await asyncio.gather(
            visit.mm.orders(page_size=MOST_SHOWN, status="FILLED"),
            visit.mm.orders(page_size=_MOST_SEARCHED, status="PLACED,CANCELLED,EXPIRED"),
            visit.mm.bets(page_size=MOST_SHOWN),
        )
        matched = rows.fills_of([*filled, *others])[:MOST_SHOWN]
        await _name(visit, names, [*matched, *bets])
        return matched, bets

    def show(found: tuple[Sequence[Order], Sequence[Bet]]) -> None:
        now = visit.clock.now()
        orders, bets = found
        fills.show([rows.fill_row(order, names, now) for order in orders])
        hedges.show([rows.hedge_row(bet, names, now) for bet in bets])

    visit.keep(load, show, every_s=_EVERY_S, least_s=2.0, on=(_ORDERS, _BETS))


async def build_positions(visit: Visit) -> None:
    place = ui.element("div")
    shown: dict[str, Rows] = {}

    def show(found: Sequence[Position]) -> None:
        groups = rows.by_fixture(found)[:MOST_SHOWN]
        if list(shown) != [title for title, _ in groups]:
            shown.clear()
            place.clear()
            with place:
                for title, _ in groups:
                    with panel(title):
                        shown[title] = Rows(title, rows.POSITIONS, "")
                if not groups:
                    _no_positions()
        for title, positions in groups:
            shown[title].show(list(map(rows.position_row, positions)))

    visit.keep(visit.mm.positions, show, every_s=_EVERY_S, least_s=2.0, on=(_ORDERS,))


def _no_positions() -> None:
    with ui.element("section").classes("panel"):
        heading("No positions")
        ui.label("Positions are your orders by fixture. They stand here as soon as something is quoted.").classes(
            "empty"
        )


async def _name(visit: Visit, names: dict[str, str], found: Sequence[Order | Bet]) -> None:
    """Asks for the names of fixtures that are not known yet; those that the feed does not name stay without."""
    unknown = {one.fixture_id for one in found} - set(names)
    if unknown:
        names |= rows.names_of(await visit.mm.fixtures_of(sorted(unknown)))
        names |= {fixture_id: fixture_id for fixture_id in unknown - set(names)}


QUOTES = Page("/mm/quotes", "Quotes", GROUP, "format_list_numbered", Kind.MM, build_quotes)
ACTIVITY = Page("/mm/activity", "Fills and hedges", GROUP, "swap_vert", Kind.MM, build_activity)
POSITIONS = Page("/mm/positions", "Positions", GROUP, "stacked_bar_chart", Kind.MM, build_positions)
