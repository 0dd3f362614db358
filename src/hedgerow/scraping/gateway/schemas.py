"""The published shapes of the scraping API's answers. They describe; the hot path writes its answers by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from hedgerow.scraping.pages import Action


class MetaAgent(BaseModel):
    id: str = Field(examples=["scraping-de1"])


class MetaInfo(BaseModel):
    """About the target's answer. bytes: of the body, unpacked. encoding: `base64` where `raw` is not text."""

    status: int
    final_url: str
    http_version: str
    elapsed_ms: int
    blocked: bool
    headers: dict[str, str]
    agent: MetaAgent
    bytes: int
    encoding: str | None = None
    route: dict[str, Any] | None = Field(None, description="With X-Explain: 1, how the agent was chosen")


class FetchResponse(BaseModel):
    meta: MetaInfo
    raw: str | None
    raw_json: Any = None


class FetchPostBody(BaseModel):
    """The envelope: a body with other keys, or none of these, goes to the target as it is."""

    method: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = ""
    timeout: float = Field(30, description="Seconds, at most 300")
    allow_redirects: bool = True


class BrowserCookie(BaseModel):
    """expires: seconds since 1970; 0: with the session. domain: empty for the target's own."""

    name: str
    value: str
    domain: str = ""
    path: str = "/"
    secure: bool = False
    httpOnly: bool = False  # noqa: N815 - as it is published
    sameSite: str = "Lax"  # noqa: N815
    expires: float = 0


class BrowserStep(BaseModel):
    """value: what is typed, selected or pressed, or the URL to go to. x, y: pixels to scroll by. ms: of a sleep."""

    action: Action
    selector: str = ""
    value: str = ""
    expression: str = ""
    x: int = 0
    y: int = 0
    ms: int = 0
    timeout: float | None = Field(None, description="Seconds for this step alone")
    fullPage: bool = False  # noqa: N815
    continueOnError: bool = False  # noqa: N815


class BrowserFetchBody(BaseModel):
    apiKey: str = Field(description="Also `key`, or the header X-API-Key")  # noqa: N815
    url: str
    headers: dict[str, str] = Field(default_factory=dict, description="For the target's own origin alone")
    cookies: list[BrowserCookie] = Field(default_factory=list)
    waitStrategy: Literal["load", "networkidle", "selector"] = "load"  # noqa: N815
    waitSelector: str = ""  # noqa: N815
    timeout: float = Field(30, description="Seconds, at most 300")
    jsExpression: str = ""  # noqa: N815
    screenshot: bool = False
    viewportWidth: int = Field(1440, ge=100, le=4096)  # noqa: N815
    viewportHeight: int = Field(900, ge=100, le=4096)  # noqa: N815
    blockResources: list[str] = Field(default_factory=list)  # noqa: N815
    proxy: str = ""
    expectSelector: str = ""  # noqa: N815
    expectContains: str = ""  # noqa: N815
    steps: list[BrowserStep] = Field(default_factory=list)
    geo: str | None = Field(None, description="Countries, ISO codes with commas")
    agent: str | None = Field(None, description="Agents, slugs with commas")


class AmqpConsumeBody(BaseModel):
    """A queue of its own is bound to the exchange, and goes with the request."""

    apiKey: str  # noqa: N815 - as it is published
    host: str
    port: int = 5672
    virtual_host: str = "/"
    username: str = ""
    password: str = ""
    exchange: str = ""
    routing_key: str = "#"
    queue_prefix: str = "scrape"
    ssl: bool = False
    heartbeat: int = Field(60, description="Seconds, 0 for none")
    geo: str | None = None
    agent: str | None = None


class BrowserStepDone(BaseModel):
    """result: of an `evaluate`. screenshot: PNG in base64."""

    step: int
    action: str
    ok: bool
    error: str | None = None
    result: Any = None
    screenshot: str | None = None


class BrowserFetchResponse(BaseModel):
    """raw: the document as it stands after scripts and steps. screenshot: PNG in base64."""

    meta: MetaInfo
    raw: str | None
    raw_json: Any = None
    cookies: list[BrowserCookie]
    screenshot: str | None
    js_result: Any = None
    steps: list[BrowserStepDone] | None = Field(None, description="One for each step, where there were any")


class ErrorResponse(BaseModel):
    detail: str


class HealthzResponse(BaseModel):
    ok: bool


class RateLimit(BaseModel):
    rps: float
    burst: int
    remaining: float


class ByProtocol(BaseModel):
    fetch: int
    ws: int
    amqp: int
    browser: int


class TopDomain(BaseModel):
    domain: str
    requests: int


class UsageResponse(BaseModel):
    api_key: str = Field(description="The first characters of the key")
    total: int
    success: int
    fail: int
    success_rate: float = Field(description="Percent")
    bytes_transferred: int
    rate_limit: RateLimit
    by_protocol: ByProtocol
    top_domains: list[TopDomain]


class AgentNode(BaseModel):
    slug: str
    name: str
    country: str


class AgentListResponse(BaseModel):
    total: int
    nodes: list[AgentNode]


class NetworkStatusResponse(BaseModel):
    total_nodes: int
    total_countries: int
    nodes_by_country: dict[str, int]


class CountryNodes(BaseModel):
    country: str
    count: int
    nodes: list[str]


class NetworkGeoResponse(BaseModel):
    total_nodes: int
    total_countries: int
    countries: list[CountryNodes]


class NodeHealth(BaseModel):
    node_id: str
    slug: str
    state: Literal["available", "limited", "unavailable"]
    rtt_ms: int
    last_check: datetime


class DomainHealthResponse(BaseModel):
    domain: str
    nodes_checked: int
    available: int
    limited: int
    unavailable: int
    details: list[NodeHealth]


class DebugPickResponse(BaseModel):
    node_id: str
    node_slug: str
    country: str
    valid_until_epoch_ms: int
    at_all_gateways: bool = Field(description="false: only this gateway is sure to use it, as others cannot be told")
