"""The OpenAPI documents of our three APIs as they serve them, read into what a client needs: models and operations.

No document depends on what its application stands on, so that stand-ins are enough: nothing is started.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from unittest.mock import MagicMock

from hedgerow.abp.app import create_app as create_abp
from hedgerow.mm.app import create_app as create_mm
from hedgerow.scraping.gateway.app import create_app as create_gateway

Schema = dict[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete")
# Written by hand in the clients: they stream, or take whatever method and body the target takes.
_BY_HAND = frozenset({"/fetch", "/amqp", "/browser/stream", "/ws/docs", "/"})
_OTHER_FORMS = frozenset({("get", "/browser")})
"""The same operation as another one, asked in another way."""

_FEED = ("bets", "currencyInfo", "fixtureInfo", "outcomeInfo", "playerInfo")
_CHANGES = {
    "abp": {"OrderChange": ("OrderItem", _FEED)},
    "mm": {"AccountChange": ("AccountItem", ("bookmaker",))},
    "scraping": {},
}
"""What is told on a stream as an answer has it, but for some fields; every other change is told whole."""

SAFE = frozenset(
    {
        "update_account",
        "cancel_orders",
        "cancel_all_orders",
        "pause",
        "resume",
        "stop",
        "start",
        "activate_tournament",
        "deactivate_tournament",
        "update_tournament",
        "update_market_allowlist",
        "activate_all_market_types",
        "update_client_settings",
    }
)
"""Operations that change something, the second time nothing more."""
KEYED = frozenset({"place_orders"})
"""Operations that carry keys of the client's, by which a repetition is known."""


@dataclass(frozen=True)
class Parameter:
    """place: path or query."""

    name: str
    place: str
    schema: Schema
    is_required: bool

    @property
    def python(self) -> str:
        return snake(self.name)


@dataclass(frozen=True)
class Operation:
    """answer: None where a success has no body."""

    name: str
    method: str
    path: str
    text: str
    parameters: tuple[Parameter, ...]
    body: Schema | None
    needs_body: bool
    answer: Schema | None

    def of(self, place: str) -> list[Parameter]:
        return [one for one in self.parameters if one.place == place]

    @property
    def repeat(self) -> str:
        if self.method == "get" or self.name in SAFE:
            return "SAFE"
        return "KEYED" if self.name in KEYED else "NEVER"


@dataclass
class Api:
    """One API. number: how its clients write a JSON number; where there is no money, seconds may be floats."""

    name: str
    root: Schema
    has_money: bool = field(default=True)

    @cached_property
    def operations(self) -> list[Operation]:
        return list(self._operations())

    def _operations(self) -> Iterator[Operation]:
        for path, item in self.root["paths"].items():
            for method in _METHODS:
                if method in item and path not in _BY_HAND and (method, path) not in _OTHER_FORMS:
                    yield _operation(method, path, item[method])

    @cached_property
    def asked(self) -> list[str]:
        """Models that are sent, by name."""
        bodies = [one.body for one in self.operations if one.body is not None]
        parameters = [given.schema for one in self.operations for given in one.parameters]
        return self._reached(*bodies, *parameters, *self._sent_by_hand())

    @cached_property
    def told(self) -> list[str]:
        """Models that are answered and not sent, by name."""
        answers = [one.answer for one in self.operations if one.answer is not None]
        return [name for name in self._reached(*answers, *self._told_by_hand()) if name not in self.asked]

    def schema(self, name: str) -> Schema:
        found: Schema = self.root["components"]["schemas"][name]
        return found

    def is_alias(self, name: str) -> bool:
        return "properties" not in self.schema(name)

    def _sent_by_hand(self) -> list[Schema]:
        return [_ref("AmqpConsumeBody")] if self.name == "scraping" else []

    def _told_by_hand(self) -> list[Schema]:
        changes = [_ref(name) for name in _CHANGES[self.name]]
        return [_ref("FetchResponse")] if self.name == "scraping" else changes

    def _reached(self, *roots: Schema) -> list[str]:
        found: set[str] = set()
        waiting = [name for root in roots for name in _refs(root)]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += _refs(self.schema(name))
        order = list(self.root["components"]["schemas"])
        return sorted(found, key=order.index)


def all_apis() -> list[Api]:
    """Of bet placing, market making and scraping."""
    nothing: Any = MagicMock()
    nothing.checks = {}
    gateway = create_gateway(nothing, nothing, nothing, nothing, nothing, start=nothing, stop=nothing)
    return [
        Api("abp", _with_changes("abp", create_abp(nothing).openapi())),
        Api("mm", _with_changes("mm", create_mm(nothing).openapi())),
        Api("scraping", gateway.app.openapi(), has_money=False),
    ]


def _with_changes(name: str, root: Schema) -> Schema:
    schemas = root["components"]["schemas"]
    for change, (model, dropped) in _CHANGES[name].items():
        fields = {one: part for one, part in schemas[model]["properties"].items() if one not in dropped}
        required = [one for one in schemas[model]["required"] if one not in dropped]
        text = f"As a stream tells `{model}`: without {', '.join(f'`{one}`' for one in dropped)}."
        schemas[change] = {"type": "object", "description": text, "properties": fields, "required": required}
    return root


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def described(schema: Schema) -> str:
    return str(schema.get("description", "")).strip()


def _operation(method: str, path: str, found: Schema) -> Operation:
    parameters = tuple(
        Parameter(one["name"], one["in"], one["schema"], bool(one.get("required")))
        for one in found.get("parameters", [])
        if one["in"] in ("path", "query")
    )
    body = found.get("requestBody")
    code = next(code for code in sorted(found["responses"]) if code.startswith("2"))
    content = found["responses"][code].get("content", {})
    return Operation(
        _name(method, path, found),
        method,
        path,
        described(found) or found.get("summary", "") or found["responses"][code]["description"],
        parameters,
        None if body is None else body["content"]["application/json"]["schema"],
        body is not None and bool(body.get("required")),
        content["application/json"]["schema"] if content else None,
    )


def _name(method: str, path: str, found: Schema) -> str:
    """Of the operation, which stands before its path in the operation's id."""
    if "operationId" not in found:
        return path.strip("/").replace("/", "_")
    return str(found["operationId"]).removesuffix(re.sub(r"\W", "_", path) + f"_{method}")


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _refs(value: Any) -> list[str]:
    match value:
        case {"$ref": str(ref)}:
            return [ref.rpartition("/")[2]]
        case dict():
            return [name for part in value.values() for name in _refs(part)]
        case list():
            return [name for part in value for name in _refs(part)]
    return []
