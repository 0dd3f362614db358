"""The connectors trade on the simulated ProphetX, whose side of the wire was written apart from them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.errors import Unavailable
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.money import Micros, decimal_of
from hedgerow.core.odds import OddsMicros
from hedgerow.core.secrets import Secret
from hedgerow.core.states import BetSettlement, BetStatus, OrderStatus, SettlementStatus, Side
from hedgerow.core.tasks import spawn
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.prophetx import ProphetX, Terms
from hedgerow.sim.faults import Behaviour
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen, traffic
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
    OrderRef,
    OrderState,
    VenueContext,
)
from hedgerow.venues.prophetx import rest
from hedgerow.venues.registry import build_bookmaker, build_exchange

FIXTURE = FixtureId("id1200231461061419")
SINNER, ALCARAZ = (OutcomeKey(FIXTURE, OutcomeId(number)) for number in (121, 122))
NOW_S = 1_795_190_000
AT_110, AT_EVEN = Micros(476_190), Micros(500_000)
Eventually = Callable[[Callable[[], object]], Any]


@dataclass
class Scene:
    world: World
    prophetx: ProphetX
    context: VenueContext
    events: list[ExchangeEvent] = field(default_factory=list)

    @property
    def cash(self) -> Decimal:
        return decimal_of(self.prophetx.exchange.accounts["demo_prophetx"].cash)

    def step(self, seconds: float) -> None:
        self.world.clock.step_to(self.world.clock.now_ns() + int(seconds * NS_PER_S))

    def settle(self, first: SettlementStatus) -> None:
        self.world.settle(FIXTURE, {121: first, 122: first.mirrored})

    def start(self) -> None:
        fixture = self.world.fixtures[FIXTURE]
        fixture.status_id, fixture.live = 1, True
        self.world.put_fixture(fixture)

    def states(self) -> list[OrderStatus]:
        return [event.status for event in self.events if isinstance(event, OrderState)]

    def fills(self) -> list[Fill]:
        return [event for event in self.events if isinstance(event, Fill)]


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    prophetx = ProphetX(world, Terms())
    world.put_fixture(Fixture(FIXTURE, 12, 2314, "Jannik Sinner", "Carlos Alcaraz", NOW_S + 9_000, "ATP Finals"))
    site = await listen(prophetx.sites()["rest"], "127.0.0.1", 0)
    keys = {name: Secret(text) for name, text in prophetx.demo_credentials("demo_prophetx").items()}
    urls = {"rest": f"{site.url}/partner"}
    yield Scene(world, prophetx, VenueContext(Account(1, "demo", "USD", keys), world.clock, urls))
    world.clock.forget()
    await site.runner.cleanup()


@pytest.fixture
async def exchange(scene: Scene) -> AsyncIterator[Exchange]:
    made = build_exchange("prophetx", scene.context)
    await made.open(scene.events.append)
    yield made
    await made.close()


async def placed(exchange: Exchange, side: Side, price: Micros, size: int, **changes: Any) -> NewQuote:
    (found,) = await exchange.listings("tennis")
    quote = NewQuote(f"{side}-{price}", found.instrument, side, price, Micros(size), **changes)
    state = await exchange.place(quote)
    assert state.status.is_open or state.status is OrderStatus.FILLED
    return quote


async def test_lists_that_are_read_seconds_after_they_were_asked_for_come_all_the_same(
    scene: Scene, exchange: Exchange
) -> None:
    quote = await placed(exchange, Side.BUY, AT_110, 21_000_000)
    scene.prophetx.exchange.faults.set(Behaviour(latencyMs=1_500))
    for ask in (exchange.working, lambda: exchange.fills((NOW_S - 3 * 86_400) * 1000)):
        asked = spawn(ask(), "a slow list")
        while not asked.done():
            await asyncio.sleep(0.001)
            if traffic.held_back:
                scene.step(1.5)
        await asked
    scene.prophetx.exchange.faults.set(Behaviour())
    assert [state.client_ref for state in await exchange.working()] == [quote.client_ref]


async def test_both_sides_are_quoted_filled_and_settled_to_the_cent(
    scene: Scene, exchange: Exchange, eventually: Eventually
) -> None:
    bid = await placed(exchange, Side.BUY, AT_110, 21_000_000)
    await placed(exchange, Side.SELL, AT_EVEN, 10_000_000)
    balance = await exchange.balance()
    assert (balance.held, balance.free + balance.held) == (Decimal(15), scene.cash)
    engine = scene.prophetx.exchange
    engine.take(SINNER, Side.SELL, AT_110, 4_200_000)
    engine.take(SINNER, Side.BUY, AT_EVEN, 10_000_000)
    await eventually(lambda: len(scene.fills()) == 2)
    told = [(fill.side, fill.price, fill.size, fill.is_maker) for fill in await exchange.fills(NOW_S * 1_000)]
    assert told == [(Side.BUY, AT_110, 4_200_000, True), (Side.SELL, AT_EVEN, 10_000_000, True)]
    assert {fill.trade_ref for fill in scene.fills()} == {
        fill.trade_ref for fill in await exchange.fills(NOW_S * 1_000)
    }
    balance = await exchange.balance()
    assert (balance.held, balance.free + balance.held) == (Decimal(8), scene.cash)
    scene.settle(SettlementStatus.LOST)
    (resolution,) = await exchange.resolutions([bid.instrument])
    # Two dollars were lost and five won: 2 % of three is kept.
    assert (resolution.status, resolution.kept) == (SettlementStatus.LOST, Decimal("0.012"))
    assert scene.cash == 10_000 + 3 - Decimal("0.06")
    assert await exchange.working() == []
    await eventually(
        lambda: MarketChange(bid.instrument.ref, is_open=False, resolution=SettlementStatus.LOST) in scene.events
    )


async def test_a_result_is_found_among_more_orders_than_the_list_has_pages_for(
    scene: Scene, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "_PAGE", 2)
    monkeypatch.setattr(rest, "_MOST_PAGES", 1)
    (listed,) = await exchange.listings("tennis")
    for number in range(3):
        quote = NewQuote(f"rests-{number}", listed.instrument, Side.BUY, AT_110, Micros(21_000_000))
        state = await exchange.place(quote)
        await exchange.cancel(OrderRef(quote.instrument, quote.client_ref, state.venue_ref))
    await placed(exchange, Side.BUY, AT_110, 21_000_000)
    scene.prophetx.exchange.take(SINNER, Side.SELL, AT_110, 21_000_000)
    scene.settle(SettlementStatus.WON)
    (resolution,) = await exchange.resolutions([listed.instrument])
    assert resolution.status is SettlementStatus.WON


async def test_orders_of_before_the_start_are_wiped_and_later_ones_wait(
    scene: Scene, exchange: Exchange, eventually: Eventually
) -> None:
    await placed(exchange, Side.BUY, AT_110, 21_000_000)
    scene.start()
    await eventually(lambda: scene.states()[-1:] == [OrderStatus.EXPIRED])
    waiting = await placed(exchange, Side.BUY, AT_EVEN, 10_000_000)
    (state,) = await exchange.working()
    assert state.status is OrderStatus.PENDING_PLACEMENT
    with pytest.raises(Unavailable, match="placing"):
        await exchange.cancel(OrderRef(waiting.instrument, waiting.client_ref, state.venue_ref))
    scene.step(6)
    await eventually(lambda: scene.states()[-1:] == [OrderStatus.PLACED])


async def test_a_watched_market_is_followed_on_its_tournaments_channel(
    scene: Scene, exchange: Exchange, eventually: Eventually
) -> None:
    (found,) = await exchange.listings("tennis")
    await exchange.watch([found.instrument])
    contract, _ = scene.prophetx.exchange.contracts_on(SINNER)[0]

    def is_told(*, is_open: bool) -> bool:
        scene.prophetx.exchange.set_open(contract, not contract.is_open)  # until the channel is authorised
        return MarketChange(found.instrument.ref, is_open) in scene.events

    await eventually(lambda: is_told(is_open=False) and is_told(is_open=True))


async def test_tokens_that_ended_are_renewed_and_nothing_is_sent_twice(scene: Scene, exchange: Exchange) -> None:
    (found,) = await exchange.listings("tennis")
    scene.prophetx.patch({"endTokens": True})
    await exchange.place(NewQuote("one", found.instrument, Side.BUY, AT_110, Micros(21_000_000)))
    scene.prophetx.patch({"endTokens": True})
    assert [state.client_ref for state in await exchange.working()] == ["one"]


async def test_a_bet_takes_what_stands_and_its_rest_is_cancelled(scene: Scene) -> None:
    bookmaker = build_bookmaker("prophetx", scene.context)
    await bookmaker.open()
    scene.world.put_odds([Quote(ALCARAZ, "prophetx", Decimal("2.1"), Decimal(30), None, "USD", True, 0)])
    contract, _ = scene.prophetx.exchange.contracts_on(SINNER)[0]
    outcome = contract.names[1]
    line = await bookmaker.line(contract.ref, outcome, ALCARAZ)
    assert line is not None
    bet = BetIntent(
        "bet",
        FIXTURE,
        ALCARAZ.outcome_id,
        ALCARAZ.player_id,
        contract.ref,
        outcome,
        OddsMicros(2_100_000),
        Decimal(40),
        "USD",
        is_live=False,
        accept_partial=True,
    )
    report = await bookmaker.place(bet)
    assert (report.status, report.odds, report.stake) == (BetStatus.CONFIRMED, line.odds, line.max_stake)
    assert report.stake is not None
    assert scene.prophetx.exchange.open_orders("demo_prophetx") == []
    scene.settle(SettlementStatus.LOST)
    found = await bookmaker.find(BetRef("bet", report.bet_ref, 0))
    assert found is not None
    assert (found.settlement, found.payout) == (BetSettlement.WON, scene.cash - 10_000 + report.stake)
    await bookmaker.close()
