"""The operator API: who may use it, what it changes, and what it never tells."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from hedgerow.core.clock import SystemClock
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.operating.app import create_app
from hedgerow.operating.office import Office
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database

KEY = "5d0f6a2a-6d9b-4a07-9a6a-0f2a5cbb7a11"
PASSWORD = "hunter2-of-the-venue"


@pytest.fixture
def told() -> list[str]:
    """Of whom running services were told that settings changed."""
    return []


@pytest.fixture
async def http(database: Database, told: list[str]) -> AsyncIterator[httpx.AsyncClient]:
    async def tell(client: str) -> None:
        told.append(client)

    app = create_app(Office(database, SystemClock(), tell, "operator api"), Secret(KEY), {})
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x/api/v1", headers={"X-API-Key": KEY}) as found:
        yield found


@pytest.fixture
def accounts(database: Database) -> Accounts:
    return Accounts(database, SystemClock())


async def trail(database: Database) -> list[tuple[str, str, str]]:
    rows = await database.fetch("select actor, id, action from audit order by audit_id")
    return [(row["actor"], row["id"], row["action"]) for row in rows]


@pytest.mark.parametrize("key", ["", "x", KEY[:-1], KEY + " ", "schlüssel"])
async def test_nobody_else_is_let_in(http: httpx.AsyncClient, database: Database, key: str) -> None:
    paths = [("GET", name) for name in ("clients", "keys", "accounts", "tournaments", "emergency")]
    changes = [
        ("POST", "clients"),
        ("POST", "keys"),
        ("POST", "emergency"),
        ("PATCH", "keys/aa"),
        ("PUT", "tournaments/a/1"),
    ]
    for method, path in paths + changes:
        answer = await http.request(method, path, headers={"X-API-Key": key.encode()}, json={"switch": "emergency"})
        assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid or missing operator key"})
    assert await trail(database) == []


async def test_client_is_added_once_switched_and_audited(http: httpx.AsyncClient, database: Database) -> None:
    new = {"client": "acme", "name": "Acme", "bookmaker": "pinnacle"}
    made = {"client": "acme", "name": "Acme", "active": True, "bookmaker": "pinnacle"}
    assert (await http.post("/clients", json=new)).json() == made
    assert (await http.post("/clients", json={"client": "acme", "name": "Other"})).json() == made
    assert (await http.get("/clients")).json() == [made]
    assert (await http.patch("/clients/acme", json={"active": False})).json() == {"active": False}
    assert [one["active"] for one in (await http.get("/clients")).json()] == [False]
    assert await trail(database) == [
        ("operator api", "acme", "add client"),
        ("operator api", "acme", "add client"),
        ("operator api", "acme", "disable client"),
    ]


async def test_key_is_told_once_and_works_until_it_is_stopped(
    http: httpx.AsyncClient, accounts: Accounts, database: Database
) -> None:
    await http.post("/clients", json={"client": "acme"})
    expires = "2030-01-01T00:00:00Z"
    wanted = {
        "client": "acme",
        "service": "abp",
        "requestsPerMinute": 7,
        "bookmakers": ["kalshi"],
        "expiresAt": expires,
    }
    answer = await http.post("/keys", json=wanted)
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    key = answer.json()["key"]
    found = await accounts.find_key(key, "abp")
    assert found is not None
    assert (found.per_minute, found.bookmakers, found.expires_at) == (7, ("kalshi",), datetime(2030, 1, 1, tzinfo=UTC))
    listed = await http.get("/keys")
    assert listed.json()[0]["prefix"] == key[:8]
    assert key not in listed.text
    await http.patch(f"/keys/{key[:8]}", json={"active": False})
    stopped = await accounts.find_key(key, "abp")
    assert stopped is not None
    assert not stopped.is_active
    assert (await trail(database))[1:] == [
        ("operator api", "acme", "create key"),
        ("operator api", key[:8], "disable key"),
    ]
    assert key not in str(await database.fetch("select data from audit"))


async def test_account_is_switched_and_its_credentials_are_never_told(
    http: httpx.AsyncClient, accounts: Accounts, told: list[str]
) -> None:
    await http.post("/clients", json={"client": "acme"})
    vault = Vault(Secret(new_master_key()))
    await accounts.add_account("pinnacle", "a b", "acme", vault=vault, credentials={"password": PASSWORD})
    listed = await http.get("/accounts")
    assert [(one["username"], one["active"]) for one in listed.json()] == [("a b", True)]
    assert not [part for part in (PASSWORD, "sealed", "credential", "password") if part in listed.text.lower()]
    assert (await http.patch("/accounts/pinnacle/a%20b", json={"active": False})).json() == {"active": False}
    assert [one.is_active for one in await accounts.accounts()] == [False]
    assert told == [""]


async def test_tournament_is_of_a_client_of_market_making(http: httpx.AsyncClient, told: list[str]) -> None:
    assert (await http.put("/tournaments/acme/17", json={"active": True})).status_code == 404
    await http.post("/clients", json={"client": "acme", "bookmaker": "pinnacle"})
    assert (await http.put("/tournaments/acme/17", json={"active": True, "limitRatio": 1.1})).status_code == 422
    await http.put("/tournaments/acme/17", json={"active": True, "limitRatio": 0.5})
    await http.put("/tournaments/acme/17", json={"active": False})
    (found,) = (await http.get("/tournaments?client=acme")).json()
    assert (found["tournamentId"], found["active"], found["limitRatio"]) == (17, False, 0.5)
    assert told == ["acme", "acme"]


async def test_emergency_goes_on_with_its_reason_and_off(
    http: httpx.AsyncClient, told: list[str], database: Database
) -> None:
    on = (await http.post("/emergency", json={"switch": "emergency", "reason": "feed looks wrong"})).json()
    assert (on["emergency"], on["reason"]) == (True, "feed looks wrong")
    assert (await http.get("/emergency")).json() == on
    assert (await http.post("/emergency", json={"switch": "none"})).status_code == 422
    assert (await http.post("/emergency", json={"switch": "clear"})).json()["emergency"] is False
    assert told == ["", ""]
    assert [action for _, _, action in await trail(database)] == ["emergency", "clear"]


async def test_what_there_is_not_changes_nothing_and_leaves_no_trail(
    http: httpx.AsyncClient, database: Database
) -> None:
    answers = [
        await http.patch("/clients/nobody", json={"active": True}),
        await http.post("/keys", json={"client": "nobody", "service": "mm"}),
        await http.patch("/keys/00000000", json={"active": True}),
        await http.patch("/accounts/pinnacle/nobody", json={"active": True}),
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert "nobody" in answers[0].json()["detail"]
    wrong = await http.post("/clients", json={"client": "No Such Name"})
    assert wrong.status_code == 422
    targets = await http.post("/keys", json={"client": "acme", "service": "scraping", "targetsAllow": ["10.0.0.0/99"]})
    assert targets.status_code == 422
    assert await trail(database) == []
