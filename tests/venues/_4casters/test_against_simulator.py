"""The connectors trade on the simulated 4casters, whose side of the wire was written apart from them: what the exam
does not ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.money import MICRO, Micros, decimal_of
from hedgerow.core.odds import OddsMicros
from hedgerow.core.secrets import Secret
from hedgerow.core.states import BetSettlement, OrderStatus, SettlementStatus, Side
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects._4casters import Fourcasters
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import Leg
from hedgerow.sim.site import Listening, listen
from hedgerow.sim.world import Fixture, World
from hedgerow.venues._4casters.odds import GRID
from hedgerow.venues.base import Account, BetIntent, BetRef, ExchangeEvent, Fill, NewQuote, OrderState, VenueContext
from hedgerow.venues.registry import build_bookmaker, build_exchange

SOCCER, TENNIS = FixtureId("id1000001761061419"), FixtureId("id1200231461061419")
HOME, DRAW, AWAY = (OutcomeKey(SOCCER, OutcomeId(number)) for number in (101, 102, 103))
SINNER, ALCARAZ = (OutcomeKey(TENNIS, OutcomeId(number)) for number in (121, 122))
NOW_S = 1_795_190_000
ACCOUNT = "demo_4casters"


@dataclass
class Scene:
    world: World
    venue: Fourcasters
    context: VenueContext
    events: list[ExchangeEvent] = field(default_factory=list)

    @property
    def cash(self) -> Decimal:
        return decimal_of(self.venue.exchange.accounts[ACCOUNT].cash)

    def offer(self, outcome: OutcomeKey, odds: str, limit: int) -> None:
        self.world.put_odds([Quote(outcome, "4casters", Decimal(odds), Decimal(limit), None, "USD", True, 0)])


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    venue = Fourcasters(world)
    world.put_fixture(Fixture(SOCCER, 10, 17, "Arsenal", "Chelsea", NOW_S + 9_000, "Premier League"))
    world.put_fixture(Fixture(TENNIS, 12, 2314, "Jannik Sinner", "Carlos Alcaraz", NOW_S + 9_000, "ATP Finals"))
    sites: dict[str, Listening] = {name: await listen(app, "127.0.0.1", 0) for name, app in venue.sites().items()}
    keys = {name: Secret(text) for name, text in venue.demo_credentials(ACCOUNT).items()}
    urls = {"rest": sites["rest"].url, "ws": sites["ws"].url.replace("http", "ws")}
    yield Scene(world, venue, VenueContext(Account(1, "demo", "USD", keys), world.clock, urls))
    world.clock.forget()
    for site in sites.values():
        await site.runner.cleanup()


async def test_a_draw_is_quoted_on_both_sides_filled_and_settled(scene: Scene, eventually: Any) -> None:
    exchange = build_exchange("4casters", scene.context)
    await exchange.open(scene.events.append)
    listings = await exchange.listings("soccer")
    assert [listing.outcome for listing in listings] == ["Arsenal", "Draw", "Chelsea"]
    draw = listings[1].instrument
    at_250, at_220 = GRID.at(250), GRID.at(220)
    assert at_250 is not None
    assert at_220 is not None
    await exchange.place(NewQuote("bid", draw, Side.BUY, at_250, Micros(35 * MICRO)))  # 10 to win 25
    await exchange.place(NewQuote("ask", draw, Side.SELL, at_220, Micros(32 * MICRO)))  # 22 to win 10
    scene.venue.exchange.take(DRAW, Side.BUY, at_220, 16 * MICRO)
    await eventually(lambda: any(isinstance(event, Fill) for event in scene.events))
    (fill,) = (event for event in scene.events if isinstance(event, Fill))
    assert (fill.instrument_ref, fill.side, fill.price, fill.size) == (draw.ref, Side.SELL, at_220, 16 * MICRO)
    balance = await exchange.balance()
    assert (balance.held, balance.free) == (Decimal(21), 10_000 - 11 - Decimal(21))
    results = {101: SettlementStatus.WON, 102: SettlementStatus.LOST, 103: SettlementStatus.LOST}
    scene.world.settle(SOCCER, results)
    (resolution,) = await exchange.resolutions([listing.instrument for listing in listings])
    assert (resolution.instrument_ref, resolution.status) == (draw.ref, SettlementStatus.LOST)
    assert scene.cash == 10_005
    await exchange.close()


async def test_orders_go_when_the_match_starts(scene: Scene, eventually: Any) -> None:
    exchange = build_exchange("4casters", scene.context)
    await exchange.open(scene.events.append)
    (listing,) = await exchange.listings("tennis")
    await exchange.place(NewQuote("bid", listing.instrument, Side.BUY, Micros(500_000), Micros(20 * MICRO)))
    fixture = scene.world.fixtures[TENNIS]
    fixture.status_id, fixture.live = 1, True
    scene.world.put_fixture(fixture)

    def last() -> OrderStatus | None:
        states = [event for event in scene.events if isinstance(event, OrderState)]
        return states[-1].status if states else None

    await eventually(lambda: last() is OrderStatus.CANCELLED)
    assert await exchange.working() == []
    await exchange.close()


async def test_a_bet_on_the_away_side_takes_several_prices_to_the_last_digit(scene: Scene) -> None:
    bookmaker = build_bookmaker("4casters", scene.context)
    await bookmaker.open()
    contract, _ = scene.venue.exchange.contracts_on(ALCARAZ)[0]
    for american, lots in ((110, 1_000), (-110, 10_000)):  # odds of who bets on Alcaraz
        price = GRID.at(-american)
        assert price is not None
        scene.venue.exchange.rest(contract, Leg.NO, MICRO - price, GRID.lot_at(price, 10_000) * lots)
    bet = BetIntent(
        "bet",
        TENNIS,
        ALCARAZ.outcome_id,
        ALCARAZ.player_id,
        contract.ref,
        contract.names[1],
        OddsMicros(1_909_090),
        Decimal(300),
        "USD",
        is_live=False,
        accept_partial=True,
    )
    report = await bookmaker.place(bet)
    (order,) = (order for order in scene.venue.exchange.orders.values() if order.account == ACCOUNT)
    cost = sum(order.at_risk(match.price, match.size) for match in order.fills)
    fees = sum(match.fee for match in order.fills)
    assert len(order.fills) == 2
    assert (report.at_risk, report.stake) == (decimal_of(cost + fees), decimal_of(cost + fees))
    assert report.odds == order.filled * MICRO // cost
    assert Decimal(299) < decimal_of(cost + fees) <= 300
    assert scene.cash == 10_000 - decimal_of(cost + fees)
    scene.world.settle(TENNIS, {121: SettlementStatus.LOST, 122: SettlementStatus.WON})
    found = await bookmaker.find(BetRef("bet", report.bet_ref, NOW_S * 1000))
    assert found is not None
    assert (found.settlement, found.payout) == (BetSettlement.WON, decimal_of(order.filled))
    assert scene.cash == 10_000 - decimal_of(cost + fees) + decimal_of(order.filled)
    await bookmaker.close()
