"""A collector for the tests: an OTLP/HTTP receiver that decodes what it is sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from hedgerow.core.config import Settings
from hedgerow.core.secrets import Secret
from hedgerow.core.tracing import exported

Tree = tuple[str, list["Tree"]]


class Collector:
    """What came, in order. Whole when the block of `collecting` has ended."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.paths: set[str] = set()

    @property
    def services(self) -> set[str]:
        return {
            pair.value.string_value
            for body in self.bodies
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for pair in resource.resource.attributes
            if pair.key == "service.name"
        }

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for body in self.bodies
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def named(self, name: str) -> Span:
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def tree(self, name: str) -> Tree:
        """The span of that name and all that are parts of it, the earliest first."""
        return self._tree(self.named(name))

    def children(self, span: Span) -> list[str]:
        return [name for name, _ in self._tree(span)[1]]

    def _tree(self, span: Span) -> Tree:
        parts = [one for one in self.spans if one.parent_span_id == span.span_id and one.trace_id == span.trace_id]
        return span.name, [self._tree(one) for one in sorted(parts, key=lambda one: one.start_time_unix_nano)]


def facts(span: Span) -> dict[str, str | int | bool]:
    """What a span tells."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in span.attributes}


@contextmanager
def collecting(service: str) -> Iterator[Collector]:
    """For the length of the block, spans of this process go to a collector on a port of its own."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.paths.add(self.path)
            collector.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            with exported(Settings(otlp_endpoint=Secret(f"http://127.0.0.1:{server.server_port}")), service):
                yield collector
        finally:
            server.shutdown()
            thread.join()
