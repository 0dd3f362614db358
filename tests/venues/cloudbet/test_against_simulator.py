"""The connector bets at the simulated Cloudbet, which was written apart from it, from the documents."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.errors import Reason, Refused
from hedgerow.core.ids import NO_PLAYER
from hedgerow.core.odds import OddsMicros
from hedgerow.core.states import BetStatus
from hedgerow.exam.bench import FIRST, FIXTURE, SECOND, demo_context, open_world
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.server import WorldServer
from hedgerow.venues.base import BetIntent, BetRef, Bookmaker
from hedgerow.venues.registry import build_bookmaker, venue

REFERENCE = "ebb4c11a-714b-4be6-a635-486ec09869a3"


@pytest.fixture
async def server() -> AsyncIterator[WorldServer]:
    """A world with one match, Sinner at 1.75 for at most 500 USD."""
    async with AsyncExitStack() as stack:
        made = await open_world(venue("cloudbet").manifest, stack)
        made.world.put_odds([Quote(FIRST, "cloudbet", Decimal("1.75"), Decimal(500), Decimal(5), "USD", True, 0)])
        yield made


@pytest.fixture
async def bookmaker(server: WorldServer) -> AsyncIterator[Bookmaker]:
    made = build_bookmaker("cloudbet", demo_context(venue("cloudbet").manifest, server))
    await made.open()
    yield made
    await made.close()


def bet(**changes: Any) -> BetIntent:
    given: dict[str, Any] = {
        "reference": REFERENCE,
        "fixture_id": FIXTURE,
        "outcome_id": FIRST.outcome_id,
        "player_id": NO_PLAYER,
        "market_ref": "tennis.winner",
        "outcome_ref": "home",
        "odds": OddsMicros(1_750_000),
        "stake": Decimal(400),
        "currency": "USD",
        "is_live": False,
    }
    return BetIntent(**{**given, **changes})


def taken(server: WorldServer) -> list[tuple[str, Decimal]]:
    return [(told.reference, told.stake) for told in server.world.bookmakers["cloudbet"].bets.values()]


async def test_an_account_that_is_kept_short_is_told_its_own_limit(server: WorldServer, bookmaker: Bookmaker) -> None:
    server.venues.patch("cloudbet", {}, {"accountShare": Decimal("0.25")})
    line = await bookmaker.line("tennis.winner", "home", FIRST)
    assert line is not None
    assert (line.max_stake, line.currency) == (Decimal(425), "EUR")
    with pytest.raises(Refused) as refused:
        await bookmaker.place(bet())
    assert refused.value.reason is Reason.LIMIT
    report = await bookmaker.place(bet(reference="0b6c2c0e-5d1c-4a4a-9a53-0f3ac64d3f0e", accept_partial=True))
    assert (report.status, report.stake) == (BetStatus.CONFIRMED, Decimal(125))
    assert taken(server) == [(report.bet_ref, Decimal(125))]


async def test_a_pending_bet_that_is_suspended_was_rejected(server: WorldServer, bookmaker: Bookmaker) -> None:
    server.venues.patch("cloudbet", {}, {"pendingSeconds": 5})
    sent_ms = server.world.clock.now_ms()
    assert (await bookmaker.place(bet())).status is BetStatus.PLACED
    server.world.put_book(FIXTURE, "cloudbet", suspended=True)
    server.world.clock.step_to(server.world.clock.now_ns() + 6_000_000_000)
    found = await bookmaker.find(BetRef(REFERENCE, None, sent_ms))
    assert found is not None
    assert (found.status, found.received["status"]) == (BetStatus.REJECTED, "MARKET_SUSPENDED")
    assert (await bookmaker.balance()).free == 10_000


@pytest.mark.parametrize("switch", [{"isRestricted": True}, {"hasTradingAccess": False}])
async def test_a_key_that_may_not_bet_needs_a_person(
    server: WorldServer, bookmaker: Bookmaker, switch: dict[str, bool]
) -> None:
    server.venues.patch("cloudbet", {}, switch)
    with pytest.raises(Refused) as refused:
        await bookmaker.place(bet())
    assert refused.value.reason is Reason.ACCOUNT
    assert taken(server) == []


async def test_a_partner_bets_at_its_own_odds_and_gets_no_worse() -> None:
    manifest = venue("cloudbetb2b").manifest
    async with AsyncExitStack() as stack:
        partners = await open_world(manifest, stack)
        offered = ((FIRST, "1.9"), (SECOND, "2.0"))
        partners.world.put_odds(
            Quote(outcome, manifest.slug, Decimal(odds), Decimal(500), Decimal(5), "USD", True, 0)
            for outcome, odds in offered
        )
        context = demo_context(manifest, partners)
        account = replace(context.account, meta={"margin_bps": "200"})
        made = build_bookmaker(manifest.slug, replace(context, account=account))
        stack.push_async_callback(made.close)
        line = await made.line("tennis.winner", "home", FIRST)
        assert line is not None
        assert line.odds == OddsMicros(1_860_000)  # 1.9 × 1.026316 / 1.046316 = 1.8637
        report = await made.place(bet(odds=line.odds))
        assert (report.status, report.odds) == (BetStatus.CONFIRMED, OddsMicros(1_900_000))
        (taken_bet,) = partners.world.bookmakers[manifest.slug].bets.values()
        assert (taken_bet.reference, taken_bet.price) == (REFERENCE, Decimal("1.9"))
