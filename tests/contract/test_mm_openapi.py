"""Our market making document, and our answers, against the published contract and each other."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
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
from tests.mm.routes.apikit import FIXTURE, KEY, NOW, Api, serving

from hedgerow.bus.nats import Bus
from hedgerow.storage.database import Database

OPERATIONS = 33


@pytest.fixture(scope="session")
def published(shared: Callable[[str], Path]) -> Document:
    return Document(json.loads(shared("contract/mm.openapi.json").read_text()))


@pytest.fixture
async def api(database: Database, nats: Bus) -> AsyncIterator[Api]:
    async with serving(database, nats) as found:
        yield found


@pytest.fixture
async def ours(api: Api) -> Document:
    return Document((await api.http.get("/openapi.json")).json())


async def test_every_operation_of_the_contract_is_served(published: Document, ours: Document) -> None:
    theirs = {(method, path) for method, path, _ in published.operations()}
    assert len(theirs) == OPERATIONS
    assert theirs - {(method, path) for method, path, _ in ours.operations()} == set()


async def test_every_parameter_is_known_with_its_type_and_default(published: Document, ours: Document) -> None:
    assert list(faults_of_parameters(published, ours)) == []


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


async def fill(api: Api) -> None:
    """A row of everything, so that no list is empty."""
    await api.insert("sports", sport_id=10, slug="soccer", name="Soccer")
    await api.insert("tournaments", tournament_id=17, sport_id=10, name="Premier League", category="England")
    await api.insert(
        "markets",
        market_id=101,
        sport_id=10,
        market_type="winner",
        period="result",
        handicap=Decimal(0),
        name="Winner",
        outcomes=[{"outcomeId": 161}, {"outcomeId": 162}],
    )
    await api.insert(
        "mm_mappings",
        venue="kalshi",
        instrument_ref="I",
        market_ref="E",
        fixture_id=FIXTURE,
        market_id=101,
        verdict="PROVED",
        evidence={},
        updated_at=NOW,
    )
    await api.insert(
        "mm_quotes",
        order_id=1,
        at=NOW,
        action="place",
        side="buy",
        price=Decimal("0.45"),
        size=Decimal(100),
        break_even=Decimal("0.46"),
        edge=Decimal("0.01"),
        why={},
    )
    await api.add_fixture()
    await api.add_order(1, player_id=7, matched_size=Decimal(10), matched_stake=Decimal("4.5"))
    await api.add_bet(1)
    api.market_making.covered = {17}
    await api.post("/tournaments/17/activate")


REQUESTS: list[tuple[str, str, str, Any]] = [
    ("get", "/trading/status", "", None),
    ("post", "/trading/pause", "", None),
    ("post", "/trading/resume", "", None),
    ("post", "/trading/stop", "", None),
    ("post", "/trading/start", "", None),
    ("get", "/sports/{sport_id}/market-types", "/sports/10/market-types", None),
    (
        "patch",
        "/client/market-allowlist",
        "",
        {"sportId": 10, "updates": [{"marketType": "winner", "enabled": True}]},
    ),
    ("post", "/client/market-allowlist/activate-all", "", {"sportId": 10}),
    ("get", "/orders", "", None),
    ("get", "/orders/open", "", None),
    ("get", "/orders/summary", "", None),
    ("get", "/bets", "", None),
    ("get", "/bets/summary", "", None),
    ("get", "/positions", "", None),
    ("get", "/positions/summary", "", None),
    ("get", "/pnl", "", None),
    ("get", "/accounts", "", None),
    ("post", "/orders/cancel-all", "", None),
    ("post", "/tournaments/{tournament_id}/activate", "/tournaments/17/activate", None),
    ("post", "/tournaments/{tournament_id}/deactivate", "/tournaments/17/deactivate", None),
    ("get", "/tournaments", "", None),
    ("get", "/me", "", None),
    ("get", "/orders/{order_id}", "/orders/1", None),
    ("get", "/orders/{order_id}/explain", "/orders/1/explain", None),
    ("get", "/bets/{bet_id}", "/bets/1", None),
    ("get", "/fixtures", "", None),
    ("get", "/markets", "/markets?sportId=10", None),
    ("get", "/players", "/players?sportId=10", None),
    ("get", "/sports", "", None),
    ("get", "/sports/{sport_id}/tournaments", "/sports/10/tournaments", None),
    ("patch", "/tournaments/{tournament_id}", "/tournaments/17", {"priceTicks": 2}),
    ("patch", "/clients/settings", "", {"oddsFormat": "american"}),
    ("get", "/fixtures/{fixture_id}", f"/fixtures/{FIXTURE}", None),
]


@pytest.mark.parametrize("way", WAYS)
async def test_live_answers_are_what_both_documents_say(
    api: Api, published: Document, ours: Document, way: str
) -> None:
    await fill(api)
    faults: list[str] = []
    async with asking(way, api.app, "mm", KEY, "/api/v1") as ask:
        for method, path, asked, body in REQUESTS:
            value = await ask(method, path, asked or path, body)
            for document in (published, ours):
                operation = document.root["paths"].get(f"/api/v1{path}", {}).get(method)
                if operation is not None:  # the explanation is ours alone
                    faults += faults_of_value(f"{method} {path}", document.answer(operation), value, document)
            operation = ours.root["paths"][f"/api/v1{path}"][method]
            faults += faults_of_unnamed(f"{method} {path}", ours.answer(operation), value, ours)
    assert faults == []


def test_every_operation_but_one_is_asked(published: Document) -> None:
    asked = {(method, f"/api/v1{path}") for method, path, _, _ in REQUESTS}
    left = {(method, path) for method, path, _ in published.operations()} - asked
    assert left == {("post", "/api/v1/orders/{order_id}/cancel")}  # `tests/mm/routes/test_orders.py` asks it
