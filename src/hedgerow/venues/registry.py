"""Finds the venues: every folder beside this file is a family that declares itself.

A family's `__init__` has `FAMILY`, or `FAMILIES` where one protocol serves venues that are built apart. Nothing is
registered anywhere else, so a new venue is one folder: its native connector takes the place of its bridge.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any

import hedgerow.venues as home
from hedgerow.core.errors import SetupError
from hedgerow.core.upstream import Upstream
from hedgerow.net.egress import DIRECT, Egress, Through
from hedgerow.venues.base import Bookmaker, BookmakerFactory, Exchange, ExchangeFactory, Manifest, VenueContext

BRIDGE = "bridge"
"""The level of venues that an operator's adapter speaks for."""

VectorCheck = Callable[[Mapping[str, Any], Mapping[str, Any]], list[str]]
"""(inputs, expected) of one signing vector -> what differs, in words; empty when all is equal."""


@dataclass(frozen=True, slots=True)
class Family:
    """Venues that speak one protocol: their manifests, and how their connectors are built."""

    manifests: tuple[Manifest, ...]
    exchange: ExchangeFactory | None = None
    bookmaker: BookmakerFactory | None = None
    vectors: Mapping[str, VectorCheck] = field(default_factory=dict)  # by the scheme's name in the vector files
    told_as: Callable[[str], str] = str  # what the venue is told of a reference of ours that it has no room for


@dataclass(frozen=True, slots=True)
class Venue:
    """One venue of a family."""

    manifest: Manifest
    family: Family
    package: str


class UnknownVenueError(LookupError):
    """No folder declares this slug."""

    def __init__(self, slug: str, known: list[str]) -> None:
        super().__init__(f"unknown venue {slug!r}; known are {', '.join(known)}")


@cache
def all_venues() -> Mapping[str, Venue]:
    """Every venue by slug, in alphabetical order."""
    found: dict[str, Venue] = {}
    for module in pkgutil.iter_modules(home.__path__):
        if not module.ispkg:
            continue
        package = f"{home.__name__}.{module.name}"
        for family in _families(importlib.import_module(package)):
            for manifest in family.manifests:
                _enter(found, Venue(manifest, family, package))
    return dict(sorted(found.items()))


def _families(module: ModuleType) -> tuple[Family, ...]:
    many: tuple[Family, ...] = getattr(module, "FAMILIES", ())
    return many or (module.FAMILY,)


def _enter(found: dict[str, Venue], new: Venue) -> None:
    """Raises RuntimeError where two of one level declare a venue."""
    slug = new.manifest.slug
    known = found.get(slug)
    if known is not None and known.manifest.level == new.manifest.level:
        raise RuntimeError(f"{new.package} and {known.package} both declare {slug}")
    if known is None or known.manifest.level == BRIDGE:
        found[slug] = new


def venue(slug: str) -> Venue:
    """The venue of a slug. Raises UnknownVenueError."""
    venues = all_venues()
    try:
        return venues[slug]
    except KeyError:
        raise UnknownVenueError(slug, list(venues)) from None


def build_exchange(slug: str, context: VenueContext) -> Exchange:
    """The connector of an exchange for one account. Raises UnknownVenueError, or LookupError for a bookmaker."""
    factory = venue(slug).family.exchange
    if factory is None:
        raise LookupError(f"{slug} is not an exchange")
    return factory(context)


def build_bookmaker(slug: str, context: VenueContext) -> Bookmaker:
    """The connector of a bookmaker for one account. Raises UnknownVenueError, or LookupError for an exchange."""
    factory = venue(slug).family.bookmaker
    if factory is None:
        raise LookupError(f"{slug} takes no bets")
    return factory(context)


class Ways:
    """How each venue is reached: straight, or through the proxy that the operator named for it."""

    def __init__(self, proxies: Mapping[str, Upstream]) -> None:
        """Raises SetupError for a venue that there is not."""
        if unknown := sorted(proxies.keys() - all_venues().keys()):
            raise SetupError(
                f"HEDGEROW_VENUE_PROXIES names {', '.join(unknown)}, which is no venue",
                "see `hedgerow venues list` for the names",
            )
        self._through = {slug: Through(proxy) for slug, proxy in proxies.items()}

    def to(self, slug: str) -> Egress:
        return self._through.get(slug, DIRECT)

    def proxies(self) -> Mapping[str, str]:
        """Each proxy's `host:port`, by the slug of the venue that is reached through it."""
        return {slug: through.address for slug, through in self._through.items()}


def urls_of(manifest: Manifest, overrides: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The venue's addresses: the manifest's, replaced by those the operator set."""
    return {**manifest.urls, **overrides.get(manifest.slug, {})}
