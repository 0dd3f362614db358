"""Logs: one JSON object a line, and no secret in any of them. Metrics that several parts of a process know."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge

from hedgerow.core.observe import Shared, configure_logs, redact, redact_text
from hedgerow.core.secrets import MASK, Secret

HIDDEN = "hunter2secretvalue"


@pytest.mark.parametrize(
    "text",
    [
        f"GET /odds?apiKey={HIDDEN}&x=1",
        f"wss://host/ws?token={HIDDEN}",
        f"key={HIDDEN}",
        f"Authorization: Bearer {HIDDEN}",
        f"authorization: basic {HIDDEN}=",
        f"postgresql://user:{HIDDEN}@127.0.0.1:5432/db",
        f"nats://{HIDDEN}@127.0.0.1:4222",
        f'{{"password": "{HIDDEN}"}}',
        f'{{"apiKey":"{HIDDEN}"}}',
        f'{{"partner_key": "{HIDDEN}"}}',
        f"{{'token': '{HIDDEN}'}}",
        f"-----BEGIN PRIVATE KEY-----\n{HIDDEN}\n-----END PRIVATE KEY-----",
        f"-----BEGIN RSA PRIVATE KEY-----\n{HIDDEN}\nmore\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_secret_in_a_text_is_masked(text: str) -> None:
    redacted = redact_text(text)
    assert HIDDEN not in redacted
    assert MASK in redacted


@pytest.mark.parametrize(
    "text",
    ["order 7 placed at 1.95", "https://host/path?market=7", "unknown key: price", "user@host", '{"odds": "1.95"}'],
)
def test_text_without_a_secret_stays(text: str) -> None:
    assert redact_text(text) == text


NAMES = "password PASSWORD passphrase client_secret token Authorization apiKey X-API-Key private_key master_key"


@pytest.mark.parametrize("name", [*NAMES.split(), "X-PARTNER-KEY", "credentials", "Set-Cookie", "signature", "sealed"])
def test_value_under_a_telling_name_is_masked_whatever_it_is(name: str) -> None:
    for value in (HIDDEN, [HIDDEN], {"a": HIDDEN}, HIDDEN.encode(), 7):
        assert redact({"outer": {name: value}}) == {"outer": {name: MASK}}


def test_what_is_absent_stays_absent() -> None:
    assert redact({"password": None}) == {"password": None}


class Telling(Exception):  # noqa: N818
    """Something whose text holds a secret."""

    def __str__(self) -> str:
        return f"refused token={HIDDEN}"


@pytest.mark.parametrize(
    "value",
    [
        Secret(HIDDEN),
        Telling(),
        f"token={HIDDEN}".encode(),
        {f"token={HIDDEN}"},
        (f"token={HIDDEN}",),
        [Secret(HIDDEN)],
    ],
)
def test_secret_in_a_value_of_any_type_is_masked(value: Any) -> None:
    assert HIDDEN not in repr(redact({"x": value}))


@pytest.mark.parametrize("value", [None, True, 7, 1.5, Decimal("1.50"), datetime(2026, 1, 1, tzinfo=UTC)])
def test_plain_values_stay(value: Any) -> None:
    assert redact({"x": value}) == {"x": value}
    assert type(redact(value)) is type(value)


def test_amounts_are_written_as_people_write_them(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("mm")
    structlog.get_logger("test").info("placed", stake=Decimal("1.50"))
    assert json.loads(capsys.readouterr().err)["stake"] == "1.50"


@given(st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_redacting_twice_changes_nothing_more(value: Any) -> None:
    assert redact(redact(value)) == redact(value)


def test_line_is_json_with_service_level_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("mm")
    structlog.get_logger("test").info("placed", order=7, url=f"https://h?apiKey={HIDDEN}", secret=HIDDEN)
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["service"], line["level"], line["order"]) == ("placed", "mm", "info", 7)
    assert line["url"] == "https://h?apiKey=***"
    assert line["secret"] == MASK
    assert line["timestamp"].endswith("Z")


def test_traceback_shows_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("mm")
    try:
        raise Telling
    except Telling:
        structlog.get_logger("test").exception("failed")
    text = capsys.readouterr().err
    assert "Telling" in text
    assert HIDDEN not in text


def test_lines_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("mm", "warning")
    structlog.get_logger("test").info("quiet")
    structlog.get_logger("test").warning("loud")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["loud"]


def test_readable_form_masks_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("mm", readable=True)
    structlog.get_logger("test").info("placed", token=HIDDEN)
    text = capsys.readouterr().err
    assert "placed" in text
    assert HIDDEN not in text


# --- metrics -----------------------------------------------------------------------------------------------------


class Part:
    """Something that knows a share."""


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def gauge(registry: CollectorRegistry) -> Gauge:
    return Gauge("shared", "of several parts", ["what"], registry=registry)


def test_shared_gauge_shows_the_sum_of_what_its_parts_told_last(registry: CollectorRegistry, gauge: Gauge) -> None:
    shared, one, other = Shared(gauge), Part(), Part()
    for part, value in ((one, 5), (other, 7), (one, 6)):
        shared.set(part, value, "quotes")
    shared.set(other, 100, "else")
    assert registry.get_sample_value("shared", {"what": "quotes"}) == 13
    shared.leave(other)
    assert registry.get_sample_value("shared", {"what": "quotes"}) == 6
    shared.leave(one)
    assert registry.get_sample_value("shared", {"what": "quotes"}) == 0


def test_shared_gauge_shows_the_least_where_all_parts_must_be_up(registry: CollectorRegistry, gauge: Gauge) -> None:
    shared, one, other = Shared(gauge, min), Part(), Part()
    shared.set(one, 1, "stream")
    shared.set(other, 0, "stream")
    assert registry.get_sample_value("shared", {"what": "stream"}) == 0
    shared.leave(other)
    assert registry.get_sample_value("shared", {"what": "stream"}) == 1
