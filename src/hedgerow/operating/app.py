"""The operator API: the operator's commands over HTTP, for who has the operator's key.

It takes the key in a header and knows no cookies, so no page of another site can use it in somebody's name.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, FastAPI, Security
from fastapi.security import APIKeyHeader
from starlette.requests import Request

from hedgerow.api.answers import JsonAnswer
from hedgerow.api.app import Check, new_app
from hedgerow.core.errors import ApiError, InputError
from hedgerow.core.secrets import Secret
from hedgerow.operating.office import Office, UnknownError
from hedgerow.operating.routes import router

PREFIX = "/api/v1"

_DESCRIPTION = """What an operator does to a deployment: clients, keys, accounts, tournaments and the emergency switch.
Every request carries the operator's key in `X-API-Key`; every change stands in the audit trail."""

_header = APIKeyHeader(name="X-API-Key", scheme_name="ApiKeyHeader", auto_error=False)


def create_app(office: Office, key: Secret, checks: Mapping[str, Check]) -> FastAPI:
    """key: the operator's."""
    known = key.reveal().encode()

    async def is_operator(given: Annotated[str | None, Security(_header)] = None) -> None:
        if not hmac.compare_digest((given or "").encode(), known):
            raise ApiError(401, "Invalid or missing operator key")

    app = new_app("operator", title="Hedgerow operator API", description=_DESCRIPTION, checks=checks)
    app.state.office = office
    app.add_exception_handler(InputError, _on_input_error)
    app.include_router(router, prefix=PREFIX, dependencies=[Depends(is_operator)])
    return app


async def _on_input_error(_: Request, error: Exception) -> JsonAnswer:
    return JsonAnswer({"detail": str(error)}, 404 if isinstance(error, UnknownError) else 422)
