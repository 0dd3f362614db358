"""How the family declares itself."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from importlib import resources
from typing import Any

import pytest

from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.venues.base import Account, Exchange, Idempotency, InPlayPolicy, PriceKind, VenueContext
from hedgerow.venues.polymarket import MANIFEST
from hedgerow.venues.polymarket.connector import Polymarket
from hedgerow.venues.registry import build_exchange, urls_of, venue

RULES = {
    *("listings", "balance", "working", "place", "amend", "cancel", "cancel_all", "find", "fills", "stream"),
    *("reconnect", "settlement", "errors", "rate_limits", "clock_skew", "golden_requests", "vectors", "witness"),
    "dead_mans_switch",
}


def test_family_is_found_by_its_slug(clock: Any, credentials: dict[str, Secret]) -> None:
    account = Account(1, "demo", "USD", credentials)
    exchange = build_exchange("polymarket", VenueContext(account, clock, urls_of(MANIFEST, {})))
    assert isinstance(exchange, Polymarket)
    assert exchange.manifest is venue("polymarket").manifest is MANIFEST


def test_manifest_says_what_placement_and_quoting_must_know() -> None:
    assert MANIFEST.price_kind is PriceKind.PROBABILITY
    assert MANIFEST.idempotency is Idempotency.COMPUTED_ID
    assert MANIFEST.in_play is InPlayPolicy.CANCELS
    assert (MANIFEST.sells_without_holding, MANIFEST.amends) == (False, False)
    assert (MANIFEST.batch_limit, MANIFEST.heartbeat_s) == (15, 10)


def test_only_the_key_is_required_and_every_secret_is_marked() -> None:
    assert [field.name for field in MANIFEST.credentials if field.required] == ["private_key"]
    assert {field.name for field in MANIFEST.credentials if not field.secret} == {"funder", "signature_type"}


def test_wrong_credentials_stop_the_building(build: Callable[..., Exchange]) -> None:
    with pytest.raises(SetupError):
        build({"private_key": Secret("0x12")})


def test_quality_names_every_rule_with_its_reason() -> None:
    text = resources.files("hedgerow.venues.polymarket").joinpath("quality.toml").read_text()
    rules = tomllib.loads(text)
    assert set(rules) == RULES
    for name, rule in rules.items():
        assert rule["state"] in ("done", "todo", "exempt"), name
        assert rule["known_by"] in ("official", "sdk", "third_party", "guess"), name
        assert rule["reason"], name
