"""How the family declares itself, and what stops it from being built."""

from __future__ import annotations

import pytest

from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.venues.base import Account, Idempotency, VenueContext
from hedgerow.venues.limitless_ex import MANIFEST
from hedgerow.venues.registry import build_bookmaker, build_exchange, venue

from .conftest import KEYS


def _context(keys: dict[str, str]) -> VenueContext:
    secrets = {name: Secret(text) for name, text in keys.items()}
    return VenueContext(Account(1, "demo", "USD", secrets), SteppedClock(), MANIFEST.urls)


def test_the_native_connector_takes_the_bridges_place_and_quotes_nothing() -> None:
    assert venue("limitless-ex").manifest is MANIFEST
    assert (MANIFEST.is_exchange, MANIFEST.is_bookmaker, MANIFEST.lays, MANIFEST.level) == (False, True, True, "native")
    assert MANIFEST.idempotency is Idempotency.UNIQUE_REFERENCE
    with pytest.raises(LookupError):
        build_exchange("limitless-ex", _context(KEYS))


def test_a_token_calls_at_most_once_in_300_ms_on_average() -> None:
    rate = MANIFEST.rates["token"]
    assert rate.per_second * 0.3 <= 1


@pytest.mark.parametrize("name", sorted(KEYS))
def test_a_credential_that_is_missing_stops_the_connector_by_its_name(name: str) -> None:
    keys = {other: text for other, text in KEYS.items() if other != name}
    with pytest.raises(SetupError, match=name):
        build_bookmaker("limitless-ex", _context(keys))


@pytest.mark.parametrize(("name", "wrong"), [("api_secret", "no base64!"), ("private_key", "12")])
def test_a_credential_that_is_none_is_named_and_not_repeated(name: str, wrong: str) -> None:
    with pytest.raises(SetupError, match=name.replace("_", "[_ ]")) as stopped:
        build_bookmaker("limitless-ex", _context({**KEYS, name: wrong}))
    assert f" {wrong}" not in str(stopped.value)
