"""Work that begins by reaching a target and then goes on, a relay or a consumer: an agent is chosen and tried, and one
more where nothing was done yet."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from hedgerow.scraping.gateway.explain import Attempt
from hedgerow.scraping.gateway.failures import AGENT_GONE, NOT_BEGUN, OF_THE_TARGET, no_agent
from hedgerow.scraping.gateway.health import Outcome, Report
from hedgerow.scraping.gateway.links import LinkedAgent
from hedgerow.scraping.gateway.selection import Wanted
from hedgerow.scraping.gateway.work import Desk
from hedgerow.scraping.linksocket import StreamCut

T = TypeVar("T")


async def reach(
    desk: Desk,
    key_id: int,
    protocol: str,
    domain: str,
    wanted: Wanted,
    attempt: Callable[[LinkedAgent], Awaitable[T]],
) -> tuple[LinkedAgent, T]:
    """The agent that reached the target, and what its attempt gave; counted as one request either way. attempt:
    raises StreamCut. Raises ApiError when there is no agent, StreamCut when none reached it."""
    succeeded = False
    try:
        found = await _reach(desk, key_id, domain, wanted, attempt)
        succeeded = True
        return found
    finally:
        desk.usage.count(key_id, protocol, domain, succeeded=succeeded, size=0)


async def _reach(
    desk: Desk,
    key_id: int,
    domain: str,
    wanted: Wanted,
    attempt: Callable[[LinkedAgent], Awaitable[T]],
) -> tuple[LinkedAgent, T]:
    failed: Attempt | None = None
    while True:
        tried = frozenset({failed.slug} if failed is not None else ())
        decision = desk.picker.pick(domain, wanted, tried, key_id=key_id)
        agent = desk.links.agent(decision.chosen.slug) if decision.chosen is not None else None
        if agent is None:
            raise no_agent(domain, wanted, decision, failed)
        began_s = time.perf_counter()
        try:
            found = await attempt(agent)
        except StreamCut as cut:
            if cut.code in OF_THE_TARGET:
                desk.report(Report(agent.slug, domain, Outcome.FAILED, key_id=key_id))
            if failed is None and cut.code in NOT_BEGUN | AGENT_GONE:
                failed = Attempt(agent.slug, cut.code.name.lower(), int((time.perf_counter() - began_s) * 1000))
                continue
            raise
        took_ms = int((time.perf_counter() - began_s) * 1000)
        desk.report(Report(agent.slug, domain, Outcome.SUCCEEDED, took_ms, key_id=key_id))
        return agent, found
