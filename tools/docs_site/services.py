"""The documents that the three services serve of themselves, without running them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from unittest.mock import MagicMock

from fastapi import FastAPI

import hedgerow.abp.app
import hedgerow.abp.asyncapi
import hedgerow.mm.app
import hedgerow.mm.asyncapi
import hedgerow.scraping.gateway.app
import hedgerow.scraping.gateway.asyncapi
from docs_site.schemas import Schema


@dataclass(frozen=True)
class Described:
    """openapi: of the operations; asyncapi: of the WebSockets."""

    openapi: Schema
    asyncapi: Schema


def described() -> Mapping[str, Described]:
    """By the name in the documents' addresses. What an application needs to answer, it does not need for this."""
    nothing = MagicMock()
    gateway = hedgerow.scraping.gateway.app.create_app(
        nothing, nothing, nothing, nothing, nothing, start=nothing, stop=nothing
    )
    return {
        "abp": _of(hedgerow.abp.app.create_app(nothing), hedgerow.abp.asyncapi.document()),
        "mm": _of(hedgerow.mm.app.create_app(nothing), hedgerow.mm.asyncapi.document()),
        "scraping": _of(gateway.app, hedgerow.scraping.gateway.asyncapi.document()),
    }


def _of(app: FastAPI, asyncapi: Schema) -> Described:
    return Described(app.openapi(), asyncapi)
