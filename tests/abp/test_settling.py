"""Bets are settled by the bookmaker's statement, else by the feed's grade, and anew when either corrects itself."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow.abp.analytics import GroupBy, pnl
from hedgerow.abp.settling import CORRECTED_WITHIN, WATCH_AGAIN_S, Settler
from hedgerow.core.states import BetSettlement, BetStatus, SettlementStatus
from hedgerow.storage.bets import Bet, Bets

from .abpkit import Desk, amounts
from .runkit import LONG, SINNER, Floor
from .settlekit import FIXTURE, Settling

WON, LOST, VOID = SettlementStatus.WON, SettlementStatus.LOST, SettlementStatus.VOID


@pytest.fixture
async def settling(desk: Desk) -> Settling:
    """At a bookmaker with a statement."""
    return await Settling.on(desk)


@pytest.fixture
async def graded(desk: Desk) -> Settling:
    """At a bookmaker without one, whose account pays 5 per cent of what it wins."""
    return await Settling.on(desk, has_statement=False, commissionRate="0.05")


# --- the statement ----------------------------------------------------------------------------------------------------


async def test_a_bet_is_settled_corrected_and_its_money_follows(floor: Floor) -> None:
    await floor.runner()
    _, desks = floor.started[0]
    await floor.ended(await floor.place(lives=LONG))
    settler = Settler(floor.database, Bets(floor.database, floor.world.clock), desks, floor.world.clock, lambda _: None)
    desks.on_drift(settler.read)  # a balance may be read at any moment, and count a payout first
    (desk,) = desks.all()
    await settler.read(desk)
    assert await floor.money() == {"free": 9990, "staked": 10, "venue": -10_000}
    expected = ((WON, 18), (VOID, 10), (LOST, 0))
    for result, paid in expected:
        floor.pinnacle.book.settle(SINNER, result)
        await settler.read(desk)
        await settler.read(desk)
        assert await floor.money() == {"free": 9990 + paid, "venue": -9990 - paid}
        (row,) = pnl(await floor.orders.bet_facts("acme"), GroupBy.BOOKMAKER)
        assert (row.settled_bets, row.net_pnl) == (1, paid - 10)
    audit = await floor.database.fetch("select action, data from audit order by audit_id")
    assert [row["action"] for row in audit] == ["settled", "settled anew", "settled anew"]
    assert audit[1]["data"] == {
        "settlement": "VOID",
        "payout": Decimal(10),
        "commission": 0,
        "before": "WON",
        "paid": Decimal(18),
        "by": "bookmaker",
    }


async def test_other_clients_see_nothing_of_it(floor: Floor) -> None:
    await floor.runner()
    await floor.ended(await floor.place(lives=LONG))
    assert await floor.orders.bet_facts("zenith") == []
    assert len(await floor.orders.bet_facts("acme", bookmaker="pinnacle", account="main", user_ref="bettor1")) == 1
    assert await floor.orders.bet_facts("acme", user_ref="somebody") == []


async def test_a_cash_out_pays_what_the_bookmaker_says(settling: Settling) -> None:
    bet = await settling.bet("10")
    settling.teller.says(bet, "CASHOUT", "7.35")
    await settling.read()
    await settling.grade(WON)
    assert await settling.row(bet) == ("CONFIRMED", "CASHOUT", Decimal("7.35"), "bookmaker")
    assert await settling.money() == {"free": Decimal("997.35"), "venue": Decimal("-997.35")}
    (row,) = pnl(await settling.rows.orders.bet_facts("acme"), GroupBy.BOOKMAKER)
    assert (row.settled_bets, row.wins, row.losses, row.net_pnl) == (1, 0, 0, Decimal("-2.65"))
    assert await settling.actions() == [("venue", "settled")]


async def test_profit_is_told_at_the_rate_of_the_placement(settling: Settling) -> None:
    bet = await settling.bet("10", usd_rate=Decimal("1.25"))
    settling.teller.says(bet, "WON", "20")
    await settling.read()
    (row,) = pnl(await settling.rows.orders.bet_facts("acme"), GroupBy.BOOKMAKER)
    assert (row.total_staked, row.total_won, row.net_pnl) == (8, 16, 8)


@pytest.mark.parametrize("status", [BetStatus.VOID, BetStatus.CANCELLED])
async def test_a_bet_that_is_called_off_gives_its_stake_back_and_the_order_stays_filled(
    settling: Settling, status: BetStatus
) -> None:
    bet = await settling.bet("10")
    settling.teller.says(bet, "VOID", "10", status=status, reason="error of the bookmaker's")
    await settling.read()
    assert await settling.row(bet) == (status.value, "VOID", 10, "bookmaker")
    assert await settling.money() == {"free": 1000, "venue": -1000}
    (row,) = pnl(await settling.rows.orders.bet_facts("acme"), GroupBy.BOOKMAKER)
    assert (row.settled_bets, row.voids, row.net_pnl) == (1, 1, 0)
    order = await settling.rows.orders.order(bet.order_id or 0)
    assert order is not None
    assert order.filled == 10
    assert await settling.broken() == []


async def test_a_commission_that_the_statement_names_has_its_entry(settling: Settling) -> None:
    bet = await settling.bet("10")
    settling.teller.says(bet, "WON", "19.60", "0.40")
    await settling.read()
    assert await settling.money() == {"free": Decimal("1009.60"), "venue": Decimal("-1009.60")}
    assert await settling.kinds(bet) == ["reserve", "stake", "return", "return", "commission"]


async def test_with_a_statement_the_feed_settles_nothing(settling: Settling) -> None:
    bet = await settling.bet()
    await settling.grade(WON)
    await settling.read()
    assert await settling.row(bet) == ("CONFIRMED", "UNSETTLED", None, None)


@pytest.mark.parametrize("is_feed_first", [True, False])
async def test_a_statement_that_the_feed_contradicts_counts_and_is_shown(
    settling: Settling, is_feed_first: bool
) -> None:
    bet = await settling.bet()
    settling.teller.says(bet, "WON", "20")
    steps: list[Callable[[], Coroutine[Any, Any, None]]] = [lambda: settling.grade(LOST), settling.read]
    for step in steps if is_feed_first else reversed(steps):
        await step()
    await settling.read()
    await settling.grade(LOST)
    assert await settling.row(bet) == ("CONFIRMED", "WON", 20, "bookmaker")
    assert await settling.actions() == [("venue", "settled"), ("engine", "settlement disputed")]


async def test_a_statement_that_pays_another_amount_is_shown(settling: Settling) -> None:
    bet = await settling.bet()
    settling.teller.says(bet, "WON", "18")
    await settling.read()
    assert (await settling.money())["free"] == 1008
    why = await settling.rows.database.fetchval("select data ->> 'why' from audit where actor = 'engine'")
    assert why == "WON pays 20.00"


async def test_a_settlement_has_the_balance_read(settling: Settling) -> None:
    bet = await settling.bet()
    settling.teller.says(bet, "LOST", "0")
    await settling.read()
    await settling.read()
    assert settling.asked == [1]


async def test_a_settlement_is_told_once(settling: Settling) -> None:
    bet = await settling.bet()
    settling.teller.says(bet, "WON", "20")
    await settling.grade(WON)
    await settling.read()
    await settling.read()
    told = await settling.rows.database.fetch(
        "select payload ->> 'payout' from outbox where channel = 'abp.settlements' and key = $1", str(bet.bet_id)
    )
    assert [row[0] for row in told] == ["20"]


# --- the feed's grade -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "is_push", "settlement", "payout"),
    [
        (WON, False, "WON", "19.50"),
        (LOST, False, "LOST", "0"),
        (VOID, False, "VOID", "10"),
        (VOID, True, "PUSH", "10"),
        (SettlementStatus.HALF_WON, False, "HALF_WON", "14.75"),
        (SettlementStatus.HALF_LOST, False, "HALF_LOST", "5"),
    ],
)
async def test_without_a_statement_the_feed_settles_at_the_accounts_commission(
    graded: Settling, status: SettlementStatus, is_push: bool, settlement: str, payout: str
) -> None:
    bet = await graded.bet("10")
    await graded.grade(status, is_push=is_push)
    await graded.grade(status, is_push=is_push)
    assert await graded.row(bet) == ("CONFIRMED", settlement, Decimal(payout), "feed")
    assert (await graded.money())["free"] == 990 + Decimal(payout)
    assert await graded.actions() == [("feed", "settled")]


async def test_a_lay_bet_is_settled_as_its_side_sees_it(graded: Settling) -> None:
    bet = await graded.bet("10", "2.5", is_back=False, requested_odds=Decimal("2.5"))
    await graded.grade(LOST)
    assert await graded.row(bet) == ("CONFIRMED", "WON", Decimal("24.50"), "feed")
    assert (await graded.money())["free"] == Decimal("1009.50")


async def test_a_commission_has_its_entry(graded: Settling) -> None:
    bet = await graded.bet("10")
    await graded.grade(WON)
    assert await graded.kinds(bet) == ["reserve", "stake", "return", "return", "commission"]


async def test_a_corrected_grade_settles_anew(graded: Settling) -> None:
    bet = await graded.bet("10")
    for status, free in ((WON, "1009.50"), (LOST, "990"), (VOID, "1000")):
        await graded.grade(status)
        assert (await graded.money())["free"] == Decimal(free)
    assert await graded.row(bet) == ("CONFIRMED", "VOID", 10, "feed")
    assert await graded.actions() == [("feed", "settled"), ("feed", "settled anew"), ("feed", "settled anew")]


async def test_a_later_word_of_the_bookmaker_goes_before_the_feeds(graded: Settling) -> None:
    bet = await graded.bet("10")
    await graded.grade(WON)
    graded.teller.says(bet, "VOID", "10", status=BetStatus.VOID)
    await graded.read()
    await graded.grade(LOST)
    assert await graded.row(bet) == ("VOID", "VOID", 10, "bookmaker")
    assert (await graded.money())["free"] == 1000


async def test_a_bookmaker_that_says_the_same_later_is_noted_and_pays_nothing_more(graded: Settling) -> None:
    bet = await graded.bet("10")
    await graded.grade(LOST)
    graded.teller.says(bet, "LOST", "0")
    await graded.read()
    assert (await graded.row(bet), (await graded.money())["free"]) == (("CONFIRMED", "LOST", 0, "bookmaker"), 990)


async def test_a_grade_waits_until_the_bookmaker_has_said_that_it_has_no_statement(graded: Settling) -> None:
    bet = await graded.bet("10")
    without = graded.teller.manifest
    graded.teller.manifest = replace(without, has_statement=True)  # as long as its bridge has not been asked
    await graded.grade(WON)
    assert (await graded.row(bet))[1] == "UNSETTLED"
    graded.teller.manifest = without
    await graded.read()
    assert (await graded.row(bet))[1] == "WON"


async def test_fixtures_are_followed_until_their_bets_are_settled_for_good(graded: Settling) -> None:
    await graded.settler.watch_fixtures()
    assert graded.watched == []
    await graded.bet()
    await graded.settler.watch_fixtures()
    await graded.settler.watch_fixtures()
    assert graded.watched == [FIXTURE]
    await graded.grade(WON)
    graded.rows.clock.advance(WATCH_AGAIN_S)
    await graded.settler.watch_fixtures()
    assert graded.watched == [FIXTURE, FIXTURE]
    graded.rows.clock.advance(CORRECTED_WITHIN.total_seconds())
    await graded.settler.watch_fixtures()
    assert graded.watched == [FIXTURE, FIXTURE]


# --- conservation -----------------------------------------------------------------------------------------------------

BOOKMAKERS_WORD = st.tuples(
    st.just("says"),
    st.integers(0, 2),
    st.sampled_from([one.value for one in BetSettlement if one is not BetSettlement.UNSETTLED]),
    amounts("0", "60"),
    amounts("0", "3"),
    st.sampled_from([BetStatus.CONFIRMED, BetStatus.VOID, BetStatus.CANCELLED]),
)
FEEDS_WORD = st.tuples(
    st.just("grades"), st.sampled_from([WON, LOST, VOID, SettlementStatus.HALF_WON, SettlementStatus.HALF_LOST])
)
ANSWER = st.tuples(st.just("answers"), st.integers(0, 2), amounts("0", "10"), st.booleans())
READ = st.tuples(st.just("reads"), st.booleans())


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.one_of(BOOKMAKERS_WORD, FEEDS_WORD, ANSWER, READ), max_size=14))
async def test_money_is_conserved_whatever_comes_in_whatever_order(
    graded: Settling, events: list[tuple[Any, ...]]
) -> None:
    before = (await graded.money())["free"]
    order = await graded.rows.order(stake=Decimal(1000))
    bets = [await graded.rows.bet(order, "10") for _ in range(3)]
    for event in events:
        await _happens(graded, bets, event)
        await _expect_conserved(graded, bets, before)
    for number, bet in enumerate(bets):
        await _happens(graded, bets, ("answers", number, Decimal(10), False))
        graded.teller.says(bet, "LOST", "0")
    await graded.read()
    await _expect_conserved(graded, bets, before)
    assert [name for name in await graded.broken() if name != "ended_client_order_is_answered"] == []
    taken = sum(bet.placed_stake or 0 for bet in bets)
    assert (await graded.money())["free"] == before - taken


async def _happens(settling: Settling, bets: list[Bet], event: tuple[Any, ...]) -> None:
    match event:
        case ("says", number, settlement, payout, commission, status):
            settling.teller.says(bets[number], settlement, str(payout), str(commission), status=status)
        case ("grades", status):
            await settling.grade(status)
        case ("answers", number, stake, is_back_again):
            bet = bets[number]
            if bet.status is BetStatus.PENDING:
                if stake:
                    bet.placed_stake, bet.placed_odds, bet.placed_at = stake, Decimal("2.5"), settling.rows.clock.now()
                bet.move_to(BetStatus.CONFIRMED if stake else BetStatus.REJECTED)
                await settling.answer(bet)
            if is_back_again:
                await settling.answer(await _as_it_stands(settling, bet))
        case ("reads", is_twice):
            for _ in range(1 + is_twice):
                await settling.read()


async def _as_it_stands(settling: Settling, bet: Bet) -> Bet:
    async with settling.rows.database.transaction() as connection:
        found = await settling.rows.bets.locked(connection, bet.bet_id)
    assert found is not None
    return found


async def _expect_conserved(settling: Settling, bets: list[Bet], before: Decimal) -> None:
    """What the account had is where the bets say it is: free, held, or lost and won."""
    money = await settling.money()
    assert sum(money.values()) == 0
    rows = [await _as_it_stands(settling, bet) for bet in bets]
    assert money.get("reserved", 0) == sum(row.reserved for row in rows)
    assert money.get("staked", 0) == sum(row.staked for row in rows)
    for row in rows:
        is_settled = row.settlement != BetSettlement.UNSETTLED
        assert not (is_settled and (row.reserved or row.staked))
    result = sum((row.payout or 0) - (row.placed_stake or 0) for row in rows if row.payout is not None)
    held = sum(row.reserved + row.staked for row in rows)
    assert money["free"] == before - held + result
