"""The recorded snapshot, played through the world, reads as it was recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.oddspapi import DEMO_KEY

GAME = FixtureId("id1000232463448499")
SAME = ("bookmaker", "outcomeId", "playerId", "price", "active", "marketId", "limit")


@pytest.fixture
def recorded(shared: Callable[[str], Path]) -> Any:
    path = shared(f"data/oddspapi/v5shape_odds_{GAME}.json")
    return json.loads(path.read_text(), parse_float=Decimal)


def put(feed: Any, recorded: Any) -> None:
    """The recorded quotes as the world's."""
    feed.put_fixture(GAME)
    feed.world.put_odds(
        Quote(
            OutcomeKey(GAME, OutcomeId(row["outcomeId"])),
            slug,
            Decimal(row["price"]),
            None if row["limit"] is None else Decimal(row["limit"]),
            None,
            "USD",
            row["active"],
            0,
        )
        for slug, rows in recorded["odds"].items()
        for row in rows.values()
    )


def told(body: Any, outcomes: set[int]) -> dict[str, Any]:
    return {
        odds_id: {name: row[name] for name in SAME}
        for rows in body["odds"].values()
        for odds_id, row in rows.items()
        if row["outcomeId"] in outcomes
    }


async def test_rows_are_told_as_they_were_recorded(feed: Any, recorded: Any) -> None:
    put(feed, recorded)
    body = await feed.ok("fixtures/odds", fixtureId=GAME)
    listed = {outcome for market in feed.world.catalogue.of_sport(10) for outcome in market.outcomes}
    assert told(body, listed) == told(recorded, listed)
    assert len(told(body, listed)) > 380


async def test_pinnacles_lines_are_told_as_they_were_recorded(feed: Any, recorded: Any) -> None:
    put(feed, recorded)
    ours = (await feed.ok("fixtures/odds", fixtureId=GAME, bookmakers="pinnacle"))["odds"]["pinnacle"]
    for odds_id, theirs in recorded["odds"]["pinnacle"].items():
        row = ours[odds_id]
        assert row["bookmakerOutcomeId"] == theirs["bookmakerOutcomeId"]
        named, known = row["bookmakerMarketId"].split("/"), theirs["bookmakerMarketId"].split("/")
        assert [*named[:3], *named[5:]] == [*known[:3], *known[5:]]


async def test_main_lines_are_those_that_pinnacle_itself_called_so(feed: Any, recorded: Any) -> None:
    """Pinnacle gives the main lines of a period the period's line id, which the moneyline carries too."""
    put(feed, recorded)
    theirs = recorded["odds"]["pinnacle"]
    main_line = theirs[f"{GAME}:pinnacle:101:0"]["bookmakerMarketId"].split("/")[4]
    wanted = {odds_id for odds_id, row in theirs.items() if row["bookmakerMarketId"].split("/")[4] == main_line}
    body = await feed.ok("fixtures/odds", fixtureId=GAME, bookmakers="pinnacle", mainLine="true")
    fulltime = {
        odds_id for odds_id in body["odds"]["pinnacle"] if theirs[odds_id]["bookmakerMarketId"].split("/")[5] == "0"
    }
    assert fulltime == wanted


async def test_another_client_library_reads_the_feed(feed: Any) -> None:
    async with connect(f"{feed.url.replace('http', 'ws')}/ws", max_size=4 * 1024 * 1024) as ws:
        await ws.send(json.dumps({"type": "login", "apiKey": DEMO_KEY, "channels": ["fixtures"]}))
        assert json.loads(await ws.recv())["type"] == "login_ok"
        feed.put_fixture()
        assert json.loads(await ws.recv())["channel"] == "fixtures"
        feed.dialect.keys.revoke(DEMO_KEY)
        with pytest.raises(ConnectionClosedError) as closed:
            await ws.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "api_key_revoked")
