"""The simulated Polymarket: CLOB, Gamma, Data API and WebSockets over one exchange of the world.

One market per two-way winner of the world's fixtures. Buying a token is paid in full, selling needs tokens that are
held; takers pay a fee, makers none. Books are emptied when a match begins; marketable orders wait for some seconds
while it runs. A market is resolved the moment the world settles it: what rests is cancelled and winning tokens are
redeemed for their holders at once, which at the venue is a transaction of its own. A void pays a half for each token.
Source: the Polymarket sheet.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.sim.dialects.polymarket.clob import TradingRoutes
from hedgerow.sim.dialects.polymarket.data import DataRoutes
from hedgerow.sim.dialects.polymarket.desk import Desk, Mode
from hedgerow.sim.dialects.polymarket.gamma import GammaRoutes
from hedgerow.sim.dialects.polymarket.heartbeats import Heartbeats
from hedgerow.sim.dialects.polymarket.http import refuse
from hedgerow.sim.dialects.polymarket.limits import ELITE, Tier, TradingLimits
from hedgerow.sim.dialects.polymarket.market_channel import MarketChannel
from hedgerow.sim.dialects.polymarket.markets import Listings, Market
from hedgerow.sim.dialects.polymarket.prices import PublicRoutes
from hedgerow.sim.dialects.polymarket.shapes import FEE_RATE, paper_of
from hedgerow.sim.dialects.polymarket.signed import KeyRoutes
from hedgerow.sim.dialects.polymarket.trades import Trade, TradeLog
from hedgerow.sim.dialects.polymarket.user_channel import UserChannel
from hedgerow.sim.dialects.polymarket.wallets import EOA, Keyring, wallet_of
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.order_events import ContractEvent, Event, EventKind, LevelEvent, OrderEvent, SweepEvent
from hedgerow.sim.orders import Contract, Leg, Order, OrderKind
from hedgerow.sim.site import Socket, application
from hedgerow.sim.world import Emptied, Fixture, FixtureChanged, World, WorldEvent

SLUG = "polymarket"
_LIVE = 1
_RATE = int(FEE_RATE * MICRO)
_FEE_UNIT = 10  # micros: fees have five decimals


@dataclass(frozen=True, slots=True)
class Settings:
    """How this venue behaves; times in seconds of the world. tick: micros. signature_type: of all wallets."""

    tick: int = 10_000
    seconds_delay: int = 3
    clears_at_start: bool = True
    mined_after_s: float = 2.0
    confirmed_after_s: float = 5.0
    login_window_s: int = 30
    heartbeat_s: int = 10
    tier: Tier = ELITE
    signature_type: int = EOA


class Polymarket:
    """The venue's side of the wire."""

    slug = SLUG

    def __init__(self, world: World, settings: Settings) -> None:
        self.settings = settings
        self._world, self._clock = world, world.clock
        self.exchange = world.add_exchange(Exchange(SLUG, world.clock, fee=taker_fee, void_pays=lambda _: MICRO // 2))
        self.keyring = Keyring(
            [wallet_of(name, settings.signature_type) for name in self.exchange.accounts], settings.login_window_s
        )
        self.listings = Listings(self.exchange, world.catalogue, settings.tick)
        self.trades = TradeLog(
            self.exchange,
            world.clock,
            mined_after_s=settings.mined_after_s,
            confirmed_after_s=settings.confirmed_after_s,
            tell=self._on_trade,
        )
        self.desk = Desk(
            self.exchange, self.listings, self.trades, world.clock, settings.seconds_delay, self._on_delayed
        )
        self.market_channel = MarketChannel(world.clock, self.desk)
        self.user_channel = UserChannel(world.clock, self.desk, self.keyring)
        self.heartbeats = Heartbeats(world.clock, settings.heartbeat_s, self.desk.cancel_of_key)
        self._limits = TradingLimits(settings.tier)
        self._sites = self._make_sites()
        self.exchange.on_event(self._on_exchange)
        world.on_event(self._on_world)
        for fixture in world.fixtures.values():
            self._put(fixture)

    # --- what the world's server asks for -------------------------------------------------------------------

    def sites(self) -> dict[str, web.Application]:
        """`clob`, `gamma`, `data`, and `ws` with the paths /ws/market and /ws/user."""
        return self._sites

    def sockets(self) -> list[Socket]:
        return [*self.market_channel.sockets(), *self.user_channel.sockets()]

    def demo_credentials(self, account: str) -> dict[str, str]:
        """What a client needs to trade as a default account: private_key, api_key, api_secret, api_passphrase, funder
        and signature_type. Throw-away by design. Raises KeyError for an unknown account."""
        return self.keyring.credentials(account)

    def set_tick_size(self, market: Market, tick: int) -> None:
        """Gives a market another grid, as the venue does near the ends of the scale. What rests stays."""
        before = market.tick
        market.contract.grid = PriceGrid.probability(tick)
        if tick != before:
            self.market_channel.tick_changed(market, before)

    def _make_sites(self) -> dict[str, web.Application]:
        sites = {name: application(self._clock, self.exchange.faults) for name in ("clob", "gamma", "data", "ws")}
        for app in sites.values():
            app.middlewares.append(refuse)
        PublicRoutes(self._clock, self.desk).add_to(sites["clob"])
        KeyRoutes(self._clock, self.keyring, self.desk).add_to(sites["clob"])
        TradingRoutes(self._clock, self.keyring, self.desk, self._limits, self.heartbeats).add_to(sites["clob"])
        GammaRoutes(self.desk).add_to(sites["gamma"])
        DataRoutes(self.desk, self.keyring).add_to(sites["data"])
        self.market_channel.add_to(sites["ws"])
        self.user_channel.add_to(sites["ws"])
        return sites

    # --- the world's events ---------------------------------------------------------------------------------

    def _on_world(self, event: WorldEvent) -> None:
        match event:
            case FixtureChanged(fixture):
                self._put(fixture)
            case Emptied():
                self._empty()
            case _:
                pass

    def _put(self, fixture: Fixture) -> None:
        """Lists a fixture when it is new, and empties its book when it has begun."""
        is_known = self.listings.of_fixture(fixture.fixture_id) is not None
        market = self.listings.put(fixture, self._clock.now_ms())
        if market is None:
            return
        if not is_known:
            self.market_channel.listed(market)
        if (fixture.live or fixture.status_id == _LIVE) and not market.is_cleared:
            market.is_cleared = True
            if self.settings.clears_at_start:
                for order in self._open_orders(market.contract):
                    self.exchange.cancel(order, "the match has begun")

    def _open_orders(self, contract: Contract) -> list[Order]:
        return [order for order in self.exchange.open_orders() if order.contract is contract]

    def _empty(self) -> None:
        """The world was reset: markets, trades and switches are gone; wallets and open sockets stay."""
        for part in (self.listings, self.trades, self.heartbeats, self.market_channel):
            part.clear()
        self.keyring.reset()
        self._limits.clear()
        self.desk.mode, self.desk.version, self.desk.closed_only = Mode.OPEN, 2, frozenset()

    # --- the exchange's events ------------------------------------------------------------------------------

    def _on_exchange(self, event: Event) -> None:
        match event:
            case OrderEvent(EventKind.PLACED, order):
                self._on_placed(order)
            case OrderEvent(EventKind.CANCELLED, order):
                self.user_channel.order(order, "CANCELLATION")
            case OrderEvent(EventKind.REVERSED, order):
                self.user_channel.order(order, "UPDATE")
            case LevelEvent(contract):
                market = self._market(contract)
                market.book_ms = self._clock.now_ms()
                self.market_channel.level(market, event)
            case SweepEvent(taker):
                self._on_sweep(event, self._market(taker.contract))
            case ContractEvent(contract) if contract.result is not None:
                market = self._market(contract)
                market.closed_ms = self._clock.now_ms()
                self.market_channel.resolved(market)
            case _:
                pass

    def _market(self, contract: Contract) -> Market:
        market = self.listings.of_contract(contract)
        assert market is not None, "every contract of the venue is listed"
        return market

    def _on_delayed(self, order: Order) -> None:
        self.user_channel.order(order, "PLACEMENT")

    def _on_placed(self, order: Order) -> None:
        """An order has come to the book. One that was delayed has been told already; when it finds nobody to match,
        it rests as unmatched."""
        if not paper_of(order).was_delayed:
            self.user_channel.order(order, "PLACEMENT")
            return
        if order.kind is not OrderKind.RESTS:
            return
        touch = self.exchange.book(order.contract).best(not order.is_bid)
        if touch is None or (touch > order.yes_price if order.is_bid else touch < order.yes_price):
            self.user_channel.order(order, "UPDATE", "UNMATCHED")

    def _on_sweep(self, sweep: SweepEvent, market: Market) -> None:
        """A taker has traded: its trades, what they did to every order, and the book after them."""
        trades = self.trades.record(sweep)
        for trade in trades:
            bought = (trade.taker.side.value == "buy") == (trade.taker.leg is Leg.YES)
            price = trade.price if trade.taker.leg is Leg.YES else MICRO - trade.price
            market.last_trade = price, bought
            market.volume += trade.price * trade.size // MICRO
            self.market_channel.traded(market, trade)
        touched = {order.id: order for trade in trades for order in trade.orders}
        for order in touched.values():
            self.user_channel.order(order, "UPDATE")
        self.market_channel.books(market)

    def _on_trade(self, trade: Trade) -> None:
        self.user_channel.trade(trade)


def taker_fee(contract: Contract, price: int, size: int, *, is_maker: bool) -> int:
    """size × rate × p(1 − p) in micros, rounded to five decimals of a dollar; makers pay nothing.

    Source: the Polymarket sheet, section 3; the rounding is the venue's fee page's.
    """
    if is_maker:
        return 0
    exact = size * _RATE * price * (MICRO - price)
    unit = _FEE_UNIT * MICRO**3
    return (exact + unit // 2) // unit * _FEE_UNIT


def build(world: World, settings: Settings | None = None) -> Polymarket:
    """The venue in a world: it registers its exchange and follows the world's fixtures from now on."""
    return Polymarket(world, settings or Settings())
