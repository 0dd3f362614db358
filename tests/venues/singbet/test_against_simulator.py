"""The connector bets at the simulated broker, which was written apart from it, from the documents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from decimal import Decimal

import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.errors import InDoubt
from hedgerow.core.ids import OutcomeId
from hedgerow.core.odds import OddsMicros
from hedgerow.core.states import BetSettlement, BetStatus, SettlementStatus
from hedgerow.exam.bench import FIRST, FIXTURE, demo_context, open_world
from hedgerow.sim import singbet_ids
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.server import WorldServer
from hedgerow.sim.site import traffic
from hedgerow.venues.base import BetIntent, BetRef, Bookmaker
from hedgerow.venues.registry import build_bookmaker, venue

HALF_AN_HOUR_S = 1_800

Intent = Callable[..., BetIntent]


@pytest.fixture
async def server() -> AsyncIterator[WorldServer]:
    """A world with one match, Sinner at 1.75 for at most 500 USD."""
    async with AsyncExitStack() as stack:
        made = await open_world(venue("singbet").manifest, stack)
        made.world.put_odds([Quote(FIRST, "singbet", Decimal("1.75"), Decimal(500), Decimal(5), "USD", True, 0)])
        yield made


@pytest.fixture
async def sim_bookmaker(server: WorldServer) -> AsyncIterator[Bookmaker]:
    made = build_bookmaker("singbet", demo_context(venue("singbet").manifest, server))
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def bet(server: WorldServer, intent: Intent) -> BetIntent:
    """Of 40 on Sinner."""
    market = server.world.catalogue.market_of(OutcomeId(FIRST.outcome_id))
    assert market is not None
    ref = singbet_ids.market_ref(FIXTURE, market)
    return intent(fixture_id=FIXTURE, outcome_id=FIRST.outcome_id, market_ref=ref, odds=OddsMicros(1_750_000))


async def test_a_bet_in_three_tickets_is_lost_found_and_settled_as_one(
    server: WorldServer, sim_bookmaker: Bookmaker, bet: BetIntent
) -> None:
    server.venues.patch("singbet", {"loseResponseRate": 1}, {"ticketsPerBet": 3})
    with pytest.raises(InDoubt):
        await sim_bookmaker.place(bet)
    server.venues.patch("singbet", {}, {})
    found = await sim_bookmaker.find(BetRef(bet.reference, None, server.world.clock.now_ms(), stake=bet.stake))
    assert found is not None
    assert (found.status, found.stake, found.odds) == (BetStatus.CONFIRMED, 40, 1_750_000)
    server.world.settle(FIXTURE, {int(FIRST.outcome_id): SettlementStatus.HALF_WON})
    (report,) = await sim_bookmaker.settled(server.world.clock.now_ms())
    book = server.world.bookmakers["singbet"]
    assert len(book.bets) == 3
    assert report.payout == sum(taken.payout for taken in book.bets.values())
    assert (report.settlement, report.reference) == (BetSettlement.HALF_WON, bet.reference)


async def test_a_match_is_bet_on_early_today_and_live_and_after_a_session_ended(
    server: WorldServer, sim_bookmaker: Bookmaker, bet: BetIntent
) -> None:
    fixture, clock = server.world.fixtures[FIXTURE], server.world.clock
    early = await sim_bookmaker.place(replace(bet, reference="early"))
    clock.step_to(clock.now_ns() + 3 * HALF_AN_HOUR_S * NS_PER_S)
    today = await sim_bookmaker.place(replace(bet, reference="today"))
    server.world.put_fixture(replace(fixture, live=True))
    before = traffic.requests
    live = await sim_bookmaker.place(replace(bet, reference="live", is_live=True))
    assert {report.status for report in (early, today, live)} == {BetStatus.CONFIRMED}
    assert traffic.requests - before == 3  # a quote, the bet, its tickets
    assert [taken.reference for taken in server.world.bookmakers["singbet"].bets.values()] == ["early", "today", "live"]


async def test_a_reference_that_is_used_twice_makes_two_bets_and_both_are_told(
    server: WorldServer, sim_bookmaker: Bookmaker, bet: BetIntent
) -> None:
    await sim_bookmaker.place(bet)
    report = await sim_bookmaker.place(bet)
    assert (report.stake, len(server.world.bookmakers["singbet"].bets)) == (80, 2)
