"""Fills, the stream, its interruptions, and the dead-man's switch: X40-X51."""

from __future__ import annotations

from hedgerow.core.errors import VenueError
from hedgerow.core.money import MICRO
from hedgerow.core.states import FillState, OrderStatus, SettlementStatus, Side
from hedgerow.exam.cases import expect, expect_same
from hedgerow.exam.exchange_bench import BID, ExchangeBench, exchange_case, is_told
from hedgerow.venues.base import Fill, MarketChange, StreamGap

# --- fills -------------------------------------------------------------------------------------------------------


@exchange_case("X40", "fills")
async def the_list_of_fills_is_the_exchanges(bench: ExchangeBench) -> None:
    await bench.connector.place(bench.quote("one"))
    await bench.connector.place(bench.quote("two", price=bench.below()))
    for size in (2, 5, 7):
        bench.take(Side.SELL, bench.below(), size * MICRO)
    fills = await bench.connector.fills(0)
    bench.expect_fills(fills)
    expect_same("their order", [fill.at_ms for fill in fills], sorted(fill.at_ms for fill in fills))
    expect_same("identities", len({(fill.trade_ref, fill.venue_ref) for fill in fills}), len(fills))


@exchange_case("X41", "fills")
async def fills_are_listed_from_the_time_that_is_asked_for(bench: ExchangeBench) -> None:
    await bench.connector.place(bench.quote())
    bench.take(Side.SELL, BID, 2 * MICRO)
    await bench.step(10)
    since_ms = bench.now_ms
    bench.take(Side.SELL, BID, 3 * MICRO)
    expect_same("fills since then", [fill.size for fill in await bench.connector.fills(since_ms)], [3 * MICRO])
    await bench.step(10)
    expect_same("fills after them", await bench.connector.fills(bench.now_ms), [])


@exchange_case("X42", "fills")
async def a_fill_that_is_told_twice_is_one(bench: ExchangeBench) -> None:
    bench.behave(duplicateFills=True)
    await bench.connector.place(bench.quote())
    bench.take(Side.SELL, BID)
    await bench.until(lambda: len(bench.told(Fill)) >= 2, "the fill is told twice")
    bench.expect_fills(bench.told(Fill))
    bench.expect_fills(await bench.connector.fills(0))


@exchange_case("X43", "fills")
async def a_trade_that_is_taken_back_does_not_stay_a_fill(bench: ExchangeBench) -> None:
    bench.behave(failTradeRate=1)
    await bench.connector.place(bench.quote())
    bench.take(Side.SELL, BID)
    await bench.until(lambda: bench.told(Fill), "the fill is told")
    await bench.step(10)
    if not bench.order.fills:
        await bench.until(lambda: bench.told(Fill)[-1].state is FillState.REVERSED, "the reversal is told")
    last = {(fill.trade_ref, fill.venue_ref): fill for fill in bench.told(Fill)}
    bench.expect_fills(last.values())
    bench.expect_fills(await bench.connector.fills(0))


# --- the stream --------------------------------------------------------------------------------------------------


@exchange_case("X44", "stream")
async def fills_on_the_stream_are_those_of_the_list(bench: ExchangeBench) -> None:
    placed = await bench.connector.place(bench.quote())
    for size in (2, 3, 5):
        bench.take(Side.SELL, BID, size * MICRO)
    await bench.until(lambda: sum(fill.size for fill in bench.told(Fill)) == 10 * MICRO, "all fills are told")
    bench.expect_fills(bench.told(Fill))
    streamed = {(fill.trade_ref, fill.venue_ref): fill.size for fill in bench.told(Fill)}
    listed = {(fill.trade_ref, fill.venue_ref): fill.size for fill in await bench.connector.fills(0)}
    expect_same("identities of the stream, against the list's", streamed, listed)
    await bench.until(is_told(bench, placed, OrderStatus.FILLED), "the order is told as filled")


@exchange_case("X45", "stream")
async def our_reference_comes_with_the_fill(bench: ExchangeBench) -> None:
    quote = bench.quote()
    await bench.connector.place(quote)
    bench.take(Side.SELL, BID)
    await bench.until(lambda: bench.told(Fill), "the fill is told")
    expect_same("the reference", bench.told(Fill)[0].client_ref, quote.client_ref)


@exchange_case("X46", "stream")
async def the_end_of_a_market_that_is_watched_is_told(bench: ExchangeBench) -> None:
    await bench.hold()  # some venues tell the results of what was bet on alone
    before = bench.frames_sent()
    await bench.connector.watch([bench.instrument])
    await bench.soon(lambda: bench.frames_sent() > before)  # only some venues answer who follows a market
    await bench.step(1)
    bench.settle(SettlementStatus.WON)

    def is_resolved() -> bool:
        ends = [change for change in bench.told(MarketChange) if change.resolution is not None]
        return any(
            (end.instrument_ref, end.resolution, end.is_open) == (bench.instrument.ref, SettlementStatus.WON, False)
            for end in ends
        )

    await bench.until(is_resolved, "the market's resolution is told")


@exchange_case("X47", "stream")
async def closing_ends_the_stream_and_leaves_no_money_at_risk_that_nobody_tends(bench: ExchangeBench) -> None:
    await bench.connector.place(bench.quote())
    await bench.connector.close()
    seen = len(bench.events)
    bench.take(Side.SELL, BID, MICRO)
    await bench.step(1)
    expect_same("events after closing", len(bench.events), seen)
    has_switch = bench.manifest.heartbeat_s is not None
    expect_same("orders that rest", len(bench.resting), 0 if has_switch else 1)


# --- interruptions -----------------------------------------------------------------------------------------------


@exchange_case("X48", "reconnect")
async def a_cut_stream_is_announced_and_comes_back(bench: ExchangeBench) -> None:
    await _cut(bench)
    await _is_back(bench)
    await bench.connector.place(bench.quote())
    bench.take(Side.SELL, BID)
    await bench.until(lambda: bench.told(Fill), "fills are followed again")
    bench.expect_fills(bench.told(Fill))


@exchange_case("X49", "reconnect")
async def what_a_cut_stream_missed_is_found_by_asking(bench: ExchangeBench) -> None:
    await bench.connector.place(bench.quote("filled"))
    await bench.connector.place(bench.quote("kept", price=bench.below(2)))
    await _cut(bench)
    bench.take(Side.SELL, BID)
    await _is_back(bench)
    bench.expect_fills(await bench.connector.fills(0))
    bench.expect_resting(await bench.connector.working())


async def _cut(bench: ExchangeBench) -> None:
    """The stream is cut; where there is none, nothing that is asked is answered."""
    bench.behave(**({"disconnectStream": True} if bench.has_streams else {"down": True}))
    await bench.until(lambda: [gap.is_down for gap in bench.told(StreamGap)] == [True], "the gap is announced once")


async def _is_back(bench: ExchangeBench) -> None:
    if not bench.has_streams:
        bench.behave()
    await bench.until(lambda: bench.told(StreamGap)[-1:] and not bench.told(StreamGap)[-1].is_down, "its end is told")


# --- the dead-man's switch ---------------------------------------------------------------------------------------


@exchange_case("X50", "dead_mans_switch")
async def what_rests_stays_while_the_connector_lives(bench: ExchangeBench) -> None:
    expect(bench.manifest.heartbeat_s, "the manifest names no time for the switch")
    await bench.connector.place(bench.quote())
    await bench.step(4 * (bench.manifest.heartbeat_s or 0))
    expect_same("orders that rest", len(bench.resting), 1)
    expect_same("gaps", bench.told(StreamGap), [])


@exchange_case("X51", "dead_mans_switch")
async def a_silence_costs_what_rests_and_is_announced(bench: ExchangeBench) -> None:
    await bench.connector.place(bench.quote())
    await bench.step(1)
    bench.behave(down=True)
    await bench.step(3 * (bench.manifest.heartbeat_s or 0))
    expect_same("orders that rest", len(bench.resting), 0)
    bench.behave()

    async def is_told() -> bool:
        try:
            is_empty = not await bench.connector.working()
        except VenueError:
            return False
        return is_empty and bool(bench.told(StreamGap)) and not bench.told(StreamGap)[-1].is_down

    await bench.until_asked(is_told, "the lapse is announced, and nothing is listed as resting")
