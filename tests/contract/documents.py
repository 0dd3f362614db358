"""OpenAPI documents held against each other, and answers against documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Schema = dict[str, Any]
METHODS = ("get", "post", "patch", "put", "delete")


@dataclass(frozen=True)
class Document:
    """An OpenAPI document."""

    root: Schema

    def of(self, schema: Schema) -> Schema:
        """The schema itself, where it is a reference."""
        while "$ref" in schema:
            schema = self.root["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema

    def operations(self) -> Iterator[tuple[str, str, Schema]]:
        for path, item in self.root["paths"].items():
            for method in METHODS:
                if method in item:
                    yield method, path, item[method]

    def answer(self, operation: Schema) -> Schema:
        """The schema of the answer of a success; empty where it has no body."""
        code = next(code for code in sorted(operation["responses"]) if code.startswith("2"))
        content = operation["responses"][code].get("content", {})
        return self.of(next(iter(content.values()))["schema"]) if content else {}

    def body(self, operation: Schema) -> Schema | None:
        if "requestBody" not in operation:
            return None
        return self.one_object(operation["requestBody"]["content"]["application/json"]["schema"])

    def one_object(self, schema: Schema) -> Schema:
        """The object among the alternatives."""
        found = [self.of(part) for part in schema.get("anyOf", [schema])]
        return next(part for part in found if part.get("type") == "object" or "properties" in part)

    def types(self, schema: Schema) -> set[str]:
        """The JSON types that are allowed; empty: any."""
        schema = self.of(schema)
        if "anyOf" in schema:
            return set().union(*(self.types(part) for part in schema["anyOf"]))
        found = {schema["type"]} if "type" in schema else set()
        return found | {"null"} if found and schema.get("nullable") else found


def fits(given: set[str], allowed: set[str]) -> bool:
    """Whether every given type is an allowed one; an integer is a number."""
    if not allowed:
        return True
    return bool(given) and all(one in allowed or (one == "integer" and "number" in allowed) for one in given)


def faults_of_answer(where: str, theirs: Schema, ours: Schema, published: Document, our: Document) -> Iterator[str]:
    """Where our schema of an answer gives less than the published one, or other types."""
    theirs, ours = published.of(theirs), our.of(ours)
    if not fits(our.types(ours), published.types(theirs)):
        yield f"{where}: {our.types(ours)} instead of {published.types(theirs)}"
    for name, schema in theirs.get("properties", {}).items():
        if name not in ours.get("properties", {}):
            yield f"{where}.{name} is missing"
        else:
            yield from faults_of_answer(f"{where}.{name}", schema, ours["properties"][name], published, our)
        if name not in ours.get("required", []):
            yield f"{where}.{name} may be absent"
    if "items" in theirs:
        yield from faults_of_answer(f"{where}[]", theirs["items"], ours.get("items", {}), published, our)


def faults_of_value(where: str, schema: Schema, value: Any, document: Document) -> Iterator[str]:
    """Where a value is not what a schema promises: of another type, or with fields missing."""
    schema = document.of(schema)
    alternatives = [document.of(part) for part in schema.get("anyOf", [schema])]
    fitting = [part for part in alternatives if fits({type_of(value)}, document.types(part))]
    if not fitting:
        yield f"{where}: {value!r} is not {document.types(schema)}"
        return
    schema = fitting[0]
    if isinstance(value, dict):
        for name, part in schema.get("properties", {}).items():
            if name not in value:
                yield f"{where}.{name} is missing"
            else:
                yield from faults_of_value(f"{where}.{name}", part, value[name], document)
    if isinstance(value, list):
        for item in value:
            yield from faults_of_value(f"{where}[]", schema.get("items", {}), item, document)


def type_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case Decimal():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"
