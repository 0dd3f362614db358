"""How a deployment is led into the simulated world."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from hedgerow.cli.simulated import demo_accounts, feed_urls, simulated_environment, simulated_urls
from hedgerow.core.config import load_settings
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.venues import find_dialects
from hedgerow.sim.world import World
from hedgerow.venues.registry import all_venues

FEED_SITES = {"urls": {"rest": "http://127.0.0.1:7000", "ws": "ws://127.0.0.1:7001"}}


def state(**venues: dict[str, str]) -> dict[str, object]:
    return {"venues": {"oddspapi": FEED_SITES, **{slug: {"urls": urls} for slug, urls in venues.items()}}}


def test_manifest_paths_move_to_the_sites_of_the_same_name() -> None:
    moved = simulated_urls(state(kalshi={"rest": "http://127.0.0.1:5000", "ws": "ws://127.0.0.1:5001"}))
    assert moved["kalshi"] == {
        "rest": "http://127.0.0.1:5000/trade-api/v2",
        "ws": "ws://127.0.0.1:5001/trade-api/ws/v2",
    }


def test_every_address_of_every_venue_has_a_site() -> None:
    sites = {dialect.slug: set(dialect.sites()) for dialect in find_dialects(World(Catalogue(), WorldClock()))}
    for slug, venue in all_venues().items():
        assert set(venue.manifest.urls) <= sites[slug], slug


def test_address_that_the_world_does_not_have_leads_nowhere() -> None:
    for urls in simulated_urls(state()).values():
        assert {urlsplit(url).netloc for url in urls.values()} == {"127.0.0.1:1"}


def test_feed_keeps_its_language_and_path() -> None:
    assert feed_urls(state()) == ("http://127.0.0.1:7000/en", "ws://127.0.0.1:7001/ws")


def test_environment_is_settings() -> None:
    environment = simulated_environment("http://127.0.0.1:8004", state())
    given = {name.removeprefix("HEDGEROW_").lower(): value for name, value in environment.items()}
    settings = load_settings(**given)
    assert settings.clock_url == "ws://127.0.0.1:8004/sim/clock"
    assert set(settings.venue_urls) == set(all_venues())


def test_venue_beside_the_world_is_where_it_says() -> None:
    desk = {"rest": "http://127.0.0.1:8010/bridge/v1"}
    environment = simulated_environment("http://127.0.0.1:8004", state(), {"betcris": desk})
    told = json.loads(environment["HEDGEROW_VENUE_URLS"])
    assert told == simulated_urls(state()) | {"betcris": desk}


def test_demo_clients_trade_where_the_default_world_says() -> None:
    found = {(account.client, account.venue): account.username for account in demo_accounts()}
    assert found["demo", "pinnacle"] == "demo_pinnacle"
    assert found["demo", "polymarket"] == "demo_polymarket"
    assert {venue for client, venue in found if client == "demo"} == set(all_venues())
    assert {venue for client, venue in found if client == "rival"} == {"kalshi", "pinnacle", "sharpbet"}


def test_demo_credentials_are_those_that_connectors_ask_for() -> None:
    for account in demo_accounts():
        asked = {field.name for field in all_venues()[account.venue].manifest.credentials if field.required}
        assert asked <= set(account.credentials), account.venue
