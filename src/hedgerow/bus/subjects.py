"""Every subject of the bus, in one place. The deployment's prefix comes in front of each (`hedgerow.events.bets`)."""

from __future__ import annotations

PREFIX = "hedgerow"
"""Of a deployment. Several may share one external NATS under prefixes of their own."""

ALL_EVENTS = "events.>"
"""Committed changes of every channel."""

OUTBOX_WAKE = "outbox.wake"
"""Something was committed: whoever publishes the outbox looks at once. No content."""

SETTINGS_CHANGED = "settings.changed"
"""An operator changed a client's settings, a mapping or the system's switches in the database: whoever keeps them
reads them again. The message is the client's name, empty for all."""

ABP_SLIPS = "abp.slips"
"""A betslip was asked for at a process of bet placing, or has changed there; the message is `abp.live.Opened` or
`abp.live.Told`."""

MM_ANSWERS = "mm.answers"
"""Answers to `mm_commands`, under a name that the asker chose; the message is `mm.routing.Answer`."""

SCRAPING_GATEWAYS = "scraping.gateways"
"""A gateway of the deployment is there, told every few seconds; the message is `scraping.gateway.sharing.Beat`."""

SCRAPING_REPORTS = "scraping.reports"
"""How requests through agents went; the message is a list of `scraping.gateway.health.Report`."""

SCRAPING_PINS = "scraping.pins"
"""Which agent a gateway shows for a key's next request, and what others keep for it; the message is
`scraping.gateway.showing.Told`."""


def mm_commands(shard: int) -> str:
    """What the API asks of the process that works on a shard of market making; the message is `mm.routing.Ask`."""
    return f"mm.commands.{shard}"


def events(channel: str) -> str:
    """Committed changes of one channel, e.g. `events.mm.orders`; the message is `bus.relay.Change`, one or
    several, each a line."""
    return f"events.{channel}"
