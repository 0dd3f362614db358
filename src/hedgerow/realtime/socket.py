"""Drives a session over a WebSocket: reads, writes, keeps the time, and joins the hub."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect

from hedgerow.core.frames import EXTENSION, FrameWriter
from hedgerow.core.secrets import Secret, key_hash
from hedgerow.core.tasks import spawn, stop
from hedgerow.realtime.hub import Address, ConnectionLimitError, Follower, Hub
from hedgerow.realtime.output import Output
from hedgerow.realtime.session import Acknowledge, Authenticate, Conversation, End, Leave, Send, Session, Step
from hedgerow.storage.database import StorageError, encode_json

_LAST_WORDS_S = 10.0
_TRY_AGAIN_LATER = 1013


class Keys(Protocol):
    """Whose keys they are."""

    def has_form(self, key: object) -> bool:
        """Whether it could be a key at all."""
        ...

    async def client_of(self, key: str) -> str | None:
        """The client whose key works now; None for no such key. Raises StorageError."""
        ...


class Driver(ABC):
    """One connection of a client, whatever its conversation."""

    def __init__(
        self, websocket: WebSocket, session: Conversation, keys: Keys, hub: Hub, *, everybodys: frozenset[str]
    ) -> None:
        """everybodys: the channels that are the same for all clients."""
        self._websocket, self._session, self._keys, self._hub = websocket, session, keys, hub
        self._everybodys = everybodys
        self._loop = asyncio.get_running_loop()
        self._wire: FrameWriter = websocket.scope["extensions"][EXTENSION]["writer"]
        self._output = Output(on_first=self._flush_soon)
        self._follower: Follower | None = None
        self._key: Secret | None = None
        self._is_refused = False

    async def serve(self) -> None:
        """Runs until either side ends it."""
        await self._websocket.accept()
        self._wire.call_on_room(self._flush)
        reader = spawn(self._read(), "websocket reader")
        closing = spawn(self._wait_closing(), "websocket closing")
        try:
            await asyncio.wait({reader, closing}, return_when=asyncio.FIRST_COMPLETED)
            if self._output.closing.is_set():
                await self._close()
        finally:
            self._leave()
            await stop(reader, closing)

    async def _wait_closing(self) -> None:
        await self._output.closing.wait()

    # --- writing -----------------------------------------------------------------------------------------------------

    def _flush_soon(self) -> None:
        """All that is told until its turn comes leaves in one write."""
        self._hub.turns.soon(self._flush)

    def _flush(self) -> None:
        """Sends what waits, or leaves it waiting where the client reads too slowly: the wire calls when it has room."""
        output = self._output
        if not output.waiting or self._wire.write_texts(output.waiting):
            output.forget()

    async def _close(self) -> None:
        """Sends what waits and the last words. A client that reads nothing does not keep them for ever."""
        ending = self._output.ending
        assert ending is not None
        self._flush()
        with suppress(TimeoutError, WebSocketDisconnect, RuntimeError, OSError):  # it may have gone
            async with asyncio.timeout(_LAST_WORDS_S):
                # Closing waits for room too, and what waits is written the moment that there is some.
                await self._websocket.close(ending.code, ending.reason)

    # --- reading -----------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        while not self._output.closing.is_set():
            try:
                async with asyncio.timeout_at(self._due_s()):
                    message = await self._websocket.receive()
            except TimeoutError:
                await self._tick()
                continue
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text") or message.get("bytes") or ""
            await self._take(self._session.receive(text, self._loop.time()))

    def _due_s(self) -> float:
        return self._session.due_s

    async def _tick(self) -> None:
        steps = self._session.on_time(self._loop.time())
        await self._take(steps)
        if steps:
            await self._check_key()

    async def _take(self, steps: Iterable[Step]) -> None:
        for step in steps:
            match step:
                case Send():
                    self._say([step])
                case Authenticate():
                    await self._take(await self._authenticate(step))
                case Acknowledge():
                    self._acknowledge(step)
                case Leave():
                    self._leave()
                case End(code, reason):
                    self._output.close(code, reason)

    def _say(self, steps: Iterable[Step]) -> None:
        for step in steps:
            if isinstance(step, Send):
                self._output.put(encode_json(step.message))

    async def _authenticate(self, asked: Authenticate) -> list[Step]:
        key = asked.key
        if not isinstance(key, str) or not self._keys.has_form(key):
            return self._session.refused_format()
        try:
            client = await self._keys.client_of(key)
        except StorageError:
            return [End(_TRY_AGAIN_LATER, "The database is not available")]
        if client is None:
            return self._session.refused_key()
        try:
            answer = await self._join(client, asked)
        except ConnectionLimitError:
            return self._session.refused_number()
        except StorageError:
            return [End(_TRY_AGAIN_LATER, "The database is not available")]
        self._key = Secret(key)
        return answer

    def _addresses(self, channels: Iterable[str], client: str) -> tuple[Address, ...]:
        return tuple((channel, None if channel in self._everybodys else client) for channel in channels)

    @abstractmethod
    async def _join(self, client: str, asked: Authenticate) -> list[Step]:
        """Subscribes the client, sets `_follower`, and answers what to say, before anything is told to it. Raises
        ConnectionLimitError, StorageError."""

    @abstractmethod
    def _acknowledge(self, step: Acknowledge) -> None:
        """Forgets what the client has."""

    async def _check_key(self) -> None:
        """A key that was disabled or has expired ends its connections at the next heartbeat."""
        if self._key is None:
            return
        with suppress(StorageError):  # the database is away: the next heartbeat asks again
            if await self._keys.client_of(self._key.reveal()) is None:
                self._is_refused = True
                await self._take(self._session.refused_key())

    def _leave(self) -> None:
        if self._follower is not None:
            self._hub.leave(self._follower)
            self._follower = self._key = None


class Socket(Driver):
    """A connection that subscribes and is told from now on."""

    def __init__(
        self, websocket: WebSocket, session: Session, keys: Keys, hub: Hub, *, everybodys: frozenset[str]
    ) -> None:
        super().__init__(websocket, session, keys, hub, everybodys=everybodys)
        self._talk = session

    async def _join(self, client: str, asked: Authenticate) -> list[Step]:
        # Nothing waits between joining and the answer: it stands in the queue before the first change.
        addresses = self._addresses(asked.channels, client)
        self._follower = self._hub.join(key_hash(str(asked.key)), addresses, self._output)
        return self._talk.accepted(self._follower.number, asked.channels)

    def _acknowledge(self, step: Acknowledge) -> None:
        """Nothing is kept, and its session never asks for it."""
