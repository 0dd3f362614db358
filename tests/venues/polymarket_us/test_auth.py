"""Keys as the venue gives them out, and the published vectors."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.venues.base import Account, Idempotency, VenueContext
from hedgerow.venues.polymarket_us import FAMILY, MANIFEST
from hedgerow.venues.polymarket_us.auth import Signer
from hedgerow.venues.registry import build_bookmaker, build_exchange, venue

KEY_ID = Secret("key")


@pytest.fixture
def schemes(shared: Callable[[str], Path]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shared("venues/vectors/polymarket.us.json").read_text())["schemes"]
    return found


@pytest.mark.parametrize("scheme", sorted(FAMILY.vectors))
def test_vectors_come_out_right_and_a_wrong_one_is_seen(schemes: dict[str, Any], scheme: str) -> None:
    check = FAMILY.vectors[scheme]
    assert schemes[scheme]["vectors"]
    for vector in schemes[scheme]["vectors"]:
        assert check(vector["inputs"], vector["expected"]) == [], vector["id"]
    inputs, expected = vector["inputs"], vector["expected"]
    wrong = {
        "retail_ed25519_headers": {"headers": expected.get("headers", {}) | {"X-PM-Signature": "AA=="}},
        "institutional_client_assertion": {"client_assertion": expected.get("client_assertion", "")[:-8] + "AAAAAAAA"},
    }
    assert check(inputs, {**expected, **wrong[scheme]})


def test_every_scheme_of_the_file_is_checked(schemes: dict[str, Any]) -> None:
    assert set(schemes) == set(FAMILY.vectors)


@pytest.mark.parametrize("secret", ["", "?!*", "AAAA", b64encode(b"\x11" * 64).decode()])
def test_a_key_that_is_none_stops_the_connector_and_is_not_told(secret: str) -> None:
    with pytest.raises(SetupError) as stopped:
        Signer(KEY_ID, Secret(secret))
    assert not secret or secret not in str(stopped.value)


@pytest.mark.parametrize("build", [build_exchange, build_bookmaker])
def test_missing_credentials_stop_both_sides(build: Any) -> None:
    context = VenueContext(Account(1, "demo", "USD", {"key_id": KEY_ID}), SteppedClock(), MANIFEST.urls)
    with pytest.raises(SetupError, match="secret_key"):
        build("polymarket.us", context)


def test_the_native_connector_takes_the_bridges_place() -> None:
    assert venue("polymarket.us").manifest is MANIFEST
    assert (MANIFEST.level, MANIFEST.idempotency, MANIFEST.lays) == ("native", Idempotency.NONE, True)


@pytest.mark.parametrize("name", ["requests", "public"])
def test_a_full_bucket_keeps_to_the_venues_second(name: str) -> None:
    rate = MANIFEST.rates[name]
    assert rate.burst + rate.per_second <= 20
