"""The connectors on the simulated Betfair, whose side of the wire was written apart from them: what only this venue
does. The exam is sat in tests/exam."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal

import pytest

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.exam.bench import demo_context, open_world
from hedgerow.exam.exchange_bench import BID, ExchangeBench
from hedgerow.exam.runner import Candidate
from hedgerow.sim.dialects.betfair_ex import BetfairExchange
from hedgerow.sim.site import traffic
from hedgerow.venues.base import Fill, MarketChange, OrderRef
from hedgerow.venues.betfair_ex import rest


@pytest.fixture
async def bench() -> AsyncIterator[ExchangeBench]:
    candidate = Candidate.of("betfair-ex")
    manifest = candidate.venue.manifest
    async with AsyncExitStack() as stack:
        server = await open_world(manifest, stack)
        assert candidate.exchange is not None
        made = ExchangeBench(manifest, server, demo_context(manifest, server), stack, factory=candidate.exchange)
        await made.begin()
        yield made


def venue_of(bench: ExchangeBench) -> BetfairExchange:
    dialect = bench.server.venues.dialects[bench.slug]
    assert isinstance(dialect, BetfairExchange)
    return dialect


async def test_fills_are_found_among_more_bets_than_the_list_has_pages_for(
    bench: ExchangeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "PAGE", 2)
    monkeypatch.setattr(rest, "_MOST_PAGES", 1)
    for number in range(3):
        resting = await bench.connector.place(bench.quote(f"rests {number}"))
        await bench.connector.cancel(OrderRef(bench.instrument, None, resting.venue_ref))
    since_ms = bench.world.clock.now_ms()
    traded = await bench.connector.place(bench.quote())
    bench.take(Side.SELL, BID)
    assert [fill.venue_ref for fill in await bench.connector.fills(since_ms)] == [traded.venue_ref]
    await bench.step(1)
    assert await bench.connector.fills(bench.world.clock.now_ms()) == []


async def test_a_session_that_is_over_is_opened_anew_once_a_minute(bench: ExchangeBench) -> None:
    venue = venue_of(bench)
    venue.patch({"endSessions": True})
    with pytest.raises(Unavailable) as too_soon:  # the connector has just logged in
        await bench.connector.place(bench.quote())
    assert too_soon.value.retry_after_s
    await bench.step(61)
    await bench.connector.place(bench.quote())
    bench.expect_orders(1)


async def test_a_suspended_market_is_told_and_takes_no_bets(bench: ExchangeBench) -> None:
    await bench.connector.watch([bench.instrument])
    await bench.until(lambda: bench.told(MarketChange), "the market is followed")
    market_id = bench.instrument.market_ref
    venue_of(bench).patch({"suspended": market_id})
    await bench.until(lambda: not bench.told(MarketChange)[-1].is_open, "the suspension is told")
    with pytest.raises(Refused) as caught:
        await bench.connector.place(bench.quote())
    assert caught.value.reason is Reason.CLOSED


async def test_the_stream_spares_the_look_at_the_book(bench: ExchangeBench) -> None:
    await bench.connector.watch([bench.instrument])
    await bench.until(lambda: bench.told(MarketChange), "the market is followed")
    bench.stand(Side.SELL, BID)
    stream = bench.connector._stream  # type: ignore[attr-defined]
    await bench.until(lambda: stream.session.books.best(bench.instrument.ref)[0] == 2, "the offer is told")
    asked = traffic.requests
    with pytest.raises(Refused) as caught:
        await bench.connector.place(bench.quote(price=BID))
    assert (caught.value.reason, traffic.requests) == (Reason.PRICE, asked)


async def test_commission_is_taken_from_what_a_market_won(bench: ExchangeBench) -> None:
    await bench.connector.place(bench.quote())
    bench.take(Side.SELL, BID)
    await bench.until(lambda: bench.told(Fill), "the fill is told")
    bench.settle(SettlementStatus.WON)
    (resolution,) = await bench.connector.resolutions([bench.instrument])
    assert resolution.kept == Decimal("0.05")
    balance = await bench.connector.balance()
    assert balance.free == 10_000 + 5 - Decimal("0.25")


@pytest.mark.parametrize("is_answered", [True, False])
async def test_an_expired_bet_is_cancelled_as_soon_as_the_venue_answers_again(
    bench: ExchangeBench, is_answered: bool
) -> None:
    bench.behave(loseResponseRate=0 if is_answered else 1)
    quote = bench.quote(expires_at_ms=bench.world.clock.now_ms() + 2_000)
    if is_answered:
        await bench.connector.place(quote)
    else:
        with pytest.raises(InDoubt):
            await bench.connector.place(quote)
    bench.behave(down=True)
    await bench.step(4)
    assert len(bench.resting) == 1
    bench.behave()
    await bench.step(2)
    await bench.until(lambda: not bench.resting, "the bet is cancelled")
