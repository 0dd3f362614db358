"""How the family declares itself, and whose place its venues leave."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.sim.venues import BOOKMAKERS, bridged
from hedgerow.venues import registry
from hedgerow.venues.base import Account, Idempotency, VenueContext
from hedgerow.venues.bridge.connector import BridgeBookmaker
from hedgerow.venues.bridge.terms import NOWHERE
from hedgerow.venues.registry import BRIDGE, Venue, all_venues, build_bookmaker, venue


def context(**meta: str) -> VenueContext:
    return VenueContext(Account(1, "demo", "USD", {"password": Secret("x")}, meta), SteppedClock(), {"rest": NOWHERE})


def test_every_bookmaker_of_the_list_has_a_connector() -> None:
    assert set(BOOKMAKERS) <= set(all_venues())


def test_the_world_bridges_those_that_are_reached_by_a_bridge() -> None:
    assert set(bridged()) == {slug for slug, found in all_venues().items() if found.manifest.level == BRIDGE}


def test_the_manifests_say_what_callers_rely_on() -> None:
    manifest = venue("vertex").manifest
    assert (manifest.is_bookmaker, manifest.is_exchange, manifest.level) == (True, False, "bridge")
    assert manifest.idempotency is Idempotency.FENCED
    assert {field.name: (field.secret, field.required) for field in manifest.credentials} == {
        "username": (False, False),
        "password": (True, True),
        "hmac_secret": (True, False),
    }


def test_each_venue_is_built_as_itself() -> None:
    for slug in ("sharpbet", "vertex"):
        made = build_bookmaker(slug, context(bridge_url="http://127.0.0.1:1/bridge/v1"))
        assert isinstance(made, BridgeBookmaker)
        assert made.manifest.slug == slug


@pytest.mark.parametrize("meta", [{}, {"bridge_url": "bridge.example.org"}, {"bridge_url": "ftp://example.org"}])
def test_an_account_without_the_address_of_a_bridge_is_not_built(meta: dict[str, str]) -> None:
    with pytest.raises(SetupError, match=r"account demo at vertex does not say where the venue is; .* bridge_url"):
        build_bookmaker("vertex", context(**meta))


def test_an_authority_that_is_no_certificate_is_told() -> None:
    with pytest.raises(SetupError, match="bridge_ca of an account at vertex is not read"):
        build_bookmaker("vertex", context(bridge_url="https://bridge.example.org", bridge_ca="no certificate"))


@pytest.mark.parametrize("is_native_first", [True, False])
def test_a_native_connector_takes_the_place_of_the_bridge(*, is_native_first: bool) -> None:
    bridge = venue("vertex")
    native = Venue(replace(bridge.manifest, level="native"), bridge.family, "hedgerow.venues.vertex")
    found: dict[str, Venue] = {}
    for new in (native, bridge) if is_native_first else (bridge, native):
        registry._enter(found, new)
    assert found == {"vertex": native}


def test_two_of_one_level_are_a_fault() -> None:
    found: dict[str, Venue] = {}
    registry._enter(found, venue("vertex"))
    with pytest.raises(RuntimeError, match="both declare vertex"):
        registry._enter(found, venue("vertex"))
