"""The WebSocket of automated bet placing as an AsyncAPI document.

The conversation is `realtime.login`; what the channels tell is `abp.subscribe` and `abp.live`.
"""

from __future__ import annotations

from collections.abc import Mapping

from hedgerow.abp.schemas import AccountResponse, BetResponse, BetslipResponse, OrderChange
from hedgerow.abp.subscribe import ACCESS, PATH
from hedgerow.api.asyncapi import NUMBER, TEXT, TEXTS, Schema, Stream, Told, fields, new_document, shape

_MODELS = (AccountResponse, BetResponse, BetslipResponse, OrderChange)
_DESCRIPTION = """Log in with a key within 30 seconds, name channels or take all, and be told of every committed change.

`seq` counts from 1 without holes. With `reliableDelivery` every message is kept until it is acknowledged, at most 100
at a time, and sent again after 5 seconds; after a broken connection `resume` goes on where the client has read to,
within 5 minutes and at any process of the deployment."""

_RATE = fields(None, {"currency": TEXT, "currencyValue": {"type": "number"}})
_PAYLOADS: Mapping[str, tuple[str, Schema]] = {
    "orders": ("An order, whole, whenever it changes", shape(OrderChange)),
    "bets": ("A bet, whole, whenever it changes", shape(BetResponse)),
    "settlements": ("A bet that was settled, or settled anew", shape(BetResponse)),
    "accounts": ("An account that was made, changed or deleted", shape(AccountResponse)),
    "balance": (
        "A balance that the bookmaker told",
        fields(
            None,
            {"clientName": TEXT, "bookmaker": TEXT, "username": TEXT, "balance": {"type": ["number", "null"]}},
            {"currency": TEXT},
        ),
    ),
    "betslip": ("A betslip that was asked for within the last minute, at fresh prices", shape(BetslipResponse)),
    "fixtures": ("A fixture as the feed describes it", fields(None, {"fixtureId": TEXT})),
    "currencies": ("A rate, in units per USD", _RATE),
    "status": (
        "Whether the odds feed is there",
        fields(None, {"status": {"enum": ["ready", "degraded"]}, "reason": {"type": ["string", "null"]}}),
    ),
    "emergency": (
        "The operator's emergency stop",
        fields(None, {"active": {"type": "boolean"}, "reason": {"type": ["string", "null"]}}),
    ),
}
"""What each channel tells."""

_RESUME = fields(None, {"subscriptionId": NUMBER, "lastSeq": NUMBER})
_SENT = (
    Told(
        "login",
        "Who the client is, and what it wants to be told; without channels all of them",
        fields(
            "login",
            {"apiKey": TEXT},
            {
                "channels": {"type": "array", "items": {"enum": list(ACCESS.channels)}},
                "reliableDelivery": {"type": "boolean"},
                "resume": _RESUME,
            },
        ),
    ),
    Told("ack", "The client has this message, or all up to one", fields("ack", None, {"seq": NUMBER, "upTo": NUMBER})),
    Told(
        "batch_ack",
        "The client has these messages",
        fields("batch_ack", {"seqs": {"type": "array", "items": NUMBER, "maxItems": 1000}}),
    ),
    Told("ping", "Asks whether the server is there", fields("ping")),
    Told("pong", "Answers the server's ping, within 120 seconds", fields("pong")),
)


def document() -> Schema:
    """The document of this version."""
    stream = Stream("changes", PATH, _DESCRIPTION, "ws", _SENT, (*_conversation(), *_changes()))
    return new_document(
        "Hedgerow ABP WebSocket", "What happens to orders, bets and accounts, as it happens.", [stream], _MODELS
    )


def _conversation() -> tuple[Told, ...]:
    access = fields(None, {"clientFiltered": TEXTS, "global": TEXTS})
    flags = ("messageOrdering", "acknowledgments", "batchAck")
    return (
        Told(
            "login_ok",
            "The client is logged in. `resumed` answers `resume`; false: read over REST what was missed",
            fields(
                "login_ok",
                {
                    "clientName": TEXT,
                    "channels": TEXTS,
                    "subscriptionId": NUMBER,
                    "access": access,
                    "reliableDelivery": {"type": "boolean"},
                    "features": fields(None, {flag: {"type": "boolean"} for flag in flags}),
                },
                {"resumed": {"type": "boolean"}},
            ),
        ),
        Told("server_ping", "Asks whether the client is there, every 30 seconds", fields("ping")),
        Told("server_pong", "Answers the client's ping", fields("pong")),
        Told(
            "error",
            "What was wrong with the client's message; the connection stays open unless a Close follows",
            fields("error", {"message": TEXT, "error": TEXT}),
        ),
    )


def _changes() -> list[Told]:
    return [
        Told(
            channel,
            about,
            fields(
                "data",
                {
                    "channel": {"const": channel},
                    "event": TEXT,
                    "payload": payload,
                    "ts": NUMBER | {"description": "Milliseconds since 1970"},
                    "seq": NUMBER | {"description": "From 1, without holes"},
                },
                {"requireAck": {"const": True}},
            ),
        )
        for channel, (about, payload) in _PAYLOADS.items()
    ]
