"""Every request as it leaves, held against `requests.json`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.ids import FixtureId, OutcomeId, PlayerId
from hedgerow.core.money import Micros
from hedgerow.core.odds import OddsMicros
from hedgerow.core.states import Side
from hedgerow.venues.base import BetIntent, Exchange, Instrument, NewQuote, OrderRef, VenueContext
from hedgerow.venues.sx_bet import FAMILY

from .conftest import HASH, REFERENCE, book

Check = Callable[[str], None]
MARKET = {
    "marketHash": HASH,
    "status": "ACTIVE",
    "outcomeOneName": "Jannik Sinner",
    "outcomeTwoName": "Carlos Alcaraz",
    "type": 226,
    "sportId": 6,
}


@pytest.fixture
def sent(venue: Any, golden: dict[str, Any]) -> Check:
    """Compares what was sent with the recorded requests of a name; every private one names the account."""

    def check(name: str) -> None:
        beats = () if name in ("beat", "end") else ("POST /heartbeat/v3",)
        seen = [one for one in venue.seen if one.line not in beats]
        assert [[one.line, *filter(None, [one.body])] for one in seen] == golden[name]
        assert {one.key for one in seen} == {"1" * 32}

    return check


def placed(order_id: str, **outcome: Any) -> dict[str, Any]:
    return {"orders": [{"status": "SUBMITTED", "orderId": order_id, "outcome": outcome}]}


async def test_opening(exchange: Exchange, sent: Check) -> None:
    sent("open")


async def test_a_bid_looks_at_the_book_first(
    exchange: Exchange, venue: Any, quote: Callable[..., NewQuote], sent: Check, golden: Any
) -> None:
    venue.seen.clear()
    venue.answer("POST /orders-v3", placed(golden["ids"]["bid"], state="RESTED"))
    await exchange.place(quote())
    sent("bid")


async def test_an_ask_that_ends_and_may_take(
    exchange: Exchange, venue: Any, quote: Callable[..., NewQuote], sent: Check, golden: Any
) -> None:
    venue.seen.clear()
    venue.answer("POST /orders-v3", placed(golden["ids"]["ask"], state="RESTED"))
    size, price, end_ms = Micros(12_500_000), Micros(560_000), 1_790_003_600_999
    await exchange.place(quote(side=Side.SELL, price=price, size=size, post_only=False, expires_at_ms=end_ms))
    sent("expiring ask")


async def test_a_bet_takes_by_a_computed_id(context: VenueContext, venue: Any, sent: Check, golden: Any) -> None:
    assert FAMILY.bookmaker is not None
    bookmaker = FAMILY.bookmaker(context)
    await bookmaker.open()
    venue.seen.clear()
    venue.answer("GET /markets/find", [MARKET])
    venue.answer("GET /orderbook-v3/snapshot", book(two="47500000000000000000"))
    venue.answer("POST /orders-v3", placed(golden["ids"]["take"], state="FULLY_FILLED", fillAmount="5250000"))
    fixture, outcome = FixtureId("id1200231461061419"), OutcomeId(121)
    ids = (REFERENCE, fixture, outcome, PlayerId(0), HASH, f"{HASH}:1")
    bet = BetIntent(*ids, OddsMicros(1_900_000), Decimal("5.25"), "USD", is_live=False)
    report = await bookmaker.place(bet)
    await bookmaker.close()
    assert report.bet_ref == golden["ids"]["take"]
    sent("take")


async def test_heartbeats_begin_with_the_first_order_and_end_with_the_connector(
    context: VenueContext, venue: Any, quote: Callable[..., NewQuote], golden: Any, sent: Check, until: Any
) -> None:
    assert FAMILY.exchange is not None
    made = FAMILY.exchange(context)
    await made.open(lambda event: None)
    assert not venue.requests("POST /heartbeat/v3")
    venue.answer("POST /orders-v3", placed(golden["ids"]["bid"], state="RESTED"))
    await made.place(quote())
    await until(lambda: venue.requests("POST /heartbeat/v3"))
    venue.seen = venue.requests("POST /heartbeat/v3")
    sent("beat")
    venue.seen.clear()
    await made.close()
    sent("end")


Call = Callable[[Exchange, Instrument, str], Awaitable[Any]]


@pytest.mark.parametrize(
    ("name", "request_line", "answers", "call"),
    [
        ("working", "GET /orders-v3", [{"orders": [], "nextKey": "k 2"}, {"orders": []}], lambda x, i, o: x.working()),
        ("balance", "GET /orders-v3", [{"orders": []}], lambda x, i, o: x.balance()),
        ("fills", "GET /fills-v3", [{"fills": []}], lambda x, i, o: x.fills(1_790_000_000_250)),
        (
            "cancel all",
            "DELETE /orders-v3/all",
            [{"cancelledSubmitted": [], "hasMore": True}, {"cancelledSubmitted": []}],
            lambda x, i, o: x.cancel_all(),
        ),
        (
            "listings",
            "GET /markets/active",
            [{"markets": [MARKET], "nextKey": "p2"}, {"markets": []}],
            lambda x, i, o: x.listings("tennis"),
        ),
        ("resolutions", "GET /markets/find", [[MARKET]], lambda x, i, o: x.resolutions([i, i])),
    ],
)
async def test_a_question_or_a_sweep(
    name: str,
    request_line: str,
    answers: list[Any],
    call: Call,
    exchange: Exchange,
    venue: Any,
    instrument: Instrument,
    sent: Check,
) -> None:
    venue.seen.clear()
    venue.answer(request_line, *answers)
    await call(exchange, instrument, "")
    sent(name)


async def test_a_cancel_and_a_search_by_id(
    exchange: Exchange, venue: Any, instrument: Instrument, sent: Check, golden: Any
) -> None:
    order_id = golden["ids"]["bid"]
    ref = OrderRef(instrument, REFERENCE, order_id)
    venue.answer("DELETE /orders-v3", {"cancelled": [{"orderId": order_id}], "notCancelled": [], "unconfirmed": []})
    venue.seen.clear()
    await exchange.cancel(ref)
    sent("cancel")
    row = {"id": order_id, "marketHash": HASH, "isBettingOutcomeOne": True, "status": "ACTIVE"}
    numbers = {"percentageOdds": "52000000000000000000", "totalBetSize": "5200000", "remainingSize": "2600000"}
    venue.answer(f"GET /orders-v3/{order_id}", row | numbers)
    venue.seen.clear()
    found = await exchange.find_order(ref)
    sent("find")
    assert found is not None
    assert (found.price, found.size, found.filled) == (520_000, 10_000_000, 5_000_000)
