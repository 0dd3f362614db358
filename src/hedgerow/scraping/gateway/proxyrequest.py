"""What a client says to the proxy front: pure reading of a request's head, its credentials and its body's framing, and
what is changed in heads that are handed on.

One request a connection is handed on, so that a second one, with the key in it, cannot reach the first one's target.
Sources: RFC 9110 sections 7.6.1, 9.3.6 and 11.7; RFC 9112 sections 3.2, 6.3 and 7.1; RFC 9209 (Proxy-Status);
docs/decisions/0178.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from dataclasses import dataclass

from hedgerow.core.errors import ApiError
from hedgerow.core.secrets import Secret
from hedgerow.scraping.gateway.request import read_target, read_wanted
from hedgerow.scraping.gateway.selection import Wanted
from hedgerow.scraping.messages import Kind
from hedgerow.scraping.plainurl import parts_of

NAME = "hedgerow"
"""Of the front, in `Proxy-Status`."""
_MAIL_PORTS = frozenset({25, 465, 587})
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_AUTHORITY = re.compile(r"(\[[^\]]*\]|[^:\[\]@/?#]+):([0-9]{1,5})")
_NOT_PASSED_ON = frozenset(
    {
        b"connection",
        b"host",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"proxy-status",
        b"te",
        b"trailer",
        b"upgrade",
        b"http2-settings",
    }
)
_UNTELLABLE = re.compile(r"[^\x20-\x7e]+")
_ERRORS = {403: "http_request_denied", 502: "destination_unavailable", 504: "connection_timeout"}

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class ProxyRequest:
    """What is asked for. head: what the target gets to read before the body; None for CONNECT. length: of the body;
    None when it comes in chunks."""

    host: str
    port: int
    credentials: bytes
    head: bytes | None = None
    length: int | None = 0


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks, and for which agents."""

    key: Secret
    wanted: Wanted


def read_request(head: bytes) -> ProxyRequest:
    """Of a head with its blank line. Raises ApiError 400."""
    line, headers = _read_head(head)
    parts = line.split(b" ")
    if len(parts) != 3 or not _TOKEN.fullmatch(parts[0]) or parts[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise ApiError(400, "The request is not one of HTTP/1.1")
    method, target = parts[0], parts[1].decode("latin-1")
    credentials = next((value for name, value in headers if name == b"proxy-authorization"), b"")
    if method == b"CONNECT":
        return ProxyRequest(*_authority(target), credentials)
    if not target.lower().startswith("http://"):
        raise ApiError(400, "This is a proxy: it takes CONNECT host:port and http:// URLs")
    url = read_target(target)
    origin, path = parts_of(url.url)
    lines = [method + b" " + path.encode() + b" " + parts[2], b"Host: " + origin.rpartition("@")[2].encode()]
    lines += [name + b": " + value for name, value in _passed_on(headers)]
    lines += [b"Connection: close", b"", b""]
    return ProxyRequest(url.host, url.port, credentials, b"\r\n".join(lines), _body_length(headers))


def read_credentials(given: bytes) -> Credentials:
    """`Basic` of user and password: the user is the key, and may go on with `_` and options; the password holds options
    or nothing. Options, with `_` between: `country-de,us`, `agent-de1,us3`. Raises ApiError 400, 407."""
    scheme, _, packed = given.partition(b" ")
    try:
        user, _, password = b64decode(packed, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        user = password = ""
    key, _, options = user.partition("_")
    if scheme.lower() != b"basic" or not key:
        raise unauthorized("Missing API key: it is the proxy's user")
    told = {"country": "", "agent": ""}
    for option in filter(None, f"{options}_{password}".split("_")):
        name, sign, value = option.partition("-")
        if name not in told or not sign or told[name]:
            raise ApiError(400, "Proxy options are country-CODE,... and agent-SLUG,..., each once, with _ between")
        told[name] = value
    return Credentials(Secret(key), read_wanted(told["country"], told["agent"], Kind.TUNNEL.capability))


def unauthorized(detail: str) -> ApiError:
    """Asks for the key."""
    return ApiError(407, detail, {"Proxy-Authenticate": f'Basic realm="{NAME}"'})


def check_port(port: int) -> None:
    """Ports of mail are closed: an address that mail was sent through is soon blocked everywhere. Raises ApiError
    403."""
    if port in _MAIL_PORTS:
        raise ApiError(403, f"Port {port} is refused: mail port")


def answer_head(head: bytes, node_id: str) -> bytes:
    """The target's head as the client gets it. An interim answer (1xx) stays as it is. Raises ApiError 502."""
    try:
        line, headers = _read_head(head)
    except ApiError:
        raise ApiError(502, "The target does not speak HTTP/1.1") from None
    if not line.startswith(b"HTTP/1."):
        raise ApiError(502, "The target does not speak HTTP/1.1")
    if is_interim(head):
        return head
    lines = [line, *(name + b": " + value for name, value in _passed_on(headers, is_answer=True))]
    return b"\r\n".join([*lines, *_told(node_id), b"Connection: close", b"", b""])


def is_interim(head: bytes) -> bool:
    """Whether another head follows."""
    return head[8:10] == b" 1"


def connected(node_id: str) -> bytes:
    """The answer to CONNECT."""
    return b"\r\n".join([b"HTTP/1.1 200 Connection established", *_told(node_id), b"", b""])


def refused(error: ApiError, body: bytes) -> bytes:
    """An answer of the front's own. The reason stands in the first line as well: of an answer to CONNECT, programs show
    nothing else."""
    reason = _UNTELLABLE.sub(" ", str(error.detail))[:200]
    quoted = reason.replace("\\", " ").replace('"', "'")
    lines = [
        f"HTTP/1.1 {error.status} {reason}",
        f'Proxy-Status: {NAME}; error={_ERRORS.get(error.status, "http_request_error")}; details="{quoted}"',
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in error.headers.items()),
        "Connection: close",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def chunk_size(line: bytes) -> int:
    """Of a chunk's first line. Raises ValueError."""
    if (match := _CHUNK.fullmatch(line)) is None:
        raise ValueError("not a chunk")
    return int(match[1], 16)


# --- inside ------------------------------------------------------------------------------------------------------


def _read_head(head: bytes) -> tuple[bytes, Headers]:
    """First line, and headers with their names in lower case. Raises ApiError 400."""
    first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    headers = []
    for line in lines:
        name, sign, value = line.partition(b":")
        if not sign or not _TOKEN.fullmatch(name) or any(byte in value for byte in (b"\r", b"\n", b"\0")):
            raise ApiError(400, "The request's headers cannot be read")
        headers.append((name.lower(), value.strip(b" \t")))
    return first, headers


def _authority(text: str) -> tuple[str, int]:
    match = _AUTHORITY.fullmatch(text)
    if match is None or not 0 < int(match[2]) < 65536:
        raise ApiError(400, "CONNECT takes host:port")
    return match[1].strip("[]").lower(), int(match[2])


def _passed_on(headers: Headers, *, is_answer: bool = False) -> Headers:
    named = {part.strip().lower() for name, value in headers if name == b"connection" for part in value.split(b",")}
    # What frames the body is never given up, and a client may be asked to authenticate by the front alone.
    dropped = (_NOT_PASSED_ON | named) - {b"content-length", b"transfer-encoding"}
    return [(name, value) for name, value in headers if name not in dropped or (is_answer and name == b"trailer")]


def _body_length(headers: Headers) -> int | None:
    """Raises ApiError 400 where two readers could read two lengths."""
    lengths = [value for name, value in headers if name == b"content-length"]
    codings = [value.lower() for name, value in headers if name == b"transfer-encoding"]
    if codings:
        if codings != [b"chunked"] or lengths:
            raise ApiError(400, "The request's body has no clear length")
        return None
    if not lengths:
        return 0
    if len(lengths) > 1 or not re.fullmatch(rb"[0-9]{1,15}", lengths[0]):
        raise ApiError(400, "The request's body has no clear length")
    return int(lengths[0])


def _told(node_id: str) -> list[bytes]:
    return [f'Proxy-Status: {NAME}; next-hop="{node_id}"'.encode()]
