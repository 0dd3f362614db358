"""A WebSocket to a target by way of an agent, for the playground. What is seen of it is bounded in number and length,
and it ends by itself."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn, stop
from hedgerow.dashboard.tries import Try

MOST_FRAMES = 100
"""Shown; the oldest go."""
MOST_SHOWN = 2000
"""Characters of one frame."""
LASTS_S = 600.0

_LARGEST_FRAME = 1024 * 1024
_OPEN_S = 10.0
_WAITING_FRAMES = 16


class State(StrEnum):
    """Of a relay."""

    CONNECTING = "connecting"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Frame:
    """number: from 1 on. is_ours: sent from here. text: cut; of a binary frame its first bytes, in hexadecimal."""

    number: int
    is_ours: bool
    is_text: bool
    size: int
    text: str


class _Connected(msgspec.Struct):
    type: str
    node_id: str = ""


class Relay:
    """One relay. changed: called whenever there is something new to show."""

    def __init__(self, url: str, key: Secret, wanted: Try, changed: Callable[[], None]) -> None:
        """url: of the gateway's socket."""
        self.state = State.CONNECTING
        self.agent = ""
        """The node that reaches the target, once it is known."""
        self.end = ""
        """Why it is closed, in the words of whoever closed it."""
        self.frames: deque[Frame] = deque(maxlen=MOST_FRAMES)
        self._url, self._key, self._wanted, self._changed = url, key, wanted, changed
        self._count = 0
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = spawn(self._run(), "playground relay")

    async def stop(self) -> None:
        """Closes it."""
        await stop(self._task)
        self._finish("closed here")

    async def send(self, text: str) -> bool:
        """Whether it was sent: a relay may have closed meanwhile."""
        if self.state is not State.OPEN or self._socket is None:
            return False
        try:
            await self._socket.send(text)
        except ConnectionClosed:
            return False
        self._note(text, is_ours=True)
        return True

    async def _run(self) -> None:
        try:
            async with (
                asyncio.timeout(LASTS_S),
                connect(
                    self._url,
                    open_timeout=_OPEN_S,
                    close_timeout=1.0,
                    max_size=_LARGEST_FRAME,
                    max_queue=_WAITING_FRAMES,
                    compression=None,
                    proxy=None,
                ) as socket,
            ):
                self._socket = socket
                await socket.send(self._asks())
                async for message in socket:
                    self._received(message)
                self._finish(_ended(socket))
        except TimeoutError:
            self._finish(f"it did not open in time, or lasted {LASTS_S / 60:.0f} minutes")
        except ConnectionClosed as closed:
            received = closed.rcvd
            self._finish(f"closed with {received.code}: {received.reason}" if received else "the connection broke")
        except (OSError, InvalidHandshake):
            self._finish("the gateway does not answer")
        except msgspec.DecodeError:
            self._finish("the gateway says what this version does not read")

    def _asks(self) -> str:
        """The connect message."""
        route = self._wanted.route
        chosen = {name: text for name, text in (("geo", route.countries), ("agent", route.agents)) if text}
        return msgspec.json.encode({"apiKey": self._key.reveal(), "url": self._wanted.url, **chosen}).decode()

    def _received(self, message: str | bytes) -> None:
        if self.state is State.CONNECTING:  # the gateway's own first frame
            self.agent = msgspec.json.decode(message, type=_Connected).node_id
            self.state = State.OPEN
            self._changed()
        else:
            self._note(message, is_ours=False)

    def _note(self, message: str | bytes, *, is_ours: bool) -> None:
        self._count += 1
        self.frames.append(frame_of(self._count, message, is_ours=is_ours))
        self._changed()

    def _finish(self, why: str) -> None:
        if self.state is not State.CLOSED:
            self.state, self.end = State.CLOSED, why
            self._changed()


def frame_of(number: int, message: str | bytes, *, is_ours: bool) -> Frame:
    """As it is shown."""
    if isinstance(message, str):
        return Frame(number, is_ours, is_text=True, size=len(message.encode()), text=message[:MOST_SHOWN])
    return Frame(number, is_ours, is_text=False, size=len(message), text=message[: MOST_SHOWN // 4].hex(" "))


def _ended(socket: ClientConnection) -> str:
    return (
        f"closed with {socket.close_code}: {socket.close_reason}"
        if socket.close_reason
        else (f"closed with {socket.close_code}")
    )
