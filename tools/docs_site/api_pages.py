"""The reference of an API, written from the OpenAPI document that it serves: operations, shapes, errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from docs_site.schemas import Schema, meaning_of, shapes, table, text_of, type_of

_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One of the document's."""

    method: str
    path: str
    body: Schema

    @property
    def title(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def tag(self) -> str:
        return str(self.body.get("tags", ["Other"])[0])


def operations(document: Schema) -> Iterator[Operation]:
    """In the order of the document."""
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield Operation(method, path, item[method])


def api_page(document: Schema, api: str) -> str:
    """The whole page. api: as in the document's own address."""
    found = list(operations(document))
    lines = [
        f"# {document['info']['title'].removeprefix('Hedgerow ')} reference",
        "",
        text_of(document["info"]["description"]),
        "",
        f"The same for machines: `/openapi.json` of the service, or `/{api}/openapi.json` beside this site.",
        "",
    ]
    for tag in dict.fromkeys(operation.tag for operation in found):
        lines += [f"## {tag}", ""]
        for operation in found:
            if operation.tag == tag:
                lines += _operation(operation)
    return "\n".join([*lines, "## Shapes", "", *shapes(document["components"]["schemas"])])


def _operation(operation: Operation) -> list[str]:
    body = operation.body
    lines = [f"### {operation.title}", "", text_of(body.get("description") or body.get("summary", "")), ""]
    if parameters := body.get("parameters"):
        rows = [
            (f"`{one['name']}`", one["in"], type_of(one["schema"]), "yes" if one.get("required") else "", _told(one))
            for one in parameters
        ]
        lines += ["**Parameters**", "", table(("name", "in", "type", "needed", "meaning"), rows), ""]
    if taken := body.get("requestBody"):
        lines += ["**Body**", "", _content(taken), ""]
    rows = [(status, text_of(one["description"]), _content(one)) for status, one in sorted(body["responses"].items())]
    return [*lines, "**Answers**", "", table(("status", "when", "body"), rows), ""]


def _told(parameter: Mapping[str, Any]) -> str:
    meaning = meaning_of(parameter["schema"])
    about = parameter.get("description", "")
    return about if not meaning or meaning == about else f"{about}; {meaning}".lstrip("; ")


def _content(holder: Mapping[str, Any]) -> str:
    """What a body is; of a shape without a name, its fields in one line."""
    found = []
    for media, content in holder.get("content", {}).items():
        kind = "" if media == "application/json" else f"`{media}`: "
        schema = content.get("schema", {})
        names = schema.get("properties")
        found.append(kind + (", ".join(f"`{name}`" for name in names) if names else type_of(schema)))
    return " or ".join(found)
