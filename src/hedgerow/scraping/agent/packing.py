"""Bodies that come packed: unpacked as they arrive, a bounded piece at a time, so that a small body that unpacks to
gigabytes is noticed by whoever counts.

Sources: RFC 9110 section 8.4.1 (content codings), RFC 1950-1952, RFC 8878 and 9659 (Zstandard and its window).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

import zstandard

from hedgerow.core.errors import HedgerowError
from hedgerow.scraping.link import MOST_CHUNK

_ZSTD_STEP = 1024
"""Bytes that are unpacked at once: a block of 128 KiB takes four."""
_ZSTD_WINDOW = 8 * 1024 * 1024
_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
_DEFLATED = 8


class PackingError(HedgerowError):
    """The body is not what its coding says."""


class Unpacker(Protocol):
    """Of one body."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What the next part unpacks to. Raises PackingError."""
        ...

    def end(self) -> None:
        """Raises PackingError for a body that is cut off. One that never began is none."""
        ...


def unpacker(coding: str) -> Unpacker | None:
    """None for a coding that is left as it is. coding: the value of `Content-Encoding`."""
    match coding.strip().lower():
        case "gzip" | "x-gzip":
            return _Deflated(_GZIP)
        case "deflate":
            return _Deflated(None)
        case "zstd":
            return _Zstd()
    return None


class _Deflated:
    """gzip, of any number of members, and deflate."""

    def __init__(self, form: int | None) -> None:
        """form: None for one that the first byte tells: `deflate` means zlib's form, and many servers leave out its
        head."""
        self._form = form
        self._inflating: zlib._Decompress | None = None  # a member that has begun
        self._has_ended = False  # one has

    def feed(self, data: bytes) -> Iterator[bytes]:
        is_full = False
        while data or is_full:
            if self._inflating is None:
                if self._has_ended:
                    # What follows a member of gzip is another one, or filling that says nothing.
                    data = data.lstrip(b"\0") if self._form == _GZIP else b""
                    if not data:
                        return
                self._inflating = self._begin(data[0])
            try:
                piece = self._inflating.decompress(data, MOST_CHUNK)
            except zlib.error:
                raise PackingError("its body is not packed as it says") from None
            yield piece
            data, is_full = self._inflating.unconsumed_tail, len(piece) == MOST_CHUNK  # then some may be held back
            if self._inflating.eof:
                data, is_full = self._inflating.unused_data, False
                self._inflating, self._has_ended = None, True

    def end(self) -> None:
        if self._inflating is not None:
            raise PackingError("its packed body is cut off")

    def _begin(self, first: int) -> zlib._Decompress:
        if self._form is None:
            self._form = _ZLIB if first & 0x0F == _DEFLATED else _RAW
        return zlib.decompressobj(self._form)


class _Zstd:
    """Zstandard, of any number of frames."""

    def __init__(self) -> None:
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._frame = self._decompressor.decompressobj()
        self._is_between = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _ZSTD_STEP):
            step = data[start : start + _ZSTD_STEP]
            while step:
                self._is_between = False
                try:
                    yield self._frame.decompress(step)
                except zstandard.ZstdError:
                    raise PackingError("its body is not packed as it says") from None
                if not self._frame.eof:
                    break
                step = self._frame.unused_data
                self._frame, self._is_between = self._decompressor.decompressobj(), True

    def end(self) -> None:
        if not self._is_between:
            raise PackingError("its packed body is cut off")
