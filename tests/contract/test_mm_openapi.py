"""Our market making document, and our answers, against the published contract and each other."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.contract.documents import Document, faults_of_answer, faults_of_value, fits
from tests.mm.routes.apikit import FIXTURE, NOW, Api, serving

from hedgerow.bus.nats import Bus
from hedgerow.storage.database import Database, decode_json

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
    faults = []
    for method, path, operation in published.operations():
        our = {(one["in"], one["name"]): one for one in ours.root["paths"][path][method].get("parameters", [])}
        for theirs in operation.get("parameters", []):
            place, found = (theirs["in"], theirs["name"]), our.get((theirs["in"], theirs["name"]))
            if found is None:
                faults.append(f"{method} {path}: {place} is missing")
            elif not fits(published.types(theirs["schema"]), ours.types(found["schema"])):
                faults.append(f"{method} {path}: {place} has other types")
            elif bool(found.get("required")) != bool(theirs.get("required")):
                faults.append(f"{method} {path}: {place} is required on one side only")
            elif theirs["schema"].get("default") != found["schema"].get("default"):
                faults.append(f"{method} {path}: {place} has another default")
    assert faults == []


async def test_every_body_of_the_contract_is_taken(published: Document, ours: Document) -> None:
    faults = []
    for method, path, operation in published.operations():
        theirs, our = published.body(operation), ours.body(ours.root["paths"][path][method])
        if theirs is None:
            continue
        assert our is not None, path
        for name, schema in theirs.get("properties", {}).items():
            found = our["properties"].get(name)
            if found is None or not fits(published.types(schema), ours.types(found)):
                faults.append(f"{method} {path}: {name}")
        faults += [
            f"{method} {path}: {name} is not optional"
            for name in set(our.get("required", [])) - set(theirs.get("required", []))
        ]
    assert faults == []


async def test_documented_answers_carry_what_the_contract_promises(published: Document, ours: Document) -> None:
    faults: list[str] = []
    for method, path, operation in published.operations():
        our = ours.root["paths"][path][method]
        faults += [f"{method} {path}: {code}" for code in operation["responses"] if code not in our["responses"]]
        theirs = published.answer(operation)
        faults += faults_of_answer(f"{method} {path}", theirs, ours.answer(our), published, ours)
    assert faults == []


async def test_every_operation_and_model_is_described(ours: Document) -> None:
    bare = [f"{method} {path}" for method, path, operation in ours.operations() if not operation.get("description")]
    assert bare == []
    assert ours.root["openapi"].startswith("3.1")
    assert all(operation.get("security") for _, _, operation in ours.operations())


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


async def test_live_answers_are_what_both_documents_say(api: Api, published: Document, ours: Document) -> None:
    await fill(api)
    faults: list[str] = []
    for method, path, asked, body in REQUESTS:
        answer = await api.http.request(method, f"/api/v1{asked or path}", json=body)
        assert answer.status_code == 200, f"{method} {path}: {answer.text}"
        value = decode_json(answer.content)
        for document in (published, ours):
            operation = document.root["paths"].get(f"/api/v1{path}", {}).get(method)
            if operation is not None:  # the explanation is ours alone
                faults += faults_of_value(f"{method} {path}", document.answer(operation), value, document)
    assert faults == []


def test_every_operation_but_one_is_asked(published: Document) -> None:
    asked = {(method, f"/api/v1{path}") for method, path, _, _ in REQUESTS}
    left = {(method, path) for method, path, _ in published.operations()} - asked
    assert left == {("post", "/api/v1/orders/{order_id}/cancel")}  # `tests/mm/routes/test_orders.py` asks it
