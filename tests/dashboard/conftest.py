"""One deployment of the simulated world for the tests that need a browser, with a match before its start and a desk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.bridging.desk.serving import desk_at

from hedgerow.bridging import wire
from hedgerow.cli.services import ABP, DASHBOARD, GATEWAY, MM, OPERATOR
from hedgerow.cli.simulated import demo_accounts
from hedgerow.cli.stack import Stack, StackOptions
from hedgerow.core.clock import SystemClock
from hedgerow.core.config import Settings
from hedgerow.core.secrets import Secret
from hedgerow.net.calls import Caller
from hedgerow.sim.world import DEMO

DESKED = "betcris"
"""The bookmaker at which a person places the bets."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """fixture_id: of the match that is played. mm: calls of the demo client. desk_url: where bets at DESKED wait for a
    person; empty where there is no desk."""

    stack: Stack
    world: Caller
    mm: Caller
    fixture_id: str
    desk_url: str

    @property
    def url(self) -> str:
        return self.stack.dashboard_url

    def key(self, service: str) -> str:
        """The demo client's."""
        return self.stack.key(service, DEMO).reveal()


@asynccontextmanager
async def deployed(
    folder: Path, database_url: Secret, *agents: tuple[str, str], browser_sessions: int, desk_url: str = ""
) -> AsyncIterator[Deployment]:
    """On a database that is ready, which is sooner there than an engine of its own. agents: slug and country.
    browser_sessions: pages that each renders at one time; 0: no browser."""
    options = StackOptions(
        Settings(data_dir=folder, database_url=database_url),
        services=(ABP, MM, GATEWAY, OPERATOR, DASHBOARD),
        agents=agents,
        expected_followers=2,
        environment={
            "HEDGEROW_TARGET_ALLOW": "127.0.0.0/8",
            "HEDGEROW_BROWSER_SESSIONS": str(browser_sessions),
            "HEDGEROW_DESK_URLS": desk_url,
        },
        venue_urls={DESKED: {"rest": desk_url + wire.BASE}} if desk_url else {},
    )
    async with (
        Stack(options) as stack,
        stack.world() as world,
        Caller("the MM API", stack.mm_url, stack.key("mm", DEMO)) as mm,
    ):
        played = await world.post("/sim/replay", {"file": "generated", "speed": 1})
        yield Deployment(stack, world, mm, played["fixtures"][0]["fixtureId"], desk_url)


@pytest.fixture
async def deployment(tmp_path: Path, database_url: Secret) -> AsyncIterator[Deployment]:
    account = next(one for one in demo_accounts() if (one.venue, one.client) == (DESKED, DEMO))
    token = Secret(account.credentials["password"])
    async with desk_at(DESKED, account.username, token, SystemClock(), tmp_path) as at:
        at.desk.tell_balance(account.username, "Ann", "1000")
        async with deployed(
            tmp_path / "data", database_url, ("de1", "DE"), browser_sessions=0, desk_url=at.url
        ) as found:
            yield found
