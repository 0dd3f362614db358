"""Accounts whose betslips are verified: what the bookmaker says counts, and for how long."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import cast

import pytest

from hedgerow.abp import verifying as module
from hedgerow.abp.desks import Desk
from hedgerow.abp.offers import Offer
from hedgerow.abp.verifying import KEPT_MS, Verifier
from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.ids import OutcomeKey
from hedgerow.core.odds import OddsMicros
from hedgerow.venues.base import LiveLine

from .runkit import ALCARAZ, SINNER

LINE = LiveLine("m", "o", OddsMicros(1_900_000), Decimal(3), Decimal(70), "EUR")
FEEDS = Offer(Decimal("1.8"), Decimal(500), "USD", "m", "o", changed_ms=0, is_live=False)
TOO_SOON = Unavailable("pinnacle", "line", "asked for a moment ago", retry_after_s=90.0)


class Bookie:
    """A bookmaker that answers what it is told to."""

    def __init__(self) -> None:
        self.answer: LiveLine | VenueError | None = LINE

    async def line(self, market_ref: str, outcome_ref: str, outcome: OutcomeKey) -> LiveLine | None:
        if isinstance(self.answer, VenueError):
            raise self.answer
        return self.answer


@pytest.fixture
def bookie() -> Bookie:
    return Bookie()


@pytest.fixture
def desk(bookie: Bookie) -> Desk:
    return desk_of(bookie, 1)


def desk_of(bookie: Bookie, account_id: int) -> Desk:
    return cast(Desk, SimpleNamespace(row=SimpleNamespace(account_id=account_id, venue="pinnacle"), bookmaker=bookie))


@pytest.fixture
def verifier(clock: SteppedClock) -> Verifier:
    return Verifier(clock)


def shown(offer: Offer) -> tuple[Decimal | None, bool]:
    return offer.price, offer.unusable is None


async def test_the_bookmakers_own_line_counts_and_not_the_feeds(verifier: Verifier, desk: Desk) -> None:
    found = await verifier.verified(desk, replace(FEEDS, unusable="stale"), SINNER)
    assert found == replace(
        FEEDS, price=Decimal("1.9"), limit=Decimal(70), limit_min=Decimal(3), limit_currency="EUR", unusable=None
    )


async def test_what_the_bookmaker_does_not_offer_has_no_price(verifier: Verifier, desk: Desk, bookie: Bookie) -> None:
    bookie.answer = None
    assert shown(await verifier.verified(desk, FEEDS, SINNER)) == (None, False)


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("pinnacle", "line", "not reached"),
        InDoubt("pinnacle", "line", "no answer"),
        CannotTell("pinnacle", "line", "nobody knows"),
        Refused("pinnacle", "line", "suspended", reason=Reason.CLOSED),
    ],
)
async def test_an_offer_of_a_bookmaker_that_does_not_answer_is_inactive(
    verifier: Verifier, desk: Desk, bookie: Bookie, error: VenueError
) -> None:
    await verifier.verified(desk, FEEDS, SINNER)
    bookie.answer = error
    assert shown(await verifier.verified(desk, FEEDS, SINNER)) == (Decimal("1.8"), False)


@pytest.mark.parametrize("error", [TOO_SOON, Refused("pinnacle", "line", "too many", reason=Reason.RATE)])
async def test_what_was_told_last_stands_while_it_may_not_be_asked_again(
    verifier: Verifier, desk: Desk, bookie: Bookie, clock: SteppedClock, error: VenueError
) -> None:
    await verifier.verified(desk, FEEDS, SINNER)
    bookie.answer = error
    clock.advance(KEPT_MS / 1000)
    assert shown(await verifier.verified(desk, FEEDS, SINNER)) == (Decimal("1.9"), True)
    clock.advance(0.001)
    assert await verifier.verified(desk, FEEDS, SINNER) == FEEDS


async def test_what_was_not_offered_stays_so_while_it_may_not_be_asked_again(
    verifier: Verifier, desk: Desk, bookie: Bookie
) -> None:
    bookie.answer = None
    await verifier.verified(desk, FEEDS, SINNER)
    bookie.answer = TOO_SOON
    assert shown(await verifier.verified(desk, FEEDS, SINNER)) == (None, False)


async def test_a_later_move_of_the_feed_counts_more_than_what_was_told_before(
    verifier: Verifier, desk: Desk, bookie: Bookie, clock: SteppedClock
) -> None:
    await verifier.verified(desk, FEEDS, SINNER)
    bookie.answer = TOO_SOON
    moved = replace(FEEDS, price=Decimal("1.85"), changed_ms=clock.now_ms() + 1)
    assert await verifier.verified(desk, moved, SINNER) == moved
    same = replace(FEEDS, market_ref="m2", changed_ms=clock.now_ms())
    assert shown(await verifier.verified(desk, same, SINNER)) == (Decimal("1.9"), True)


async def test_what_was_never_told_is_shown_as_the_feed_has_it(verifier: Verifier, desk: Desk, bookie: Bookie) -> None:
    await verifier.verified(desk, FEEDS, ALCARAZ)
    await verifier.verified(desk_of(bookie, 2), FEEDS, SINNER)
    bookie.answer = TOO_SOON
    assert await verifier.verified(desk, FEEDS, SINNER) == FEEDS
    inactive = replace(FEEDS, unusable="inactive")
    assert await verifier.verified(desk, inactive, SINNER) == inactive


async def test_of_too_many_lines_those_asked_for_first_are_forgotten(
    verifier: Verifier, desk: Desk, bookie: Bookie, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_KEPT", 1)
    for outcome in (SINNER, ALCARAZ):
        await verifier.verified(desk, FEEDS, outcome)
    bookie.answer = TOO_SOON
    assert await verifier.verified(desk, FEEDS, SINNER) == FEEDS
    assert shown(await verifier.verified(desk, FEEDS, ALCARAZ)) == (Decimal("1.9"), True)
