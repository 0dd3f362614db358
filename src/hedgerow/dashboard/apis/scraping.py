"""The scraping API, as far as the pages use it. What targets answer is text of strangers: it is bounded here, and shown
as text alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import msgspec

from hedgerow.core.secrets import Secret
from hedgerow.dashboard.apis.answers import read
from hedgerow.dashboard.tries import Route as Wanted
from hedgerow.dashboard.tries import Try
from hedgerow.net.calls import Caller

SOCKET = "/ws"

_TIMEOUT_S = 10.0
_TRY_S = 30
_GRACE_S = 5.0
"""How much longer than the gateway we wait for its answer."""
_LARGEST_ANSWER = 4 * 1024 * 1024
_encode_json = msgspec.json.Encoder(decimal_format="number").encode
_VIEWPORT = {"viewportWidth": 1280, "viewportHeight": 800}


class Snake(msgspec.Struct, frozen=True):
    """This API's names are snake_case."""


class Agent(Snake, frozen=True, kw_only=True):
    """An agent that is linked to a gateway."""

    slug: str
    name: str
    country: str


class AgentHealth(Snake, frozen=True, kw_only=True):
    """state: available, limited or unavailable. rtt_ms: of its requests there, smoothed."""

    slug: str
    state: str
    rtt_ms: int
    last_check: datetime


class DomainHealth(Snake, frozen=True, kw_only=True):
    """How agents fare at one domain."""

    domain: str
    available: int
    limited: int
    unavailable: int
    details: list[AgentHealth]


class RateLimit(Snake, frozen=True, kw_only=True):
    """Requests a second."""

    rps: Decimal
    burst: int
    remaining: Decimal


class TopDomain(Snake, frozen=True, kw_only=True):
    domain: str
    requests: int


class Usage(Snake, frozen=True, kw_only=True):
    """Of the key. success_rate: percent. by_protocol: requests."""

    total: int
    fail: int
    success_rate: Decimal
    bytes_transferred: int
    rate_limit: RateLimit
    by_protocol: dict[str, int]
    top_domains: list[TopDomain]


class Candidate(Snake, frozen=True, kw_only=True):
    """An agent that was looked at. reason: why it could not be chosen."""

    id: str
    country: str
    state: str
    score: Decimal
    load: int
    reason: str | None = None


class Attempt(Snake, frozen=True, kw_only=True):
    agent: str
    outcome: str
    took_ms: int


class Route(Snake, frozen=True, kw_only=True):
    """How the agent was chosen. picked: the last one's node id."""

    picked: str | None
    candidates: list[Candidate]
    attempts: list[Attempt]


class Meta(Snake, frozen=True, kw_only=True):
    """About the target's answer. encoding: `base64` where it is not text."""

    status: int
    final_url: str
    http_version: str
    elapsed_ms: int
    blocked: bool
    headers: dict[str, str]
    agent: dict[str, str]
    bytes: int
    encoding: str | None = None
    route: Route | None = None


class Fetched(Snake, frozen=True, kw_only=True):
    """raw: the target's body as text; None where raw_json has it. screenshot: of a page, a PNG in base64."""

    meta: Meta
    raw: str | None
    raw_json: Any = None
    screenshot: str | None = None

    @property
    def text(self) -> str:
        """The body, JSON with a line for each value; "" for what is no text."""
        if self.meta.encoding is not None:
            return ""
        if self.raw is None:
            return msgspec.json.format(_encode_json(self.raw_json), indent=2).decode()
        return self.raw


class ScrapingApi:
    """One key's. Every call raises CallError for an error status, Unavailable or InDoubt for none."""

    def __init__(self, url: str, key: Secret) -> None:
        self.socket_url = url.replace("http", "ws", 1) + SOCKET
        self.key = key
        self._caller = Caller("the scraping API", url, key, timeout_s=_TIMEOUT_S)
        self._trier = Caller(
            "the scraping API", url, key, timeout_s=_TRY_S + _GRACE_S, connections=1, largest_body=_LARGEST_ANSWER
        )

    async def close(self) -> None:
        await self._caller.close()
        await self._trier.close()

    async def whoami(self) -> str:
        """This API names no client."""
        await self._caller.get("/network/status")
        return ""

    async def agents(self) -> list[Agent]:
        """All that are linked."""
        return read((await self._caller.get("/network/agents"))["nodes"], list[Agent])

    async def health(self, domain: str) -> DomainHealth:
        """Of the agents that have worked there."""
        return read(await self._caller.get(f"/network/health/{quote(domain, safe='')}"), DomainHealth)

    async def usage(self) -> Usage:
        return read(await self._caller.get("/usage"), Usage)

    async def fetch(self, wanted: Try) -> Fetched:
        """Sends it by an agent."""
        body: Mapping[str, Any] = {"method": wanted.method, "body": wanted.body, "timeout": _TRY_S}
        headers = [("X-Target-URL", wanted.url), *_explained(wanted.route)]
        return read(await self._trier.post("/fetch", body, headers), Fetched)

    async def render(self, wanted: Try) -> Fetched:
        """Has an agent's browser show the page, and takes a picture of it."""
        chosen = {"geo": wanted.route.countries, "agent": wanted.route.agents}
        body = {"url": wanted.url, "timeout": _TRY_S, "screenshot": True, **_VIEWPORT, **chosen}
        return read(await self._trier.post("/browser", body, _explained(wanted.route)), Fetched)


def _explained(wanted: Wanted) -> list[tuple[str, str]]:
    """The control headers: which agent, and that the choice is to be told."""
    chosen = [("X-Geo", wanted.countries), ("X-Agent", wanted.agents)]
    return [("X-Explain", "1"), *((name, value) for name, value in chosen if value)]
