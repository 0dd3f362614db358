"""The feed's own faults."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.sim.dialects.oddspapi.faults import FeedFaults, Mangler

RATE = st.decimals(0, 1, places=2)


def mangled(count: int, faults: FeedFaults, seed: int = 1) -> list[int]:
    mangler: Mangler[int] = Mangler()
    mangler.reset(seed)
    return [passed for frame in range(count) for passed in mangler.pass_on(frame, faults)]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"dropRate": 1.5}, "dropRate"),
        ({"padBytes": -1}, "padBytes"),
        ({"staleBooks": "pinnacle"}, "staleBooks"),
        ({"restError": 404}, "restError"),
        ({"placeholderPrice": "zilch"}, "placeholderPrice"),
        ({"rates": {"EUR": 0}}, "EUR"),
        ({"weather": True}, "weather"),
    ],
)
def test_wrong_switch_is_named(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        FeedFaults.of(given, FeedFaults())


def test_switches_add_up_and_nothing_resets_all() -> None:
    both = FeedFaults.of({"silent": True}, FeedFaults.of({"dropRate": 0.5}, FeedFaults()))
    assert (both.silent, both.dropRate) == (True, Decimal("0.5"))
    assert FeedFaults.of({}, both) == FeedFaults()


def test_rates_are_exact() -> None:
    assert FeedFaults.of({"rates": {"EUR": 0.95}}, FeedFaults()).rates == {"EUR": Decimal("0.95")}


def test_without_faults_every_frame_passes_once_in_order() -> None:
    assert mangled(50, FeedFaults()) == list(range(50))


@given(drop=RATE, duplicate=RATE, reorder=RATE, seed=st.integers(0, 100))
def test_same_seed_spoils_the_same_frames(drop: Decimal, duplicate: Decimal, reorder: Decimal, seed: int) -> None:
    faults = FeedFaults(dropRate=drop, duplicateRate=duplicate, reorderRate=reorder)
    assert mangled(40, faults, seed) == mangled(40, faults, seed)


@given(reorder=RATE)
def test_reordering_loses_nothing_but_the_frame_that_is_held(reorder: Decimal) -> None:
    passed = mangled(41, FeedFaults(reorderRate=reorder))
    assert sorted(passed) in (list(range(41)), list(range(40)))


def test_rates_of_one_do_what_they_say() -> None:
    assert mangled(3, FeedFaults(dropRate=Decimal(1))) == []
    assert mangled(2, FeedFaults(duplicateRate=Decimal(1))) == [0, 0, 1, 1]
    assert mangled(4, FeedFaults(reorderRate=Decimal(1))) == [1, 0, 3, 2]


def test_wrong_patch_changes_nothing(world_feed: Any) -> None:
    world_feed.dialect.patch({"silent": True})
    with pytest.raises(ValueError, match="dropRate"):
        world_feed.dialect.patch({"silent": False, "dropRate": 9})
    assert world_feed.dialect.feed_faults()["silent"] is True


def test_switch_that_acts_once_resets_itself(world_feed: Any) -> None:
    once = {"reconnect": True, "newEpoch": True, "unknownChannel": True, "unknownMarket": True, "rates": {"EUR": 0.9}}
    world_feed.dialect.patch({**once, "seed": 5})
    faults = world_feed.dialect.feed_faults()
    assert faults["seed"] == 5
    assert not any(faults[name] for name in once)
    assert world_feed.world.currencies["EUR"] == Decimal("0.9")


def test_reset_world_has_no_faults(world_feed: Any) -> None:
    world_feed.dialect.patch({"silent": True})
    world_feed.world.reset()
    assert world_feed.dialect.feed_faults()["silent"] is False
