"""The connectors trade on the simulated Smarkets, whose side of the wire was written apart from them."""

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
from hedgerow.core.states import BetStatus, FillState, OrderStatus, SettlementStatus, Side
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.smarkets import Smarkets, Terms
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World
from hedgerow.venues.base import Account, BetIntent, BetRef, Exchange, ExchangeEvent, Fill, NewQuote, VenueContext
from hedgerow.venues.registry import build_bookmaker, build_exchange
from hedgerow.venues.smarkets import reads, rest

FIXTURE = FixtureId("id1200231461061419")
SINNER, ALCARAZ = (OutcomeKey(FIXTURE, OutcomeId(number)) for number in (121, 122))
NOW_S = 1_795_190_000
ACCOUNT = "demo_smarkets"


@dataclass
class Scene:
    world: World
    smarkets: Smarkets
    context: VenueContext
    events: list[ExchangeEvent] = field(default_factory=list)

    @property
    def cash(self) -> Decimal:
        return decimal_of(self.smarkets.exchange.accounts[ACCOUNT].cash)

    def step(self, seconds: float) -> None:
        self.world.clock.step_to(self.world.clock.now_ns() + int(seconds * NS_PER_S))

    def go_live(self) -> None:
        fixture = self.world.fixtures[FIXTURE]
        fixture.status_id, fixture.live = 1, True
        self.world.put_fixture(fixture)

    def settle(self, first: SettlementStatus) -> None:
        self.world.settle(FIXTURE, {121: first, 122: first.mirrored})


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A match before its start, and a commission of 2 %."""
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    smarkets = Smarkets(world, Terms())
    world.put_fixture(Fixture(FIXTURE, 12, 2314, "Jannik Sinner", "Carlos Alcaraz", NOW_S + 9_000, "ATP Finals"))
    site = await listen(smarkets.sites()["rest"], "127.0.0.1", 0)
    keys = {name: Secret(text) for name, text in smarkets.demo_credentials(ACCOUNT).items()}
    yield Scene(world, smarkets, VenueContext(Account(1, "demo", "USD", keys), world.clock, {"rest": site.url}))
    world.clock.forget()
    await site.runner.cleanup()


@pytest.fixture
async def exchange(scene: Scene) -> AsyncIterator[Exchange]:
    made = build_exchange("smarkets", scene.context)
    await made.open(scene.events.append)
    yield made
    await made.close()


async def placed(exchange: Exchange, name: str, side: Side, price: int, size: int, **changes: Any) -> NewQuote:
    found = await exchange.listings("tennis")
    instrument = next(listing.instrument for listing in found if listing.outcome == name)
    quote = NewQuote(f"{name} {side} {price}", instrument, side, Micros(price), Micros(size), **changes)
    assert (await exchange.place(quote)).status in (OrderStatus.PLACED, OrderStatus.FILLED)
    return quote


async def test_money_is_right_to_the_micro_with_commission_on_net_winnings(scene: Scene, exchange: Exchange) -> None:
    """Bought at 0.5181 and the opposite at 0.3333: the market nets, its commission is on what is left."""
    bid = await placed(exchange, "Jannik Sinner", Side.BUY, 518_100, 19_300_000)
    other = await placed(exchange, "Carlos Alcaraz", Side.BUY, 333_300, 6_000_000)
    scene.smarkets.exchange.take(SINNER, Side.SELL, 500_000, 5_790_000)
    scene.smarkets.exchange.take(ALCARAZ, Side.SELL, 300_000, 6_000_000)
    fills = await exchange.fills(0)
    assert [(fill.size, fill.price, fill.is_maker, fill.fee) for fill in fills] == [
        (5_790_000, 518_100, True, 0),
        (6_000_000, 333_300, True, 0),
    ]
    balance = await exchange.balance()
    assert (balance.held, balance.free + balance.held) == (Decimal("6.999531"), scene.cash)
    staked = Decimal("2.999799"), Decimal("1.9998")
    scene.settle(SettlementStatus.WON)
    net = Decimal("5.79") - sum(staked)
    commission = Decimal("0.02")  # 2 % of 0.790401, to the next cent
    assert scene.cash == 10_000 + net - commission
    won, lost = await exchange.resolutions([bid.instrument, other.instrument])
    assert (won.status, lost.status) == (SettlementStatus.WON, SettlementStatus.LOST)
    assert won.kept == commission / (Decimal("5.79") - staked[0])
    assert await exchange.working() == []


async def test_a_result_is_found_among_more_rows_than_the_ledger_has_pages_for(
    scene: Scene, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "_MOST_ROWS", "6")
    monkeypatch.setattr(rest, "_MOST_PAGES", 1)
    for price in (333_300, 500_000, 518_100):
        bid = await placed(exchange, "Jannik Sinner", Side.BUY, price, 19_300_000)
        if price != 518_100:
            await exchange.cancel(exchange.ref_of(bid))
    scene.smarkets.exchange.take(SINNER, Side.SELL, 500_000, 5_790_000)
    scene.settle(SettlementStatus.WON)
    (won,) = await exchange.resolutions([bid.instrument])
    assert (won.status, won.kept > 0) == (SettlementStatus.WON, True)


async def test_a_quote_goes_when_the_match_turns_in_play(scene: Scene, exchange: Exchange, eventually: Any) -> None:
    await placed(exchange, "Jannik Sinner", Side.BUY, 518_100, 19_300_000)
    scene.go_live()
    assert await exchange.working() == []
    scene.step(1)
    await eventually(lambda: [getattr(event, "status", None) for event in scene.events] == [OrderStatus.EXPIRED])


async def test_a_match_in_play_is_provisional_until_it_is_confirmed(
    scene: Scene, exchange: Exchange, eventually: Any
) -> None:
    scene.go_live()
    await placed(exchange, "Jannik Sinner", Side.SELL, 518_100, 19_300_000)
    scene.smarkets.exchange.take(SINNER, Side.BUY, 600_000, 19_300_000)
    (fill,) = await exchange.fills(0)
    assert (fill.state, (await exchange.working())) == (FillState.PROVISIONAL, [])
    for seconds, told in ((1, FillState.PROVISIONAL), (8, FillState.FINAL)):
        scene.step(seconds)
        await eventually(lambda state=told: any(isinstance(e, Fill) and e.state is state for e in scene.events))
    (fill,) = await exchange.fills(0)
    assert (fill.state, fill.side) == (FillState.FINAL, Side.SELL)


async def test_a_bet_takes_what_stands_and_a_correction_is_settled_anew(scene: Scene) -> None:
    bookmaker = build_bookmaker("smarkets", scene.context)
    await bookmaker.open()
    scene.world.put_odds([Quote(SINNER, "smarkets", Decimal("1.93"), Decimal(30), None, "USD", True, 0)])
    contract, _ = scene.smarkets.exchange.contracts_on(SINNER)[0]
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
    assert report.status is BetStatus.CONFIRMED
    assert report.stake is not None
    assert Decimal("29.9") < report.stake <= 30
    assert scene.cash == 10_000 - report.stake
    assert scene.smarkets.exchange.open_orders(ACCOUNT) == []
    for result in (SettlementStatus.WON, SettlementStatus.LOST, SettlementStatus.WON):
        scene.settle(result)
        found = await bookmaker.find(BetRef("bet", report.bet_ref, 0))
        assert found is not None
        assert found.payout is not None
        assert scene.cash == 10_000 - report.stake + found.payout
        assert (found.commission > 0) is (result is SettlementStatus.WON)
    await bookmaker.close()
