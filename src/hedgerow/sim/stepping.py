"""One time for several processes. docs/decisions/0010 explains the protocol.

Services follow the world's clock over a WebSocket. In stepped time the world advances only when everything that the
last step brought is finished everywhere: here nothing is under way, every follower says that nothing is under way
there, every frame that was sent to a follower has been handled by it, and a whole round has passed in which nobody
asked or sent anything more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Literal
from weakref import WeakKeyDictionary

import msgspec
import structlog
from aiohttp import web

from hedgerow.core.errors import HedgerowError
from hedgerow.core.tasks import work
from hedgerow.sim.clock import Pace, WorldClock
from hedgerow.sim.site import Socket, Wire, traffic

_log = structlog.get_logger(__name__)

PATIENCE_S = 30.0
# How long a step waits, in the machine's time, before it takes a request that scripted latency holds back for what
# the followers are waiting for.
_HELD_BACK_S = 0.02
# Rounds after which a socket that no follower has named is taken to be somebody else's.
_ROUNDS_TO_NAME = 3
# After so many rounds of one step the next ones leave the processor to others for a moment.
_EAGER_ROUNDS = 10
_PAUSE_S = 0.001


class UnsettledError(HedgerowError):
    """A step did not come to an end; the message says whose fault it is."""


class Settled(msgspec.Struct, rename="camel"):
    """A follower's answer to a step: data frames handled by `socket_pair`, and when it wants to wake."""

    type: Literal["settled"]
    step: int
    frames: dict[str, int]
    next_wake_ns: int | None


_decode_settled = msgspec.json.Decoder(Settled).decode


class Follower:
    """One connection to the clock."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.asked = 0  # the last step that it was asked to settle
        self.step = 0  # the last one that it has settled
        self.frames: dict[str, int] = {}
        self.next_wake_ns: int | None = None

    def __str__(self) -> str:
        return f"follower at {self.socket.pair}"

    def note(self, answer: Settled) -> None:
        self.step, self.frames, self.next_wake_ns = answer.step, answer.frames, answer.next_wake_ns


class Followers:
    """All who follow the clock now."""

    def __init__(self, clock: WorldClock) -> None:
        self._clock = clock
        self._followers: dict[Follower, None] = {}
        self._news = asyncio.Event()
        self._told: tuple[Pace, float] | None = None
        self.joined = 0  # how many there have ever been
        clock.on_change(self._clock_changed)

    def __len__(self) -> int:
        return len(self._followers)

    def __iter__(self) -> Iterator[Follower]:
        return iter(list(self._followers))

    async def follow(self, request: web.Request) -> web.StreamResponse:
        """`GET /sim/clock`: one follower, from its connection to its end."""
        socket = Socket(request)
        follower = Follower(socket)
        await socket.open()
        socket.push(self._clock_message())
        self._followers[follower] = None
        self.joined += 1
        self._news.set()
        try:
            async for text in socket.texts():
                follower.note(_decode_settled(text))
                self._news.set()
        except msgspec.MsgspecError as error:
            _log.warning("clock follower dropped", follower=str(follower), error=str(error))
            socket.close(1007, b"not an answer to a step")
        finally:
            del self._followers[follower]
            self._news.set()
            await socket.ended()
        return socket.ws

    def tell_step(self, step: int, now_ns: int) -> None:
        """Asks all who are there."""
        for follower in self._followers:
            follower.asked = step
            follower.socket.push({"type": "step", "step": step, "nowNs": now_ns})

    async def news(self) -> None:
        """Waits until somebody came, went or answered."""
        self._news.clear()
        await self._news.wait()

    def _clock_changed(self) -> None:
        """Tells of another pace at once. A step of stepped time is told by the stepper instead."""
        pace = self._clock.pace, self._clock.speed
        if self._clock.pace is Pace.STEPPED and pace == self._told:
            return
        self._told = pace
        for follower in self._followers:
            follower.socket.push(self._clock_message())

    def _clock_message(self) -> dict[str, object]:
        clock = self._clock
        return {"type": "clock", "pace": clock.pace.value, "nowNs": clock.now_ns(), "speed": clock.speed}


class Stepper:
    """Advances stepped time, one settled step after another."""

    def __init__(
        self,
        clock: WorldClock,
        followers: Followers,
        sockets: Callable[[], Iterable[Wire]],
        *,
        expected_followers: int = 0,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """sockets: the venues' open streams. expected_followers: so many must be there for time to go on.

        patience_s: how long, in the machine's time, a step may take before UnsettledError is raised.
        """
        self._clock, self._followers, self._sockets = clock, followers, sockets
        self._expected, self._patience_s = expected_followers, patience_s
        self._numbers = count(1)
        self._deadline = 0.0
        self._unnamed: WeakKeyDictionary[Wire, int] = WeakKeyDictionary()

    @property
    def is_followed(self) -> bool:
        """Whether anybody follows, or is to follow."""
        return bool(self._expected or len(self._followers))

    def next_wake_ns(self) -> int | None:
        """When the world or a follower next wants to act."""
        wakes = [self._clock.next_wake_ns(), *(follower.next_wake_ns for follower in self._followers)]
        return min((wake for wake in wakes if wake is not None), default=None)

    async def step_to(self, now_ns: int, act: Callable[[], None] | None = None) -> None:
        """Advances the time (never back) everywhere, then lets the world act; returns when all that follows is done.

        Waits, without a bound, while fewer followers than expected are there. Raises UnsettledError.
        """
        await self._gather()
        self._clock.step_to(now_ns)
        await self._settle()  # what the new time alone brings, before what happens in it: an old quote is pulled first
        if act is not None:
            act()
            await self._settle()

    async def _settle(self) -> None:
        self._be_patient_again()
        for number in count(1):
            await self._settle_here()
            before = self._reading()
            await self._round()
            await self._settle_here()
            quiet, behind = self._reading() == before, self._behind()
            if quiet and behind is None:
                return
            if self._now_s() > self._deadline:
                raise UnsettledError(
                    f"a step took longer than {self._patience_s:g} s: "
                    + (behind or f"requests and frames followed one another for {number} rounds")
                )
            if number > _EAGER_ROUNDS:
                await asyncio.sleep(_PAUSE_S)

    async def _settle_here(self) -> None:
        deadline = self._now_s() + self._patience_s
        while self._now_s() < deadline:
            try:
                async with asyncio.timeout(_HELD_BACK_S):
                    return await work.settled()
            except TimeoutError:
                self._let_held_back_go()
        raise UnsettledError(f"the world itself has had {work.units} requests under way for {self._patience_s:g} s")

    async def _gather(self) -> None:
        """Waits until as many follow as are expected."""
        while len(self._followers) < self._expected:
            await self._followers.news()
            self._be_patient_again()

    def _be_patient_again(self) -> None:
        self._deadline = self._now_s() + self._patience_s

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()

    async def _round(self) -> None:
        """Asks every follower to settle the present moment, and waits until each has or is gone."""
        await self._gather()
        step = next(self._numbers)
        self._followers.tell_step(step, self._clock.now_ns())
        deadline = self._now_s() + self._patience_s
        while waiting := [follower for follower in self._followers if follower.step < step == follower.asked]:
            if self._now_s() > deadline:
                raise UnsettledError(
                    f"step {step} has not settled within {self._patience_s:g} s at " + ", ".join(map(str, waiting))
                )
            try:
                async with asyncio.timeout(_HELD_BACK_S):
                    await self._followers.news()
            except TimeoutError:
                self._let_held_back_go()

    def _let_held_back_go(self) -> None:
        """A request that scripted latency holds back can be what a follower waits for: then only time helps."""
        wake_ns = self._clock.next_wake_ns()
        if traffic.held_back and wake_ns is not None:
            self._clock.step_to(wake_ns)

    def _reading(self) -> tuple[int, int, int, int]:
        """What has been asked and said so far, and by how many it was followed."""
        sent = received = 0
        for socket in self._sockets():
            sent, received = sent + socket.sent, received + socket.received
        return traffic.requests, sent, received, self._followers.joined

    def _behind(self) -> str | None:
        """Who is missing or whose frames are still on their way, in words; None when all have arrived."""
        if len(self._followers) < self._expected:
            return "a follower has gone in the middle of the step"
        handled: dict[str, int] = {}
        for follower in self._followers:
            handled |= follower.frames
        for socket in self._sockets():
            if not socket.is_open:
                continue
            count_there = handled.get(socket.pair)
            if count_there is None:
                if self._may_still_be_named(socket):
                    return f"nobody has named the socket {socket.pair}"
            elif count_there != socket.sent:
                return f"socket {socket.pair} has handled {count_there} of {socket.sent} frames"
        return None

    def _may_still_be_named(self, socket: Wire) -> bool:
        """A socket can be newer than the followers' answers. Asked often enough, an unnamed one is a stranger's."""
        asked = self._unnamed.get(socket, 0) + 1
        self._unnamed[socket] = asked
        return bool(self._followers) and asked <= _ROUNDS_TO_NAME
