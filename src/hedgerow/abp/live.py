"""Tells WebSocket clients what this process sees itself: betslips, fixtures, rates, and whether the feed is there.

These are no committed changes: who connects later reads them over REST. Betslips are told of by the process that was
asked for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import NoReturn

import structlog

from hedgerow.abp.betslip import SlipKey
from hedgerow.abp.events import Shape
from hedgerow.abp.feedview import FeedView
from hedgerow.abp.service import AutomatedBetPlacing
from hedgerow.abp.subscribe import address, message
from hedgerow.core.clock import Clock
from hedgerow.core.ids import FixtureId
from hedgerow.core.money import Rates
from hedgerow.core.tasks import spawn, stop
from hedgerow.realtime.hub import Hub
from hedgerow.storage.database import StorageError

_log = structlog.get_logger(__name__)

READY, DEGRADED = "ready", "degraded"


class Live:
    """Listens to the service, and tells the hub."""

    def __init__(self, service: AutomatedBetPlacing, feed: FeedView, hub: Hub, clock: Clock) -> None:
        self._service, self._feed, self._hub, self._clock = service, feed, hub, clock
        self._slips: dict[SlipKey, None] = {}  # bounded by the open windows
        self._wake = asyncio.Event()
        self._rates: Mapping[str, Decimal] = {}
        self._task: asyncio.Task[NoReturn] | None = None

    def start(self) -> None:
        self._service.on_slip_changed(self._slip_changed)
        self._service.on_feed(fixture=self._fixture_changed, rates=self._rates_changed, connection=self._connected)
        self._task = spawn(self._tell_slips(), "tell betslips", is_vital=True)

    async def stop(self) -> None:
        await stop(self._task)

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
        self._slips[key] = None
        self._wake.set()

    async def _tell_slips(self) -> NoReturn:
        """One after the other, each as it is when its turn comes."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._slips:
                key = next(iter(self._slips))
                del self._slips[key]
                try:
                    slip = await self._service.news(key)
                except StorageError as error:
                    _log.warning("a betslip is not told", client=key.client, error=str(error))
                    continue
                if slip is not None:
                    self._tell("betslip", "UPDATE", key.client, slip)
