"""How the family declares itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hedgerow.core.errors import SetupError
from hedgerow.venues.base import Idempotency, InPlayPolicy, VenueContext
from hedgerow.venues.novig_us import FAMILY, MANIFEST
from hedgerow.venues.novig_us.orders import flags_of
from hedgerow.venues.quality import State, quality_of
from hedgerow.venues.registry import build_bookmaker, build_exchange, venue


def test_the_native_connector_takes_the_bridges_place() -> None:
    assert venue("novig.us").manifest is MANIFEST
    assert (MANIFEST.is_exchange, MANIFEST.is_bookmaker, MANIFEST.lays, MANIFEST.level) == (True, True, True, "native")


def test_the_manifest_says_what_placement_and_quoting_must_know() -> None:
    assert (MANIFEST.idempotency, MANIFEST.in_play) == (Idempotency.ECHO, InPlayPolicy.CANCELS)
    assert (MANIFEST.sells_without_holding, MANIFEST.amends, MANIFEST.heartbeat_s) == (True, False, None)
    assert FAMILY.told_as("reference") == flags_of("reference")


@pytest.mark.parametrize(
    "budget",
    [
        ("place", 1, 32),
        ("cancel", 1, 512),
        ("history", 60, 512),
        ("history", 1, 32),
        ("general", 1, 256),
    ],
)
def test_a_full_bucket_keeps_to_the_venues_windows(budget: tuple[str, int, int]) -> None:
    name, window_s, most = budget
    rate = MANIFEST.rates[name]
    assert rate.burst + rate.per_second * window_s <= most


def test_the_kill_switch_is_used_once_in_half_a_minute() -> None:
    assert (MANIFEST.rates["kill"].burst, MANIFEST.rates["kill"].per_second < 1 / 30) == (1, True)


def test_both_sides_are_stopped_by_missing_credentials_and_another_protocol(context: VenueContext) -> None:
    keyless = replace(context, account=replace(context.account, credentials={}))
    newer = replace(context, account=replace(context.account, meta={"protocol": "v3"}))
    for wrong, what in ((keyless, "client_id"), (newer, "v3")):
        for build in (build_exchange, build_bookmaker):
            with pytest.raises(SetupError, match=what):
                build("novig.us", wrong)


def test_what_is_exempt_the_venue_does_not_have() -> None:
    exempt = {verdict.rule for verdict in quality_of("hedgerow.venues.novig_us") if verdict.state is State.EXEMPT}
    assert exempt == {"amend", "dead_mans_switch", "vectors"}
