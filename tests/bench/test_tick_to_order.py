"""bench tick-to-order: every side does the same work, and one that does not ends the measurement."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import picows
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.patience import PATIENCE_S

from hedgerow import bench
from hedgerow.bench.report import BenchError
from hedgerow.bench.tick_to_order import check, comparison, run
from hedgerow.bench.tick_to_order.given import AIOHTTP, OURS, PLAIN, SDK, Given
from hedgerow.bench.tick_to_order.http_peer import Request
from hedgerow.bench.tick_to_order.peer import FEED_PATH
from hedgerow.bench.tick_to_order.plain import Desk, KalshiDesk, Loop, PolymarketDesk, Signed
from hedgerow.bench.tick_to_order.run import latencies_of
from hedgerow.bench.tick_to_order.scene import KALSHI, POLYMARKET, Prices, contract_ref, fixture_id, fixture_number
from hedgerow.core.odds import inverse_ceil, odds_micros

PEM, PUBLIC_PEM = comparison.kalshi_key()
OTHER_PUBLIC_PEM = comparison.kalshi_key()[1]
DESKS: dict[str, Desk] = {POLYMARKET: PolymarketDesk(), KALSHI: KalshiDesk(PEM)}


def _task(side: str, venue: str) -> Given:
    return Given(side, venue, fixtures=2, http_url="", ws_url="", kalshi_pem=PEM)


def _request(signed: Signed) -> Request:
    headers = {name.lower(): value for name, value in signed.headers.items()}
    return Request("POST", signed.path, "", headers, signed.body, first_ns=0)


@pytest.fixture
def no_sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which the official SDK is not installed."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))


# --- the whole ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_sdk")
def test_runs_at_a_tiny_scale_and_says_what_it_could_not_compare() -> None:
    told = bench.run("tick-to-order", scale=0.01, runs=1)
    cases = [row["case"] for row in told["ratios"]]
    assert cases[:2] == ["Polymarket, minimal loop, p50", "Polymarket, minimal loop, p99"]
    assert any(case.startswith("Kalshi") for case in cases)
    assert not any("SDK" in case for case in cases)
    assert "py-clob-client-v2" in told["skipped"][0]
    assert all(row["ours"] > 0 and row["baseline"] > 0 for row in told["ratios"])


async def test_feed_speaks_while_a_side_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = asyncio.Event()

    class Follower(picows.WSListener):
        def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
            heard.set()

    @asynccontextmanager
    async def side(_: str, task: Given) -> AsyncIterator[Any]:
        transport, _ = await picows.ws_connect(Follower, task.ws_url + FEED_PATH)
        async with asyncio.timeout(PATIENCE_S):
            await heard.wait()
        yield SimpleNamespace(pid=0)
        transport.disconnect()

    monkeypatch.setattr(run, "_SPEAK_EVERY_S", 0.01)
    monkeypatch.setattr(run.sides, "started", side)
    async with run.live(Given(OURS, KALSHI, fixtures=2, quotes=0)):
        assert heard.is_set()


@pytest.mark.parametrize(("side", "venue", "requotes"), [(PLAIN, KALSHI, False), (AIOHTTP, POLYMARKET, True)])
async def test_every_tick_is_answered_with_one_checked_order(side: str, venue: str, requotes: bool) -> None:
    latencies = await latencies_of(_task(side, venue), 4, PUBLIC_PEM, requotes=requotes)
    assert len(latencies) == 4
    assert all(latency > 0 for latency in latencies)


async def test_order_with_a_wrong_signature_ends_the_measurement() -> None:
    with pytest.raises(BenchError, match="does not follow from its tick"):
        await latencies_of(_task(PLAIN, KALSHI), 1, OTHER_PUBLIC_PEM, requotes=False)


async def test_side_that_does_not_start_ends_the_measurement() -> None:
    task = _task(SDK, POLYMARKET)
    task.sdk_path = "/nowhere"
    with pytest.raises(BenchError, match="did not start"):
        await latencies_of(task, 1, PUBLIC_PEM, requotes=False)


# --- its parts ---------------------------------------------------------------------------------------------------


@given(st.integers(0, 100_000), st.integers(0, 100_000))
def test_told_odds_lead_to_the_bid_that_is_expected(number: int, moves: int) -> None:
    prices = Prices(number, moves, at_ms=0)
    odds = odds_micros(str(prices.rows()[1]["price"]).encode())
    assert odds is not None
    assert (1_000_000 - inverse_ceil(odds)) // 10_000 == prices.bid_cents


@given(st.integers(0, 1_000_000))
def test_fixture_is_found_by_its_id(number: int) -> None:
    assert fixture_number(fixture_id(number)) == number


@pytest.mark.parametrize("venue", DESKS)
def test_order_of_a_baseline_has_the_price_and_the_signature(venue: str) -> None:
    request = _request(DESKS[venue].order(contract_ref(venue, 1), 43))
    assert check.bid_cents(venue, request) == 43
    assert check.is_signed(venue, request, PUBLIC_PEM)


def test_changed_order_is_not_signed() -> None:
    request = _request(DESKS[POLYMARKET].order(contract_ref(POLYMARKET, 1), 43))
    dearer = replace(request, body=request.body.replace(b'"makerAmount":"43000000"', b'"makerAmount":"44000000"'))
    assert check.bid_cents(POLYMARKET, dearer) == 44
    assert not check.is_signed(POLYMARKET, dearer, PUBLIC_PEM)


def test_key_of_another_account_does_not_pass() -> None:
    request = _request(DESKS[KALSHI].order(contract_ref(KALSHI, 1), 43))
    assert not check.is_signed(KALSHI, request, OTHER_PUBLIC_PEM)


def test_minimal_loop_knows_the_id_that_its_order_has_at_the_venue() -> None:
    signed = DESKS[POLYMARKET].order(contract_ref(POLYMARKET, 1), 43)
    assert signed.order_id == check.order_id(signed.body)


def test_minimal_loop_cancels_before_it_quotes_anew() -> None:
    sent: list[tuple[str, Signed]] = []
    loop = Loop(POLYMARKET, DESKS[POLYMARKET], lambda method, request: sent.append((method, request)))
    prices = Prices(0, 0, at_ms=1)
    for told in (prices, prices, prices.moved(2), prices.moved(2).closed(3)):
        loop.take(told.frame())
    assert [method for method, _ in sent] == ["POST", "DELETE", "POST", "DELETE"]
