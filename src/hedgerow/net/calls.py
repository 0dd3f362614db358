"""Requests to services of our own: JSON in, JSON out, an error status as an error."""

from __future__ import annotations

from decimal import Decimal
from types import TracebackType
from typing import Any, Self

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import HedgerowError
from hedgerow.core.secrets import Secret
from hedgerow.net.http import Headers, HttpClient

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


class CallError(HedgerowError):
    """A service of ours answered with an error status."""

    def __init__(self, service: str, status: int, detail: Any) -> None:
        super().__init__(f"{service} answers {status}: {detail}")
        self.service, self.status, self.detail = service, status, detail


class Caller:
    """Calls one service. Numbers with a point come back as Decimals."""

    def __init__(
        self,
        service: str,
        url: str,
        key: Secret | None = None,
        *,
        timeout_s: float = 30.0,
        connections: int = 2,
        largest_body: int = 64 * 1024 * 1024,
        is_bearer: bool = False,
    ) -> None:
        """service: its name in errors. key: sent as X-API-Key, or as a bearer token. largest_body: bytes of one
        answer."""
        self._service = service
        self._http = HttpClient(service, url, connections=connections, timeout_s=timeout_s, largest_body=largest_body)
        name, scheme = ("Authorization", "Bearer ") if is_bearer else ("X-API-Key", "")
        self._headers = [(name, scheme + key.reveal())] if key else []

    async def get(self, path: str) -> Any:
        """Raises CallError, or Unavailable when there was no answer."""
        return await self._call("GET", path, b"")

    async def post(self, path: str, body: Any = None, headers: Headers = ()) -> Any:
        """Raises CallError, Unavailable, or InDoubt when no answer came to what was sent."""
        return await self._call("POST", path, _encoder.encode({} if body is None else body), headers)

    async def put(self, path: str, body: Any) -> Any:
        """Raises as post does."""
        return await self._call("PUT", path, _encoder.encode(body))

    async def patch(self, path: str, body: Any) -> Any:
        """Raises as post does."""
        return await self._call("PATCH", path, _encoder.encode(body))

    async def delete(self, path: str) -> Any:
        """Raises as post does."""
        return await self._call("DELETE", path, b"")

    async def close(self) -> None:
        await self._http.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _call(self, method: str, path: str, body: bytes, headers: Headers = ()) -> Any:
        operation = f"{method} {path.partition('?')[0]}"
        answer = await self._http.request(
            operation, method, path, headers=[*self._headers, *headers], body=body, changes=method != "GET"
        )
        try:
            value = _decoder.decode(answer.body) if answer.body else None
        except UNREADABLE:
            value = answer.body.decode(errors="replace")[:200]
        if answer.status >= 400:
            raise CallError(self._service, answer.status, value.get("detail") if isinstance(value, dict) else value)
        return value
