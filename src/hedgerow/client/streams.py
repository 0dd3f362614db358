"""The shell around a session on a WebSocket: connects, reads, keeps the time, and connects again.

Messages are read in the background, so that pings are answered while the program works on one. What waits for the
program is bounded: beyond it nothing is read, and the service decides when the client has fallen behind.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from hedgerow import __version__
from hedgerow.client.errors import ClientError, StreamEndedError
from hedgerow.client.sessions.session import Gap, Message, Position, Ready, Refuse, Say, Session, Step, Tell
from hedgerow.core.tasks import Backoff, spawn, stop

MOST_WAITING = 1000
"""Messages that wait for the program."""
MOST_MESSAGE_BYTES = 16 * 1024 * 1024
_CLOSE_S = 2.0
_TICK_S = 0.5
"""How often a session is asked what the time brings: what the program does between moves its times."""

# The library's own debug log would show the key in the first message.
QUIET = logging.getLogger("hedgerow.client.websockets")
QUIET.setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Reconnects:
    """Pauses double from first_s to longest_s, with jitter. give_up_after_s without a working connection the stream
    ends; the service keeps a reliable subscription for five minutes."""

    first_s: float = 0.1
    longest_s: float = 15.0
    give_up_after_s: float = 300.0
    admitted_within_s: float = 15.0


class AsyncStream:
    """Messages and gaps, one after the other:

        async with client.abp.stream("orders", "bets") as stream:
            async for item in stream:
                ...

    A message is acknowledged when the next is asked for, which is when the loop's body is through; a body that raises
    leaves it unacknowledged. With is_automatic=False nothing is acknowledged but by `acknowledge`."""

    def __init__(
        self, url: str, session: Session, *, is_automatic: bool = True, reconnects: Reconnects = Reconnects()
    ) -> None:
        self._url, self._session, self._is_automatic, self._reconnects = url, session, is_automatic, reconnects
        self._items: deque[Message | Gap] = deque()
        self._changed = asyncio.Condition()
        self._handed: Message | None = None
        self._connection: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_ready = self._is_admitted = False  # ever; over the present connection
        self._end: ClientError | None = None

    async def __aenter__(self) -> Self:
        """Raises StreamEndedError where it is not let in."""
        self._task = spawn(self._run(), "client stream")
        try:
            async with self._changed:
                await self._changed.wait_for(lambda: self._is_ready or self._end is not None)
        finally:
            if not self._is_ready:
                await self.aclose()
        if self._end is not None:
            raise self._end
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self._finish_handed()
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message | Gap:
        """Waits for the next. Raises StreamEndedError when there will be none."""
        if self._task is None:
            raise RuntimeError("a stream is opened by `async with`")
        await self._finish_handed()
        async with self._changed:
            await self._changed.wait_for(lambda: self._items or self._end is not None)
            if not self._items:
                assert self._end is not None
                raise self._end
            item = self._items.popleft()
            self._changed.notify_all()
        self._handed = item if isinstance(item, Message) else None
        return item

    async def acknowledge(self, *messages: Message) -> None:
        """They are done with: the service forgets them."""
        await self._take(self._session.acknowledge(list(messages)))

    @property
    def position(self) -> Position | None:
        """Where another stream can go on; None where the service keeps nothing."""
        return self._session.position

    async def aclose(self) -> None:
        """Ends the stream. A reliable subscription can be resumed within five minutes."""
        await stop(self._task)
        self._task = None

    async def _finish_handed(self) -> None:
        handed, self._handed = self._handed, None
        if handed is not None and self._is_automatic:
            await self._take(self._session.handled(handed, _now_s()))

    # --- in the background -------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            await self._stay_connected()
        except ClientError as error:
            self._end = error
        except Exception as error:
            self._end = StreamEndedError(f"{type(error).__name__}: {error}", "this is a fault of the client: report it")
        async with self._changed:
            self._changed.notify_all()

    async def _stay_connected(self) -> None:
        backoff, worked_s = Backoff(self._reconnects.first_s, self._reconnects.longest_s), _now_s()
        while True:
            self._is_admitted = False
            why = await self._connect_once()
            if self._is_admitted:
                backoff.reset()
                worked_s = _now_s()
            pause_s = backoff.next_pause_s()
            if _now_s() + pause_s - worked_s > self._reconnects.give_up_after_s:
                raise StreamEndedError(f"no connection: {why}", "check the address and the service, then open it again")
            await asyncio.sleep(pause_s)

    async def _connect_once(self) -> str:
        """One connection from begin to end; why it ended. Raises StreamEndedError where another would not help."""
        try:
            async with connect(
                self._url,
                compression=None,
                max_size=MOST_MESSAGE_BYTES,
                close_timeout=_CLOSE_S,
                user_agent_header=f"hedgerow-client/{__version__}",
                logger=QUIET,
            ) as connection:
                self._connection = connection
                try:
                    await self._converse(connection)
                finally:
                    self._connection = None
        except ConnectionClosed as closed:
            code, reason = (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd is not None else (0, "")
            if (error := self._session.closed(code, reason)) is not None:
                raise error from None
            return f"closed with {code} {reason}".strip()
        except (OSError, InvalidHandshake, TimeoutError) as error:
            self._session.closed(0, "")
            return f"{type(error).__name__} {error}".strip()
        except InvalidURI as error:
            raise StreamEndedError(str(error), "correct the address") from None
        return "closed"

    async def _converse(self, connection: ClientConnection) -> None:
        admitted_by_s = _now_s() + self._reconnects.admitted_within_s
        await self._take(self._session.opened(_now_s()))
        while True:
            await self._wait_for_room()
            try:
                async with asyncio.timeout(_TICK_S):
                    text = await connection.recv()
            except TimeoutError:
                if not self._is_admitted and _now_s() >= admitted_by_s:
                    raise TimeoutError("the service did not let us in") from None
            else:
                await self._take(self._session.receive(text, _now_s()))
            await self._take(self._session.on_time(_now_s()))

    async def _wait_for_room(self) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._items) < MOST_WAITING)

    async def _take(self, steps: list[Step]) -> None:
        for step in steps:
            match step:
                case Say(text):
                    await self._say(text)
                case Tell(item):
                    self._items.append(item)
                case Ready():
                    self._is_admitted = self._is_ready = True
                case Refuse(error):
                    raise error
        async with self._changed:
            self._changed.notify_all()

    async def _say(self, text: str) -> None:
        """What cannot be said now is said in another way with the next connection."""
        if self._connection is not None:
            try:
                await self._connection.send(text)
            except ConnectionClosed:
                return


def _now_s() -> float:
    return asyncio.get_running_loop().time()
