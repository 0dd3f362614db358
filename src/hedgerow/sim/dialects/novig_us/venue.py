"""The simulated Novig: the NBX REST API and its socket over one exchange of the world.

Takers pay a fee while the event is in play, makers none (the credit that they get days later is not played). Going
live, and leaving it, cancels what rests of every account; a market that closes cancels it without a word. A void pays
its fair value, here a half to each outcome. V3 of the API is not played. Sources: the Novig sheet; the venue's page on
fees (docs.novig.com "Fees").
"""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from hedgerow.core.ids import FixtureId
from hedgerow.core.money import MICRO
from hedgerow.sim.dialects.novig_us.access import Access
from hedgerow.sim.dialects.novig_us.desk import Desk, Paper
from hedgerow.sim.dialects.novig_us.markets import Listings, Market, name
from hedgerow.sim.dialects.novig_us.refusals import refusing
from hedgerow.sim.dialects.novig_us.rest import Routes
from hedgerow.sim.dialects.novig_us.stream import Tape
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.order_events import ContractEvent, Event, EventKind, LevelEvent, OrderEvent
from hedgerow.sim.orders import Contract
from hedgerow.sim.site import Socket, application
from hedgerow.sim.world import Emptied, Fixture, FixtureChanged, World, WorldEvent

SLUG = "novig.us"

_SILENT = "market resolved"
_FEE_UNIT = 10
"""Micros: fees are kept to the fifth decimal of a dollar."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How this venue behaves. taker_percent: of p(1 - p) of a contract, charged in play."""

    taker_percent: int = 3


class NovigExchange(Exchange):
    """Names trades by UUIDs."""

    def next_trade_id(self) -> str:
        return name(f"fill {super().next_trade_id()}")


class Novig:
    """The venue's side of the wire."""

    slug = SLUG

    def __init__(self, world: World, settings: Settings) -> None:
        self._clock, self._taker_percent = world.clock, settings.taker_percent
        self.exchange = NovigExchange(SLUG, world.clock, fee=self._fee, void_pays=lambda _: MICRO // 2)
        world.add_exchange(self.exchange)
        self.access = Access(self.exchange.accounts, world.clock)
        self.listings = Listings(self.exchange, world.catalogue, world.clock)
        self.desk = Desk(self.exchange, self.listings, world.clock, self._on_ended)
        self.tape = Tape(self.desk, self.access)
        self._live: set[FixtureId] = set()
        self._sites = self._make_sites()
        self.exchange.on_event(self._on_exchange)
        world.on_event(self._on_world)
        for fixture in world.fixtures.values():
            self._follow(fixture)

    # --- what the world's server asks for -------------------------------------------------------------------

    def sites(self) -> dict[str, web.Application]:
        """`rest`, and `ws` with the path /tape."""
        return self._sites

    def sockets(self) -> list[Socket]:
        return self.tape.sockets()

    def demo_credentials(self, account: str) -> dict[str, str]:
        """What a client needs to trade as a default account. Throw-away by design. Raises KeyError for an unknown
        account."""
        return self.access.credentials(account)

    def _make_sites(self) -> dict[str, web.Application]:
        sites = {site: application(self._clock, self.exchange.faults) for site in ("rest", "ws")}
        for app in sites.values():
            app.middlewares.append(refusing)
        Routes(self.access, self.desk).add_to(sites["rest"])
        self.tape.add_to(sites["ws"])
        return sites

    def _fee(self, contract: Contract, price: int, size: int, *, is_maker: bool) -> int:
        """rate × p(1 - p) × size of a taker in play, half up to the fifth decimal. Micros."""
        if is_maker or not self.listings.of_contract(contract).fixture.live:
            return 0
        exact, whole = size * self._taker_percent * price * (MICRO - price), 100 * MICRO * MICRO * _FEE_UNIT
        return (2 * exact + whole) // (2 * whole) * _FEE_UNIT

    # --- what happens ---------------------------------------------------------------------------------------

    def _on_world(self, event: WorldEvent) -> None:
        match event:
            case FixtureChanged(fixture):
                self._follow(fixture)
            case Emptied():
                self._live.clear()
                for part in (self.listings, self.desk, self.access):
                    part.clear()
            case _:
                pass

    def _follow(self, fixture: Fixture) -> None:
        market = self.listings.put(fixture)
        if market is None or fixture.live == (fixture.fixture_id in self._live):
            return
        (self._live.add if fixture.live else self._live.discard)(fixture.fixture_id)
        if market.contract.is_open:
            self.tape.lifecycle("EVENT_GOLIVE" if fixture.live else "EVENT_UNLIVE", market)
            self.desk.drain(market)

    def _on_exchange(self, event: Event) -> None:
        match event:
            case OrderEvent():
                self._on_order(event)
            case LevelEvent(contract, is_bid, price, _, difference, order):
                if not order.remaining or order in self.exchange.book(contract).side(is_bid).get(price, ()):
                    self.tape.book("PLACE", self.listings.of_contract(contract), order, max(-difference, 0))
            case ContractEvent(contract):
                self._on_contract(self.listings.of_contract(contract))
            case _:
                pass

    def _on_order(self, event: OrderEvent) -> None:
        order, paper = event.order, self.desk.paper_of(event.order)
        match event.kind:
            case EventKind.CANCELLED if order.reason != _SILENT:
                self.tape.book("CANCEL", self.listings.of_contract(order.contract), order)
                if paper is not None:
                    self.tape.order("cancel", paper)
            case EventKind.PLACED if paper is not None:
                self.tape.order("place", paper)
            case EventKind.FILLED if paper is not None and event.match is not None:
                self.tape.fill(paper, event.match)
            case _:
                pass

    def _on_contract(self, market: Market) -> None:
        was_settled = market.settled_ms is not None
        self.listings.note_result(market)
        if not was_settled:
            self.tape.lifecycle("OPEN" if market.contract.is_open else "CLOSE", market)

    def _on_ended(self, paper: Paper) -> None:
        """An order was taken into the queue, and not let into the book."""
        self.tape.order("cancel", paper)


def build(world: World, settings: Settings | None = None) -> Novig:
    """The venue in a world: it registers its exchange and follows the world's fixtures from now on."""
    return Novig(world, settings or Settings())
