"""JSON Schema in words: the type of a field, the table of an object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

Schema = dict[str, Any]

_BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "minLength": "{} characters or more",
    "maxLength": "up to {} characters",
    "minItems": "{} or more",
    "maxItems": "up to {}",
}


def type_of(schema: Schema) -> str:
    """In a few words; a named shape is a link to its heading on the same page."""
    match schema:
        case {"$ref": str(reference)}:
            name = reference.rpartition("/")[2]
            return f"[{name}](#{name.lower()})"
        case {"anyOf": list(parts)} | {"oneOf": list(parts)}:
            return " or ".join(dict.fromkeys(type_of(part) for part in parts))
        case {"const": value}:
            return f"`{json.dumps(value)}`"
        case {"enum": list(values)}:
            return " or ".join(f"`{json.dumps(value)}`" for value in values)
        case {"type": "array"}:
            return f"list of {type_of(schema.get('items', {}))}"
        case {"type": list(types)}:
            return " or ".join(types)
        case {"type": str(kind)}:
            return f"{kind} ({schema['format']})" if "format" in schema else kind
    return "any"


def meaning_of(schema: Schema) -> str:
    """What its author says of it, its bounds and what it is without being given."""
    told = [schema["description"]] if "description" in schema else []
    bounds = [_bound(text, part[name]) for part in _parts(schema) for name, text in _BOUNDS.items() if name in part]
    if bounds:
        told.append(", ".join(dict.fromkeys(bounds)))
    if schema.get("default") is not None:
        told.append(f"default `{json.dumps(schema['default'])}`")
    return "; ".join(told)


def _parts(schema: Schema) -> Iterable[Schema]:
    return [schema, *schema.get("anyOf", ())]


def _bound(text: str, value: float) -> str:
    return text.format(f"{value:.15g}")


def fields_of(schema: Schema) -> str:
    """An object's fields as a table; a line where it has none of its own."""
    properties: dict[str, Schema] = schema.get("properties", {})
    if not properties:
        return f"{type_of(schema)}. {meaning_of(schema)}".strip()
    return table(("field", "type", "always", "meaning"), _rows(schema, ""))


def _rows(schema: Schema, above: str) -> Iterator[Sequence[str]]:
    """A row for each field, and for those of objects without a name below it. above: the names that lead here."""
    required = set(schema.get("required", ()))
    for name, one in schema["properties"].items():
        yield f"`{above}{name}`", type_of(one), "yes" if name in required else "", meaning_of(one)
        if "properties" in one:
            yield from _rows(one, f"{above}{name}.")


def shapes(schemas: dict[str, Schema], level: str = "###") -> list[str]:
    """Every named shape, by name, under a heading that links lead to."""
    lines: list[str] = []
    for name, schema in sorted(schemas.items()):
        lines += [f"{level} {name}", ""]
        if about := schema.get("description"):
            lines += [text_of(about), ""]
        lines += [fields_of({**schema, "description": ""} if "properties" not in schema else schema), ""]
    return lines


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown; without rows, that there are none."""
    lines = [[_cell(cell) for cell in row] for row in rows]
    if not lines:
        return "None."
    return "\n".join("| " + " | ".join(line) + " |" for line in [list(head), ["---"] * len(head), *lines])


def _cell(text: str) -> str:
    return text_of(text).replace("|", "\\|").replace("\n", " ")


def text_of(text: str) -> str:
    """Prose of the code, where a less-than sign is none of HTML's."""
    return text.strip().replace("<", "&lt;")
