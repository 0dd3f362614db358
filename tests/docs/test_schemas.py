"""JSON Schema in words."""

from __future__ import annotations

from typing import Any

import pytest

from .tools import tool


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "date-time"}, "string (date-time)"),
        ({"$ref": "#/components/schemas/OrderItem"}, "[OrderItem](#orderitem)"),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, "number or null"),
        ({"type": ["number", "null"]}, "number or null"),
        ({"type": "array", "items": {"type": "integer"}}, "list of integer"),
        ({"enum": ["a", "b"]}, '`"a"` or `"b"`'),
        ({"const": 101}, "`101`"),
        ({}, "any"),
    ],
)
def test_types_are_told_in_words(schema: dict[str, Any], words: str) -> None:
    assert tool("docs_site.schemas").type_of(schema) == words


def test_bounds_and_defaults_are_told_after_the_meaning() -> None:
    schema = {"description": "Of the page", "anyOf": [{"type": "integer", "minimum": 1, "maximum": 50}], "default": 20}
    assert tool("docs_site.schemas").meaning_of(schema) == "Of the page; at least 1, at most 50; default `20`"


def test_fields_of_objects_without_a_name_follow_them() -> None:
    inner = {"type": "object", "required": ["lastSeq"], "properties": {"lastSeq": {"type": "integer"}}}
    text = tool("docs_site.schemas").fields_of({"properties": {"resume": inner, "a|b": {"type": "string"}}})
    assert text.splitlines()[2:] == [
        "| `resume` | object |  |  |",
        "| `resume.lastSeq` | integer | yes |  |",
        "| `a\\|b` | string |  |  |",
    ]
