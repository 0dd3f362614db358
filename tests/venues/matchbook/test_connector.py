"""What the connector makes of answers, silence and refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
from tests.patience import PATIENCE_S

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable
from hedgerow.core.money import Micros
from hedgerow.core.states import OrderStatus, Side
from hedgerow.venues.base import Exchange, ExchangeEvent, Fill, Instrument, NewQuote, OrderRef, OrderState, StreamGap

OFFERS = "/edge/rest/v2/offers"
BALANCE = "/edge/rest/account/balance"
SETTLED = "/edge/rest/reports/v2/bets/settled"
SESSION = "/bpapi/rest/security/session"
BEAT = "/edge/rest/v1/heartbeat"
PRICES = "/edge/rest/events/395729780570010/markets/395729860260010/runners/395729860800010/prices"
OFFER_ID = "413177013410013"

Quote = Callable[..., NewQuote]
Offer = Callable[..., dict[str, Any]]


def error(text: str, field: str | None = None) -> dict[str, Any]:
    return {"errors": [{"messages": [text], "field": field}]}


def failed(offer: Offer, text: str, field: str | None) -> dict[str, Any]:
    return {"offers": [offer(status="failed", id=None, **error(text, field))]}


async def refusal(asked: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await asked
    return caught.value


# --- placing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "field", "reason"),
    [
        ("-2 is not a valid stake. Stake must be at least EUR0.1.", "stake", Reason.LIMIT),
        ("You have insufficient funds", "stake", Reason.FUNDS),
        ("Market is suspended", None, Reason.CLOSED),
        ("Runner 7 does not exist", "runner-id", Reason.CLOSED),
        ("0.5 is not valid", "odds", Reason.INVALID),
        ("Something else", None, Reason.OTHER),
    ],
)
async def test_an_offer_that_failed_is_refused_for_its_reason(
    exchange: Exchange, venue: Any, quote: Quote, offer: Offer, text: str, field: str | None, reason: Reason
) -> None:
    venue.answer(f"POST {OFFERS}", failed(offer, text, field), status=400)
    refused = await refusal(exchange.place(quote()))
    assert (refused.reason, refused.message) == (reason, text)


async def test_a_lost_answer_leaves_the_offer_in_doubt(
    exchange: Exchange, venue: Any, quote: Quote, lost: object
) -> None:
    venue.answer(f"POST {OFFERS}", lost)
    with pytest.raises(InDoubt):
        await exchange.place(quote())


@pytest.mark.parametrize(("status", "body"), [(200, "<html>"), (200, {"offers": []}), (503, error("down"))])
async def test_an_answer_that_says_nothing_leaves_the_offer_in_doubt(
    exchange: Exchange, venue: Any, quote: Quote, status: int, body: Any
) -> None:
    venue.answer(f"POST {OFFERS}", body, status=status)
    with pytest.raises(InDoubt):
        await exchange.place(quote())


async def test_a_400_without_offers_is_a_refusal(exchange: Exchange, venue: Any, quote: Quote) -> None:
    venue.answer(f"POST {OFFERS}", error("Invalid request body"), status=400)
    assert (await refusal(exchange.place(quote()))).reason is Reason.OTHER


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"price": Micros(416_665)}, Reason.PRICE),
        ({"size": Micros(12_000_001)}, Reason.LIMIT),
        ({"size": Micros(24_000)}, Reason.LIMIT),
        ({"size": Micros(0)}, Reason.LIMIT),
    ],
)
async def test_what_the_venue_would_move_or_refuse_is_not_sent(
    exchange: Exchange, venue: Any, quote: Quote, changes: dict[str, Any], reason: Reason
) -> None:
    assert (await refusal(exchange.place(quote(**changes)))).reason is reason
    assert venue.seen == []


@pytest.mark.parametrize(
    ("side", "there", "odds", "trades"),
    [
        (Side.BUY, "back", Decimal("2.4"), True),
        (Side.BUY, "back", Decimal("2.38"), False),
        (Side.BUY, "lay", Decimal("2.38"), False),
        (Side.SELL, "lay", Decimal("2.4"), True),
        (Side.SELL, "lay", Decimal("2.42"), False),
    ],
)
async def test_an_offer_that_must_rest_is_not_sent_where_it_would_trade(
    exchange: Exchange, venue: Any, quote: Quote, offer: Offer, side: Side, there: str, odds: Decimal, trades: bool
) -> None:
    venue.answer(f"GET {PRICES}", {"prices": [{"available-amount": 1, "odds": odds, "side": there}]})
    name = "back" if side is Side.BUY else "lay"
    venue.answer(f"POST {OFFERS}", {"offers": [offer(side=name)]})
    if trades:
        assert (await refusal(exchange.place(quote(side=side)))).reason is Reason.PRICE
    else:
        assert (await exchange.place(quote(side=side))).status is OrderStatus.PLACED
    assert len(venue.requests(f"POST {OFFERS}")) == (not trades)


async def test_an_offer_is_cancelled_when_it_expires(
    exchange: Exchange, venue: Any, quote: Quote, offer: Offer, clock: SteppedClock, eventually: Any
) -> None:
    venue.answer(f"POST {OFFERS}", {"offers": [offer()]})
    venue.answer(f"POST {BEAT}", {"action-performed": "HEARTBEAT_ACTIVATED"})
    venue.answer(f"DELETE {OFFERS}/{OFFER_ID}", offer(status="cancelled"))
    await exchange.place(quote(expires_at_ms=clock.now_ms() + 1_000))
    clock.advance_to(clock.now_ns() + NS_PER_S)
    await eventually(lambda: venue.requests(f"DELETE {OFFERS}/{OFFER_ID}"))


# --- looking for it ------------------------------------------------------------------------------------------------


async def test_absence_counts_when_the_offer_can_no_longer_arrive(
    exchange: Exchange, venue: Any, quote: Quote, lost: object, clock: SteppedClock
) -> None:
    venue.answer(f"GET {SETTLED}", {"total": 0, "markets": []})
    venue.answer(f"POST {OFFERS}", lost)
    ref = exchange.ref_of(quote())
    with pytest.raises(InDoubt):
        await exchange.place(quote())
    with pytest.raises(CannotTell, match="may still arrive"):
        await exchange.find_order(ref)
    clock.advance_to(clock.now_ns() + 60 * NS_PER_S)
    assert await exchange.find_order(ref) is None


async def test_absence_does_not_count_where_a_bet_was_settled_since(
    exchange: Exchange, venue: Any, quote: Quote, clock: SteppedClock
) -> None:
    bet = {
        "id": 1,
        "offer-id": 2,
        "odds": 2.4,
        "stake": 5,
        "profit-and-loss": -5,
        "matched-time": "2026-11-21T12:00:30Z",
    }
    market = {
        "id": 3,
        "settled-time": "2026-11-21T12:00:50Z",
        "selections": [{"runner-id": 395729860800010, "side": "back", "bets": [bet]}],
    }
    venue.answer(f"GET {SETTLED}", {"total": 1, "markets": [market]})
    clock.advance_to(clock.now_ns() + 61 * NS_PER_S)
    with pytest.raises(CannotTell, match="settled since"):
        await exchange.find_order(exchange.ref_of(quote()))


async def test_absence_counts_no_more_when_the_offer_may_have_left_the_list(
    exchange: Exchange, quote: Quote, clock: SteppedClock
) -> None:
    clock.advance_to(clock.now_ns() + 3_600 * NS_PER_S)
    with pytest.raises(CannotTell, match="too long ago"):
        await exchange.find_order(exchange.ref_of(quote()))


@pytest.mark.parametrize("status", [400, 404])
async def test_an_offer_that_is_not_open_is_unknown_to_a_cancel(
    exchange: Exchange, venue: Any, instrument: Instrument, status: int
) -> None:
    venue.answer(f"DELETE {OFFERS}/{OFFER_ID}", error("Offer is not open."), status=status)
    refused = await refusal(exchange.cancel(OrderRef(instrument, None, OFFER_ID)))
    assert refused.reason is Reason.UNKNOWN_ORDER


# --- the session ---------------------------------------------------------------------------------------------------


async def test_a_session_that_is_over_is_renewed_and_the_question_repeated_once(exchange: Exchange, venue: Any) -> None:
    venue.answer(f"GET {BALANCE}", error("Authentication required."), status=401)
    venue.then(f"GET {BALANCE}", {"free-funds": 79.7})
    assert (await exchange.balance()).free == Decimal("79.7")
    assert len(venue.requests(f"POST {SESSION}")) == 1


async def test_a_session_that_stays_over_is_a_refusal(exchange: Exchange, venue: Any) -> None:
    venue.answer(f"GET {BALANCE}", error("Authentication required."), status=401)
    assert (await refusal(exchange.balance())).reason is Reason.AUTH
    assert len(venue.requests(f"GET {BALANCE}")) == 2


async def test_an_offer_that_met_a_dead_session_was_not_taken_and_is_not_repeated(
    exchange: Exchange, venue: Any, quote: Quote
) -> None:
    venue.answer(f"POST {OFFERS}", error("Authentication required."), status=401)
    with pytest.raises(Unavailable):
        await exchange.place(quote())
    assert len(venue.requests(f"POST {OFFERS}")) == 1


async def test_a_token_is_renewed_before_it_ends(exchange: Exchange, venue: Any, clock: SteppedClock) -> None:
    venue.answer(f"GET {BALANCE}", {"free-funds": 79.7})
    clock.advance_to(clock.now_ns() + 4 * 3_600 * NS_PER_S)
    await exchange.balance()
    assert len(venue.requests(f"POST {SESSION}")) == 1


async def test_too_many_requests_pause_their_group(exchange: Exchange, venue: Any, clock: SteppedClock) -> None:
    venue.answer(f"GET {BALANCE}", error("Too many requests"), status=429)
    with pytest.raises(Unavailable) as caught:
        await exchange.balance()
    assert caught.value.retry_after_s == 10
    asked = len(venue.requests(f"GET {BALANCE}"))
    with pytest.raises(Unavailable):
        await exchange.balance()
    assert len(venue.requests(f"GET {BALANCE}")) == asked


async def test_a_barred_address_is_not_a_session_that_is_over(exchange: Exchange, venue: Any) -> None:
    venue.answer(f"GET {BALANCE}", "<html>Attention Required!</html>", status=403)
    refused = await refusal(exchange.balance())
    assert (refused.reason, len(venue.requests(f"GET {BALANCE}"))) == (Reason.ACCOUNT, 1)


# --- following -----------------------------------------------------------------------------------------------------


@pytest.fixture
def goes_on(clock: SteppedClock) -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """The time goes on, second by second, until a condition holds."""

    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                clock.advance_to(clock.now_ns() + NS_PER_S)
                await asyncio.sleep(0.005)

    return wait


async def test_changes_are_told_once_and_a_silence_is_a_gap(
    exchange: Exchange, venue: Any, offer: Offer, lost: object, events: list[ExchangeEvent], goes_on: Any
) -> None:
    bet = {"id": 9, "odds": 2.4, "stake": 2, "created-at": "2026-11-21T12:00:01Z"}
    partly = {"total": 1, "offers": [offer(remaining=3, matched_bets=[bet])]}
    venue.answer(f"GET {OFFERS}", partly, partly, lost, partly)
    await goes_on(lambda: len(events) >= 4)
    assert [type(event) for event in events] == [Fill, OrderState, StreamGap, StreamGap]
    assert [event.is_down for event in events if isinstance(event, StreamGap)] == [True, False]


async def test_an_open_offer_that_is_listed_no_more_is_a_gap(
    exchange: Exchange, venue: Any, offer: Offer, events: list[ExchangeEvent], goes_on: Any
) -> None:
    venue.answer(f"GET {OFFERS}", {"total": 1, "offers": [offer()]}, {"total": 0, "offers": []})
    await goes_on(lambda: len(events) >= 3)
    reason = "open offers that are listed no more: 1"
    assert [type(event) for event in events[:1]] == [OrderState]
    assert events[1:] == [StreamGap(reason, is_down=True), StreamGap(reason, is_down=False)]


async def test_a_lapsed_switch_is_announced(
    exchange: Exchange,
    venue: Any,
    quote: Quote,
    offer: Offer,
    lost: object,
    events: list[ExchangeEvent],
    goes_on: Any,
) -> None:
    accepted = {"action-performed": "HEARTBEAT_ACTIVATED", "actual-timeout": 15}
    venue.answer(f"POST {OFFERS}", {"offers": [offer()]})
    venue.answer(f"POST {BEAT}", accepted, *[lost] * 20, accepted)
    await exchange.place(quote())
    await goes_on(lambda: bool(events))
    (gap,) = events
    assert isinstance(gap, StreamGap)
    assert (gap.reason.startswith("no heartbeat for "), gap.is_down) == (True, False)
