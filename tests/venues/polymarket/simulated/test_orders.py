"""Orders, fills, refusals and limits at the simulated Polymarket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.errors import Reason, Refused, Unavailable
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import Micros, decimal_of
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.sim.dialects.polymarket.desk import Mode
from hedgerow.sim.dialects.polymarket.eip712 import EXCHANGE, NEG_RISK_EXCHANGE
from hedgerow.sim.dialects.polymarket.limits import Tier
from hedgerow.sim.dialects.polymarket.wallets import api_key_of
from hedgerow.venues.base import (
    Fill,
    Instrument,
    MarketChange,
    NewQuote,
    OrderRef,
    OrderState,
)
from hedgerow.venues.registry import build_exchange

from .scene import ACCOUNT, ALCARAZ, NOW_S, PROXY, SAFE, SINNER, START_S, Scene, Until, listed, with_settings


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
