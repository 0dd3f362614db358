"""How the family declares itself."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from hedgerow.core.clock import SteppedClock
from hedgerow.core.secrets import Secret
from hedgerow.venues.base import Account, Idempotency, VenueContext
from hedgerow.venues.pinnacle.connector import PinnacleBookmaker
from hedgerow.venues.registry import build_bookmaker, venue


def test_the_registry_builds_the_connector() -> None:
    account = Account(1, "demo", "USD", {"password": Secret("throwaway1")})
    made = build_bookmaker("pinnacle", VenueContext(account, SteppedClock(), {"rest": "http://127.0.0.1:1"}))
    assert isinstance(made, PinnacleBookmaker)


def test_the_manifest_says_what_callers_rely_on() -> None:
    manifest = venue("pinnacle").manifest
    assert (manifest.is_bookmaker, manifest.is_exchange) == (True, False)
    assert (manifest.idempotency, manifest.currency) == (Idempotency.UNIQUE_REFERENCE, "USD")
    assert manifest.minimum_stake == Decimal(1)
    assert {field.name: (field.secret, field.required) for field in manifest.credentials} == {
        "username": (False, False),
        "password": (True, True),
    }


def test_every_fixture_names_its_origin(payload: Callable[[str], str]) -> None:
    sources = tomllib.loads(payload("SOURCES.toml"))
    folder = Path(__file__).parent / "fixtures"
    assert sorted(sources) == sorted(path.name for path in folder.glob("*.json"))
    assert {source["origin"] for source in sources.values()} <= {"documented", "recorded", "invented"}
