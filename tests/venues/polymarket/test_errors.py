"""Every documented refusal, and what is believed when nothing documented comes."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable
from hedgerow.net.http import Answer
from hedgerow.venues.polymarket.errors import answer_error, pause_of, text_error, tick_in


def answer(status: int, text: str = "", headers: dict[str, str] | None = None, **more: object) -> Answer:
    return Answer(status, headers or {}, json.dumps({"error": text, **more}).encode())


ORDER = "order 0xab is invalid. "


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("order_version_mismatch", Reason.INVALID),
        (ORDER + "Duplicated.", Reason.DUPLICATE),
        ("invalid post-only order: order crosses book", Reason.PRICE),
        ("order 0xab crosses the book", Reason.PRICE),
        (ORDER + "Price (0.525) breaks minimum tick size rule: 0.01", Reason.PRICE),
        ("order couldn't be fully filled. FOK orders are fully filled or killed.", Reason.PRICE),
        (ORDER + "Size (2) lower than the minimum: 5", Reason.LIMIT),
        ("invalid amount for a marketable BUY order ($0.5), min size: $1", Reason.LIMIT),
        ("not enough balance / allowance", Reason.FUNDS),
        ("the market is not yet ready to process new orders", Reason.CLOSED),
        ("the orderbook 1234 does not exist", Reason.CLOSED),
        ("invalid expiration", Reason.INVALID),
        ("Invalid order payload", Reason.INVALID),
        ("invalid signature", Reason.AUTH),
        ("the order signer address has to be the address of the API KEY", Reason.ACCOUNT),
        ("the order owner has to be the owner of the API KEY", Reason.ACCOUNT),
        ("maker address not allowed, please use the deposit wallet flow", Reason.ACCOUNT),
        ("'0xab' address banned", Reason.ACCOUNT),
        ("'0xab' address in closed only mode", Reason.ACCOUNT),
        ("request geoblocked", Reason.ACCOUNT),
        ("restricted jurisdiction", Reason.ACCOUNT),
        ("something nobody has heard of", Reason.OTHER),
    ],
)
def test_refused_order_has_its_reason(text: str, reason: Reason) -> None:
    for error in (answer_error("place", answer(400, text), changes=True), text_error("place", text, changes=True)):
        assert isinstance(error, Refused)
        assert error.reason is reason
        assert text in str(error)


@pytest.mark.parametrize(
    ("status", "text", "reason"),
    [
        (401, "Unauthorized/Invalid api key", Reason.AUTH),
        (401, "", Reason.AUTH),
        (403, "<html>blocked</html>", Reason.ACCOUNT),
        (451, "", Reason.ACCOUNT),
        (404, "", Reason.UNKNOWN_ORDER),
        (404, "market not found", Reason.CLOSED),
        (422, "", Reason.OTHER),
        (429, "Too Many Requests", Reason.RATE),
        (429, "<html>not enough balance</html>", Reason.RATE),
    ],
)
def test_status_decides_where_the_text_does_not(status: int, text: str, reason: Reason) -> None:
    error = answer_error("place", answer(status, text), changes=True)
    assert isinstance(error, Refused)
    assert error.reason is reason
    assert error.code == str(status)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (500, "could not insert order"),
        (500, "there are no matching orders"),
        (500, "FOK orders are filled or killed"),
        (500, ""),
        (502, "<html>bad gateway</html>"),
        (503, "upstream connect error"),
        (504, ""),
        (408, ""),
        (400, "context canceled"),
        (400, "order match delayed due to market conditions"),
        (400, "could not run the execution"),
    ],
)
def test_unclear_answer_leaves_a_change_in_doubt_and_a_question_unanswered(status: int, text: str) -> None:
    assert isinstance(answer_error("place", answer(status, text), changes=True), InDoubt)
    assert isinstance(answer_error("working", answer(status, text), changes=False), Unavailable)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (425, ""),
        (425, "not enough balance"),
        (503, "Trading is currently disabled. Check polymarket.com for updates"),
        (503, "Trading is currently cancel-only. New orders are not accepted, but cancels are allowed."),
        (503, "post-only mode: only post-only orders and cancels are allowed"),
    ],
)
def test_closed_door_means_that_nothing_happened(status: int, text: str) -> None:
    assert isinstance(answer_error("place", answer(status, text), changes=True), Unavailable)


@pytest.mark.parametrize(
    ("given", "pause_s"),
    [
        (answer(429, "", {"retry-after": "3"}), 3.0),
        (answer(503, "post-only mode", code="post_only_mode", retry_after_seconds=79), 79.0),
        (answer(425), 2.0),
        (answer(429, "", {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}), None),
        (answer(429, "", {"retry-after": "-1"}), None),
        (answer(429, "", {"retry-after": "NaN"}), None),
        (answer(429), None),
    ],
)
def test_pause_is_the_venues(given: Answer, pause_s: float | None) -> None:
    assert pause_of(given) == pause_s
    error = answer_error("place", given, changes=True)
    assert not isinstance(error, Unavailable) or error.retry_after_s == pause_s


def test_machine_readable_code_is_kept() -> None:
    error = answer_error("place", answer(503, "post-only mode", code="post_only_mode"), changes=True)
    assert error.code == "post_only_mode"


def test_advice_follows_what_the_venue_said() -> None:
    error = text_error("place", "maker address not allowed, please use the deposit wallet flow", changes=True)
    assert "deposit wallet flow; name the wallet" in str(error)


def test_body_that_is_no_json_is_quoted_in_part() -> None:
    error = answer_error("place", Answer(400, {}, b"\xff" + b"x" * 5000), changes=True)
    assert len(error.message) < 300


def test_tick_is_read_out_of_its_refusal() -> None:
    assert tick_in("order 0xab is invalid. Price (0.5) breaks minimum tick size rule: 0.1; more") == Decimal("0.1")
    assert tick_in("minimum tick size rule: 0.01.") == Decimal("0.01")
    assert tick_in("minimum tick size rule: 1.2.3") is None
    assert tick_in("not enough balance") is None
