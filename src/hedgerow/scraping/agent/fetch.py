"""One HTTP request of an agent: sent within the rules, redirects followed hop by hop through them, the body passed on
as it comes, unpacked and bounded.

Sources: RFC 9110 sections 15.4 (redirects) and 7.6.1 (hop-by-hop fields); Fetch Standard, "HTTP-redirect fetch" (what
a redirect changes, and what another origin is not told).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Self

import msgspec
from pyreqwest.http import Url

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.secrets import Secret
from hedgerow.core.tracing import span
from hedgerow.core.upstream import Upstream
from hedgerow.scraping.agent.answers import Answer, Asked, Client
from hedgerow.scraping.agent.dial import Way
from hedgerow.scraping.agent.work import WorkFailed
from hedgerow.scraping.deadlines import Deadline
from hedgerow.scraping.guard import Lists
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.linksocket import Channel
from hedgerow.scraping.messages import MOST_BODY, MOST_TIMEOUT_S, FetchAnswer, FetchRequest
from hedgerow.scraping.remembered import remembered

MOST_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEPS_METHOD = frozenset({307, 308})
_OF_ONE_ORIGIN = frozenset({"authorization", "cookie", "proxy-authorization"})
_OF_A_BODY = frozenset({"content-length", "content-type", "content-encoding", "content-language", "content-location"})
_NO_BODY = frozenset({204, 304})
_TIMED_OUT = CutCode.TIMED_OUT

_decode = msgspec.msgpack.Decoder(FetchRequest).decode
_encode = msgspec.msgpack.Encoder().encode


class Fetcher:
    """Serves streams of kind FETCH."""

    def __init__(self, plain: Client, secure: Client) -> None:
        """plain: for http URLs. secure: for https URLs."""
        self._clients = {"http": plain, "https": secure}

    async def serve(self, channel: Channel, head: bytes) -> None:
        """Is cancelled when the time is over. Raises WorkFailed, StreamCut."""
        fetch = self.understand(channel, head)
        deadline = fetch.limited()
        try:
            with span("agent.fetch", "server", fetch.request.cause):
                await fetch.run()
        finally:
            deadline.cancel()

    def understand(self, channel: Channel, head: bytes) -> Fetch:
        """The request. Raises WorkFailed."""
        request, way = _understood(head)
        return Fetch(self._clients, channel, request, way)


class _Place(msgspec.Struct, frozen=True):
    """Where a request goes. told: the URL as the client gets it, without a fragment."""

    url: Url
    text: str
    told: str
    scheme: str

    @classmethod
    def of(cls, url: Url) -> Self:
        text = str(url)
        return cls(url, text, text.partition("#")[0], url.scheme)


class Fetch:
    """One request on its way."""

    __slots__ = ("_body", "_channel", "_clients", "_headers", "_method", "_place", "_waits_for", "_way", "request")

    def __init__(self, clients: Mapping[str, Client], channel: Channel, request: FetchRequest, way: Way) -> None:
        self._clients, self._channel, self._way = clients, channel, way
        self.request = request
        self._method, self._place = request.method, _parsed(request.url)
        self._headers = request.headers
        self._waits_for = "waiting for the answer"
        self._body: bytes | None = None  # None: it is passed on as it comes

    @property
    def is_plain(self) -> bool:
        """Whether its target has no TLS."""
        return self._place.scheme == "http"

    def limited(self) -> Deadline:
        """The end of its time."""
        return self._channel.cut_in(min(self.request.timeout_s, MOST_TIMEOUT_S), _TIMED_OUT, self.late)

    def late(self) -> str:
        """What is told when the time is over."""
        return f"no whole answer within {self.request.timeout_s:g} s ({self._waits_for})"

    def asked(self) -> Asked:
        """What is to be sent next."""
        return Asked(self._method, self._place.text, self._headers, self._body, self._channel, self._way)

    def without_body(self) -> Asked:
        """The same of a request that has none."""
        self._body = b""
        return self.asked()

    async def run(self) -> None:
        """Raises WorkFailed, StreamCut."""
        if self._channel.is_whole:
            self._body = await _whole_body(self._channel)
        await self.go_on(None)

    async def go_on(self, answer: Answer | None) -> None:
        """answer: whose head is there; None: the request is still to be sent. Raises WorkFailed, StreamCut."""
        try:
            await self._go_on(answer)
        except TimeoutError:
            raise WorkFailed(CutCode.TIMED_OUT, self.late()) from None

    async def _go_on(self, answer: Answer | None) -> None:
        for _ in range(MOST_REDIRECTS + 1):
            if answer is None:
                answer = await self._clients[self._place.scheme].send(self.asked())
            try:
                following = self.following(answer)
                if following is None:
                    await self._answer(answer)
                    return
            finally:
                await answer.close()
            self._redirect(following, answer.status)
            answer = None
        raise WorkFailed(CutCode.BROKEN, f"more than {MOST_REDIRECTS} redirects")

    def answer_whole(self, answer: Answer, body: bytes) -> None:
        """`go_on` with an answer that is all there and no redirect. body: for which there is room. Raises StreamCut."""
        self._channel.answer_whole(self._head(answer), body)

    def has_head(self) -> None:
        """The answer's head is there."""
        self._waits_for = "reading the body"

    def _head(self, answer: Answer) -> bytes:
        return _encode(FetchAnswer(answer.status, self._place.told, answer.version, answer.headers))

    async def _answer(self, answer: Answer) -> None:
        self.has_head()
        self._channel.answer(self._head(answer))
        if self._method == "HEAD" or answer.status in _NO_BODY:
            await self._channel.write(b"", is_last=True)
            return
        size = 0
        while not answer.is_read:
            part = await answer.read()
            size += len(part)
            if size > MOST_BODY:
                raise WorkFailed(CutCode.TOO_LARGE, f"the body is larger than {MOST_BODY // 1024 // 1024} MiB")
            if part or answer.is_read:
                await self._channel.write(part, is_last=answer.is_read)

    # --- redirects -------------------------------------------------------------------------------------------

    def following(self, answer: Answer) -> Url | None:
        """Where to go on; None when this is the answer."""
        location = answer.header("location")
        if not self.request.follows or answer.status not in _REDIRECTS or not location:
            return None
        if answer.status in _KEEPS_METHOD and self._body is None:
            return None  # a body that was passed on is gone
        try:
            following = self._place.url.join(location)
        except ValueError:
            return None
        return following if following.scheme in ("http", "https") and following.host_str else None

    def _redirect(self, following: Url, status: int) -> None:
        if status not in _KEEPS_METHOD and (
            (status == 303 and self._method not in ("GET", "HEAD")) or (status != 303 and self._method == "POST")
        ):
            self._method, self._body = "GET", b""
            self._headers = [(name, value) for name, value in self._headers if name.lower() not in _OF_A_BODY]
        if following.origin_ascii != self._place.url.origin_ascii:
            self._headers = [(name, value) for name, value in self._headers if name.lower() not in _OF_ONE_ORIGIN]
        self._place = _Place.of(following)


def _understood(head: bytes) -> tuple[FetchRequest, Way]:
    try:
        request = _decode(head)
        way = _way(request.allow, request.deny)
        if request.proxy is not None:
            Upstream.of(request.proxy)
            way = Way(way.lists, Secret(request.proxy))
    except (*UNREADABLE, ValueError) as error:
        raise WorkFailed(CutCode.INVALID, f"the request cannot be understood: {error}") from None
    return request, way


@lru_cache(maxsize=1024)
def _way(allow: tuple[str, ...], deny: tuple[str, ...]) -> Way:
    """Raises ValueError for an entry that cannot be read."""
    lists = Lists(allow, deny)
    _ = lists.policy
    return Way(lists)


@remembered
def _parsed(text: str) -> _Place:
    """Raises WorkFailed."""
    try:
        url = Url(text)
    except ValueError:
        raise WorkFailed(CutCode.INVALID, "the target is not a URL") from None
    if url.scheme not in ("http", "https") or not url.host_str:
        raise WorkFailed(CutCode.INVALID, "the target is not an http or https URL")
    return _Place.of(url)


async def _whole_body(channel: Channel) -> bytes:
    parts = []
    while part := await channel.read():
        parts.append(part)
    return b"".join(parts)
