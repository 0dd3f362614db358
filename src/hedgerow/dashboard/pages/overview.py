"""How everything is: services, what needs a person, accounts at venues, agents."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import ui

from hedgerow.dashboard import alerts
from hedgerow.dashboard.alerts import Alert
from hedgerow.dashboard.apis.health import Health, health_of_all
from hedgerow.dashboard.figures import money
from hedgerow.dashboard.navigation import Page
from hedgerow.dashboard.parts import Rows, panel
from hedgerow.dashboard.rows.tables import Column, TableRow
from hedgerow.dashboard.sessions import Kind
from hedgerow.dashboard.visit import Visit

_EVERY_S = 5.0
_ACCOUNTS_EVERY_S = 15.0


@dataclass(frozen=True, slots=True)
class _State:
    health: Sequence[Health]
    alerts: Sequence[Alert]


async def build(visit: Visit) -> None:
    with panel("What needs you"):
        place = ui.element("div")
    with ui.element("div").classes("columns"):
        with panel("Services", "Each is asked every few seconds whether it can do its work."):
            services = Rows(
                "Services", (Column("service", "Service"), Column("state", "State"), Column("why", "What it lacks")), ""
            )
        if Kind.SCRAPING in visit.session.keys:
            _agents(visit)
    _accounts(visit)

    def show(state: _State) -> None:
        services.show(list(map(service_row, state.health)))
        place.clear()
        with place:
            _show_alerts(state.alerts)

    visit.keep(lambda: _load(visit), show, every_s=_EVERY_S)


async def _load(visit: Visit) -> _State:
    health = await health_of_all(visit.desk.health.values())
    found = alerts.of_services(health)
    if visit.session.is_operator:
        found += alerts.of_system(await visit.operator.system())
        told = await asyncio.gather(*(api.metrics() for api in visit.desk.health.values()))
        found += [alert for one in told for alert in alerts.of_metrics(one)]
    if Kind.MM in visit.session.keys:
        status, pnl = await asyncio.gather(visit.mm.status(), visit.mm.pnl())
        found += alerts.of_trading(status, pnl)
    return _State(health, found)


def _show_alerts(found: Sequence[Alert]) -> None:
    if not found:
        ui.label("Nothing. All services do their work.").classes("tone-good")
    for alert in found:
        with ui.element("div").classes("alert"):
            ui.label(alert.what).classes("tone-bad" if alert.is_bad else "tone-warn")
            ui.label(alert.todo).classes("todo")


def service_row(health: Health) -> TableRow:
    """A service, and what it lacks."""
    state, tone = ("ready", "good") if health.is_ready else ("not ready", "bad") if health.is_up else ("down", "bad")
    return TableRow(
        health.service,
        {"service": health.service, "state": state, "why": "; ".join(health.wrong) or "nothing"},
        tones={"state": tone, "why": "plain" if health.wrong else "soft"},
    )


def _agents(visit: Visit) -> None:
    with panel("Agents", "Scraping agents that are linked to a gateway."):
        rows = Rows(
            "Agents",
            (Column("agent", "Agent"), Column("country", "Country")),
            "No agent is linked. Start one with: hedgerow agent --slug de1 --country DE",
        )

    visit.keep(
        visit.scraping.agents,
        lambda found: rows.show(
            [TableRow(agent.name, {"agent": agent.slug, "country": agent.country}) for agent in found]
        ),
        every_s=_EVERY_S,
    )


def _accounts(visit: Visit) -> None:
    if Kind.MM not in visit.session.keys and Kind.ABP not in visit.session.keys:
        return
    with panel("Accounts at venues", "The balances that the venues last told."):
        rows = Rows(
            "Accounts at venues",
            (
                Column("venue", "Venue"),
                Column("account", "Account"),
                Column("balance", "Balance", is_number=True),
                Column("state", "State"),
            ),
            "There is no account yet. An operator adds one with: hedgerow accounts add VENUE USERNAME --client NAME",
        )

    async def load() -> list[TableRow]:
        if Kind.MM in visit.session.keys:
            return [
                account_row(one.exchange, one.username, money(one.balance, one.currency), is_active=one.active)
                for one in await visit.mm.accounts()
            ]
        return [
            account_row(one.bookmaker, one.username, money(one.balance, one.currency_id), is_active=one.active)
            for one in await visit.abp.accounts()
        ]

    visit.keep(load, rows.show, every_s=_ACCOUNTS_EVERY_S)


def account_row(venue: str, username: str, balance: str, *, is_active: bool) -> TableRow:
    """An account at a venue."""
    return TableRow(
        f"{venue}/{username}",
        {"venue": venue, "account": username, "balance": balance, "state": "active" if is_active else "off"},
        tones={"state": "good" if is_active else "warn"},
    )


PAGE = Page("/", "Overview", "", "dashboard", None, build)
