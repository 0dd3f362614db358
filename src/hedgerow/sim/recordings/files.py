"""Lines of recorded files, packed or plain, with every kind of damage told by file and line."""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from hedgerow.core.errors import InputError

LONGEST_LINE = 16 * 1024 * 1024
_BZIP2, _GZIP = b"BZh", b"\x1f\x8b"


class Line(NamedTuple):
    """A line without its end. is_whole: it has one; only a file's last line can lack it."""

    number: int
    data: bytes
    is_whole: bool


def magic(path: Path) -> bytes:
    """The file's first four bytes. Raises InputError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(4)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None


def is_bzip2(path: Path) -> bool:
    """Whether the file is packed as the exchange's own historic files are."""
    return magic(path).startswith(_BZIP2)


def lines(path: Path) -> Iterator[Line]:
    """The lines of a .bz2, .gz or plain file, known by its content, not its name; empty ones are left out.

    Memory is bounded by the longest line. Raises InputError with the line that could not be read.
    """
    number = 0
    try:
        with _opened(path) as file:
            while data := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(data) > LONGEST_LINE:
                    raise InputError(f"{path}, line {number}: longer than {LONGEST_LINE} bytes")
                stripped = data.strip()
                if stripped:
                    yield Line(number, stripped, data.endswith(b"\n"))
    except EOFError:
        raise InputError(f"{path}, line {number + 1}: the archive ends before its end") from None
    except (OSError, zlib.error) as error:
        raise InputError(f"{path}, line {number + 1}: the archive is damaged ({error})") from None


def _opened(path: Path) -> BinaryIO | gzip.GzipFile | bz2.BZ2File:
    start = magic(path)
    if start.startswith(_BZIP2):
        return bz2.open(path)
    if start.startswith(_GZIP):
        return gzip.open(path)
    return path.open("rb")
