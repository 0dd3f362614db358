"""The connectors trade on the simulated Matchbook, whose side of the wire was written apart from them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.money import Micros, decimal_of
from hedgerow.core.odds import OddsMicros
from hedgerow.core.secrets import Secret
from hedgerow.core.states import BetSettlement, BetStatus, OrderStatus, SettlementStatus, Side
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.matchbook import Matchbook, Terms
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World
from hedgerow.venues.base import Account, BetIntent, BetRef, Exchange, ExchangeEvent, Fill, NewQuote, VenueContext
from hedgerow.venues.registry import build_bookmaker, build_exchange

FIXTURE = FixtureId("id1200231461061419")
SINNER, ALCARAZ = (OutcomeKey(FIXTURE, OutcomeId(number)) for number in (121, 122))
NOW_S = 1_795_190_000
AT_1_93 = Micros(518_134)


@dataclass
class Scene:
    world: World
    matchbook: Matchbook
    context: VenueContext
    events: list[ExchangeEvent] = field(default_factory=list)

    @property
    def cash(self) -> Decimal:
        return decimal_of(self.matchbook.exchange.accounts["demo_matchbook"].cash)

    def step(self, seconds: float) -> None:
        self.world.clock.step_to(self.world.clock.now_ns() + int(seconds * NS_PER_S))

    def settle(self, first: SettlementStatus) -> None:
        self.world.settle(FIXTURE, {121: first, 122: first.mirrored})


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A match before its start, a market maker's commission of 0.75 % and a taker's of 1.5 %."""
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    matchbook = Matchbook(world, Terms())
    world.put_fixture(Fixture(FIXTURE, 12, 2314, "Jannik Sinner", "Carlos Alcaraz", NOW_S + 9_000, "ATP Finals"))
    site = await listen(matchbook.sites()["rest"], "127.0.0.1", 0)
    keys = {name: Secret(text) for name, text in matchbook.demo_credentials("demo_matchbook").items()}
    yield Scene(world, matchbook, VenueContext(Account(1, "demo", "USD", keys), world.clock, {"rest": site.url}))
    world.clock.forget()
    await site.runner.cleanup()


@pytest.fixture
async def exchange(scene: Scene) -> AsyncIterator[Exchange]:
    made = build_exchange("matchbook", scene.context)
    await made.open(scene.events.append)
    yield made
    await made.close()


async def placed(exchange: Exchange, side: Side, price: Micros, size: int, **changes: Any) -> NewQuote:
    found = await exchange.listings("tennis")
    instrument = next(listing.instrument for listing in found if listing.outcome == "Jannik Sinner")
    quote = NewQuote(f"{side} {price}", instrument, side, price, Micros(size), **changes)
    assert (await exchange.place(quote)).status in (OrderStatus.PLACED, OrderStatus.FILLED)
    return quote


async def test_money_is_right_to_the_micro_with_commission(scene: Scene, exchange: Exchange) -> None:
    bid = await placed(exchange, Side.BUY, AT_1_93, 19_300_000)
    balance = await exchange.balance()
    assert (balance.held, balance.free + balance.held) == (Decimal(10), scene.cash)
    scene.matchbook.exchange.take(SINNER, Side.SELL, 500_000, 5_790_000)
    (fill,) = await exchange.fills(0)
    assert (fill.size, fill.price, fill.is_maker, fill.client_ref) == (5_790_000, AT_1_93, True, bid.client_ref)
    assert fill.fee == 20_930  # 0.75 % of the liability of 2.79, to five decimals
    balance = await exchange.balance()
    assert (balance.held, balance.free + balance.held) == (Decimal(7), scene.cash)
    scene.settle(SettlementStatus.WON)
    (resolution,) = await exchange.resolutions([bid.instrument])
    assert (resolution.status, await exchange.working()) == (SettlementStatus.WON, [])
    assert scene.cash == 10_000 + Decimal("2.79") - decimal_of(fill.fee)
    (again,) = await exchange.fills(0)
    assert (again.trade_ref, again.size, again.fee, again.is_maker) == (fill.trade_ref, fill.size, fill.fee, True)


async def test_what_is_not_to_be_kept_goes_when_the_match_turns_in_play(
    scene: Scene, exchange: Exchange, eventually: Any
) -> None:
    await placed(exchange, Side.BUY, AT_1_93, 19_300_000)
    fixture = scene.world.fixtures[FIXTURE]
    fixture.status_id, fixture.live = 1, True
    scene.world.put_fixture(fixture)
    assert await exchange.working() == []
    scene.step(1)
    await eventually(lambda: [getattr(event, "status", None) for event in scene.events] == [OrderStatus.EXPIRED])


async def test_an_offer_in_play_waits_for_its_delay(scene: Scene, exchange: Exchange, eventually: Any) -> None:
    fixture = scene.world.fixtures[FIXTURE]
    fixture.status_id, fixture.live = 1, True
    scene.world.put_fixture(fixture)
    scene.matchbook.patch({"liveDelaySeconds": 6})
    scene.world.put_odds([Quote(SINNER, "matchbook", Decimal("1.93"), Decimal(500), None, "USD", True, 0)])
    found = await exchange.listings("tennis")
    instrument = next(listing.instrument for listing in found if listing.outcome == "Jannik Sinner")
    taker = await exchange.place(NewQuote("taker", instrument, Side.BUY, AT_1_93, Micros(19_300_000), post_only=False))
    assert taker.status is OrderStatus.PENDING_PLACEMENT
    scene.step(7)
    await eventually(lambda: any(isinstance(event, Fill) and not event.is_maker for event in scene.events))


async def test_a_bet_takes_what_stands_and_its_rest_is_cancelled(scene: Scene) -> None:
    bookmaker = build_bookmaker("matchbook", scene.context)
    await bookmaker.open()
    scene.world.put_odds([Quote(SINNER, "matchbook", Decimal("1.93"), Decimal(30), None, "USD", True, 0)])
    contract, _ = scene.matchbook.exchange.contracts_on(SINNER)[0]
    bet = BetIntent(
        "bet",
        FIXTURE,
        SINNER.outcome_id,
        SINNER.player_id,
        contract.ref,
        contract.ref,
        OddsMicros(1_930_000),
        Decimal(40),
        "USD",
        is_live=False,
        accept_partial=True,
    )
    report = await bookmaker.place(bet)
    fee = Decimal("0.015") * Decimal("27.9")
    assert (report.status, report.odds) == (BetStatus.CONFIRMED, 1_930_000)
    assert report.at_risk == 30 + fee
    assert scene.matchbook.exchange.open_orders("demo_matchbook") == []
    scene.settle(SettlementStatus.HALF_WON)
    found = await bookmaker.find(BetRef("bet", report.bet_ref, 0))
    assert found is not None
    assert (found.settlement, found.payout) == (BetSettlement.HALF_WON, Decimal("43.95"))
    assert scene.cash == 10_000 - 30 - fee + Decimal("43.95")
    await bookmaker.close()
