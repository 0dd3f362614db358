"""Hedges at a bookmaker without a statement: the feed's grades settle them, until somebody knows better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.ids import NO_PLAYER
from hedgerow.core.states import BetSettlement, BetStatus, SettlementStatus, Side
from hedgerow.execution import invariants
from hedgerow.mm.desks import Desk
from hedgerow.mm.settling import Settler
from hedgerow.venues.base import BetReport

from .test_service import away_for_a_while
from .worldkit import AWAY, BOOKMAKER, MATCH, Scene

WON, LOST, VOID = SettlementStatus.WON, SettlementStatus.LOST, SettlementStatus.VOID


@pytest.fixture
async def hedged(quoting: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A hundred contracts and their hedge, 54.05 at 1.85, at a bookmaker without a statement."""
    (desk,) = [desk for desk in quoting.process.maker._hedger.desks.all() if desk.slug == BOOKMAKER]
    silence(desk, monkeypatch, [])
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    return quoting


def silence(desk: Desk, monkeypatch: pytest.MonkeyPatch, told: Sequence[BetReport]) -> None:
    """It has no statement, and tells only that."""

    async def settled(since_ms: int) -> list[BetReport]:
        return list(told)

    manifest = replace(desk.bookmaker.manifest, has_statement=False)
    monkeypatch.setattr(desk.bookmaker, "manifest", manifest)
    monkeypatch.setattr(desk.bookmaker, "settled", settled)


async def graded(scene: Scene, grade: SettlementStatus) -> tuple[Any, ...]:
    """The feed grades the hedge; how it stands then."""
    await scene.process.maker._settler.grade(MATCH, {(AWAY, NO_PLAYER): grade})
    (bet,) = await scene.bets()
    return bet["status"], bet["settlement"], bet["payout"], bet["settled_by"]


@pytest.mark.parametrize(
    ("home", "settlement", "paid"), [(WON, "LOST", "0"), (LOST, "WON", "99.99"), (VOID, "VOID", "54.05")]
)
async def test_the_feed_settles_a_hedge_where_the_bookmaker_has_no_statement(
    hedged: Scene, home: SettlementStatus, settlement: str, paid: str
) -> None:
    await hedged.step(act=lambda: hedged.settle(home))
    await hedged.run_until(lambda: not hedged.process.trader.markets, most_s=120)
    (bet,) = await hedged.bets()
    assert (bet["settlement"], bet["payout"], bet["settled_by"]) == (settlement, Decimal(paid), "feed")
    actor = "select actor from audit where subject = 'bet' and action = 'settled'"
    assert await hedged.database.fetchval(actor) == "feed"
    assert await hedged.differences() == []


async def test_an_accounts_commission_is_taken_from_what_a_graded_hedge_wins(hedged: Scene) -> None:
    await hedged.database.execute("update bets set hedge_commission = 0.05")
    assert (await graded(hedged, WON))[2] == Decimal("97.69")


async def test_the_feed_corrects_itself_and_nobody_else(hedged: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await graded(hedged, WON)
    assert await graded(hedged, LOST) == ("CONFIRMED", "LOST", 0, "feed")
    (bet,) = await hedged.bets()
    (desk,) = [desk for desk in hedged.process.maker._hedger.desks.all() if desk.slug == BOOKMAKER]
    name, back = bet["bookmaker_bet_id"], BetSettlement.CASHOUT
    report = BetReport(str(bet["reference"]), BetStatus.CONFIRMED, name, settlement=back, payout=Decimal(50))
    silence(desk, monkeypatch, [report])
    await hedged.process.maker._settler.read(desk)
    assert await graded(hedged, WON) == ("CONFIRMED", "CASHOUT", 50, "bookmaker")
    assert all(not found for found in (await invariants.check(hedged.database, second_look_s=0)).values())


async def test_a_grade_before_the_bets_answer_settles_it_after(hedged: Scene) -> None:
    await hedged.database.execute("update bets set status = 'PLACED', placed_stake = null, covers = 0")
    assert await graded(hedged, WON) == ("PLACED", "UNSETTLED", None, None)
    await hedged.database.execute("update bets set status = 'CONFIRMED', placed_stake = 54.05")
    await hedged.process.maker._settler.ask_again()
    assert [(bet["settlement"], bet["settled_by"]) for bet in await hedged.bets()] == [("WON", "feed")]


async def test_a_grade_settles_nothing_where_the_bookmaker_has_a_statement(quoting: Scene) -> None:
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    assert await graded(quoting, WON) == ("CONFIRMED", "UNSETTLED", None, None)


async def test_grades_that_the_database_did_not_take_are_written_when_it_is_back(
    hedged: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    away_for_a_while(monkeypatch, Settler, "grade", 2)
    await hedged.step(act=hedged.settle)
    await hedged.run_until(lambda: not hedged.process.trader.markets, most_s=120)
    assert [bet["settled_by"] for bet in await hedged.bets()] == ["feed"]
