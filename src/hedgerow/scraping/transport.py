"""A transport for httpx whose requests go through agents of a gateway, with one line:

    httpx.AsyncClient(transport=AgentTransport("http://gateway:8005", key, countries=["DE"]))

It speaks to the gateway's proxy front. Bodies stream both ways, httpx's timeouts hold as they are, and TLS is between
the program and the target, so neither gateway nor agent can read a credential. What the front says of itself is
raised as one of httpx's own errors and never taken for the target's answer. httpx is the program's, not ours:
this module alone needs it. Source: docs/decisions/0179.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from functools import cached_property
from types import TracebackType
from typing import Self

import httpx

from hedgerow.scraping.fronts import is_of_the_front, options

_CODE_LENGTH = 3
_BY_STATUS: dict[str, type[httpx.TransportError]] = {"502": httpx.ConnectError, "504": httpx.ConnectTimeout}
"""Others are refusals of the front: of the key, its limit or the target."""


class AgentTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """For `httpx.Client` and `httpx.AsyncClient`. An agent is chosen for each connection; those to https targets are
    kept for more requests."""

    def __init__(
        self,
        front: str,
        key: str,
        *,
        countries: Iterable[str] = (),
        agents: Iterable[str] = (),
        verify: ssl.SSLContext | bool = True,
        http2: bool = False,
        limits: httpx.Limits | None = None,
        front_trust: ssl.SSLContext | None = None,
    ) -> None:
        """front: URL of the proxy front. countries (ISO codes), agents (slugs): empty for any. verify: how the targets'
        certificates are checked. http2: needs httpx's extra of that name. front_trust: for a front with TLS; None: the
        system's authorities."""
        choice = options(countries=list(countries), agents=list(agents))
        self._proxy = httpx.Proxy(front, auth=(key, choice), ssl_context=front_trust)
        self._verify, self._http2 = verify, http2
        self._limits = limits or httpx.Limits(max_connections=100, max_keepalive_connections=20)

    @cached_property
    def _plain(self) -> httpx.HTTPTransport:
        return httpx.HTTPTransport(
            verify=self._verify, http2=self._http2, limits=self._limits, proxy=self._proxy, trust_env=False
        )

    @cached_property
    def _async(self) -> httpx.AsyncHTTPTransport:
        return httpx.AsyncHTTPTransport(
            verify=self._verify, http2=self._http2, limits=self._limits, proxy=self._proxy, trust_env=False
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            response = self._plain.handle_request(request)
        except httpx.ProxyError as error:
            raise _told(str(error), request) from error
        if _is_of_the_front(request, response):
            response.close()
            raise _told(_reason(response), request)
        return response

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            response = await self._async.handle_async_request(request)
        except httpx.ProxyError as error:
            raise _told(str(error), request) from error
        if _is_of_the_front(request, response):
            await response.aclose()
            raise _told(_reason(response), request)
        return response

    # --- as httpx opens and closes a transport -----------------------------------------------------------------

    def __enter__(self) -> Self:
        self._plain.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._plain.__exit__(kind, error, traceback)

    async def __aenter__(self) -> Self:
        await self._async.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self._async.__aexit__(kind, error, traceback)

    def close(self) -> None:
        self._plain.close()

    async def aclose(self) -> None:
        await self._async.aclose()


def _is_of_the_front(request: httpx.Request, response: httpx.Response) -> bool:
    return request.url.scheme == "http" and is_of_the_front(response.headers.get("proxy-status", ""))


def _reason(response: httpx.Response) -> str:
    phrase: bytes = response.extensions.get("reason_phrase", b"")
    return f"{response.status_code} {phrase.decode('ascii', 'replace')}"


def _told(reason: str, request: httpx.Request) -> httpx.TransportError:
    """reason: status and text, as the front's first line has them."""
    return _BY_STATUS.get(reason[:_CODE_LENGTH], httpx.ProxyError)(reason, request=request)
