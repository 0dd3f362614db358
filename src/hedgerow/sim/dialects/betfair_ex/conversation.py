"""One client's conversation on the stream, without the socket: authentication, two subscriptions, changes.

A subscription replaces the one before of its kind. Changes wait for `conflateMs` and are then told together; silence is
broken by a heartbeat after `heartbeatMs`. Source: the Exchange Stream schema 1.0.1423 by way of the venue's sheet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.betfair_ex.errors import Fault
from hedgerow.sim.dialects.betfair_ex.journal import Journal
from hedgerow.sim.dialects.betfair_ex.merging import merged
from hedgerow.sim.dialects.betfair_ex.requests import Params

Json = dict[str, Any]

HEARTBEAT_MS = (500, 5_000)
_MOST_CONFLATION_MS = 120_000

# Which parts of a runner's change a field of the data filter stands for.
_PARTS = {
    "EX_ALL_OFFERS": ("atb", "atl"),
    "EX_BEST_OFFERS": ("batb", "batl"),
    "EX_BEST_OFFERS_DISP": ("bdatb", "bdatl"),
    "EX_TRADED": ("trd",),
    "EX_TRADED_VOL": ("tv",),
    "EX_LTP": ("ltp",),
    "SP_TRADED": ("spb", "spl"),
    "SP_PROJECTED": ("spn", "spf"),
}
_OPTIONAL = frozenset(part for parts in _PARTS.values() for part in parts)


class MarketFilter(Params):
    market_ids: list[str] | None = None
    event_ids: list[str] | None = None
    event_type_ids: list[str] | None = None
    market_types: list[str] | None = None


class MarketDataFilter(Params):
    fields: list[str] | None = None
    ladder_levels: int | None = None


class Request(Params):
    """Any message of a client."""

    op: str
    id: int | None = None
    app_key: str = ""
    session: str = ""
    market_filter: MarketFilter | None = None
    market_data_filter: MarketDataFilter | None = None
    conflate_ms: int | None = None
    heartbeat_ms: int | None = None
    initial_clk: str | None = None
    clk: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """What a subscription is served from: a journal, pictures of what is wanted of it, and which changes those are."""

    journal: Journal
    images: Callable[[], list[Json]]
    wants: Callable[[Json], bool]


class Host(Protocol):
    """The venue, as a conversation sees it."""

    clock: WorldClock

    def signed_in(self, app_key: str, session: str) -> str:
        """The account. Raises Fault."""
        ...

    def markets(self, wanted: MarketFilter) -> Source:
        """Raises Fault."""
        ...

    def orders(self, account: str) -> Source: ...


@dataclass(slots=True)
class _Subscription:
    op: str  # of its messages: mcm, ocm
    part: str  # where they have the changes: mc, oc
    id: int | None
    source: Source
    conflate_ms: int
    heartbeat_ms: int
    parts: frozenset[str] | None
    waiting: list[Json] = field(default_factory=list)
    waiting_pt: int = 0
    last_ms: int = 0
    is_over: bool = False


class Conversation:
    """Lines in, messages out."""

    def __init__(self, number: int, host: Host, push: Callable[[Json], None], close: Callable[[], None]) -> None:
        self.account: str | None = None
        self._connection = f"002-{number:012d}"
        self._host, self._push, self._close = host, push, close
        self._subscriptions: dict[str, tuple[_Subscription, Callable[[], None]]] = {}

    @property
    def is_idle(self) -> bool:
        """Whether nothing is subscribed."""
        return not self._subscriptions

    def start(self) -> None:
        self._push({"op": "connection", "connectionId": self._connection})

    def end(self) -> None:
        for subscription, stop in self._subscriptions.values():
            subscription.is_over = True
            stop()
        self._subscriptions.clear()

    def time_out(self) -> None:
        self._fail(None, "TIMEOUT")

    def handle(self, line: bytes) -> None:
        try:
            request = msgspec.json.decode(line, type=Request)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self._fail(None, "INVALID_INPUT")
            return
        try:
            self._do(request)
        except Fault as fault:
            self._fail(request.id, fault.name)

    def _do(self, request: Request) -> None:
        """Raises Fault."""
        if request.op == "authentication":
            self.account = self._host.signed_in(request.app_key, request.session)
            self._succeed(request.id)
            return
        if self.account is None:
            raise Fault("NOT_AUTHORIZED")
        match request.op:
            case "heartbeat":
                self._succeed(request.id)
            case "marketSubscription":
                source = self._host.markets(request.market_filter or MarketFilter())
                self._subscribe(request, source, "mcm", "mc")
            case "orderSubscription":
                self._subscribe(request, self._host.orders(self.account), "ocm", "oc")
            case _:
                raise Fault("INVALID_INPUT")

    # --- subscriptions ------------------------------------------------------------------------------------------

    def _subscribe(self, request: Request, source: Source, op: str, part: str) -> None:
        missed: list[Json] | None = None
        if request.clk is not None or request.initial_clk is not None:
            missed = source.journal.since(request.initial_clk or "", request.clk or "")
            if missed is None:
                raise Fault("INVALID_CLOCK")
        before = self._subscriptions.pop(op, None)
        if before is not None:
            before[0].is_over = True
            before[1]()
        low, high = HEARTBEAT_MS
        subscription = _Subscription(
            op,
            part,
            request.id,
            source,
            min(max(0, request.conflate_ms or 0), _MOST_CONFLATION_MS),
            min(high, max(low, request.heartbeat_ms or high)),
            _parts_of(request.market_data_filter),
        )
        stop = source.journal.on_change(lambda change, at_ms: self._on_change(subscription, change, at_ms))
        self._subscriptions[op] = subscription, stop
        self._succeed(request.id)
        if missed is None:
            told, kind = source.images(), "SUB_IMAGE"
        else:
            told, kind = [change for change in missed if source.wants(change)], "RESUB_DELTA"
            told = merged(told) if op == "mcm" else told
        first: Json = {
            "initialClk": source.journal.initial_clk,
            "clk": source.journal.clk,
            "conflateMs": subscription.conflate_ms,
            "heartbeatMs": subscription.heartbeat_ms,
            "ct": kind,
        }
        self._tell(subscription, first, told, self._host.clock.now_ms())
        self._watch_silence(subscription)

    def _on_change(self, subscription: _Subscription, change: Json, at_ms: int) -> None:
        if not subscription.source.wants(change):
            return
        if not subscription.conflate_ms:
            self._tell(subscription, {"clk": subscription.source.journal.clk}, [change], at_ms)
            return
        if not subscription.waiting:
            self._host.clock.later(subscription.conflate_ms / 1_000, lambda: self._flush(subscription), "conflation")
        subscription.waiting.append(change)
        subscription.waiting_pt = at_ms

    def _flush(self, subscription: _Subscription) -> None:
        changes, subscription.waiting = subscription.waiting, []
        if changes and not subscription.is_over:
            told = merged(changes) if subscription.op == "mcm" else changes
            told = [{**change, "con": True} if subscription.op == "mcm" else change for change in told]
            self._tell(subscription, {"clk": subscription.source.journal.clk}, told, subscription.waiting_pt)

    def _tell(self, subscription: _Subscription, head: Json, changes: list[Json], at_ms: int) -> None:
        subscription.last_ms = self._host.clock.now_ms()
        message: Json = {"op": subscription.op, "id": subscription.id, **head, "pt": at_ms}
        if changes:
            message[subscription.part] = [_filtered(change, subscription.parts) for change in changes]
        self._push(message)

    def _watch_silence(self, subscription: _Subscription) -> None:
        """A heartbeat after each silence of `heartbeatMs`."""
        if subscription.is_over:
            return
        now_ms = self._host.clock.now_ms()
        if now_ms - subscription.last_ms >= subscription.heartbeat_ms:
            self._tell(subscription, {"clk": subscription.source.journal.clk, "ct": "HEARTBEAT"}, [], now_ms)
        due_ms = subscription.last_ms + subscription.heartbeat_ms - now_ms
        # Soft: a heartbeat is no event that stepped time has to stop for.
        self._host.clock.later(due_ms / 1_000, lambda: self._watch_silence(subscription), "stream heartbeat", soft=True)

    # --- replies ------------------------------------------------------------------------------------------------

    def _succeed(self, number: int | None) -> None:
        self._push(
            {
                "op": "status",
                "id": number,
                "statusCode": "SUCCESS",
                "connectionClosed": False,
                "connectionsAvailable": 9,
            }
        )

    def _fail(self, number: int | None, code: str) -> None:
        """Every failure but a wrong clock and a wrong input ends the connection."""
        is_closed = code not in ("INVALID_CLOCK", "INVALID_INPUT", "SUBSCRIPTION_LIMIT_EXCEEDED")
        self._push(
            {
                "op": "status",
                "id": number,
                "statusCode": "FAILURE",
                "errorCode": code,
                "errorMessage": code.replace("_", " ").lower(),
                "connectionClosed": is_closed,
                "connectionId": self._connection,
            }
        )
        if is_closed:
            self._close()


def _parts_of(wanted: MarketDataFilter | None) -> frozenset[str] | None:
    """The optional parts that are left out; None: all is told."""
    if wanted is None or not wanted.fields:
        return None
    kept = {part for name in wanted.fields for part in _PARTS.get(name, ())}
    if "EX_MARKET_DEF" in wanted.fields:
        kept.add("marketDefinition")
    return (_OPTIONAL | {"marketDefinition"}) - kept


def _filtered(change: Json, left_out: frozenset[str] | None) -> Json:
    if not left_out:
        return change
    shown = {name: value for name, value in change.items() if name not in left_out}
    if "rc" in shown:
        shown["rc"] = [{name: value for name, value in row.items() if name not in left_out} for row in shown["rc"]]
    return shown
