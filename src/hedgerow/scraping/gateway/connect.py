"""The connect message of a relay: pure reading and checking of what a client asks for first.

Sources: the published contract of the API; RFC 6455 section 4.1; RFC 6265 section 4.2.1 (the Cookie field).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import msgspec
from pyreqwest.http import Url

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import ApiError
from hedgerow.scraping.gateway.request import (
    Target,
    check_proxy,
    header_value,
    own_headers,
    read_wanted,
)
from hedgerow.scraping.gateway.selection import Wanted
from hedgerow.scraping.handshake import split_protocols
from hedgerow.scraping.messages import Kind

MOST_IDLE_S = 7 * 86_400.0
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_OF_THE_HANDSHAKE = "sec-websocket-"
_PROTOCOL = "sec-websocket-protocol"


class _Message(msgspec.Struct):
    """As it comes; other keys are ignored. The API key is read apart, so that it is in no error."""

    url: str = ""
    headers: dict[str, str] = {}
    cookies: dict[str, str] = {}
    geo: str | None = None
    agent: str | None = None
    idle_timeout: float | None = None
    subprotocols: list[str] = []
    proxy: str | None = None


class _Keys(msgspec.Struct):
    api_key: str | None = msgspec.field(default=None, name="apiKey")
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Connect:
    """What a client asks for. idle_s: 0 for no limit."""

    target: Target
    headers: list[tuple[str, str]]
    subprotocols: tuple[str, ...]
    wanted: Wanted
    idle_s: float
    proxy: str | None


_message = msgspec.json.Decoder(_Message)
_keys = msgspec.json.Decoder(_Keys)


def read_key(message: bytes) -> str | None:
    """The key in a message or body, if it has one. Raises ApiError 400 for what is no JSON object."""
    try:
        found = _keys.decode(message)
    except UNREADABLE:
        raise ApiError(400, "A JSON object with apiKey is expected") from None
    return found.api_key or found.key


def read_connect(message: bytes, prefix: str, offered: tuple[str, ...] = ()) -> Connect:
    """prefix: of the caller's key. offered: the subprotocols of the client's own handshake, which count where the
    message names none. Raises ApiError 400."""
    try:
        told = _message.decode(message)
    except UNREADABLE as error:
        raise ApiError(400, f"Invalid connect message: {error}") from None
    headers, named = _headers(told, prefix)
    subprotocols = tuple(told.subprotocols) or named or offered
    if any(not _TOKEN.fullmatch(subprotocol) for subprotocol in subprotocols):
        raise ApiError(400, "A subprotocol must be a token")
    if told.proxy:
        check_proxy(told.proxy, "proxy")
    return Connect(
        read_socket_target(told.url),
        headers,
        subprotocols,
        read_wanted(told.geo or "", told.agent or "", Kind.WS.capability),
        _idle_s(told.idle_timeout),
        told.proxy or None,
    )


def read_socket_target(text: str) -> Target:
    """Raises ApiError 400."""
    if not text:
        raise ApiError(400, "Missing url")
    try:
        url = Url(text)
    except ValueError:
        raise ApiError(400, "The url is not a URL") from None
    if url.scheme not in ("ws", "wss") or not url.host_str:
        raise ApiError(400, "The url must be a ws or wss URL")
    return Target(str(url), url.host_str.strip("[]"), url.port_or_known_default or 0)


def _headers(told: _Message, prefix: str) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    """What goes to the target, with the cookies in one field, and the subprotocols that a header names."""
    if any(not _TOKEN.fullmatch(name) for name in (*told.headers, *told.cookies)):
        raise ApiError(400, "The name of a header or cookie must be a token")
    given = own_headers(told.headers, prefix)
    cookies = [value for name, value in given if name == "cookie"]
    cookies += [f"{name}={header_value(value).decode('latin-1')}" for name, value in told.cookies.items()]
    named = next((value for name, value in given if name == _PROTOCOL), "")
    kept = [(name, value) for name, value in given if name != "cookie" and not name.startswith(_OF_THE_HANDSHAKE)]
    if cookies:
        kept.append(("cookie", "; ".join(cookies)))
    return kept, split_protocols(named)


def _idle_s(given: float | None) -> float:
    if given is None:
        return 0.0
    if not math.isfinite(given) or given < 0:
        raise ApiError(400, "idle_timeout must be a number of seconds, 0 for none")
    return min(given, MOST_IDLE_S)
