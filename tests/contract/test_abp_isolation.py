"""No operation, parameter, cursor or channel of bet placing shows or touches another client's rows.

The walk goes over the document that is served: an operation or a parameter that it does not know fails it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.abp.abpkit import taken
from tests.abp.routes.apikit import FIXTURE, KEY, RIVAL_KEY, Api, serving, with_service
from tests.contract.documents import Document

from hedgerow.bus.nats import Bus
from hedgerow.storage.database import Database, decode_json

REQUEST, REQUEST_2 = "eb45b192-317b-42d5-9f65-0000000000aa", "eb45b192-317b-42d5-9f65-0000000000ab"
REFERENCE, BOOKMAKERS_ID, NOTE = "77777777-0000-4000-8000-000000000077", "bm-77-of-acme", "a-note-of-acme"
USER_REF = "bettor-of-acme"

# What can name a row, wherever it stands; every other parameter has to be named as harmless.
HARMLESS = {
    "limit",
    "groupBy",
    "sportId",
    "outcomeId",
    "playerId",
    "participantId",
    "fixtureId",
    "futureId",
    "bookmakers",
    "password",
    "balance",
    "active",
    "priority",
    "maxStake",
    "minStake",
    "currencyId",
    "verifyBetslip",
    "meta",
    "orderPrice",
    "orderStake",
    "testOrder",
    "orderCurrency",
    "back",
    "expiresAt",
    "acceptBetterOdds",
    "acceptPartialStake",
    "priceRule",
}
REQUIRED: dict[str, Any] = {
    "fixtureId": FIXTURE,
    "outcomeId": 121,
    "playerId": 0,
    "orderPrice": 1.5,
    "orderStake": 5,
    "testOrder": False,
    "bookmaker": "pinnacle",
    "username": "of-zenith",
    "requestUuid": "eb45b192-317b-42d5-9f65-0000000000ff",
    "userRef": "bettor-of-zenith",
}
REFUSED = frozenset({403, 404})
ANSWERS: dict[tuple[str, str], frozenset[int]] = {
    ("get", "/accounts"): frozenset({200}),
    ("post", "/accounts"): frozenset({201, 409}),
    ("get", "/accounts/{bookmaker}/{username}"): REFUSED,
    ("patch", "/accounts/{bookmaker}/{username}"): REFUSED,
    ("delete", "/accounts/{bookmaker}/{username}"): REFUSED,
    ("get", "/betslip"): REFUSED,
    ("post", "/place-orders"): frozenset({200}),
    ("post", "/cancel-orders"): frozenset({200, 403, 404}),
    ("post", "/cancel-all-orders"): frozenset({200}),
    ("get", "/orders"): frozenset({200, 400, 403}),
    ("get", "/orders/{order_id}/receipt"): REFUSED,
    ("get", "/bets"): frozenset({200, 400, 403}),
    ("get", "/bets/{bet_id}"): REFUSED,
    ("get", "/bookmakers"): frozenset({200}),
    ("get", "/markets"): frozenset({200}),
    ("get", "/positions"): frozenset({200}),
    ("get", "/pnl"): frozenset({200}),
}
"""Every operation, and what another client's key may be answered."""


@dataclass(frozen=True)
class Theirs:
    """What acme has, and how requests name it."""

    order_ids: tuple[int, ...]
    bet_id: int

    @property
    def names(self) -> dict[str, Any]:
        """Parameter to value, in queries, paths and bodies."""
        return {
            "bookmaker": "pinnacle",
            "username": "pinnacle_main",
            "account": "pinnacle_main",
            "betIds": str(self.bet_id),
            "bet_id": self.bet_id,
            "order_id": self.order_ids[1],
            "orderIds": self.order_ids,
            "requestUuids": (REQUEST, REQUEST_2),
            "requestUuid": REQUEST,
            "userRef": USER_REF,
            "afterBetId": self.bet_id + 1,
            "afterOrderId": max(self.order_ids) + 1,
        }


@pytest.fixture
async def api(database: Database, nats: Bus) -> AsyncIterator[Api]:
    async with serving(database, nats) as found:
        yield found


@pytest.fixture
async def theirs(api: Api) -> Theirs:
    """Acme has an open order, and one with a confirmed bet."""
    waiting = await api.desk.order(request_uuid=REQUEST, user_ref=USER_REF, meta={"note": NOTE})
    filled = await api.desk.order(request_uuid=REQUEST_2, user_ref=USER_REF)
    bet = taken(await api.desk.bet(filled, reference=REFERENCE))
    bet.bookmaker_bet_id = BOOKMAKERS_ID
    async with api.database.transaction() as connection:
        await api.desk.bets.save_answer(connection, bet)
    return Theirs((waiting.order_id, filled.order_id), bet.bet_id)


@asynccontextmanager
async def caller(api: Api, nats: Bus, key: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(with_service(api, nats))
    async with httpx.AsyncClient(transport=transport, base_url="http://abp", headers={"X-API-Key": key}) as http:
        yield http


async def test_no_operation_shows_or_touches_anothers_rows(api: Api, nats: Bus, theirs: Theirs) -> None:
    document = Document(api.app.openapi())
    assert {(method, path) for method, path, _ in document.operations()} == set(ANSWERS)
    async with caller(api, nats, KEY) as acme, caller(api, nats, RIVAL_KEY) as zenith:
        before, read_before = await rows_of(api.database, "acme"), await reads(acme, theirs)
        asked = 0
        for method, path, operation in document.operations():
            for parameters, body in requests_of(document, operation, theirs):
                answer = await send(zenith, method, path, operation, parameters, body)
                what = f"{method} {path} {parameters} {body}"
                assert answer.status_code in ANSWERS[method, path], f"{what}: {answer.text}"
                assert not shown(answer, theirs), f"{what}: {answer.text}"
                assert await rows_of(api.database, "acme") == before, what
                asked += 1
        assert asked > len(ANSWERS)
        assert await reads(acme, theirs) == read_before


def requests_of(document: Document, operation: Any, theirs: Theirs) -> Iterator[tuple[dict[str, Any], Any]]:
    """The operation's requests that name a row of acme's: by each of the names alone, and by all of them. Parameters
    and body; the body of a placement is the order."""
    parameters = {one["name"]: one for one in operation.get("parameters", [])}
    schema = document.body(operation)
    fields: dict[str, Any] = {}
    if schema is not None:
        fields = schema["properties"]
        if set(fields) == {"orders"}:
            schema = document.of(fields["orders"]["items"])
            fields = schema["properties"]
    names = [*parameters, *fields]
    unknown = set(names) - HARMLESS - set(theirs.names)
    assert not unknown, f"the walk does not know {unknown}: can they name a row?"
    pointing = [name for name in dict.fromkeys(names) if name in theirs.names]
    needed = {name for name, one in parameters.items() if one.get("required")} | set((schema or {}).get("required", []))
    needed |= {"fixtureId"} & set(names)  # it or a future, which cannot be bet on
    in_path = {name: theirs.names[name] for name, one in parameters.items() if one["in"] == "path"}
    for chosen in [*([name] for name in pointing), pointing]:
        given = {name: theirs.names[name] for name in chosen}
        told = {name: REQUIRED.get(name, theirs.names.get(name)) for name in needed} | in_path | given
        yield (
            {name: value for name, value in told.items() if name in parameters},
            {name: value for name, value in told.items() if name in fields} if schema is not None else None,
        )


async def send(
    http: httpx.AsyncClient, method: str, path: str, operation: Any, parameters: dict[str, Any], body: Any
) -> httpx.Response:
    places = {one["name"]: one["in"] for one in operation.get("parameters", [])}
    in_path = {name: value for name, value in parameters.items() if places[name] == "path"}
    query = {
        name: ",".join(map(str, value)) if isinstance(value, tuple) else value
        for name, value in parameters.items()
        if places[name] == "query"
    }
    if path == "/place-orders":
        body = {"orders": [body]}
    return await http.request(method.upper(), path.format(**in_path), params=query, json=body)


def shown(answer: httpx.Response, theirs: Theirs) -> bool:
    """Whether an answer has something in it that only acme could know."""
    secrets = (REFERENCE, BOOKMAKERS_ID, NOTE, '"acme"')
    if any(secret in answer.text for secret in secrets):
        return True
    ids = {"orderId": set(theirs.order_ids), "betId": {theirs.bet_id}}
    return bool(answer.content) and any(
        value in ids.get(name, ()) for name, value in leaves(decode_json(answer.content))
    )


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    match value:
        case dict():
            for key, part in value.items():
                yield from leaves(part, key)
        case list():
            for part in value:
                yield from leaves(part, name)
        case _:
            yield name, value


async def rows_of(database: Database, client: str) -> dict[str, list[str]]:
    """Every row of the database that belongs to a client, by table: by its name, its account or its order."""
    tables = await database.fetch(
        """select table_name, array_agg(column_name::text) from information_schema.columns
           where table_schema = 'public' and column_name in ('client', 'account_id', 'order_id') group by table_name"""
    )
    found = {}
    for table, columns in tables:
        conditions = {
            "client": "t.client = $1",
            "account_id": "t.account_id in (select account_id from accounts where client = $1)",
            "order_id": "t.order_id in (select order_id from abp_orders where client = $1)",
        }
        condition = " or ".join(conditions[column] for column in columns)
        rows = await database.fetch(f"select to_jsonb(t)::text from {table} t where {condition} order by 1", client)
        found[table] = [row[0] for row in rows]
    return found


async def reads(http: httpx.AsyncClient, theirs: Theirs) -> list[str]:
    """What acme reads of its own."""
    paths = ["/accounts", f"/orders?userRef={USER_REF}", f"/bets/{theirs.bet_id}", "/positions", "/pnl"]
    answers = [await http.get(path) for path in paths]
    assert [answer.status_code for answer in answers] == [200] * len(paths)
    assert all("acme" in answer.text or "pinnacle" in answer.text for answer in answers[:4])
    return [answer.text for answer in answers]


async def test_the_walk_sees_what_is_its_own(api: Api, nats: Bus, theirs: Theirs) -> None:
    """The same requests with acme's key show and change its rows: the walk could fail."""
    async with caller(api, nats, KEY) as acme:
        before = await rows_of(api.database, "acme")
        assert {name for name, rows in before.items() if rows} >= {"accounts", "abp_orders", "bets", "abp_ledger"}
        assert shown(await acme.get(f"/bets/{theirs.bet_id}"), theirs)
        assert shown(await acme.get("/orders", params={"requestUuids": REQUEST}), theirs)
        await acme.post("/cancel-orders", json={"userRef": USER_REF})
        assert await rows_of(api.database, "acme") != before
