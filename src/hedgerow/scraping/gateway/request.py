"""What a client asks for by headers: pure reading and checking of it.

Control headers steer us and never reach the target; nor do hop-by-hop fields, the host, the caller's key and address.
What a client has written down for the target alone is the target's, under whatever name.
Sources: the published contract of the API; RFC 9110 sections 7.6.1 and 12.5.3; ISO 3166-1 (country codes);
docs/decisions/0295.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files

import msgspec
from pyreqwest.http import Url

from hedgerow.core.errors import ApiError
from hedgerow.core.hidden import is_key
from hedgerow.core.upstream import Upstream
from hedgerow.scraping.gateway.selection import NODE_PREFIX, Wanted
from hedgerow.scraping.messages import CODINGS, MOST_TIMEOUT_S, Kind
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
_ADDRESSES = frozenset(
    {
        b"forwarded",
        b"x-real-ip",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"true-client-ip",
        b"cf-connecting-ip",
    }
)
"""That tell where the caller is, beside all that begin as `_FORWARDED`."""
_ACCEPT_ENCODING = b"accept-encoding"
_DROPPED = _HOP_BY_HOP | _ADDRESSES | {b"host", b"content-length", _ACCEPT_ENCODING}
"""Of headers that are for the target alone. The last is put in again, without what an agent does not unpack."""
_DROPPED_OF_OURS = _DROPPED | _CONTROL
_FORWARDED = b"x-forwarded"
_TRUE = frozenset({"1", "true", "yes", "on"})
_TAKEN_CODINGS = frozenset({*CODINGS, "x-gzip", "identity"})
_NEVER = re.compile(r"q=0(\.0{0,3})?", re.IGNORECASE)

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


def read_control(headers: Iterable[tuple[bytes, bytes]], kind: Kind, url: str | None = None) -> Control:
    """What the headers ask for; names are in lower case. url: the target, where it is named elsewhere. Raises ApiError
    400."""
    told = {name: value.decode("latin-1").strip() for name, value in headers if name in _CONTROL}
    target = read_target(told.get(b"x-target-url", "") if url is None else url)
    if _STEERING.isdisjoint(told):
        return Control(target, read_wanted("", "", kind.capability))
    proxy = told.get(b"x-proxy") or None
    if proxy is not None:
        check_proxy(proxy)
    return Control(
        target,
        read_wanted(_geo(told), told.get(b"x-agent", ""), kind.capability),
        read_timeout(told.get(b"x-timeout")),
        is_true(told.get(b"x-expect-json", "")),
        is_true(told.get(b"x-explain", "")),
        proxy,
    )


def _geo(told: Mapping[bytes, str]) -> str:
    """The first of the headers that name countries; all of them are checked. Raises ApiError 400."""
    if told.keys().isdisjoint(_GEO):
        return ""
    given = [told[name] for name in _GEO if told.get(name)]
    for geo in given[1:]:
        read_wanted(geo, "", "")
    return given[0] if given else ""


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
    """Of a request's own headers those that go to the target; names are in lower case."""
    return _kept(headers, _DROPPED_OF_OURS)


def own_headers(headers: Mapping[str, str], prefix: str) -> list[tuple[str, str]]:
    """Of headers that a client has written down for the target those that go there, with names in lower case. prefix:
    of the caller's key, which goes nowhere. Raises ApiError 400."""
    given = [(name.lower().encode("latin-1", "replace"), header_value(value)) for name, value in headers.items()]
    kept = _kept(given, _DROPPED)
    return [(name, value) for name, value in kept if not (value.startswith(prefix) and is_key(value))]


def _kept(headers: Iterable[tuple[bytes, bytes]], dropped: frozenset[bytes]) -> list[tuple[str, str]]:
    named: set[bytes] = set()
    codings, of_a_part = None, False
    kept = []
    for name, value in headers:
        if name in dropped or name.startswith(_FORWARDED):
            if name == b"connection":
                named.update(part.strip().lower() for part in value.split(b","))
            elif name == _ACCEPT_ENCODING:
                codings = value if codings is None else codings + b"," + value
            continue
        of_a_part |= name == b"range"
        kept.append((name.decode("latin-1"), value.decode("latin-1")))
    if codings is not None and not of_a_part:  # of a packed body's part nothing can be unpacked
        kept.append(("accept-encoding", accepted_codings(codings.decode("latin-1"))))
    if not named:
        return kept
    return [(name, value) for name, value in kept if name.encode("latin-1") not in named]


@remembered
def accepted_codings(text: str) -> str:
    """An `Accept-Encoding` without the codings that no agent unpacks: a body in one of those would reach the client as
    it is. `identity` where none is left. text: the header's value."""
    taken, others = [], []
    for part in filter(None, (part.strip() for part in text.split(","))):
        coding, sign, weight = (piece.strip() for piece in part.partition(";"))
        if coding.lower() in _TAKEN_CODINGS or _NEVER.fullmatch(weight):
            taken.append(part)
        elif coding == "*":
            others = [one + sign + weight for one in CODINGS]
    named = {part.partition(";")[0].strip().lower() for part in taken}
    taken += [part for part in others if part.partition(";")[0] not in named]
    return ", ".join(taken) or "identity"


def header_value(text: str) -> bytes:
    """A header's value. Raises ApiError 400 for one that would end its line."""
    if "\r" in text or "\n" in text or "\0" in text:
        raise ApiError(400, "A header's value must be one line")
    return text.encode("latin-1", "replace")
