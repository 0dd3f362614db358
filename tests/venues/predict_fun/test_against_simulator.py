"""What the exam does not ask: settlements that take their time, both kinds of accounts, locks, tokens that end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from tests.patience import PATIENCE_S

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable
from hedgerow.core.money import MICRO, Micros, decimal_of
from hedgerow.core.states import BetStatus, FillState, OrderStatus, SettlementStatus, Side
from hedgerow.exam.bench import FIXTURE
from hedgerow.sim.orders import COUNTERPARTY, State
from hedgerow.venues.base import BetRef, Fill, MarketChange, OrderRef, OrderState, StreamGap

from .conftest import ACCOUNT, Betting, Opens, Scene


def ref(scene: Scene, state: OrderState) -> OrderRef:
    return OrderRef(scene.instrument, state.client_ref, state.venue_ref)


async def until(holds: Callable[[], object]) -> None:
    """Waits for what comes over the sockets, with a bound."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - what a venue says has no event to wait for
            await asyncio.sleep(0.002)


def offer(scene: Scene, price: int, size: int = 100 * MICRO) -> None:
    """Somebody else sells the first outcome."""
    market = scene.venue.listings.of_fixture(FIXTURE)
    assert market is not None
    exchange = scene.venue.exchange
    leg = market.leg(market.tokens[0])
    exchange.place(COUNTERPARTY, market.contract, leg, Side.SELL, price, size, reference=f"offer {price}")


@pytest.mark.parametrize("flags", [(False, False), (True, False), (False, True), (True, True)])
async def test_keys_and_smart_accounts_trade_on_every_contract(opens: Opens, flags: tuple[bool, bool]) -> None:
    scene = await opens(smart_account=flags[0], neg_risk=flags[0], yield_bearing=flags[1])
    placed = await scene.exchange.place(scene.quote())
    assert (placed.status, placed.venue_ref) == (OrderStatus.PLACED, scene.exchange.ref_of(scene.quote()).venue_ref)
    assert placed.venue_ref in scene.venue.exchange.orders


async def test_a_match_is_provisional_until_the_chain_has_it(opens: Opens) -> None:
    scene = await opens(settled_after_s=4)
    placed = await scene.exchange.place(scene.quote())
    scene.take(Side.SELL)
    await until(lambda: scene.told(Fill))
    waiting = await scene.exchange.find_order(ref(scene, placed))
    assert waiting is not None
    assert (waiting.status, waiting.filled) == (OrderStatus.PLACED, 0)
    assert await scene.exchange.fills(0) == []
    await scene.step(4)
    await until(lambda: len(scene.told(Fill)) == 2)
    first, last = scene.told(Fill)
    assert (first.state, last.state) == (FillState.PROVISIONAL, FillState.FINAL)
    assert (first.trade_ref, first.venue_ref, first.size) == (last.trade_ref, last.venue_ref, last.size)
    (listed,) = await scene.exchange.fills(0)
    assert (listed.trade_ref, listed.venue_ref, listed.price, listed.size) == (
        last.trade_ref,
        last.venue_ref,
        last.price,
        last.size,
    )
    found = await scene.exchange.find_order(ref(scene, placed))
    assert found is not None
    assert (found.status, found.filled) == (OrderStatus.FILLED, 10 * MICRO)


async def test_a_settlement_that_fails_takes_the_fill_back_and_ends_the_order(scene: Scene) -> None:
    scene.behave(failTradeRate=1)
    cash = scene.venue.exchange.accounts[ACCOUNT].cash
    placed = await scene.exchange.place(scene.quote())
    scene.take(Side.SELL)
    await scene.step(5)
    await until(lambda: scene.told(Fill)[-1:] and scene.told(Fill)[-1].state is FillState.REVERSED)
    assert [gap.is_down for gap in scene.told(StreamGap)] == [False]
    found = await scene.exchange.find_order(ref(scene, placed))
    assert found is not None
    assert (found.status, found.filled, found.reason) == (OrderStatus.CANCELLED, 0, "venue invalidated")
    assert (await scene.exchange.balance()).free == decimal_of(cash)


async def test_a_taker_is_told_what_its_fee_is_worth_and_gets_fewer_shares(scene: Scene) -> None:
    offer(scene, 400_000)
    await scene.exchange.place(scene.quote(price=Micros(400_000), post_only=False))
    await until(lambda: scene.told(Fill))
    (fill,) = scene.told(Fill)
    assert (fill.price, fill.size, fill.is_maker) == (400_000, 10 * MICRO, False)
    assert fill.fee == 10 * MICRO * 2 // 100 * 4 // 10  # 2 % of forty cents on each of ten shares
    account = scene.venue.exchange.accounts[ACCOUNT]
    assert (await scene.exchange.balance()).free == decimal_of(account.cash) == Decimal(10_000 - 4)
    assert list(account.held.values()) == [10 * MICRO - 200_000]


async def test_an_order_that_is_locked_while_a_match_runs_cannot_be_cancelled_yet(opens: Opens) -> None:
    scene = await opens(live=True)
    placed = await scene.exchange.place(scene.quote(post_only=False))
    assert placed.status is OrderStatus.PLACED
    with pytest.raises(Refused, match="locked") as refused:
        await scene.exchange.cancel(ref(scene, placed))
    assert refused.value.reason is Reason.OTHER
    with pytest.raises(InDoubt, match="1 orders are locked"):
        await scene.exchange.cancel_all()
    await scene.step(3)
    await scene.exchange.cancel(ref(scene, placed))
    assert await scene.exchange.working() == []


async def test_a_token_that_has_ended_is_renewed_for_questions_and_for_orders(scene: Scene) -> None:
    await scene.step(23 * 3600)
    scene.seen.clear()
    assert await scene.exchange.working() == []
    asked = [seen["request"].partition("?")[0] for seen in scene.seen]
    assert asked == ["GET /v1/auth/message", "POST /v1/auth", "GET /v1/orders"]  # before the old one was refused
    scene.venue.keyring.earliest_s = scene.world.clock.now_ms() // 1000 + 1  # every token is taken back
    with pytest.raises(Refused) as refused:
        await scene.exchange.place(scene.quote())
    assert refused.value.reason is Reason.AUTH
    await scene.step(2)
    placed = await scene.exchange.place(scene.quote("another"))
    assert placed.status is OrderStatus.PLACED
    assert len(scene.venue.exchange.open_orders(ACCOUNT)) == 1


async def test_the_stream_follows_the_wallet_by_a_new_token_when_the_old_has_ended(scene: Scene) -> None:
    await scene.step(25 * 3600)
    for socket in scene.venue.sockets():
        socket.close(1006)
    await until(lambda: [gap.is_down for gap in scene.told(StreamGap)] == [True, False])
    await scene.exchange.place(scene.quote())
    scene.take(Side.SELL)
    await until(lambda: scene.told(Fill))


async def test_a_heartbeat_is_answered_and_who_does_not_is_closed(scene: Scene) -> None:
    for _ in range(4):
        await scene.step(15)
        await asyncio.sleep(0.02)
    assert scene.told(StreamGap) == []


async def test_an_order_that_is_sent_again_is_the_one_that_is_there(scene: Scene) -> None:
    first = await scene.exchange.place(scene.quote())
    again = await scene.exchange.place(scene.quote())
    assert (again.venue_ref, again.status) == (first.venue_ref, OrderStatus.PLACED)
    assert len(scene.venue.exchange.orders) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"price": Micros(525_000)}, Reason.PRICE),
        ({"size": Micros(10 * MICRO + 1)}, Reason.LIMIT),
        ({"size": Micros(123_456 * MICRO // 10)}, Reason.LIMIT),
        ({"size": Micros(2 * MICRO), "price": Micros(10_000)}, Reason.LIMIT),
        ({"expires_at_ms": 1_000}, Reason.INVALID),
    ],
)
async def test_what_the_venue_would_refuse_or_cut_is_not_sent(
    scene: Scene, changes: dict[str, Any], reason: Reason
) -> None:
    scene.seen.clear()
    with pytest.raises(Refused) as refused:
        await scene.exchange.place(scene.quote(**changes))
    assert (refused.value.reason, scene.seen) == (reason, [])


async def test_requests_beyond_the_venues_window_are_told_apart(scene: Scene) -> None:
    limits = scene.venue._limits
    for _ in range(500):
        limits.take(scene.context.account.credentials["api_key"].reveal(), "GET", "/v1/orders", 1_795_190_000)
    with pytest.raises(Refused) as refused:
        await scene.exchange.place(scene.quote())
    assert refused.value.reason is Reason.RATE
    with pytest.raises(Unavailable, match="budget of trading") as unavailable:
        await scene.exchange.place(scene.quote("next"))
    assert unavailable.value.retry_after_s is not None


async def test_a_market_that_closes_is_told_with_its_result(scene: Scene) -> None:
    await scene.exchange.watch([scene.instrument])
    await until(lambda: any(len(client.topics) == 3 for client in scene.venue.streams._clients))
    scene.world.settle(FIXTURE, {121: SettlementStatus.VOID, 122: SettlementStatus.VOID})
    await until(lambda: scene.told(MarketChange))
    change = scene.told(MarketChange)[0]
    assert (change.instrument_ref, change.is_open, change.resolution) == (
        scene.instrument.ref,
        False,
        SettlementStatus.VOID,
    )


# --- bets --------------------------------------------------------------------------------------------------------


async def test_a_bet_counts_once_it_is_settled_and_pays_for_the_shares_that_it_brought(opens: Opens) -> None:
    scene = await opens(settled_after_s=4)
    betting = Betting(scene)
    bookmaker, bet = betting.bookmaker, betting.intent()
    await bookmaker.open()
    report = await bookmaker.place(bet)
    assert report.status is BetStatus.PLACED
    asked = BetRef(bet.reference, report.bet_ref, scene.world.clock.now_ms(), stake=bet.stake)
    waiting = await bookmaker.find(asked)
    assert waiting is not None
    assert waiting.status is BetStatus.PLACED
    await scene.step(5)
    found = await bookmaker.find(asked)
    assert found is not None
    (order,) = [one for one in scene.venue.exchange.orders.values() if one.account == ACCOUNT]
    (match,) = order.fills
    assert (found.status, found.stake) == (BetStatus.CONFIRMED, decimal_of(match.price * match.size // MICRO))
    assert order.state is State.ACCEPTED
    scene.world.settle(FIXTURE, {121: SettlementStatus.WON, 122: SettlementStatus.LOST})
    (settled,) = await bookmaker.settled(0)
    assert settled.payout == decimal_of(match.size - match.withheld) == decimal_of(order.payout)
    await bookmaker.close()
