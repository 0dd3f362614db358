"""The simulated predict.fun: REST, WebSocket and a node of its chain over one exchange of the world.

One market per two-way winner of the world's fixtures. Buying is paid in full, selling needs shares that are held;
takers pay a fee, of a purchase in the shares that it brings, of a sale in money. Matches are settled on the chain at
once unless `Settings` says otherwise. While a match runs, orders that may trade at once wait for some seconds. A market
is resolved the moment the world settles it: what rests is cancelled and winning shares are redeemed for their holders
at once, which at the venue is a transaction of its own. A void pays a half for each share. Sources: the predict.fun
sheet; dev.predict.fun "Fees" and docs.predict.fun "Fees and Limits" for how a fee is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from hedgerow.core.money import MICRO
from hedgerow.sim.dialects.predict_fun.desk import Desk, Paper
from hedgerow.sim.dialects.predict_fun.limits import Limits
from hedgerow.sim.dialects.predict_fun.markets import Listings, Terms
from hedgerow.sim.dialects.predict_fun.orders import WEI
from hedgerow.sim.dialects.predict_fun.refusals import refusing
from hedgerow.sim.dialects.predict_fun.rest import Routes
from hedgerow.sim.dialects.predict_fun.settlements import Progress, Settlement, Settlements
from hedgerow.sim.dialects.predict_fun.stream import Streams
from hedgerow.sim.dialects.predict_fun.wallets import Keyring, wallet_of
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.fees import TakerFee
from hedgerow.sim.node import Node
from hedgerow.sim.order_events import ContractEvent, Event, EventKind, LevelEvent, OrderEvent, SweepEvent
from hedgerow.sim.orders import Order, OrderKind
from hedgerow.sim.site import Socket, application
from hedgerow.sim.world import Emptied, FixtureChanged, World, WorldEvent

SLUG = "predict.fun"
USDT = "0x55d398326f99059fF775485246999027B3197955"


@dataclass(frozen=True, slots=True)
class Settings:
    """How this venue behaves; times in seconds of the world. precision: decimals of prices, 2 or 3."""

    precision: int = 2
    fee_bps: int = 200
    neg_risk: bool = False
    yield_bearing: bool = True
    smart_account: bool = True
    settled_after_s: float = 0.0
    failed_after_s: float = 5.0
    seconds_delay: int = 3
    heartbeat_s: float = 15.0


class PredictFun:
    """The venue's side of the wire."""

    slug = SLUG

    def __init__(self, world: World, settings: Settings) -> None:
        self._clock = world.clock
        fee = TakerFee(settings.fee_bps)
        self.exchange = world.add_exchange(
            Exchange(
                SLUG,
                world.clock,
                fee=fee.in_money,
                void_pays=lambda _: MICRO // 2,
                withholds=fee.in_shares,
            )
        )
        self.keyring = Keyring([wallet_of(name, is_smart=settings.smart_account) for name in self.exchange.accounts])
        terms = Terms(settings.precision, settings.fee_bps, settings.neg_risk, settings.yield_bearing)
        self.listings = Listings(self.exchange, world.catalogue, terms)
        self.settlements = Settlements(
            self.exchange,
            world.clock,
            settled_after_s=settings.settled_after_s,
            failed_after_s=settings.failed_after_s,
            tell=self._on_settlement,
        )
        self.desk = Desk(
            self.exchange, self.listings, self.settlements, world.clock, settings.seconds_delay, self._on_ended
        )
        self.streams = Streams(world.clock, self.desk, self.keyring, settings.heartbeat_s)
        self._limits = Limits()
        self._sites = self._make_sites()
        self.exchange.on_event(self._on_exchange)
        world.on_event(self._on_world)
        for fixture in world.fixtures.values():
            self.listings.put(fixture, world.clock.now_ms())

    # --- what the world's server asks for -------------------------------------------------------------------

    def sites(self) -> dict[str, web.Application]:
        """`rest`, `ws` with the path /ws, and `rpc`, a node of the chain."""
        return self._sites

    def sockets(self) -> list[Socket]:
        return self.streams.sockets()

    def demo_credentials(self, account: str) -> dict[str, str]:
        """What a client needs to trade as a default account. Throw-away by design. Raises KeyError for an unknown
        account."""
        return self.keyring.credentials(account)

    def _make_sites(self) -> dict[str, web.Application]:
        sites = {name: application(self._clock, self.exchange.faults) for name in ("rest", "ws", "rpc")}
        for app in sites.values():
            app.middlewares.append(refusing(self._clock))
        Routes(self._clock, self.keyring, self.desk, self._limits).add_to(sites["rest"])
        self.streams.add_to(sites["ws"])
        Node(USDT, self._held).add_to(sites["rpc"])
        return sites

    def _held(self, address: str) -> int:
        """The money of an address in wei."""
        wallet = self.keyring.of_address(address)
        return 0 if wallet is None else self.exchange.accounts[wallet.account].cash * WEI

    # --- what happens ---------------------------------------------------------------------------------------

    def _on_world(self, event: WorldEvent) -> None:
        match event:
            case FixtureChanged(fixture):
                self.listings.put(fixture, self._clock.now_ms())
            case Emptied():
                for part in (self.listings, self.settlements, self.desk, self._limits):
                    part.clear()
            case _:
                pass

    def _on_exchange(self, event: Event) -> None:
        match event:
            case OrderEvent(EventKind.PLACED, order):
                self._tell("orderAccepted", order)
            case OrderEvent(EventKind.CANCELLED, order):
                self._on_cancelled(order)
            case SweepEvent():
                self.settlements.record(event)
            case LevelEvent(contract):
                market = self.listings.of_contract(contract)
                market.version, market.book_ms = market.version + 1, self._clock.now_ms()
                self.streams.book(market)
            case ContractEvent(contract):
                self.streams.status(self.listings.of_contract(contract))
            case _:
                pass

    def _on_cancelled(self, order: Order) -> None:
        """What is left of a market order that has traded ends without a word."""
        if order.kind is OrderKind.RESTS or not order.filled:
            self._tell("orderExpired" if order.reason == "expired" else "orderCancelled", order)

    def _on_ended(self, paper: Paper) -> None:
        """An order was accepted and then not let into the book. Whether the former is told first is not published."""
        self.streams.order("orderCancelled", paper)

    def _on_settlement(self, settlement: Settlement) -> None:
        if settlement.progress is Progress.SUBMITTED:
            for part in settlement.parts:
                self._tell("orderMarketMatchPlan", part.order)
        self.streams.settlement(settlement)

    def _tell(self, kind: str, order: Order) -> None:
        if order.account in self.keyring.wallets:
            paper: Paper = order.extra["paper"]
            paper.order = order
            self.streams.order(kind, paper)


def build(world: World, settings: Settings | None = None) -> PredictFun:
    """The venue in a world: it registers its exchange and follows the world's fixtures from now on."""
    return PredictFun(world, settings or Settings())
