"""bench suspend-to-cancel: every quote is cancelled once, and a side that leaves one ends the measurement."""

from __future__ import annotations

import pytest

from hedgerow import bench
from hedgerow.bench.report import BenchError
from hedgerow.bench.suspend_to_cancel import latencies_of
from hedgerow.bench.tick_to_order import comparison
from hedgerow.bench.tick_to_order.given import PLAIN, Given
from hedgerow.bench.tick_to_order.scene import KALSHI, POLYMARKET, contract_refs

PEM, _ = comparison.kalshi_key()


def test_runs_at_a_tiny_scale() -> None:
    told = bench.run("suspend-to-cancel", scale=0.01, runs=1)
    assert [row["case"] for row in told["ratios"]] == ["Polymarket, minimal loop, p50", "Kalshi, minimal loop, p50"]
    assert all(row["ours"] > 0 and row["baseline"] > 0 for row in told["ratios"])


@pytest.mark.parametrize("venue", [POLYMARKET, KALSHI])
async def test_suspended_fixture_is_quoted_again_for_the_next_suspension(venue: str) -> None:
    latencies = await latencies_of(Given(PLAIN, venue, fixtures=1, quotes=2, kalshi_pem=PEM), 3)
    assert len(latencies) == 3
    assert all(latency > 0 for latency in latencies)


async def test_side_that_quotes_less_than_it_was_told_ends_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hedgerow.bench.suspend_to_cancel.quote_all", _quote_none)
    with pytest.raises(BenchError, match="cancelled 0 orders for 2 quotes"):
        await latencies_of(Given(PLAIN, KALSHI, fixtures=1, quotes=2, kalshi_pem=PEM), 1)


async def _quote_none(*_: object) -> None:
    """Stands for a side without quotes."""


@pytest.mark.parametrize("venue", [POLYMARKET, KALSHI])
def test_every_quote_has_a_contract_of_its_own(venue: str) -> None:
    refs = [ref for number in range(3) for ref in contract_refs(venue, number, 4)]
    assert len(set(refs)) == 12
