"""The bus on a real NATS: what arrives, in which order, and what a break does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.patience import PATIENCE_S

from hedgerow.bus import nats as bus_module
from hedgerow.bus.nats import Bus, BusError
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn, stop, work

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


class Received:
    """A handler that keeps what it gets."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self.lost = 0

    async def __call__(self, subject: str, message: bytes) -> None:
        self.messages.append((subject, message))

    def note_lost(self) -> None:
        self.lost += 1


async def test_message_arrives_under_its_subject_without_the_prefix(nats: Bus, eventually: Eventually) -> None:
    received = Received()
    await nats.subscribe("events.>", received)
    await nats.publish("events.mm.orders", b"content")
    await eventually(lambda: received.messages == [("events.mm.orders", b"content")])


async def test_subscription_is_in_force_when_it_returns(nats: Bus, engines: Any, eventually: Eventually) -> None:
    other = await Bus.connect(engines.nats_url, "other", prefix=nats.prefix)
    received = Received()
    await nats.subscribe("x", received)
    await other.deliver([("x", b"1")])
    await other.close()
    await eventually(lambda: len(received.messages) == 1)


async def test_deployments_with_other_prefixes_hear_nothing(nats: Bus, engines: Any, eventually: Eventually) -> None:
    other = await Bus.connect(engines.nats_url, "other", prefix=f"{nats.prefix}-other")
    received, heard = Received(), Received()
    await nats.subscribe(">", received)
    await other.subscribe(">", heard)
    await other.deliver([("x", b"1")])
    await eventually(lambda: len(heard.messages) == 1)
    await other.close()
    assert received.messages == []


async def test_delivery_keeps_the_order(nats: Bus, eventually: Eventually) -> None:
    received = Received()
    await nats.subscribe("x", received)
    expected = [str(number).encode() for number in range(5000)]
    await nats.deliver(("x", message) for message in expected)
    await eventually(lambda: len(received.messages) == 5000)
    assert [message for _, message in received.messages] == expected


async def test_queue_hands_each_message_to_one(nats: Bus, eventually: Eventually) -> None:
    first, second, everybody = Received(), Received(), Received()
    await nats.subscribe("x", first, queue="workers")
    await nats.subscribe("x", second, queue="workers")
    await nats.subscribe("x", everybody)
    await nats.deliver(("x", b"") for _ in range(100))
    await eventually(lambda: len(everybody.messages) == 100)
    await eventually(lambda: len(first.messages) + len(second.messages) == 100)


async def test_stopped_subscription_hears_nothing_more(nats: Bus, eventually: Eventually) -> None:
    received, control = Received(), Received()
    subscription = await nats.subscribe("x", received)
    await nats.subscribe("x", control)
    await subscription.stop()
    await nats.deliver([("x", b"1")])
    await eventually(lambda: len(control.messages) == 1)
    assert received.messages == []


async def test_handler_that_fails_does_not_stop_the_next_message(nats: Bus, eventually: Eventually) -> None:
    received = Received()

    async def fail_first(subject: str, message: bytes) -> None:
        if message == b"bad":
            raise ValueError("bad")
        await received(subject, message)

    await nats.subscribe("x", fail_first)
    await nats.deliver([("x", b"bad"), ("x", b"good")])
    await eventually(lambda: received.messages == [("x", b"good")])


async def test_publishing_can_be_cancelled_while_the_connection_is_behind(nats: Bus) -> None:
    async def flood() -> None:
        while True:
            await nats.publish("x", bytes(1_000_000))

    for _ in range(5):
        flooding = spawn(flood(), "flood")
        await asyncio.sleep(0.002)
        async with asyncio.timeout(PATIENCE_S):
            await stop(flooding)


async def test_handling_holds_a_unit_of_work(nats: Bus) -> None:
    units: asyncio.Queue[int] = asyncio.Queue()

    async def note(_: str, __: bytes) -> None:
        units.put_nowait(work.units)

    await nats.subscribe("x", note)
    await nats.publish("x", b"")
    async with asyncio.timeout(PATIENCE_S):
        assert await units.get() == 1


# --- breaks --------------------------------------------------------------------------------------------------


async def test_subscriptions_come_back_and_are_told_that_messages_may_be_lost(
    nats: Bus, fragile: Bus, way_to_nats: Any, eventually: Eventually
) -> None:
    received = Received()
    await fragile.subscribe("x", received, lost=received.note_lost)
    way_to_nats.cut()
    await eventually(lambda: received.lost == 1)
    await nats.deliver([("x", b"after")])
    await eventually(lambda: received.messages == [("x", b"after")])


async def test_subscription_made_while_down_takes_effect_when_up(
    nats: Bus, fragile: Bus, way_to_nats: Any, eventually: Eventually
) -> None:
    way_to_nats.is_open = False
    way_to_nats.cut()
    await eventually(lambda: not fragile.is_up)
    received = Received()
    await fragile.subscribe("x", received)
    way_to_nats.is_open = True
    assert await fragile.wait_up(10)
    await nats.deliver([("x", b"1")])
    await eventually(lambda: len(received.messages) == 1)


async def test_nothing_is_sent_while_down(fragile: Bus, way_to_nats: Any, eventually: Eventually) -> None:
    way_to_nats.is_open = False
    way_to_nats.cut()
    await eventually(lambda: not fragile.is_up)
    with pytest.raises(BusError):
        await fragile.publish("x", b"")
    with pytest.raises(BusError):
        await fragile.deliver([("x", b"")])


async def test_delivery_that_is_cut_is_not_confirmed_and_its_rest_never_comes(
    nats: Bus, fragile: Bus, way_to_nats: Any, eventually: Eventually
) -> None:
    received = Received()
    await nats.subscribe("x", received)
    way_to_nats.holds_back = True
    delivery = asyncio.gather(fragile.deliver([("x", b"lost")]), return_exceptions=True)
    await asyncio.sleep(0)
    way_to_nats.cut()
    (outcome,) = await delivery
    assert isinstance(outcome, BusError)
    way_to_nats.holds_back = False
    await eventually(lambda: fragile.is_up)
    await fragile.deliver([("x", b"later")])
    await eventually(lambda: received.messages == [("x", b"later")])


async def test_server_that_does_not_confirm_is_given_up(
    fragile: Bus, way_to_nats: Any, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    monkeypatch.setattr(bus_module, "_CONFIRM_S", 0.05)
    way_to_nats.holds_back = True
    with pytest.raises(BusError, match="did not confirm"):
        await fragile.deliver([("x", b"")])
    way_to_nats.holds_back = False
    await eventually(lambda: not fragile.is_up)
    assert await fragile.wait_up(10)


async def test_handler_that_is_too_slow_is_told_of_its_losses(
    nats: Bus, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    monkeypatch.setattr(bus_module, "_MOST_WAITING", 10)
    received, go_on = Received(), asyncio.Event()

    async def wait(subject: str, message: bytes) -> None:
        await go_on.wait()
        await received(subject, message)

    await nats.subscribe("x", wait, lost=received.note_lost)
    await nats.deliver(("x", b"") for _ in range(100))
    await eventually(lambda: received.lost > 0)
    go_on.set()
    await eventually(lambda: len(received.messages) == 100 - received.lost)


async def test_server_that_is_not_there_is_told_in_time() -> None:
    with pytest.raises(BusError, match=r"not reached within 0\.1 s"):
        await Bus.connect(Secret("nats://127.0.0.1:1"), "test", timeout_s=0.1)
