"""The published shapes of the scraping API's answers. They describe; the hot path writes its answers by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field


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
