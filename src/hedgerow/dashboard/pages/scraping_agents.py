"""Scraping at a glance: agents on a map, how they fare at each domain, and what the key used."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from nicegui import ui

from hedgerow.dashboard import worldmap
from hedgerow.dashboard.apis.scraping import Agent, DomainHealth, Usage
from hedgerow.dashboard.navigation import Page
from hedgerow.dashboard.parts import Figure, Rows, actions, button, figures, panel, text_field
from hedgerow.dashboard.rows import scraping as rows
from hedgerow.dashboard.sessions import TITLES, Kind
from hedgerow.dashboard.visit import Visit

GROUP = TITLES[Kind.SCRAPING]

_EVERY_S = 5.0
_HEALTH_EVERY_S = 15.0
_MOST_DOMAINS = 10
_LONGEST_DOMAIN = 253
_USAGE = ("Requests", "Succeeded", "Data", "Limit", "Left now")


async def build_agents(visit: Visit) -> None:
    with panel("Agents", "Those that are linked to a gateway now, where their operators say that they are."):
        chart = (
            ui.echart(worldmap.chart({})).classes("map").props('role="img" aria-label="Agents on a map of the world"')
        )
        table = Rows(
            "Agents by country",
            rows.COUNTRIES,
            "No agent is linked. Start one with: hedgerow agent --slug de1 --country DE",
        )
    with panel("What this key used", "All requests since the key was made."):
        with figures():
            shown = {name: Figure(name) for name in _USAGE}
        protocols = Rows("Requests by protocol", rows.PROTOCOLS, "Nothing was requested yet. Try the playground.")

    def show_agents(found: Sequence[Agent]) -> None:
        chart.options.update(worldmap.chart(rows.counts(found)))
        chart.update()
        table.show(rows.country_rows(found))

    def show_usage(usage: Usage) -> None:
        for name, text in rows.usage_figures(usage).items():
            shown[name].show(text)
        protocols.show(rows.protocol_rows(usage))

    visit.keep(visit.scraping.agents, show_agents, every_s=_EVERY_S)
    visit.keep(visit.scraping.usage, show_usage, every_s=_EVERY_S)


async def build_health(visit: Visit) -> None:
    """The query's `domain` is looked at first."""
    with panel("Your domains", "Those that this key asks most: how many agents are how well there."):
        domains = Rows("Your domains", rows.DOMAINS, "Nothing was requested yet. Try the playground.")
    with panel("One domain", "Agents that have worked there. A limited one is left out for a while, then tried again."):
        field = text_field("Domain", str(visit.parameters.get("domain", ""))[:_LONGEST_DOMAIN])
        with actions():
            shows = button("Show", lambda: None, kind="main")
        table = Rows(
            "Agents at the domain", rows.HEALTH, "No agent has worked there yet. Type a domain, or try the playground."
        )

    async def load_all() -> tuple[Usage, list[DomainHealth]]:
        usage = await visit.scraping.usage()
        top = usage.top_domains[:_MOST_DOMAINS]
        return usage, await asyncio.gather(*(visit.scraping.health(one.domain) for one in top))

    async def load() -> DomainHealth | None:
        domain = str(field.value).strip()[:_LONGEST_DOMAIN]
        return await visit.scraping.health(domain) if domain else None

    visit.keep(load_all, lambda found: domains.show(rows.domain_rows(*found)), every_s=_HEALTH_EVERY_S)
    ask = visit.keep(
        load,
        lambda found: table.show(rows.health_rows(found, visit.clock.now()) if found is not None else []),
        every_s=_HEALTH_EVERY_S,
        least_s=0.5,
    )
    shows.on_click(ask)


AGENTS = Page("/scraping", "Agents", GROUP, "public", Kind.SCRAPING, build_agents)
HEALTH = Page("/scraping/health", "Health by domain", GROUP, "monitor_heart", Kind.SCRAPING, build_health)
