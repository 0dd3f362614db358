"""The venues of a world: which there are, whoever speaks for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hedgerow.core.errors import ApiError
from hedgerow.sim.dialects.bridge import Bridge
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import HasFaults, Switchable
from hedgerow.sim.venues import BOOKMAKERS, EXCHANGES, Venues, bridged, find_dialect, find_dialects, module_name
from hedgerow.sim.world import World

from .worldkit import SLUG, kestrel_only


@pytest.fixture
def venues() -> Venues:
    world = World(Catalogue())
    return Venues(world, kestrel_only(world))


def test_thirty_bookmakers_and_eleven_exchanges_are_listed_once() -> None:
    assert (len(set(BOOKMAKERS)), len(BOOKMAKERS)) == (30, 30)
    assert (len(set(EXCHANGES)), len(EXCHANGES)) == (11, 11)


@pytest.mark.parametrize(
    ("slug", "name"), [("sx.bet", "sx_bet"), ("betfair-ex", "betfair_ex"), ("4casters", "_4casters")]
)
def test_a_venues_module_has_a_name_that_can_be_imported(slug: str, name: str) -> None:
    assert module_name(slug) == name
    assert name.isidentifier()


def test_every_dialect_speaks_for_a_venue_or_is_the_feed() -> None:
    world = World(Catalogue())
    for dialect in find_dialects(world):
        assert world.venue(dialect.slug) is not None or isinstance(dialect, HasFaults)
        assert set(dialect.sites()) & {"rest", "clob"}


def test_every_bookmaker_of_the_list_is_spoken_for() -> None:
    slugs = [dialect.slug for dialect in find_dialects(World(Catalogue()))]
    assert set(BOOKMAKERS) <= set(slugs)
    assert len(set(slugs)) == len(slugs)


def test_a_dialect_of_its_own_goes_before_a_bridge() -> None:
    world = World(Catalogue())
    assert not isinstance(find_dialect("pinnacle", world), Bridge)
    assert "pinnacle" not in bridged()
    assert isinstance(find_dialect("vertex", world), Bridge)


@pytest.mark.parametrize("slug", ["nobody", "bridge"])
def test_nobody_speaks_for_an_unknown_slug(slug: str) -> None:
    with pytest.raises(LookupError, match=slug):
        find_dialect(slug, World(Catalogue()))


def test_who_is_an_exchange_somewhere_keeps_an_order_book(venues: Venues) -> None:
    assert all(isinstance(venues.engine(slug), Exchange) for slug in EXCHANGES)
    assert not isinstance(venues.engine("pinnacle"), Exchange)


def test_takers_go_where_orders_can_be_placed(venues: Venues) -> None:
    assert venues.tradable() == [SLUG]


def test_a_dialect_keeps_the_engine_that_it_has_built(venues: Venues) -> None:
    dialect = venues.dialects[SLUG]
    assert isinstance(dialect, Switchable)
    assert venues.engine(SLUG) is dialect.exchange  # type: ignore[attr-defined]


@pytest.mark.parametrize("ask", [Venues.engine, Venues.exchange, Venues.describe])
def test_an_unknown_slug_is_404(venues: Venues, ask: Callable[[Venues, str], object]) -> None:
    with pytest.raises(ApiError) as refused:
        ask(venues, "nobody")
    assert (refused.value.status, refused.value.detail) == (404, "unknown venue nobody")


def test_a_wrong_own_switch_leaves_the_common_ones(venues: Venues) -> None:
    with pytest.raises(ValueError, match="mood"):
        venues.patch(SLUG, {"seed": 5}, {"mood": "odd"})
    with pytest.raises(ValueError, match="fillRatio"):
        venues.patch(SLUG, {"fillRatio": 2}, {"mood": "wild"})
    assert venues.engine(SLUG).faults.behaviour.seed == 1
    assert venues.dialects[SLUG].mood == "calm"  # type: ignore[attr-defined]


def test_the_lists_are_those_of_the_published_documents(shared: Callable[[str], Path]) -> None:
    text = "".join(path.read_text() for path in sorted(shared("seeds").glob("*.txt")))
    missing = [slug for slug in (*BOOKMAKERS, *EXCHANGES) if slug not in text]
    assert not missing
