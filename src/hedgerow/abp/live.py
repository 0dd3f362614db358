"""Tells WebSocket clients what this process sees itself: betslips, fixtures, rates, and whether the feed is there.

These are no committed changes: who connects later reads them over REST. Betslips are told of by the process that was
asked for them last, on the sockets of all.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

import msgspec
import structlog

from hedgerow.abp.betslip import SlipKey
from hedgerow.abp.events import Shape
from hedgerow.abp.feedview import FeedView
from hedgerow.abp.service import AutomatedBetPlacing
from hedgerow.abp.subscribe import address, message
from hedgerow.bus.nats import Bus, BusError, Subscription
from hedgerow.bus.subjects import ABP_SLIPS
from hedgerow.core.clock import Clock
from hedgerow.core.ids import FixtureId
from hedgerow.core.money import Rates
from hedgerow.core.tasks import spawn, stop
from hedgerow.realtime.hub import Hub
from hedgerow.storage.database import StorageError

_log = structlog.get_logger(__name__)

READY, DEGRADED = "ready", "degraded"
_SLIPS_AT_ONCE = 8
"""Of one client: a bookmaker that answers late holds up its own clients' betslips alone."""


@dataclass(slots=True)
class _Slips:
    """A client's betslips that may have changed. waiting: bounded by the open windows, those that waited longest first;
    telling: each by one task, which tells it as it is then; again: those of them that may have changed since."""

    waiting: dict[SlipKey, None] = field(default_factory=dict)
    telling: dict[SlipKey, asyncio.Task[None]] = field(default_factory=dict)
    again: set[SlipKey] = field(default_factory=set)


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    """A process was asked for a betslip, and tells of its changes until then: who was asked before tells no more."""

    origin: str
    key: SlipKey
    until_ms: int


class Told(msgspec.Struct, frozen=True, tag="told"):
    """A betslip has changed. message: as the client's sockets are told, at whichever process they are."""

    origin: str
    client: str
    message: str


_SHARED = msgspec.json.Decoder(Opened | Told)


class Live:
    """Listens to the service, and tells the hub."""

    def __init__(self, service: AutomatedBetPlacing, feed: FeedView, hub: Hub, bus: Bus, clock: Clock) -> None:
        self._service, self._feed, self._hub, self._bus, self._clock = service, feed, hub, bus, clock
        self._name = str(uuid.uuid4())
        self._slips: dict[str, _Slips] = {}  # by client
        self._is_stopped = False
        self._rates: Mapping[str, Decimal] = {}
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        self._subscription = await self._bus.subscribe(ABP_SLIPS, self._heard)
        self._service.on_slip(changed=self._slip_changed, opened=self._slip_opened)
        self._service.on_feed(fixture=self._fixture_changed, rates=self._rates_changed, connection=self._connected)

    async def stop(self) -> None:
        self._is_stopped = True
        if self._subscription is not None:
            await self._subscription.stop()
        await stop(*(task for slips in self._slips.values() for task in slips.telling.values()))

    def _tell(self, channel: str, event: str, client: str | None, payload: Shape) -> None:
        self._hub.tell(address(channel, client), lambda: message(channel, event, payload, self._clock.now_ms()))

    def _fixture_changed(self, fixture_id: FixtureId) -> None:
        def told() -> bytes:
            info = self._feed.fixture_info(fixture_id) or {"fixtureId": fixture_id}
            return message("fixtures", "UPDATE", info, self._clock.now_ms())

        self._hub.tell(address("fixtures", None), told)

    def _rates_changed(self, rates: Rates) -> None:
        before, self._rates = self._rates, rates.per_usd
        for currency, value in self._rates.items():
            if before.get(currency) != value:
                self._tell("currencies", "UPDATE", None, {"currency": currency, "currencyValue": value})

    def _connected(self, is_up: bool) -> None:
        told = {"status": READY if is_up else DEGRADED, "reason": None if is_up else "the feed is not connected"}
        self._tell("status", "STATUS", None, told)

    def _slip_changed(self, key: SlipKey) -> None:
        slips = self._slips.setdefault(key.client, _Slips())
        if key in slips.telling:
            slips.again.add(key)
        else:
            slips.waiting[key] = None
            self._begin(slips)

    def _begin(self, slips: _Slips) -> None:
        while slips.waiting and len(slips.telling) < _SLIPS_AT_ONCE and not self._is_stopped:
            key = next(iter(slips.waiting))
            del slips.waiting[key]
            task = slips.telling[key] = spawn(self._tell_slip(key), "tell a betslip")
            task.add_done_callback(partial(self._told, key))

    def _told(self, key: SlipKey, _: object) -> None:
        slips = self._slips[key.client]
        del slips.telling[key]
        if key in slips.again:
            slips.again.remove(key)
            slips.waiting[key] = None
        self._begin(slips)
        if not slips.telling:
            del self._slips[key.client]

    async def _tell_slip(self, key: SlipKey) -> None:
        try:
            slip = await self._service.news(key)
        except StorageError as error:
            _log.warning("a betslip is not told", client=key.client, error=str(error))
            return
        if slip is not None:
            text = message("betslip", "UPDATE", slip, self._clock.now_ms())
            self._hub.tell(address("betslip", key.client), lambda: text)
            await self._share(Told(self._name, key.client, text.decode()))

    # --- the other processes -----------------------------------------------------------------------------------------

    def _slip_opened(self, key: SlipKey) -> None:
        if (until_ms := self._service.windows.until_ms(key)) is not None:
            spawn(self._share(Opened(self._name, key, until_ms)), "share a betslip")

    async def _share(self, what: Opened | Told) -> None:
        # Without the bus the clients of this process hear it all the same.
        with suppress(BusError):
            await self._bus.publish(ABP_SLIPS, msgspec.json.encode(what))

    async def _heard(self, _: str, text: bytes) -> None:
        match _SHARED.decode(text):
            case Opened(origin, key, until_ms):
                ours = self._service.windows.until_ms(key)
                if ours is not None and (ours, self._name) < (until_ms, origin):
                    self._service.windows.close(key)
            case Told(origin, client, told) if origin != self._name:
                self._hub.tell(address("betslip", client), told.encode)
