"""Runners on a real database against the simulated Pinnacle, in the world's stepped or running time."""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.patience import PATIENCE_S

from hedgerow.abp.booking import Booking
from hedgerow.abp.desks import Desks
from hedgerow.abp.intake import Intake, OrderRequest
from hedgerow.abp.offers import Offer
from hedgerow.abp.orders import AbpOrder, PriceRule
from hedgerow.abp.repository import AbpOrders, Lease
from hedgerow.abp.runner import Runner
from hedgerow.abp.view import View
from hedgerow.core.ids import NO_PLAYER, ClientName, FixtureId, MarketId, MarketKey, OutcomeId, OutcomeKey, VenueSlug
from hedgerow.core.money import Rates
from hedgerow.core.secrets import Vault
from hedgerow.execution.guard import Breakers
from hedgerow.execution.placement import Placement
from hedgerow.feed.book import PriceBook
from hedgerow.feed.catalogue import Catalogue, Market
from hedgerow.sim import pinnacle_ids
from hedgerow.sim.bookmaker import Bet as TakenBet
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.pinnacle import Pinnacle
from hedgerow.sim.faults import Behaviour
from hedgerow.sim.world import World
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.bets import Bets
from hedgerow.storage.database import Database
from hedgerow.storage.terms import Terms
from hedgerow.venues.registry import Ways

from .abpkit import new_order

TENNIS = FixtureId("id1200231461061419")
SINNER, ALCARAZ = OutcomeKey(TENNIS, OutcomeId(121), NO_PLAYER), OutcomeKey(TENNIS, OutcomeId(122), NO_PLAYER)
ACCOUNT = "demo_pinnacle"
KEY = base64.b64encode(bytes(32)).decode()
"""Of the vault."""
NOW_S = 1_795_190_000
SPEED = 40.0
ACME = ClientName("acme")
WINNER = Market(
    MarketId(121),
    12,
    "moneyline",
    "result",
    None,
    is_player_market=False,
    name="Winner",
    short_name="W",
    outcomes=(OutcomeId(121), OutcomeId(122)),
    outcome_names=("1", "2"),
)
LONG = timedelta(minutes=10)


class WorldOffers:
    """What the simulated bookmaker offers, as the feed would tell it; `behind` keeps telling what was."""

    rates = Rates({"EUR": Decimal("0.9137"), "JPY": Decimal("151.37")})

    def __init__(self, world: World) -> None:
        self._world = world

    def offer(
        self, market: MarketKey, outcome_id: OutcomeId, bookmaker: VenueSlug, *, is_back: bool = True
    ) -> Offer | None:
        world = self._world
        outcome = OutcomeKey(market.fixture_id, outcome_id)
        quote = world.quotes.get((outcome, bookmaker))
        asked = world.catalogue.market_of(outcome_id)
        if quote is None or asked is None:
            return None
        fixture = world.fixtures[market.fixture_id]
        versions = sum(world.quotes[OutcomeKey(market.fixture_id, one), bookmaker].version for one in asked.outcomes)
        line = pinnacle_ids.market_ref(fixture.fixture_id, fixture.sport_id, fixture.tournament_id, asked, versions)
        outcome_ref = pinnacle_ids.outcome_ref(asked, outcome_id)
        unusable = None if quote.active else "inactive"
        return Offer(quote.price, quote.limit, "USD", line, outcome_ref, quote.changed_ms, False, unusable)


@dataclass
class Floor:
    """A database, a world with its Pinnacle, and the runners that were started on them."""

    database: Database
    world: World
    pinnacle: Pinnacle
    vault: Vault
    url: str
    started: list[tuple[Runner, Desks]] = field(default_factory=list)

    @property
    def orders(self) -> AbpOrders:
        return AbpOrders(self.database, self.world.clock)

    def behave(self, **switches: Any) -> None:
        self.pinnacle.book.faults.set(Behaviour(**switches))

    def offer(self, outcome: OutcomeKey, price: str, *, limit: str = "500", active: bool = True) -> None:
        now_ms = self.world.clock.now_ms()
        quote = Quote(outcome, "pinnacle", Decimal(price), Decimal(limit), Decimal(2), "USD", active, now_ms)
        self.world.put_odds([quote])
        for runner, _ in self.started:
            runner.changed(outcome.fixture_id)

    @property
    def taken(self) -> list[TakenBet]:
        """The bookmaker's own bets."""
        return list(self.pinnacle.book.bets.values())

    def parts(self, offers: WorldOffers) -> tuple[Placement, Desks, View]:
        """What a runner is made of."""
        clock = self.world.clock
        bets, breakers = Bets(self.database, clock), Breakers(clock)
        placement = Placement(self.database, bets, breakers, clock, Booking(bets, self.orders, clock).write)
        desks = Desks(
            self.database,
            Accounts(self.database, clock),
            Terms(self.database, clock),
            self.vault,
            {"pinnacle": {"rest": self.url}},
            Ways({}),
            clock,
            placement,
            PriceBook().fixture_ref,
            PriceBook().described,
        )
        return placement, desks, View(desks, offers, breakers, untold_max=Decimal(500))

    async def runner(self, *, lease_s: float = 30.0) -> Runner:
        clock, offers = self.world.clock, WorldOffers(self.world)
        placement, desks, view = self.parts(offers)
        bets = Bets(self.database, clock)
        made = Runner(self.database, self.orders, bets, placement, desks, offers, view, clock, lease_s=lease_s)
        await desks.load()
        await desks.read_balances()
        made.start()
        self.started.append((made, desks))
        return made

    async def place(self, *, lease: Lease | None = None, **changes: Any) -> AbpOrder:
        created = self.world.clock.now()
        lives = changes.pop("lives", None)
        changes["expires_at"] = created + lives if lives else changes.get("expires_at", created)
        async with self.database.transaction() as connection:
            (order,) = await self.orders.number(connection, [new_order(**changes)])
            await self.orders.insert(connection, [order], lease)
        for runner, _ in self.started:
            runner.look()
        return order

    async def until(self, order: AbpOrder, done: Callable[[AbpOrder], bool]) -> AbpOrder:
        """Waits for what is to become of an order."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = await self.orders.order(order.order_id)
                assert found is not None
                if done(found):
                    return found
                await asyncio.sleep(0.01)

    async def ended(self, order: AbpOrder) -> AbpOrder:
        return await self.until(order, lambda found: not found.status.is_open)

    async def rows(self, order: AbpOrder) -> list[tuple[str, Decimal | None, bool]]:
        """(status, placed stake, in doubt) of the order's bets."""
        rows = await self.database.fetch(
            "select status, placed_stake, in_doubt from bets where order_id = $1 order by bet_id", order.order_id
        )
        return [(row[0], row[1], row[2]) for row in rows]

    async def money(self) -> dict[str, Decimal]:
        rows = await self.database.fetch("select place, amount from abp_balances where amount <> 0")
        return {row[0]: row[1] for row in rows}


def intake_of(floor: Floor, runner: Runner) -> Intake:
    """The door of the process that the runner is in."""
    desks = next(desks for made, desks in floor.started if made is runner)
    clock, offers = floor.world.clock, WorldOffers(floor.world)
    view = View(desks, offers, Breakers(clock), untold_max=Decimal(500))
    return Intake(floor.database, floor.orders, desks, offers, view, Catalogue([WINNER]), runner, clock)


def request(floor: Floor, **changes: Any) -> OrderRequest:
    given: dict[str, Any] = {
        "request_uuid": str(uuid.uuid4()),
        "fixture_id": TENNIS,
        "outcome_id": SINNER.outcome_id,
        "player_id": NO_PLAYER,
        "price": Decimal("1.7"),
        "stake": Decimal(10),
        "user_ref": "bettor1",
        "is_test": False,
        "bookmakers": None,
        "currency": "USD",
        "is_back": True,
        "expires_at": floor.world.clock.now() + LONG,
        "accepts_better": True,
        "accepts_partial": True,
        "price_rule": PriceRule.EACH,
        "meta": {},
    }
    return OrderRequest(**{**given, **changes})
