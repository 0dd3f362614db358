"""The ledger: money moves and never appears; balances are the sums of the entries at every commit."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.abp.booking import Booking
from hedgerow.abp.ledger import (
    Move,
    Place,
    answer,
    balances,
    book_settlement,
    reserve,
    settle,
    settle_anew,
)
from hedgerow.core.states import BetStatus
from hedgerow.storage.bets import Bet

from .abpkit import NOW, Desk, amounts, taken

ZERO = Decimal(0)
money = amounts("0", "1000")


# --- rules ------------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(money, money, money, money, money), max_size=5))
def test_money_only_moves_and_every_bet_leaves_nothing_behind(lives: list[tuple[Decimal, ...]]) -> None:
    moves: list[Move] = []
    won = ZERO
    for stake, took, paid, commission, later in lives:
        moves += reserve(stake) + answer(stake, took)
        if took:
            moves += settle(took, paid, commission) + settle_anew(paid - commission, later)
            won += later - took
    after = balances(moves)
    assert sum(after.values()) == 0
    assert (after[Place.RESERVED], after[Place.STAKED]) == (0, 0)
    assert after[Place.FREE] == won
    assert all(move.amount > 0 and move.source is not move.target for move in moves)


def test_a_bet_that_is_taken_in_part_gives_the_rest_back() -> None:
    after = balances(answer(Decimal(10), Decimal(4)), {Place.RESERVED: Decimal(10)})
    assert after == {Place.FREE: 6, Place.RESERVED: 0, Place.STAKED: 4, Place.VENUE: 0}


# --- in the database --------------------------------------------------------------------------------------------------


async def answered(desk: Desk, bet: Bet) -> None:
    async with desk.database.transaction() as connection:
        await Booking(desk.bets, desk.orders, desk.clock).write(connection, [bet])


async def test_a_bet_takes_its_money_from_free_to_the_bookmaker_and_back(desk: Desk) -> None:
    await desk.deposit(desk.dollars, "100")
    bet = await desk.bet(await desk.order(), "10")
    assert await desk.balances(desk.dollars) == {"free": 90, "reserved": 10, "venue": -100}
    await answered(desk, taken(bet, "10"))
    assert await desk.balances(desk.dollars) == {"free": 90, "staked": 10, "venue": -100}
    bet.payout, bet.settlement = Decimal(20), "WON"
    async with desk.database.transaction() as connection:
        await book_settlement(connection, bet, None, ZERO, NOW)
    assert await desk.balances(desk.dollars) == {"free": 110, "venue": -110}


@pytest.mark.parametrize("status", [BetStatus.REJECTED, BetStatus.FAILED])
async def test_a_bet_that_was_not_taken_gives_its_money_back_once(desk: Desk, status: BetStatus) -> None:
    await desk.deposit(desk.dollars, "100")
    bet = await desk.bet(await desk.order(), "10")
    bet.move_to(status, "no")
    await answered(desk, bet)
    await answered(desk, bet)
    assert await desk.balances(desk.dollars) == {"free": 100, "venue": -100}


async def test_a_bet_in_doubt_keeps_its_money_held(desk: Desk) -> None:
    await desk.deposit(desk.dollars, "100")
    bet = await desk.bet(await desk.order(), "10")
    bet.move_to(BetStatus.PLACED, "no answer")
    await answered(desk, bet)
    assert await desk.balances(desk.dollars) == {"free": 90, "reserved": 10, "venue": -100}


async def test_a_lay_bet_holds_what_it_may_have_to_pay(desk: Desk) -> None:
    await desk.deposit(desk.dollars, "100")
    bet = await desk.bet(await desk.order(is_back=False), "10", is_back=False, requested_odds=Decimal("3.5"))
    assert bet.reserved == 25


async def test_what_a_bet_took_from_the_balance_is_staked_where_the_bookmaker_tells_it(desk: Desk) -> None:
    await desk.deposit(desk.dollars, "100")
    bet = await desk.bet(await desk.order(is_back=False), "10", is_back=False, requested_odds=Decimal("3.5"))
    bet.at_risk = Decimal("24.9971")
    await answered(desk, taken(bet, "9.99"))
    assert await desk.balances(desk.dollars) == {
        "free": Decimal("75.0029"),
        "staked": Decimal("24.9971"),
        "venue": -100,
    }
    (fact,) = await desk.orders.bet_facts("acme")
    assert fact.at_risk == Decimal("24.9971")


async def test_balances_are_the_sums_of_the_entries(desk: Desk) -> None:
    await desk.deposit(desk.dollars, "1000")
    order = await desk.order(stake=Decimal(1000))

    async def live(number: int) -> None:
        bet = await desk.bet(order, f"{number + 1}.07")
        await answered(desk, taken(bet, f"{number}.50") if number % 2 else _refused(bet))

    await asyncio.gather(*(live(number) for number in range(1, 12)))
    differing = await desk.database.fetch(
        """with entries as (
             select place, sum(amount) as amount from (
               select target as place, amount from abp_ledger union all select source, -amount from abp_ledger) e
             group by place)
           select * from abp_balances full join entries using (place)
           where abp_balances.amount is distinct from entries.amount"""
    )
    assert differing == []
    assert await desk.balances(desk.dollars) == {"free": 961, "staked": 39, "venue": -1000}


async def test_entries_are_only_added(desk: Desk) -> None:
    await desk.deposit(desk.dollars, "100")
    for statement in ("update abp_ledger set amount = 1", "delete from abp_ledger"):
        with pytest.raises(asyncpg.RaiseError, match="abp_ledger is only added to"):
            await desk.database.execute(statement)


def _refused(bet: Bet) -> Bet:
    bet.move_to(BetStatus.REJECTED, "no")
    return bet
