"""An operator's word about bets of which nobody else tells, on a real database."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from hedgerow.abp.booking import Booking
from hedgerow.abp.rulings import Rulings, Taken
from hedgerow.core.errors import CannotTell, InputError, Unavailable, VenueError
from hedgerow.core.states import BetSettlement, BetStatus, SettlementStatus
from hedgerow.execution.guard import Breakers
from hedgerow.execution.placement import Placement
from hedgerow.execution.reconcile import Reconciler
from hedgerow.storage.bets import Bet
from hedgerow.venues.base import BetRef, BetReport

from .abpkit import Desk
from .settlekit import Settling

SEEN = "seen in the account's history"
WON, LOST, VOID = BetSettlement.WON, BetSettlement.LOST, BetSettlement.VOID


@pytest.fixture
async def settling(desk: Desk) -> Settling:
    """At a bookmaker without statements, whose account pays 5 per cent of what it wins."""
    return await Settling.on(desk, has_statement=False, commissionRate="0.05")


@pytest.fixture
def rulings(desk: Desk) -> Rulings:
    return Rulings(desk.database, desk.clock)


async def in_doubt(settling: Settling) -> Bet:
    """A bet of 10 at 2 whose answer never came."""
    bet = await settling.rows.bet(await settling.rows.order())
    bet.in_doubt = True
    bet.move_to(BetStatus.PLACED, "no answer")
    return await settling.answer(bet)


# --- settling ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "paid"), [(WON, "19.50"), (LOST, "0"), (VOID, "10"), (BetSettlement.HALF_WON, "14.75")]
)
async def test_a_result_pays_what_the_account_pays_for_it(
    settling: Settling, rulings: Rulings, result: BetSettlement, paid: str
) -> None:
    bet = await settling.bet()
    await rulings.settle(bet.bet_id, result, None, SEEN)
    assert await settling.row(bet) == ("CONFIRMED", result.value, Decimal(paid), "operator")
    assert (await settling.money())["free"] == 990 + Decimal(paid)
    assert await settling.broken() == []


async def test_a_cash_out_is_settled_at_the_payout_that_is_told(settling: Settling, rulings: Rulings) -> None:
    bet = await settling.bet()
    with pytest.raises(InputError, match="--payout"):
        await rulings.settle(bet.bet_id, BetSettlement.CASHOUT, None, SEEN)
    await rulings.settle(bet.bet_id, BetSettlement.CASHOUT, Decimal("12.34"), SEEN)
    assert (await settling.row(bet))[1:3] == ("CASHOUT", Decimal("12.34"))
    assert await settling.broken() == []


async def test_an_operator_corrects_the_feed_and_himself_and_the_feed_does_not_overrule_it(
    settling: Settling, rulings: Rulings
) -> None:
    bet = await settling.bet()
    await settling.grade(SettlementStatus.WON)
    await rulings.settle(bet.bet_id, LOST, None, SEEN)
    await rulings.settle(bet.bet_id, VOID, None, "the match was abandoned")
    await settling.grade(SettlementStatus.LOST)
    await settling.read()
    assert await settling.row(bet) == ("CONFIRMED", "VOID", Decimal(10), "operator")
    actors = [("feed", "settled"), ("operator", "settled anew"), ("operator", "settled anew")]
    assert await settling.actions() == [*actors, ("engine", "settlement disputed")]
    assert await settling.broken() == []


async def test_the_bookmakers_word_goes_before_an_operators(desk: Desk, rulings: Rulings) -> None:
    settling = await Settling.on(desk)
    bet = await settling.bet()
    await rulings.settle(bet.bet_id, LOST, None, SEEN)
    settling.teller.says(bet, "WON", "20")
    await settling.read()
    assert await settling.row(bet) == ("CONFIRMED", "WON", Decimal(20), "bookmaker")
    with pytest.raises(InputError, match="whose word stands"):
        await rulings.settle(bet.bet_id, LOST, None, SEEN)
    assert await settling.broken() == []


# --- deciding ---------------------------------------------------------------------------------------------------------


async def test_a_bet_that_never_reached_its_bookmaker_frees_its_stake(settling: Settling, rulings: Rulings) -> None:
    bet = await in_doubt(settling)
    assert (await settling.money())["free"] == 990
    await rulings.never_reached(bet.bet_id, SEEN)
    assert (await settling.row(bet))[0] == "FAILED"
    assert (await settling.money())["free"] == 1000
    assert await settling.broken() == []


async def test_a_bet_that_was_taken_in_part_holds_what_was_taken(settling: Settling, rulings: Rulings) -> None:
    bet = await in_doubt(settling)
    await rulings.was_taken(bet.bet_id, Taken("4711", Decimal("1.95"), Decimal(4)), SEEN)
    assert await settling.money() == {"free": 996, "staked": 4, "venue": -1000}
    found = await settling.rows.database.fetchrow(
        "select status, in_doubt, bookmaker_bet_id, placed_odds, placed_stake from bets where bet_id = $1", bet.bet_id
    )
    assert found is not None
    assert tuple(found) == ("CONFIRMED", False, "4711", Decimal("1.95"), Decimal(4))
    assert await settling.actions() == [("operator", "decided")]
    assert await settling.broken() == []


@pytest.mark.parametrize("error", [CannotTell("vertex", "find", "no such call"), Unavailable("vertex", "find", "down")])
async def test_the_process_that_asks_finds_the_ruling(settling: Settling, rulings: Rulings, error: VenueError) -> None:
    class Mute:
        async def find(self, ref: BetRef) -> BetReport | None:
            raise error

    rows = settling.rows
    booking = Booking(rows.bets, rows.orders, rows.clock)
    placement = Placement(rows.database, rows.bets, Breakers(rows.clock), rows.clock, booking.write)
    reconciler = Reconciler(Mute(), placement, rows.clock, lambda _: Decimal(0), lambda _: None)  # type: ignore[arg-type]
    bet = await in_doubt(settling)
    assert not await reconciler.ask(bet)
    await rulings.never_reached(bet.bet_id, SEEN)
    assert await reconciler.ask(bet)
    assert bet.status is BetStatus.FAILED
    assert ("venue", "late answer") not in await settling.actions()


async def test_what_the_bookmaker_took_after_all_is_told(settling: Settling, rulings: Rulings) -> None:
    bet = await in_doubt(settling)
    await rulings.never_reached(bet.bet_id, SEEN)
    rows = settling.rows
    placement = Placement(rows.database, rows.bets, Breakers(rows.clock), rows.clock)
    bet.placed_odds, bet.placed_stake, bet.bookmaker_bet_id = Decimal(2), Decimal(10), "4711"
    bet.move_to(BetStatus.CONFIRMED)
    await placement.save(bet)
    (late,) = await rulings.taken_late(timedelta(days=1))
    assert (late.bet_id, late.status, late.taken_as) == (bet.bet_id, "FAILED", "4711")


# --- what waits, and what is refused ----------------------------------------------------------------------------------


async def test_what_waits_is_told_with_what_it_waits_for(settling: Settling, rulings: Rulings) -> None:
    doubtful, taken = await in_doubt(settling), await settling.bet()
    found = [(row.bet_id, row.for_what) for row in await rulings.waiting(timedelta(0))]
    assert found == [(doubtful.bet_id, "answer"), (taken.bet_id, "settlement")]
    assert [row.bet_id for row in await rulings.waiting(timedelta(hours=1))] == [doubtful.bet_id]


@pytest.mark.parametrize(
    ("taken", "why"),
    [
        (Taken("4711", Decimal(2), Decimal("10.01")), "was sent with 10 USD"),
        (Taken("4711", Decimal(1), Decimal(10)), "odds are above 1"),
        (Taken(" ", Decimal(2), Decimal(10)), "own id"),
    ],
)
async def test_what_cannot_be_the_bet_is_refused(settling: Settling, rulings: Rulings, taken: Taken, why: str) -> None:
    bet = await in_doubt(settling)
    with pytest.raises(InputError, match=why):
        await rulings.was_taken(bet.bet_id, taken, SEEN)
    assert (await settling.row(bet))[0] == "PLACED"


async def test_what_is_not_open_to_a_ruling_is_refused(settling: Settling, rulings: Rulings) -> None:
    doubtful, taken = await in_doubt(settling), await settling.bet()
    with pytest.raises(InputError, match="only a bet that was taken"):
        await rulings.settle(doubtful.bet_id, WON, None, SEEN)
    with pytest.raises(InputError, match="not in doubt"):
        await rulings.never_reached(taken.bet_id, SEEN)
    with pytest.raises(InputError, match="no bet 99"):
        await rulings.settle(99, WON, None, SEEN)
    with pytest.raises(InputError, match="reason"):
        await rulings.settle(taken.bet_id, WON, None, " ")
