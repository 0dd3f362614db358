"""OpenAPI documents held against each other, and answers against documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


def faults_of_parameters(
    published: Document, ours: Document, other_defaults: Mapping[tuple[str, str], tuple[Any, Any]] | None = None
) -> Iterator[str]:
    """Where a parameter of the contract is missing or another one. other_defaults: (theirs, ours) by path and name,
    where ours differs on purpose."""
    for method, path, operation in published.operations():
        our = {(one["in"], one["name"]): one for one in ours.root["paths"][path][method].get("parameters", [])}
        for theirs in operation.get("parameters", []):
            place, found = (theirs["in"], theirs["name"]), our.get((theirs["in"], theirs["name"]))
            if found is None:
                yield f"{method} {path}: {place} is missing"
                continue
            defaults = (theirs["schema"].get("default"), found["schema"].get("default"))
            if not fits(published.types(theirs["schema"]), ours.types(found["schema"])):
                yield f"{method} {path}: {place} has other types"
            if bool(found.get("required")) != bool(theirs.get("required")):
                yield f"{method} {path}: {place} is required on one side only"
            if defaults[0] != defaults[1] and (other_defaults or {}).get((path, theirs["name"])) != defaults:
                yield f"{method} {path}: {place} has another default"


def faults_of_bodies(published: Document, ours: Document) -> Iterator[str]:
    """What the contract lets clients send and we would refuse."""
    for method, path, operation in published.operations():
        theirs, our = published.body(operation), ours.body(ours.root["paths"][path][method])
        if theirs is None:
            continue
        if our is None:
            yield f"{method} {path} takes no body"
            continue
        for fault in _faults_of_body(theirs, our, published, ours):
            yield f"{method} {path}: {fault}"


def _faults_of_body(theirs: Schema, our: Schema, published: Document, ours: Document) -> Iterator[str]:
    for name in set(our.get("required", [])) - set(theirs.get("required", [])):
        yield f"{name} is not optional"
    for name, schema in theirs.get("properties", {}).items():
        found = our["properties"].get(name)
        if found is None or not fits(published.types(schema), ours.types(found)):
            yield name
        elif "$ref" in schema.get("items", {}):
            yield from _faults_of_body(published.of(schema["items"]), ours.of(found["items"]), published, ours)


def faults_of_answers(published: Document, ours: Document) -> Iterator[str]:
    """Where our document promises less of an answer than the contract."""
    for method, path, operation in published.operations():
        our = ours.root["paths"][path][method]
        yield from (f"{method} {path}: {code}" for code in operation["responses"] if code not in our["responses"])
        yield from faults_of_answer(f"{method} {path}", published.answer(operation), ours.answer(our), published, ours)


def faults_of_description(ours: Document) -> Iterator[str]:
    """What a reader of our document would miss."""
    if not ours.root["openapi"].startswith("3.1"):
        yield f"version {ours.root['openapi']}"
    for method, path, operation in ours.operations():
        if not operation.get("description"):
            yield f"{method} {path} is not described"
        if not operation.get("security"):
            yield f"{method} {path} needs no key"


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


def faults_of_unnamed(where: str, schema: Schema, value: Any, document: Document) -> Iterator[str]:
    """Fields of a value that its schema does not name: a typed client would drop them."""
    schema = document.of(schema)
    parts = [document.of(part) for part in schema.get("anyOf", [schema])]
    schema = next((part for part in parts if fits({type_of(value)}, document.types(part))), {})
    if isinstance(value, dict) and "properties" in schema:
        for name, part in value.items():
            if name not in schema["properties"]:
                yield f"{where}.{name} is not named"
            else:
                yield from faults_of_unnamed(f"{where}.{name}", schema["properties"][name], part, document)
    if isinstance(value, list):
        for item in value:
            yield from faults_of_unnamed(f"{where}[]", schema.get("items", {}), item, document)


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
