"""The operations that send nothing to agents: who is there, how they fare, what was used, who would be chosen."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from starlette.requests import Request

from hedgerow import __version__
from hedgerow.api.auth import Caller, authenticated
from hedgerow.core.clock import datetime_of_ms
from hedgerow.core.errors import ApiError
from hedgerow.scraping.gateway import schemas
from hedgerow.scraping.gateway.buckets import burst_of
from hedgerow.scraping.gateway.exclusion import State
from hedgerow.scraping.gateway.failures import no_agent
from hedgerow.scraping.gateway.repository import PROTOCOLS, ScrapingRepository, Used
from hedgerow.scraping.gateway.request import read_control
from hedgerow.scraping.gateway.selection import NODE_PREFIX
from hedgerow.scraping.gateway.work import Desk
from hedgerow.scraping.messages import Kind

_ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"model": schemas.ErrorResponse},
    403: {"model": schemas.ErrorResponse},
    503: {"model": schemas.ErrorResponse},
}
_PICKED_BY = {
    "X-Geo": "Countries, ISO codes with commas; also X-Geo-CC, X-Geo-Strict, X-CC, X-Country",
    "X-Agent": "Agents, slugs with commas",
    "X-Expect-JSON": "Taken as a fetch takes it; it does not change the choice",
}

open_router = APIRouter()
router = APIRouter(responses=_ERRORS)

KnownCaller = Annotated[Caller, Depends(authenticated)]


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _repository(request: Request) -> ScrapingRepository:
    repository: ScrapingRepository = request.app.state.repository
    return repository


TheDesk = Annotated[Desk, Depends(_desk)]
TheRepository = Annotated[ScrapingRepository, Depends(_repository)]


@open_router.get("/", tags=["System"])
async def overview(desk: TheDesk) -> dict[str, Any]:
    """What this is, and whether it is in service."""
    agents = desk.links.agents()
    return {
        "service": "Hedgerow scraping API",
        "version": __version__,
        "status": "ok",
        "agents": len(agents),
        "countries": len({agent.hello.country for agent in agents}),
        "documentation": "/openapi.json",
    }


@open_router.get("/ws/docs", tags=["System"])
async def socket_documentation(request: Request) -> dict[str, Any]:
    """What the WebSocket relay answers to a connect message."""
    url = request.url_for("overview").replace(scheme="wss" if request.url.scheme == "https" else "ws")
    return {
        "type": "connected",
        "status": 101,
        "node_id": f"{NODE_PREFIX}de1",
        "message": f"This is a documentation endpoint. Connect via WebSocket at {url}ws",
    }


@router.get("/network/agents", tags=["Network"], response_model=schemas.AgentListResponse)
async def list_agents(_: KnownCaller, desk: TheDesk) -> dict[str, Any]:
    """Every agent that is linked."""
    nodes = [
        {"slug": agent.slug, "name": agent.node_id, "country": agent.hello.country} for agent in desk.links.agents()
    ]
    return {"total": len(nodes), "nodes": nodes}


@router.get("/network/status", tags=["Network"], response_model=schemas.NetworkStatusResponse)
async def network_status(_: KnownCaller, desk: TheDesk) -> dict[str, Any]:
    """How many agents there are, and where."""
    countries = Counter(agent.hello.country for agent in desk.links.agents())
    return {
        "total_nodes": countries.total(),
        "total_countries": len(countries),
        "nodes_by_country": dict(countries.most_common()),
    }


@router.get("/network/geo", tags=["Network"], response_model=schemas.NetworkGeoResponse)
async def agents_by_country(_: KnownCaller, desk: TheDesk) -> dict[str, Any]:
    """The agents of each country."""
    by_country: dict[str, list[str]] = {}
    for agent in desk.links.agents():
        by_country.setdefault(agent.hello.country, []).append(agent.slug)
    countries = [
        {"country": country, "count": len(slugs), "nodes": slugs} for country, slugs in sorted(by_country.items())
    ]
    return {
        "total_nodes": sum(map(len, by_country.values())),
        "total_countries": len(countries),
        "countries": countries,
    }


@router.get("/network/health/{domain}", tags=["Network"], response_model=schemas.DomainHealthResponse)
async def domain_health(_: KnownCaller, desk: TheDesk, domain: Annotated[str, Path(max_length=253)]) -> dict[str, Any]:
    """How the agents that have worked on a domain fare there."""
    domain = domain.lower().rstrip(".")
    now_ms, details = desk.now_ms(), []
    for slug, health in sorted(desk.book.of(domain).items()):
        if health.checked_ms is None or desk.links.agent(slug) is None:
            continue
        details.append(
            {
                "node_id": NODE_PREFIX + slug,
                "slug": slug,
                "state": health.state(now_ms).value,
                "rtt_ms": round(health.took_ms),
                "last_check": datetime_of_ms(health.checked_ms),
            }
        )
    states = Counter(detail["state"] for detail in details)
    return {
        "domain": domain,
        "nodes_checked": len(details),
        **{state.value: states[state.value] for state in State},
        "details": details,
    }


@router.get(
    "/debug/pick",
    tags=["Debug"],
    response_model=schemas.DebugPickResponse,
    responses=dict.fromkeys((400, 502), _ERRORS[401]),
    openapi_extra={
        "parameters": [
            {"name": "url", "in": "query", "required": True, "schema": {"type": "string"}},
            *(
                {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}
                for name, text in _PICKED_BY.items()
            ),
        ]
    },
)
async def debug_pick(caller: KnownCaller, desk: TheDesk, request: Request) -> dict[str, Any]:
    """The agent that the key's next request for this target, with these headers, will use."""
    url = request.query_params.get("url", "")
    if not url:
        raise ApiError(400, "Missing url: the target, an http or https URL")
    control = read_control(request.headers.raw, Kind.FETCH, url)
    decision, is_everywhere = await desk.showing.show(control.target.host, control.wanted, caller.key.key_id)
    if decision.chosen is None:
        raise no_agent(control.target.host, control.wanted, decision)
    return {
        "node_id": decision.chosen.node_id,
        "node_slug": decision.chosen.slug,
        "country": decision.chosen.country,
        "valid_until_epoch_ms": decision.valid_until_ms,
        "at_all_gateways": is_everywhere,
    }


@router.get("/usage", tags=["Usage"], response_model=schemas.UsageResponse)
async def usage(caller: KnownCaller, desk: TheDesk, repository: TheRepository) -> dict[str, Any]:
    """What this key has used."""
    await desk.usage.flush()
    key = caller.key
    used = await repository.usage(key.key_id)
    everything = sum(used.values(), Used())
    share = 100 * everything.succeeded / everything.requests if everything.requests else 100.0
    return {
        "api_key": key.prefix,
        "total": everything.requests,
        "success": everything.succeeded,
        "fail": everything.requests - everything.succeeded,
        "success_rate": round(share, 1),
        "bytes_transferred": everything.bytes,
        "rate_limit": {
            "rps": float(key.per_second),
            "burst": burst_of(key),
            "remaining": round(await desk.buckets.look(key), 1),
        },
        "by_protocol": {protocol: used.get(protocol, Used()).requests for protocol in PROTOCOLS},
        "top_domains": [
            {"domain": domain, "requests": requests} for domain, requests in await repository.top_domains(key.key_id)
        ],
    }
