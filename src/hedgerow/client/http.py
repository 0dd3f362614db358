"""The two thin shells around a conversation: one waits with await, the other without. Nothing is decided here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Generic, TypeVar

import httpx

from hedgerow import __version__
from hedgerow.client.call import Answer, Ask, Call, Conversation, NoAnswer, Pause, Retries
from hedgerow.client.conversation import conversation
from hedgerow.client.errors import AnswerLostError, StreamEndedError, UnreachableError, error_of
from hedgerow.client.service import Service

T = TypeVar("T")

MOST_BODY_BYTES = 64 * 1024 * 1024
"""Of one answer: a fetched body of 32 MiB in base64 fits."""
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)


class _Talk(Generic[T]):
    """A conversation on its way. step: what is to be done now; None: it is over, and has a value."""

    def __init__(self, call: Call[T], retries: Retries) -> None:
        self._conversation: Conversation[T] = (call.converse or conversation)(call, retries)
        self.step: Ask | Pause | None = None
        self.value: T
        self.go_on(None)

    def go_on(self, got: Answer | NoAnswer | None) -> None:
        """Raises ClientError where the conversation ends in one."""
        try:
            self.step = self._conversation.send(got)
        except StopIteration as end:
            self.step, self.value = None, end.value


class AsyncHttp:
    """Calls of one API, awaited."""

    def __init__(self, service: Service, retries: Retries, timeout_s: float) -> None:
        self.service, self._retries = service, retries
        self._http = httpx.AsyncClient(**_options(service, timeout_s))

    async def send(self, call: Call[T]) -> T:
        """The call's value. Raises ClientError."""
        talk = _Talk(call, self._retries)
        while (step := talk.step) is not None:
            if isinstance(step, Ask):
                talk.go_on(await self._ask(step.call))
            else:
                await asyncio.sleep(step.seconds)
                talk.go_on(None)
        return talk.value

    async def _ask(self, call: Call[Any]) -> Answer | NoAnswer:
        body = _Body()
        try:
            async with self._http.stream(**_request(call)) as response:
                async for part in response.aiter_bytes():
                    body.take(part)
                return body.answer(response)
        except httpx.HTTPError as error:
            return _no_answer(error)

    @asynccontextmanager
    async def events(self, call: Call[bytes]) -> AsyncIterator[AsyncIterator[bytes]]:
        """The body of an answer that goes on, as it comes. Raises ClientError."""
        with _opening(call):
            response = await self._http.send(self._http.build_request(**_request(call), timeout=_ENDLESS), stream=True)
        try:
            if response.status_code >= 300:
                with _opening(call):
                    await response.aread()
                raise error_of(call.name, _Body.of(response))
            yield _async_parts(call, response)
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()


class SyncHttp:
    """Calls of one API, in the thread that calls."""

    def __init__(self, service: Service, retries: Retries, timeout_s: float) -> None:
        self.service, self._retries = service, retries
        self._http = httpx.Client(**_options(service, timeout_s))

    def send(self, call: Call[T]) -> T:
        """The call's value. Raises ClientError."""
        talk = _Talk(call, self._retries)
        while (step := talk.step) is not None:
            if isinstance(step, Ask):
                talk.go_on(self._ask(step.call))
            else:
                time.sleep(step.seconds)
                talk.go_on(None)
        return talk.value

    def _ask(self, call: Call[Any]) -> Answer | NoAnswer:
        body = _Body()
        try:
            with self._http.stream(**_request(call)) as response:
                for part in response.iter_bytes():
                    body.take(part)
                return body.answer(response)
        except httpx.HTTPError as error:
            return _no_answer(error)

    @contextmanager
    def events(self, call: Call[bytes]) -> Iterator[Iterator[bytes]]:
        """As `AsyncHttp.events`."""
        with _opening(call):
            response = self._http.send(self._http.build_request(**_request(call), timeout=_ENDLESS), stream=True)
        try:
            if response.status_code >= 300:
                with _opening(call):
                    response.read()
                raise error_of(call.name, _Body.of(response))
            yield _parts(call, response)
        finally:
            response.close()

    def close(self) -> None:
        self._http.close()


_ENDLESS = httpx.Timeout(30, read=60)
"""Streams send a comment every 15 s: a minute of silence is a lost connection."""


class _Body:
    """An answer's body while it comes; bounded."""

    def __init__(self) -> None:
        self._parts = bytearray()

    def take(self, part: bytes) -> None:
        """Raises httpx.ReadError when it is too much."""
        self._parts += part
        if len(self._parts) > MOST_BODY_BYTES:
            raise httpx.ReadError(f"the answer is larger than {MOST_BODY_BYTES} bytes")

    def answer(self, response: httpx.Response) -> Answer:
        return Answer(response.status_code, response.headers, bytes(self._parts))

    @staticmethod
    def of(response: httpx.Response) -> Answer:
        """One that is read whole."""
        return Answer(response.status_code, response.headers, response.content)


@contextmanager
def _opening(call: Call[Any]) -> Iterator[None]:
    """Errors of the transport as errors of ours."""
    try:
        yield
    except httpx.HTTPError as error:
        found = _no_answer(error)
        raise (AnswerLostError if found.was_sent else UnreachableError)(call.name, found.why) from None


async def _async_parts(call: Call[bytes], response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for part in response.aiter_bytes():
            yield part
    except httpx.HTTPError as error:
        raise _broken(call, error) from None


def _parts(call: Call[bytes], response: httpx.Response) -> Iterator[bytes]:
    try:
        yield from response.iter_bytes()
    except httpx.HTTPError as error:
        raise _broken(call, error) from None


def _broken(call: Call[bytes], error: httpx.HTTPError) -> StreamEndedError:
    return StreamEndedError(f"{call.name}: {_no_answer(error).why}", "open it again; what came in between is not told")


def _options(service: Service, timeout_s: float) -> dict[str, Any]:
    return {
        "base_url": service.url,
        "headers": {"X-API-Key": service.key.reveal(), "User-Agent": f"hedgerow-client/{__version__}"},
        "timeout": timeout_s,
        "follow_redirects": False,  # a redirect would carry the key elsewhere
    }


def _request(call: Call[Any]) -> dict[str, Any]:
    """As httpx takes it."""
    headers = dict(call.headers)
    if call.body is not None:
        headers.setdefault("Content-Type", "application/json")
    request: dict[str, Any] = {"method": call.method, "url": call.path, "headers": headers, "content": call.body}
    if call.query:
        request["params"] = list(call.query)
    if call.timeout_s is not None:
        request["timeout"] = call.timeout_s
    return request


def _no_answer(error: httpx.HTTPError) -> NoAnswer:
    return NoAnswer(f"{type(error).__name__} {error}".strip(), not isinstance(error, _UNSENT))
