"""The agent as a process, from its settings to its end."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

from hedgerow.core import memory
from hedgerow.core.config import PREFIX, Settings
from hedgerow.core.errors import SetupError
from hedgerow.scraping.agent.agent import Agent, Identity
from hedgerow.scraping.agent.browser.program import BrowserSettings
from hedgerow.scraping.agent.works import AgentWorks
from hedgerow.scraping.guard import Patterns, Policy
from hedgerow.scraping.linkurl import link_url

_DEFAULT_GATEWAY = "http://127.0.0.1:8003"


async def run(
    settings: Settings, *, slug: str, country: str, gateways: tuple[str, ...], linked_file: Path | None = None
) -> None:
    """Serves until it is cancelled. linked_file: made once a gateway let the agent in. Raises SetupError."""
    if settings.agent_key is None:
        raise SetupError(
            f"{PREFIX}AGENT_KEY is not set", f"make a key where the deployment is: hedgerow agents key {slug}"
        )
    urls = gateways or settings.agent_gateways or (_DEFAULT_GATEWAY,)
    for url in urls:
        try:
            link_url(url)
        except ValueError:
            raise SetupError(
                f"the gateway {url!r} is not a URL", "name it as https://host or http://host:port"
            ) from None
    trust = _trust(settings)
    works = AgentWorks(policy_of(settings), trust, browser_of(settings))
    agent = Agent(Identity(slug, settings.agent_key, country), works, urls, trust)
    await agent.start()
    try:
        await agent.is_linked.wait()
        memory.settle()
        if linked_file is not None:
            linked_file.touch()
        await asyncio.Event().wait()
    finally:
        await agent.stop()


def policy_of(settings: Settings) -> Policy:
    """What the agent's operator allows; no gateway lifts it. Raises SetupError."""
    lists = {}
    for name in ("target_allow", "agent_allow", "agent_deny"):
        try:
            lists[name] = Patterns.of(getattr(settings, name))
        except ValueError as error:
            raise SetupError(f"{PREFIX}{name.upper()}: {error}", "correct the variable") from None
    return Policy(lists["target_allow"], lists["agent_allow"], lists["agent_deny"])


def browser_of(settings: Settings) -> BrowserSettings | None:
    """How browsers run here; None where none may."""
    if not settings.browser_sessions:
        return None
    return BrowserSettings(settings.browser_program, settings.browser_user, settings.browser_sessions)


def _trust(settings: Settings) -> ssl.SSLContext | None:
    if settings.agent_trust is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(settings.agent_trust))
    except (OSError, ssl.SSLError) as error:
        raise SetupError(f"{PREFIX}AGENT_TRUST {settings.agent_trust}: {error}", "name a PEM file") from None
