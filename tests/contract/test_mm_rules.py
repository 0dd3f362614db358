"""Every operation of the published market making API against every rule that is for all of them, over real HTTP.

The operations, their parameters and the types of these are read from the published document, so that none is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.documents import Document
from tests.contract.test_mm_openapi import REQUESTS, fill
from tests.mm.routes.apikit import FIXTURE, NOW, RIVAL_KEY, Api, serving
from tests.patience import PATIENCE_S

from hedgerow.api.server import Server
from hedgerow.bus.nats import Bus
from hedgerow.storage.database import Database, decode_json

UNAUTHORIZED = {"detail": "Invalid or missing API key"}
NARROW_KEY = "0b6f1c9e-2f6d-4a55-9f0e-3a51e2c0d0aa"
NUMBERS = {"order_id": "1", "bet_id": "1", "sport_id": "10", "tournament_id": "17"}
BODIES = {(method, path): body for method, path, _, body in REQUESTS}


@dataclass(frozen=True)
class Operation:
    """One of the contract's, with a request that works."""

    method: str
    path: str
    query: dict[str, dict[str, Any]]  # the schemas of its parameters by name
    required: dict[str, str]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def numbers(self) -> list[str]:
        """The names of numbers in its path."""
        return [name for name in re.findall(r"{(\w+)}", self.path) if name != "fixture_id"]

    def address(self, **values: str) -> str:
        given = {**NUMBERS, "fixture_id": FIXTURE, **values}
        return re.sub(r"{(\w+)}", lambda match: given[match[1]], self.path)

    @property
    def body(self) -> Any:
        return BODIES.get((self.method, self.path.removeprefix("/api/v1")))


@dataclass
class Served:
    """The API at a real socket."""

    api: Api
    http: httpx.AsyncClient

    async def ask(
        self, operation: Operation, query: dict[str, str] | None = None, key: str | None = None, **values: str
    ) -> httpx.Response:
        headers = {} if key is None else {"X-API-Key": key}
        asked = {**operation.required, **(query or {})}
        path = operation.address(**values)
        return await self.http.request(operation.method, path, params=asked, json=operation.body, headers=headers)


@pytest.fixture(scope="session")
def operations(shared: Callable[[str], Path]) -> list[Operation]:
    published = Document(json.loads(shared("contract/mm.openapi.json").read_text()))
    found = []
    for method, path, operation in published.operations():
        query = {one["name"]: one for one in operation.get("parameters", []) if one["in"] == "query"}
        required = {name: "10" for name, one in query.items() if one.get("required")}
        found.append(Operation(method, path, {name: one["schema"] for name, one in query.items()}, required))
    return found


@pytest.fixture
async def served(database: Database, nats: Bus) -> AsyncIterator[Served]:
    async with serving(database, nats) as api:
        await fill(api)
        server = Server(api.app, "127.0.0.1", 0)
        await server.start()
        key = {"X-API-Key": str(api.http.headers["X-API-Key"])}
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{server.port}", headers=key, timeout=PATIENCE_S
        ) as http:
            yield Served(api, http)
        await server.stop()


def with_query(operations: list[Operation], *names: str) -> Iterator[tuple[Operation, str]]:
    """Operations that take one of these parameters; there are some."""
    found = [(operation, name) for operation in operations for name in names if name in operation.query]
    assert found
    return iter(found)


def snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda match: f"_{match[1].lower()}", name)


# --- who asks --------------------------------------------------------------------------------------------------------


async def test_no_operation_works_without_a_key_that_works(served: Served, operations: list[Operation]) -> None:
    wrong: list[dict[str, str]] = [
        {"X-API-Key": ""},
        {"X-API-Key": "not-a-uuid"},
        {"X-API-Key": "0b6f1c9e-2f6d-4a55-9f0e-3a51e2c0dfff"},
        {"X-API-Key": "", "Authorization": "Bearer " + str(served.http.headers["X-API-Key"])},
    ]
    faults = []
    for operation in operations:
        for headers in wrong:
            answer = await served.http.request(operation.method, operation.address(), headers=headers)
            if (answer.status_code, answer.json()) != (401, UNAUTHORIZED):
                faults.append(f"{operation} {headers}: {answer.status_code} {answer.text}")
    assert faults == []


async def test_every_operation_counts_against_the_clients_limit(served: Served, operations: list[Operation]) -> None:
    await served.api.accounts.create_key("demo", "mm", key=NARROW_KEY, per_minute=1)
    faults = []
    while (await served.http.get("/api/v1/me", headers={"X-API-Key": NARROW_KEY})).status_code == 200:
        pass
    for operation in operations:
        answer = await served.ask(operation, key=NARROW_KEY)
        if answer.status_code != 429 or int(answer.headers.get("Retry-After", 0)) < 1 or "detail" not in answer.json():
            faults.append(f"{operation}: {answer.status_code} {dict(answer.headers)}")
    assert faults == []


async def test_what_is_a_clients_own_is_not_there_for_another(served: Served, operations: list[Operation]) -> None:
    own = [one for one in operations if {"order_id", "bet_id"} & set(one.numbers)]
    assert len(own) == 3
    for operation in own:
        answer = await served.ask(operation, key=RIVAL_KEY)
        assert (answer.status_code, answer.json()["detail"][-9:]) == (404, "not found"), str(operation)
    lists = [one for one in operations if {"fromDate", "exchange", "page"} & set(one.query) and one.method == "get"]
    for operation in lists:
        answer = decode_json((await served.ask(operation, key=RIVAL_KEY)).content)
        told = answer.get("count", answer.get("total", 0))
        assert told == (1 if operation.path.endswith("/accounts") else 0), str(operation)


# --- what is asked for -----------------------------------------------------------------------------------------------


async def test_numbers_in_paths_are_numbers_and_name_what_there_is(served: Served, operations: list[Operation]) -> None:
    faults = []
    for operation in operations:
        for name in operation.numbers:
            answer = await served.ask(operation, **{name: "abc"})
            if answer.status_code != 422 or answer.json()["detail"][0]["loc"] != ["path", name]:
                faults.append(f"{operation} abc: {answer.status_code} {answer.text}")
            answer = await served.ask(operation, **{name: "987654"})
            if answer.status_code != (200 if operation.path.endswith("/tournaments") else 404):
                faults.append(f"{operation} 987654: {answer.status_code}")
    assert faults == []


NO_DAYS = ("2026-13-01", "2026-02-30", "15.02.2026", "2026-2-5", "1771113600", "2026-02-15T00:00:00Z", "today", "")


async def test_a_day_is_written_as_year_month_day_everywhere(served: Served, operations: list[Operation]) -> None:
    faults = []
    for operation, name in with_query(operations, "fromDate", "toDate"):
        for number, value in enumerate(NO_DAYS):
            answer = await served.ask(operation, {name if number % 2 else snake(name): value})
            if answer.status_code != 422 or answer.json()["detail"][0]["loc"] != ["query", name]:
                faults.append(f"{operation} {name}={value}: {answer.status_code}")
    assert faults == []


async def test_both_days_are_included_in_utc_in_every_list(served: Served, operations: list[Operation]) -> None:
    await served.api.database.execute("truncate mm_orders, bets")
    day = NOW.replace(hour=0, minute=0)
    moments = [day - timedelta(microseconds=1), day, day + timedelta(days=1, microseconds=-1), day + timedelta(days=1)]
    for number, at in enumerate(moments, 1):
        matched = {"matched_size": Decimal(1), "matched_stake": Decimal("0.45")}
        await served.api.add_order(number, created_at=at, outcome_id=number, **matched)
        await served.api.add_bet(number, created_at=at)
    windows = [((None, None), 4), (("15", "15"), 2), (("15", None), 3), ((None, "15"), 3), (("16", "14"), 0)]
    faults = []
    for operation, _ in with_query(operations, "fromDate"):
        for (first, last), expected in windows:
            for names in (("fromDate", "toDate"), ("from_date", "to_date")):
                asked = {name: f"2026-02-{at}" for name, at in zip(names, (first, last), strict=True) if at is not None}
                if (told := rows_in(decode_json((await served.ask(operation, asked)).content))) != expected:
                    faults.append(f"{operation} {asked}: {told}, not {expected}")
    assert faults == []


def rows_in(answer: dict[str, Any]) -> int:
    """How many rows an answer tells or adds up; orders and bets of a test are as many."""
    for name in ("total", "count", "totalOrders", "totalBets", "unsettledCount"):
        if name in answer:
            return int(answer[name])
    raise AssertionError(f"nothing is counted in {answer}")


async def test_pages_are_from_1_and_of_at_most_2000(served: Served, operations: list[Operation]) -> None:
    faults = []
    for operation, name in with_query(operations, "page", "pageSize"):
        cases = [
            ("0", 422),
            ("-1", 422),
            ("x", 422),
            ("1.5", 422),
            ("1", 200),
            *([("2000", 200), ("2001", 422)] if name == "pageSize" else []),
        ]
        for value, status in cases:
            told = [(await served.ask(operation, {spelled: value})).status_code for spelled in (name, snake(name))]
            if told != [status, status]:
                faults.append(f"{operation} {name}={value}: {told}")
        told = (await served.ask(operation)).json()
        if (told["page"], told["pageSize"], told["totalPages"], len(told["data"])) != (1, 50, 1, told["total"]):
            faults.append(f"{operation}: {told}")
        behind = (await served.ask(operation, {"page": "1000000"})).json()
        if (behind["data"], behind["total"], behind["page"]) != ([], told["total"], 1_000_000):
            faults.append(f"{operation} behind the end: {behind}")
    assert faults == []


async def test_every_parameter_counts_in_both_spellings(served: Served, operations: list[Operation]) -> None:
    """A value of the wrong type is refused; a text that fits nothing finds nothing."""
    faults = []
    for operation in operations:
        for name in operation.query.keys() - {"fromDate", "toDate", "fixtureIds"}:
            for spelled in (name, snake(name)):
                answer = await served.ask(operation, {spelled: "no-such-thing"})
                finds_nothing = answer.status_code == 200 and operation.method == "get" and not rows_in(answer.json())
                asked = served.api.market_making.asked
                is_passed_on = operation.method == "post" and asked and "no-such-thing" in asked[-1]
                if answer.status_code != 422 and not finds_nothing and not is_passed_on:
                    faults.append(f"{operation} {spelled}: {answer.status_code} {answer.text[:100]}")
    assert faults == []


async def test_repeated_fixtures_are_all_found(served: Served) -> None:
    await served.api.add_fixture("id-2")
    for name in ("fixtureIds", "fixture_ids"):
        query = [(name, FIXTURE), (name, "id-2"), ("all", "true")]
        found = (await served.http.get("/api/v1/fixtures", params=query)).json()
        assert {fixture["fixtureId"] for fixture in found["data"]} == {FIXTURE, "id-2"}


@pytest.mark.parametrize(
    ("path", "statuses"),
    [
        ("/orders", ["PENDING_PLACEMENT", "PLACED", "FILLED", "CANCELLED", "FAILED", "EXPIRED"]),
        ("/bets", ["placed", "pending", "declined"]),
        ("/positions", ["open", "matched", "filled", "cancelled", "active"]),
    ],
)
async def test_status_takes_the_published_values_alone_or_several(
    served: Served, path: str, statuses: list[str]
) -> None:
    for status in (*statuses, ",".join(statuses), f" {statuses[0]} , {statuses[1]}"):
        assert (await served.http.get(f"/api/v1{path}", params={"status": status})).status_code == 200, status
    for status in ("nothing", f"{statuses[0]},nothing"):
        answer = await served.http.get(f"/api/v1{path}", params={"status": status})
        assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["query", "status"])


BODIES_TAKEN: list[tuple[str, str, Any]] = [
    ("patch", "/client/market-allowlist", {"sportId": 10, "updates": [{"marketType": "w", "enabled": False}]}),
    (
        "patch",
        "/client/market-allowlist",
        {"sport_id": 10, "updates": [{"market_type": "w", "player_prop": True, "enabled": False}]},
    ),
    ("post", "/client/market-allowlist/activate-all", {"sport_id": 10}),
    ("post", "/tournaments/17/activate", {"limit_ratio": 0.5, "price_ticks": 1}),
    ("patch", "/tournaments/17", {"limit_ratio": 0.5}),
    ("patch", "/tournaments/17", {"priceTicks": 3}),
    ("patch", "/clients/settings", {"odds_format": "fractional"}),
    ("patch", "/clients/settings", {"oddsFormat": "hong_kong"}),
]


async def test_bodies_are_taken_in_both_spellings(served: Served) -> None:
    for method, path, body in BODIES_TAKEN:
        answer = await served.http.request(method, f"/api/v1{path}", json=body)
        assert answer.status_code == 200, f"{method} {path} {body}: {answer.text}"
        assert not [name for name in answer.json() if "_" in name]


BODIES_REFUSED: list[tuple[str, str, Any]] = [
    ("patch", "/client/market-allowlist", {"updates": []}),
    ("patch", "/client/market-allowlist", {"sportId": 10, "updates": [{"marketType": "winner"}]}),
    ("post", "/client/market-allowlist/activate-all", {}),
    ("post", "/tournaments/17/activate", {"limitRatio": 1.01}),
    ("post", "/tournaments/17/activate", {"limitRatio": -0.01}),
    ("post", "/tournaments/17/activate", {"priceTicks": 1.5}),
    ("patch", "/tournaments/17", {"limitRatio": "all"}),
    ("patch", "/clients/settings", {"oddsFormat": "roman"}),
    ("patch", "/clients/settings", {}),
]


async def test_a_body_that_is_not_as_published_is_refused_and_says_where(served: Served) -> None:
    for method, path, body in BODIES_REFUSED:
        answer = await served.http.request(method, f"/api/v1{path}", json=body)
        assert answer.status_code == 422, f"{method} {path} {body}: {answer.text}"
        assert answer.json()["detail"][0]["loc"][0] == "body"


# --- the socket's address --------------------------------------------------------------------------------------------


async def test_the_socket_asks_plain_http_to_upgrade_with_or_without_a_key(served: Served) -> None:
    for key in ("", str(served.http.headers["X-API-Key"])):
        answer = await served.http.get("/ws/subscribe", headers={"X-API-Key": key})
        assert (answer.status_code, list(answer.json())) == (426, ["detail"])
