"""Accounts over HTTP: made, shown, changed, removed, and what never comes out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hedgerow.abp.profiles import is_secret_entry
from hedgerow.storage.accounts import open_credentials

from .apikit import RIVAL_KEY, Api

NEW = {
    "bookmaker": "pinnacle",
    "username": "second",
    "password": "secret123",
    "balance": 1000.5,
    "priority": 10,
    "maxStake": 500,
    "minStake": 1,
    "currencyId": "EUR",
    "meta": {"affiliate": "xyz", "appKey": "k-1", "deep": {"token": "t-1"}},
}


async def credentials(api: Api, username: str = "second") -> dict[str, str]:
    row = next(one for one in await api.accounts.accounts() if one.username == username)
    return {name: secret.reveal() for name, secret in open_credentials(row, api.vault).items()}


async def patch(api: Api, body: Any, status: int = 200) -> Any:
    return await api.ask("PATCH", "/accounts/pinnacle/second", status, json=body)


async def test_new_account_is_shown_without_its_secrets(api: Api) -> None:
    shown = await api.post("/accounts", NEW, status=201)
    assert shown == await api.get("/accounts/pinnacle/second")
    expected = {
        "bookmaker": "pinnacle",
        "username": "second",
        "client": "acme",
        "password": "***",
        "balance": Decimal("1000.5"),
        "active": True,
        "priority": 10,
        "maxStake": 500,
        "minStake": 1,
        "currencyId": "EUR",
        "verifyBetslip": False,
        "meta": {"affiliate": "xyz", "appKey": "***", "deep": "***"},
        "createdAt": "2026-11-21T12:00:00Z",
        "updatedAt": "2026-11-21T12:00:00Z",
    }
    assert shown == expected
    assert await credentials(api) == {"password": "secret123", "appKey": "k-1", "deep": '{"token":"t-1"}'}


async def test_secrets_are_in_no_row_and_no_event(api: Api) -> None:
    await api.post("/accounts", NEW, status=201)
    told = await api.database.fetch("select payload::text from outbox")
    rows = await api.database.fetch("select to_jsonb(accounts)::text from accounts")
    text = " ".join(row[0] for row in (*told, *rows))
    assert "xyz" in text
    assert not any(secret in text for secret in ("secret123", "k-1", "t-1"))


async def test_same_name_again_is_a_conflict_for_every_client(api: Api) -> None:
    await api.post("/accounts", NEW, status=201)
    assert await api.post("/accounts", NEW, status=409) == {"detail": "Account already exists"}
    api.http.headers["X-API-Key"] = RIVAL_KEY
    await api.post("/accounts", NEW, status=409)


async def test_unknown_bookmaker_has_no_accounts(api: Api) -> None:
    answer = await api.post("/accounts", NEW | {"bookmaker": "nobody"}, status=400)
    assert answer == {"detail": "Invalid bookmaker slug: nobody"}


@pytest.mark.parametrize(
    ("wrong", "where"),
    [({"balance": -1}, "balance"), ({"currencyId": "usd"}, "currencyId"), ({"priority": 2**31}, "priority")],
)
async def test_what_is_wrong_is_named_and_not_repeated(api: Api, wrong: dict[str, Any], where: str) -> None:
    answer = await api.post("/accounts", NEW | wrong, status=422)
    assert [fault["loc"] for fault in answer["detail"]] == [["body", where]]
    assert "secret123" not in str(answer)


async def test_accounts_come_by_priority_and_bookmaker(api: Api) -> None:
    await api.post("/accounts", NEW, status=201)
    names = [account["username"] for account in await api.get("/accounts")]
    assert names == ["second", "pinnacle_main", "cloudbet_main"]
    assert [one["username"] for one in await api.get("/accounts", bookmaker="cloudbet")] == ["cloudbet_main"]


async def test_another_clients_account_is_forbidden(api: Api) -> None:
    api.http.headers["X-API-Key"] = RIVAL_KEY
    told = {"detail": {"message": "Access denied to this account", "code": "FORBIDDEN"}}
    for method, options in (("GET", {}), ("PATCH", {"json": {}}), ("DELETE", {})):
        assert await api.ask(method, "/accounts/pinnacle/pinnacle_main", 403, **options) == told


async def test_unknown_account_is_not_found(api: Api) -> None:
    assert await api.ask("GET", "/accounts/pinnacle/nobody", 404) == {"detail": "Account not found"}


async def test_only_what_is_given_changes(api: Api) -> None:
    before = await api.post("/accounts", NEW, status=201)
    api.clock.advance(5)
    after = await patch(api, {"balance": 2000, "active": False, "maxStake": None, "priority": None})
    changed = {name for name, value in after.items() if value != before[name]}
    assert changed == {"balance", "active", "maxStake", "updatedAt"}
    assert (after["balance"], after["active"], after["maxStake"]) == (2000, False, None)


async def test_new_password_replaces_the_old_one_alone(api: Api) -> None:
    await api.post("/accounts", NEW, status=201)
    await patch(api, {"password": "other"})
    assert await credentials(api) == {"password": "other", "appKey": "k-1", "deep": '{"token":"t-1"}'}


async def test_masked_secret_that_comes_back_keeps_its_value(api: Api) -> None:
    await api.post("/accounts", NEW, status=201)
    shown = await patch(api, {"meta": {"appKey": "***", "affiliate": "abc"}})
    assert shown["meta"] == {"appKey": "***", "affiliate": "abc"}
    assert await credentials(api) == {"password": "secret123", "appKey": "k-1"}


async def test_verifying_is_a_switch_that_survives_new_meta(api: Api) -> None:
    await api.post("/accounts", NEW | {"verifyBetslip": True}, status=201)
    shown = await patch(api, {"meta": {"affiliate": "abc"}})
    assert (shown["verifyBetslip"], shown["meta"]) == (True, {"affiliate": "abc"})
    assert (await patch(api, {"verifyBetslip": False}))["verifyBetslip"] is False


async def test_removed_account_is_gone_and_its_name_free(api: Api) -> None:
    await api.post("/accounts", NEW, status=201)
    assert await api.ask("DELETE", "/accounts/pinnacle/second", 204) is None
    await api.ask("GET", "/accounts/pinnacle/second", 404)
    assert [one.username for one in await api.accounts.accounts()] == ["pinnacle_main", "cloudbet_main"]
    assert await api.database.fetchval("select sealed from accounts where username = 'second'") == b""
    await api.post("/accounts", NEW, status=201)


async def test_account_with_an_open_bet_stays(api: Api) -> None:
    order = await api.desk.order()
    bet = await api.desk.bet(order)
    path = "/accounts/pinnacle/pinnacle_main"
    assert await api.ask("DELETE", path, 409) == {"detail": "Account has open bets"}
    await api.database.execute("update bets set status = 'REJECTED' where bet_id = $1", bet.bet_id)
    await api.ask("DELETE", path, 204)
    assert (await api.get(f"/bets/{bet.bet_id}"))["account"] == "pinnacle_main"


async def test_account_with_a_test_bet_is_removed(api: Api) -> None:
    await api.desk.bet(await api.desk.order(is_test=True), is_test=True)
    await api.database.execute(
        "update bets set status = 'CONFIRMED', placed_odds = requested_odds, placed_stake = requested_stake"
    )
    await api.ask("DELETE", "/accounts/pinnacle/pinnacle_main", 204)


async def test_account_is_told_of_once_for_each_change(api: Api) -> None:
    await api.post("/accounts", NEW, status=201)
    await patch(api, {"priority": 3})
    await patch(api, {"balance": 7})
    await api.ask("DELETE", "/accounts/pinnacle/second", 204)
    rows = await api.database.fetch(
        "select channel, event from outbox where payload ->> 'username' = 'second' order by id"
    )
    told = [(row["channel"], row["event"]) for row in rows]
    assert told.count(("abp.accounts", "INSERT")) == 1
    assert told.count(("abp.accounts", "DELETE")) == 1
    assert ("accounts", "UPDATE") in told  # the balance


@pytest.mark.parametrize("name", ["password", "appKey", "SECRET", "accessToken", "pin", "cookie"])
def test_names_that_look_secret_are(name: str) -> None:
    assert is_secret_entry(name, "x")


@pytest.mark.parametrize("name", ["affiliate", "line_interval_s", "spinning", "currency"])
def test_names_that_do_not_look_secret_are_not(name: str) -> None:
    assert not is_secret_entry(name, "x")
    assert is_secret_entry(name, [{"token": 1}])


@pytest.mark.parametrize("rate", ["0.05", 0, "1"])
async def test_an_accounts_commission_rate_is_kept(api: Api, rate: object) -> None:
    await api.post("/accounts", NEW, status=201)
    shown = await patch(api, {"meta": {"commissionRate": rate}})
    assert shown["meta"] == {"commissionRate": rate}


@pytest.mark.parametrize("rate", ["five", "1.01", -1, None, "nan"])
async def test_a_commission_rate_that_is_none_is_refused(api: Api, rate: object) -> None:
    await api.post("/accounts", NEW, status=201)
    answer = await patch(api, {"meta": {"commissionRate": rate}}, 422)
    assert answer["detail"][0]["loc"] == ["body", "meta"]
