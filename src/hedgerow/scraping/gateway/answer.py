"""The target's answer as the client gets it: one JSON object with `meta`, `raw` and `raw_json`.

The body is held once, by whoever calls, and shrinks as its parts are made, so that a large one is never in memory
twice. JSON is passed on digit for digit; text is decoded by the charset that it names; anything else is base64.
Sources: WHATWG Encoding Standard and HTML Standard, section 13.2.3.2 (how a document names its charset); RFC 8259.
"""

from __future__ import annotations

import codecs
import re
from base64 import b64encode
from collections.abc import Iterator
from enum import Enum, auto
from functools import lru_cache
from typing import Any

import msgspec

from hedgerow.core.decoding import UNREADABLE

SMALL_BYTES = 256 * 1024
"""Answers up to this are made in one piece."""
_PART = 48 * 1024  # a multiple of 3, so that base64 of the parts is base64 of the whole

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_META_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_TEXT = re.compile(
    r"text/|application/(?:json|xml|xhtml|javascript|ecmascript|graphql|x-www-form-urlencoded|x-javascript|yaml|ld)"
    r"|[\w.-]+/[\w.-]+\+(?:json|xml|yaml)|image/svg",
    re.IGNORECASE,
)
_BINARY = re.compile(
    r"image/|audio/|video/|font/|application/(?:pdf|zip|gzip|wasm|x-protobuf|protobuf|msgpack)", re.IGNORECASE
)
_MOST_TYPE = 256
"""Characters of a `Content-Type` that are looked at."""
_JSON = re.compile(r"application/(?:json|[\w.-]+\+json)|text/json", re.IGNORECASE)
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

_encode = msgspec.json.Encoder().encode
_any_json = msgspec.json.Decoder(msgspec.Raw)


class Agent(msgspec.Struct, frozen=True):
    id: str


class Meta(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is said about the answer. bytes: of the body, unpacked. encoding: `base64` for a binary body, else left
    out. route: how the agent was chosen, where it was asked for."""

    status: int
    final_url: str
    http_version: str
    elapsed_ms: int
    blocked: bool
    headers: dict[str, str]
    agent: Agent
    bytes: int
    encoding: str | None = None
    route: Any = None


class Form(Enum):
    """How a body is told."""

    JSON = auto()
    TEXT = auto()
    BINARY = auto()


JSON, TEXT, BINARY = Form  # an attribute of an Enum's class costs more than a call


class _Type(msgspec.Struct, frozen=True):
    """What a content type says. charset: the codec that it names."""

    is_binary: bool
    is_text: bool
    is_json: bool
    charset: str | None


@lru_cache(maxsize=1024)
def _type_of(text: str) -> _Type:
    named = _CHARSET.search(text)
    is_text = _TEXT.match(text) is not None
    return _Type(
        _BINARY.match(text) is not None and not is_text,
        is_text,
        _JSON.match(text) is not None,
        _codec(named[1]) if named else None,
    )


def joined_headers(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Headers by name in lower case; repeated ones with commas between, cookies on lines of their own."""
    joined = dict(pairs)
    names = "\n".join(joined)
    if len(joined) == len(pairs) and names == names.lower():
        return joined  # as agents send nearly all of them
    joined = {}
    for given, value in pairs:
        name = given.lower()
        if name in joined:
            joined[name] += ("\n" if name == "set-cookie" else ", ") + value
        else:
            joined[name] = value
    return joined


def form_of(body: bytes | bytearray, content_type: str, *, expects_json: bool) -> Form:
    """How the body is to be told."""
    if not body:
        return TEXT
    told = _type_of(content_type[:_MOST_TYPE])
    if told.is_binary:
        return BINARY
    looks_so = body[:64].lstrip(b" \t\r\n\xef\xbb\xbf")[:1] in (b"{", b"[")
    if (looks_so or expects_json or told.is_json) and is_json(body):
        return JSON
    if told.is_text:
        return TEXT
    return TEXT if b"\0" not in body[:1024] and _is_utf8(body) else BINARY


def is_json(body: bytes | bytearray) -> bool:
    """Whether it is JSON in UTF-8, as it must be to be passed on."""
    try:
        _any_json.decode(memoryview(body)[len(codecs.BOM_UTF8) :] if body.startswith(codecs.BOM_UTF8) else body)
    except UNREADABLE:
        return False
    return _is_utf8(body)


def _is_utf8(body: bytes | bytearray) -> bool:
    if body.isascii():
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(body), SMALL_BYTES):
            decoder.decode(body[start : start + SMALL_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def charset_of(body: bytes | bytearray, content_type: str) -> str:
    """The codec that the text is read with: named by the header, a mark, or the document; else UTF-8 if it is, else
    the one that browsers take."""
    if (named := _type_of(content_type[:_MOST_TYPE]).charset) is not None:
        return named
    for mark, marked in _MARKS:
        if body.startswith(mark):
            return marked
    beginning = bytes(body[:1024])
    in_document = _META_CHARSET.search(beginning) if b"<" in beginning else None
    if in_document and (codec := _codec(in_document[1].decode("ascii", "replace"))):
        return codec
    return "utf-8" if _is_utf8(body) else "cp1252"


def _codec(label: str) -> str | None:
    """Of a charset's label; the labels of Latin 1 mean windows-1252. None for one that is unknown or not of text."""
    if label.lower() in ("iso-8859-1", "latin1", "us-ascii", "ascii"):
        return "cp1252"
    try:
        found = codecs.lookup(label)
    except LookupError:
        return None
    return found.name if getattr(found, "_is_text_encoding", True) else None


def whole(meta: Meta, body: bytes | bytearray, form: Form, content_type: str) -> bytes:
    """The answer in one piece. body: of up to `SMALL_BYTES`."""
    if form is JSON:
        return b"".join((b'{"meta":', _encode(meta), b',"raw":null,"raw_json":', _unmarked(body), b"}"))
    raw = _encode(_text(body, content_type)) if form is TEXT else b'"%b"' % b64encode(body)
    return b'{"meta":%b,"raw":%b,"raw_json":null}' % (_encode(meta), raw)


def _text(body: bytes | bytearray, content_type: str) -> str:
    if body.isascii() and b"<" not in body[:1024] and _type_of(content_type[:_MOST_TYPE]).charset is None:
        return body.decode("ascii")  # whatever codec is found, they are these characters
    return body.removeprefix(codecs.BOM_UTF8).decode(charset_of(body, content_type), "replace")


def parts(meta: Meta, body: bytes | bytearray, form: Form, content_type: str) -> Iterator[bytes]:
    """The answer in parts. A bytearray is used up as they are made."""
    head = b'{"meta":' + _encode(meta)
    match form:
        case Form.JSON:
            yield head + b',"raw":null,"raw_json":'
            yield from _pieces(_unmarked(body))
            yield b"}"
        case Form.TEXT:
            yield head + b',"raw":"'
            yield from _escaped(body, charset_of(body, content_type))
            yield b'","raw_json":null}'
        case Form.BINARY:
            yield head + b',"raw":"'
            for piece in _pieces(body):
                yield b64encode(piece)
            yield b'","raw_json":null}'


def _unmarked(body: bytes | bytearray) -> bytes | bytearray:
    """Text without the mark before it."""
    if not isinstance(body, bytearray):
        return body.removeprefix(codecs.BOM_UTF8)
    if body.startswith(codecs.BOM_UTF8):
        del body[: len(codecs.BOM_UTF8)]
    return body


def _pieces(body: bytes | bytearray) -> Iterator[bytes]:
    if isinstance(body, bytes):
        for start in range(0, len(body), _PART):
            yield body[start : start + _PART]
        return
    body.reverse()  # its end is given back where it lies; without its beginning, what is left would be copied
    while body:
        piece = body[-_PART:]
        del body[-_PART:]
        piece.reverse()
        yield bytes(piece)


def _escaped(body: bytes | bytearray, charset: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(charset)(errors="replace")
    for piece in _pieces(_unmarked(body)):
        yield _encode(decoder.decode(piece))[1:-1]
    yield _encode(decoder.decode(b"", final=True))[1:-1]
