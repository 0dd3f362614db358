"""What the gateway tells over time as an AsyncAPI document: the relay, watched pages, consumed messages.

The relay is `gateway.relay`, pages are watched by `agent.browser`, messages are consumed by `agent.amqp`.
"""

from __future__ import annotations

from hedgerow.api.asyncapi import NUMBER, TEXT, TEXTS, Schema, Stream, Told, fields, new_document
from hedgerow.scraping.gateway import amqp, relay
from hedgerow.scraping.gateway.browser import STREAM_PATH

_RELAY = """The client says within 10 seconds where it wants to go; an agent connects there. After `connected` text and
binary frames, pings and close codes pass in both directions as they are. A refusal is a message and a Close: 1008 for
the client's fault, 1011 for ours or the agent's."""
_WATCH = """`GET` with the target in `X-Target-URL` and what to capture in `X-Capture`: server-sent events until
the timeout or the end of the steps. The type stands in the event's name and in its data."""
_AMQP = """`POST` with the broker and the exchange: each message is an event, and is acknowledged to the broker once
it was handed to the client's connection. A comment every 15 seconds keeps the connection."""

_CUT: dict[str, Schema] = {"truncated": {"type": "boolean"}}
_TEXT_MAP: Schema = {"type": "object", "additionalProperties": TEXT}

_RELAYED = (
    Told(
        "connect",
        "Where to, and as whom; `key` is taken for `apiKey`, and `X-API-Key` of the handshake for both",
        fields(
            None,
            {"url": TEXT},
            {
                "apiKey": TEXT,
                "key": TEXT,
                "headers": _TEXT_MAP,
                "cookies": _TEXT_MAP,
                "geo": TEXT,
                "agent": TEXT,
                "idle_timeout": {
                    "type": "number",
                    "minimum": 0,
                    "description": "Seconds without a message of the target",
                },
                "subprotocols": TEXTS,
                "proxy": TEXT,
            },
        ),
    ),
)
_RELAY_TELLS = (
    Told(
        "connected",
        "The target is there; what follows is the target's own",
        fields("connected", {"status": {"const": 101}, "node_id": TEXT}, {"subprotocol": TEXT}),
    ),
    Told("refused", "Why there is no relay; a Close follows", fields("error", {"message": {}})),
)


def _event(
    name: str, summary: str, needed: dict[str, Schema] | None = None, more: dict[str, Schema] | None = None
) -> Told:
    return Told(name, summary, fields(name, needed, more))


WATCHED = (
    _event("connected", "An agent has the page", {"url": TEXT, "agent_id": TEXT}, {"route": {"type": "object"}}),
    _event(
        "network",
        "A request that ended",
        {"request_id": TEXT, "url": TEXT, "method": TEXT, "resource_type": TEXT},
        {"status": NUMBER, "mime_type": TEXT, "bytes": NUMBER, "body": TEXT, "error": TEXT, **_CUT},
    ),
    _event("ws_open", "The page opened a WebSocket", {"ws_id": TEXT, "url": TEXT}),
    _event(
        "ws_message",
        "A message on it",
        {"ws_id": TEXT, "direction": {"enum": ["sent", "received"]}, "data": TEXT},
        {"encoding": {"const": "base64"}, **_CUT},
    ),
    _event("ws_close", "It is closed", {"ws_id": TEXT, "url": TEXT}),
    _event("dom", "The element, or the document, has become another", {"selector": TEXT, "html": TEXT}, _CUT),
    _event("console", "The page wrote to its console", {"level": TEXT, "text": TEXT}, _CUT),
    _event("step_ok", "A step was done", {"step": NUMBER, "action": TEXT}, {"result": TEXT, "screenshot": TEXT}),
    _event("step_error", "A step did not work", {"step": NUMBER, "action": TEXT, "error": TEXT}),
    _event("error", "The page cannot be watched any more", {"message": TEXT}),
    _event("done", "The last event"),
)
CONSUMED = (
    Told("connected", "The queue is bound", fields(None, {"node_id": TEXT, "queue_name": TEXT})),
    Told(
        "message",
        "A message of the broker",
        fields(
            None,
            {"body": TEXT, "routing_key": TEXT, "exchange": TEXT, "delivery_tag": NUMBER},
            {"content_type": {"type": ["string", "null"]}, "encoding": {"const": "base64"}},
        ),
    ),
    Told("error", "Why nothing more comes", fields(None, {"message": TEXT, "code": {"type": "integer"}})),
)


def document() -> Schema:
    """The document of this version."""
    streams = (
        Stream("relay", relay.PATH, _RELAY, "ws", _RELAYED, _RELAY_TELLS),
        Stream("watch", STREAM_PATH, _WATCH, "http", (), WATCHED),
        Stream("consume", amqp.PATH, _AMQP, "http", (), CONSUMED),
    )
    return new_document("Hedgerow Scraping streams", "WebSockets and server-sent events through agents.", streams, ())
