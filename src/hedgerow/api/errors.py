"""Errors as answers, `{"detail": ...}`, without anything of the inside. What nobody expected, `api.door` catches."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from hedgerow.api.answers import JsonAnswer
from hedgerow.core.errors import ApiError, VenueError
from hedgerow.storage.database import StorageError

_log = structlog.get_logger(__name__)

_TRY_AGAIN_S = "1"


def install(app: FastAPI) -> None:
    """Makes the application answer its errors in the published shapes."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(StorageError, _on_storage_error)
    app.add_exception_handler(VenueError, _on_venue_error)


def wrong_value(place: str, name: str, message: str) -> RequestValidationError:
    """A 422 for what only we can check. place: query, path or body."""
    return RequestValidationError([{"loc": (place, name), "msg": message, "type": "value_error"}])


async def _on_api_error(_: Request, error: Exception) -> JsonAnswer:
    assert isinstance(error, ApiError)
    return JsonAnswer({"detail": error.detail}, error.status, error.headers)


async def _on_http_error(_: Request, error: Exception) -> JsonAnswer:
    assert isinstance(error, HTTPException)
    return JsonAnswer({"detail": error.detail}, error.status_code, error.headers)


async def _on_invalid(_: Request, error: Exception) -> JsonAnswer:
    """Only where, what and which kind: the input itself may hold a secret, and is never repeated."""
    assert isinstance(error, RequestValidationError)
    return JsonAnswer({"detail": [_fault(item) for item in error.errors()]}, 422)


def _fault(item: dict[str, Any]) -> dict[str, Any]:
    return {"loc": list(item["loc"]), "msg": item["msg"], "type": item["type"]}


async def _on_storage_error(_: Request, error: Exception) -> JsonAnswer:
    _log.error("request without database", error=str(error))
    return JsonAnswer({"detail": "The database is not available"}, 503, {"Retry-After": _TRY_AGAIN_S})


async def _on_venue_error(_: Request, error: Exception) -> JsonAnswer:
    assert isinstance(error, VenueError)
    _log.warning("request failed at a venue", error=str(error))
    return JsonAnswer({"detail": f"{error.venue} could not carry out the request"}, 502)
