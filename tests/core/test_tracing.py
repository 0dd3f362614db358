"""Spans: what they cost while nobody wants them, whose part they are, and what never stands in them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Any

import pytest
import structlog
from click.testing import CliRunner
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from prometheus_client import REGISTRY

from hedgerow.cli import serve
from hedgerow.core import otlp, tracing
from hedgerow.core.config import Settings
from hedgerow.core.errors import SetupError
from hedgerow.core.observe import configure_logs
from hedgerow.core.secrets import MASK, Secret
from hedgerow.core.tasks import spawn
from hedgerow.core.tracing import NOTHING, forget, present, served, span, step

HIDDEN = "hunter2secretvalue"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"


class Kept(SpanExporter):
    """Keeps what it is given. gate: nothing is taken before it opens."""

    def __init__(self, result: SpanExportResult = SpanExportResult.SUCCESS) -> None:
        self.spans: list[ReadableSpan] = []
        self.result = result
        self.gate = threading.Event()
        self.gate.set()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.gate.wait(30)
        self.spans += spans
        return self.result

    def named(self, name: str) -> ReadableSpan:
        return next(one for one in self.spans if one.name == name)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def provider(kept: Kept) -> Iterator[TracerProvider]:
    """While it lives, spans are recorded and go to `kept`; `shutdown` brings the last of them."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(otlp.Sender(kept, every_s=0.01))
    with tracing.recorded_by(otlp.beginner(provider)):
        yield provider
    kept.gate.set()
    provider.shutdown()


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("hedgerow_trace_spans_total", {"outcome": outcome}) or 0.0


# --- nobody wants them -------------------------------------------------------------------------------------------


def test_without_an_endpoint_a_span_is_the_one_that_records_nothing() -> None:
    headers = [(b"traceparent", TRACEPARENT.encode())]
    for one in (span("a"), span("a", parent=TRACEPARENT), step("a"), served("a", headers)):
        assert one is NOTHING
        with one as here:
            here.tell("hedgerow.order_id", 7)
            assert present() is NOTHING
            assert not here
            assert (here.traceparent, here.trace_id, here.span_id) == ("", "", "")


def peak_of(passes: Callable[[], None]) -> int:
    """Bytes that were taken at any one moment beyond those at the beginning."""
    passes()
    tracemalloc.start()
    try:
        held = tracemalloc.get_traced_memory()[0]
        passes()
        return tracemalloc.get_traced_memory()[1] - held
    finally:
        tracemalloc.stop()


def test_without_an_endpoint_a_traced_line_makes_no_object() -> None:
    def nothing() -> None:
        for _ in repeat(None, 100):
            pass

    def traced() -> None:
        for _ in repeat(None, 100):
            with span("mm.cancel", parent="") as here, step("venue.request", "client") as inner:
                here.tell("hedgerow.order_id", 7)
                inner.tell("hedgerow.venue", "sx.bet")
                here.tell("hedgerow.cause", present().traceparent)

    def one_object() -> None:
        for _ in repeat(None, 100):
            object.__new__(Kept)

    assert peak_of(traced) == peak_of(nothing) < peak_of(one_object)


def test_without_an_endpoint_nothing_that_sends_traces_is_imported() -> None:
    program = """
import sys
from hedgerow.cli import agent, main, serve
from hedgerow.abp import serve
from hedgerow.mm import serve
from hedgerow.scraping.gateway import serve
from hedgerow.scraping.agent import serve
from hedgerow.core.config import Settings
from hedgerow.core.tracing import exported
with exported(Settings(), "abp"):
    pass
print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))])
print("hedgerow.core.otlp" in sys.modules)
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.split("\n")[:2] == ["[]", "False"]


@pytest.mark.parametrize(
    ("setting", "environment", "is_wanted"),
    [
        (None, {}, False),
        ("http://127.0.0.1:4318", {}, True),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        (None, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ("http://127.0.0.1:4318", {"OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_traces_are_sent_where_an_endpoint_is_set(
    monkeypatch, setting: str | None, environment: dict[str, str], is_wanted: bool
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert tracing.wanted(Settings(otlp_endpoint=Secret(setting) if setting else None)) is is_wanted


def test_endpoint_without_the_packages_names_the_extra(monkeypatch) -> None:
    monkeypatch.delitem(sys.modules, "hedgerow.core.otlp")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with (
        pytest.raises(SetupError, match=r"pip install hedgerow\[otel\]"),
        tracing.exported(Settings(otlp_endpoint=Secret("http://127.0.0.1:4318")), "abp"),
    ):
        pass


@pytest.mark.parametrize("service", ["abp", "mm", "gateway", "dashboard"])
def test_service_does_not_start_without_the_packages_that_its_endpoint_needs(monkeypatch, service: str) -> None:
    monkeypatch.setenv("HEDGEROW_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.delitem(sys.modules, "hedgerow.core.otlp")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    told = CliRunner().invoke(serve.command, [service])
    assert isinstance(told.exception, SetupError)
    assert "hedgerow[otel]" in str(told.exception)


@pytest.mark.parametrize("url", ["collector:4318", "grpc://collector:4317", "http://"])
def test_endpoint_that_is_no_url_stops_the_start(url: str) -> None:
    with pytest.raises(SetupError, match="HEDGEROW_OTLP_ENDPOINT is not an http"):
        otlp.endpoint_of(Settings(otlp_endpoint=Secret(url)))


@pytest.mark.parametrize("url", ["http://c:4318", "http://c:4318/", "http://c:4318/v1/traces"])
def test_endpoint_is_a_base_or_the_whole_url(url: str) -> None:
    assert otlp.endpoint_of(Settings(otlp_endpoint=Secret(url))) == "http://c:4318/v1/traces"


# --- whose part they are -------------------------------------------------------------------------------------------


def test_span_inside_a_span_is_its_part(kept: Kept, provider: TracerProvider) -> None:
    with span("outer") as outer, span("inner") as inner:
        assert present() is inner
        assert outer.trace_id == inner.trace_id
    assert present() is NOTHING
    provider.shutdown()
    assert kept.named("inner").parent.span_id == kept.named("outer").context.span_id
    assert kept.named("outer").parent is None


def test_request_is_part_of_what_its_caller_names(kept: Kept, provider: TracerProvider) -> None:
    with served("request", [(b"host", b"x"), (b"traceparent", TRACEPARENT.encode())]) as here:
        assert here.trace_id == TRACE
    provider.shutdown()
    assert f"{kept.named('request').parent.span_id:016x}" == PARENT


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        HIDDEN,
        TRACEPARENT.upper(),
        TRACEPARENT.replace(TRACE, "0" * 32),
        TRACEPARENT.replace(PARENT, "0" * 16),
        "ff" + TRACEPARENT[2:],
        TRACEPARENT + "x",
        TRACEPARENT * 2,
    ],
)
def test_what_is_no_traceparent_begins_a_trace(kept: Kept, provider: TracerProvider, traceparent: str) -> None:
    with span("outer"), served("request", [(b"traceparent", traceparent.encode())]) as here:
        assert len(here.trace_id) == 32
        assert here.trace_id != TRACE
    provider.shutdown()
    assert kept.named("request").parent is None


def test_caller_who_is_not_sampled_is_not_recorded(kept: Kept, provider: TracerProvider) -> None:
    with served("request", [(b"traceparent", TRACEPARENT[:-1].encode() + b"0")]) as here:
        assert here.traceparent.endswith("-00")
        with span("inner") as inner:
            assert inner.traceparent.endswith("-00")
    provider.shutdown()
    assert kept.spans == []


def test_step_is_recorded_only_inside_a_span(kept: Kept, provider: TracerProvider) -> None:
    assert step("alone") is NOTHING
    with span("outer"), step("inside"):
        pass
    provider.shutdown()
    assert {one.name for one in kept.spans} == {"outer", "inside"}


async def test_task_that_outlives_a_span_is_no_part_of_it(provider: TracerProvider) -> None:
    ended = asyncio.Event()

    async def later() -> tuple[bool, bool]:
        was_part = bool(present())
        await ended.wait()
        return was_part, bool(present())

    with span("request"):
        task = spawn(later(), "later")
        await asyncio.sleep(0)
    ended.set()
    assert await task == (True, False)


async def test_task_that_works_for_many_forgets_who_started_it(provider: TracerProvider) -> None:
    async def group() -> bool:
        forget()
        return bool(present())

    with span("request") as here:
        assert await spawn(group(), "group") is False
        assert present() is here


def test_failure_tells_its_kind_and_not_its_text(kept: Kept, provider: TracerProvider) -> None:
    with pytest.raises(ValueError, match=HIDDEN), span("work"):
        raise ValueError(HIDDEN)
    provider.shutdown()
    failed = kept.named("work")
    assert (failed.status.description, failed.events) == ("ValueError", ())
    assert HIDDEN not in failed.to_json()


# --- what they tell ------------------------------------------------------------------------------------------------


def test_no_secret_leaves_in_a_span(kept: Kept, provider: TracerProvider) -> None:
    with span("work") as here:
        here.tell("hedgerow.api_key", HIDDEN)
        here.tell("authorization", HIDDEN)
        here.tell("hedgerow.url", f"https://user:{HIDDEN}@venue.test/odds?apiKey={HIDDEN}")
        here.tell("hedgerow.reason", f"refused: Bearer {HIDDEN}")
        here.rename(f"GET /odds?token={HIDDEN}")
        here.fail(f"password={HIDDEN}")
    with span("next", parent=f"{TRACEPARENT}-{HIDDEN}"):
        pass
    provider.shutdown()
    assert len(kept.spans) == 2
    for one in kept.spans:
        assert HIDDEN not in one.to_json()
    assert kept.spans[0].attributes["authorization"] == MASK


def test_fact_of_a_client_is_bounded(monkeypatch) -> None:
    with otlp.exporting(Settings(otlp_endpoint=Secret("http://127.0.0.1:1")), "abp") as begin:
        one = begin("work", "internal", "")
        one.tell("hedgerow.client", "x" * 10_000)
        assert len(one._span.attributes["hedgerow.client"]) == 256  # what the SDK made of it


def test_resource_names_service_version_and_deployment(monkeypatch) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "cloud.region=eu")
    told = otlp.resource_of(Settings(otlp_deployment="production"), "abp").attributes
    assert (told["service.name"], told["deployment.environment.name"]) == ("hedgerow-abp", "production")
    assert told["cloud.region"] == "eu"
    assert not [name for name in told if name.startswith("process.command")]
    monkeypatch.setenv("OTEL_SERVICE_NAME", "betting")
    assert otlp.resource_of(Settings(), "abp").attributes["service.name"] == "betting"


def test_log_line_names_the_open_span(provider: TracerProvider, capsys) -> None:
    configure_logs("abp")
    log = structlog.get_logger("test")
    with span("work") as here:
        log.warning("inside")
    log.warning("outside")
    inside, outside = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (inside["trace_id"], inside["span_id"]) == (here.trace_id, here.span_id)
    assert "trace_id" not in outside


# --- the collector is not there --------------------------------------------------------------------------------------


def end(provider: TracerProvider, spans: int) -> None:
    for _ in range(spans):
        with span("work"):
            pass


def test_collector_that_hangs_costs_spans_that_are_counted(
    kept: Kept, provider: TracerProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(otlp, "FLUSH_S", 0.05)
    kept.gate.clear()
    dropped = counted("dropped")
    end(provider, otlp.MOST_WAITING + 2 * otlp.MOST_AT_ONCE)
    beyond = counted("dropped") - dropped
    assert otlp.MOST_AT_ONCE <= beyond <= 2 * otlp.MOST_AT_ONCE  # one batch is under way
    provider.shutdown()  # is not kept by it either
    assert counted("dropped") - dropped == otlp.MOST_WAITING + 2 * otlp.MOST_AT_ONCE


def test_collector_that_refuses_costs_spans_that_are_counted(kept: Kept, provider: TracerProvider) -> None:
    kept.result = SpanExportResult.FAILURE
    failed = counted("failed")
    end(provider, 3)
    provider.shutdown()
    assert counted("failed") - failed == 3


def test_exporter_that_raises_does_not_end_the_sending(kept: Kept, provider: TracerProvider, monkeypatch) -> None:
    taken, failed = kept.export, counted("failed")
    calls: list[int] = []

    def once(spans: Sequence[ReadableSpan]) -> Any:
        calls.append(len(spans))
        if len(calls) == 1:
            raise RuntimeError("broken")
        return taken(spans)

    monkeypatch.setattr(kept, "export", once)
    monkeypatch.setattr(otlp, "MOST_AT_ONCE", 1)
    end(provider, 2)
    provider.shutdown()
    assert (counted("failed") - failed, len(kept.spans)) == (1, 1)


def test_last_spans_are_sent_at_the_end(kept: Kept, provider: TracerProvider) -> None:
    sent = counted("sent")
    end(provider, 700)
    provider.shutdown()
    assert (len(kept.spans), counted("sent") - sent) == (700, 700)


def test_collector_that_is_away_costs_spans_and_a_bounded_end(monkeypatch) -> None:
    monkeypatch.setattr(otlp, "FLUSH_S", 0.05)
    before = counted("dropped") + counted("failed")
    with tracing.exported(Settings(otlp_endpoint=Secret("http://127.0.0.1:1")), "abp"), span("work"):
        pass
    assert counted("dropped") + counted("failed") - before == 1
    assert span("after") is NOTHING


def test_span_that_ends_after_the_end_is_dropped(kept: Kept, provider: TracerProvider) -> None:
    provider.shutdown()
    dropped = counted("dropped")
    end(provider, 1)
    assert (kept.spans, counted("dropped") - dropped) == ([], 1)
