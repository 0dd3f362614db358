"""JSON answers and requests whose numbers keep every digit: money leaves and enters as Decimal, never as float."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from hedgerow.core.decoding import UNREADABLE
from hedgerow.storage.database import decode_json, encode_json


class JsonAnswer(Response):
    """A JSON body; Decimals are numbers with their own digits, times are ISO 8601 in UTC."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return encode_json(content)


class ExactRequest(Request):
    """A request whose JSON body is read without floats."""

    async def json(self) -> Any:
        body = await self.body()
        try:
            return decode_json(body)
        except UNREADABLE as error:
            # The framework answers 422 for this class of errors alone.
            raise json.JSONDecodeError(str(error), "", 0) from None


class ExactRoute(APIRoute):
    """A route that reads its body through `ExactRequest`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_exactly(request: Request) -> Response:
            return await handle(ExactRequest(request.scope, request.receive))

        return handle_exactly
