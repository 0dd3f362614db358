"""What the exam does not ask: wallets and fees of both kinds, the chain that takes its time, clocks, pace."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable
from hedgerow.core.money import MICRO, decimal_of
from hedgerow.core.odds import OddsMicros
from hedgerow.core.secrets import Secret
from hedgerow.core.states import BetSettlement, BetStatus, SettlementStatus
from hedgerow.core.tasks import spawn
from hedgerow.exam.bench import FIRST, FIXTURE, SECOND, settled
from hedgerow.sim.orders import Leg as Token
from hedgerow.venues.registry import build_bookmaker
from hedgerow.venues.taking import Leg, Level

from .conftest import ACCOUNT, Opens, Scene


@pytest.mark.parametrize("is_smart", [True, False])
@pytest.mark.parametrize("is_collateral", [True, False])
async def test_each_wallet_bets_at_each_kind_of_fee(opens: Opens, *, is_smart: bool, is_collateral: bool) -> None:
    scene = await opens(smart_wallet=is_smart, is_collateral=is_collateral)
    before = await scene.bookmaker.balance()
    report = await scene.bookmaker.place(scene.bet())
    (order,) = scene.orders
    (match,) = order.fills
    cost = match.price * match.size // MICRO
    assert (report.status, report.bet_ref) == (BetStatus.CONFIRMED, order.id)
    assert report.stake == decimal_of(cost + match.fee) <= 40
    assert (match.fee > 0, match.withheld > 0) == (is_collateral, not is_collateral)
    after = await scene.bookmaker.balance()
    assert before.free - after.free == report.stake
    scene.world.settle(FIXTURE, {121: SettlementStatus.WON, 122: SettlementStatus.LOST})
    (told,) = await scene.bookmaker.settled(0)
    assert told.payout == decimal_of(match.size - match.withheld) == decimal_of(order.payout)
    assert (await scene.bookmaker.balance()).free == after.free + told.payout


async def test_a_lay_buys_the_other_outcome_and_wins_where_the_first_loses(scene: Scene) -> None:
    bet = scene.bet(is_back=False, odds=OddsMicros(2_000_000), stake=Decimal(20))
    report = await scene.bookmaker.place(bet)
    (order,) = scene.orders
    assert (order.leg, order.outcome) == (Token.NO, SECOND)
    assert report.at_risk == decimal_of(order.fills[0].price * order.filled // MICRO)
    scene.world.settle(FIXTURE, {121: SettlementStatus.LOST, 122: SettlementStatus.WON})
    found = await scene.bookmaker.find(scene.ref(bet, report))
    assert found is not None
    assert (found.settlement, found.payout) == (BetSettlement.WON, decimal_of(order.payout))


async def test_a_void_pays_half_of_every_share(scene: Scene) -> None:
    report = await scene.bookmaker.place(scene.bet())
    scene.world.settle(FIXTURE, {121: SettlementStatus.VOID, 122: SettlementStatus.VOID})
    (told,) = await scene.bookmaker.settled(0)
    (order,) = scene.orders
    brought = order.filled - order.fills[0].withheld
    assert (told.bet_ref, told.status, told.settlement) == (report.bet_ref, BetStatus.VOID, BetSettlement.VOID)
    assert told.payout == decimal_of(brought // 2) == decimal_of(order.payout)


async def test_a_bet_counts_once_the_chain_has_it(opens: Opens) -> None:
    scene = await opens(settled_after_s=4)
    bet = scene.bet()
    report = await scene.bookmaker.place(bet)
    assert report.status is BetStatus.PLACED
    await scene.step(5)
    found = await scene.bookmaker.find(scene.ref(bet, report))
    assert found is not None
    assert (found.status, found.bet_ref) == (BetStatus.CONFIRMED, report.bet_ref)


async def test_a_bet_whose_settlement_fails_is_rejected_and_costs_nothing(scene: Scene) -> None:
    scene.behave(failTradeRate=1)
    before, bet = await scene.bookmaker.balance(), scene.bet()
    report = await scene.bookmaker.place(bet)
    assert report.status is BetStatus.PLACED
    await scene.step(6)
    found = await scene.bookmaker.find(scene.ref(bet, report))
    assert found is not None
    assert found.status is BetStatus.REJECTED
    assert await scene.bookmaker.balance() == before


async def test_a_reference_that_is_known_is_the_bet_that_it_made(scene: Scene) -> None:
    first = await scene.bookmaker.place(scene.bet())
    another = build_bookmaker("limitless-ex", scene.context)
    again = await another.place(scene.bet())
    await another.close()
    assert (again.bet_ref, again.stake, again.odds) == (first.bet_ref, first.stake, first.odds)
    assert len(scene.orders) == 1


def _changes_after_the_look(scene: Scene, monkeypatch: pytest.MonkeyPatch, odds: str, most: int) -> None:
    """The offer on the first participant is another one when the order arrives than when the book was looked at."""
    takes = scene.bookmaker._venue
    look = takes.levels

    async def look_and_lose(leg: Leg) -> list[Level]:
        levels = await look(leg)
        scene.offer(FIRST, odds, most)
        return levels

    monkeypatch.setattr(takes, "levels", look_and_lose)


async def test_what_got_worse_after_the_look_is_not_taken(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    _changes_after_the_look(scene, monkeypatch, "1.6", 500)
    with pytest.raises(Refused, match="nothing stood") as refused:
        await scene.bookmaker.place(scene.bet())
    assert refused.value.reason is Reason.PRICE
    assert [order.filled for order in scene.orders] == [0]


async def test_what_got_less_after_the_look_is_taken_and_told_in_part(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    _changes_after_the_look(scene, monkeypatch, "1.75", 20)
    report = await scene.bookmaker.place(scene.bet())
    (order,) = scene.orders
    assert (report.status, report.stake) == (
        BetStatus.CONFIRMED,
        decimal_of(order.fills[0].price * order.filled // MICRO),
    )
    assert 0 < order.filled < order.size


async def test_an_order_of_another_process_that_is_not_there_is_gone_once_it_can_no_longer_arrive(scene: Scene) -> None:
    ref = scene.ref(scene.bet())
    with pytest.raises(CannotTell, match="may still arrive"):
        await scene.bookmaker.find(ref)
    await scene.step(106)
    assert await scene.bookmaker.find(ref) is None


@pytest.mark.parametrize("off_s", [-31, 31])
async def test_a_clock_that_is_off_is_refused_by_its_name(scene: Scene, off_s: int) -> None:
    clock = SteppedClock(scene.world.clock.now_ns() + off_s * NS_PER_S)
    made = build_bookmaker("limitless-ex", replace(scene.context, clock=clock))
    with pytest.raises(Refused, match="timestamp is outside") as refused:
        await made.open()
    await made.close()
    assert refused.value.reason is Reason.AUTH


async def test_an_order_beyond_its_receive_window_is_refused(scene: Scene) -> None:
    clock = SteppedClock(scene.world.clock.now_ns() - 11 * NS_PER_S)
    made = build_bookmaker("limitless-ex", replace(scene.context, clock=clock))
    with pytest.raises(Refused, match="receive window") as refused:
        await made.place(scene.bet())
    await made.close()
    assert (refused.value.reason, scene.orders) == (Reason.AUTH, [])


async def test_a_wallet_that_is_not_the_profiles_is_refused_before_it_signs(scene: Scene) -> None:
    keys = {**scene.context.account.credentials, "private_key": Secret("77" * 32)}
    context = replace(scene.context, account=replace(scene.context.account, credentials=keys))
    made = build_bookmaker("limitless-ex", context)
    with pytest.raises(Refused, match="private_key is not that") as refused:
        await made.open()
    await made.close()
    assert refused.value.reason is Reason.AUTH


async def test_bets_beyond_the_tokens_pace_are_put_off_and_go_through_later(scene: Scene) -> None:
    for number in range(11):  # and the profile was asked for
        await scene.bookmaker.place(scene.bet(f"bet {number}", stake=Decimal(2)))
    with pytest.raises(Unavailable, match="budget of token") as put_off:
        await scene.bookmaker.place(scene.bet("too many", stake=Decimal(2)))
    assert len(scene.orders) == 11
    assert put_off.value.retry_after_s is not None
    await scene.step(put_off.value.retry_after_s + 0.001)
    await scene.bookmaker.place(scene.bet("later", stake=Decimal(2)))
    assert len(scene.orders) == 12


async def test_a_question_waits_for_its_turn_and_leaves_room_for_bets(scene: Scene) -> None:
    for number in range(9):
        await scene.bookmaker.place(scene.bet(f"bet {number}", stake=Decimal(2)))
    asking = spawn(scene.bookmaker.find(scene.ref(scene.bet("bet 0"))), "a question")
    await settled()
    await scene.bookmaker.place(scene.bet("meanwhile", stake=Decimal(2)))
    assert not asking.done()
    await scene.step(2)
    found = await asking
    assert found is not None
    assert found.status is BetStatus.CONFIRMED


async def test_one_of_many_that_share_the_token_has_its_turn_too(scene: Scene) -> None:
    made = build_bookmaker("limitless-ex", replace(scene.context, sharers=12))
    await made.open()
    asking = spawn(made.find(scene.ref(scene.bet())), "a question")
    await settled()
    assert not asking.done()
    await scene.step(4)
    with pytest.raises(CannotTell):
        await asking
    await made.close()


async def test_an_answer_about_too_many_requests_empties_our_bucket(scene: Scene) -> None:
    bucket = scene.venue._routes._buckets[scene.venue.profiles.by_account[ACCOUNT].token_id]
    while bucket.take(3, scene.world.clock.now_ns()):
        pass
    with pytest.raises(Refused) as refused:
        await scene.bookmaker.place(scene.bet())
    assert refused.value.reason is Reason.RATE
    with pytest.raises(Unavailable, match="budget of token"):
        await scene.bookmaker.place(scene.bet("next"))


async def test_an_answer_that_is_lost_after_a_bet_leaves_it_in_doubt(scene: Scene) -> None:
    scene.behave(loseResponseRate=1)
    with pytest.raises(InDoubt):
        await scene.bookmaker.place(scene.bet())
    assert len(scene.orders) == 1
