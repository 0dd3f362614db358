"""What the generated operations of every API stand on."""

from __future__ import annotations

from hedgerow.client.http import AsyncHttp, SyncHttp


class AsyncApi:
    """One API, awaited."""

    def __init__(self, http: AsyncHttp) -> None:
        self._http = http
        self._send = http.send


class SyncApi:
    """One API, in the thread that calls."""

    def __init__(self, http: SyncHttp) -> None:
        self._http = http
        self._send = http.send
