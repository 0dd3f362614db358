"""Every request as it leaves, held against `requests.json`, which is written from the OpenAPI document, and that
against the document."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey, PlayerId
from hedgerow.core.odds import OddsMicros
from hedgerow.core.secrets import Secret
from hedgerow.venues.base import BetIntent, BetRef, Bookmaker
from hedgerow.venues.bridge import wire
from hedgerow.venues.bridge.requests import NotUnderstoodError, selection_of

from .schemas import Document

NOW_MS = 1_795_262_400_000
REFERENCE = "ebb4c11a-714b-4be6-a635-486ec09869a3"
BET = f"/accounts/demo/bets/{REFERENCE}"
UNKNOWN = {"code": "unknown_reference", "message": "no", "outcome": "not_applicable", "retry": "never"}
OUTCOME = OutcomeKey(FixtureId("id1000001763448499"), OutcomeId(101))

Check = Callable[[str], None]
Intent = Callable[..., BetIntent]


@pytest.fixture
def sent(bridge: Any, golden: dict[str, Any]) -> Check:
    """Compares what was sent with the recorded requests of a name."""

    def check(name: str) -> None:
        assert [_as_recorded(seen) for seen in bridge.seen] == golden[name]

    return check


def _as_recorded(seen: Any) -> dict[str, Any]:
    return {"request": f"{seen.method} {seen.target}"} | ({"body": json.loads(seen.body)} if seen.body else {})


async def test_opening(build: Callable[..., Bookmaker], sent: Check) -> None:
    made = build()
    await made.open()
    sent("opening")
    await made.close()


async def test_a_bet(bookmaker: Bookmaker, intent: Intent, sent: Check) -> None:
    await bookmaker.place(intent())
    sent("a bet")


async def test_a_bet_with_every_wish(bookmaker: Bookmaker, intent: Intent, sent: Check) -> None:
    wishes = {
        "outcome_id": OutcomeId(1017),
        "player_id": PlayerId(4411),
        "market_ref": "line/29/4",
        "outcome_ref": "-2.5/over",
        "odds": OddsMicros(2_000_000),
        "stake": Decimal(100),
        "accept_better": False,
        "accept_partial": True,
    }
    await bookmaker.place(intent(**wishes))
    sent("a player's, in part, at that price alone")


async def test_finding(bookmaker: Bookmaker, bridge: Any, told: Any, sent: Check) -> None:
    bridge.answer(f"GET {BET}", told())
    await bookmaker.find(BetRef(REFERENCE, None, NOW_MS))
    sent("find")


async def test_finding_what_is_not_there(bookmaker: Bookmaker, bridge: Any, sent: Check) -> None:
    bridge.answer(f"GET {BET}", UNKNOWN, status=404)
    bridge.answer(f"POST {BET}/fence", {"outcome": "not_placed"})
    await bookmaker.find(BetRef(REFERENCE, None, NOW_MS))
    sent("find what is not there")


async def test_asking_for_settled_bets(bookmaker: Bookmaker, sent: Check) -> None:
    await bookmaker.settled(NOW_MS)
    sent("settled")


async def test_asking_for_a_line(bookmaker: Bookmaker, bridge: Any, sent: Check) -> None:
    bridge.answer("POST /accounts/demo/quotes", {"status": "not_offered"})
    await bookmaker.line("615487211", "home", OUTCOME)
    sent("line")


async def test_requests_carry_the_token(bookmaker: Bookmaker, bridge: Any) -> None:
    await bookmaker.balance()
    (seen,) = bridge.seen
    assert seen.headers["Authorization"] == "Bearer throwaway-token"
    assert not [name for name in seen.headers if name.startswith("X-Bridge")]


async def test_requests_are_signed_where_there_is_a_secret(build: Callable[..., Bookmaker], bridge: Any) -> None:
    made = build(hmac_secret=Secret("throwaway-secret"))
    await made.settled(NOW_MS)
    (seen,) = bridge.seen
    assert seen.headers["X-Bridge-Timestamp"] == str(NOW_MS)
    # printf ... | openssl dgst -sha256 -hmac throwaway-secret
    right = "a56252a3976771990fa7e1859ea9c35c67fbcd9d30e691ea53ed601326bc950a"
    assert seen.headers["X-Bridge-Signature"] == right
    await made.close()


async def test_the_account_may_have_another_name_at_the_bridge(build: Callable[..., Bookmaker], bridge: Any) -> None:
    made = build(username=Secret("desk 1/a"))
    bridge.answer(
        "GET /accounts/desk 1/a/balance",
        {"available": "1", "open": "0", "currency": "USD", "asOf": "2026-11-21T12:00:00.000Z"},
    )
    await made.balance()
    assert bridge.seen[-1].target == "/bridge/v1/accounts/desk%201%2Fa/balance"
    await made.close()


def test_the_recorded_bodies_are_the_documents(golden: dict[str, Any], shared: Callable[[str], Path]) -> None:
    document = Document(json.loads(shared("venues/bridge.openapi.json").read_text()))
    schemas = {"PUT": "BetRequest", "POST": "QuoteRequest"}
    requests = [request for requests in golden.values() for request in requests if "body" in request]
    assert len(requests) == 3
    for request in requests:
        schema = schemas[request["request"].partition(" ")[0]]
        assert list(document.faults(request["body"], schema)) == []


@given(st.text(max_size=6).filter(lambda text: not text or text[-1] in "/?&#%. \n" or not text.isascii()))
def test_a_reference_that_is_empty_cut_or_strange_is_not_understood(text: str) -> None:
    with pytest.raises(NotUnderstoodError):
        selection_of("1", text, OUTCOME, {})


@pytest.mark.parametrize("ref", ["615487211", "line/29/1980/3/0/moneyline", "-2.75/home", "over", "0xAB", "1"])
def test_the_feeds_references_are_understood(ref: str) -> None:
    assert selection_of(ref, ref, OUTCOME, {}).bookmaker_market_id == ref


def test_what_is_bet_on_is_told_in_words_as_the_document_wants_them(shared: Callable[[str], Path]) -> None:
    words = {"outcome": "Boston Celtics", "handicap": Decimal("-3.5"), "startTime": "2026-11-21T12:00:00.000Z"}
    sent = json.loads(wire.encode(selection_of("1", "2", OUTCOME, words)))
    assert sent["description"] == {**words, "handicap": -3.5}
    document = Document(json.loads(shared("venues/bridge.openapi.json").read_text()))
    assert list(document.faults(sent, "Selection")) == []
