"""An operator's word about hedges of which nobody else tells."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from hedgerow.abp.rulings import Rulings
from hedgerow.core.errors import InputError
from hedgerow.core.states import BetSettlement, BetStatus, Side
from hedgerow.mm.rulings import HedgeRulings
from hedgerow.venues.base import BetReport

from .worldkit import BOOKMAKER, Scene

SEEN = "seen in the account's history"


@pytest.fixture
async def silent(quoting: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A hundred contracts, and their hedge at a bookmaker whose statement never names it."""

    async def nothing(since_ms: int) -> list[BetReport]:
        return []

    (desk,) = [desk for desk in quoting.process.maker._hedger.desks.all() if desk.slug == BOOKMAKER]
    monkeypatch.setattr(desk.bookmaker, "settled", nothing)
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    return quoting


async def test_the_running_process_lets_a_market_go_whose_hedge_an_operator_settles(silent: Scene) -> None:
    await silent.step(act=silent.settle)
    await silent.run(90)
    assert silent.process.trader.markets
    clock = silent.world.clock
    (waiting,) = await Rulings(silent.database, clock).waiting(timedelta(minutes=1))
    assert (waiting.for_what, waiting.bookmaker) == ("settlement", BOOKMAKER)
    hedges = HedgeRulings(silent.database, clock)
    assert await hedges.is_hedge(waiting.bet_id)
    bet = await hedges.settle(waiting.bet_id, BetSettlement.LOST, None, SEEN)
    assert (bet.settlement, bet.payout, bet.settled_by) == ("LOST", 0, "operator")
    await silent.run_until(lambda: not silent.process.trader.markets, most_s=120)
    told = await silent.database.fetchrow("select actor, data from audit where subject = 'bet' and action = 'settled'")
    assert told is not None
    assert (told["actor"], told["data"]["reason"]) == ("operator", SEEN)
    assert await silent.differences() == []


async def test_a_hedge_is_not_settled_by_hand_before_its_exchange_has_decided(silent: Scene) -> None:
    (bet,) = await silent.bets()
    hedges = HedgeRulings(silent.database, silent.world.clock)
    with pytest.raises(InputError, match="not decided yet"):
        await hedges.settle(bet["bet_id"], BetSettlement.VOID, None, SEEN)
    assert [bet["settlement"] for bet in await silent.bets()] == ["UNSETTLED"]


async def test_the_bookmakers_word_goes_before_an_operators_on_a_hedge(
    silent: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await silent.step(act=silent.settle)
    await silent.run(5)
    hedges = HedgeRulings(silent.database, silent.world.clock)
    (bet,) = await silent.bets()
    await hedges.settle(bet["bet_id"], BetSettlement.CASHOUT, Decimal(20), SEEN)
    (desk,) = [desk for desk in silent.process.maker._hedger.desks.all() if desk.slug == BOOKMAKER]
    report = BetReport(
        str(bet["reference"]),
        BetStatus.CONFIRMED,
        bet["bookmaker_bet_id"],
        settlement=BetSettlement.LOST,
        payout=Decimal(0),
    )

    async def told(since_ms: int) -> list[BetReport]:
        return [report]

    monkeypatch.setattr(desk.bookmaker, "settled", told)
    await silent.process.maker._settler.read(desk)
    assert [(bet["settlement"], bet["settled_by"]) for bet in await silent.bets()] == [("LOST", "bookmaker")]
    with pytest.raises(InputError, match="whose word stands"):
        await hedges.settle(bet["bet_id"], BetSettlement.WON, None, SEEN)
