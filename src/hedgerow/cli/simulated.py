"""What the product has to be told to work in the simulated world: other addresses, and the accounts that exist there.

Only addresses differ; no connector knows. Source: the simulation contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Protocol, cast, runtime_checkable
from urllib.parse import urlsplit

import msgspec

from hedgerow.core.config import PREFIX, Settings
from hedgerow.core.ids import VenueSlug
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.oddspapi import DEMO_KEY
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.venues import find_dialects
from hedgerow.sim.world import DEMO, RIVAL, RIVAL_BOOKMAKERS, World
from hedgerow.venues.base import Manifest
from hedgerow.venues.registry import all_venues

FEED = "oddspapi"
CLOCK_PATH = "/sim/clock"
MAX_OUTCOME_STAKE = Decimal(1000)

# Nothing listens there: what the world does not play is not reached at all, least of all its real venue.
_NOWHERE = "127.0.0.1:1"

WorldState = Mapping[str, Any]
"""The answer of `GET /sim/state`."""

VenueUrls = Mapping[str, Mapping[str, str]]
"""By slug and name, as in `HEDGEROW_VENUE_URLS`."""


def simulated_urls(state: WorldState) -> dict[VenueSlug, dict[str, str]]:
    """The addresses of every venue in the world, for `HEDGEROW_VENUE_URLS`: the manifest's paths at the world's sites.

    A site has the name of the address that it stands for. An address without a site leads nowhere.
    """
    return {VenueSlug(slug): _moved(venue.manifest, state) for slug, venue in all_venues().items()}


def feed_urls(state: WorldState) -> tuple[str, str]:
    """The feed's REST base and WebSocket in the world."""
    sites = state["venues"][FEED]["urls"]
    defaults = Settings.model_fields
    return (
        _at(sites["rest"], defaults["feed_rest_url"].default),
        _at(sites["ws"], defaults["feed_ws_url"].default),
    )


def clock_url(world_url: str) -> str:
    """The WebSocket that tells the world's time. world_url: of the script API."""
    return world_url.replace("http", "ws", 1) + CLOCK_PATH


def simulated_environment(world_url: str, state: WorldState, beside: VenueUrls | None = None) -> dict[str, str]:
    """Settings of a service that is to work in the world, as environment variables. beside: addresses that count in
    the place of the world's."""
    rest_url, ws_url = feed_urls(state)
    return {
        PREFIX + "VENUE_URLS": msgspec.json.encode({**simulated_urls(state), **(beside or {})}).decode(),
        PREFIX + "FEED_REST_URL": rest_url,
        PREFIX + "FEED_WS_URL": ws_url,
        PREFIX + "FEED_KEY": DEMO_KEY,
        PREFIX + "CLOCK_URL": clock_url(world_url),
    }


def _moved(manifest: Manifest, state: WorldState) -> dict[str, str]:
    sites = state["venues"].get(manifest.slug, {}).get("urls", {})
    return {
        name: _at(sites.get(name, f"{urlsplit(url).scheme}://{_NOWHERE}"), url) for name, url in manifest.urls.items()
    }


def _at(site: str, url: str) -> str:
    """The URL's path at a site's scheme and host."""
    return site.rstrip("/") + urlsplit(url).path


# --- who trades there --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account of the default world, with what its venue wants to see of it."""

    venue: VenueSlug
    username: str
    client: str
    credentials: dict[str, str]


DEMO_CLIENTS = {DEMO: "pinnacle", RIVAL: "sharpbet"}
"""Market making's clients of the default world, and the bookmaker that each prices from and hedges at."""

_RIVAL_VENUES = frozenset({"kalshi", *RIVAL_BOOKMAKERS})


@runtime_checkable
class _HasCredentials(Protocol):
    def demo_credentials(self, account: str) -> dict[str, str]: ...


@cache
def demo_accounts() -> tuple[DemoAccount, ...]:
    """The default world's accounts at venues that have a connector. Credentials are the same in every world."""
    dialects = {dialect.slug: dialect for dialect in find_dialects(World(Catalogue(), WorldClock()))}
    return tuple(
        DemoAccount(VenueSlug(slug), f"{client}_{slug}", client, dialect.demo_credentials(f"{client}_{slug}"))
        for slug in all_venues()
        if isinstance(dialect := cast("object", dialects.get(slug)), _HasCredentials)
        for client in DEMO_CLIENTS
        if _trades_at(client, slug)
    )


def _trades_at(client: str, slug: str) -> bool:
    return client == DEMO or slug in _RIVAL_VENUES
