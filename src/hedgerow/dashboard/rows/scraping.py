"""Scraping: agents, health, usage, routes and frames as rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from hedgerow.dashboard.apis.scraping import Agent, DomainHealth, Meta, Route, Usage
from hedgerow.dashboard.figures import NOTHING, moment, percent, plain, words
from hedgerow.dashboard.relays import Frame
from hedgerow.dashboard.rows.tables import Column, TableRow

COUNTRIES = (
    Column("country", "Country"),
    Column("count", "Agents", is_number=True),
    Column("agents", "Which"),
)
PROTOCOLS = (Column("protocol", "Protocol"), Column("requests", "Requests", is_number=True))
DOMAINS = (
    Column("domain", "Domain"),
    Column("requests", "Your requests", is_number=True),
    Column("available", "Available", is_number=True),
    Column("limited", "Limited", is_number=True),
    Column("unavailable", "Unavailable", is_number=True),
)
HEALTH = (
    Column("agent", "Agent"),
    Column("state", "State"),
    Column("rtt", "Answers in", is_number=True),
    Column("at", "Last asked (UTC)"),
)
CANDIDATES = (
    Column("agent", "Agent"),
    Column("country", "Country"),
    Column("state", "State"),
    Column("score", "Score", is_number=True),
    Column("load", "Load", is_number=True),
    Column("verdict", "Chosen"),
)
ATTEMPTS = (Column("agent", "Agent"), Column("outcome", "Outcome"), Column("took", "Took", is_number=True))
FRAMES = (
    Column("number", "Frame", is_number=True),
    Column("way", "Way"),
    Column("size", "Bytes", is_number=True),
    Column("text", "Content"),
)

_TONES = {"available": "good", "limited": "warn", "unavailable": "bad"}


def counts(agents: Iterable[Agent]) -> Mapping[str, int]:
    """How many there are in each country."""
    return Counter(agent.country for agent in agents)


def country_rows(agents: Iterable[Agent]) -> list[TableRow]:
    """By country."""
    ordered = sorted(agents, key=lambda agent: (agent.country, agent.slug))
    found = []
    for country, of_country in groupby(ordered, key=lambda agent: agent.country):
        slugs = [agent.slug for agent in of_country]
        found.append(TableRow(country, {"country": country, "count": plain(len(slugs)), "agents": ", ".join(slugs)}))
    return found


def protocol_rows(usage: Usage) -> list[TableRow]:
    """Requests of each protocol."""
    return [
        TableRow(protocol, {"protocol": protocol, "requests": plain(requests)})
        for protocol, requests in usage.by_protocol.items()
    ]


def domain_rows(usage: Usage, health: Sequence[DomainHealth]) -> list[TableRow]:
    """The domains that the key asks most, and how many agents are how well there."""
    known = {found.domain: found for found in health}
    return [
        TableRow(
            one.domain,
            {
                "domain": one.domain,
                "requests": plain(one.requests),
                **{state: plain(getattr(known.get(one.domain), state, None)) for state in _TONES},
            },
            links={"domain": f"/scraping/health?domain={one.domain}"},
        )
        for one in usage.top_domains
    ]


def health_rows(found: DomainHealth, now: datetime) -> list[TableRow]:
    """The agents that have worked on a domain."""
    return [
        TableRow(
            one.slug,
            {"agent": one.slug, "state": one.state, "rtt": f"{one.rtt_ms} ms", "at": moment(one.last_check, now)},
            tones={"state": _TONES.get(one.state, "plain")},
        )
        for one in found.details
    ]


def candidate_rows(route: Route) -> list[TableRow]:
    """The agents that were looked at, and which was taken, or why not."""
    return [
        TableRow(
            one.id,
            {
                "agent": one.id,
                "country": one.country,
                "state": one.state,
                "score": plain(one.score),
                "load": plain(one.load),
                "verdict": "chosen" if one.id == route.picked else words(one.reason or "no"),
            },
            tones={"state": _TONES.get(one.state, "plain"), "verdict": "good" if one.id == route.picked else "soft"},
        )
        for one in route.candidates
    ]


def attempt_rows(route: Route) -> list[TableRow]:
    """The agents that were asked, in order."""
    return [
        TableRow(
            str(number),
            {"agent": one.agent, "outcome": one.outcome, "took": f"{one.took_ms} ms"},
            tones={"outcome": "good" if one.outcome == "answered" else "bad"},
        )
        for number, one in enumerate(route.attempts)
    ]


def frame_rows(frames: Iterable[Frame]) -> list[TableRow]:
    """The newest first."""
    return [
        TableRow(
            str(frame.number),
            {
                "number": plain(frame.number),
                "way": "sent" if frame.is_ours else "received",
                "size": plain(frame.size),
                "text": frame.text if frame.is_text else f"binary: {frame.text}",
            },
            tones={"way": "soft" if frame.is_ours else "good"},
        )
        for frame in reversed(list(frames))
    ]


def answer_figures(meta: Meta) -> dict[str, str]:
    """What is said of a target's answer."""
    return {
        "Status": str(meta.status) + (", a block" if meta.blocked else ""),
        "Agent": meta.agent.get("id", NOTHING),
        "Took": f"{meta.elapsed_ms} ms",
        "Size": data_size(meta.bytes),
        "Protocol": meta.http_version or NOTHING,
        "Address in the end": meta.final_url,
    }


def usage_figures(usage: Usage) -> dict[str, str]:
    """Of the key."""
    limit = usage.rate_limit
    return {
        "Requests": plain(usage.total),
        "Succeeded": percent(usage.success_rate),
        "Data": data_size(usage.bytes_transferred),
        "Limit": f"{plain(limit.rps)} a second",
        "Left now": f"{plain(limit.remaining)} of {plain(limit.burst)}",
    }


def data_size(count: int) -> str:
    """Bytes in the unit that suits them: `512 B`, `1.5 KiB`."""
    if count < 1024:
        return f"{count} B"
    size, unit = count * 10 // 1024, "KiB"
    for larger in ("MiB", "GiB", "TiB"):
        if size < 10_240:
            break
        size, unit = size // 1024, larger
    return f"{size // 10:,}.{size % 10} {unit}"
