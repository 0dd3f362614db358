"""How the family declares itself."""

from __future__ import annotations

import pytest

from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import SetupError
from hedgerow.venues.base import Account, Idempotency, PriceKind, VenueContext
from hedgerow.venues.predict_fun import MANIFEST
from hedgerow.venues.quality import State, quality_of
from hedgerow.venues.registry import build_bookmaker, build_exchange, venue


def test_the_native_connector_takes_the_bridges_place() -> None:
    assert venue("predict.fun").manifest is MANIFEST
    assert (MANIFEST.is_exchange, MANIFEST.is_bookmaker, MANIFEST.lays, MANIFEST.level) == (True, True, True, "native")


def test_the_manifest_says_what_placement_and_quoting_must_know() -> None:
    assert (MANIFEST.price_kind, MANIFEST.idempotency) == (PriceKind.PROBABILITY, Idempotency.COMPUTED_ID)
    assert (MANIFEST.sells_without_holding, MANIFEST.amends, MANIFEST.heartbeat_s) == (False, False, None)
    assert {field.name for field in MANIFEST.credentials if not field.secret} == {"predict_account"}
    assert [field.name for field in MANIFEST.credentials if field.required] == ["private_key", "api_key"]


@pytest.mark.parametrize("budget", [("trading", 60, 500), ("posts", 1, 40), ("general", 60, 250)])
def test_a_full_bucket_keeps_to_the_venues_windows(budget: tuple[str, int, int]) -> None:
    name, window_s, most = budget
    rate = MANIFEST.rates[name]
    assert rate.burst + rate.per_second * window_s <= most


def test_both_sides_are_stopped_by_missing_credentials() -> None:
    context = VenueContext(Account(1, "demo", "USD", {}), SteppedClock(), MANIFEST.urls)
    for build in (build_exchange, build_bookmaker):
        with pytest.raises(SetupError, match=r"predict\.fun"):
            build("predict.fun", context)


def test_what_is_exempt_the_venue_does_not_have() -> None:
    exempt = {verdict.rule for verdict in quality_of("hedgerow.venues.predict_fun") if verdict.state is State.EXEMPT}
    assert exempt == {"amend", "dead_mans_switch"}
