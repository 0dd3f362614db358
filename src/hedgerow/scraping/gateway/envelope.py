"""A request to `/fetch` that is described in its body: pure reading and checking of the envelope, whose own body is
taken out of it in parts, so that a large one is never in memory twice.

Sources: the published contract of the API; RFC 8259 section 7 (strings); docs/decisions/0295.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import ApiError
from hedgerow.scraping.gateway.request import own_headers

_OF_AN_ENVELOPE = frozenset({"content-type", "content-encoding"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_KEYS = frozenset({"method", "headers", "body", "timeout", "allow_redirects"})
_BEGINNING = re.compile(rb"[ \t\r\n]*(\{|\Z)")
_PART = 48 * 1024
_CHARACTERS = re.compile(
    rb"(?:[^\\]++|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[0-9a-fA-F]{4}|\\u(?![dD][89abAB])[0-9a-fA-F]{4}|\\[^u])*+", re.DOTALL
)
"""Of a string as JSON writes it, each of them whole; but for those of several bytes that stand as they are."""


class Envelope(msgspec.Struct, frozen=True):
    """A request that is described in the body."""

    method: str | None = None
    headers: dict[str, str] = {}
    body: msgspec.Raw = msgspec.Raw(b'""')
    timeout: float | None = None
    allow_redirects: bool = True


_envelope = msgspec.json.Decoder(Envelope)
_keys = msgspec.json.Decoder(dict[str, msgspec.Raw])
_string = msgspec.json.Decoder(str)


def may_be_envelope(beginning: bytes | bytearray) -> bool:
    """Whether a body that begins so has to be read to know what it is."""
    return _BEGINNING.match(beginning) is not None


def read_envelope(text: bytes | bytearray) -> Envelope | None:
    """The envelope that the text is; None for a body that is to be passed on as it is. Raises ApiError 400 for an
    envelope with values of the wrong kind."""
    if not may_be_envelope(text):
        return None
    try:
        keys = _keys.decode(text).keys()
    except UNREADABLE:
        return None
    if not keys or not keys <= _KEYS:
        return None
    try:
        return _envelope.decode(text)
    except UNREADABLE as error:
        raise _invalid(error) from None


def envelope_method(envelope: Envelope, fallback: str) -> str:
    """Raises ApiError 400."""
    method = (envelope.method or fallback).upper()
    if method not in _METHODS:
        raise ApiError(400, f"Invalid method: {method[:20]!r}")
    return method


def envelope_headers(envelope: Envelope, outer: list[tuple[str, str]], prefix: str) -> list[tuple[str, str]]:
    """The envelope's own headers, and of the request's those that do not describe the envelope and are not replaced.
    prefix: of the caller's key. Raises ApiError 400."""
    own = own_headers(envelope.headers, prefix)
    replaced = {name for name, _ in own} | _OF_AN_ENVELOPE
    return [(name, value) for name, value in outer if name not in replaced] + own


class EnvelopeBody:
    """The body that an envelope holds as a string of JSON: iterated, as often as it is wanted, it comes in parts of a
    few dozen KiB. Its length is in bytes."""

    def __init__(self, envelope: Envelope) -> None:
        """Raises ApiError 400 for what is no string."""
        self._text = memoryview(envelope.body)
        try:
            if bytes(self._text[:1]) != b'"':
                _string.decode(self._text)
            self._size = sum(map(len, self))
        except UNREADABLE as error:
            raise _invalid(f"{error} - at `$.body`") from None

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        text, at, end = self._text, 1, len(self._text) - 1
        while at < end:
            part_end = self._part_end(at, end)
            yield _string.decode(b"".join((b'"', text[at:part_end], b'"'))).encode()
            at = part_end

    def _part_end(self, at: int, end: int) -> int:
        """Where no character is cut in two. What cannot be read is left together, to be refused."""
        if end - at <= _PART:
            return end
        match = _CHARACTERS.match(self._text, at, at + _PART)
        assert match is not None
        part_end = match.end()
        while part_end > at and self._text[part_end] & 0xC0 == 0x80:  # inside a character of several bytes
            part_end -= 1
        return part_end if part_end > at else end


def _invalid(error: object) -> ApiError:
    return ApiError(400, f"Invalid request body: {error}")
