"""Which markets become contracts, and what is told of those that are watched."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hedgerow.core.states import SettlementStatus
from hedgerow.venues.base import Listing, MarketChange
from hedgerow.venues.matchbook import wire
from hedgerow.venues.matchbook.following import MarketView
from hedgerow.venues.matchbook.listing import TAKER_FEE, TAKER_RATE, listings_of
from hedgerow.venues.matchbook.odds import GRID

EVENT: dict[str, Any] = {
    "id": 553823925620032,
    "name": "T Paul vs C Ruud",
    "status": "open",
    "start": "2026-11-21T17:00:00.000Z",
    "meta-tags": [{"name": "Tennis", "type": "SPORT"}, {"name": "ATP Finals", "type": "COMPETITION"}],
    "markets": [
        {
            "id": 553823925780009,
            "status": "open",
            "market-type": "money_line",
            "runners": [
                {"id": 553823925840009, "name": "C Ruud", "status": "open"},
                {"id": 553823925840032, "name": "T Paul", "status": "open"},
            ],
        }
    ],
}


def events(*messages: dict[str, Any]) -> list[wire.Event]:
    return msgspec.json.decode(json.dumps(messages).encode(), type=list[wire.Event])


def changed(**market: Any) -> dict[str, Any]:
    return EVENT | {"markets": [EVENT["markets"][0] | {name.replace("_", "-"): text for name, text in market.items()}]}


def listed(message: dict[str, Any], sport: str = "tennis") -> list[Listing]:
    return listings_of(sport, events(message))


def test_a_recorded_soccer_match_has_three_contracts(shared: Callable[[str], Path]) -> None:
    text = shared("data/matchbook/samples/java-sdk/events/getEventSuccessfulResponse.json").read_text()
    found = listed(json.loads(text), "soccer")
    assert [listing.outcome for listing in found] == ["CSKA Moscow", "Bayer 04 Leverkusen", "Draw"]
    assert {(listing.market_type, listing.period, listing.opposite) for listing in found} == {("1x2", "fulltime", None)}
    assert found[0].participants == ("CSKA Moscow", "Bayer 04 Leverkusen")
    assert (found[0].instrument.ref, found[0].instrument.market_ref) == ("395729860800010", "395729860260010")


def test_a_recorded_tennis_match_has_two(shared: Callable[[str], Path]) -> None:
    text = shared("data/matchbook/samples/rozzac90/marketdata_events.json").read_text()
    found = listed(ast.literal_eval(text) | {"name": "T Paul vs C Ruud"})
    assert [(listing.outcome, listing.opposite) for listing in found] == [("T Paul", "C Ruud"), ("C Ruud", "T Paul")]


def test_participants_stand_in_the_order_of_the_name() -> None:
    first, _ = listed(EVENT)
    assert (first.outcome, first.participants, first.competition) == ("C Ruud", ("T Paul", "C Ruud"), "ATP Finals")
    assert first.instrument.meta == {"event": "553823925620032", "opposite": "553823925840032"}


@pytest.mark.parametrize(
    "message",
    [
        changed(market_type="handicap"),
        changed(status="graded"),
        changed(runners=EVENT["markets"][0]["runners"][:1]),
        changed(runners=[runner | {"withdrawn": True} for runner in EVENT["markets"][0]["runners"]]),
        changed(runners=[runner | {"name": "same"} for runner in EVENT["markets"][0]["runners"]]),
        changed(runners=[runner | {"id": "x"} for runner in EVENT["markets"][0]["runners"]]),
        EVENT | {"start": "soon"},
    ],
)
def test_what_is_no_match_winner_is_left_out(message: dict[str, Any]) -> None:
    assert listed(message) == []


@pytest.mark.parametrize("message", [changed(status="suspended"), EVENT | {"status": "suspended"}])
def test_a_suspended_market_is_listed_as_shut(message: dict[str, Any]) -> None:
    assert [listing.is_open for listing in listed(message)] == [False, False]


def test_the_fee_that_is_counted_is_never_below_the_commission() -> None:
    size = 1_000 * 1_000_000
    for price in GRID:
        smaller = min(GRID.at_risk(price, size, buys=buys) for buys in (True, False))
        assert TAKER_FEE.of(price, size) >= smaller * TAKER_RATE - 10


# --- markets that are watched --------------------------------------------------------------------------------------


def test_openings_and_closings_are_told_once() -> None:
    view, instrument = MarketView(), listed(EVENT)[0].instrument
    view.watch([instrument])
    shut = events(changed(status="suspended"))
    assert view.take(events(EVENT)) == []
    assert view.take(shut) == [MarketChange(instrument.ref, is_open=False)]
    assert view.take(shut) == []
    assert view.take(events(EVENT)) == [MarketChange(instrument.ref, is_open=True)]


def test_a_contract_that_was_not_listed_yet_is_not_watched() -> None:
    view, instrument = MarketView(), listed(EVENT)[0].instrument
    view.watch([replace(instrument, meta={})])
    assert view.watched == []


def test_a_result_is_asked_for_until_it_is_told_and_no_more_than_makes_sense() -> None:
    view, instrument = MarketView(), listed(EVENT)[0].instrument
    view.watch([instrument])
    graded = events(changed(status="graded"))
    assert view.to_ask_for(events(EVENT)) == []
    assert view.to_ask_for(graded) == [instrument]
    won = {instrument.ref: SettlementStatus.WON}
    assert view.note_results(won) == [MarketChange(instrument.ref, is_open=False, resolution=SettlementStatus.WON)]
    assert (view.note_results(won), view.to_ask_for(graded)) == ([], [])
    view.watch([])
    view.watch([instrument])
    assert sum(bool(view.to_ask_for(graded)) for _ in range(100)) == 20
