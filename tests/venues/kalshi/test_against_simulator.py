"""The connector trades on the simulated Kalshi, whose side of the wire was written apart from it, from the
documents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, Micros, decimal_of
from hedgerow.core.secrets import Secret
from hedgerow.core.states import OrderStatus, SettlementStatus, Side
from hedgerow.sim.dialects.kalshi import Kalshi, Terms
from hedgerow.sim.faults import Behaviour
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World
from hedgerow.venues.base import (
    Account,
    Exchange,
    ExchangeEvent,
    Fill,
    Instrument,
    Listing,
    MarketChange,
    NewQuote,
    OrderRef,
    OrderState,
    StreamGap,
    VenueContext,
)
from hedgerow.venues.registry import build_exchange

FIXTURE = FixtureId("id1200231461061419")
SINNER = OutcomeKey(FIXTURE, OutcomeId(121))
START_S = 1_795_280_400  # 2026-11-21 17:00 UTC
NOW_NS = 1_795_190_000_000_000_000

Until = Callable[[Callable[[], object]], Any]


@dataclass
class Scene:
    """A world with one tennis match, its Kalshi, and our connector to it."""

    world: World
    kalshi: Kalshi
    context: VenueContext
    exchange: Exchange
    events: list[ExchangeEvent] = field(default_factory=list)

    def told(self, kind: type[ExchangeEvent]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def behave(self, **switches: Any) -> None:
        self.kalshi.venue.exchange.faults.set(Behaviour(**switches))

    def take(self, outcome: OutcomeKey, side: Side, price: str, size: str) -> None:
        """Somebody else trades at up to a price, in dollars and contracts."""
        micros = (int(Decimal(text) * MICRO) for text in (price, size))
        self.kalshi.venue.exchange.take(outcome, side, *micros)

    def step(self, seconds: float) -> None:
        self.world.clock.step_to(self.world.clock.now_ns() + int(seconds * NS_PER_S))


@pytest.fixture(params=["ed25519", "rsa"])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    world = World(Catalogue())
    world.clock.run_stepped(NOW_NS)
    kalshi = Kalshi(world, Terms(tier="premier"))
    world.put_fixture(
        Fixture(
            fixture_id=FIXTURE,
            sport_id=12,
            tournament_id=2314,
            participant1_name="Jannik Sinner",
            participant2_name="Carlos Alcaraz",
            start_time=START_S,
            tournament_name="ATP Finals",
            category_name="ATP",
        )
    )
    sites = {name: await listen(app, "127.0.0.1", 0) for name, app in kalshi.sites().items()}
    keys = kalshi.demo_credentials if request.param == "ed25519" else kalshi.rsa_credentials
    credentials = {name: Secret(text) for name, text in keys("demo_kalshi").items()}
    urls = {
        "rest": f"{sites['rest'].url}/trade-api/v2",
        "ws": f"{sites['ws'].url.replace('http', 'ws')}/trade-api/ws/v2",
    }
    context = VenueContext(Account(1, "demo", "USD", credentials), world.clock, urls)
    made = Scene(world, kalshi, context, build_exchange("kalshi", context))
    await made.exchange.open(made.events.append)
    yield made
    await made.exchange.close()
    for site in sites.values():
        await site.runner.cleanup()


@pytest.fixture
async def listing(scene: Scene) -> Listing:
    """The contract that Sinner wins, as the connector lists it."""
    found = await scene.exchange.listings("tennis")
    return next(listing for listing in found if listing.outcome == "Jannik Sinner")


@pytest.fixture
def instrument(listing: Listing) -> Instrument:
    return listing.instrument


def ref_of(state: OrderState, instrument: Instrument) -> OrderRef:
    return OrderRef(instrument, state.client_ref, state.venue_ref)


async def test_the_match_is_listed(scene: Scene, listing: Listing) -> None:
    assert (listing.sport, listing.market_type, listing.period) == ("tennis", "moneyline", "result")
    assert listing.participants == ("Jannik Sinner", "Carlos Alcaraz")
    assert listing.opposite == "Carlos Alcaraz"
    assert listing.starts_at_ms == START_S * 1000
    assert listing.competition == "ATP Finals"
    assert listing.instrument.grid == PriceGrid.probability(10_000)
    assert listing.instrument.taker_fee.rate == Decimal("0.07")
    assert listing.is_open


async def test_a_placed_order_rests_and_is_told(scene: Scene, quote: Callable[..., NewQuote], until: Until) -> None:
    placed = await scene.exchange.place(quote())
    assert placed.status is OrderStatus.PLACED
    (resting,) = await scene.exchange.working()
    assert (resting.venue_ref, resting.client_ref) == (placed.venue_ref, placed.client_ref)
    assert (resting.side, resting.price, resting.size, resting.filled) == (Side.BUY, 560_000, 10_000_000, 0)
    await until(lambda: scene.told(OrderState))
    assert scene.told(OrderState)[-1].status is OrderStatus.PLACED


async def test_a_partial_fill_is_the_same_on_stream_list_and_order(
    scene: Scene, quote: Callable[..., NewQuote], until: Until
) -> None:
    placed = await scene.exchange.place(quote())
    scene.take(SINNER, Side.SELL, "0.56", "2.5")
    await until(lambda: scene.told(Fill))
    (streamed,) = scene.told(Fill)
    (listed,) = await scene.exchange.fills(0)
    assert (streamed.trade_ref, streamed.venue_ref) == (listed.trade_ref, listed.venue_ref)
    assert streamed.client_ref == placed.client_ref
    assert (listed.side, listed.price, listed.size, listed.is_maker) == (Side.BUY, 560_000, 2_500_000, True)
    assert (streamed.side, streamed.price, streamed.size, streamed.fee) == (
        listed.side,
        listed.price,
        listed.size,
        listed.fee,
    )
    (resting,) = await scene.exchange.working()
    assert (resting.size, resting.filled, resting.status) == (10_000_000, 2_500_000, OrderStatus.PLACED)
    await until(lambda: scene.told(OrderState)[-1].filled == 2_500_000)


async def test_a_sold_contract_fills_in_yes_terms(scene: Scene, quote: Callable[..., NewQuote], until: Until) -> None:
    await scene.exchange.place(quote(side=Side.SELL, price=Micros(610_000)))
    scene.take(SINNER, Side.BUY, "0.61", "10")
    await until(lambda: scene.told(Fill))
    (fill,) = scene.told(Fill)
    assert (fill.side, fill.price, fill.size) == (Side.SELL, 610_000, 10_000_000)
    assert (await scene.exchange.fills(0))[0].side is Side.SELL
    await until(lambda: scene.told(OrderState)[-1].status is OrderStatus.FILLED)


async def test_a_fill_that_is_told_twice_keeps_its_identity(
    scene: Scene, quote: Callable[..., NewQuote], until: Until
) -> None:
    scene.behave(duplicateFills=True)
    await scene.exchange.place(quote())
    scene.take(SINNER, Side.SELL, "0.56", "10")
    await until(lambda: len(scene.told(Fill)) == 2)
    assert len({(fill.trade_ref, fill.venue_ref) for fill in scene.told(Fill)}) == 1
    assert len(await scene.exchange.fills(0)) == 1


async def test_a_post_only_order_that_would_trade_is_refused_for_its_price(
    scene: Scene, quote: Callable[..., NewQuote]
) -> None:
    await scene.exchange.place(quote("ask", side=Side.SELL, price=Micros(600_000)))
    with pytest.raises(Refused) as refused:
        await scene.exchange.place(quote("bid", price=Micros(600_000)))
    assert refused.value.reason is Reason.PRICE


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"price": Micros(565_000)}, Reason.INVALID),  # off the grid
        ({"size": Micros(10**12)}, Reason.FUNDS),
    ],
)
async def test_a_refused_order_says_why(
    changes: dict[str, Any], reason: Reason, scene: Scene, quote: Callable[..., NewQuote]
) -> None:
    with pytest.raises(Refused) as refused:
        await scene.exchange.place(quote(**changes))
    assert refused.value.reason is reason
    assert await scene.exchange.working() == []


async def test_a_scripted_refusal_is_a_refusal(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    scene.behave(rejectRate=1.0, rejectReason="insufficient_balance")
    with pytest.raises(Refused) as refused:
        await scene.exchange.place(quote())
    assert refused.value.reason is Reason.FUNDS


async def test_an_order_whose_answer_was_lost_is_found(
    scene: Scene, quote: Callable[..., NewQuote], instrument: Instrument
) -> None:
    scene.behave(loseResponseRate=1.0)
    with pytest.raises(InDoubt):
        await scene.exchange.place(quote())
    found = await scene.exchange.find_order(scene.exchange.ref_of(quote()))
    assert found is not None
    assert (found.status, found.size, found.instrument_ref) == (OrderStatus.PLACED, 10_000_000, instrument.ref)


async def test_sending_a_known_reference_again_adopts_its_order(
    scene: Scene, quote: Callable[..., NewQuote], instrument: Instrument
) -> None:
    placed = await scene.exchange.place(quote())
    scene.take(SINNER, Side.SELL, "0.56", "4")
    again = await scene.exchange.place(quote())
    assert (again.venue_ref, again.filled) == (placed.venue_ref, 4_000_000)
    await scene.exchange.cancel(ref_of(placed, instrument))
    assert (await scene.exchange.place(quote())).status is OrderStatus.CANCELLED


async def test_an_order_that_never_arrived_is_surely_gone_after_a_minute(
    scene: Scene, quote: Callable[..., NewQuote]
) -> None:
    scene.behave(down=True)
    with pytest.raises(InDoubt):
        await scene.exchange.place(quote())
    scene.behave()
    ref = scene.exchange.ref_of(quote())
    with pytest.raises(CannotTell):
        await scene.exchange.find_order(ref)
    scene.step(65)
    assert await scene.exchange.find_order(ref) is None


async def test_a_cancelled_order_is_gone(
    scene: Scene, quote: Callable[..., NewQuote], instrument: Instrument, until: Until
) -> None:
    placed = await scene.exchange.place(quote())
    await scene.exchange.cancel(ref_of(placed, instrument))
    assert await scene.exchange.working() == []
    await until(lambda: scene.told(OrderState)[-1].status is OrderStatus.CANCELLED)
    known = await scene.exchange.find_order(ref_of(placed, instrument))
    assert known is not None
    assert known.status is OrderStatus.CANCELLED
    with pytest.raises(Refused) as refused:
        await scene.exchange.cancel(ref_of(placed, instrument))
    assert refused.value.reason is Reason.UNKNOWN_ORDER


async def test_everything_is_cancelled(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    for number in range(3):
        await scene.exchange.place(quote(f"order-{number}"))
    await scene.exchange.cancel_all()
    assert await scene.exchange.working() == []


async def test_an_amended_order_moves_and_keeps_its_fills(
    scene: Scene, quote: Callable[..., NewQuote], instrument: Instrument
) -> None:
    placed = await scene.exchange.place(quote())
    scene.take(SINNER, Side.SELL, "0.56", "2.5")
    amended = await scene.exchange.amend(
        ref_of(placed, instrument), Side.BUY, Micros(550_000), Micros(12_000_000), Micros(2_500_000)
    )
    assert (amended.venue_ref, amended.filled, amended.status) == (placed.venue_ref, 2_500_000, OrderStatus.PLACED)
    (resting,) = await scene.exchange.working()
    assert (resting.price, resting.size, resting.filled) == (550_000, 12_000_000, 2_500_000)
    assert resting.client_ref == placed.client_ref


async def test_an_amend_is_right_about_a_fill_that_we_had_not_heard_of(
    scene: Scene, quote: Callable[..., NewQuote], instrument: Instrument
) -> None:
    placed = await scene.exchange.place(quote())
    scene.take(SINNER, Side.SELL, "0.56", "2.5")
    amended = await scene.exchange.amend(
        ref_of(placed, instrument), Side.BUY, Micros(550_000), Micros(12_000_000), Micros(0)
    )
    assert amended.filled == 2_500_000


async def test_an_order_expires(
    scene: Scene, quote: Callable[..., NewQuote], instrument: Instrument, until: Until
) -> None:
    placed = await scene.exchange.place(quote(expires_at_ms=NOW_NS // 1_000_000 + 30_000))
    scene.step(31)
    await until(lambda: scene.told(OrderState) and not scene.told(OrderState)[-1].status.is_open)
    known = await scene.exchange.find_order(ref_of(placed, instrument))
    assert known is not None
    assert known.status is OrderStatus.EXPIRED


async def test_a_cut_stream_is_announced_and_what_was_missed_is_listed(
    scene: Scene, quote: Callable[..., NewQuote], until: Until
) -> None:
    await scene.exchange.place(quote())
    await until(lambda: scene.told(OrderState))
    for socket in scene.kalshi.sockets():
        socket.close(1006)
    await until(lambda: scene.told(StreamGap))
    scene.take(SINNER, Side.SELL, "0.56", "1")
    await until(lambda: len(scene.told(StreamGap)) == 2)
    assert [gap.is_down for gap in scene.told(StreamGap)] == [True, False]
    assert scene.told(Fill) == []
    assert len(await scene.exchange.fills(0)) == 1
    scene.take(SINNER, Side.SELL, "0.56", "1")
    await until(lambda: scene.told(Fill))


@pytest.mark.parametrize("code", [10, 17, 25])
async def test_ended_subscriptions_are_renewed(
    code: int, scene: Scene, quote: Callable[..., NewQuote], until: Until
) -> None:
    scene.kalshi.patch({"endSubscriptions": code})
    await until(lambda: [gap.is_down for gap in scene.told(StreamGap)] == [True, False])
    await scene.exchange.place(quote())
    await until(lambda: scene.told(OrderState))


async def test_a_lost_frame_is_announced(scene: Scene, quote: Callable[..., NewQuote], until: Until) -> None:
    await scene.exchange.place(quote())
    await until(lambda: scene.told(OrderState))
    scene.kalshi.patch({"loseFrame": True})
    await scene.exchange.place(quote("second"))
    await until(lambda: scene.told(StreamGap))
    assert [gap.is_down for gap in scene.told(StreamGap)] == [True, False]


async def test_a_market_is_suspended_reopened_and_settled(
    scene: Scene, quote: Callable[..., NewQuote], instrument: Instrument, until: Until
) -> None:
    await scene.exchange.watch([instrument])
    await scene.exchange.place(quote())
    market = scene.kalshi.venue.listings.markets[instrument.ref]
    scene.kalshi.venue.listings.deactivate(market)
    with pytest.raises(Refused) as refused:
        await scene.exchange.place(quote("late"))
    assert refused.value.reason is Reason.CLOSED
    scene.kalshi.venue.listings.activate(market)
    assert await scene.exchange.working() == []
    assert await scene.exchange.resolutions([instrument]) == []
    scene.world.settle(FIXTURE, {121: SettlementStatus.WON, 122: SettlementStatus.LOST})
    await until(lambda: scene.told(MarketChange) and scene.told(MarketChange)[-1].resolution)
    assert [change.is_open for change in scene.told(MarketChange)] == [False, True, False, False]
    assert scene.told(MarketChange)[-1].resolution is SettlementStatus.WON
    (resolution,) = await scene.exchange.resolutions([instrument])
    assert (resolution.status, resolution.payout_per_contract) == (SettlementStatus.WON, Decimal(1))


async def test_a_new_grid_is_told(scene: Scene, instrument: Instrument, until: Until) -> None:
    await scene.exchange.watch([instrument])
    listings = scene.kalshi.venue.listings
    listings.set_structure(listings.markets[instrument.ref], "deci_cent")
    await until(lambda: scene.told(MarketChange))
    assert scene.told(MarketChange)[0].grid == PriceGrid.probability(1_000)


async def test_the_balance_is_the_accounts_money_without_what_rests(
    scene: Scene, quote: Callable[..., NewQuote]
) -> None:
    cash = decimal_of(scene.kalshi.venue.exchange.accounts["demo_kalshi"].cash)
    await scene.exchange.place(quote())
    balance = await scene.exchange.balance()
    assert (balance.free, balance.held) == (cash - Decimal("5.6"), Decimal("5.6"))


@pytest.mark.parametrize("off_s", [-600, 600])
async def test_a_clock_that_is_far_off_is_told_apart(off_s: int, scene: Scene) -> None:
    wrong = SteppedClock(NOW_NS + off_s * NS_PER_S)
    exchange = build_exchange("kalshi", replace(scene.context, clock=wrong))
    with pytest.raises(Refused) as refused:
        await exchange.open(lambda event: None)
    assert (refused.value.reason, refused.value.code) == (Reason.AUTH, "header_timestamp_expired")
    await exchange.close()
