"""One connection of an agent to a target without TLS: bytes out as they are given, one answer to read at most, and
nothing taken for an answer that was not asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from hedgerow.scraping.agent.dial import Way
from hedgerow.scraping.agent.http1 import AnswerReader, NotHttpError
from hedgerow.scraping.agent.work import WorkFailed
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.linksocket import StreamCut

_MOST_UNREAD = 256 * 1024
"""Bytes of a body that wait to be read when reading from the target stops. One read that came before is held on top."""
_MOST_UNSENT = 64 * 1024

Place = tuple[Way, str, int]
"""Where a connection leads: by which way to which host and port. What was judged for one is judged for the other."""


class Connection(asyncio.Protocol):
    """A connection to a target, with one answer to read at most."""

    __slots__ = (
        "_error",
        "_is_paused",
        "_loop",
        "_reader",
        "_room",
        "_spare",
        "_transport",
        "_waiting",
        "_when_changed",
        "_when_lost",
        "idle_since_s",
        "place",
    )

    def __init__(self, place: Place) -> None:
        self.place = place
        self.idle_since_s = 0.0
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reader: AnswerReader | None = None
        self._spare: AnswerReader | None = None  # of the answer before, while the connection rests
        self._is_paused = False
        self._error: WorkFailed | StreamCut | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._when_changed: Callable[[], object] | None = None  # instead of who waits
        self._room: asyncio.Future[None] | None = None  # while the target takes no more
        self._when_lost: Callable[[Connection], None] | None = None  # while it rests

    def begin(self, method: str) -> AnswerReader:
        """What the answer to the next request, of this method, goes to."""
        reader = self._spare
        if reader is None or not reader.renew(method):
            self._forget_spare()
            reader = AnswerReader(method)
        self._reader, self._spare, self._when_lost = reader, None, None
        return reader

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    async def room(self) -> None:
        """Returns when more may be written. Raises WorkFailed, StreamCut when nothing will be."""
        self.check()
        if self._room is not None:
            await self._room

    def watch(self, when_changed: Callable[[], object] | None) -> None:
        """Called whenever there is more of the answer, or will be none; instead of `change`. None: not any more."""
        self._when_changed = when_changed

    def check(self) -> None:
        """Raises WorkFailed, StreamCut when there will be no more of the answer."""
        if self._error is not None:
            raise self._error

    async def change(self) -> None:
        """Returns when there is more of the answer. Raises WorkFailed, StreamCut when there will be none."""
        self.check()
        self._waiting = self._loop.create_future()
        await self._waiting
        # What came before an error is read first.

    def take(self) -> bytes:
        """What has come of the body and was not taken yet."""
        assert self._reader is not None
        data = self._reader.take()
        self._resume()
        return data

    def fail(self, error: WorkFailed | StreamCut) -> None:
        """The answer will not come."""
        if self._error is None:
            self._error = error
        _wake(self._room)
        self._tell()

    def abort(self) -> None:
        """Ends it; what has come is not read any more."""
        self._when_lost = None
        self._forget_spare()
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        if self._transport is not None:
            self._transport.abort()

    def rest(self, when_lost: Callable[[Connection], None]) -> None:
        """Waits for its next request; told when it is lost meanwhile."""
        self._spare, self._reader = self._reader, None
        self._when_lost, self.idle_since_s = when_lost, self._loop.time()
        self._resume()  # its end is to be noticed

    # --- asyncio ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclasses
        self._transport.set_write_buffer_limits(high=_MOST_UNSENT)

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        if reader is None:
            # Nothing was asked. What it says would be taken for the next request's answer, so it goes.
            self._lose()
            return
        try:
            reader.feed(data)
        except NotHttpError as error:
            self.fail(broken(str(error)))
            return
        if reader.unread > _MOST_UNREAD and not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()
        self._tell()

    def eof_received(self) -> None:
        if self._reader is None:
            self._lose()
            return
        try:
            self._reader.end()
        except NotHttpError as error:
            self.fail(broken(str(error)))
            return
        self._tell()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self._when_lost is not None:
            self._when_lost(self)
        self._forget_spare()
        reader = self._reader
        if reader is not None and not reader.is_over:
            self.fail(broken((isinstance(error, OSError) and error.strerror) or "it closed the connection"))
        elif reader is not None:
            reader.keeps_alive = False

    def pause_writing(self) -> None:
        self._room = self._loop.create_future()

    def resume_writing(self) -> None:
        _wake(self._room)
        self._room = None

    # --- inside ----------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        if self._when_changed is not None:
            self._when_changed()
        else:
            _wake(self._waiting)

    def _forget_spare(self) -> None:
        if self._spare is not None:
            self._spare.close()
            self._spare = None

    def _resume(self) -> None:
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()

    def _lose(self) -> None:
        """At once, so that no request takes it before the loop tells of its end."""
        when_lost, self._when_lost = self._when_lost, None
        if when_lost is not None:
            when_lost(self)
        self.abort()


def broken(why: str) -> WorkFailed:
    return WorkFailed(CutCode.BROKEN, f"the target broke off: {why}")


def _wake(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)
