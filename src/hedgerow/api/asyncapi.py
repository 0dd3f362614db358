"""AsyncAPI 3 documents of what a service tells over time: WebSockets and streams of server-sent events.

A service lists its messages; here they become the document that stands at `/asyncapi.json` beside `/openapi.json`.
Source: AsyncAPI Specification 3.0.0. Actions are the server's: it *receives* what a client sends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import Response

from hedgerow.api.answers import JsonAnswer

Schema = dict[str, Any]

PATH = "/asyncapi.json"
_SHAPE = "#/components/schemas/{model}"

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer", "minimum": 0}
TEXTS: Schema = {"type": "array", "items": TEXT}


@dataclass(frozen=True, slots=True)
class Told:
    """A message. name: unique in its stream. payload: JSON Schema."""

    name: str
    summary: str
    payload: Schema


@dataclass(frozen=True, slots=True)
class Stream:
    """One address. protocol: ws, or http for server-sent events. sent: by the client; received: by it."""

    name: str
    address: str
    description: str
    protocol: str
    sent: Sequence[Told]
    received: Sequence[Told]


def fields(
    kind: str | None, needed: Mapping[str, Schema] | None = None, more: Mapping[str, Schema] | None = None
) -> Schema:
    """An object. kind: its `type`, where it has one; needed: fields that are always there; more: others."""
    first: dict[str, Schema] = {} if kind is None else {"type": {"const": kind}}
    always = first | dict(needed or {})
    return {"type": "object", "required": list(always), "properties": always | dict(more or {})}


def shape(model: type[BaseModel]) -> Schema:
    """A reference to the shape that an answer has too."""
    return {"$ref": _SHAPE.format(model=model.__name__)}


def new_document(title: str, description: str, streams: Sequence[Stream], models: Sequence[type[BaseModel]]) -> Schema:
    """The whole document. models: whose shapes the messages refer to."""
    _, shapes = models_json_schema([(model, "serialization") for model in models], ref_template=_SHAPE)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": title, "version": version("hedgerow"), "description": description},
        "defaultContentType": "application/json",
        "channels": {stream.name: _channel(stream) for stream in streams},
        "operations": {name: one for stream in streams for name, one in _operations(stream).items()},
        "components": {
            "messages": {
                _key(stream, told): {"name": told.name, "summary": told.summary, "payload": told.payload}
                for stream in streams
                for told in (*stream.sent, *stream.received)
            },
            "schemas": shapes.get("$defs", {}),
        },
    }


def _channel(stream: Stream) -> Schema:
    messages = (*stream.sent, *stream.received)
    binding = {"ws": {"method": "GET"}} if stream.protocol == "ws" else {}
    return {
        "address": stream.address,
        "description": stream.description,
        "messages": {told.name: {"$ref": f"#/components/messages/{_key(stream, told)}"} for told in messages},
        "bindings": binding,
    }


def _operations(stream: Stream) -> dict[str, Schema]:
    """What the server receives, and what it sends."""
    return {
        f"{stream.name}.{action}": {
            "action": action,
            "channel": {"$ref": f"#/channels/{stream.name}"},
            "messages": [{"$ref": f"#/channels/{stream.name}/messages/{told.name}"} for told in messages],
        }
        for action, messages in (("receive", stream.sent), ("send", stream.received))
        if messages
    }


def _key(stream: Stream, told: Told) -> str:
    return f"{stream.name}.{told.name}"


def add_asyncapi(app: FastAPI, document: Schema) -> None:
    """Serves it, without a key, as `/openapi.json` is."""

    async def answer(_: Request) -> Response:
        return JsonAnswer(document)

    app.add_route(PATH, answer, include_in_schema=False)
