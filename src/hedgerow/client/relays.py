"""The shell around a relay: one WebSocket to a target by way of an agent. It is never made again by itself: what was
said to a target is not known here."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from hedgerow.client.errors import StreamEndedError
from hedgerow.client.sessions.relay import Connected, Target, connect_message, read_first
from hedgerow.client.streams import MOST_MESSAGE_BYTES, QUIET
from hedgerow.core.hidden import Secret

_OPEN_S = 45.0
"""The gateway gives an agent thirty seconds to reach the target."""


class AsyncRelay:
    """Text is str, binary is bytes, both as they are, in order, both ways."""

    def __init__(self, url: str, key: Secret, target: Target) -> None:
        self._url, self._key, self._target = url, key, target
        self._connection: ClientConnection | None = None
        self.connected = Connected("")

    async def __aenter__(self) -> Self:
        """Raises StreamEndedError where there is no way to the target."""
        try:
            async with asyncio.timeout(_OPEN_S):
                self._connection = await connect(
                    self._url, compression=None, max_size=MOST_MESSAGE_BYTES, open_timeout=None, logger=QUIET
                )
                await self._connection.send(connect_message(self._key, self._target))
                self.connected = read_first(await self._connection.recv())
        except ConnectionClosed as closed:
            raise _ended(closed) from None
        except (OSError, InvalidHandshake, TimeoutError) as error:
            raise StreamEndedError(f"{type(error).__name__} {error}", "check the gateway's address") from None
        finally:
            if not self.connected.node_id:
                await self.aclose()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def send(self, message: str | bytes) -> None:
        """Raises StreamEndedError when the target has gone."""
        try:
            await self._open.send(message)
        except ConnectionClosed as closed:
            raise _ended(closed) from None

    async def receive(self) -> str | bytes:
        """Raises StreamEndedError, with the target's code, when there will be nothing more."""
        try:
            return await self._open.recv()
        except ConnectionClosed as closed:
            raise _ended(closed) from None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str | bytes:
        """Ends with the target's normal close."""
        try:
            return await self.receive()
        except StreamEndedError as ended:
            if ended.code == 1000:
                raise StopAsyncIteration from None
            raise

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        """The code and reason reach the target."""
        if self._connection is not None:
            await self._connection.close(code, reason)

    @property
    def _open(self) -> ClientConnection:
        assert self._connection is not None, "a relay is opened by `async with`"
        return self._connection


def _ended(closed: ConnectionClosed) -> StreamEndedError:
    code, reason = (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd is not None else (1006, "the connection broke")
    return StreamEndedError(f"closed with {code} {reason}".strip(), "open it again where that is wanted", code)
