"""Market making at a betting exchange: decimal odds, stakes in cents, commission on what a market won."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.core.tasks import Backoff
from hedgerow.sim.dialects.betfair_ex.terms import CENT, LADDER
from hedgerow.storage.database import Database

from .worldkit import AWAY, HOME, Scene, scene_on

SLUG = "betfair-ex"
COMMISSION = Decimal("0.05")


@pytest.fixture
async def quoting(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """A process that quotes the match at Betfair alone."""
    monkeypatch.setattr(Backoff, "next_pause_s", lambda self: 0.01)
    async with scene_on(database, (SLUG,)) as scene:
        await scene.start()
        await scene.run_until(lambda: len(scene.resting(SLUG)) == 4)
        await scene.run(2)
        yield scene


async def test_quotes_are_rungs_and_whole_cents_that_earn_after_commission(quoting: Scene) -> None:
    odds = {HOME: Decimal("2.05"), AWAY: Decimal("1.85")}
    for order in quoting.resting(SLUG):
        assert order.price in LADDER
        assert order.size % LADDER.lot_at(order.price, CENT) == 0
        other = odds[AWAY if order.outcome_id == HOME else HOME]
        cost = Decimal(order.price if order.side is Side.BUY else MICRO - order.price) / MICRO
        hedge = 1 / (other if order.side is Side.BUY else odds[order.outcome_id])
        assert cost + hedge + COMMISSION * (1 - cost) <= 1


async def test_a_match_is_quoted_filled_hedged_and_settled_to_the_venues_money(quoting: Scene) -> None:
    asks = [order for order in quoting.resting(SLUG) if order.side is Side.SELL and order.outcome_id == AWAY]
    await quoting.step(act=lambda: quoting.take(SLUG, Side.SELL, "0.3", 60))
    await quoting.run(2)
    (fill,) = await quoting.fills()
    # Who lays the home player best backs the other: our lay stands a rung better than our back.
    assert (fill["side"], fill["price"] * MICRO, fill["unhedged_size"]) == ("sell", asks[0].price, 0)
    (bet,) = await quoting.bets()
    assert (bet["outcome_id"], bet["status"], bet["needs"]) == (AWAY, "CONFIRMED", fill["size"])
    quoting.settle(SettlementStatus.WON)
    done = await quoting.finish()
    assert await quoting.differences() == []
    ledger = quoting.server.venues.engine(SLUG).ledger()
    (entry,) = (entry for entry in ledger["entries"] if entry["fills"])
    assert (entry["side"], entry["price"]) == ("lay", Decimal(LADDER.odds_of(asks[0].price)) / MICRO)
    earned = Decimal(ledger["balances"][f"demo_{SLUG}"]) - 10_000
    assert abs(done.pnl_by_venue[SLUG] - earned) < Decimal("0.01")
    assert done.pnl > 0
