"""The operator's commands on a database that runs: what they change, what they show, and what they refuse."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.bus.nats import Bus
from hedgerow.bus.subjects import SETTINGS_CHANGED
from hedgerow.core.clock import SystemClock
from hedgerow.mm.repository import Repository
from hedgerow.mm.switches import Switches
from hedgerow.storage.database import Database

Command = Callable[..., str]

MAPPING = {
    "venue": "kalshi",
    "instrument_ref": "KXATP-1",
    "market_ref": "KXATP",
    "fixture_id": "id1200000112345678",
    "market_id": 121,
    "outcome_id": 121,
    "opposite_id": 122,
    "verdict": "QUARANTINED",
    "reason": "two players of that name",
    "evidence": {},
    "updated_at": "2026-08-01T00:00:00Z",
}


@asynccontextmanager
async def hearing(nats_url: str) -> AsyncIterator[list[bytes]]:
    """What running services are told of settings, until the block ends."""
    bus = await Bus.connect(nats_url, "test")
    told: list[bytes] = []

    async def hear(_: str, message: bytes) -> None:
        told.append(message)

    await bus.subscribe(SETTINGS_CHANGED, hear)
    yield told
    await bus.close()


async def test_emergency_goes_on_and_off_and_leaves_a_trail(operate: Command, database: Database) -> None:
    said = json.loads(operate("emergency", "on", "--reason", "feed looks wrong", "--json"))
    assert (said["emergency"], said["reason"]) == (True, "feed looks wrong")
    assert json.loads(operate("emergency", "status", "--json")) == said

    assert json.loads(operate("emergency", "off", "--json"))["emergency"] is False
    trail = await database.fetch("select actor, action from audit where subject = 'system' order by audit_id")
    assert [tuple(row) for row in trail] == [("operator", "emergency"), ("operator", "clear")]


async def test_weaker_switches_are_told_apart(operate: Command) -> None:
    operate("emergency", "soft-pause")
    said = json.loads(operate("emergency", "stop", "--json"))
    assert (said["emergency"], said["stopped"], said["softPaused"]) == (False, True, True)


async def test_tournament_is_switched_and_running_services_are_told(
    operate: Command, refuse: Command, database: Database, engines: Any
) -> None:
    assert "clients add acme" in refuse("tournaments", "activate", "17", "--client", "acme")
    operate("clients", "add", "acme", "--bookmaker", "pinnacle")
    arguments = ("tournaments", "activate", "17", "--client", "acme", "--limit-ratio", "0.5")
    async with hearing(engines.nats_url) as told:
        await asyncio.to_thread(operate, *arguments)
    assert b"acme" in told

    operate("tournaments", "deactivate", "17", "--client", "acme")
    (found,) = await Switches(database, SystemClock()).tournaments("acme")
    assert (found.is_active, found.limit_ratio) == (False, Decimal("0.5"))
    (shown,) = json.loads(operate("tournaments", "list", "--json"))
    assert (shown["tournament_id"], shown["is_active"], shown["limit_ratio"]) == (17, False, 0.5)


async def test_shadow_mode_is_turned_listed_and_refused_where_nothing_could_be_known(
    operate: Command, refuse: Command, database: Database
) -> None:
    assert "clients add acme" in refuse("shadow", "on", "--client", "acme")
    operate("clients", "add", "acme", "--bookmaker", "pinnacle")
    operate("tournaments", "activate", "17", "--client", "acme")
    operate("tournaments", "activate", "18", "--client", "acme")
    of = ("--client", "acme", "--tournament", "17")
    assert "is in shadow mode" in operate("shadow", "on", *of)
    assert "already" in operate("shadow", "on", *of)
    (shown,) = json.loads(operate("shadow", "list", "--json"))
    assert (shown["client"], shown["tournament_id"]) == ("acme", 17)
    tournaments = json.loads(operate("tournaments", "list", "--json"))
    assert [(found["tournament_id"], found["is_shadow"]) for found in tournaments] == [(17, True), (18, False)]
    assert json.loads(operate("shadow", "report", "--json")) == []
    assert "is not in shadow mode" in operate("shadow", "off", *of)
    assert json.loads(operate("shadow", "list", "--json")) == []
    trail = await database.fetch("select action from audit where action like 'shadow%' order by audit_id")
    assert [row["action"] for row in trail] == ["shadow mode on", "shadow mode off"]


async def test_policy_is_set_shown_and_taken_back(operate: Command, refuse: Command, database: Database) -> None:
    assert "clients add acme" in refuse("policy", "show", "--client", "acme")
    operate("clients", "add", "acme", "--bookmaker", "pinnacle")
    of = ("--client", "acme")
    operate(
        "policy", "price", *of, "--mode", "fair_value", "--margin", "shin", "--edge", "0.02", "--market-type", "1x2"
    )
    operate("policy", "cap", "fixture", "2000", *of)
    operate("policy", "stops", *of, "--max-daily-loss", "500")
    assert "no account at smarkets" in operate("policy", "hedge", "smarkets", "sharpbet", *of)
    for wrong in (("pinnacle",), ("sharpbet", "sharpbet"), ("nobody",), ("sharpbet", "--none"), ()):
        refuse("policy", "hedge", *wrong, *of)
    shown = {row["what"]: row for row in json.loads(operate("policy", "show", *of, "--json"))}
    assert (shown["pricing"]["of"], shown["pricing"]["margin"], shown["pricing"]["edge"]) == ("1x2", "shin", 0.02)
    assert (shown["cap of fixture"]["of"], shown["cap of fixture"]["value"]) == ("each", 2000)
    assert shown["max daily loss"]["value"] == 500
    assert shown["hedges also at"]["value"] == "smarkets, sharpbet"

    operate("policy", "price", *of, "--market-type", "1x2", "--default")
    operate("policy", "cap", "fixture", "--none", *of)
    operate("policy", "stops", *of)
    operate("policy", "hedge", "--none", *of)
    assert json.loads(operate("policy", "show", *of, "--json")) == []


async def test_mapping_is_confirmed_once_it_names_an_outcome(
    operate: Command, refuse: Command, database: Database
) -> None:
    repository = Repository(database, SystemClock())
    nothing = {"fixture_id": None, "market_id": None, "outcome_id": None, "opposite_id": None, "verdict": "NO_MATCH"}
    await repository.save_mappings([MAPPING, {**MAPPING, **nothing, "instrument_ref": "KXATP-2"}])

    assert len(json.loads(operate("mappings", "list", "--undecided", "--json"))) == 2
    assert "nothing to confirm" in refuse("mappings", "confirm", "kalshi", "KXATP-2")
    assert "no contract 'KXATP-3'" in refuse("mappings", "reject", "kalshi", "KXATP-3")
    operate("mappings", "confirm", "kalshi", "KXATP-1")
    operate("mappings", "reject", "kalshi", "KXATP-2")
    decided = {ref: decision.is_confirmed for (_, ref), decision in (await repository.decisions()).items()}
    assert decided == {"KXATP-1": True, "KXATP-2": False}
    assert json.loads(operate("mappings", "list", "--undecided", "--json")) == []


async def test_bookmaker_is_disabled_and_limited(operate: Command, refuse: Command) -> None:
    operate("bookmakers", "disable", "pinnacle")
    operate("bookmakers", "limits", "pinnacle", "--max", "5000", "--min", "10")
    shown = {row["slug"]: row for row in json.loads(operate("bookmakers", "list", "--json"))}
    assert shown["pinnacle"] == {"slug": "pinnacle", "active": False, "defaultLimit": 5000, "defaultLimitMin": 10}
    assert shown["kalshi"]["active"] is True
    assert "unknown venue 'pinacle'" in refuse("bookmakers", "enable", "pinacle")
    assert "--min 9 is above --max 8" in refuse("bookmakers", "limits", "kalshi", "--max", "8", "--min", "9")


@pytest.mark.parametrize("turn", ["disable", "enable"])
async def test_running_services_are_told_of_a_venue_that_is_turned(operate: Command, engines: Any, turn: str) -> None:
    async with hearing(engines.nats_url) as told:
        await asyncio.to_thread(operate, "bookmakers", turn, "kalshi")
    assert told == [b""]


async def test_currency_keeps_its_digits_and_is_removed(operate: Command, refuse: Command, database: Database) -> None:
    operate("currencies", "set", "EUR", "0.9213450000000001")
    assert await database.fetchval("select per_usd from currencies") == Decimal("0.9213450000000001")
    operate("currencies", "remove", "EUR")
    assert operate("currencies", "list") == "nothing yet\n"
    assert "no operator has set" in refuse("currencies", "remove", "EUR")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("currencies", "set", "euro", "1"), "'euro' is not a currency's code"),
        (("currencies", "set", "EUR", "0"), "not a positive number"),
        (("currencies", "set", "EUR", "NaN"), "not a number"),
        (("currencies", "set", "USD", "2"), "the rate of USD is 1"),
        (("tournaments", "activate", "1", "--client", "a", "--limit-ratio", "1.1"), "at least 0 and at most 1"),
        (("policy", "price", "--client", "a", "--edge", "1"), "at most 0.99"),
        (("policy", "price", "--client", "a", "--edge", "0.0000001"), "more than six decimals"),
        (("policy", "cap", "client", "--client", "a"), "name the most stake"),
        (("policy", "cap", "client", "5", "--client", "a", "--only", "17"), "--only tells fixtures"),
    ],
)
def test_wrong_input_is_refused_before_anything_runs(
    cli: Callable[..., Any], arguments: tuple[str], words: str
) -> None:
    done = cli(*arguments, HEDGEROW_POSTGRES_BIN="/nowhere")
    assert done.returncode == 1
    assert words in done.stderr


async def test_bets_that_wait_for_a_person_are_listed_and_ruled_on(
    operate: Command, refuse: Command, cli: Command, external: dict[str, str]
) -> None:
    assert json.loads(operate("bets", "waiting", "--json")) == []
    assert "there is no bet 7" in refuse("bets", "settle", "7", "won", "--reason", "seen in its history")
    assert "--payout '-1'" in refuse("bets", "settle", "7", "cashout", "--payout", "-1", "--reason", "seen")
    assert "there is no bet 7" in refuse("bets", "decide", "7", "--never-reached", "--reason", "not in its history")
    for unclear in ([], ["--never-reached", "--taken-as", "4711"], ["--taken-as", "4711", "--odds", "2"]):
        done: Any = cli("bets", "decide", "7", "--reason", "seen", *unclear, **external)
        assert (done.returncode, done.stdout) == (2, "")
