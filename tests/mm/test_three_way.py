"""A soccer match in the simulated world: three outcomes, quotes on each side of each, hedges of two bets and of one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.money import MICRO, micros
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.mm.controls import TournamentSettings
from hedgerow.mm.market import TradedMarket
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.world import Fixture

from .worldkit import BOOKMAKER, CLIENT, START_S, Resting, Scene

LEAGUE = 17
SOCCER = FixtureId("id1000001761061419")
HOME, DRAW, AWAY = OutcomeId(101), OutcomeId(102), OutcomeId(103)
ODDS = {HOME: "2.60", DRAW: "3.40", AWAY: "2.90"}
WON, LOST = SettlementStatus.WON, SettlementStatus.LOST


def put_odds(scene: Scene, odds: dict[OutcomeId, str], *, limit: int = 1000, shut: OutcomeId | None = None) -> None:
    """Pinnacle's odds in one frame; shut: an outcome that it takes no bets on."""
    scene.world.put_odds(
        Quote(OutcomeKey(SOCCER, i), BOOKMAKER, Decimal(price), Decimal(limit), Decimal(1), "USD", i != shut, 0)
        for i, price in odds.items()
    )


def take(scene: Scene, side: Side, price: str, size: int, outcome_id: OutcomeId) -> None:
    outcome = OutcomeKey(SOCCER, outcome_id)
    scene.world.exchanges["kalshi"].take(outcome, side, micros(Decimal(price)), size * MICRO)


def resting(scene: Scene) -> list[Resting]:
    return [order for order in scene.resting("kalshi") if order.outcome_id in ODDS]


def market(scene: Scene) -> TradedMarket:
    return next(m for m in scene.process.trader.markets.values() if m.key.fixture_id == SOCCER)


async def bets(scene: Scene) -> dict[int, Any]:
    return {bet["outcome_id"]: bet for bet in await scene.bets() if bet["status"] == "CONFIRMED"}


@pytest.fixture
async def soccer(scene: Scene) -> Scene:
    """A process that quotes the three results of a match, and nothing else."""
    scene.put_match(status_id=2)
    names = "Fulham", "Crystal Palace"
    scene.world.put_fixture(Fixture(SOCCER, 10, LEAGUE, *names, START_S + 7200, "Premier League", "England"))
    settings = TournamentSettings(LEAGUE, is_active=True, limit_ratio=Decimal("0.8"), price_ticks=0)
    await scene.switches.save_tournament(CLIENT, settings)
    put_odds(scene, ODDS)
    await scene.start()
    await scene.run_until(lambda: len(resting(scene)) == 6)
    return scene


async def test_every_result_is_bid_and_asked_outside_of_its_hedge(soccer: Scene) -> None:
    inverse = {i: 1 / Decimal(odds) for i, odds in ODDS.items()}
    others = {i: 1 - sum(inverse.values()) + inverse[i] for i in ODDS}
    quotes = {(order.outcome_id, order.side): Decimal(order.price) / MICRO for order in resting(soccer)}
    assert len(quotes) == 6
    for i in ODDS:
        assert 0 <= others[i] - quotes[i, Side.BUY] < Decimal("0.01")
        assert 0 <= quotes[i, Side.SELL] - inverse[i] < Decimal("0.01")


async def test_bought_result_is_hedged_by_both_others_and_nothing_is_lost_in_the_end(soccer: Scene) -> None:
    await soccer.step(act=lambda: take(soccer, Side.SELL, "0.36", 100, HOME))
    placed = await bets(soccer)
    assert {i: bet["needs"] for i, bet in placed.items()} == {DRAW: 100, AWAY: 100}
    assert all(abs(bet["placed_stake"] * bet["placed_odds"] - 100) < Decimal("0.02") for bet in placed.values())
    assert await soccer.unhedged() == 0
    await soccer.step(act=lambda: soccer.world.settle(SOCCER, {HOME: LOST, DRAW: WON, AWAY: LOST}))
    done = await soccer.outcome()
    for _ in range(60):
        if not (done := await soccer.outcome()).unsettled:
            break
        await soccer.run(1)
    assert (done.unsettled, done.pnl > 0) == (0, True)
    assert await soccer.differences() == []


async def test_sold_result_is_hedged_by_one_bet_on_itself(soccer: Scene) -> None:
    await soccer.step(act=lambda: take(soccer, Side.BUY, "0.30", 60, DRAW))
    assert {i: bet["needs"] for i, bet in (await bets(soccer)).items()} == {DRAW: 60}
    assert await soccer.unhedged() == 0


async def test_fills_on_two_results_net_to_one_bet_on_the_third(soccer: Scene) -> None:
    soccer.behave("pinnacle", down=True)
    await soccer.step(act=lambda: take(soccer, Side.SELL, "0.36", 100, HOME))
    await soccer.step(act=lambda: take(soccer, Side.SELL, "0.32", 100, AWAY))
    assert market(soccer).exposure.missing == {DRAW: 100 * MICRO}
    soccer.behave("pinnacle")
    await soccer.run_until(lambda: market(soccer).exposure.is_flat)
    assert set(await bets(soccer)) == {DRAW}


async def test_leg_that_fails_leaves_exact_unhedged_stake_and_is_repeated_up_to_the_limit(soccer: Scene) -> None:
    """In the moment of the fill the draw's limit falls to 10: its bet of 29.41 is refused, the other leg stands; then
    34 contracts at a time are covered until nothing is left."""

    def fill_while_a_limit_falls() -> None:
        take(soccer, Side.SELL, "0.36", 100, HOME)
        put_odds(soccer, {DRAW: "3.40"}, limit=10)

    await soccer.step(act=fill_while_a_limit_falls)
    await soccer.run_until(lambda: AWAY not in market(soccer).exposure.missing, most_s=5)
    first, *_ = [bet for bet in await soccer.bets() if bet["outcome_id"] == DRAW]
    assert (first["status"], first["requested_stake"]) == ("REJECTED", Decimal("29.41"))
    await soccer.run_until(lambda: market(soccer).exposure.is_flat, most_s=10)
    stakes = [bet["placed_stake"] for bet in await soccer.bets() if bet["outcome_id"] == DRAW and bet["placed_stake"]]
    assert sorted(stakes) == [Decimal("9.41"), 10, 10]
    assert await soccer.unhedged() == 0


async def test_unhedged_stake_is_exact_while_one_leg_waits(soccer: Scene) -> None:
    """The draw is not worth its limit: no bet of it reaches the bookmaker's minimum."""

    def fill_while_a_limit_falls() -> None:
        take(soccer, Side.SELL, "0.36", 100, HOME)
        put_odds(soccer, {DRAW: "3.40"}, limit=0)

    await soccer.step(act=fill_while_a_limit_falls)
    await soccer.run_until(lambda: AWAY not in market(soccer).exposure.missing, most_s=5)
    assert market(soccer).exposure.missing == {DRAW: 100 * MICRO}
    assert await soccer.unhedged() == 36
    await soccer.step(act=lambda: put_odds(soccer, {DRAW: "3.35"}))
    await soccer.run_until(lambda: market(soccer).exposure.is_flat, most_s=5)
    placed = await bets(soccer)
    assert placed[DRAW]["placed_odds"] == Decimal("3.35")
    assert (placed[DRAW]["planned_odds"], placed[AWAY]["planned_odds"]) == (Decimal("3.40"), Decimal("2.90"))
    assert await soccer.unhedged() == 0


async def test_drift_is_measured_against_each_legs_own_odds_after_a_restart_too(soccer: Scene) -> None:
    def fill_while_all_is_shut() -> None:
        soccer.world.put_book(SOCCER, BOOKMAKER, suspended=True)
        take(soccer, Side.SELL, "0.36", 50, HOME)

    await soccer.step(act=fill_while_all_is_shut)
    assert market(soccer).planned == {DRAW: 3_400_000, AWAY: 2_900_000}
    await soccer.run(1)
    await soccer.process.kill()
    put_odds(soccer, {DRAW: "3.20", AWAY: "2.90"})
    soccer.world.put_book(SOCCER, BOOKMAKER, suspended=False)
    await soccer.start()
    await soccer.run_until(lambda: AWAY not in market(soccer).exposure.missing)
    assert market(soccer).exposure.missing == {DRAW: 50 * MICRO}
    assert market(soccer).hedge_waits[DRAW].value == "the odds fell by more than maxHedgeDrift"
