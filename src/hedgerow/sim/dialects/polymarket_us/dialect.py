"""The simulated Polymarket US for the world: its sites, its keys, and what of the engine it tells to whom."""

from __future__ import annotations

from aiohttp import web

from hedgerow.core.money import MICRO
from hedgerow.sim.book_ids import stable_number
from hedgerow.sim.dialects.polymarket_us import shapes
from hedgerow.sim.dialects.polymarket_us.desk import Desk, Paper
from hedgerow.sim.dialects.polymarket_us.keys import Keyring
from hedgerow.sim.dialects.polymarket_us.listings import Listings
from hedgerow.sim.dialects.polymarket_us.rest import Routes
from hedgerow.sim.dialects.polymarket_us.stream import Streams
from hedgerow.sim.dialects.polymarket_us.terms import Terms
from hedgerow.sim.dialects.polymarket_us.wire import denials
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.order_events import ContractEvent, Event, EventKind, LevelEvent, OrderEvent
from hedgerow.sim.orders import Match
from hedgerow.sim.site import Socket, application
from hedgerow.sim.world import Emptied, FixtureChanged, World, WorldEvent

SLUG = "polymarket.us"

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ID_LENGTH = 12


class PolymarketUsExchange(Exchange):
    """Names orders and trades as an exchange does that gives out short codes; the same in every run of a world."""

    def next_order_id(self) -> str:
        return _code(super().next_order_id())

    def next_trade_id(self) -> str:
        return _code(super().next_trade_id())


class PolymarketUs:
    """Sites `rest` (the private API), `gateway` (the public one) and `ws`; the sockets are on `rest` too, as there."""

    slug = SLUG

    def __init__(self, world: World, terms: Terms) -> None:
        self._clock = world.clock
        half = MICRO // 2
        self.exchange = PolymarketUsExchange(
            SLUG, world.clock, nets_pairs=True, fee=terms.fee, void_pays=lambda _: half
        )
        world.add_exchange(self.exchange)
        self.keyring = Keyring(terms.timestamp_window_ms)
        for account in self.exchange.accounts:
            self.keyring.register(account)
        self.listings = Listings(self.exchange, world.catalogue, terms)
        self.desk = Desk(self.exchange, self.listings, world.clock, lambda paper: self._tell(paper, "REJECTED"))
        self._routes = Routes(world.clock, terms, self.keyring, self.desk)
        self._streams = Streams(world.clock, self.desk, self._routes, terms.heartbeat_s)
        self.exchange.on_event(self._on_exchange)
        world.on_event(self._on_world)
        for fixture in list(world.fixtures.values()):
            self.listings.put(fixture, world.clock.now_ms())

    # --- what the world's server asks for ----------------------------------------------------------------------

    def sites(self) -> dict[str, web.Application]:
        sites = {name: application(self._clock, self.exchange.faults) for name in ("rest", "gateway", "ws")}
        for app in sites.values():
            app.middlewares.append(denials)
        sites["rest"].add_routes([*self._routes.private(), *self._streams.routes()])
        sites["gateway"].add_routes(self._routes.public())
        sites["ws"].add_routes(self._streams.routes())
        return sites

    def sockets(self) -> list[Socket]:
        return self._streams.sockets()

    def demo_credentials(self, account: str) -> dict[str, str]:
        """`key_id` and `secret_key` of a default account. Throw-away by design. Raises KeyError for another."""
        if account not in self.exchange.accounts:
            raise KeyError(f"no account {account} at {SLUG}")
        return self.keyring.credentials(account)

    # --- what happens ------------------------------------------------------------------------------------------

    def _on_world(self, event: WorldEvent) -> None:
        match event:
            case FixtureChanged(fixture):
                self.listings.put(fixture, self._clock.now_ms())
            case Emptied():
                self.listings.clear()
                self.desk.clear()
                self._routes.clear()
            case _:
                pass

    def _on_exchange(self, event: Event) -> None:
        match event:
            case OrderEvent():
                self._on_order(event)
            case LevelEvent(contract) | ContractEvent(contract):
                self._streams.book(self.listings.of_contract(contract))
            case _:
                pass

    def _on_order(self, event: OrderEvent) -> None:
        paper = self.desk.of_order(event.order)
        if paper is None:
            return
        paper.order = event.order  # the engine tells of an order before it answers who placed it
        match event.kind:
            case EventKind.PLACED:
                self._tell(paper, "NEW")
            case EventKind.FILLED:
                self._tell(paper, "PARTIAL_FILL" if event.order.remaining else "FILL", event.match)
            case EventKind.CANCELLED:
                self._tell(paper, "EXPIRED" if event.order.reason == "expired" else "CANCELED")
            case _:
                pass

    def _tell(self, paper: Paper, kind: str, match: Match | None = None) -> None:
        execution = shapes.execution(paper, kind, self._clock.now_ms(), match)
        paper.executions.append(execution)
        self._streams.order(paper, execution)


def _code(name: str) -> str:
    """Twelve digits and letters that follow from the engine's name of a thing."""
    number = stable_number("polymarket us", name, below=len(_DIGITS) ** _ID_LENGTH)
    digits = []
    for _ in range(_ID_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(digits)
