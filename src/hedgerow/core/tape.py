"""The tape: recorded input in a file that survives its writer.

A tape is zstd-compressed lines of JSON (`.tape.zst`; `zstdcat` shows it). The first line is the header
`{"tape":1,"kind":...,"created":...}`, every other one a record `{"t": nanoseconds, "k": kind, "d": anything}`, oldest
first. Every flush is a zstd frame of its own that ends with a whole line, so a kill loses at most what was not
flushed, and a torn last frame can be told from a whole one.

What the records mean is their writers' and readers' subject; this module knows the file alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec
import zstandard

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import InputError

VERSION = 1
SUFFIX = ".tape.zst"
MAGIC = b"\x28\xb5\x2f\xfd"  # of a zstd frame: RFC 8878, 3.1.1

LONGEST_LINE = 16 * 1024 * 1024
_FLUSH_BYTES = 256 * 1024
_FLUSH_AFTER_NS = NS_PER_S
_WIDEST_WINDOW = 8 * 1024 * 1024
_READ_BYTES = 4096  # small, so that a hostile file cannot unfold far in one go


class Header(msgspec.Struct):
    """The first line: `kind` says who wrote the tape, `created` is ISO 8601."""

    tape: int
    kind: str
    created: str


class Record(msgspec.Struct):
    """Something that came in: when (nanoseconds since 1970), of what kind, and the thing itself as JSON."""

    t: int
    k: str
    d: msgspec.Raw


_header_decoder = msgspec.json.Decoder(Header)
_record_decoder = msgspec.json.Decoder(Record)


class TapeWriter:
    """Writes a tape, or goes on with one, whose torn end it cuts off first. One writer at a time."""

    def __init__(self, path: Path, kind: str, now_ns: int) -> None:
        """Raises InputError when the file exists and is no tape of this kind, OSError when it cannot be written."""
        self._lines: list[bytes] = []
        self._size = 0
        self._flushed_ns = now_ns
        self._compressor = zstandard.ZstdCompressor()
        keep = _length_to_keep(path, kind)
        self._file = path.open("r+b" if keep else "wb")
        self._file.truncate(keep)
        self._file.seek(keep)
        if not keep:
            created = datetime.fromtimestamp(now_ns // NS_PER_S, UTC).isoformat()
            self._lines.append(msgspec.json.encode(Header(VERSION, kind, created)))
            self.flush()

    def record(self, at_ns: int, kind: str, data: bytes) -> None:
        """Adds a record. data: JSON text of any layout. Raises ValueError when it is none or too long, OSError when a
        flush fails."""
        try:
            compact = msgspec.json.format(data, indent=-1)
        except UNREADABLE as error:
            raise ValueError(f"a record must be JSON: {error}") from None
        line = msgspec.json.encode(Record(at_ns, kind, msgspec.Raw(compact)))
        if len(line) > LONGEST_LINE:
            raise ValueError(f"a record of {len(line)} bytes is longer than {LONGEST_LINE}")
        self._lines.append(line)
        self._size += len(line)
        if self._size >= _FLUSH_BYTES or at_ns - self._flushed_ns >= _FLUSH_AFTER_NS:
            self._flushed_ns = at_ns
            self.flush()

    def flush(self) -> None:
        """Hands everything so far to the operating system, as one frame."""
        if self._lines:
            frame = self._compressor.compress(b"\n".join([*self._lines, b""]))
            self._lines.clear()
            self._size = 0
            self._file.write(frame)
            self._file.flush()

    def close(self) -> None:
        """Flushes and closes; a second time does nothing."""
        if not self._file.closed:
            try:
                self.flush()
            finally:
                self._file.close()


class TapeReader:
    """Reads a tape from its start, in bounded memory. `cut` says, after the last record, that its end is missing."""

    def __init__(self, path: Path) -> None:
        """Raises InputError when the file is no tape."""
        self.path = path
        self.cut = False
        with _open(path) as file:
            self.header = _header(path, next(_Frames(path, file).lines(), b""))

    def records(self) -> Iterator[Record]:
        """Every record, oldest first. Raises InputError for a damaged one, with its line."""
        with _open(self.path) as file:
            frames = _Frames(self.path, file)
            lines = enumerate(frames.lines(), start=1)
            next(lines)  # the header
            for number, line in lines:
                try:
                    record = _record_decoder.decode(line)
                except UNREADABLE as error:
                    raise InputError(f"{self.path}, line {number}: not a record of a tape ({error})") from None
                yield record
            self.cut = frames.is_cut


class _Frames:
    """The zstd frames of a file, unfolded piece by piece."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path, self._file = path, file
        self.whole_bytes = 0  # of the file, up to the end of the last whole frame seen
        self.is_cut = False  # known at the end

    def lines(self) -> Iterator[bytes]:
        """Whole lines without their end; what a torn last frame leaves of a line is dropped. Raises InputError."""
        number, rest = 0, b""
        for piece in self._pieces():
            *lines, rest = (rest + piece).split(b"\n")
            for line in (*lines, rest):
                if len(line) > LONGEST_LINE:
                    raise InputError(f"{self._path}, line {number + 1}: longer than {LONGEST_LINE} bytes")
                number += 1
            number -= 1  # the rest is no line yet
            yield from lines

    def _pieces(self) -> Iterator[bytes]:
        frame, read = _new_frame(), 0
        while data := self._file.read(_READ_BYTES):
            read += len(data)
            while data:
                try:
                    piece = frame.decompress(data)
                except zstandard.ZstdError as error:
                    raise InputError(f"{self._path}: damaged after byte {self.whole_bytes} ({error})") from None
                data = frame.unused_data
                if frame.eof:
                    self.whole_bytes = read - len(data)
                    frame = _new_frame()
                yield piece
        self.is_cut = read > self.whole_bytes


def _new_frame() -> zstandard.ZstdDecompressionObj:
    return zstandard.ZstdDecompressor(max_window_size=_WIDEST_WINDOW).decompressobj()


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None


def _header(path: Path, line: bytes) -> Header:
    try:
        header = _header_decoder.decode(line)
    except UNREADABLE:
        raise InputError(f"{path}: not a tape (its first line is no header)") from None
    if header.tape != VERSION:
        raise InputError(f"{path}: a tape of version {header.tape}; this program reads version {VERSION}")
    return header


def _length_to_keep(path: Path, kind: str) -> int:
    """Bytes of an existing tape that are whole frames: what can be written on to. 0 for a file to begin anew."""
    if not path.exists() or path.stat().st_size == 0:
        return 0
    with _open(path) as file:
        frames = _Frames(path, file)
        for _ in frames.lines():
            pass
    if frames.whole_bytes == 0 and path.stat().st_size < _READ_BYTES:
        return 0  # its writer was killed while it wrote the header
    present = TapeReader(path).header.kind
    if present != kind:
        raise InputError(f"{path}: a tape of kind {present}, not {kind}")
    return frames.whole_bytes
