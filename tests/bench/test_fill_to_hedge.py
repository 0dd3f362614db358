"""bench fill-to-hedge: every fill is hedged by the bet that closes it, on both sides."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgerow import bench
from hedgerow.bench.fill_to_hedge import CONTRACTS, closes
from hedgerow.bench.tick_to_order.http_peer import Request
from hedgerow.bench.tick_to_order.peer import Peer
from hedgerow.bench.tick_to_order.scene import POLYMARKET, event_id
from hedgerow.storage.database import encode_json

CENT = Decimal("0.01")


def _bet(stake: Decimal, team: str = "TEAM2") -> Request:
    body = encode_json({"eventId": event_id(1), "stake": stake, "team": team})
    return Request("POST", "/pinnacle/v4/bets/straight", "", {}, body, first_ns=0)


def test_runs_at_a_tiny_scale() -> None:
    told = bench.run("fill-to-hedge", scale=0.01, runs=1)
    (row,) = told["ratios"]
    assert row["target"] == 1.8
    assert row["ours"] > 0
    assert row["baseline"] > 0


@pytest.mark.parametrize(("off_by", "team", "is_hedge"), [(0, "TEAM2", True), (2, "TEAM2", False), (0, "TEAM1", False)])
async def test_bet_closes_a_fill_by_its_stake_and_its_team(off_by: int, team: str, is_hedge: bool) -> None:
    peer = Peer(POLYMARKET, fixtures=2)
    stake = (CONTRACTS / peer.hedge_odds(event_id(1))).quantize(CENT) + off_by * CENT
    assert closes(peer, _bet(stake, team)) is is_hedge
