"""Traces: what one request caused, over tasks and processes, as spans with a name, a beginning, an end and a few facts.

Not for how spans leave the process, which is `core.otlp`: nothing of OpenTelemetry is imported here, nor at all unless
an endpoint is set. While none is, `span` answers one and the same span that records nothing, so that a traced line
costs two calls and makes no object. What a span tells is bounded: ids, slugs, states, routes; never bodies, keys,
query values, or text of a client's or a venue's.

Source: W3C Trace Context (traceparent); OpenTelemetry's environment variables for SDK and exporter.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Literal

from hedgerow.core.config import Settings
from hedgerow.core.errors import SetupError

Fact = str | int | bool
SpanKind = Literal["internal", "server", "client"]
"""Which side of a call a span is. Literals, because reading a member of an enumeration makes an object."""

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_DISABLED = "OTEL_SDK_DISABLED"
_PACKAGE = "opentelemetry"
_TRACEPARENT = b"traceparent"


class Span:
    """A piece of work, open for the length of a block; one that is not recorded is false."""

    __slots__ = ()

    @property
    def is_open(self) -> bool:
        return False

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits; empty where nothing is recorded."""
        return ""

    @property
    def span_id(self) -> str:
        """16 hexadecimal digits; empty where nothing is recorded."""
        return ""

    @property
    def traceparent(self) -> str:
        """By which work elsewhere becomes a part of this; empty where nothing is recorded."""
        return ""

    def tell(self, name: str, fact: Fact | None) -> None:
        """Adds a fact. None: not known."""

    def rename(self, name: str) -> None:
        """For a name that is known later than the beginning."""

    def fail(self, why: str) -> None:
        """Marks the work as failed. why: a kind of failure, not its text."""

    def __bool__(self) -> bool:
        return False

    def __enter__(self) -> Span:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class _Nothing(Span):
    """Static where a block enters and leaves it: a bound method would be an object for each time."""

    __slots__ = ()

    @staticmethod
    def __enter__() -> Span:
        return NOTHING

    @staticmethod
    def __exit__(kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass


NOTHING: Span = _Nothing()

Begin = Callable[[str, SpanKind, str], Span]
"""Makes a span of a name and a kind, as part of what the traceparent names; empty: as the first of a trace."""

_begin: Begin | None = None
PRESENT: ContextVar[Span] = ContextVar("span", default=NOTHING)
"""The span that was entered last. A task that outlives it still holds it, closed; ask `present`."""


def forget() -> None:
    """The present task works for nobody in particular, whoever's request it was that started it."""
    PRESENT.set(NOTHING)


def present() -> Span:
    """The span that is open here; one that records nothing where none is."""
    here = PRESENT.get()
    return here if here.is_open else NOTHING


def is_recording() -> bool:
    """Whether spans of this process go anywhere."""
    return _begin is not None


def span(name: str, kind: SpanKind = "internal", parent: str | None = None) -> Span:
    """A span to be entered: part of what the traceparent `parent` names, or the first of a trace where that is empty or
    no traceparent. None: part of what is open here, if anything is."""
    if _begin is None:
        return NOTHING
    return _begin(name, kind, present().traceparent if parent is None else parent)


def served(name: str, headers: Iterable[tuple[bytes, bytes]]) -> Span:
    """The span of a request that we answer: part of what its caller's traceparent names. headers: with names in lower
    case."""
    if _begin is None:
        return NOTHING
    parent = next((value for key, value in headers if key == _TRACEPARENT), b"")
    return _begin(name, "server", parent.decode("latin-1"))


def step(name: str, kind: SpanKind = "internal") -> Span:
    """`span` for what is worth recording only as a part of something: where nothing is open, it is not recorded."""
    if _begin is None or not (here := present()):
        return NOTHING
    return _begin(name, kind, here.traceparent)


@contextmanager
def recorded_by(begin: Begin) -> Iterator[None]:
    """For the length of the block, spans of this process are made by `begin`."""
    global _begin  # noqa: PLW0603 - one per process, read on hot paths
    before, _begin = _begin, begin
    try:
        yield
    finally:
        _begin = before


@contextmanager
def exported(settings: Settings, service: str) -> Iterator[None]:
    """For the length of the block, spans of this process go to the OTLP endpoint, if one is set; its end waits for the
    last of them, for a bounded time, and so stands outside of the loop.

    Raises SetupError where an endpoint is set and the packages for it are not installed, or it is no URL.
    """
    if not wanted(settings):
        yield
        return
    try:
        from hedgerow.core.otlp import exporting
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith(_PACKAGE):
            raise
        raise SetupError(
            "an OTLP endpoint is set, and the packages that send traces are not installed",
            "pip install hedgerow[otel]",
        ) from None
    with exporting(settings, service) as begin, recorded_by(begin):
        yield


def wanted(settings: Settings) -> bool:
    """Whether an endpoint is set, by our setting or by one of OpenTelemetry's own."""
    if os.environ.get(_DISABLED, "").strip().lower() == "true":
        return False
    return bool(settings.otlp_endpoint) or any(os.environ.get(name) for name in _ENDPOINTS)
