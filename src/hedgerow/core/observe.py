"""Structured logs without secrets, and the names of all metrics in one place."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog
from prometheus_client import Counter, Gauge, Histogram

from hedgerow.core import tracing
from hedgerow.core.secrets import MASK, Secret

_SECRET_NAME = re.compile(
    r"(pass(word|phrase)?|secret|token|authorization|(api|private|partner|master)[-_]?key|credential|cookie|signature"
    r"|sealed)",
    re.IGNORECASE,
)
_NEVER_SECRET = (bool, int, float, Decimal, date, time, timedelta, UUID, type(None))
# Secrets inside text: keys in query strings and in JSON, credentials of a header, PEM blocks, credentials in URLs.
_SECRET_TEXT = re.compile(
    r"(?P<keep>(?:apiKey|api_key|key|token|secret|password)=)[^&\s\"']+"
    r"|(?P<json>[\"'](?:(?:api|private|partner)_?key|token|secret|pass(?:word|phrase)|signature)[\"']\s*:\s*[\"'])[^\"']+"
    r"|(?P<scheme>(?:Basic|Bearer)\s+)[\w+/=.~-]+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----"
    r"|(?P<userinfo>://(?:[^/\s:@]+:)?)[^@\s/]+(?=@)",
    re.IGNORECASE | re.DOTALL,
)


def redact_text(text: str) -> str:
    """The text with every secret that can be recognised in it masked."""
    return _SECRET_TEXT.sub(lambda m: (m["keep"] or m["json"] or m["scheme"] or m["userinfo"] or "") + MASK, text)


def redact(value: Any, name: str = "") -> Any:
    """The value with secrets masked: by type, by the name they stand under, and inside text; nested ones too."""
    if isinstance(value, Secret) or (value is not None and name and _SECRET_NAME.search(name)):
        return MASK
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {key: redact(item, str(key)) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact(item) for item in value]
    return value if isinstance(value, _NEVER_SECRET) else redact_text(str(value))


def _redact_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        event[name] = redact(value, "" if name in ("event", "key_id") else name)
    return event


def _name_span(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if here := tracing.present():
        event["trace_id"], event["span_id"] = here.trace_id, here.span_id
    return event


def configure_logs(service: str, level: str = "info", *, readable: bool = False) -> None:
    """One JSON object a line on stderr (or readable lines for a terminal), secrets masked, service named."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        _name_span,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact_event,
    ]
    renderer = structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer(default=str)
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(level=max(number, logging.WARNING), stream=sys.stderr, force=True)


class Shared:
    """A gauge of which several parts of one process, as market making's shards, each know a share."""

    def __init__(self, gauge: Gauge, pool: Callable[[Iterable[float]], float] = sum) -> None:
        """pool: what the gauge shows of the shares."""
        self._gauge, self._pool = gauge, pool
        self._shares: dict[tuple[str, ...], WeakKeyDictionary[object, float]] = {}

    def set(self, part: object, value: float, *labels: str) -> None:
        """The part's share is this now."""
        shares = self._shares.setdefault(labels, WeakKeyDictionary())
        shares[part] = value
        self._gauge.labels(*labels).set(self._pool(shares.values()))

    def leave(self, part: object) -> None:
        """The part has no share any more; the gauge is 0 when nobody has one."""
        for labels, shares in self._shares.items():
            if shares.pop(part, None) is not None:
                self._gauge.labels(*labels).set(self._pool(shares.values()) if shares else 0)


# Metrics: every name and unit in one place. Labels are bounded: slugs, channels, states; never ids or clients' text.
FEED_FRAMES = Counter("hedgerow_feed_frames_total", "Frames read from the odds feed", ["channel"])
FEED_SILENCE_SECONDS = Gauge("hedgerow_feed_silence_seconds", "Time since the odds feed last said anything")
FEED_QUARANTINED = Gauge("hedgerow_feed_quarantined_fixtures", "Fixtures set aside because they contradict themselves")
VENUE_REQUESTS = Counter("hedgerow_venue_requests_total", "Requests to venues", ["venue", "operation", "outcome"])
VENUE_REQUEST_SECONDS = Histogram(
    "hedgerow_venue_request_seconds",
    "Time from request to answer",
    ["venue", "operation"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_STREAM_UP = Gauge("hedgerow_venue_stream_up", "1 while the venue's stream is connected", ["venue", "account"])
STREAM_UP = Shared(_STREAM_UP, min)
_QUOTES_LIVE = Gauge("hedgerow_mm_quotes_live", "Orders resting on exchanges", ["exchange"])
QUOTES_LIVE = Shared(_QUOTES_LIVE)
QUOTE_ACTIONS = Counter("hedgerow_mm_quote_actions_total", "Quote changes sent", ["exchange", "action"])
UNQUOTED = Counter("hedgerow_mm_unquoted_total", "Times that a place lost its quote", ["exchange", "reason"])
FILLS = Counter("hedgerow_mm_fills_total", "Fills recorded", ["exchange"])
HEDGES = Counter("hedgerow_mm_hedges_total", "Hedge bets", ["bookmaker", "outcome"])
_UNHEDGED_STAKE = Gauge("hedgerow_mm_unhedged_stake_usd", "Matched stake that no hedge covers", ["client"])
UNHEDGED_STAKE = Shared(_UNHEDGED_STAKE)
BETS_IN_DOUBT = Gauge("hedgerow_bets_in_doubt", "Bets whose outcome the bookmaker has not told")
BALANCE_DRIFTS = Counter(
    "hedgerow_balance_drifts_total",
    "Balances that differ from the ledger by more than open bets explain",
    ["bookmaker"],
)
SETTLEMENT_DISPUTES = Counter(
    "hedgerow_settlement_disputes_total", "Settlements that differ from the feed's grade or our grading", ["bookmaker"]
)
MM_DISPUTES = Counter(
    "hedgerow_mm_settlement_disputes_total",
    "Markets in which exchange, bookmaker or feed contradict each other",
    ["between"],
)
INVARIANTS_BROKEN = Gauge("hedgerow_invariants_broken", "Rows that break an invariant of the ledger", ["invariant"])
API_REQUESTS = Counter("hedgerow_api_requests_total", "Requests answered", ["service", "route", "status"])
WS_CONNECTIONS = Gauge("hedgerow_ws_connections", "Open client WebSockets", ["service"])
WS_MESSAGES = Counter("hedgerow_ws_messages_total", "Messages sent to client WebSockets", ["service", "channel"])
OUTBOX_LAG = Gauge("hedgerow_outbox_lag_rows", "Committed changes not yet published")
TRACE_SPANS = Counter(
    "hedgerow_trace_spans_total", "Spans that were sent, failed to be, or were dropped unsent", ["outcome"]
)
SCRAPING_AGENTS = Gauge("hedgerow_scraping_agents", "Agents that are linked to this gateway")
SCRAPING_RELAYS = Gauge("hedgerow_scraping_relays", "WebSocket relays that are open")
SCRAPING_REQUESTS = Counter("hedgerow_scraping_requests_total", "Requests for agents", ["protocol", "status"])
SCRAPING_REQUEST_SECONDS = Histogram(
    "hedgerow_scraping_request_seconds",
    "Request for an agent read to answer written",
    ["protocol"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 300),
)
