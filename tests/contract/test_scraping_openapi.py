"""Our scraping document, and our answers, against the published contract."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tests.contract.documents import Document, faults_of_value, fits
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


async def test_our_answers_are_as_the_contract_describes_them(published: Document, net: Net) -> None:
    await net.join("de1")
    key = await net.key()
    async with site() as base:
        fetched = await net.fetch(f"{base}/echo", key)
        asked = {
            "/fetch": fetched,
            "/healthz": await net.http.get("/healthz"),
            "/usage": await net.http.get("/usage", headers=key),
            "/network/agents": await net.http.get("/network/agents", headers=key),
            "/network/status": await net.http.get("/network/status", headers=key),
            "/network/geo": await net.http.get("/network/geo", headers=key),
            "/network/health/{domain}": await net.http.get("/network/health/127.0.0.1", headers=key),
            "/debug/pick": await net.http.get("/debug/pick", params={"url": base}, headers=key),
        }
    for path, answer in asked.items():
        assert answer.status_code == 200, path
        schema = published.answer(published.root["paths"][path]["get"])
        assert list(faults_of_value(path, schema, decode_json(answer.content), published)) == []
