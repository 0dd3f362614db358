"""The connectors trade on the simulated Polymarket US, whose side of the wire was written apart from them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.errors import Reason, Refused
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.money import Micros, decimal_of
from hedgerow.core.odds import OddsMicros
from hedgerow.core.secrets import Secret
from hedgerow.core.states import BetSettlement, BetStatus, OrderStatus, SettlementStatus, Side
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.polymarket_us import PolymarketUs, Terms
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World
from hedgerow.venues.base import (
    Account,
    BetIntent,
    BetRef,
    Exchange,
    ExchangeEvent,
    Fill,
    MarketChange,
    NewQuote,
    OrderState,
    VenueContext,
)
from hedgerow.venues.registry import build_bookmaker, build_exchange

FIXTURE = FixtureId("id1200231461061419")
SINNER, ALCARAZ = (OutcomeKey(FIXTURE, OutcomeId(number)) for number in (121, 122))
NOW_S = 1_795_190_000
ACCOUNT = "demo_polymarket.us"


@dataclass
class Scene:
    world: World
    venue: PolymarketUs
    context: VenueContext
    events: list[ExchangeEvent] = field(default_factory=list)

    @property
    def cash(self) -> Decimal:
        return decimal_of(self.venue.exchange.accounts[ACCOUNT].cash)

    def step(self, seconds: float) -> None:
        self.world.clock.step_to(self.world.clock.now_ns() + int(seconds * NS_PER_S))

    def settle(self, first: SettlementStatus) -> None:
        self.world.settle(FIXTURE, {121: first, 122: first.mirrored})


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A match before its start, at a venue with ticks of half a cent."""
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    venue = PolymarketUs(world, Terms(tick=5_000))
    world.put_fixture(Fixture(FIXTURE, 12, 2314, "Jannik Sinner", "Carlos Alcaraz", NOW_S + 9_000, "ATP Finals"))
    async with AsyncExitStack() as stack:
        urls = {}
        for name, app in venue.sites().items():
            site = await listen(app, "127.0.0.1", 0)
            stack.push_async_callback(site.runner.cleanup)
            urls[name] = site.url.replace("http", "ws", 1) + "/v1/ws" if name == "ws" else site.url
        keys = {name: Secret(text) for name, text in venue.demo_credentials(ACCOUNT).items()}
        yield Scene(world, venue, VenueContext(Account(1, "demo", "USD", keys), world.clock, urls))
        world.clock.forget()


@pytest.fixture
async def exchange(scene: Scene) -> AsyncIterator[Exchange]:
    made = build_exchange("polymarket.us", scene.context)
    await made.open(scene.events.append)
    yield made
    await made.close()


async def quoted(exchange: Exchange, name: str, side: Side, price: int, size: int, **changes: Any) -> NewQuote:
    (listing,) = await exchange.listings("tennis")
    return NewQuote(name, listing.instrument, side, Micros(price), Micros(size), **changes)


async def test_a_short_position_is_opened_and_closed_and_money_is_right_to_the_cent(
    scene: Scene, exchange: Exchange, eventually: Any
) -> None:
    ask = await quoted(exchange, "ask", Side.SELL, 585_000, 10_500_000)
    await exchange.place(ask)
    scene.venue.exchange.take(SINNER, Side.BUY, 585_000, 10_500_000)
    await eventually(lambda: any(isinstance(event, Fill) for event in scene.events))
    (sold,) = [event for event in scene.events if isinstance(event, Fill)]
    assert (sold.side, sold.price, sold.size, sold.client_ref, sold.is_maker) == (
        Side.SELL,
        585_000,
        10_500_000,
        "ask",
        True,
    )
    assert sold.fee == -30_000  # 0.0125 × 10.5 × 0.585 × 0.415 = 0.0319, a rebate
    assert scene.cash == 10_000 - Decimal("0.415") * Decimal("10.5") + Decimal("0.03")
    contract, leg = scene.venue.exchange.contracts_on(SINNER)[0]
    scene.venue.exchange.rest(contract, leg, 500_000, 4_000_000)
    taker = await quoted(exchange, "taker", Side.BUY, 500_000, 4_000_000, post_only=False)
    assert (await exchange.place(taker)).status is OrderStatus.FILLED
    balance = await exchange.balance()
    assert (balance.free, balance.held) == (scene.cash, 0)
    assert [fill.fee for fill in await exchange.fills(0)] == [-30_000, 70_000]  # 0.0695, to the cent
    scene.settle(SettlementStatus.LOST)
    (resolution,) = await exchange.resolutions([ask.instrument])
    assert (resolution.status, resolution.payout_per_contract) == (SettlementStatus.LOST, 0)
    assert scene.cash == 10_000 + Decimal("0.585") * Decimal("10.5") - 2 + Decimal("0.03") - Decimal("0.07")
    assert (await exchange.balance()).free == scene.cash


async def test_the_exchanges_no_comes_after_the_id_and_is_told_as_a_refusal(scene: Scene, exchange: Exchange) -> None:
    scene.world.put_odds([Quote(SINNER, "polymarket.us", Decimal(2), Decimal(500), None, "USD", True, 0)])
    crossing = await quoted(exchange, "bid", Side.BUY, 600_000, 1_000_000)
    with pytest.raises(Refused) as crosses:
        await exchange.place(crossing)
    dear = await quoted(exchange, "dear", Side.BUY, 400_000, 90_000_000_000)
    with pytest.raises(Refused) as too_dear:
        await exchange.place(dear)
    assert (crosses.value.reason, too_dear.value.reason) == (Reason.PRICE, Reason.FUNDS)
    assert (await exchange.working(), scene.cash) == ([], 10_000)


async def test_a_suspended_and_a_decided_market_are_told(scene: Scene, exchange: Exchange, eventually: Any) -> None:
    bid = await quoted(exchange, "bid", Side.BUY, 400_000, 1_000_000)
    await exchange.watch([bid.instrument])
    changes: list[MarketChange] = []

    def look() -> bool:
        changes[:] = [event for event in scene.events if isinstance(event, MarketChange)]
        return bool(changes)

    await eventually(look)
    contract, _ = scene.venue.exchange.contracts_on(SINNER)[0]
    scene.venue.exchange.set_open(contract, is_open=False)
    await eventually(lambda: look() and not changes[-1].is_open)
    scene.settle(SettlementStatus.VOID)
    await eventually(lambda: look() and changes[-1].resolution is SettlementStatus.VOID)


async def test_what_is_told_before_an_answer_comes_with_our_reference(
    scene: Scene, exchange: Exchange, eventually: Any
) -> None:
    await exchange.place(await quoted(exchange, "bid", Side.BUY, 400_000, 1_000_000))
    await eventually(lambda: any(isinstance(event, OrderState) for event in scene.events))
    assert {event.client_ref for event in scene.events if isinstance(event, OrderState)} == {"bid"}


async def test_a_bet_on_the_short_side_takes_what_stands_and_is_paid(scene: Scene) -> None:
    bookmaker = build_bookmaker("polymarket.us", scene.context)
    await bookmaker.open()
    scene.world.put_odds([Quote(ALCARAZ, "polymarket.us", Decimal("2.5"), Decimal(30), None, "USD", True, 0)])
    contract, _ = scene.venue.exchange.contracts_on(ALCARAZ)[0]
    bet = BetIntent(
        "bet",
        FIXTURE,
        ALCARAZ.outcome_id,
        ALCARAZ.player_id,
        contract.ref,
        contract.names[1],
        OddsMicros(2_500_000),
        Decimal(20),
        "USD",
        is_live=False,
    )
    report = await bookmaker.place(bet)
    assert (report.status, report.odds) == (BetStatus.CONFIRMED, 2_500_000)
    assert report.at_risk is not None
    assert 20 - Decimal("0.05") < report.at_risk <= 20
    assert scene.cash == 10_000 - report.at_risk
    scene.settle(SettlementStatus.LOST)
    found = await bookmaker.find(BetRef("bet", report.bet_ref, 0))
    assert found is not None
    assert found.payout is not None
    assert (found.settlement, scene.cash) == (BetSettlement.WON, 10_000 - report.at_risk + found.payout)
    await bookmaker.close()
