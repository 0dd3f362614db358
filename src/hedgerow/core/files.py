"""Small files that others read while they are written: whole or not there, and private where they hold keys."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

PRIVATE = 0o600


def write_whole(path: Path, text: str, *, mode: int = PRIVATE) -> None:
    """Writes a file beside its place and renames it, so that a reader finds all of it or the one before."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            if path.exists() and os.geteuid() == 0:  # whoever reads it still may when root writes it anew
                owner = path.stat()
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            file.flush()
            os.fsync(descriptor)
        fresh.replace(path)
        _sync_folder(path.parent)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    """So that the file is there after a power cut as well: a key may be needed for what is committed next."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, value: Any, *, mode: int = PRIVATE) -> None:
    """The value as one JSON document, whole or not there."""
    write_whole(path, msgspec.json.encode(value).decode() + "\n", mode=mode)
