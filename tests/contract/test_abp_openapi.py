"""Our document of automated bet placing, and our answers, against the published contract and each other."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.abp.abpkit import taken
from tests.abp.routes.apikit import FIXTURE, KEY, Api, serving
from tests.contract.askers import WAYS, asking
from tests.contract.documents import (
    Document,
    faults_of_answers,
    faults_of_bodies,
    faults_of_description,
    faults_of_parameters,
    faults_of_unnamed,
    faults_of_value,
)

from hedgerow.bus.nats import Bus
from hedgerow.storage.database import Database

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
    assert list(faults_of_parameters(published, ours, OTHER_DEFAULTS)) == []


async def test_every_body_of_the_contract_is_taken(published: Document, ours: Document) -> None:
    assert list(faults_of_bodies(published, ours)) == []


async def test_documented_answers_carry_what_the_contract_promises(published: Document, ours: Document) -> None:
    assert list(faults_of_answers(published, ours)) == []


async def test_every_operation_that_takes_a_body_may_say_that_it_is_too_large(ours: Document) -> None:
    taking = [operation["responses"] for _, _, operation in ours.operations() if "requestBody" in operation]
    assert taking
    assert all("413" in responses for responses in taking)


async def test_every_operation_is_described_and_needs_a_key(ours: Document) -> None:
    assert list(faults_of_description(ours)) == []


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


@pytest.mark.parametrize("way", WAYS)
async def test_live_answers_are_what_both_documents_say(
    api: Api, published: Document, ours: Document, way: str
) -> None:
    await fill(api)
    faults: list[str] = []
    async with asking(way, api.app, "abp", KEY) as ask:
        for method, path, asked, body in REQUESTS:
            value = await ask(method, path, asked or path, body)
            for document in (published, ours):
                schema = document.answer(document.root["paths"][path][method])
                faults += faults_of_value(f"{method} {path}", schema, value, document) if schema else []
            faults += faults_of_unnamed(f"{method} {path}", schema, value, ours)
    assert faults == []


def test_every_operation_is_asked(published: Document) -> None:
    assert {(method, path) for method, path, _, _ in REQUESTS} == {
        (method, path) for method, path, _ in published.operations()
    }
