"""What the exam does not ask: going live, fees in play, orders of one account that meet, tokens that end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hedgerow.core.errors import Reason, Refused
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import OrderStatus, SettlementStatus, Side
from hedgerow.exam.bench import FIXTURE
from hedgerow.exam.bookmaker_bench import BookmakerBench
from hedgerow.exam.exchange_bench import BID, ExchangeBench
from hedgerow.venues.base import Fill, OrderState, StreamGap

from .conftest import simulated


def go_live(bench: ExchangeBench | BookmakerBench) -> None:
    world = bench.world
    world.put_fixture(replace(world.fixtures[FIXTURE], live=True, status_id=1))


async def test_going_live_cancels_what_rests_and_has_it_asked_for(bench: ExchangeBench) -> None:
    placed = await bench.connector.place(bench.quote())
    await bench.connector.watch([bench.instrument])
    go_live(bench)
    await bench.until(
        lambda: [state.status for state in bench.told(OrderState)][-1:] == [OrderStatus.CANCELLED], "the end is told"
    )
    assert [gap.is_down for gap in bench.told(StreamGap)] == [False]
    assert await bench.connector.working() == []
    found = await bench.connector.find_order(bench.ref(placed))
    assert found is not None
    assert found.status is OrderStatus.CANCELLED
    await bench.connector.place(bench.quote("again"))
    assert len(bench.resting) == 1


async def test_who_takes_in_play_pays_and_is_told_what(bench: ExchangeBench) -> None:
    go_live(bench)
    bench.stand(Side.SELL, 605_000)
    await bench.connector.place(bench.quote(price=650_000, post_only=False, size=Micros(2 * MICRO)))
    await bench.until(lambda: bench.told(Fill), "the fill is told")
    (fill,) = bench.told(Fill)
    assert (fill.price, fill.fee, fill.is_maker) == (605_000, 14_340, False)  # 0.03 × 0.605 × 0.395 × 2, half up
    await bench.expect_money()


async def test_who_is_taken_from_in_play_pays_nothing(bench: ExchangeBench) -> None:
    go_live(bench)
    await bench.connector.place(bench.quote())
    bench.take(Side.SELL, BID)
    await bench.until(lambda: bench.told(Fill), "the fill is told")
    assert (bench.told(Fill)[0].fee, await bench.connector.fills(0)) == (0, bench.told(Fill))


async def test_a_sale_buys_the_other_outcome_and_needs_none_of_the_first(bench: ExchangeBench) -> None:
    sold = await bench.connector.place(bench.quote(side=Side.SELL))
    paper = simulated(bench).desk.find(bench.account, sold.venue_ref)
    assert (paper.wanted.outcome_id, paper.wanted.qty) == (bench.instrument.meta["opposite"], 1000)
    (listed,) = await bench.build().working()
    assert (listed.side, listed.price, listed.size) == (Side.SELL, sold.price, sold.size)


async def test_orders_of_one_account_that_meet_end_together_without_a_trade(bench: ExchangeBench) -> None:
    await bench.connector.place(bench.quote("bid"))
    with pytest.raises(Refused):
        await bench.connector.place(bench.quote("ask", Side.SELL, BID))  # post-only, it would trade
    await bench.connector.place(bench.quote("taker", Side.SELL, BID, post_only=False))
    assert (bench.resting, await bench.connector.fills(0)) == ([], [])


async def test_a_token_that_has_ended_is_renewed_and_the_stream_comes_back_with_it(bench: ExchangeBench) -> None:
    simulated(bench).access.end_tokens()
    assert await bench.connector.working() == []
    await bench.step(31 * 60)
    for socket in simulated(bench).sockets():
        socket.close(1006)
    await bench.until(lambda: [gap.is_down for gap in bench.told(StreamGap)] == [True, False], "it is back")
    await bench.connector.place(bench.quote())
    bench.take(Side.SELL, BID)
    await bench.until(lambda: bench.told(Fill), "fills are followed again")


async def test_what_the_venue_would_refuse_is_not_sent(bench: ExchangeBench) -> None:
    for changes, reason in (
        ({"price": Micros(502_500)}, Reason.PRICE),
        ({"size": Micros(10 * MICRO + 1)}, Reason.LIMIT),
        ({"size": Micros(MICRO // 2)}, Reason.LIMIT),
        ({"expires_at_ms": 1_000}, Reason.INVALID),
    ):
        with pytest.raises(Refused) as refused:
            await bench.connector.place(bench.quote(**changes))
        assert refused.value.reason is reason
    bench.expect_orders(0)


async def test_a_void_pays_its_fair_value_to_both_sides(bench: ExchangeBench) -> None:
    await bench.connector.place(bench.quote(side=Side.SELL))
    bench.take(Side.BUY, 800_000)
    bench.settle(SettlementStatus.VOID)
    (resolution,) = await bench.connector.resolutions([bench.instrument])
    assert resolution.seen_by(Side.SELL)[1] == resolution.payout_per_contract
    assert bench.order.payout == 5 * MICRO
    await bench.expect_money()


async def test_a_bet_in_play_costs_its_fee_within_the_stake(betting: BookmakerBench) -> None:
    go_live(betting)
    intent = betting.bet()
    report = await betting.connector.place(intent)
    betting.expect_it(report)
    assert report.at_risk is not None
    assert intent.stake - 1 < report.at_risk <= intent.stake
    assert report.received["fees"] != "0"
