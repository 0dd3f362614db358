"""What anybody may ask of the CLOB."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hedgerow.core.states import SettlementStatus

from .harness import FIXTURE, NOW_S, Venue, tennis


async def test_the_venue_tells_its_time_and_version(venue: Venue) -> None:
    assert (await venue.get("/ok")).body == "OK"
    assert (await venue.get("/time")).body == NOW_S
    assert (await venue.get("/version")).body == {"version": 2}


async def test_a_book_has_its_best_prices_last_and_is_mirrored(venue: Venue) -> None:
    for side, price, size in (("buy", "0.4", "10"), ("buy", "0.41", "20.5"), ("sell", "0.45", "7")):
        venue.quote(side, price, size)
    first, second = [(await venue.get("/book", token_id=token)).body for token in venue.market.tokens]
    assert first["bids"] == [{"price": "0.4", "size": "10"}, {"price": "0.41", "size": "20.5"}]
    assert first["asks"] == [{"price": "0.45", "size": "7"}]
    assert second["bids"] == [{"price": "0.55", "size": "7"}]
    assert second["asks"] == [{"price": "0.6", "size": "10"}, {"price": "0.59", "size": "20.5"}]
    assert first["hash"] != second["hash"]
    assert (first["tick_size"], first["min_order_size"], first["neg_risk"]) == ("0.01", "5", False)
    books = (await venue.post("/books", [{"token_id": t} for t in (*venue.market.tokens, "1")])).body
    assert books == [first, second]


async def test_a_book_is_as_old_as_its_last_change(venue: Venue) -> None:
    venue.quote("buy", "0.4", "10")
    first = (await venue.get("/book", token_id=venue.market.tokens[0])).body
    await venue.step(7)
    assert (await venue.get("/book", token_id=venue.market.tokens[0])).body == first
    venue.quote("buy", "0.4", "10")
    second = (await venue.get("/book", token_id=venue.market.tokens[1])).body
    assert int(second["timestamp"]) - int(first["timestamp"]) == 7_000


async def test_a_book_has_the_fields_of_a_recorded_one(venue: Venue, shared: Callable[[str], Path]) -> None:
    recorded = json.loads(shared("data/polymarket/clob_messages/py_http_book.json").read_text())
    book = (await venue.get("/book", token_id=venue.market.tokens[0])).body
    assert recorded.keys() <= book.keys()


async def test_prices_of_both_tokens_follow_the_book(venue: Venue) -> None:
    venue.quote("buy", "0.4", "10")
    venue.quote("sell", "0.46", "10")
    first, second = venue.market.tokens
    assert (await venue.get("/price", token_id=first, side="BUY")).body == {"price": "0.4"}
    assert (await venue.get("/price", token_id=second, side="SELL")).body == {"price": "0.6"}
    assert (await venue.get("/midpoint", token_id=second)).body == {"mid": "0.57"}
    assert (await venue.get("/spread", token_id=first)).body == {"spread": "0.06"}
    assert (await venue.post("/midpoints", [{"token_id": first}])).body == {first: "0.43"}
    assert (await venue.post("/spreads", [{"token_id": first}])).body == {first: "0.06"}
    asked = [{"token_id": first, "side": "BUY"}, {"token_id": first, "side": "SELL"}]
    assert (await venue.post("/prices", asked)).body == {first: {"BUY": "0.4", "SELL": "0.46"}}


async def test_the_last_trade_is_told_in_each_token_s_terms(venue: Venue) -> None:
    first, second = venue.market.tokens
    assert (await venue.get("/last-trade-price", token_id=first)).body == {"price": "0.5", "side": ""}
    assert (await venue.post("/last-trades-prices", [{"token_id": first}])).body == []
    venue.quote("buy", "0.4", "10")
    venue.take("sell", "0.4", "5")
    assert (await venue.get("/last-trade-price", token_id=first)).body == {"price": "0.4", "side": "SELL"}
    assert (await venue.get("/last-trade-price", token_id=second)).body == {"price": "0.6", "side": "BUY"}
    listed = (await venue.post("/last-trades-prices", [{"token_id": second}])).body
    assert listed == [{"token_id": second, "price": "0.6", "side": "BUY"}]


async def test_a_market_s_rules_are_found_by_token_and_condition(venue: Venue) -> None:
    market, (first, second) = venue.market, venue.market.tokens
    assert (await venue.get("/tick-size", token_id=first)).body == {"minimum_tick_size": 0.01}
    assert (await venue.get("/neg-risk", token_id=first)).body == {"neg_risk": False}
    assert (await venue.get("/fee-rate", token_id=first)).body == {"base_fee": 1000}
    assert (await venue.get(f"/markets-by-token/{second}")).body == {
        "condition_id": market.condition_id,
        "primary_token_id": first,
        "secondary_token_id": second,
    }
    info = (await venue.get(f"/clob-markets/{market.condition_id}")).body
    assert info["t"] == [{"t": first, "o": "Carlos Alcaraz"}, {"t": second, "o": "Jannik Sinner"}]
    assert (info["mts"], info["mos"], info["nr"], info["fd"]) == (0.01, 5, False, {"r": 0.03, "e": 1, "to": True})


async def test_the_long_form_of_a_market_tells_its_winner(venue: Venue, shared: Callable[[str], Path]) -> None:
    recorded = json.loads(shared("data/polymarket/clob_messages/py_http_market.json").read_text())
    path = f"/markets/{venue.market.condition_id}"
    before = (await venue.get(path)).body
    assert recorded.keys() <= before.keys()
    assert {token["winner"] for token in before["tokens"]} == {False}
    venue.world.settle(FIXTURE, {121: SettlementStatus.LOST})
    after = (await venue.get(path)).body
    assert [(token["winner"], token["price"]) for token in after["tokens"]] == [(False, 0), (True, 1)]
    assert (after["closed"], after["accepting_orders"]) == (True, False)
    assert (after["is_50_50_outcome"], (await venue.get("/markets")).body["data"]) == (False, [after])
    venue.world.settle(FIXTURE, {121: SettlementStatus.VOID})
    void = (await venue.get(path)).body
    assert (void["is_50_50_outcome"], [token["price"] for token in void["tokens"]]) == (True, [0.5, 0.5])


@pytest.mark.parametrize(
    ("path", "query", "status", "text"),
    [
        ("/book", {"token_id": "x"}, 400, "Invalid token id"),
        ("/book", {"token_id": "17"}, 404, "No orderbook exists for the requested token id"),
        ("/tick-size", {"token_id": "17"}, 404, "market not found"),
        ("/clob-markets/0x12", {}, 404, "market not found"),
    ],
)
async def test_unknown_names_are_refused(
    venue: Venue, path: str, query: dict[str, str], status: int, text: str
) -> None:
    answer = await venue.get(path, **query)
    assert (answer.status, answer.body) == (status, {"error": text})


async def test_malformed_batches_are_refused(venue: Venue) -> None:
    assert (await venue.post("/books", {"token_id": "1"})).body == {"error": "Invalid payload"}
    assert (await venue.post("/books", [{"token_id": "1"}] * 501)).body == {"error": "Payload exceeds the limit"}
    token = venue.market.tokens[0]
    assert (await venue.get("/price", token_id=token, side="HOLD")).body == {"error": "Invalid side"}


async def test_a_sport_without_a_two_way_winner_is_not_listed(venue: Venue) -> None:
    venue.world.put_fixture(tennis(fixture_id="id1000000161061420", sport_id=10))
    assert len((await venue.get("/markets")).body["data"]) == 1
