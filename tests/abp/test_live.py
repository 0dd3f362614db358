"""What only the process sees, told to who follows: betslips, fixtures, rates, the feed's state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

import pytest

from hedgerow.abp.betslip import SlipKey, Windows
from hedgerow.abp.live import Live
from hedgerow.abp.service import AutomatedBetPlacing
from hedgerow.abp.subscribe import Words
from hedgerow.bus.nats import Bus
from hedgerow.core.clock import SteppedClock
from hedgerow.core.ids import NO_PLAYER, FixtureId, MarketId, OutcomeId, PlayerId
from hedgerow.core.money import Rates
from hedgerow.realtime.hub import Hub
from hedgerow.storage.database import Database, UnreachableError, decode_json

from .routes.apikit import FIXTURE, OneFixture

SLIP = SlipKey("acme", FixtureId(FIXTURE), MarketId(121), OutcomeId(121), NO_PLAYER)


class Spoken:
    """A service that changes when it is told to. late: clients who wait for theirs until they may go on."""

    def __init__(self, clock: SteppedClock) -> None:
        self.windows = Windows(clock)
        self.error: Exception | None = None
        self.is_same = False
        self.asked = 0
        self.late: set[str] = set()
        self.goes_on = asyncio.Event()

    def on_slip(self, *, changed: Any, opened: Any) -> None:
        self.slip_changed, self.slip_opened = changed, opened

    def on_feed(self, **listeners: Any) -> None:
        self.feed = listeners

    async def news(self, key: SlipKey) -> dict[str, Any] | None:
        self.asked += 1
        if self.error is not None:
            raise self.error
        if self.is_same:
            return None
        if key.client in self.late:
            await self.goes_on.wait()
        return {"client": key.client, "odds": {"pinnacle": {"price": Decimal("1.50")}}}


class Heard:
    """A `hub.Sink`."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def put(self, message: str) -> None:
        self.messages.append(decode_json(message))

    def cut(self, code: int, reason: str) -> None:
        raise AssertionError(reason)


@pytest.fixture
def service(clock: SteppedClock) -> Spoken:
    return Spoken(clock)


@asynccontextmanager
async def process(service: Spoken, database: Database, nats: Bus, clock: SteppedClock) -> AsyncIterator[Heard]:
    """What acme hears on all four channels at a process of this service."""
    hub, found = Hub("abp", database, nats, Words(clock)), Heard()
    addresses = (("betslip", "acme"), ("fixtures", None), ("currencies", None), ("status", None))
    hub.join(b"key", addresses, found)
    live = Live(cast(AutomatedBetPlacing, service), OneFixture(), hub, nats, clock)
    await live.start()
    yield found
    await live.stop()


@pytest.fixture
async def heard(service: Spoken, database: Database, nats: Bus, clock: SteppedClock) -> AsyncIterator[Heard]:
    async with process(service, database, nats, clock) as found:
        yield found


@pytest.fixture
def other(clock: SteppedClock) -> Spoken:
    """The service of another process."""
    return Spoken(clock)


@pytest.fixture
async def heard_there(other: Spoken, database: Database, nats: Bus, clock: SteppedClock) -> AsyncIterator[Heard]:
    async with process(other, database, nats, clock) as found:
        yield found


async def test_changed_slip_is_told_to_its_client_alone(
    service: Spoken, heard: Heard, eventually: Callable[..., Awaitable[None]]
) -> None:
    service.slip_changed(replace(SLIP, client="zenith"))
    service.slip_changed(SLIP)
    await eventually(lambda: bool(heard.messages))
    (told,) = heard.messages
    assert (told["channel"], told["event"], told["payload"]["client"]) == ("betslip", "UPDATE", "acme")
    assert told["payload"]["odds"] == {"pinnacle": {"price": Decimal("1.50")}}


@pytest.mark.parametrize("error", [UnreachableError(), ValueError("a defect")])
async def test_slip_that_cannot_be_read_stops_no_later_one(
    service: Spoken, heard: Heard, eventually: Callable[..., Awaitable[None]], error: Exception
) -> None:
    service.error = error
    service.slip_changed(SLIP)
    await eventually(lambda: service.asked == 1)
    service.error = None
    service.slip_changed(SLIP)
    await eventually(lambda: bool(heard.messages))


async def test_clients_late_slips_hold_up_nobody_elses(
    service: Spoken, heard: Heard, eventually: Callable[..., Awaitable[None]]
) -> None:
    service.late = {"zenith"}
    for player in range(100):
        service.slip_changed(replace(SLIP, client="zenith", player_id=PlayerId(player)))
    await eventually(lambda: service.asked > 0)
    service.slip_changed(SLIP)
    await eventually(lambda: bool(heard.messages))
    assert service.asked == 8 + 1
    service.goes_on.set()
    await eventually(lambda: service.asked == 100 + 1)


async def test_slip_that_changes_while_it_is_told_is_told_once_more_and_after_it(
    service: Spoken, heard: Heard, eventually: Callable[..., Awaitable[None]]
) -> None:
    service.late = {"acme"}
    service.slip_changed(SLIP)
    await eventually(lambda: service.asked == 1)
    for _ in range(3):
        service.slip_changed(SLIP)
    await asyncio.sleep(0)
    assert service.asked == 1
    service.goes_on.set()
    await eventually(lambda: len(heard.messages) == 2)
    assert service.asked == 2


async def test_slip_that_is_no_news_is_not_told(
    service: Spoken, heard: Heard, eventually: Callable[..., Awaitable[None]]
) -> None:
    service.is_same = True
    service.slip_changed(SLIP)
    await eventually(lambda: service.asked == 1)
    service.is_same = False
    service.slip_changed(SLIP)
    await eventually(lambda: bool(heard.messages))
    assert len(heard.messages) == 1


# --- several processes -----------------------------------------------------------------------------------------------


async def test_changed_slip_is_told_once_to_the_clients_sockets_at_every_process(
    service: Spoken, heard: Heard, heard_there: Heard, eventually: Callable[..., Awaitable[None]]
) -> None:
    service.slip_changed(replace(SLIP, client="zenith"))
    service.slip_changed(SLIP)
    await eventually(lambda: bool(heard_there.messages))
    assert heard_there.messages == heard.messages
    assert [told["payload"]["client"] for told in heard.messages] == ["acme"]


def asked(service: Spoken) -> None:
    """The process is asked for the betslip."""
    service.windows.open(SLIP, {})
    service.slip_opened(SLIP)


async def test_process_that_was_asked_last_tells_alone(
    service: Spoken,
    other: Spoken,
    clock: SteppedClock,
    heard: Heard,
    heard_there: Heard,
    eventually: Callable[..., Awaitable[None]],
) -> None:
    for first, last in ((service, other), (other, service)):
        asked(first)
        clock.advance(0.001)
        asked(last)
        await eventually(lambda: first.windows.all() == [])  # noqa: B023 - awaited in the loop
        assert last.windows.all() == [SLIP]


async def test_of_two_processes_that_are_asked_at_once_one_tells(
    service: Spoken, other: Spoken, heard: Heard, heard_there: Heard, eventually: Callable[..., Awaitable[None]]
) -> None:
    asked(service)
    asked(other)
    await eventually(lambda: len(service.windows.all()) + len(other.windows.all()) == 1)
    service.slip_changed(SLIP)
    await eventually(lambda: bool(heard_there.messages))  # the bus has brought all that was told before
    assert len(service.windows.all()) + len(other.windows.all()) == 1


async def test_fixture_is_told_whole(service: Spoken, heard: Heard) -> None:
    service.feed["fixture"](FixtureId(FIXTURE))
    (told,) = heard.messages
    assert (told["channel"], told["payload"]) == ("fixtures", {"fixtureId": FIXTURE, "startTime": 1_770_666_300})


async def test_only_rates_that_changed_are_told(service: Spoken, heard: Heard, clock: SteppedClock) -> None:
    service.feed["rates"](Rates({"EUR": Decimal("0.9")}))
    service.feed["rates"](Rates({"EUR": Decimal("0.9"), "GBP": Decimal("0.8")}))
    told = [(one["payload"]["currency"], one["payload"]["currencyValue"]) for one in heard.messages]
    assert told == [("EUR", Decimal("0.9")), ("USD", 1), ("GBP", Decimal("0.8"))]
    assert heard.messages[0]["payload"]["ts"] == clock.now_ms()


async def test_feed_that_goes_and_comes_is_told(service: Spoken, heard: Heard) -> None:
    service.feed["connection"](False)
    service.feed["connection"](True)
    assert [(one["event"], one["payload"]["status"]) for one in heard.messages] == [
        ("STATUS", "degraded"),
        ("STATUS", "ready"),
    ]
    assert heard.messages[0]["payload"]["reason"] == "the feed is not connected"
