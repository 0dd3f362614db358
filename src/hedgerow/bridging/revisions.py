"""Numbers of changes that grow and never repeat, whatever happens to the store.

The highest number that may have been given is kept in a file of its own, beside the store: who restores the store from
a backup keeps it, and goes on above what routers have read. Numbers are set aside in blocks, so that a change costs no
write of its own; a start skips what was left of a block.
"""

from __future__ import annotations

from pathlib import Path

from hedgerow.core.errors import SetupError
from hedgerow.core.files import write_whole

_BLOCK = 1_000


class Revisions:
    """Of one bridge, over all its accounts."""

    def __init__(self, path: Path, highest: int) -> None:
        """highest: in the store. Raises SetupError for a file that cannot be read."""
        self._path = path
        self._last = max(highest, self._read())
        self._set_aside = self._last

    def next(self) -> int:
        """A number that was never given before. Raises OSError when it cannot be made sure."""
        if self._last >= self._set_aside:
            write_whole(self._path, f"{self._last + _BLOCK}\n")
            self._set_aside = self._last + _BLOCK
        self._last += 1
        return self._last

    def _read(self) -> int:
        try:
            return int(self._path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return 0
        except (OSError, ValueError) as error:
            raise SetupError(
                f"{self._path} does not hold the highest revision: {error}",
                "write a whole number into it that is above every revision that a router has read",
            ) from None
