"""Sends spans to a collector: OTLP over HTTP, by OpenTelemetry's SDK and exporter.

Imported only when an endpoint is set (`core.tracing.exported`). Spans wait in a bounded queue for a thread of their
own, which sends them in batches. A collector that is slow, hangs or is away costs spans, which are counted, and
nothing else: nobody who ends a span ever waits. Every fact passes the redaction of logs.

Sources: OpenTelemetry specification (trace SDK, OTLP exporter, semantic conventions of resources); W3C Trace Context.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Token
from types import TracebackType
from urllib.parse import urlsplit

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from hedgerow import __version__
from hedgerow.core.config import PREFIX, Settings
from hedgerow.core.errors import SetupError
from hedgerow.core.observe import TRACE_SPANS, redact
from hedgerow.core.tracing import PRESENT, Begin, Fact, Span, SpanKind

MOST_WAITING = 4096
"""Spans that wait to be sent; those beyond it are dropped."""
MOST_AT_ONCE = 512
EVERY_S = 1.0
"""How long a span waits for others at most."""
REQUEST_S = 5.0
"""For one batch, its repetitions included."""
FLUSH_S = 3.0
"""What the end of the process waits for the last batches."""
_MOST_TEXT = 256
_PATH = "/v1/traces"
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_KINDS: dict[SpanKind, trace.SpanKind] = {
    "internal": trace.SpanKind.INTERNAL,
    "server": trace.SpanKind.SERVER,
    "client": trace.SpanKind.CLIENT,
}

_log = structlog.get_logger(__name__)


class Recorded(Span):
    """A span that is sent when it ends."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self._token: Token[Span] | None = None

    @property
    def is_open(self) -> bool:
        return self._token is not None

    @property
    def trace_id(self) -> str:
        return f"{self._span.get_span_context().trace_id:032x}"

    @property
    def span_id(self) -> str:
        return f"{self._span.get_span_context().span_id:016x}"

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self._span.get_span_context().trace_flags:02x}"

    def tell(self, name: str, fact: Fact | None) -> None:
        if fact is not None:
            self._span.set_attribute(name, redact(fact, name))

    def rename(self, name: str) -> None:
        self._span.update_name(redact(name))

    def fail(self, why: str) -> None:
        self._span.set_status(trace.StatusCode.ERROR, redact(why))

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Span:
        self._token = PRESENT.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        token, self._token = self._token, None
        if token is not None:
            PRESENT.reset(token)
        if kind is not None:
            self.fail(kind.__name__)  # its text may hold what others wrote
        self._span.end()


class Sender(SpanProcessor):
    """Takes ended spans from the loop's thread and sends them from one of its own."""

    def __init__(self, exporter: SpanExporter, *, every_s: float = EVERY_S) -> None:
        self._exporter, self._every_s = exporter, every_s
        self._waiting: deque[ReadableSpan] = deque()
        self._under_way = 0
        self._wake = threading.Event()
        self._is_ending = self._is_given_up = False
        self._is_failing = False
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
        self._thread.start()

    def on_end(self, span: ReadableSpan) -> None:
        context = span.context
        if context is None or not context.trace_flags.sampled:
            return
        if len(self._waiting) >= MOST_WAITING or self._is_ending:
            TRACE_SPANS.labels("dropped").inc()
            return
        self._waiting.append(span)
        if len(self._waiting) >= MOST_AT_ONCE:
            self._wake.set()

    def shutdown(self) -> None:
        """Sends what waits, for as long as `FLUSH_S`; the rest is dropped."""
        self._is_ending = True
        self._wake.set()
        self._thread.join(FLUSH_S)
        left = len(self._waiting) + self._under_way
        if self._thread.is_alive() and left:
            self._is_given_up = True
            self._waiting.clear()
            TRACE_SPANS.labels("dropped").inc(left)
            _log.warning("traces are lost at the end", spans=left)
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 0) -> bool:
        """Is not waited for: batches leave by themselves."""
        self._wake.set()
        return True

    def _run(self) -> None:
        while not self._is_ending:
            self._wake.wait(self._every_s)
            self._wake.clear()
            while self._waiting:
                self._send()

    def _send(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]
        self._under_way = len(batch)
        try:
            is_sent = self._exporter.export(batch) is SpanExportResult.SUCCESS
        except Exception as error:
            _log.error("traces cannot be sent", error=type(error).__name__)
            is_sent = False
        if self._is_given_up:
            return  # they are counted as dropped
        self._under_way = 0
        TRACE_SPANS.labels("sent" if is_sent else "failed").inc(len(batch))
        if is_sent is self._is_failing:
            self._is_failing = not is_sent
            _log.warning("the OTLP endpoint takes traces again" if is_sent else "the OTLP endpoint takes no traces")


def beginner(provider: TracerProvider) -> Begin:
    """What makes spans of a provider."""
    tracer = provider.get_tracer("hedgerow", __version__)

    def begin(name: str, kind: SpanKind, parent: str) -> Span:
        return Recorded(tracer.start_span(name, _context(parent), _KINDS[kind]))

    return begin


@contextmanager
def exporting(settings: Settings, service: str) -> Iterator[Begin]:
    """What makes spans that go to the endpoint until the block ends. Raises SetupError where it is no URL."""
    # Its words repeat with every batch and may hold the endpoint with its password; ours are said once.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)
    provider = TracerProvider(
        resource=resource_of(settings, service),
        span_limits=SpanLimits(max_attribute_length=_MOST_TEXT),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(Sender(OTLPSpanExporter(endpoint_of(settings), timeout=REQUEST_S)))
    try:
        yield beginner(provider)
    finally:
        provider.shutdown()


def endpoint_of(settings: Settings) -> str | None:
    """Where traces go; None: where OpenTelemetry's own variables say. Raises SetupError."""
    if not settings.otlp_endpoint:
        return None
    url = settings.otlp_endpoint.reveal().rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SetupError(f"{PREFIX}OTLP_ENDPOINT is not an http(s) URL", "name it as http://collector:4318")
    return url if parts.path.endswith(_PATH) else url + _PATH


def resource_of(settings: Settings, service: str) -> Resource:
    """Who tells: the service, its version and the deployment. `OTEL_SERVICE_NAME` names the service otherwise, and
    `OTEL_RESOURCE_ATTRIBUTES` adds to it."""
    name = os.environ.get("OTEL_SERVICE_NAME") or f"hedgerow-{service}"
    named = {"service.name": name, "service.version": __version__}
    if settings.otlp_deployment:
        named["deployment.environment.name"] = settings.otlp_deployment
    return Resource.create(named)


def _context(parent: str) -> Context:
    """An empty context, or one in which the traceparent is the parent."""
    match = _TRACEPARENT.fullmatch(parent)
    if match is None:
        return Context()
    flags = trace.TraceFlags(int(match[3], 16) & trace.TraceFlags.SAMPLED)
    span_context = trace.SpanContext(int(match[1], 16), int(match[2], 16), is_remote=True, trace_flags=flags)
    return trace.set_span_in_context(trace.NonRecordingSpan(span_context), Context())
