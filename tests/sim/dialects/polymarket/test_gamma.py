"""Discovery: shapes as recorded, and the ways in which clients look for a market."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hedgerow.core.ids import FixtureId
from hedgerow.core.states import SettlementStatus

from .harness import FIXTURE, NOW_S, Venue, tennis

NBA = FixtureId("id1100000261061421")


def _basketball() -> Any:
    return tennis(
        fixture_id=NBA,
        sport_id=11,
        tournament_id=2,
        tournament_name="NBA",
        participant1_name="Boston Celtics",
        participant2_name="Miami Heat",
        start_time=NOW_S + 86_400,
    )


async def _slugs(venue: Venue, path: str, **query: Any) -> list[str]:
    body = (await venue.get(path, "gamma", **query)).body
    rows = body if isinstance(body, list) else body[path.split("/")[1]]
    return [row["slug"] for row in rows]


def _recorded(shared: Callable[[str], Path]) -> list[dict[str, Any]]:
    lines = shared("data/polymarket/gamma_sports_markets.jsonl").read_text().splitlines()
    return [row for row in map(json.loads, lines) if row["sportsMarketType"] == "moneyline"]


async def test_a_resolved_market_has_every_field_of_the_recorded_ones(
    venue: Venue, shared: Callable[[str], Path]
) -> None:
    venue.quote("buy", "0.4", "10")
    bid = (await venue.get("/markets", "gamma")).body[0]["bestBid"]
    venue.world.settle(FIXTURE, {121: SettlementStatus.WON})
    (market,) = (await venue.get("/markets", "gamma", closed="true")).body
    rows = _recorded(shared)
    assert rows
    for row in rows:
        assert row.keys() <= {*market, "bestBid"}
        same = [type(row[name]) is type(market[name]) for name in row.keys() & market.keys() - _NUMBERS]
        assert all(same)
    assert bid == 0.4


_NUMBERS = {"bestAsk", "spread", "volumeNum", "liquidityNum"}  # whole or broken, as it comes


async def test_a_market_has_every_field_that_a_client_reads(venue: Venue, shared: Callable[[str], Path]) -> None:
    path = "data/polymarket/clob_messages/rust_gamma_market_sports_market_money_line.json"
    recorded = json.loads(shared(path).read_text())
    market = (await venue.get("/markets", "gamma")).body[0]
    for name in ("feeSchedule", "clearBookOnStart", "eventStartTime", "questionID", "makerBaseFee", "takerBaseFee"):
        assert type(market[name]) is type(recorded[name])
    assert market["feeSchedule"].keys() == recorded["feeSchedule"].keys()
    unread = {"automaticallyResolved", "eventWeek", "period", "score", "closedTime"}
    unread |= {name for name in recorded["events"][0] if name.startswith("volume1") or name == "volume24hr"}
    assert recorded["events"][0].keys() - unread <= market["events"][0].keys()


async def test_lists_inside_a_market_are_json_texts(venue: Venue) -> None:
    market = (await venue.get("/markets", "gamma")).body[0]
    assert market["outcomes"] == '["Carlos Alcaraz", "Jannik Sinner"]'
    assert json.loads(market["clobTokenIds"]) == list(venue.market.tokens)
    assert market["outcomePrices"] == '["0.5", "0.5"]'
    assert (market["orderPriceMinTickSize"], market["orderMinSize"], market["negRisk"]) == (0.01, 5, False)
    assert market["gameStartTime"] == "2026-09-21 15:13:20+00"
    assert market["slug"] == "atp-alcaraz-sinner-2026-09-21"
    assert market["question"] == "Rome: Carlos Alcaraz vs. Jannik Sinner"


@pytest.mark.parametrize(
    ("result", "prices"),
    [("WON", '["1", "0"]'), ("LOST", '["0", "1"]'), ("VOID", '["0.5", "0.5"]')],
)
async def test_a_resolved_market_tells_its_payouts(venue: Venue, result: str, prices: str) -> None:
    await venue.step(1)
    venue.world.settle(FIXTURE, {121: SettlementStatus(result)})
    assert (await venue.get("/markets", "gamma")).body == []
    market = (await venue.get(f"/markets/{venue.market.market_id}", "gamma")).body
    assert (market["closed"], market["active"], market["acceptingOrders"]) == (True, True, False)
    assert (market["outcomePrices"], market["umaResolutionStatus"]) == (prices, "resolved")
    assert market["closedTime"] == "2026-09-21 14:13:21+00"


async def test_markets_are_found_by_each_of_their_names(venue: Venue) -> None:
    venue.world.put_fixture(_basketball())
    market = venue.market
    for query in (
        {"slug": market.slug},
        {"id": market.market_id},
        {"condition_ids": market.condition_id},
        {"clob_token_ids": market.tokens[1]},
        {"tag_id": 864},
        {"game_id": market.game_id},
        {"end_date_max": "2026-09-28T15:13:20Z"},
        {"start_time_min": "2026-09-21T15:13:20Z", "start_time_max": "2026-09-21T15:13:20"},
    ):
        assert await _slugs(venue, "/markets", **query) == [market.slug], query
        assert await _slugs(venue, "/markets/keyset", **query) == [market.slug], query
    assert len(await _slugs(venue, "/markets", sports_market_types="moneyline")) == 2
    assert await _slugs(venue, "/markets", active="false") == []
    assert await _slugs(venue, "/markets", archived="true") == []
    assert (await venue.get("/markets", "gamma", start_time_min="soon")).status == 422
    assert await _slugs(venue, "/markets", sports_market_types="totals") == []
    assert (await venue.get(f"/markets/slug/{market.slug}", "gamma")).body["id"] == str(market.market_id)
    assert (await venue.get("/markets/1", "gamma")).status == 404


async def test_events_are_found_by_tag_series_and_slug(venue: Venue) -> None:
    venue.world.put_fixture(_basketball())
    celtics = "nba-celtics-heat-2026-09-22"
    for query in ({"tag_slug": "nba"}, {"tag_id": 745}, {"series_id": 10345}, {"slug": celtics}):
        assert await _slugs(venue, "/events", **query) == [celtics], query
    assert await _slugs(venue, "/events", tag_id=1) == [venue.market.slug, celtics]
    event = (await venue.get(f"/events/slug/{celtics}", "gamma")).body
    assert event["markets"][0]["slug"] == event["slug"] == celtics
    assert event["series"][0]["id"] == "10345"
    assert [tag["slug"] for tag in event["tags"]] == ["sports", "nba", "games"]


async def test_live_and_closed_events_can_be_told_apart(venue: Venue) -> None:
    venue.world.put_fixture(_basketball())
    venue.world.put_fixture(tennis(status_id=1, live=True))
    assert await _slugs(venue, "/events", live="true") == [venue.market.slug]
    venue.world.put_fixture(tennis(status_id=2))
    ended = {row["slug"]: row["ended"] for row in (await venue.get("/events", "gamma")).body}
    assert ended == {venue.market.slug: True, "nba-celtics-heat-2026-09-22": False}
    venue.world.settle(FIXTURE, {121: SettlementStatus.WON})
    assert await _slugs(venue, "/events", closed="true") == [venue.market.slug]
    assert len(await _slugs(venue, "/events")) == 2


async def test_keyset_pages_end_without_a_cursor(venue: Venue) -> None:
    venue.world.put_fixture(_basketball())
    first = (await venue.get("/events/keyset", "gamma", limit=1)).body
    last = (await venue.get("/events/keyset", "gamma", limit=1, after_cursor=first["next_cursor"])).body
    assert [page["events"][0]["id"] for page in (first, last)] == [
        str(market.event_id) for market in venue.polymarket.listings
    ]
    assert "next_cursor" not in last
    assert (await venue.get("/markets/keyset", "gamma", offset=1)).status == 422


async def test_offsets_page_through_plain_lists(venue: Venue) -> None:
    venue.world.put_fixture(_basketball())
    pages = [await _slugs(venue, "/markets", limit=1, offset=offset) for offset in (0, 1, 2)]
    assert [len(page) for page in pages] == [1, 1, 0]


async def test_the_search_has_pages(venue: Venue) -> None:
    venue.world.put_fixture(_basketball())
    pages = [(await venue.get("/public-search", "gamma", q="vs.", limit_per_type=1, page=n)).body for n in (1, 2)]
    assert [page["pagination"]["hasMore"] for page in pages] == [True, False]
    assert [len(page["events"]) for page in pages] == [1, 1]
    assert pages[0]["events"][0]["id"] != pages[1]["events"][0]["id"]


async def test_money_that_rests_and_was_traded_is_told(venue: Venue) -> None:
    venue.quote("buy", "0.4", "10")
    venue.quote("sell", "0.5", "20")
    venue.take("buy", "0.6", "5", outcome=1)
    market = (await venue.get("/markets", "gamma")).body[0]
    assert (market["liquidity"], market["liquidityNum"]) == ("12", 12)  # 5 × 0.4 and 20 × 0.5
    assert (market["volume"], market["volumeNum"]) == ("3", 3)
    assert (market["bestBid"], market["bestAsk"], market["spread"]) == (0.4, 0.5, 0.1)
    assert (market["lastTradePrice"], market["outcomePrices"]) == (0.4, '["0.45", "0.55"]')


async def test_leagues_name_their_tags_and_series(venue: Venue) -> None:
    sports = {row["sport"]: row for row in (await venue.get("/sports", "gamma")).body}
    assert (sports["nba"]["tags"], sports["nba"]["series"]) == ("1,745,100639", "10345")
    assert sports["atp"]["tags"] == "1,864,101232,100639"
    assert (await venue.get("/tags/slug/tennis", "gamma")).body["id"] == "864"
    assert (await venue.get("/tags/864", "gamma")).body["slug"] == "tennis"
    assert (await venue.get("/tags", "gamma", limit=3)).body[0]["slug"] == "sports"
    market_tags = (await venue.get(f"/markets/{venue.market.market_id}/tags", "gamma")).body
    assert [tag["slug"] for tag in market_tags] == ["sports", "tennis", "atp", "games"]


async def test_the_search_finds_words_of_a_title(venue: Venue) -> None:
    found = (await venue.get("/public-search", "gamma", q="sinner alcaraz")).body
    assert [event["slug"] for event in found["events"]] == [venue.market.slug]
    assert found["pagination"] == {"hasMore": False, "totalResults": 1}
    assert (await venue.get("/public-search", "gamma", q="djokovic")).body["events"] == []
    venue.world.settle(FIXTURE, {121: SettlementStatus.WON})
    assert (await venue.get("/public-search", "gamma", q="sinner")).body["events"] == []
    kept = await venue.get("/public-search", "gamma", q="sinner", keep_closed_markets=1)
    assert len(kept.body["events"]) == 1
    assert (await venue.get("/public-search", "gamma")).status == 422
