"""Messages against the schemas of the bridge protocol's OpenAPI document: as much of JSON Schema as it uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}


@dataclass(frozen=True)
class Document:
    """An OpenAPI document."""

    root: dict[str, Any]

    def faults(self, value: Any, schema: dict[str, Any] | str, where: str = "$") -> Iterator[str]:
        """In what a value differs from a schema, or from a named one."""
        if isinstance(schema, str):
            schema = {"$ref": f"#/components/schemas/{schema}"}
        if "$ref" in schema:
            schema = self.root["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if not self._has_type(value, schema):
            yield f"{where}: {value!r} is no {schema['type']}"
            return
        if "const" in schema and value != schema["const"]:
            yield f"{where}: {value!r} is not {schema['const']!r}"
        if "enum" in schema and value not in schema["enum"]:
            yield f"{where}: {value!r} is not one of {schema['enum']}"
        if isinstance(value, str):
            yield from _faults_of_text(value, schema, where)
        elif isinstance(value, dict):
            yield from self._faults_of_object(value, schema, where)
        elif isinstance(value, list):
            for place, item in enumerate(value):
                yield from self.faults(item, schema["items"], f"{where}[{place}]")

    def answer(self, method: str, path: str, status: int) -> dict[str, Any]:
        """The schema of an answer, e.g. of ("put", "/accounts/{account}/bets/{reference}", 201)."""
        responses = self.root["paths"][path][method]["responses"]
        found: dict[str, Any] = responses.get(str(status), responses["default"])
        if "$ref" in found:
            found = self.root["components"]["responses"][found["$ref"].rpartition("/")[2]]
        schema: dict[str, Any] = found["content"]["application/json"]["schema"]
        return schema

    def _faults_of_object(self, value: dict[str, Any], schema: dict[str, Any], where: str) -> Iterator[str]:
        known = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                yield f"{where}.{name} is missing"
        for name, item in value.items():
            if name in known:
                yield from self.faults(item, known[name], f"{where}.{name}")
            elif schema.get("additionalProperties") is not True:
                yield f"{where}.{name} is not known"

    def _has_type(self, value: Any, schema: dict[str, Any]) -> bool:
        if "type" not in schema:
            return True
        names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        kinds = [kind for name in names for kind in _TYPES[name]]
        return isinstance(value, tuple(kinds)) and not (isinstance(value, bool) and "boolean" not in names)


def _faults_of_text(value: str, schema: dict[str, Any], where: str) -> Iterator[str]:
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{where}: {value!r} does not match {schema['pattern']}"
    if schema.get("format") == "date-time" and datetime.fromisoformat(value).tzinfo is None:
        yield f"{where}: {value!r} has no zone"
