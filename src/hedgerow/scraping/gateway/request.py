"""What a client asks for by headers and envelope: pure reading and checking of it.

Control headers steer us and never reach the target; nor do hop-by-hop fields, the host, the caller's key and address.
Sources: the published contract of the API; RFC 9110 section 7.6.1; ISO 3166-1 (country codes).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files

import msgspec
from pyreqwest.http import Url

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import ApiError
from hedgerow.core.upstream import Upstream
from hedgerow.scraping.gateway.selection import NODE_PREFIX, Wanted
from hedgerow.scraping.messages import MOST_TIMEOUT_S, Kind
from hedgerow.scraping.remembered import remembered

DEFAULT_TIMEOUT_S = 30.0

_GEO = (b"x-geo", b"x-geo-cc", b"x-geo-strict", b"x-cc", b"x-country")
_CONTROL = frozenset(
    {*_GEO, b"x-target-url", b"x-api-key", b"x-expect-json", b"x-agent", b"x-timeout", b"x-explain", b"x-proxy"}
)
_STEERING = _CONTROL - {b"x-target-url", b"x-api-key"}
"""Without these everything is as by default."""
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
        b"expect",
    }
)
_OF_THE_CALLER = frozenset(
    {
        b"host",
        b"content-length",
        b"accept-encoding",
        b"forwarded",
        b"via",
        b"x-real-ip",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"true-client-ip",
        b"cf-connecting-ip",
        b"x-request-id",
        b"traceparent",
        b"tracestate",
    }
)
_DROPPED = _CONTROL | _HOP_BY_HOP | _OF_THE_CALLER
_FORWARDED = b"x-forwarded"
_OF_AN_ENVELOPE = frozenset({"content-type", "content-encoding"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ENVELOPE_KEYS = frozenset({"method", "headers", "body", "timeout", "allow_redirects"})
_TRUE = frozenset({"1", "true", "yes", "on"})

COUNTRIES = frozenset(files(__package__).joinpath("countries.txt").read_text(encoding="ascii").split())
"""The codes of ISO 3166-1 that are assigned."""


class Target(msgspec.Struct, frozen=True):
    """Where a request goes. host: as it is written, in lower case; it is also the domain of health and usage."""

    url: str
    host: str
    port: int


class Control(msgspec.Struct, frozen=True):
    """What the control headers say."""

    target: Target
    wanted: Wanted
    timeout_s: float = DEFAULT_TIMEOUT_S
    expects_json: bool = False
    explains: bool = False
    proxy: str | None = None


class Envelope(msgspec.Struct, frozen=True):
    """A request that is described in the body."""

    method: str | None = None
    headers: dict[str, str] = {}
    body: str = ""
    timeout: float | None = None
    allow_redirects: bool = True


_envelope = msgspec.json.Decoder(Envelope)
_keys = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_control(headers: Iterable[tuple[bytes, bytes]], kind: Kind) -> Control:
    """What the headers ask for; names are in lower case. Raises ApiError 400."""
    told = {name: value.decode("latin-1").strip() for name, value in headers if name in _CONTROL}
    target = read_target(told.get(b"x-target-url", ""))
    if _STEERING.isdisjoint(told):
        return Control(target, read_wanted("", "", kind.capability))
    geo = "" if told.keys().isdisjoint(_GEO) else next(filter(None, map(told.get, _GEO)), "")
    proxy = told.get(b"x-proxy") or None
    if proxy is not None:
        check_proxy(proxy)
    return Control(
        target,
        read_wanted(geo, told.get(b"x-agent", ""), kind.capability),
        read_timeout(told.get(b"x-timeout")),
        is_true(told.get(b"x-expect-json", "")),
        is_true(told.get(b"x-explain", "")),
        proxy,
    )


def is_true(text: str) -> bool:
    """Whether a switch is on."""
    return bool(text) and text.strip().lower() in _TRUE


@remembered
def read_target(text: str) -> Target:
    """Raises ApiError 400."""
    if not text:
        raise ApiError(400, "Missing X-Target-URL header")
    try:
        url = Url(text)
    except ValueError:
        raise ApiError(400, "The target is not a URL") from None
    if url.scheme not in ("http", "https") or not url.host_str:
        raise ApiError(400, "The target must be an http or https URL")
    return Target(str(url), url.host_str.strip("[]"), url.port_or_known_default or 0)


@lru_cache(maxsize=4096)
def read_wanted(geo: str, agents: str, capability: str) -> Wanted:
    """The filter of comma-separated country codes and agents, these by slug or node id. Raises ApiError 400."""
    countries = set()
    for code in filter(None, (part.strip().upper() for part in geo.split(","))):
        known = "GB" if code == "UK" else code
        if known not in COUNTRIES:
            raise ApiError(400, f"Invalid country code: {code[:20]!r}; ISO 3166-1 codes of two letters are taken")
        countries.add(known)
    slugs = {part.strip().lower().removeprefix(NODE_PREFIX) for part in agents.split(",") if part.strip()}
    return Wanted(capability, frozenset(countries), frozenset(slugs))


def read_timeout(given: str | float | None) -> float:
    """Seconds; more than the longest is the longest. Raises ApiError 400."""
    if given is None or given == "":
        return DEFAULT_TIMEOUT_S
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not seconds > 0:
        raise ApiError(400, "The timeout must be a positive number of seconds")
    return min(seconds, MOST_TIMEOUT_S)


def check_proxy(url: str, name: str = "X-Proxy") -> None:
    """name: of the header or field. Raises ApiError 400."""
    try:
        Upstream.of(url)
    except ValueError as error:
        raise ApiError(400, f"{name}: {error}") from None


def passed_on(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """The headers that go to the target; names are in lower case."""
    named: set[bytes] = set()
    kept = []
    for name, value in headers:
        if name in _DROPPED or name.startswith(_FORWARDED):
            if name == b"connection":
                named.update(part.strip().lower() for part in value.split(b","))
            continue
        kept.append((name.decode("latin-1"), value.decode("latin-1")))
    if not named:
        return kept
    return [(name, value) for name, value in kept if name.encode("latin-1") not in named]


def read_envelope(body: bytes) -> Envelope | None:
    """The envelope that the body is; None for a body that is to be passed on as it is. Raises ApiError 400 for an
    envelope with values of the wrong kind."""
    if body.lstrip()[:1] != b"{":
        return None
    try:
        keys = _keys.decode(body).keys()
    except UNREADABLE:
        return None
    if not keys or not keys <= _ENVELOPE_KEYS:
        return None
    try:
        return _envelope.decode(body)
    except UNREADABLE as error:
        raise ApiError(400, f"Invalid request body: {error}") from None


def envelope_method(envelope: Envelope, fallback: str) -> str:
    """Raises ApiError 400."""
    method = (envelope.method or fallback).upper()
    if method not in _METHODS:
        raise ApiError(400, f"Invalid method: {method[:20]!r}")
    return method


def envelope_headers(envelope: Envelope, outer: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The envelope's own headers, and of the request's those that do not describe the envelope and are not replaced."""
    own = passed_on(
        (name.lower().encode("latin-1", "replace"), header_value(value)) for name, value in envelope.headers.items()
    )
    replaced = {name for name, _ in own} | _OF_AN_ENVELOPE
    return [(name, value) for name, value in outer if name not in replaced] + own


def header_value(text: str) -> bytes:
    """A header's value. Raises ApiError 400 for one that would end its line."""
    if "\r" in text or "\n" in text or "\0" in text:
        raise ApiError(400, "A header's value must be one line")
    return text.encode("latin-1", "replace")
