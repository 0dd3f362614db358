"""Rehearsals make what a tick would make, and leave no trace of it."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from hedgerow.core.states import Side
from hedgerow.mm.engine import Engine
from hedgerow.mm.lane import reference_of
from hedgerow.mm.market import Place, TradedMarket
from hedgerow.mm.rehearsal import Rehearsal
from hedgerow.mm.taping.player import replay
from hedgerow.storage.database import Database
from hedgerow.venues.base import BetIntent, NewQuote
from hedgerow.venues.polymarket.connector import Polymarket

from .test_looks import seen
from .worldkit import Scene, scene_on

PLACES = 6
"""Of the scene's market."""


def rehearsal(scene: Scene) -> Rehearsal:
    return Rehearsal(lambda: [scene.process.maker.engine])


def rehearse(scene: Scene, rounds: int = 1) -> None:
    """A round begins with a step that lists the others, and has one for the market's hedge."""
    step = rehearsal(scene)
    for _ in range(rounds * (PLACES + 2)):
        step()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[NewQuote]:
    """Quotes that Polymarket's connector rehearsed."""
    quotes: list[NewQuote] = []
    rehearse_one = Polymarket.rehearse

    def noting(self: Polymarket, quote: NewQuote) -> None:
        quotes.append(quote)
        rehearse_one(self, quote)

    monkeypatch.setattr(Polymarket, "rehearse", noting)
    return quotes


async def test_every_place_has_its_turn_with_the_quote_that_rests_there(quoting: Scene, made: list[NewQuote]) -> None:
    rehearse(quoting)
    orders = quoting.process.lane("polymarket").live_orders()
    assert {(q.instrument.ref, q.side, q.price) for q in made} == {(o.instrument.ref, o.side, o.price) for o in orders}
    assert len(made) == len(orders) == 2


async def test_rehearsed_quote_follows_the_odds_of_the_moment(quoting: Scene, made: list[NewQuote]) -> None:
    await quoting.step(act=lambda: quoting.put_odds("2.40", "1.64"))
    await quoting.run(1)
    rehearse(quoting)
    assert {q.price for q in made} == {o.price for o in quoting.process.lane("polymarket").live_orders()}


async def test_rehearsed_quote_has_no_orders_reference(quoting: Scene, made: list[NewQuote]) -> None:
    rehearse(quoting)
    tag = await quoting.process.maker.repository.deployment_tag()
    assert {quote.client_ref for quote in made} == {reference_of(tag, 0)}
    assert all(order.order_id > 0 for order in quoting.process.orders())


async def test_rehearsals_send_nothing_and_change_nothing(quoting: Scene) -> None:
    before = (
        seen(quoting.process.market),
        quoting.resting(),
        [len(quoting.sim_orders(s)) for s in ("kalshi", "polymarket")],
    )
    left = quoting.process.maker._numbers.left
    rehearse(quoting, rounds=20)
    await quoting.run(2)
    assert before == (
        seen(quoting.process.market),
        quoting.resting(),
        [len(quoting.sim_orders(s)) for s in ("kalshi", "polymarket")],
    )
    assert quoting.process.maker._numbers.left == left


async def test_order_after_rehearsals_is_as_without_them(quoting: Scene) -> None:
    rehearse(quoting, rounds=3)
    await quoting.step(act=lambda: quoting.put_odds("2.40", "1.64"))
    await quoting.run(1)
    await quoting.step(act=lambda: quoting.take("polymarket", Side.SELL, "0.30", 20))
    assert len(quoting.resting()) == PLACES
    assert await quoting.unhedged() == Decimal(0)


async def test_hedge_of_a_small_fill_is_made_ready_and_forgotten(
    quoting: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[BetIntent] = []
    monkeypatch.setattr("hedgerow.mm.hedger.prepare", lambda _, intent: made.append(intent))
    market, trader = quoting.process.market, quoting.process.trader
    before = market.exposure.payouts(), trader.hedge_cash
    rehearse(quoting, rounds=2)
    first, second = made
    assert first == second
    assert (first.odds, first.stake) == (1_850_000, Decimal("5.41"))  # pays 10 on the other outcome
    assert (market.exposure.payouts(), trader.hedge_cash) == before
    assert quoting.sim_bets() == []
    assert await quoting.bets() == []


async def test_fill_after_rehearsals_is_hedged_by_its_own_bet(quoting: Scene) -> None:
    rehearse(quoting, rounds=3)
    await quoting.step(act=lambda: quoting.take("polymarket", Side.SELL, "0.30", 20))
    (bet,) = quoting.sim_bets()
    assert bet.reference != str(UUID(int=0))
    assert await quoting.unhedged() == Decimal(0)


async def test_tape_with_rehearsals_between_its_turns_replays_as_it_was(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "day.tape.zst"
    async with scene_on(database, engine_tape=path) as scene:
        await scene.start()
        await scene.run_until(lambda: len(scene.resting()) == PLACES)
        for odds in (("2.40", "1.64"), ("2.05", "1.85")):
            rehearse(scene)
            await scene.step(act=lambda odds=odds: scene.put_odds(*odds))  # type: ignore[misc]
            rehearse(scene)
            await scene.run(1)
        await scene.step(act=lambda: scene.take("polymarket", Side.SELL, "0.30", 20))
        rehearse(scene)
        await scene.process.stop()
    verdict = await replay(path, io.BytesIO())
    assert verdict.first_difference is None
    assert verdict.decisions > PLACES


async def test_exchange_that_is_out_of_step_is_not_rehearsed(quoting: Scene, made: list[NewQuote]) -> None:
    quoting.process.lane("polymarket").is_synced = False
    rehearse(quoting)
    assert made == []


async def test_market_without_odds_or_settings_has_nothing_to_rehearse(quoting: Scene, made: list[NewQuote]) -> None:
    await quoting.step(act=quoting.suspend)
    rehearse(quoting)
    await quoting.step(act=lambda: quoting.suspend(False))
    await quoting.activate(is_active=False)
    await quoting.process.maker.commands.refresh_settings()
    rehearse(quoting)
    assert made == []


async def test_error_is_told_once_and_ends_the_rehearsals_alone(
    quoting: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Place] = []

    def broken(self: Engine, market: TradedMarket, place: Place) -> None:
        tried.append(place)
        raise ZeroDivisionError

    monkeypatch.setattr(Engine, "rehearse", broken)
    with capture_logs() as logs:
        rehearse(quoting, rounds=3)
    assert len(tried) == 1
    assert [log["event"] for log in logs] == ["rehearsals have ended"]
    assert len(quoting.resting()) == PLACES
