"""A download handler for Scrapy whose requests go through agents of a gateway, with two lines of a project's settings:

    DOWNLOAD_HANDLERS = {scheme: "hedgerow.scraping.scrapy.AgentHandler" for scheme in ("http", "https")}
    FRONT_URL, FRONT_KEY = "http://127.0.0.1:8005", "..."

`FRONT_GEO` and `FRONT_AGENT` choose countries and agents for all requests, `front_geo` and `front_agent` of a
request's meta for that one: a name, several with commas between, or a list. It is Scrapy's own handler on the
gateway's proxy front, so its timeouts, limits, signals and retries hold as they are, and TLS is between the spider
and the target. The key never stands in a request that a spider sees. Any other proxy is left aside, the environment's
too: nothing leaves around the agents. Scrapy is the program's, not ours: this module alone needs it.
Sources: Scrapy's documentation, "Download handlers"; docs/decisions/0192.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadFailedError, NotConfigured
from scrapy.http import Response

from hedgerow.core.errors import HedgerowError
from hedgerow.scraping.fronts import is_of_the_front, options

_MAY_GO_BETTER = frozenset({429, 502, 503, 504})
_LATENCY = "download_latency"


class FrontRefusedError(HedgerowError):
    """The front does not let the request through: its key or its target. Not tried again."""


class AgentHandler(BaseDownloadHandler):  # type: ignore[misc]  # Scrapy is not there where types are checked
    """For the schemes http and https."""

    def __init__(self, crawler: Crawler) -> None:
        """Raises NotConfigured."""
        super().__init__(crawler)
        given = crawler.settings
        self._front, self._key = given.get("FRONT_URL") or "", given.get("FRONT_KEY") or ""
        self._chosen = {"front_geo": given.get("FRONT_GEO"), "front_agent": given.get("FRONT_AGENT")}
        if urlsplit(self._front).scheme != "http" or not self._key:
            raise NotConfigured("FRONT_URL must be the http:// URL of a proxy front, and FRONT_KEY a key")
        self._direct = HTTP11DownloadHandler.from_crawler(crawler)

    async def download_request(self, request: Request) -> Response:
        """Raises FrontRefusedError, ValueError for a choice that is none, and what Scrapy's own handler raises."""
        sent = self._through_the_front(request)
        response: Response = await self._direct.download_request(sent)
        if _LATENCY in sent.meta:
            request.meta[_LATENCY] = sent.meta[_LATENCY]
        told = response.headers.get("Proxy-Status", b"").decode("latin-1")
        if request.url.startswith("http:") and is_of_the_front(told):
            error = DownloadFailedError if response.status in _MAY_GO_BETTER else FrontRefusedError
            raise error(f"{response.status} {told}")
        return response

    async def close(self) -> None:
        await self._direct.close()

    def _through_the_front(self, request: Request) -> Request:
        """A copy, so that redirects and retries of the spider's request know nothing of the key."""
        geo, agent = (names(request.meta.get(name, chosen)) for name, chosen in self._chosen.items())
        user = f"{self._key}:{options(countries=geo, agents=agent)}"
        headers = request.headers.copy()
        headers["Proxy-Authorization"] = b"Basic " + b64encode(user.encode())
        copy: Request = request.replace(headers=headers, meta={**request.meta, "proxy": self._front})
        return copy


def names(given: Any) -> list[str]:
    """Of a text with commas, a list, or nothing."""
    parts = given.split(",") if isinstance(given, str) else given or []
    return [stripped for part in parts if (stripped := str(part).strip())]
