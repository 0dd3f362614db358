"""Our document of automated bet placing, and our answers, against the published contract and each other."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.abp.abpkit import taken
from tests.abp.routes.apikit import FIXTURE, Api, serving
from tests.contract.documents import Document, faults_of_answer, faults_of_value, fits

from hedgerow.bus.nats import Bus
from hedgerow.storage.database import Database, decode_json

OPERATIONS = 16
OURS = {("get", "/orders/{order_id}/receipt")}
"""Served beside the contract's."""
# The contract's text says 100 where its document says 50; the text is the higher authority.
OTHER_DEFAULTS = {("/orders", "limit"): (50, 100), ("/bets", "limit"): (50, 100)}


@pytest.fixture(scope="session")
def published(shared: Callable[[str], Path]) -> Document:
    return Document(json.loads(shared("contract/abp.openapi.json").read_text()))


@pytest.fixture
async def api(database: Database, nats: Bus) -> AsyncIterator[Api]:
    async with serving(database, nats) as found:
        yield found


@pytest.fixture
async def ours(api: Api) -> Document:
    return Document((await api.http.get("/openapi.json")).json())


async def test_every_operation_of_the_contract_is_served_and_no_other(published: Document, ours: Document) -> None:
    theirs = {(method, path) for method, path, _ in published.operations()}
    assert len(theirs) == OPERATIONS
    assert {(method, path) for method, path, _ in ours.operations()} == theirs | OURS


async def test_every_parameter_is_known_with_its_type_and_default(published: Document, ours: Document) -> None:
    faults = []
    for method, path, operation in published.operations():
        our = {(one["in"], one["name"]): one for one in ours.root["paths"][path][method].get("parameters", [])}
        for theirs in operation.get("parameters", []):
            place, found = (theirs["in"], theirs["name"]), our.get((theirs["in"], theirs["name"]))
            if found is None:
                faults.append(f"{method} {path}: {place} is missing")
                continue
            defaults = (theirs["schema"].get("default"), found["schema"].get("default"))
            if not fits(published.types(theirs["schema"]), ours.types(found["schema"])):
                faults.append(f"{method} {path}: {place} has other types")
            if bool(found.get("required")) != bool(theirs.get("required")):
                faults.append(f"{method} {path}: {place} is required on one side only")
            if defaults[0] != defaults[1] and OTHER_DEFAULTS.get((path, theirs["name"])) != defaults:
                faults.append(f"{method} {path}: {place} has another default")
    assert faults == []


async def test_every_body_of_the_contract_is_taken(published: Document, ours: Document) -> None:
    faults = []
    for method, path, operation in published.operations():
        theirs, our = published.body(operation), ours.body(ours.root["paths"][path][method])
        if theirs is None:
            continue
        assert our is not None, path
        faults += [f"{method} {path}: {fault}" for fault in faults_of_body(theirs, our, published, ours)]
    assert faults == []


def faults_of_body(theirs: Any, our: Any, published: Document, ours: Document) -> list[str]:
    """What the contract lets clients send and we would refuse."""
    faults = [f"{name} is not optional" for name in set(our.get("required", [])) - set(theirs.get("required", []))]
    for name, schema in theirs.get("properties", {}).items():
        found = our["properties"].get(name)
        if found is None or not fits(published.types(schema), ours.types(found)):
            faults.append(name)
        elif "$ref" in schema.get("items", {}):
            faults += faults_of_body(published.of(schema["items"]), ours.of(found["items"]), published, ours)
    return faults


async def test_documented_answers_carry_what_the_contract_promises(published: Document, ours: Document) -> None:
    faults: list[str] = []
    for method, path, operation in published.operations():
        our = ours.root["paths"][path][method]
        faults += [f"{method} {path}: {code}" for code in operation["responses"] if code not in our["responses"]]
        theirs = published.answer(operation)
        faults += faults_of_answer(f"{method} {path}", theirs, ours.answer(our), published, ours)
    assert faults == []


async def test_every_operation_is_described_and_needs_a_key(ours: Document) -> None:
    assert [path for _, path, operation in ours.operations() if not operation.get("description")] == []
    assert ours.root["openapi"].startswith("3.1")
    assert all(operation.get("security") for _, _, operation in ours.operations())


ORDER = {
    "requestUuid": "eb45b192-317b-42d5-9f65-af497b9fa8c2",
    "fixtureId": FIXTURE,
    "outcomeId": 121,
    "playerId": 0,
    "orderPrice": 1.95,
    "orderStake": 10,
    "userRef": "bettor1",
    "testOrder": False,
}
ACCOUNT = "/accounts/{bookmaker}/{username}"
REQUESTS: list[tuple[str, str, str, Any]] = [
    ("post", "/accounts", "", {"bookmaker": "pinnacle", "username": "second", "meta": {"appKey": "k"}}),
    ("get", "/accounts", "", None),
    ("get", ACCOUNT, "/accounts/pinnacle/second", None),
    ("patch", ACCOUNT, "/accounts/pinnacle/second", {"maxStake": 5}),
    ("delete", ACCOUNT, "/accounts/pinnacle/second", None),
    ("get", "/betslip", f"/betslip?fixtureId={FIXTURE}&outcomeId=121&playerId=0", None),
    ("post", "/place-orders", "", {"orders": [ORDER]}),
    ("post", "/cancel-orders", "", {"userRef": "bettor1"}),
    ("post", "/cancel-all-orders", "", None),
    ("get", "/orders", "/orders?userRef=bettor1", None),
    ("get", "/bets", "/bets?userRef=bettor1", None),
    ("get", "/bets/{bet_id}", "/bets/1", None),
    ("get", "/bookmakers", "", None),
    ("get", "/markets", "", None),
    ("get", "/positions", "", None),
    ("get", "/pnl", "", None),
]


async def fill(api: Api) -> None:
    """Two confirmed bets, one of them settled."""
    for uuid, settlement in (("1", "UNSETTLED"), ("2", "WON")):
        order = await api.desk.order(request_uuid=f"fb5f2dd9-c855-4ba9-8ef9-4c2278ca2f1{uuid}")
        bet = taken(await api.desk.bet(order))
        async with api.database.transaction() as connection:
            await api.desk.bets.save_answer(connection, bet)
        await api.database.execute(
            "update bets set settlement = $2, payout = $3 where bet_id = $1", bet.bet_id, settlement, Decimal(20)
        )


async def test_live_answers_are_what_both_documents_say(api: Api, published: Document, ours: Document) -> None:
    await fill(api)
    faults: list[str] = []
    for method, path, asked, body in REQUESTS:
        answer = await api.http.request(method, asked or path, json=body)
        assert answer.status_code in (200, 201, 204), f"{method} {path}: {answer.text}"
        value = decode_json(answer.content) if answer.content else None
        for document in (published, ours):
            schema = document.answer(document.root["paths"][path][method])
            faults += faults_of_value(f"{method} {path}", schema, value, document) if schema else []
    assert faults == []


def test_every_operation_is_asked(published: Document) -> None:
    assert {(method, path) for method, path, _, _ in REQUESTS} == {
        (method, path) for method, path, _ in published.operations()
    }
