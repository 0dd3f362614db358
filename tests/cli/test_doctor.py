"""`hedgerow doctor`: what it finds on a machine and in a database, and that it says so by its exit code."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hedgerow.cli.doctor import Verdict, all_settings, machine
from hedgerow.core.clock import SystemClock
from hedgerow.core.config import Settings
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.mm.shadowing import Shadowing
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database

Cli = Callable[..., "subprocess.CompletedProcess[str]"]


def findings(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    return {row["check"]: row for row in json.loads(done.stdout)}


def of(settings: Settings) -> dict[str, Verdict]:
    return {finding.check: finding.verdict for finding in machine(settings)}


def test_machine_with_everything_is_sound(tmp_path: Path) -> None:
    assert Verdict.WRONG not in of(Settings(data_dir=tmp_path / "data")).values()
    assert not (tmp_path / "data").exists()


def test_missing_program_is_wrong_unless_a_server_is_named(tmp_path: Path) -> None:
    missing = {"data_dir": tmp_path, "postgres_bin": tmp_path, "nats_server": tmp_path / "nats-server"}
    found = of(Settings(**missing))
    assert (found["postgresql"], found["nats"]) == (Verdict.WRONG, Verdict.WRONG)
    found = of(Settings(**missing, database_url=Secret("postgresql://db/x"), nats_url=Secret("nats://n")))
    assert (found["postgresql"], found["nats"]) == (Verdict.OK, Verdict.OK)


def test_file_in_place_of_the_data_folder_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert of(Settings(data_dir=tmp_path / "data"))["data folder"] is Verdict.WRONG


def test_venues_that_go_through_a_proxy_are_told_and_unknown_ones_are_wrong(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, venue_proxies="kalshi=http://hidden@gateway:8005")
    told = {finding.check: finding for finding in machine(settings)}["venue proxies"]
    assert (told.verdict, told.found) == (Verdict.OK, "kalshi through gateway:8005")
    settings = Settings(data_dir=tmp_path, venue_proxies="kalshy=http://hidden@gateway:8005")
    assert of(settings)["venue proxies"] is Verdict.WRONG


def test_every_setting_is_listed_with_its_meaning() -> None:
    listed = {row["variable"]: row for row in all_settings()}
    assert set(listed) == {"HEDGEROW_" + name.upper() for name in Settings.model_fields}
    assert listed["HEDGEROW_FEED_SILENCE_S"]["default"] == "10.0"
    assert listed["HEDGEROW_FEED_KEY"]["default"] == ""


def test_sound_database_passes(cli: Cli, external: dict[str, str]) -> None:
    done = cli("doctor", "--json", **external)
    found = findings(done)
    assert done.returncode == 0, done.stdout
    assert found["schema"]["verdict"] == "ok"
    assert found["invariant bet_is_counted_once"]["verdict"] == "ok"
    assert found["credentials"]["found"] == "no account yet"


async def test_broken_invariant_is_told_by_the_exit_code(
    cli: Cli, external: dict[str, str], database: Database
) -> None:
    await database.execute(
        "insert into outbox (channel, event, key, payload, at) values ('x', 'INSERT', '1', '{}', now() - interval '1h')"
    )
    done = cli("doctor", "--json", **external)
    assert done.returncode == 1
    assert findings(done)["invariant outbox_moves"]["verdict"] == "wrong"


async def test_balance_that_nothing_explains_is_told_with_what_each_side_had(
    cli: Cli, external: dict[str, str], database: Database
) -> None:
    accounts = Accounts(database, SystemClock())
    await accounts.add_client("acme", "Acme")
    await accounts.add_account("pinnacle", "main", "acme", vault=Vault(Secret(new_master_key())), credentials={})
    await database.execute(
        """insert into abp_drifts (account_id, currency, at, asked_at, ours, told, drift, bets)
           values (1, 'USD', now() - interval '25 hours', now(), 1, 2, 1, '[]'),
                  (1, 'USD', now(), now(), 90, 80, -10, '[{"bet_id": 7}]')"""
    )
    done = cli("doctor", "--json", **external)
    found = findings(done)["balances"]
    assert (done.returncode, found["verdict"]) == (1, "wrong")
    assert "we had 90 USD, it said 80, 10 too little with 1 bets open" in found["found"]
    assert ";" not in found["found"]


async def test_settlements_that_contradict_each_other_are_shown(
    cli: Cli, external: dict[str, str], database: Database
) -> None:
    await Accounts(database, SystemClock()).add_client("acme", "Acme")
    await database.execute(
        """insert into mm_disputes (client, fixture_id, market_id, player_id, words, pairs, found_at, changed_at,
                                    agreed_at)
           values ('acme', 'match-1', 1, 0, '{"kalshi": {"1": "WON"}, "pinnacle": {"2": "VOID"}}',
                   '{kalshi/pinnacle}', now(), now(), null),
                  ('acme', 'match-2', 1, 0, '{}', '{}', now(), now(), now()),
                  ('acme', 'match-3', 1, 0, '{}', '{}', now(), now() - interval '8 days', null)"""
    )
    done = cli("doctor", "--json", **external)
    found = findings(done)["settlements"]
    assert (done.returncode, found["verdict"]) == (1, "wrong")
    assert found["found"] == "acme match-1 market 1: kalshi says 1 WON, pinnacle says 2 VOID"


async def test_who_is_on_paper_only_is_told(cli: Cli, external: dict[str, str], database: Database) -> None:
    assert findings(cli("doctor", "--json", **external))["shadow mode"]["verdict"] == "ok"
    await Accounts(database, SystemClock()).add_client("acme", "Acme")
    await Shadowing(database, SystemClock()).turn("acme", 17, on=True)
    found = findings(cli("doctor", "--json", **external))["shadow mode"]
    assert (found["verdict"], found["found"]) == ("note", "on paper only: tournament 17 of acme")


@pytest.mark.parametrize("key", [None, new_master_key()], ids=["lost", "wrong"])
async def test_lost_or_wrong_master_key_is_wrong(
    cli: Cli, external: dict[str, str], database: Database, key: str | None
) -> None:
    accounts = Accounts(database, SystemClock())
    await accounts.add_client("acme", "Acme")
    vault = Vault(Secret(new_master_key()))
    await accounts.add_account("kalshi", "main", "acme", vault=vault, credentials={"key_id": "k"})
    done = cli("doctor", "--json", **external, **({"HEDGEROW_MASTER_KEY": key} if key else {}))
    assert done.returncode == 1
    assert findings(done)["credentials"]["verdict"] == "wrong"
    assert not (Path(external["HEDGEROW_DATA_DIR"]) / "master.key").exists()


def test_database_that_does_not_answer_is_wrong(cli: Cli, external: dict[str, str]) -> None:
    done = cli("doctor", "--json", **{**external, "HEDGEROW_DATABASE_URL": "postgresql://u@127.0.0.1:1/x"})
    assert done.returncode == 1
    assert findings(done)["database"]["verdict"] == "wrong"
