"""A partner's account: what it needs, and how its requests leave."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import pytest
from tests.venues.scripted import ScriptedVenue

from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, SetupError, Unavailable
from hedgerow.core.odds import OddsMicros
from hedgerow.core.secrets import Secret
from hedgerow.venues.base import Account, BetRef, Bookmaker, VenueContext
from hedgerow.venues.registry import build_bookmaker
from hedgerow.venues.registry import venue as declared

from .conftest import EVENT, FIXTURE, NOW_S, REFERENCE, Intent, Payload
from .test_requests import as_recorded

NOWHERE = declared("cloudbetb2b").manifest.urls["rest"]
PLACE, LINES, EVENT_CALL = (
    f"{call}"
    for call in (
        "POST /b2b/pub/v3/bets/place",
        "POST /b2b/pub/v2/odds/lines",
        f"GET /b2b/pub/v2/odds/events/{EVENT}",
    )
)

Build = Callable[..., Bookmaker]


@pytest.fixture
async def desk(payload: Payload) -> AsyncIterator[ScriptedVenue]:
    """The venue at a partner's address."""
    scripted = ScriptedVenue({"error": "not scripted"})
    scripted.answer("GET /b2b/pub/v1/account/currencies", {"currencies": ["USD"]})
    scripted.answer(PLACE, payload("placed.json"))
    scripted.answer(LINES, payload("selection.json"))
    async with scripted.serving():
        yield scripted


@pytest.fixture
def build(desk: ScriptedVenue, clock: SteppedClock) -> Build:
    def make(partner_id: str = "partner-1", **meta: str) -> Bookmaker:
        keys = {"password": Secret("key-1"), "partner_id": Secret(partner_id)}
        account = Account(1, "demo", "USD", keys, {"base_url": f"{desk.url}/b2b", **meta})
        return build_bookmaker(
            "cloudbetb2b", VenueContext(account, clock, {"rest": NOWHERE}, fixture_ref={FIXTURE: EVENT}.get)
        )

    return make


@pytest.fixture
async def opened(build: Build, desk: ScriptedVenue) -> AsyncIterator[Callable[..., Any]]:
    """Opens a connector of an account with some meta; what opening asked for is out of sight."""
    made: list[Bookmaker] = []

    async def open_(**meta: str) -> Bookmaker:
        made.append(build(**meta))
        await made[-1].open()
        desk.seen.clear()
        return made[-1]

    yield open_
    for bookmaker in made:
        await bookmaker.close()


# --- what it needs -------------------------------------------------------------------------------------------------


def test_without_the_partners_address_nothing_is_built(build: Build) -> None:
    with pytest.raises(SetupError, match=r"account demo at cloudbetb2b does not say where the venue is; .*base_url"):
        build(base_url="")


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"partner_header": "X Partner"}, "partner_header of account demo"),
        ({"partner_header": ""}, "partner_header of account demo"),
        ({"partner_id": "one\r\nX-Other: 1"}, "partner_id of account demo fits no header"),
        ({"margin_bps": "much"}, "margin_bps of account demo"),
        ({"trading_version": "v4"}, "trading_version of a cloudbetb2b account"),
    ],
)
def test_settings_that_cannot_be_meant_are_setup_errors(build: Build, settings: dict[str, str], what: str) -> None:
    with pytest.raises(SetupError, match=what):
        build(**settings)


# --- how requests leave --------------------------------------------------------------------------------------------


async def test_a_bet_names_the_bettor(opened: Any, desk: ScriptedVenue, intent: Intent, golden: dict[str, Any]) -> None:
    await (await opened()).place(intent())
    assert [as_recorded(seen) for seen in desk.seen] == golden["total of a partner"]


@pytest.mark.parametrize(("meta", "header"), [({}, "X-Partner-Id"), ({"partner_header": "X-Desk"}, "X-Desk")])
async def test_every_request_names_the_partner(
    opened: Any, desk: ScriptedVenue, intent: Intent, meta: dict[str, str], header: str
) -> None:
    await (await opened(**meta)).place(intent())
    assert [(seen.headers["X-API-Key"], seen.headers[header]) for seen in desk.seen] == [("key-1", "partner-1")]


async def test_a_second_request_names_the_same_bettor(
    opened: Any, desk: ScriptedVenue, intent: Intent, payload: Payload
) -> None:
    desk.answer(PLACE, payload("above_max.json"), payload("placed.json"))
    with pytest.raises(InDoubt):  # the scripted answer has the first reference
        await (await opened(source_id="bettor-7")).place(intent(stake=Decimal(100_000), accept_partial=True))
    assert ['"customerReference":"bettor-7"' in seen.body for seen in desk.seen] == [True, True]


# --- answers -------------------------------------------------------------------------------------------------------


async def test_a_status_that_is_not_known_leaves_the_bet_in_doubt(
    opened: Any, desk: ScriptedVenue, intent: Intent, payload: Payload
) -> None:
    """Which a bet is shown as PLACED in."""
    bookmaker = await opened()
    strange = payload("bet.json", status="UNDER_REVIEW")
    desk.answer(PLACE, strange)
    desk.answer(f"GET /b2b/pub/v3/bets/{REFERENCE}/status", strange)
    with pytest.raises(InDoubt, match="cloudbetb2b place"):
        await bookmaker.place(intent())
    with pytest.raises(CannotTell, match=r"cloudbetb2b find: .*UNDER_REVIEW"):
        await bookmaker.find(BetRef(REFERENCE, None, NOW_S * 1000))


async def test_a_partner_that_is_not_known_is_told_apart(opened: Any, desk: ScriptedVenue, intent: Intent) -> None:
    bookmaker = await opened()
    desk.answer(PLACE, {"error": "unknown partner"}, status=401)
    with pytest.raises(Refused) as refused:
        await bookmaker.place(intent())
    assert (refused.value.reason, refused.value.venue) == (Reason.AUTH, "cloudbetb2b")


# --- the partner's odds --------------------------------------------------------------------------------------------


def event(*selections: tuple[str, str, str], status: str = "SELECTION_ENABLED") -> dict[str, Any]:
    """An event with lines of total goals: outcome, params, price."""
    rows = [
        {"outcome": outcome, "params": params, "price": Decimal(price), "status": status, "side": "BACK"}
        for outcome, params, price in selections
    ]
    return {"markets": {"soccer.total_goals": {"submarkets": {"period=ft": {"sequence": "1", "selections": rows}}}}}


OVER, UNDER = ("over", "total=3", "1.86"), ("under", "total=3", "2.02")


async def test_the_present_line_is_at_the_partners_odds(
    opened: Any, desk: ScriptedVenue, intent: Intent, golden: dict[str, Any]
) -> None:
    desk.answer(EVENT_CALL, event(OVER, UNDER, ("over", "total=4", "3.10"), ("under", "total=4", "1.35")))
    bookmaker, bet = await opened(margin_bps="200"), intent()
    line = await bookmaker.line(bet.market_ref, bet.outcome_ref, bet.outcome)
    assert line.odds == OddsMicros(
        1_855_000
    )  # 1.892 × 1.023591 / 1.043591 = 1.8557, the line's price being the newer one
    assert [as_recorded(seen) for seen in desk.seen] == golden["line of a partner with a margin"]


async def test_without_a_margin_the_line_is_the_venues(opened: Any, desk: ScriptedVenue, intent: Intent) -> None:
    bookmaker, bet = await opened(), intent()
    line = await bookmaker.line(bet.market_ref, bet.outcome_ref, bet.outcome)
    assert line.odds == OddsMicros(1_892_000)
    assert len(desk.seen) == 1


@pytest.mark.parametrize("told", [{}, event(OVER), event(OVER, UNDER, status="SELECTION_DISABLED"), event(UNDER)])
async def test_where_the_market_is_not_whole_nothing_is_offered(
    opened: Any, desk: ScriptedVenue, intent: Intent, told: dict[str, Any]
) -> None:
    desk.answer(EVENT_CALL, told)
    bookmaker, bet = await opened(margin_bps="200"), intent()
    assert await bookmaker.line(bet.market_ref, bet.outcome_ref, bet.outcome) is None


@pytest.mark.parametrize("price", ["0", "1", "1e9"])
async def test_a_market_with_a_price_that_is_none_is_not_read(
    opened: Any, desk: ScriptedVenue, intent: Intent, price: str
) -> None:
    desk.answer(EVENT_CALL, event(OVER, ("under", "total=3", price)))
    bookmaker, bet = await opened(margin_bps="200"), intent()
    with pytest.raises(Unavailable, match="cloudbetb2b line: unreadable answer: price"):
        await bookmaker.line(bet.market_ref, bet.outcome_ref, bet.outcome)
