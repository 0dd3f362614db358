"""What `/debug/pick` shows, told to the deployment's other gateways before it is answered, so that the key's next
request uses it whichever of them it comes to.

Every gateway that was heard lately answers with what it now keeps; one that keeps a later choice is followed, and that
one is told again. Who does not answer in time, or cannot be told as the bus is down, may choose otherwise, which is
said. Source: docs/decisions/0295.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from itertools import count

import msgspec

from hedgerow.bus.nats import Bus, BusError
from hedgerow.bus.subjects import SCRAPING_PINS
from hedgerow.core.clock import Clock
from hedgerow.scraping.gateway.selection import Decision, Picker, Pin, Pins, Wanted
from hedgerow.scraping.gateway.sharing import Sharing

ANSWER_S = 0.5
_MOST_ROUNDS = 3
_MOST_WAITING = 1_000


class Told(msgspec.Struct, frozen=True):
    """A choice that a gateway shows, or what another keeps: None where it has no such. answers: the gateway that
    asked under this number; empty for one that asks."""

    gateway: str
    number: int
    pin: Pin | None
    answers: str = ""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """missing: gateways that have not answered."""

    missing: set[str]
    done: asyncio.Future[None]


_decode = msgspec.msgpack.Decoder(Told).decode
_encode = msgspec.msgpack.Encoder().encode


class Showing:
    """One gateway's."""

    def __init__(self, bus: Bus, sharing: Sharing, picker: Picker, pins: Pins, clock: Clock) -> None:
        self._bus, self._sharing, self._picker, self._pins, self._clock = bus, sharing, picker, pins, clock
        self._waiting: dict[int, _Waiting] = {}
        self._numbers = count()

    async def start(self) -> None:
        """Also when the bus is down: it takes effect when it is up."""
        await self._bus.subscribe(SCRAPING_PINS, self._on_told)

    async def show(self, domain: str, wanted: Wanted, key_id: int) -> tuple[Decision, bool]:
        """The agent for the key's next request, and whether every gateway that was heard lately keeps to it."""
        for _ in range(_MOST_ROUNDS):
            decision = self._picker.show(domain, wanted, key_id=key_id)
            if decision.chosen is None:
                return decision, False
            pin = Pin(domain, wanted, key_id, decision.chosen.slug, decision.valid_until_ms)
            is_everywhere = await self._tell(pin)
            if self._pins.kept(pin.asked, self._clock.now_ms()) == pin:
                return decision, is_everywhere
        return decision, False

    async def _tell(self, pin: Pin) -> bool:
        """Whether all others have answered, each with this or a later one."""
        if not self._bus.is_up or len(self._waiting) >= _MOST_WAITING:
            return False
        if not self._sharing.others:
            return True
        number = next(self._numbers)
        waiting = _Waiting(set(self._sharing.others), asyncio.get_running_loop().create_future())
        self._waiting[number] = waiting
        try:
            await self._bus.publish(SCRAPING_PINS, _encode(Told(self._sharing.name, number, pin)))
            async with asyncio.timeout(ANSWER_S):
                await waiting.done
        except (BusError, TimeoutError):
            return False
        finally:
            del self._waiting[number]
        return True

    async def _on_told(self, _: str, message: bytes) -> None:
        """One subject for both kinds of message, so that what a gateway keeps is heard before its answer is."""
        told, me, now_ms = _decode(message), self._sharing.name, self._clock.now_ms()
        if told.gateway == me or told.pin is None:
            return
        self._pins.keep(told.pin, now_ms)
        if not told.answers:
            kept = self._pins.kept(told.pin.asked, now_ms)
            with contextlib.suppress(BusError):  # then nobody waits for it
                await self._bus.publish(SCRAPING_PINS, _encode(Told(me, told.number, kept, told.gateway)))
        elif told.answers == me and (waiting := self._waiting.get(told.number)) is not None:
            waiting.missing.discard(told.gateway)
            if not waiting.missing and not waiting.done.done():
                waiting.done.set_result(None)
