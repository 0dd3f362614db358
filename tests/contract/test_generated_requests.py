"""Requests that are generated from our own documents, good and bad ones: no fault of ours, no undocumented status."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from tests.abp.routes.apikit import serving as serving_abp
from tests.abp.routes.apikit import with_service
from tests.mm.routes.apikit import serving as serving_mm
from tests.patience import PATIENCE_S
from tests.scraping.gateway.gatewaykit import PLENTY, Net
from tests.scraping.gateway.gatewaykit import serving as serving_scraping
from tests.scraping.targets import site

from hedgerow.api.server import Server
from hedgerow.bus.nats import Bus
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database

pytestmark = pytest.mark.timeout(300)

EXAMPLES = int(os.environ.get("GENERATED_EXAMPLES", "4"))
"""For each operation, of good and of bad requests each."""
KEY, UNKNOWN = "5c6f1c9e-2f6d-4a55-9f0e-3a51e2c0d001", "5c6f1c9e-2f6d-4a55-9f0e-3a51e2c0d00f"
NOT_IMPLEMENTED = 501
"""Futures: the only error of the 500s that is an answer of bet placing or market making."""
NO_REQUEST = "Invalid HTTP request received."
"""What was sent is not HTTP, and reaches no operation."""


@dataclass(frozen=True)
class Asked:
    """Who is asked. headers: some of them instead of generated ones. answers: of the 500s, those that are no fault."""

    url: str
    headers: Sequence[dict[str, str]] = ({},)
    answers: frozenset[int] = frozenset({NOT_IMPLEMENTED})


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[str]:
    server = Server(app, "127.0.0.1", 0)
    await server.start()
    yield f"http://127.0.0.1:{server.port}"
    await server.stop()


@pytest.fixture
async def abp(database: Database, nats: Bus) -> AsyncIterator[tuple[FastAPI, str]]:
    """Bet placing itself, whose feed is away."""
    async with serving_abp(database, nats) as api:
        await api.accounts.create_key("acme", "abp", key=KEY, per_minute=1_000_000)
        app = with_service(api, nats)
        async with listening(app) as url:
            yield app, url


@pytest.fixture
async def mm(database: Database, nats: Bus) -> AsyncIterator[tuple[FastAPI, str]]:
    async with serving_mm(database, nats) as api:
        await Accounts(database, api.clock).create_key("demo", "mm", key=KEY, per_minute=1_000_000)
        async with listening(api.app) as url:
            yield api.app, url


@pytest.fixture
async def scraping(database: Database, nats: Bus) -> AsyncIterator[Net]:
    """With an agent."""
    async with serving_scraping(database, nats) as net:
        await net.accounts.add_client("demo", "Demo")
        await net.accounts.create_key("demo", "scraping", key=KEY, per_second=PLENTY)
        await net.join("de1")
        yield net


async def test_scraping_answers_whatever_comes_as_documented(scraping: Net) -> None:
    document = (await scraping.http.get("/openapi.json")).json()
    async with site() as base:
        targets = [{}] + [{"X-Target-URL": url} for url in (f"{base}/echo", f"{base}/broken", "http://127.0.0.1:9")]
        asked = Asked(scraping.url, targets, frozenset({502, 504}))  # what a gateway tells of targets
        assert "\n".join(await asyncio.to_thread(faults, document, asked)) == ""


async def test_bet_placing_answers_whatever_comes_as_documented(abp: tuple[FastAPI, str]) -> None:
    app, url = abp
    assert "\n".join(await asyncio.to_thread(faults, app.openapi(), Asked(url))) == ""


async def test_market_making_answers_whatever_comes_as_documented(mm: tuple[FastAPI, str]) -> None:
    app, url = mm
    assert "\n".join(await asyncio.to_thread(faults, app.openapi(), Asked(url))) == ""


def faults(document: dict[str, Any], asked: Asked) -> list[str]:
    """What was answered that no operation's document says, each once."""
    found: dict[str, None] = {}
    schema = schemathesis.openapi.from_dict(document)
    with requests.Session() as session:
        for result in schema.get_all_operations():
            operation = result.ok()
            for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
                ask(operation, mode, asked, session, found)
    return list(found)


def ask(operation: Any, mode: schemathesis.GenerationMode, asked: Asked, session: Any, found: dict[str, None]) -> None:
    documented = {int(code) for code in operation.definition.raw["responses"]}

    @settings(
        max_examples=EXAMPLES,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=operation.as_strategy(generation_mode=mode),
        key=st.sampled_from([KEY, KEY, KEY, UNKNOWN, ""]),
        fixed=st.sampled_from(asked.headers),
    )
    def check(case: Any, key: str, fixed: dict[str, str]) -> None:
        answer = case.call(base_url=asked.url, session=session, headers={"X-API-Key": key, **fixed}, timeout=PATIENCE_S)
        status = answer.status_code
        if answer.text == NO_REQUEST:
            return
        if status not in documented or (status >= 500 and status not in asked.answers):
            found[f"{operation.label}: {status} {answer.text[:100]}"] = None

    with suppress(Unsatisfiable):  # nothing that could be wrong
        check()
