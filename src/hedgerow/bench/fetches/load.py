"""Clients that ask for the same thing again and again, on connections that they keep where the other side does.

They know no more of HTTP than a status and a length, so that they cost little beside what is measured.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from typing import cast

from hedgerow.bench.report import BenchError
from hedgerow.core.tasks import spawn, stop

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)
_LATE_S = 30.0


@dataclass(frozen=True, slots=True)
class Asked:
    """Where, what (a whole request), and the bytes of body that an answer has at least."""

    port: int
    request: bytes
    least: int


@dataclass(slots=True)
class Answers:
    """What came back. times_s: of each, from the request's first byte to the answer's last."""

    seconds: float = 0.0
    times_s: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return len(self.times_s) / self.seconds


async def load(asked: Asked, clients: int, seconds: float) -> Answers:
    """So many clients for so long. Raises BenchError for an answer that is not 200, or too short."""
    answers = Answers()
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    running = [_Client(asked, answers, began_s + seconds) for _ in range(clients)]
    try:
        for client in running:
            await client.connect()
        async with asyncio.timeout(seconds + _LATE_S):
            await asyncio.gather(*(client.over for client in running))
        answers.seconds = loop.time() - began_s
    except (OSError, TimeoutError) as error:
        raise BenchError(f"a side did not answer: {error or 'in time'}") from None
    finally:
        for client in running:
            await client.close()
    return answers


class _Client(asyncio.Protocol):
    """One client, whose connection may be made anew."""

    def __init__(self, asked: Asked, answers: Answers, until_s: float) -> None:
        self._asked, self._answers, self._until_s = asked, answers, until_s
        self._loop = asyncio.get_running_loop()
        self.over: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._head = b""
        self._left = 0
        self._closes = False  # whether the answer says so
        self._is_left = False  # whether connections are closed after an answer without a word
        self._is_closing = False
        self._sent_s = 0.0
        self._answered = 0  # on this connection

    async def connect(self) -> None:
        await self._loop.create_connection(lambda: self, "127.0.0.1", self._asked.port)

    async def close(self) -> None:
        await stop(self._connecting)
        if self._transport is not None:
            self._transport.abort()
        if not self.over.done():
            self.over.cancel()

    # --- asyncio ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclasses
        self._head, self._left, self._answered = b"", 0, 0
        self._ask()

    def data_received(self, data: bytes) -> None:
        if self._left:
            self._left -= len(data)
        else:
            self._head += data
            end = self._head.find(_END_OF_HEAD)
            if end < 0:
                return
            if not self._begin(self._head[: end + 2]):
                return
            self._left -= len(self._head) - end - len(_END_OF_HEAD)
            self._head = b""
        if self._left == 0:
            self._end()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self.over.done():
            return
        if self._left or self._head:
            self._fail("a side broke off an answer")
        elif not self._answered:
            self._fail("a side closed a connection without an answer")
        else:
            self._is_left = self._is_left or not self._is_closing
            self._is_closing = False
            self._connecting = spawn(self._connect_again(), "client of a bench")

    # --- inside ----------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        assert self._transport is not None
        self._sent_s = time.perf_counter()
        self._transport.write(self._asked.request)

    def _begin(self, head: bytes) -> bool:
        length = _LENGTH.search(head)
        if head[9:12] != b"200" or length is None or int(length[1]) < self._asked.least:
            self._fail(f"a side answered {head[:60]!r}")
            return False
        self._left, self._closes = int(length[1]), _CLOSES.search(head) is not None
        return True

    def _end(self) -> None:
        self._answers.times_s.append(time.perf_counter() - self._sent_s)
        self._answered += 1
        assert self._transport is not None
        if self._loop.time() >= self._until_s:
            if not self.over.done():
                self.over.set_result(None)
        elif self._closes or self._is_left:
            self._is_closing = True
            self._transport.close()  # its end makes another
        else:
            self._ask()

    def _fail(self, why: str) -> None:
        if not self.over.done():
            self.over.set_exception(BenchError(why))

    async def _connect_again(self) -> None:
        try:
            await self.connect()
        except OSError as error:
            self._fail(f"a side takes no connections: {error}")
