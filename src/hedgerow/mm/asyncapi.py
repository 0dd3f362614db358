"""The market making WebSocket as an AsyncAPI document.

The conversation is `realtime.session`; what the channels tell is `mm.subscribe`.
"""

from __future__ import annotations

from collections.abc import Mapping

from hedgerow.api.asyncapi import NUMBER, TEXT, TEXTS, Schema, Stream, Told, fields, new_document, shape
from hedgerow.mm.schemas.orders import BetItem, OrderItem
from hedgerow.mm.schemas.positions import AccountChange
from hedgerow.mm.subscribe import CHANNELS, PATH

_MODELS = (AccountChange, BetItem, OrderItem)
_DESCRIPTION = """Subscribe with a key within 30 seconds, name channels or take all, and be told of every committed
change, in the order in which they were committed. A client that writes `api_key` is answered with `subscription_id`."""

_FLAG: Schema = {"type": "boolean"}
_PAYLOADS: Mapping[str, tuple[str, Schema]] = {
    "orders": ("An order on an exchange", shape(OrderItem)),
    "bets": ("A hedge at a bookmaker", shape(BetItem)),
    "accounts": ("An account at a venue", shape(AccountChange)),
    "scores": (
        "The state of a match; periods are `period1Home`, `period1Away` and so on",
        fields(None, {"fixtureId": TEXT, "live": _FLAG}),
    ),
    "emergency": (
        "The operator's switches",
        fields(None, {"emergency": _FLAG, "systemStopped": _FLAG, "softPaused": _FLAG}),
    ),
}
"""What each channel tells."""

_SENT = (
    Told(
        "subscribe",
        "Who the client is, and what it wants to be told; `api_key` is taken for `apiKey`",
        fields(
            "subscribe",
            None,
            {"apiKey": TEXT, "api_key": TEXT, "channels": {"type": "array", "items": {"enum": list(CHANNELS)}}},
        ),
    ),
    Told("unsubscribe", "Ends the subscription; another may follow", fields("unsubscribe")),
    Told("ping", "Asks whether the server is there", fields("ping")),
    Told("pong", "Is taken, and answered with nothing", fields("pong")),
)
_CONVERSATION = (
    Told(
        "subscribed",
        "The client is subscribed",
        fields("subscribed", {"channels": TEXTS}, {"subscriptionId": NUMBER, "subscription_id": NUMBER}),
    ),
    Told("unsubscribed", "Nothing more is told", fields("unsubscribed")),
    Told("server_pong", "Answers the client's ping", fields("pong")),
    Told("heartbeat", "The server is there, every 60 seconds", fields("heartbeat")),
    Told("error", "What was wrong with the client's message", fields("error", {"message": TEXT, "error": TEXT})),
)


def document() -> Schema:
    """The document of this version."""
    changes = [
        Told(
            channel,
            about,
            fields(
                "broadcast",
                {"channel": {"const": channel}, "event": {"enum": ["INSERT", "UPDATE", "DELETE"]}, "payload": payload},
                {"old": {"type": "object", "description": "The fields that changed, as they were before"}},
            ),
        )
        for channel, (about, payload) in _PAYLOADS.items()
    ]
    stream = Stream("changes", PATH, _DESCRIPTION, "ws", _SENT, (*_CONVERSATION, *changes))
    return new_document(
        "Hedgerow MM WebSocket", "What happens to quotes, hedges and accounts, as it happens.", [stream], _MODELS
    )
