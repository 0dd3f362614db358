"""From what the exchanges list to what is quoted, and what is kept away from it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.ids import FixtureId, MarketId, OutcomeId
from hedgerow.feed.catalogue import Market
from hedgerow.mm.discovery import is_hedgeable
from hedgerow.mm.operations import Operations

from .worldkit import AWAY, HOME, MATCH, START_S, Scene

WINNER = Market(
    market_id=MarketId(121),
    sport_id=12,
    market_type="moneyline",
    period="result",
    handicap=Decimal(0),
    name="Winner",
    short_name="Winner",
    outcomes=(HOME, AWAY),
    outcome_names=("1", "2"),
    is_player_market=False,
)


def _line(market_type: str, line: str | None) -> Market:
    return replace(WINNER, market_type=market_type, handicap=None if line is None else Decimal(line))


def test_market_whose_results_are_known_is_hedgeable() -> None:
    assert is_hedgeable(WINNER)
    three = (OutcomeId(101), OutcomeId(102), OutcomeId(103))
    assert is_hedgeable(replace(WINNER, market_type="1x2", outcomes=three, outcome_names=("1", "X", "2")))


@pytest.mark.parametrize("line", ["0.5", "-1.5", "2", "0.25", "1.75"])
def test_asian_line_is_hedgeable(line: str) -> None:
    assert is_hedgeable(_line("totals", line))
    assert is_hedgeable(_line("spreads", line))


def test_market_whose_results_overlap_or_are_not_known_is_not_hedgeable() -> None:
    three = (OutcomeId(101), OutcomeId(102), OutcomeId(103))
    assert not is_hedgeable(replace(WINNER, market_type="doublechance", outcomes=three))
    assert not is_hedgeable(_line("totals", None))
    assert not is_hedgeable(_line("cornertotals", "8.5"))


def test_player_market_is_not_hedgeable() -> None:
    assert not is_hedgeable(replace(WINNER, is_player_market=True))


# --- doubt ---------------------------------------------------------------------------------------------------------


TWIN = FixtureId("id12990112000000002")


def put_twin(scene: Scene) -> None:
    """A second match of the same players on the same day: whose contract is it?"""
    scene.world.put_fixture(replace(scene.world.fixtures[MATCH], fixture_id=TWIN, start_time=START_S + 9000))


async def mappings(scene: Scene) -> list[Any]:
    return await scene.database.fetch("select * from mm_mappings order by venue, instrument_ref")


async def decide(scene: Scene, *, is_confirmed: bool) -> None:
    """The operator's word on Polymarket's contracts, and the message of the command line that follows it."""
    operations = Operations(scene.database, scene.world.clock)
    for row in await mappings(scene):
        if row["venue"] == "polymarket":
            await operations.decide("polymarket", row["instrument_ref"], is_confirmed=is_confirmed)
    scene.process.maker.operator_changed()


async def test_contract_in_doubt_is_not_quoted_before_an_operator_confirms_it(scene: Scene) -> None:
    put_twin(scene)
    await scene.start()
    await scene.run(5)
    rows = await mappings(scene)
    assert rows
    assert {row["verdict"] for row in rows} == {"QUARANTINED"}
    assert scene.resting() == []
    await decide(scene, is_confirmed=True)
    await scene.run_until(lambda: len(scene.resting("polymarket")) == 2, most_s=5)
    taken_for = {row["instrument_ref"]: row["fixture_id"] for row in rows}
    assert {row["instrument_ref"]: row["fixture_id"] for row in await mappings(scene)} == taken_for
    assert scene.resting("kalshi") == []


async def test_mapping_is_stored_before_the_contract_is_quoted(quoting: Scene) -> None:
    rows = await mappings(quoting)
    assert {(row["venue"], row["outcome_id"], row["verdict"]) for row in rows} == {
        (venue, outcome, "PROVED") for venue in ("kalshi", "polymarket") for outcome in (HOME, AWAY)
    }
    assert all(row["evidence"] for row in rows)


async def test_rejected_contract_is_taken_away_until_it_is_confirmed(quoting: Scene) -> None:
    """A token and its opposite stand or fall together: who doubts one doubts what the other is the opposite of."""
    await decide(quoting, is_confirmed=False)
    await quoting.run_until(lambda: not quoting.resting("polymarket"), most_s=5)
    await quoting.run(2)
    assert len(quoting.resting("kalshi")) == 4
    await decide(quoting, is_confirmed=True)
    await quoting.run_until(lambda: len(quoting.resting("polymarket")) == 2, most_s=5)


async def test_tournament_that_is_not_active_is_not_even_asked_for(scene: Scene) -> None:
    await scene.activate(is_active=False)
    await scene.start()
    await scene.run(5)
    assert await mappings(scene) == []
    assert scene.resting() == []


async def test_match_that_appears_later_is_quoted_soon(quoting: Scene) -> None:
    other = FixtureId("id12990112000000003")
    later = replace(
        quoting.world.fixtures[MATCH],
        fixture_id=other,
        participant1_name="Cora Dunmore",
        participant2_name="Edda Falk",
        start_time=START_S + 90_000,
    )
    await quoting.step(act=lambda: quoting.world.put_fixture(later))
    await quoting.run_until(lambda: len(quoting.process.trader.markets) == 2, most_s=65)
