"""The simulated Limitless: REST and a node of its chain over one exchange of the world.

One market per two-way winner of the world's fixtures. Buying is paid in full, selling needs shares that are held;
takers pay a fee, of a purchase in the shares that it brings, of a sale in money, at markets with a collateral fee in
money always. Its rate is whole up to a price of a half and falls to nothing at 1; of the venue's own curve only the
ends are published, 3 % and 0.4 %. A market is resolved the moment the world settles it: what rests is
cancelled and winning shares are redeemed for their holders at once, which at the venue is a transaction of its own. A
void pays a half for each share. Not simulated: the socket, for bets are taken and nothing of them rests, and markets
of an automated market maker. Sources: the limitless-ex sheet; docs.limitless.exchange "Fees".
"""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from hedgerow.core.money import MICRO
from hedgerow.sim.dialects.limitless_ex.desk import Desk
from hedgerow.sim.dialects.limitless_ex.markets import Listings
from hedgerow.sim.dialects.limitless_ex.profiles import Profiles, profile_of
from hedgerow.sim.dialects.limitless_ex.refusals import refusing
from hedgerow.sim.dialects.limitless_ex.rest import Routes
from hedgerow.sim.dialects.limitless_ex.shapes import USDC
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.fees import TakerFee
from hedgerow.sim.node import Node
from hedgerow.sim.order_events import Event, SweepEvent
from hedgerow.sim.site import Socket, application
from hedgerow.sim.world import Emptied, FixtureChanged, World, WorldEvent

SLUG = "limitless-ex"


@dataclass(frozen=True, slots=True)
class Settings:
    """How this venue behaves; times in seconds of the world. is_collateral: fees are taken in money."""

    fee_bps: int = 300
    is_collateral: bool = False
    smart_wallet: bool = True
    settled_after_s: float = 0.0
    failed_after_s: float = 5.0


class LimitlessEx:
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
                withholds=None if settings.is_collateral else fee.in_shares,
            )
        )
        self.profiles = Profiles(
            [
                profile_of(name, fee_bps=settings.fee_bps, is_smart=settings.smart_wallet)
                for name in self.exchange.accounts
            ]
        )
        self.listings = Listings(self.exchange, world.catalogue)
        self.desk = Desk(
            self.exchange,
            self.listings,
            world.clock,
            settings.settled_after_s,
            settings.failed_after_s,
            settings.is_collateral,
        )
        self._routes = Routes(world.clock, self.profiles, self.desk, has_fee=settings.fee_bps > 0)
        self._sites = self._make_sites()
        self.exchange.on_event(self._on_exchange)
        world.on_event(self._on_world)
        for fixture in world.fixtures.values():
            self.listings.put(fixture, world.clock.now_ms())

    # --- what the world's server asks for ----------------------------------------------------------------------------

    def sites(self) -> dict[str, web.Application]:
        """`rest`, and `rpc`, a node of the chain."""
        return self._sites

    def sockets(self) -> list[Socket]:
        return []

    def demo_credentials(self, account: str) -> dict[str, str]:
        """What a client needs to trade as a default account. Throw-away by design. Raises KeyError for an unknown
        account."""
        return self.profiles.credentials(account)

    def _make_sites(self) -> dict[str, web.Application]:
        sites = {name: application(self._clock, self.exchange.faults) for name in ("rest", "rpc")}
        sites["rest"].middlewares.append(refusing)
        self._routes.add_to(sites["rest"])
        Node(USDC, self._held).add_to(sites["rpc"])
        return sites

    def _held(self, address: str) -> int:
        """The money of an address in millionths."""
        profile = self.profiles.of_address(address)
        return 0 if profile is None else self.exchange.accounts[profile.account].cash

    # --- what happens ------------------------------------------------------------------------------------------------

    def _on_world(self, event: WorldEvent) -> None:
        match event:
            case FixtureChanged(fixture):
                self.listings.put(fixture, self._clock.now_ms())
            case Emptied():
                for part in (self.listings, self.desk, self._routes):
                    part.clear()
            case _:
                pass

    def _on_exchange(self, event: Event) -> None:
        if isinstance(event, SweepEvent):
            self.desk.record(event)


def build(world: World, settings: Settings | None = None) -> LimitlessEx:
    """The venue in a world: it registers its exchange and follows the world's fixtures from now on."""
    return LimitlessEx(world, settings or Settings())
