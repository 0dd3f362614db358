"""Clients, keys and accounts: what the API leaves to setup."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

from hedgerow.core.clock import SystemClock
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.storage.accounts import Accounts, open_credentials
from hedgerow.storage.database import Database

Command = Callable[..., str]
Cli = Callable[..., "subprocess.CompletedProcess[str]"]

CREDENTIALS = {"username": "acme-main", "password": "s3cret-word"}


async def test_key_is_told_once_and_can_be_stopped(operate: Command, refuse: Command, database: Database) -> None:
    assert "clients add acme" in refuse("keys", "create", "--service", "mm", "--client", "acme")
    operate("clients", "add", "acme")
    made = json.loads(operate("keys", "create", "--service", "mm", "--client", "acme", "--rate-limit", "7", "--json"))
    accounts = Accounts(database, SystemClock())
    found = await accounts.find_key(made["key"], "mm")
    assert found is not None
    assert (found.client, found.per_minute, found.is_active) == ("acme", 7, True)

    listed = operate("keys", "list", "--json")
    assert made["key"] not in listed
    operate("keys", "disable", json.loads(listed)[0]["prefix"])
    stopped = await accounts.find_key(made["key"], "mm")
    assert stopped is not None
    assert not stopped.is_active
    assert "no key begins with 'nothing'" in refuse("keys", "enable", "nothing")


def test_key_options_that_are_wrong_are_refused(operate: Command, refuse: Command) -> None:
    operate("clients", "add", "acme")
    create = ("keys", "create", "--service", "scraping", "--client", "acme")
    assert "--rps 'many' is not a number" in refuse(*create, "--rps", "many")
    assert "--expires 'soon' is not an ISO time" in refuse(*create, "--expires", "soon")


async def test_credentials_are_sealed_and_never_shown(
    cli: Cli, external: dict[str, str], operate: Command, database: Database
) -> None:
    key = new_master_key()
    operate("clients", "add", "acme", "--bookmaker", "pinnacle")
    add = ("accounts", "add", "pinnacle", "acme-main", "--client", "acme", "--json")
    done = cli(*add, says=json.dumps(CREDENTIALS), **external, HEDGEROW_MASTER_KEY=key)
    assert done.returncode == 0, done.stderr
    assert "s3cret-word" not in done.stdout + done.stderr + operate("accounts", "list")

    (account,) = await Accounts(database, SystemClock()).accounts()
    opened = open_credentials(account, Vault(Secret(key)))
    assert {name: secret.reveal() for name, secret in opened.items()} == CREDENTIALS
    again = cli(*add, says=json.dumps(CREDENTIALS), **external, HEDGEROW_MASTER_KEY=key)
    assert (again.returncode, again.stderr) == (1, "hedgerow: there is an account 'acme-main' at pinnacle already\n")
    trail = await database.fetch("select id, action, data from audit where subject = 'account'")
    assert [tuple(row) for row in trail] == [("pinnacle/acme-main", "add account", {"client": "acme"})]

    fresh = new_master_key()
    done = cli("keys", "rotate-master", **external, HEDGEROW_MASTER_KEY=f"{fresh} {key}")
    assert "1 accounts sealed anew; now remove all keys but the first" in done.stdout, done.stderr
    assert fresh not in done.stdout + done.stderr
    (account,) = await Accounts(database, SystemClock()).accounts()
    assert open_credentials(account, Vault(Secret(fresh)))["password"].reveal() == "s3cret-word"


def test_wrong_credentials_name_what_is_wrong_and_not_their_values(cli: Cli) -> None:
    add = ("accounts", "add", "pinnacle", "acme-main", "--client", "acme")
    done = cli(*add, says=json.dumps({"username": "u", "passwort": "s3cret-word"}))
    assert (done.returncode, done.stdout) == (1, "")
    assert "missing: password; unknown: passwort" in done.stderr
    assert "s3cret-word" not in done.stderr
    assert "not a JSON object" in cli(*add, says="[]").stderr


def test_every_command_explains_itself(cli: Cli) -> None:
    groups = ("up", "demo", "serve", "doctor", "venues", "tournaments", "bookmakers", "currencies", "emergency")
    for group in (*groups, "mappings", "clients", "keys", "accounts"):
        done = cli(group, "--help")
        assert (done.returncode, "Usage:" in done.stdout) == (0, True), group
