"""The connector trades on the simulated Polymarket, whose side of the wire was written apart from it, from the
documents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, Micros, decimal_of
from hedgerow.core.secrets import Secret
from hedgerow.core.states import FillState, OrderStatus, SettlementStatus, Side
from hedgerow.core.tasks import work
from hedgerow.sim.dialects.polymarket import Polymarket as Simulated
from hedgerow.sim.dialects.polymarket import Settings, build
from hedgerow.sim.dialects.polymarket.desk import Mode
from hedgerow.sim.dialects.polymarket.eip712 import EXCHANGE, NEG_RISK_EXCHANGE
from hedgerow.sim.dialects.polymarket.heartbeats import WrongBeat
from hedgerow.sim.dialects.polymarket.limits import Tier
from hedgerow.sim.dialects.polymarket.markets import Market
from hedgerow.sim.dialects.polymarket.wallets import api_key_of
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
SINNER, ALCARAZ = (OutcomeKey(FIXTURE, OutcomeId(number)) for number in (121, 122))
START_S = 1_795_280_400  # 2026-11-21 17:00 UTC
NOW_S = 1_795_190_000
ACCOUNT = "demo_polymarket"
EOA, PROXY, SAFE, DEPOSIT_WALLET = range(4)
NO_SWITCH_S = 10**6
QUIET_TURNS = 10

Until = Callable[[Callable[[], object]], Any]


@dataclass
class Scene:
    """A world with one tennis match, its Polymarket, and our connector to it."""

    world: World
    polymarket: Simulated
    context: VenueContext
    exchange: Exchange
    events: list[ExchangeEvent] = field(default_factory=list)

    def told(self, kind: type[ExchangeEvent]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def gaps(self) -> list[bool]:
        """Of every gap whether it was the stream's end."""
        return [gap.is_down for gap in self.told(StreamGap)]

    def behave(self, **switches: Any) -> None:
        self.polymarket.exchange.faults.set(Behaviour(**switches))

    def take(self, outcome: OutcomeKey, side: Side, price: str, size: str) -> None:
        """Somebody else trades at up to a price, in dollars and shares."""
        micros = (int(Decimal(text) * MICRO) for text in (price, size))
        self.polymarket.exchange.take(outcome, side, *micros)

    def rest(self, token: int, price: str, size: str) -> None:
        """Somebody else bids for one of the market's two tokens."""
        exchange, market = self.polymarket.exchange, self.market
        exchange.add_account("somebody", 1_000 * MICRO)
        leg = market.leg(market.tokens[token])
        micros = (int(Decimal(text) * MICRO) for text in (price, size))
        exchange.place("somebody", market.contract, leg, Side.BUY, *micros, reference="somebody's")

    @property
    def market(self) -> Market:
        market = self.polymarket.listings.of_fixture(FIXTURE)
        assert market is not None
        return market

    async def step(self, seconds: float) -> None:
        """The world's time goes on, and beats in flight arrive before and after; streams may still have frames."""
        await settled()
        self.world.clock.step_to(self.world.clock.now_ns() + int(seconds * NS_PER_S))
        await settled()

    @property
    def resting(self) -> int:
        """How many of our orders the venue has."""
        return len(self.polymarket.exchange.open_orders(ACCOUNT))


async def settled() -> None:
    """Returns when no request is under way and a few turns of the loop have started none. The gauge's own waiting is
    bound to the first loop of the process, and every test has its own."""
    quiet_turns = 0
    while quiet_turns < QUIET_TURNS:
        await asyncio.sleep(0)
        quiet_turns = 0 if work.units else quiet_turns + 1


@pytest.fixture(params=[{"signature_type": EOA}, {"signature_type": DEPOSIT_WALLET}], ids=["eoa", "deposit_wallet"])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    """The parameters are settings of the venue, and `meta` of the account. The dead-man's switch waits for long
    unless it is set, for these worlds jump."""
    settings = {"heartbeat_s": NO_SWITCH_S, **request.param}
    meta = settings.pop("meta", {})
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    polymarket = build(world, Settings(**settings))
    world.put_fixture(match())
    sites = {name: await listen(app, "127.0.0.1", 0) for name, app in polymarket.sites().items()}
    credentials = {name: Secret(text) for name, text in polymarket.demo_credentials(ACCOUNT).items()}
    account = Account(1, "demo", "USD", credentials, meta)
    context = VenueContext(account, world.clock, {name: site.url for name, site in sites.items()})
    made = Scene(world, polymarket, context, build_exchange("polymarket", context))
    await made.exchange.open(made.events.append)
    yield made
    await made.exchange.close()
    for site in sites.values():
        await site.runner.cleanup()


def with_settings(**settings: Any) -> pytest.MarkDecorator:
    """The test's scene has these settings."""
    return pytest.mark.parametrize("scene", [settings], indirect=True, ids=[""])


def match(**changes: Any) -> Fixture:
    fields = {
        "fixture_id": FIXTURE,
        "sport_id": 12,
        "tournament_id": 2314,
        "participant1_name": "Jannik Sinner",
        "participant2_name": "Carlos Alcaraz",
        "start_time": START_S,
        "tournament_name": "ATP Finals",
        "category_name": "ATP",
    }
    return Fixture(**{**fields, **changes})


async def listed(scene: Scene, outcome: str = "Jannik Sinner") -> Listing:
    """The token that pays when a player wins, as the connector lists it."""
    found = await scene.exchange.listings("tennis")
    return next(listing for listing in found if listing.outcome == outcome)


@pytest.fixture
async def instrument(scene: Scene) -> Instrument:
    return (await listed(scene)).instrument


@pytest.fixture
def ref(instrument: Instrument) -> Callable[[OrderState], OrderRef]:
    return lambda state: OrderRef(instrument, state.client_ref, state.venue_ref)


# --- what there is -----------------------------------------------------------------------------------------------


async def test_the_match_is_listed_with_a_token_for_each_player(scene: Scene) -> None:
    first, second = await scene.exchange.listings("tennis")
    assert (first.sport, first.market_type, first.period) == ("tennis", "moneyline", "result")
    assert first.participants == ("Jannik Sinner", "Carlos Alcaraz")
    assert (first.outcome, first.opposite) == ("Jannik Sinner", "Carlos Alcaraz")
    assert (second.outcome, second.opposite) == ("Carlos Alcaraz", "Jannik Sinner")
    assert first.starts_at_ms == START_S * 1000
    assert first.is_open
    assert (first.instrument.ref, second.instrument.ref) == scene.market.tokens
    assert first.instrument.market_ref == scene.market.condition_id
    assert first.instrument.grid == PriceGrid.probability(10_000)
    assert (first.instrument.lot, first.instrument.min_size) == (10_000, 5_000_000)
    assert first.instrument.taker_fee.rate == Decimal("0.03")
    assert await scene.exchange.listings("soccer") == []


async def test_the_balance_is_the_accounts_money_without_what_rests(
    scene: Scene, quote: Callable[..., NewQuote]
) -> None:
    cash = decimal_of(scene.polymarket.exchange.accounts[ACCOUNT].cash)
    await scene.exchange.place(quote())
    balance = await scene.exchange.balance()
    assert (balance.free, balance.held) == (cash - Decimal("5.2"), Decimal("5.2"))


# --- orders ------------------------------------------------------------------------------------------------------


async def test_a_placed_order_rests_and_is_told(scene: Scene, quote: Callable[..., NewQuote], until: Until) -> None:
    placed = await scene.exchange.place(quote())
    assert placed.status is OrderStatus.PLACED
    assert placed.venue_ref == scene.exchange.ref_of(quote()).venue_ref
    (resting,) = await scene.exchange.working()
    assert (resting.venue_ref, resting.client_ref) == (placed.venue_ref, placed.client_ref)
    assert (resting.side, resting.price, resting.size, resting.filled) == (Side.BUY, 520_000, 10_000_000, 0)
    await until(lambda: scene.told(OrderState))
    (told,) = scene.told(OrderState)
    assert (told.status, told.venue_ref, told.client_ref) == (OrderStatus.PLACED, placed.venue_ref, placed.client_ref)


@pytest.mark.parametrize(
    "scene", [{"signature_type": PROXY}, {"signature_type": SAFE}], indirect=True, ids=["proxy", "safe"]
)
async def test_a_wallet_that_another_one_signs_for_trades_as_well(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    placed = await scene.exchange.place(quote())
    assert placed.status is OrderStatus.PLACED
    assert placed.venue_ref in scene.polymarket.exchange.orders


async def test_an_api_key_is_derived_when_none_is_given(scene: Scene) -> None:
    wallet = {name: scene.context.account.credentials[name] for name in ("private_key", "funder", "signature_type")}
    account = replace(scene.context.account, credentials=wallet)
    exchange = build_exchange("polymarket", replace(scene.context, account=account))
    await exchange.open(lambda event: None)
    assert await exchange.working() == []
    await exchange.close()


async def test_an_api_key_is_made_when_the_wallet_has_none(scene: Scene) -> None:
    keyring = scene.polymarket.keyring
    for key in [api_key_of(wallet, 0) for wallet in keyring.wallets.values()]:
        keyring.delete(key)
    wallet = {name: scene.context.account.credentials[name] for name in ("private_key", "funder", "signature_type")}
    account = replace(scene.context.account, credentials=wallet)
    exchange = build_exchange("polymarket", replace(scene.context, account=account))
    await exchange.open(lambda event: None)
    assert await exchange.working() == []
    await exchange.close()


async def test_a_partial_fill_is_the_same_on_stream_list_and_order(
    scene: Scene, quote: Callable[..., NewQuote], until: Until
) -> None:
    placed = await scene.exchange.place(quote())
    scene.take(SINNER, Side.SELL, "0.52", "2.5")
    await until(lambda: scene.told(Fill))
    (streamed,) = scene.told(Fill)
    (listed_fill,) = await scene.exchange.fills(0)
    assert streamed == listed_fill
    assert (streamed.venue_ref, streamed.client_ref) == (placed.venue_ref, placed.client_ref)
    assert (streamed.side, streamed.price, streamed.size) == (Side.BUY, 520_000, 2_500_000)
    assert (streamed.is_maker, streamed.fee, streamed.state) == (True, 0, FillState.PROVISIONAL)
    (resting,) = await scene.exchange.working()
    assert (resting.size, resting.filled, resting.status) == (10_000_000, 2_500_000, OrderStatus.PLACED)
    await until(lambda: scene.told(OrderState) and scene.told(OrderState)[-1].filled == 2_500_000)


async def test_a_taker_that_meets_several_orders_fills_each(
    scene: Scene, quote: Callable[..., NewQuote], until: Until
) -> None:
    for reference, price in (("first", 520_000), ("second", 520_000), ("worse", 510_000)):
        await scene.exchange.place(quote(reference, price=Micros(price)))
    scene.take(SINNER, Side.SELL, "0.51", "25")
    await until(lambda: len(scene.told(Fill)) == 3)
    told = {fill.client_ref: fill for fill in scene.told(Fill)}
    assert [(told[name].price, told[name].size) for name in ("first", "second", "worse")] == [
        (520_000, 10_000_000),
        (520_000, 10_000_000),
        (510_000, 5_000_000),
    ]
    assert told["first"].trade_ref == told["second"].trade_ref != told["worse"].trade_ref
    assert {fill.client_ref: fill for fill in await scene.exchange.fills(0)} == told


async def test_a_fill_against_a_buyer_of_the_other_token_is_in_our_tokens_terms(
    scene: Scene, quote: Callable[..., NewQuote], until: Until
) -> None:
    await scene.exchange.place(quote())
    scene.take(ALCARAZ, Side.BUY, "0.48", "10")
    await until(lambda: scene.told(Fill))
    (fill,) = scene.told(Fill)
    assert (fill.side, fill.price, fill.size) == (Side.BUY, 520_000, 10_000_000)
    assert (await scene.exchange.fills(0)) == [fill]


async def test_a_fill_becomes_final_when_the_chain_has_it(
    scene: Scene, quote: Callable[..., NewQuote], until: Until
) -> None:
    await scene.exchange.place(quote())
    scene.take(SINNER, Side.SELL, "0.52", "10")
    await until(lambda: scene.told(Fill))
    for seconds, count in ((2, 2), (3, 3)):
        await scene.step(seconds)
        await until(lambda count=count: len(scene.told(Fill)) == count)  # type: ignore[misc]
    states = [fill.state for fill in scene.told(Fill)]
    assert states == [FillState.PROVISIONAL, FillState.PROVISIONAL, FillState.FINAL]
    assert len({(fill.trade_ref, fill.venue_ref) for fill in scene.told(Fill)}) == 1
    (final,) = await scene.exchange.fills(0)
    assert final == scene.told(Fill)[-1]


async def test_a_failed_trade_is_taken_back(
    scene: Scene, quote: Callable[..., NewQuote], until: Until, ref: Callable[[OrderState], OrderRef]
) -> None:
    cash = (await scene.exchange.balance()).free
    scene.behave(failTradeRate=1.0)
    placed = await scene.exchange.place(quote())
    scene.take(SINNER, Side.SELL, "0.52", "10")
    await until(lambda: scene.told(OrderState) and scene.told(OrderState)[-1].status is OrderStatus.FILLED)
    await scene.step(2)
    await until(lambda: len(scene.told(Fill)) == 2)
    await scene.step(3)
    await until(lambda: len(scene.told(Fill)) == 3)
    states = [fill.state for fill in scene.told(Fill)]
    assert states == [FillState.PROVISIONAL, FillState.PROVISIONAL, FillState.REVERSED]
    assert (await scene.exchange.fills(0))[0].state is FillState.REVERSED
    assert (await scene.exchange.balance()).free == cash
    assert await scene.exchange.working() == []
    found = await scene.exchange.find_order(ref(placed))
    assert found is not None
    assert (found.status, found.filled) == (OrderStatus.CANCELLED, 0)


async def test_an_order_of_which_one_trade_failed_rests_with_the_other(
    scene: Scene, quote: Callable[..., NewQuote], until: Until, ref: Callable[[OrderState], OrderRef]
) -> None:
    placed = await scene.exchange.place(quote())
    scene.take(SINNER, Side.SELL, "0.52", "4")
    scene.behave(failTradeRate=1.0)
    scene.take(SINNER, Side.SELL, "0.52", "3")
    await scene.step(5)
    await until(lambda: scene.told(Fill) and scene.told(Fill)[-1].state is FillState.REVERSED)
    assert scene.told(Fill)[-1].size == 3_000_000
    assert sum(f.size for f in await scene.exchange.fills(0) if f.state is not FillState.REVERSED) == 4_000_000
    (resting,) = await scene.exchange.working()
    assert resting.filled == 4_000_000
    found = await scene.exchange.find_order(ref(placed))
    assert found is not None
    assert found.filled == 4_000_000


async def test_fills_that_are_told_twice_keep_their_identity(
    scene: Scene, quote: Callable[..., NewQuote], until: Until
) -> None:
    scene.behave(duplicateFills=True)
    await scene.exchange.place(quote())
    scene.take(SINNER, Side.SELL, "0.52", "10")
    await until(lambda: len(scene.told(Fill)) == 2)
    first, second = scene.told(Fill)
    assert first == second
    assert len(await scene.exchange.fills(0)) == 1


async def test_a_taken_trade_has_the_venues_fee(scene: Scene, quote: Callable[..., NewQuote], until: Until) -> None:
    await scene.exchange.place(quote("bid", price=Micros(410_000), size=Micros(20_000_000)))
    scene.take(SINNER, Side.SELL, "0.41", "20")
    scene.rest(0, "0.41", "12.34")
    taken = await scene.exchange.place(
        quote("ask", side=Side.SELL, price=Micros(400_000), size=Micros(20_000_000), post_only=False)
    )
    assert (taken.status, taken.filled) == (OrderStatus.PLACED, 12_340_000)
    await until(lambda: len(scene.told(Fill)) == 2)
    fill = scene.told(Fill)[-1]
    assert (fill.side, fill.price, fill.size, fill.is_maker) == (Side.SELL, 410_000, 12_340_000, False)
    (matched,) = scene.polymarket.exchange.orders[taken.venue_ref].fills
    assert 0 <= fill.fee - matched.fee <= 10  # we round up to a whole unit, the venue to the nearest
    (resting,) = await scene.exchange.working()
    assert (resting.side, resting.filled, resting.size) == (Side.SELL, 12_340_000, 20_000_000)


async def test_only_what_is_held_can_be_sold(scene: Scene, quote: Callable[..., NewQuote], until: Until) -> None:
    with pytest.raises(Refused) as refused:
        await scene.exchange.place(quote("short", side=Side.SELL))
    assert refused.value.reason is Reason.FUNDS
    await scene.exchange.place(quote())
    scene.take(SINNER, Side.SELL, "0.52", "10")
    await scene.exchange.place(quote("ask", side=Side.SELL, price=Micros(610_000)))
    scene.take(SINNER, Side.BUY, "0.61", "10")
    await until(lambda: len(scene.told(Fill)) == 2)
    fill = scene.told(Fill)[-1]
    assert (fill.side, fill.price, fill.size) == (Side.SELL, 610_000, 10_000_000)
    await until(lambda: scene.told(OrderState) and scene.told(OrderState)[-1].status is OrderStatus.FILLED)
    assert {fill.client_ref for fill in await scene.exchange.fills(0)} == {quote().client_ref, "ask"}


async def test_a_post_only_order_that_would_trade_is_refused_for_its_price(
    scene: Scene, quote: Callable[..., NewQuote], instrument: Instrument
) -> None:
    await scene.exchange.place(quote())
    other = (await listed(scene, "Carlos Alcaraz")).instrument
    with pytest.raises(Refused) as refused:
        await scene.exchange.place(quote("other", instrument=other, price=Micros(480_000)))
    assert refused.value.reason is Reason.PRICE


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"size": Micros(10**12)}, Reason.FUNDS),
        ({"side": Side.SELL}, Reason.FUNDS),
        ({"expires_at_ms": NOW_S * 1000 + 60_000}, Reason.INVALID),
    ],
)
async def test_a_refused_order_says_why(
    changes: dict[str, Any], reason: Reason, scene: Scene, quote: Callable[..., NewQuote]
) -> None:
    with pytest.raises(Refused) as refused:
        await scene.exchange.place(quote(**changes))
    assert refused.value.reason is reason
    assert await scene.exchange.working() == []


async def test_the_venue_refuses_what_an_outdated_instrument_allows(
    scene: Scene, quote: Callable[..., NewQuote], instrument: Instrument
) -> None:
    fine = replace(instrument, grid=PriceGrid.probability(1_000), min_size=Micros(1_000_000))
    with pytest.raises(Refused) as refused:
        await scene.exchange.place(quote("fine", instrument=fine, price=Micros(525_000)))
    assert refused.value.reason is Reason.PRICE
    assert scene.told(MarketChange)[-1].grid == PriceGrid.probability(10_000)
    with pytest.raises(Refused) as refused:
        await scene.exchange.place(quote("small", instrument=fine, size=Micros(4_000_000)))
    assert refused.value.reason is Reason.LIMIT


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("not enough balance / allowance", Reason.FUNDS),
        ("the market is not yet ready to process new orders", Reason.CLOSED),
        ("something new", Reason.OTHER),
    ],
)
async def test_a_scripted_refusal_is_a_refusal(
    text: str, reason: Reason, scene: Scene, quote: Callable[..., NewQuote]
) -> None:
    scene.behave(rejectRate=1.0, rejectReason=text)
    with pytest.raises(Refused) as refused:
        await scene.exchange.place(quote())
    assert refused.value.reason is reason
    assert scene.resting == 0


async def test_the_same_reference_again_is_a_duplicate(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    placed = await scene.exchange.place(quote())
    with pytest.raises(Refused) as refused:
        await scene.exchange.place(quote())
    assert refused.value.reason is Reason.DUPLICATE
    found = await scene.exchange.find_order(scene.exchange.ref_of(quote()))
    assert found is not None
    assert found.venue_ref == placed.venue_ref
    assert scene.resting == 1


@with_settings(meta={"exchange": EXCHANGE, "neg_risk_exchange": NEG_RISK_EXCHANGE})
async def test_a_new_exchange_version_is_learned_by_its_refusal(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    scene.polymarket.desk.version = 3
    before = scene.exchange.ref_of(quote())
    placed = await scene.exchange.place(quote())
    assert placed.status is OrderStatus.PLACED
    assert placed.venue_ref != before.venue_ref
    assert scene.exchange.ref_of(quote()).venue_ref == placed.venue_ref
    found = await scene.exchange.find_order(before)
    assert found is not None
    assert found.venue_ref == placed.venue_ref


async def test_an_exchange_version_whose_contracts_are_not_known_is_not_traded(
    scene: Scene, quote: Callable[..., NewQuote]
) -> None:
    scene.polymarket.desk.version = 3
    with pytest.raises(Refused):
        await scene.exchange.place(quote())
    assert scene.resting == 0


@pytest.mark.parametrize("mode", [Mode.RESTARTING, Mode.DISABLED, Mode.CANCEL_ONLY])
async def test_a_venue_that_takes_no_orders_is_unavailable_and_not_in_doubt(
    mode: Mode, scene: Scene, quote: Callable[..., NewQuote], ref: Callable[[OrderState], OrderRef]
) -> None:
    placed = await scene.exchange.place(quote())
    scene.polymarket.desk.mode = mode
    with pytest.raises(Unavailable):
        await scene.exchange.place(quote("second"))
    if mode is Mode.CANCEL_ONLY:
        await scene.exchange.cancel(ref(placed))
    else:
        with pytest.raises(Unavailable):
            await scene.exchange.cancel(ref(placed))
    scene.polymarket.desk.mode = Mode.OPEN
    assert (await scene.exchange.place(quote("second"))).status is OrderStatus.PLACED


async def test_quotes_are_taken_while_the_venue_is_post_only(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    scene.polymarket.desk.mode = Mode.POST_ONLY
    with pytest.raises(Unavailable) as unavailable:
        await scene.exchange.place(quote("taker", post_only=False))
    assert unavailable.value.retry_after_s == 120
    assert (await scene.exchange.place(quote())).status is OrderStatus.PLACED


async def test_an_account_that_may_only_close_is_told_so(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    scene.polymarket.desk.closed_only = frozenset({ACCOUNT})
    with pytest.raises(Refused) as refused:
        await scene.exchange.place(quote())
    assert refused.value.reason is Reason.ACCOUNT


async def test_an_account_that_may_only_close_sends_nothing_once_that_is_known(
    scene: Scene, quote: Callable[..., NewQuote]
) -> None:
    scene.polymarket.desk.closed_only = frozenset({ACCOUNT})
    restarted = build_exchange("polymarket", scene.context)
    await restarted.open(lambda event: None)
    scene.polymarket.desk.closed_only = frozenset()
    with pytest.raises(Refused) as refused:
        await restarted.place(quote())
    assert refused.value.reason is Reason.ACCOUNT
    assert scene.resting == 0
    await restarted.close()


@with_settings(tier=Tier("tiny", 1, 2, 10, 10))
async def test_too_many_orders_are_refused_and_the_next_ones_wait(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    for number in range(2):
        await scene.exchange.place(quote(f"order-{number}"))
    with pytest.raises(Refused) as refused:
        await scene.exchange.place(quote("order-2"))
    assert refused.value.reason is Reason.RATE
    with pytest.raises(Unavailable) as unavailable:
        await scene.exchange.place(quote("order-3"))
    assert unavailable.value.retry_after_s
    await scene.step(unavailable.value.retry_after_s + 0.001)
    assert (await scene.exchange.place(quote("order-3"))).status is OrderStatus.PLACED


# --- in doubt ----------------------------------------------------------------------------------------------------


async def test_an_order_whose_answer_was_lost_is_found(
    scene: Scene, quote: Callable[..., NewQuote], instrument: Instrument
) -> None:
    scene.behave(loseResponseRate=1.0)
    with pytest.raises(InDoubt):
        await scene.exchange.place(quote())
    found = await scene.exchange.find_order(scene.exchange.ref_of(quote()))
    assert found is not None
    assert (found.status, found.size, found.instrument_ref) == (OrderStatus.PLACED, 10_000_000, instrument.ref)
    assert found.client_ref == quote().client_ref


async def test_an_order_whose_answer_was_lost_is_found_when_it_has_traded(
    scene: Scene, quote: Callable[..., NewQuote]
) -> None:
    scene.behave(loseResponseRate=1.0)
    with pytest.raises(InDoubt):
        await scene.exchange.place(quote())
    scene.take(SINNER, Side.SELL, "0.52", "10")
    found = await scene.exchange.find_order(scene.exchange.ref_of(quote()))
    assert found is not None
    assert (found.status, found.filled, found.size) == (OrderStatus.FILLED, 10_000_000, 10_000_000)


async def test_another_process_finds_the_order_by_its_reference(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    scene.behave(loseResponseRate=1.0)
    with pytest.raises(InDoubt):
        await scene.exchange.place(quote())
    scene.behave()
    restarted = build_exchange("polymarket", scene.context)
    await restarted.open(lambda event: None)
    ref = restarted.ref_of(quote())
    found = await restarted.find_order(ref)
    assert found is not None
    assert (found.status, found.venue_ref) == (OrderStatus.PLACED, ref.venue_ref)
    (resting,) = await restarted.working()
    assert (resting.venue_ref, resting.client_ref) == (ref.venue_ref, None)
    scene.take(SINNER, Side.SELL, "0.52", "10")
    traded = await restarted.find_order(ref)
    assert traded is not None
    assert (traded.status, traded.filled) == (OrderStatus.FILLED, 10_000_000)
    await restarted.close()


async def test_an_order_that_never_arrived_is_surely_gone_after_a_minute(
    scene: Scene, quote: Callable[..., NewQuote]
) -> None:
    scene.behave(down=True)
    with pytest.raises((InDoubt, Unavailable)):
        await scene.exchange.place(quote())
    scene.behave()
    ref = scene.exchange.ref_of(quote())
    with pytest.raises(CannotTell):
        await scene.exchange.find_order(ref)
    await scene.step(65)
    assert await scene.exchange.find_order(ref) is None


# --- ends --------------------------------------------------------------------------------------------------------


async def test_a_cancelled_order_is_gone(
    scene: Scene, quote: Callable[..., NewQuote], until: Until, ref: Callable[[OrderState], OrderRef]
) -> None:
    placed = await scene.exchange.place(quote())
    scene.take(SINNER, Side.SELL, "0.52", "2.5")
    await scene.exchange.cancel(ref(placed))
    assert await scene.exchange.working() == []
    await until(lambda: scene.told(OrderState) and scene.told(OrderState)[-1].status is OrderStatus.CANCELLED)
    assert scene.told(OrderState)[-1].filled == 2_500_000
    known = await scene.exchange.find_order(ref(placed))
    assert known is not None
    assert (known.status, known.filled, known.size) == (OrderStatus.CANCELLED, 2_500_000, 10_000_000)
    with pytest.raises(Refused) as refused:
        await scene.exchange.cancel(ref(placed))
    assert refused.value.reason is Reason.UNKNOWN_ORDER


async def test_everything_is_cancelled(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    for number in range(3):
        await scene.exchange.place(quote(f"order-{number}"))
    await scene.exchange.cancel_all()
    assert await scene.exchange.working() == []


@with_settings()
async def test_more_orders_than_a_page_holds_are_all_working(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    for number in range(103):
        if not number % 40:
            await scene.step(2)
        await scene.exchange.place(quote(f"order-{number}", size=Micros(5_000_000)))
    assert len({state.venue_ref for state in await scene.exchange.working()}) == 103


@with_settings()
async def test_more_trades_than_a_page_holds_are_all_listed(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    await scene.exchange.place(quote())
    for _ in range(103):
        scene.take(SINNER, Side.SELL, "0.52", "0.05")
    found = await scene.exchange.fills(0)
    assert len({fill.trade_ref for fill in found}) == 103
    assert sum(fill.size for fill in found) == 5_150_000


async def test_an_order_expires(
    scene: Scene, quote: Callable[..., NewQuote], until: Until, ref: Callable[[OrderState], OrderRef]
) -> None:
    placed = await scene.exchange.place(quote(expires_at_ms=(NOW_S + 150) * 1000))
    await scene.step(149)
    assert len(await scene.exchange.working()) == 1
    await scene.step(2)
    await until(lambda: scene.told(OrderState) and not scene.told(OrderState)[-1].status.is_open)
    assert scene.told(OrderState)[-1].status is OrderStatus.EXPIRED
    known = await scene.exchange.find_order(ref(placed))
    assert known is not None
    assert known.status is OrderStatus.EXPIRED


async def test_the_book_is_emptied_when_the_match_begins(
    scene: Scene, quote: Callable[..., NewQuote], until: Until
) -> None:
    await scene.exchange.place(quote())
    scene.world.put_fixture(match(status_id=1, live=True))
    await until(lambda: scene.told(OrderState) and scene.told(OrderState)[-1].status is OrderStatus.CANCELLED)
    assert await scene.exchange.working() == []


async def test_a_taker_waits_while_the_match_runs_and_cannot_be_cancelled(
    scene: Scene, quote: Callable[..., NewQuote], until: Until, ref: Callable[[OrderState], OrderRef]
) -> None:
    scene.world.put_fixture(match(status_id=1, live=True))
    scene.rest(1, "0.5", "10")
    delayed = await scene.exchange.place(quote(post_only=False))
    assert (delayed.status, delayed.filled) == (OrderStatus.PENDING_PLACEMENT, 0)
    with pytest.raises((Refused, Unavailable)):
        await scene.exchange.cancel(ref(delayed))
    await scene.step(3)
    await until(lambda: scene.told(OrderState) and scene.told(OrderState)[-1].status is OrderStatus.FILLED)
    await until(lambda: scene.told(Fill))
    assert (scene.told(Fill)[-1].price, scene.told(Fill)[-1].is_maker) == (500_000, False)


@pytest.mark.parametrize(
    ("result", "ours", "payout"),
    [
        (SettlementStatus.WON, SettlementStatus.WON, Decimal(1)),
        (SettlementStatus.LOST, SettlementStatus.LOST, Decimal(0)),
        (SettlementStatus.VOID, SettlementStatus.VOID, Decimal("0.5")),
    ],
)
async def test_a_market_is_settled(
    result: SettlementStatus,
    ours: SettlementStatus,
    payout: Decimal,
    scene: Scene,
    quote: Callable[..., NewQuote],
    instrument: Instrument,
    until: Until,
) -> None:
    other = (await listed(scene, "Carlos Alcaraz")).instrument
    await scene.exchange.watch([instrument, other])
    await until(lambda: len(scene.told(MarketChange)) == 2)  # the snapshots' grids: both are followed now
    await scene.exchange.place(quote())
    assert await scene.exchange.resolutions([instrument, other]) == []
    scene.world.settle(FIXTURE, {121: result, 122: result.mirrored})
    await until(lambda: len([change for change in scene.told(MarketChange) if change.resolution]) == 2)
    results = {change.instrument_ref: change for change in scene.told(MarketChange) if change.resolution}
    assert (results[instrument.ref].resolution, results[instrument.ref].is_open) == (ours, False)
    assert results[other.ref].resolution is ours.mirrored
    found = {resolution.instrument_ref: resolution for resolution in await scene.exchange.resolutions([instrument])}
    assert list(found) == [instrument.ref]
    assert (found[instrument.ref].status, found[instrument.ref].payout_per_contract) == (ours, payout)
    await until(lambda: scene.told(OrderState) and scene.told(OrderState)[-1].status is OrderStatus.CANCELLED)
    assert await scene.exchange.listings("tennis") == []
    with pytest.raises(Refused) as refused:
        await scene.exchange.place(quote("late"))
    assert refused.value.reason is Reason.CLOSED


# --- streams and the switch --------------------------------------------------------------------------------------


async def test_a_new_grid_is_told(scene: Scene, instrument: Instrument, until: Until) -> None:
    await scene.exchange.watch([instrument])
    await until(lambda: scene.told(MarketChange))
    scene.polymarket.set_tick_size(scene.market, 1_000)
    await until(lambda: len(scene.told(MarketChange)) == 2)
    assert [change.grid for change in scene.told(MarketChange)] == [
        PriceGrid.probability(10_000),
        PriceGrid.probability(1_000),
    ]


async def test_a_cut_stream_is_announced_and_what_was_missed_is_listed(
    scene: Scene, quote: Callable[..., NewQuote], until: Until
) -> None:
    await scene.exchange.place(quote())
    await until(lambda: scene.told(OrderState))
    for socket in scene.polymarket.sockets():
        socket.close(1006)
    await until(scene.gaps)
    scene.take(SINNER, Side.SELL, "0.52", "1")
    await until(lambda: len(scene.gaps()) == 2)
    assert scene.gaps() == [True, False]
    assert scene.told(Fill) == []
    assert len(await scene.exchange.fills(0)) == 1
    scene.take(SINNER, Side.SELL, "0.52", "1")
    await until(lambda: scene.told(Fill))


@pytest.mark.parametrize("after_s", [0, 1, 5])
async def test_fills_are_listed_from_the_second_that_is_asked_for(
    after_s: int, scene: Scene, quote: Callable[..., NewQuote]
) -> None:
    await scene.exchange.place(quote())
    scene.take(SINNER, Side.SELL, "0.52", "1")
    await scene.step(after_s)
    now_ms = scene.world.clock.now_ms()
    scene.take(SINNER, Side.SELL, "0.52", "2")
    found = await scene.exchange.fills(now_ms)
    assert {fill.size for fill in found} == ({1_000_000, 2_000_000} if after_s == 0 else {2_000_000})


@with_settings(heartbeat_s=10)
async def test_beats_keep_what_rests(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    await scene.exchange.place(quote())
    for _ in range(12):
        await scene.step(5)
    assert scene.resting == 1
    assert scene.gaps() == []


@with_settings(heartbeat_s=10)
async def test_missed_beats_cost_what_rests_and_are_told(
    scene: Scene, quote: Callable[..., NewQuote], until: Until
) -> None:
    await scene.exchange.place(quote())
    await scene.step(1)
    scene.behave(down=True)
    for _ in range(10):
        await scene.step(1)
    assert scene.resting == 0
    await until(lambda: scene.told(OrderState) and scene.told(OrderState)[-1].status is OrderStatus.CANCELLED)
    assert scene.gaps() == []
    scene.behave()
    await scene.step(1)
    assert scene.gaps() == [False]
    await scene.exchange.place(quote("again"))
    for _ in range(4):
        await scene.step(5)
    assert scene.resting == 1


@with_settings(heartbeat_s=10)
async def test_a_beat_whose_answer_is_lost_breaks_nothing(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    await scene.exchange.place(quote())
    await scene.step(1)
    beats, key = scene.polymarket.heartbeats, scene.polymarket.demo_credentials(ACCOUNT)["api_key"]
    with pytest.raises(WrongBeat) as wrong:
        beats.beat(key, "")
    beats.beat(key, wrong.value.expected)  # the venue took a beat, and we do not know its answer
    for _ in range(4):
        await scene.step(5)
    assert scene.resting == 1
    assert scene.gaps() == []


@with_settings(heartbeat_s=10)
async def test_closing_leaves_nothing_for_the_switch_to_cancel(scene: Scene, quote: Callable[..., NewQuote]) -> None:
    await scene.exchange.place(quote())
    await scene.step(1)
    await scene.exchange.close()
    assert scene.resting == 0


@pytest.mark.parametrize("off_s", [-600, 600])
async def test_a_clock_that_is_far_off_does_not_matter(
    off_s: int, scene: Scene, quote: Callable[..., NewQuote]
) -> None:
    wrong = SteppedClock((NOW_S + off_s) * NS_PER_S)
    exchange = build_exchange("polymarket", replace(scene.context, clock=wrong))
    await exchange.open(lambda event: None)
    assert (await exchange.place(quote())).status is OrderStatus.PLACED
    await exchange.close()
