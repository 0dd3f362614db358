"""The first words of a relay: where to go, and what came of it. After them frames pass as they are.

Source: the published contract of the scraping API, "WebSocket relay".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hedgerow.client.errors import StreamEndedError
from hedgerow.client.wire import decode, encode_loosely
from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.hidden import Secret


@dataclass(frozen=True, slots=True)
class Target:
    """Where a relay goes. countries (ISO codes), agents (slugs): empty for any. idle_timeout_s: without a message of
    the target's; 0 for no limit. proxy: that the agent goes through, http or socks5."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    countries: Sequence[str] = ()
    agents: Sequence[str] = ()
    idle_timeout_s: float = 0
    subprotocols: Sequence[str] = ()
    proxy: str = ""


@dataclass(frozen=True, slots=True)
class Connected:
    """The target has let the agent in. subprotocol: that it chose."""

    node_id: str
    subprotocol: str | None = None


def connect_message(key: Secret, target: Target) -> str:
    """What is said first."""
    told = {
        "apiKey": key,
        "url": target.url,
        "headers": dict(target.headers),
        "cookies": dict(target.cookies),
        "geo": ",".join(target.countries) or None,
        "agent": ",".join(target.agents) or None,
        "idle_timeout": target.idle_timeout_s,
        "subprotocols": list(target.subprotocols),
        "proxy": target.proxy or None,
    }
    return encode_loosely(told).decode()


def read_first(text: str | bytes) -> Connected:
    """What the gateway answers. Raises StreamEndedError where there is no way to the target."""
    try:
        message = decode(text)
    except UNREADABLE:
        message = None
    match message:
        case {"type": "connected", "node_id": str(node_id)}:
            return Connected(node_id, message.get("subprotocol"))
        case {"type": "error", "message": str(why)}:
            raise StreamEndedError(why, "check key, target and agents, then open it again")
    raise StreamEndedError("the gateway did not say that it is connected", "is it a gateway's address?")
