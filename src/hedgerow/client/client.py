"""The two clients. Each has the APIs that it was given an address and a key for."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

from hedgerow.client.apis import Abp, AsyncAbp, AsyncMm, AsyncScraping, Mm, Scraping
from hedgerow.client.call import Retries
from hedgerow.client.errors import NotConfiguredError
from hedgerow.client.http import AsyncHttp, SyncHttp
from hedgerow.client.service import Service

A = TypeVar("A")
M = TypeVar("M")
S = TypeVar("S")
T = TypeVar("T")

TIMEOUT_S = 30.0
"""For an answer's next bytes."""
_DEFAULT = Retries()


class _Given(Generic[A, M, S]):
    """The APIs that a client was given."""

    def __init__(self, abp: A | None, mm: M | None, scraping: S | None) -> None:
        self._abp, self._mm, self._scraping = abp, mm, scraping

    @property
    def abp(self) -> A:
        """Automated bet placing. Raises NotConfiguredError."""
        return _there(self._abp, "abp")

    @property
    def mm(self) -> M:
        """Market making. Raises NotConfiguredError."""
        return _there(self._mm, "mm")

    @property
    def scraping(self) -> S:
        """The scraping network. Raises NotConfiguredError."""
        return _there(self._scraping, "scraping")


class AsyncClient(_Given[AsyncAbp, AsyncMm, AsyncScraping]):
    """For programs that await:

    async with AsyncClient(abp=Service(url, key)) as client:
        print(await client.abp.list_accounts())
    """

    def __init__(
        self,
        *,
        abp: Service | None = None,
        mm: Service | None = None,
        scraping: Service | None = None,
        retries: Retries = _DEFAULT,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._https: list[AsyncHttp] = []

        def made(api: Callable[[AsyncHttp], T], service: Service | None) -> T | None:
            if service is None:
                return None
            self._https.append(AsyncHttp(service, retries, timeout_s))
            return api(self._https[-1])

        super().__init__(made(AsyncAbp, abp), made(AsyncMm, mm), made(AsyncScraping, scraping))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes its connections; streams are closed where they were opened."""
        for http in self._https:
            await http.aclose()


class Client(_Given[Abp, Mm, Scraping]):
    """For programs that do not await:

    with Client(abp=Service(url, key)) as client:
        print(client.abp.list_accounts())
    """

    def __init__(
        self,
        *,
        abp: Service | None = None,
        mm: Service | None = None,
        scraping: Service | None = None,
        retries: Retries = _DEFAULT,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._https: list[SyncHttp] = []

        def made(api: Callable[[SyncHttp], T], service: Service | None) -> T | None:
            if service is None:
                return None
            self._https.append(SyncHttp(service, retries, timeout_s))
            return api(self._https[-1])

        super().__init__(made(Abp, abp), made(Mm, mm), made(Scraping, scraping))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes its connections; streams are closed where they were opened."""
        for http in self._https:
            http.close()


def _there(api: T | None, name: str) -> T:
    if api is None:
        raise NotConfiguredError(name)
    return api
