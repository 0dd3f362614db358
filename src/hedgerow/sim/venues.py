"""Which venues the simulated world has, and where they listen.

A venue with a dialect is found by its module in `sim.dialects` and speaks its protocol on its own ports. A bookmaker
without one is reached by a bridge. Every other venue of the product's lists has its engine and accounts too: its odds
can be scripted and its ledger read.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cache
from typing import Any

import hedgerow.sim.dialects as home
from hedgerow.core.errors import ApiError
from hedgerow.sim.bookmaker import Bookmaker
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.faults import Behaviour, Faults
from hedgerow.sim.site import Dialect, HasFaults, Listening, Switchable, Wire, listen
from hedgerow.sim.world import World

# Source: the market-making documents' table of exchanges.
EXCHANGES = (
    "polymarket",
    "polymarket.us",
    "kalshi",
    "novig.us",
    "sx.bet",
    "betfair-ex",
    "prophetx",
    "matchbook",
    "smarkets",
    "4casters",
    "predict.fun",
)
# Source: the bet-placing documents' list of 30 supported bookmakers; the exchanges above are among them.
BOOKMAKERS = (
    "pinnacle",
    "pinnacleb2b",
    "betamapola",
    "betcris",
    "bookmaker.eu",
    "cloudbet",
    "cloudbetb2b",
    "justbet",
    "kaiyun",
    "monkeyline.vip",
    "novig.us",
    "198bet",
    "paradisewager",
    "sharpbet",
    "singbet",
    "sports411.ag",
    "3et",
    "vertex",
    "betfair-ex",
    "limitless-ex",
    "matchbook",
    "smarkets",
    "4casters",
    "kalshi",
    "polymarket",
    "polymarket.us",
    "predict.fun",
    "prophetx",
    "sx.bet",
    "punter.io",
)


_BRIDGE = "bridge"
"""The module whose dialect speaks for every bookmaker that has none of its own."""


def find_dialects(world: World) -> list[Dialect]:
    """Every dialect there is, built on the world, in the order of their modules' names; then the bridges of the
    bookmakers that are left."""
    names = sorted(_spoken() - {_BRIDGE})
    return [*(_module(name).build(world) for name in names), *(bridge(world, slug) for slug in bridged())]


def find_dialect(slug: str, world: World) -> Dialect:
    """One venue's dialect, built on the world. Raises LookupError for a slug that nobody speaks for."""
    name = module_name(slug)
    if name in _spoken() - {_BRIDGE}:
        dialect: Dialect = _module(name).build(world)
        return dialect
    if slug in BOOKMAKERS:
        return bridge(world, slug)
    raise LookupError(slug)


def bridged() -> list[str]:
    """The bookmakers that only a bridge speaks for: those without a module of their own."""
    return [slug for slug in BOOKMAKERS if module_name(slug) not in _spoken()]


@cache
def _spoken() -> frozenset[str]:
    """The modules of the dialects."""
    return frozenset(found.name for found in pkgutil.iter_modules(home.__path__))


def bridge(world: World, slug: str) -> Dialect:
    """The bookmaker's bridge, built on the world. An exchange that is reached by one is a bookmaker there: its price
    is taken, nothing rests."""
    dialect: Dialect = _module(_BRIDGE).build(world, slug)
    return dialect


def module_name(slug: str) -> str:
    """What a venue's module is called. No name in Python begins with a digit: an underscore goes before it."""
    name = slug.replace(".", "_").replace("-", "_")
    return f"_{name}" if name[0].isdigit() else name


def _module(name: str) -> Any:
    return importlib.import_module(f"{home.__name__}.{name}")


class Venues:
    """All venues of one world."""

    def __init__(self, world: World, dialects: list[Dialect]) -> None:
        """dialects: have added their engines to the world already. The others' engines are added here."""
        self._world = world
        self.dialects: Mapping[str, Dialect] = {dialect.slug: dialect for dialect in dialects}
        self._listening: dict[str, dict[str, Listening]] = {}
        for slug in EXCHANGES:
            if world.venue(slug) is None:
                world.add_exchange(Exchange(slug, world.clock))
        for slug in BOOKMAKERS:
            if world.venue(slug) is None:
                world.add_bookmaker(slug)

    def slugs(self) -> list[str]:
        return sorted({*self.dialects, *self._world.exchanges, *self._world.bookmakers})

    def tradable(self) -> list[str]:
        """Exchanges that somebody can place orders at."""
        return [slug for slug in sorted(self._world.exchanges) if slug in self.dialects]

    def sockets(self) -> Iterator[Wire]:
        """The open streams of all venues."""
        for dialect in self.dialects.values():
            yield from dialect.sockets()

    # --- listening -------------------------------------------------------------------------------------------

    async def listen(self, host: str, ports: Mapping[str, int]) -> None:
        """Starts every site. ports: by `<slug>/<site>`; a free one where it names none."""
        for slug, dialect in self.dialects.items():
            self._listening[slug] = {}
            for name, app in dialect.sites().items():
                self._listening[slug][name] = await listen(app, host, ports.get(f"{slug}/{name}", 0))

    async def close(self) -> None:
        for sites in self._listening.values():
            for listening in sites.values():
                await listening.runner.cleanup()
        self._listening.clear()

    def urls(self, slug: str) -> dict[str, str]:
        """Base URLs by site, without a path; a site whose name begins with ws is a WebSocket's."""
        return {
            name: listening.url.replace("http", "ws", 1) if name.startswith("ws") else listening.url
            for name, listening in self._listening.get(slug, {}).items()
        }

    # --- what the script sees and changes --------------------------------------------------------------------

    def engine(self, slug: str) -> Bookmaker | Exchange:
        """Raises ApiError 404 for a slug without an engine."""
        engine = self._world.venue(slug)
        if engine is None:
            raise ApiError(404, f"{slug} keeps no ledger" if slug in self.dialects else f"unknown venue {slug}")
        return engine

    def exchange(self, slug: str) -> Exchange:
        """Raises ApiError 404 for a slug that is no exchange."""
        engine = self.engine(slug)
        if not isinstance(engine, Exchange):
            raise ApiError(404, f"{slug} is not an exchange")
        return engine

    def describe(self, slug: str) -> dict[str, Any]:
        """Kind, base URLs and switches of one venue."""
        kind = "exchange" if slug in self._world.exchanges else "bookmaker"
        return {
            "kind": kind if self._world.venue(slug) is not None else "feed",
            "urls": self.urls(slug),
            "behaviour": asdict(self._faults(slug).behaviour),
        }

    def patch(self, slug: str, common: dict[str, Any], own: dict[str, Any]) -> None:
        """Changes switches: the common ones, and those that only this venue has. Both empty: all are reset.

        Raises ApiError 404, or ValueError naming a wrong switch; then nothing has changed.
        """
        faults = self._faults(slug)
        behaviour = Behaviour.of(common, faults.behaviour) if common or not own else faults.behaviour
        dialect = self.dialects.get(slug)
        is_reset = not common and not own
        if isinstance(dialect, Switchable) and (own or is_reset):
            dialect.patch(own)
        elif own:
            raise ValueError(f"unknown switch {', '.join(sorted(own))}")
        if common or is_reset:
            faults.set(behaviour)
        if behaviour.down or behaviour.disconnectStream:
            self._cut_streams(slug)
            behaviour.disconnectStream = False

    def reset(self) -> None:
        """Puts the switches of every venue back that the world's own reset does not reach."""
        for slug in self.dialects:
            self.patch(slug, {}, {})

    def _faults(self, slug: str) -> Faults:
        dialect = self.dialects.get(slug)
        if self._world.venue(slug) is None and isinstance(dialect, HasFaults):
            return dialect.faults
        return self.engine(slug).faults

    def _cut_streams(self, slug: str) -> None:
        dialect = self.dialects.get(slug)
        for socket in dialect.sockets() if dialect is not None else ():
            socket.close(1006)
