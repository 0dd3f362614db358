"""The connector on the simulated bridge, where the exam has no case: what waits in the bridge itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from hedgerow.core.errors import Reason, Refused
from hedgerow.core.states import BetStatus, SettlementStatus
from hedgerow.exam.bench import demo_context, open_world
from hedgerow.exam.bookmaker_bench import BookmakerBench
from hedgerow.venues.registry import venue


@pytest.fixture
async def bench() -> AsyncIterator[BookmakerBench]:
    """Vertex in a world of its own, its connector opened."""
    found = venue("vertex")
    assert found.family.bookmaker is not None
    async with AsyncExitStack() as stack:
        server = await open_world(found.manifest, stack)
        context = demo_context(found.manifest, server)
        made = BookmakerBench(found.manifest, server, context, stack, factory=found.family.bookmaker)
        await made.begin()
        yield made


async def test_asking_for_a_bet_that_waits_in_the_bridge_does_not_withdraw_it(bench: BookmakerBench) -> None:
    bench.server.venues.patch("vertex", {}, {"holdMs": 5_000})
    intent = bench.bet()
    report = await bench.connector.place(intent)
    waiting = await bench.connector.find(bench.ref(intent))
    assert (report.status, waiting and waiting.status) == (BetStatus.PLACED, BetStatus.PLACED)
    await bench.step(6)
    found = await bench.connector.find(bench.ref(intent))
    assert found is not None
    assert found.status is BetStatus.CONFIRMED
    bench.expect_bets(1)


async def test_a_bet_that_waits_longer_than_it_may_is_never_sent_on(bench: BookmakerBench) -> None:
    bench.server.venues.patch("vertex", {}, {"holdMs": 31_000})
    intent = bench.bet()
    await bench.connector.place(intent)
    await bench.step(32)
    found = await bench.connector.find(bench.ref(intent))
    assert (found and found.status, found and found.reason) == (BetStatus.REJECTED, "notAfter has passed")
    bench.expect_bets(0)


async def test_a_void_bet_that_is_settled_after_all_is_told_so(bench: BookmakerBench) -> None:
    await bench.connector.place(bench.bet())
    bench.settle(SettlementStatus.VOID)
    (void,) = await bench.connector.settled(bench.now_ms)
    bench.settle(SettlementStatus.WON)
    (won,) = await bench.connector.settled(bench.now_ms)
    assert (void.status, void.payout) == (BetStatus.VOID, bench.wager.stake)
    assert (won.settlement, won.payout) == (SettlementStatus.WON, bench.wager.payout)


async def test_the_world_is_no_bridge_of_an_accounts_own(bench: BookmakerBench) -> None:
    url = bench.context.urls["rest"]
    account = replace(bench.context.account, meta={"bridge_url": url})
    outside = bench.build(replace(bench.context, account=account, urls=bench.manifest.urls))
    with pytest.raises(Refused, match="it is simulated") as refusal:
        await outside.open()
    assert refusal.value.reason is Reason.ACCOUNT
