"""Which events are matches of the feed's, and what contract one is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from hedgerow.core.errors import Reason
from hedgerow.net.http import Answer
from hedgerow.venues.prophetx import errors, listing, wire

from .conftest import FIRST, NOW_S, SECOND

TOURNAMENT = wire.Tournament(2314, "ATP Finals", wire.Named(5, "Tennis"))
HOME, AWAY = wire.Competitor(11, "Jannik Sinner", "home"), wire.Competitor(20, "Carlos Alcaraz", "away")


def event(**changes: Any) -> wire.SportEvent:
    base = wire.SportEvent(
        44285780, "Sinner vs Alcaraz", "2026-11-21T12:00:00Z", "not_started", competitors=[HOME, AWAY]
    )
    return msgspec.structs.replace(base, **changes)


def market(**changes: Any) -> wire.Market:
    sides = [[wire.Selection(FIRST, 11, "Jannik Sinner")], [wire.Selection(SECOND, 20, "Carlos Alcaraz")]]
    return msgspec.structs.replace(wire.Market(219, "moneyline", "moneyline", "active", sides), **changes)


def test_a_match_is_one_contract_of_the_home_side() -> None:
    (found,) = listing.listings_of("tennis", TOURNAMENT, event(), [market()])
    instrument = found.instrument
    assert (instrument.ref, instrument.market_ref, instrument.meta["opposite"]) == (FIRST, "44285780:219", SECOND)
    assert (found.outcome, found.opposite) == ("Jannik Sinner", "Carlos Alcaraz")
    assert (found.participants, found.starts_at_ms, found.is_open) == ((HOME.name, AWAY.name), NOW_S * 1_000, True)
    assert (found.market_type, found.period, found.competition) == ("moneyline", "result", "ATP Finals")
    assert (instrument.meta["tournament"], instrument.maker_fee.on_winnings) == ("2314", True)


def test_the_home_side_is_first_wherever_the_venue_puts_it() -> None:
    sides = market().selections or []
    turned = market(selections=sides[::-1])
    (found,) = listing.listings_of("tennis", TOURNAMENT, event(competitors=[AWAY, HOME]), [turned])
    assert (found.instrument.ref, found.outcome) == (FIRST, "Jannik Sinner")


@pytest.mark.parametrize(
    ("event_changes", "market_changes"),
    [
        ({}, {"type": "spread"}),
        ({}, {"sub_type": "1st_set_moneyline"}),
        ({}, {"selections": None}),
        ({}, {"selections": [[wire.Selection(FIRST, 11)], []]}),
        ({}, {"selections": [[wire.Selection(FIRST, 11)], [wire.Selection(FIRST, 20)]]}),
        ({}, {"selections": [[wire.Selection(FIRST, 11)], [wire.Selection(SECOND, 99)]]}),
        ({"sub_type": "outrights"}, {}),
        ({"competitors": [HOME]}, {}),
        ({"scheduled": "soon"}, {}),
        ({"event_id": "x"}, {}),
    ],
)
def test_what_is_no_match_of_two_is_left_out(event_changes: dict[str, Any], market_changes: dict[str, Any]) -> None:
    assert listing.listings_of("tennis", TOURNAMENT, event(**event_changes), [market(**market_changes)]) == []


@pytest.mark.parametrize(
    ("event_status", "market_status", "is_open"),
    [("live", "active", True), ("not_started", None, True), ("ended", "active", False), ("live", "pondering", False)],
)
def test_a_market_is_open_by_words_that_are_known(event_status: str, market_status: str | None, is_open: bool) -> None:
    told = listing.listings_of("tennis", TOURNAMENT, event(status=event_status), [market(status=market_status)])
    assert [one.is_open for one in told] == [is_open]


# --- refusals ------------------------------------------------------------------------------------------------------


def answer(status: int, body: Any, **headers: str) -> Answer:
    return Answer(status, headers, msgspec.json.encode(body))


@pytest.mark.parametrize(
    ("status", "code", "operation", "reason"),
    [
        (400, "order_external_id_existed", "place", Reason.DUPLICATE),
        (403, "insufficient_amount", "place", Reason.FUNDS),
        (400, "invalid_price", "place", Reason.PRICE),
        (400, "event_not_available", "place", Reason.CLOSED),
        (404, "data_not_found", "cancel", Reason.UNKNOWN_ORDER),
        (404, "data_not_found", "book", Reason.CLOSED),
        (400, "order_already_filled", "cancel", Reason.UNKNOWN_ORDER),
        (500, "order_not_belongs_to_user", "cancel", Reason.UNKNOWN_ORDER),
        (401, "unauthorized", "login", Reason.AUTH),
        (403, "news", "place", Reason.ACCOUNT),
        (400, "news", "place", Reason.OTHER),
    ],
)
def test_refusals_are_told_by_their_code(status: int, code: str, operation: str, reason: Reason) -> None:
    error = errors.error_of(answer(status, {"error": code, "message": "no"}), operation, changes=True)
    assert isinstance(error, errors.Refused)
    assert (error.reason, error.code, error.message) == (reason, code, "no")


@pytest.mark.parametrize(
    ("status", "code"), [(409, "order_is_placing"), (425, "order_opened_retry"), (500, "opened_retry")]
)
def test_what_is_only_too_early_was_not_done(status: int, code: str) -> None:
    error = errors.error_of(answer(status, {"error": code}), "cancel", changes=True)
    assert isinstance(error, errors.Unavailable)
    assert error.retry_after_s


@pytest.mark.parametrize("status", [302, 408, 500, 503])
def test_what_is_no_refusal_leaves_a_change_in_doubt(status: int) -> None:
    assert isinstance(errors.error_of(Answer(status, {}, b"<html>"), "place", changes=True), errors.InDoubt)
    assert isinstance(errors.error_of(Answer(status, {}, b"<html>"), "book", changes=False), errors.Unavailable)


@pytest.mark.parametrize(("told", "pause_s"), [("7", 7), ("0", 1), ("soon", 1), ("", 1)])
def test_too_many_requests_say_how_long_to_wait(told: str, pause_s: int) -> None:
    headers = {"retry-after": told}
    error = errors.error_of(Answer(429, headers, b'{"error": "rate_limit_reached"}'), "place", changes=True)
    assert isinstance(error, errors.Unavailable)
    assert error.retry_after_s == pause_s
