"""A bookmaker's word on a balance is believed as far as it is sure; what no bet explains is kept as evidence."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import asyncpg
import pytest
from hypothesis import given

from hedgerow.abp.balances import Observation, Unsure, book_balance, drift, last_entry, observe
from hedgerow.abp.booking import Booking
from hedgerow.abp.ledger import Place, balances, book_settlement
from hedgerow.storage.bets import Bet

from .abpkit import NOW, Desk, amounts, taken

money = amounts("0", "1000")


# --- rules ------------------------------------------------------------------------------------------------------------


@given(money, money, money, money)
def test_a_told_balance_is_believed_as_far_as_it_is_sure(
    free: Decimal, going: Decimal, coming: Decimal, told: Decimal
) -> None:
    unsure = Unsure(going, coming)
    after = balances(observe(free, unsure, told), {Place.FREE: free})[Place.FREE]
    assert told - going <= after <= told + coming
    if told - going <= free <= told + coming:
        assert after == free
    assert drift(free, unsure, told) == after - free


@given(money, money, money)
def test_what_the_feed_has_paid_is_no_drift_on_either_side(free: Decimal, late: Decimal, told: Decimal) -> None:
    found = drift(free, Unsure(late=late), told)
    assert found == (0 if abs(told - free) <= late else told - free)


# --- in the database --------------------------------------------------------------------------------------------------


async def observed(
    desk: Desk, told: str, *, since: int | None = None, has_statement: bool = True, is_last_look: bool = True
) -> Observation:
    async with desk.database.transaction() as connection:
        return await book_balance(
            connection,
            desk.dollars,
            "USD",
            Decimal(told),
            NOW,
            NOW,
            since=since,
            has_statement=has_statement,
            is_last_look=is_last_look,
        )


async def accepted(desk: Desk, bet: Bet) -> Bet:
    async with desk.database.transaction() as connection:
        await Booking(desk.bets, desk.orders, desk.clock).write(connection, [bet])
    return bet


async def drifts(desk: Desk) -> list[tuple[Decimal, Decimal, Decimal]]:
    rows = await desk.database.fetch("select ours, told, drift from abp_drifts order by drift_id")
    return [(row[0], row[1], row[2]) for row in rows]


async def test_a_balance_that_counts_a_bet_under_way_or_not_changes_nothing(desk: Desk) -> None:
    await desk.deposit(desk.dollars, "100")
    await desk.bet(await desk.order(), "10")
    for told in ("100", "90", "95"):
        assert await observed(desk, told) == Observation(Decimal(90), Decimal(0))
    assert await drifts(desk) == []


async def test_the_first_word_on_a_balance_is_no_drift(desk: Desk) -> None:
    assert await observed(desk, "100") == Observation(Decimal(100), Decimal(0))


async def test_drift_is_booked_and_kept_with_the_bets_that_were_unsure(desk: Desk) -> None:
    await desk.deposit(desk.dollars, "100")
    bet = await desk.bet(await desk.order(), "10")
    assert await observed(desk, "80") == Observation(Decimal(80), Decimal(-10))
    assert await observed(desk, "130") == Observation(Decimal(120), Decimal(40))
    assert await drifts(desk) == [(90, 80, -10), (80, 130, 40)]
    (first, *_) = await desk.database.fetchval("select bets from abp_drifts order by drift_id limit 1")
    assert (first["reference"], first["reserved"], first["status"]) == (bet.reference, 10, "PENDING")
    assert await desk.balances(desk.dollars) == {"free": 120, "reserved": 10, "venue": -130}


async def test_before_the_last_look_drift_is_only_told(desk: Desk) -> None:
    await desk.deposit(desk.dollars, "100")
    assert await observed(desk, "80", is_last_look=False) == Observation(Decimal(100), Decimal(-20))
    assert (await drifts(desk), await desk.balances(desk.dollars)) == ([], {"free": 100, "venue": -100})


async def test_a_bet_that_was_taken_since_the_question_is_unsure(desk: Desk) -> None:
    await desk.deposit(desk.dollars, "100")
    bet = taken(await desk.bet(await desk.order(), "10"))
    since = await last_entry(desk.database, desk.dollars)
    await accepted(desk, bet)
    for told in ("90", "100"):
        assert await observed(desk, told, since=since) == Observation(Decimal(90), Decimal(0))
    assert (await observed(desk, "100", is_last_look=False)).drift == 10


async def test_a_payout_and_its_correction_since_the_question_are_unsure(desk: Desk) -> None:
    await desk.deposit(desk.dollars, "100")
    bet = await accepted(desk, taken(await desk.bet(await desk.order(), "10")))
    since = await last_entry(desk.database, desk.dollars)
    await settled(desk, bet, "20")
    for told in ("110", "90"):
        assert await observed(desk, told, since=since) == Observation(Decimal(110), Decimal(0))
    since = await last_entry(desk.database, desk.dollars)
    await settled(desk, bet, "0", before="20")
    for told in ("110", "90"):
        assert await observed(desk, told, since=since) == Observation(Decimal(90), Decimal(0))
    assert await drifts(desk) == []


async def settled(desk: Desk, bet: Bet, payout: str, *, before: str | None = None, by: str = "bookmaker") -> None:
    bet.payout, bet.settlement, bet.settled_at, bet.settled_by = Decimal(payout), "WON", NOW, by
    async with desk.database.transaction() as connection:
        await desk.bets.save_settlement(connection, bet)
        await book_settlement(connection, bet, None if before is None else Decimal(before), Decimal(0), NOW)


async def test_a_bookmaker_without_a_statement_may_have_paid_already(desk: Desk) -> None:
    await desk.deposit(desk.dollars, "100")
    await accepted(desk, taken(await desk.bet(await desk.order(), "10")))
    assert await observed(desk, "110", has_statement=False) == Observation(Decimal(90), Decimal(0))
    assert await observed(desk, "111", has_statement=False) == Observation(Decimal(91), Decimal(1))
    assert (await observed(desk, "110", is_last_look=False)).drift == 19


async def test_what_the_feed_paid_may_come_late_without_an_alarm(desk: Desk) -> None:
    await desk.deposit(desk.dollars, "100")
    bet = await accepted(desk, taken(await desk.bet(await desk.order(), "10")))
    await settled(desk, bet, "20", by="feed")
    await desk.database.execute("update bets set settled_at = $1", NOW - timedelta(hours=1))
    assert await observed(desk, "90", has_statement=False) == Observation(Decimal(90), Decimal(0))
    assert await observed(desk, "110", has_statement=False) == Observation(Decimal(110), Decimal(0))
    assert await drifts(desk) == []


async def test_evidence_is_only_added(desk: Desk) -> None:
    await desk.deposit(desk.dollars, "100")
    await observed(desk, "80")
    with pytest.raises(asyncpg.RaiseError, match="abp_drifts is only added to"):
        await desk.database.execute("delete from abp_drifts")
