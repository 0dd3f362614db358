"""Our scraping document, and our answers, against the published contract."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
from tests.contract.askers import WAYS, asking_at
from tests.contract.documents import Document, faults_of_bodies, faults_of_value, fits
from tests.scraping.gateway.gatewaykit import Net, serving
from tests.scraping.targets import site

from hedgerow.bus.nats import Bus
from hedgerow.storage.database import Database, decode_json


@pytest.fixture(scope="session")
def published(shared: Callable[[str], Path]) -> Document:
    return Document(json.loads(shared("contract/scraping.openapi.json").read_text()))


@pytest.fixture
async def net(database: Database, nats: Bus) -> AsyncIterator[Net]:
    async with serving(database, nats) as found:
        yield found


@pytest.fixture
async def ours(net: Net) -> Document:
    return Document((await net.http.get("/openapi.json")).json())


async def test_every_operation_is_served(published: Document, ours: Document) -> None:
    theirs = {(method, path) for method, path, _ in published.operations()}
    assert theirs - {(method, path) for method, path, _ in ours.operations()} == set()


async def test_every_parameter_is_known(published: Document, ours: Document) -> None:
    faults = []
    for method, path, operation in published.operations():
        given = ours.root["paths"][path][method].get("parameters", [])
        our = {(one["in"], one["name"].lower()) for one in given}
        for reference in operation.get("parameters", []):
            name = reference.get("$ref", "").rpartition("/")[2]
            theirs = published.root["components"]["parameters"][name] if name else reference
            if (theirs["in"], theirs["name"].lower()) not in our:
                faults.append(f"{method} {path}: {theirs['name']}")
    assert faults == []


async def test_every_body_of_the_contract_is_taken(published: Document, ours: Document) -> None:
    faults = set(faults_of_bodies(published, ours))
    # A cookie is described once for both ways; what has no name or no value cannot be set, and is refused.
    assert faults == {"post /browser: name is not optional", "post /browser: value is not optional"}


async def test_documented_answers_carry_what_the_contract_promises(published: Document, ours: Document) -> None:
    faults = []
    for method, path, operation in published.operations():
        theirs, our = published.answer(operation), ours.answer(ours.root["paths"][path][method])
        for name, schema in theirs.get("properties", {}).items():
            found = our["properties"].get(name)
            if found is None or not fits(ours.types(found), published.types(schema)):
                faults.append(f"{method} {path}: {name}")
    assert faults == []


async def test_every_status_of_the_contract_is_documented(published: Document, ours: Document) -> None:
    faults = [
        f"{method} {path}: {status}"
        for method, path, operation in published.operations()
        for status in operation["responses"]
        if status not in ours.root["paths"][path][method]["responses"]
    ]
    assert faults == []


MORE: Mapping[str, str] = {
    "400": "what cannot be understood; the contract's text has it for targets and countries",
    "403": "a key that does not work; the contract's text has it for every operation that needs one",
    "413": "a body that is larger than an operation beside /fetch takes",
    "422": "a parameter that is missing or too long",
    "502": "no agent; the contract's text has it for every fetch and every choice",
    "503": "the database is not available",
    "504": "the target's time is over; the contract's text has it for every fetch and page",
}
"""Statuses that our document has where the contract's leaves them out, and why."""


async def test_every_status_that_is_documented_is_the_contracts_or_has_a_reason(
    published: Document, ours: Document
) -> None:
    faults = [
        f"{method} {path}: {status}"
        for method, path, operation in published.operations()
        for status in ours.root["paths"][path][method]["responses"]
        if status not in {*operation["responses"], *MORE}
    ]
    assert faults == []


async def test_whatever_needs_a_key_may_say_that_the_database_is_away(ours: Document) -> None:
    faults = [
        f"{method} {path}"
        for method, path, operation in ours.operations()
        if operation.get("security") and "503" not in operation["responses"]
    ]
    assert faults == []


async def test_what_reads_a_body_within_a_limit_may_say_that_it_is_too_large(ours: Document) -> None:
    limited = ["/browser", "/amqp"]
    assert all("413" in ours.root["paths"][path]["post"]["responses"] for path in limited)


@pytest.mark.parametrize("way", WAYS)
async def test_our_answers_are_as_the_contract_describes_them(published: Document, net: Net, way: str) -> None:
    await net.join("de1")
    key = (await net.key())["X-API-Key"]
    async with site() as base, asking_at(way, net.url, "scraping", key) as ask:
        asked = {
            "/fetch": decode_json((await net.fetch(f"{base}/echo", {"X-API-Key": key})).content),
            "/healthz": await ask("get", "/healthz", "/healthz", None),
            "/usage": await ask("get", "/usage", "/usage", None),
            "/network/agents": await ask("get", "/network/agents", "/network/agents", None),
            "/network/status": await ask("get", "/network/status", "/network/status", None),
            "/network/geo": await ask("get", "/network/geo", "/network/geo", None),
            "/network/health/{domain}": await ask("get", "/network/health/{domain}", "/network/health/127.0.0.1", None),
            "/debug/pick": await ask("get", "/debug/pick", f"/debug/pick?url={base}", None),
        }
    for path, value in asked.items():
        schema = published.answer(published.root["paths"][path]["get"])
        assert list(faults_of_value(path, schema, value, published)) == []
