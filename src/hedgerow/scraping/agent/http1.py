"""HTTP/1.1 as an agent speaks it to targets without TLS, without I/O: a request as bytes, an answer read from bytes.

One request has one answer, and nothing that a target sends beyond it is ever taken for the answer to another: then the
connection is not used again. What two readers could read in two ways is no answer. Parsing is httptools'.
Sources: RFC 9112 sections 3, 6 and 7; RFC 9110 sections 5.5, 8.6 and 15.2.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import lru_cache
from urllib.parse import unquote_to_bytes

import httptools

from hedgerow import __version__
from hedgerow.core.errors import HedgerowError
from hedgerow.scraping.messages import CODINGS
from hedgerow.scraping.plainurl import parts_of
from hedgerow.scraping.remembered import remembered

MOST_HEAD = 256 * 1024
"""Bytes of an answer's head, of interim answers before it and of its trailer."""
MOST_HEADERS = 256
_MOST_NAME = 256
_OURS = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
        "expect",
    }
)
"""Headers of the connection and of the body's framing, which is said here and by nobody else."""
_HAS_BODY = frozenset({"POST", "PUT", "PATCH"})
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LINES = re.compile(r"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [^\0-\x08\x0a-\x1f\x7f]*\r\n)*")
_ACCEPT = "Accept: */*\r\n"
_AGENT = f"User-Agent: hedgerow/{__version__}\r\n"
_ACCEPT_ENCODING = f"Accept-Encoding: {', '.join(CODINGS)}\r\n"
_UNTOLD = _ACCEPT + _AGENT + _ACCEPT_ENCODING
"""What is said of a request that comes without headers."""
END_OF_CHUNKS = b"0\r\n\r\n"


class NotHttpError(HedgerowError):
    """What the other side sends is no answer of HTTP/1.1, or only a part of one."""


def request_head(method: str, url: str, headers: list[tuple[str, str]], length: int | None) -> bytes:
    """The request without its body. url: as the URL standard writes it, http. length: of the body; None when it comes
    in chunks. Raises ValueError for what cannot be said in one request."""
    path, host, authorization = _destination(url)
    if not _METHOD.fullmatch(method):
        raise ValueError("the method is not a word")
    told = _told(headers, authorization) if headers else authorization + _UNTOLD
    if length is None:
        framing = "Transfer-Encoding: chunked\r\n"
    elif length or method in _HAS_BODY:
        framing = f"Content-Length: {length}\r\n"
    else:
        framing = ""
    return f"{method} {path} HTTP/1.1\r\n{host}{told}{framing}\r\n".encode("latin-1")


@remembered
def _destination(url: str) -> tuple[str, str, str]:
    """The path, and the lines that name the host and the URL's user, if it has one. Raises ValueError."""
    origin, path = parts_of(url)
    user, _, authority = origin.rpartition("@")
    authorization = [f"Authorization: {_basic(user)}\r\n"] if user else []
    return path, _checked([f"Host: {authority}\r\n"]), _checked(authorization)


def _told(headers: list[tuple[str, str]], authorization: str) -> str:
    """Lines of the headers that are given, and of those that are said where they are not. Raises ValueError."""
    given = {name.lower() for name, _ in headers}
    lines = [f"{_spelled(name)}: {value}\r\n" for name, value in headers if name.lower() not in _OURS]
    told = _checked(lines)
    if "authorization" not in given:
        told += authorization
    if "accept" not in given:
        told += _ACCEPT
    if "user-agent" not in given:
        told += _AGENT
    if "accept-encoding" not in given and "range" not in given:
        told += _ACCEPT_ENCODING
    return told


def _checked(lines: list[str]) -> str:
    """All of them, each one line: a value with the end of a line in it would be a header of its own, or a request.
    Raises ValueError."""
    text = "".join(lines)
    if not _LINES.fullmatch(text) or text.count("\r\n") != len(lines):
        raise ValueError("a header that is not one line of a name and a value")
    return text


def chunk(data: bytes) -> bytes:
    """A part of a body whose length is not known; not an empty one, which would be its end."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class AnswerReader:
    """Reads the answer to one request. `is_headed`, then a body to `take` until it `is_over`. Where the connection goes
    on, so may its reader, by `renew`."""

    __slots__ = (
        "_ends_with_connection",
        "_given",
        "_is_interim",
        "_is_to_head",
        "_parser",
        "_parts",
        "_size",
        "headers",
        "is_headed",
        "is_over",
        "keeps_alive",
        "length",
        "status",
        "told",
        "unread",
        "version",
    )

    def __init__(self, method: str) -> None:
        """method: of the request."""
        self._parser = httptools.HttpResponseParser(self)
        # Lines that end with LF alone are read by everybody; the connection's next request waits for the end anyway.
        self._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True)
        self._begin(method)

    def _begin(self, method: str) -> None:
        self._is_to_head = method == "HEAD"
        self._parts: list[bytes] = []
        self._is_interim = False  # 1xx: the answer proper follows
        self._ends_with_connection = False
        self._size = 0  # bytes of heads so far
        self.status = 0
        self.version = ""
        self._given: list[tuple[bytes, bytes]] = []
        self.headers: list[tuple[str, str]] = []
        """Names in lower case."""
        self.told: dict[str, str] = {}
        """The first header of each name."""
        self.length: int | None = None
        """Of the body as it comes; None where the head does not tell."""
        self.unread = 0
        """Bytes of the body that have come and were not taken."""
        self.is_headed = self.is_over = False
        self.keeps_alive = False
        """Whether the connection may be used again; known when it is over."""

    def renew(self, method: str) -> bool:
        """Reads the answer to the connection's next request, of this method, as a new one would. False where its parser
        has not come to an answer's end, as after one to HEAD: then a new one is needed."""
        if not self.keeps_alive or self._is_to_head:
            return False
        self._begin(method)
        return True

    def feed(self, data: bytes) -> None:
        """Raises NotHttpError."""
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.keeps_alive = False
            if not self.is_over:
                raise NotHttpError(_why(error)) from None
        if not self.is_headed:
            self._grow(len(data))

    def end(self) -> None:
        """The connection has ended. Raises NotHttpError when the answer has not."""
        if not self.is_over and not (self.is_headed and self._ends_with_connection):
            raise NotHttpError("it closed the connection" if self._size or self.is_headed else "it said nothing")
        self.is_over, self.keeps_alive = True, False

    def take(self) -> bytes:
        """What has come of the body and was not taken yet."""
        parts, self._parts = self._parts, []
        self.unread = 0
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def close(self) -> None:
        """Nothing more is fed. Reader and parser hold each other, which only a search for garbage would find."""
        del self._parser

    # --- httptools -------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self.is_over:
            self.keeps_alive = False  # a second answer to one request

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.is_headed:
            self._given.append((name, value))
        elif not self.is_over:  # of the trailer, which nobody is told
            self._grow(len(name) + len(value))

    def on_headers_complete(self) -> None:
        if self.is_over:
            return
        status = self._parser.get_status_code()
        self._is_interim = 100 <= status < 200
        if self._is_interim:
            return
        if len(self._given) > MOST_HEADERS:
            raise NotHttpError(f"more than {MOST_HEADERS} headers")
        self.status, self.version = status, f"HTTP/{self._parser.get_http_version()}"
        self.headers = _decoded(self._given)
        told = dict(self.headers)
        if len(told) != len(self.headers):
            told = dict(reversed(self.headers))
        self.told = told
        length = told.get("content-length")
        self.length = int(length) if length is not None else None
        self._ends_with_connection = length is None and "chunked" not in told.get("transfer-encoding", "").lower()
        self.is_headed = True
        if self._is_to_head:
            self._finish()

    def on_body(self, body: bytes) -> None:
        if self.is_over:
            self.keeps_alive = False
        else:
            self._parts.append(body)
            self.unread += len(body)

    def on_message_complete(self) -> None:
        if self._is_interim:
            self._is_interim = False
            self._given = []
        elif not self.is_over:
            self._finish()

    # --- inside ----------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        self.is_over, self.keeps_alive = True, self._parser.should_keep_alive()

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > MOST_HEAD:
            raise NotHttpError("its head is too long")


def _decoded(given: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """Names in lower case, values without the spaces around them; the parser lets no end of a line into either."""
    return [(str(name, "latin-1").lower(), str(value, "latin-1").strip(" \t")) for name, value in given]


def _why(error: Exception) -> str:
    if isinstance(error, httptools.HttpParserUpgrade):
        return "it changed the protocol"
    cause = error.__context__
    return str(cause) if isinstance(cause, NotHttpError) else f"not HTTP: {error}"


@lru_cache(maxsize=1024)
def _spelled(name: str) -> str:
    """As headers of HTTP/1.1 are written; some targets take no other form. Raises ValueError for a name that is too
    long to be remembered."""
    if len(name) > _MOST_NAME:
        raise ValueError("a header with a name that is too long")
    return "-".join([part[:1].upper() + part[1:] for part in name.split("-")])


def _basic(user: str) -> str:
    """Of a URL's `user:password`. Source: RFC 7617."""
    name, _, word = user.partition(":")
    return f"Basic {b64encode(unquote_to_bytes(name) + b':' + unquote_to_bytes(word)).decode()}"
