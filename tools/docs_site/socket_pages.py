"""The page of a service's WebSockets and event streams, written from its AsyncAPI document."""

from __future__ import annotations

from docs_site.schemas import Schema, fields_of, shapes, text_of

_SENT_BY = {"receive": "The client sends", "send": "The server sends"}


def socket_page(document: Schema, api: str) -> str:
    """The whole page. api: as in the document's own address."""
    info = document["info"]
    lines = [
        f"# {info['title'].removeprefix('Hedgerow ')} reference",
        "",
        text_of(info["description"]),
        "",
        "The same for machines, as AsyncAPI 3: `/asyncapi.json` of the service, or "
        f"`/{api}/asyncapi.json` beside this site.",
        "",
    ]
    for name, channel in document["channels"].items():
        lines += [f"## {channel['address']}", "", text_of(channel["description"]), ""]
        for action, title in _SENT_BY.items():
            if operation := document["operations"].get(f"{name}.{action}"):
                lines += [f"**{title}**", "", *_messages(document, operation)]
    if named := document["components"]["schemas"]:
        lines += ["## Shapes", "", *shapes(named)]
    return "\n".join(lines)


def _messages(document: Schema, operation: Schema) -> list[str]:
    lines: list[str] = []
    for reference in operation["messages"]:
        _, _, channel, _, message = reference["$ref"].split("/")
        told = document["components"]["messages"][f"{channel}.{message}"]
        lines += [f"*{told['name']}*: {text_of(told['summary'])}.", "", fields_of(told["payload"]), ""]
    return lines
