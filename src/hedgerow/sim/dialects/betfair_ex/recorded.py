"""A recorded market, told again through the stream: the files' changes in their order, at the times that they name.

The picture for who comes later is what all changes so far amount to. Numbers keep their digits.
"""

from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from hedgerow.sim.dialects.betfair_ex.journal import Journal
from hedgerow.sim.dialects.betfair_ex.merging import image, merged

Json = dict[str, Any]

_OPENERS: dict[str, Callable[..., Any]] = {".bz2": bz2.open, ".gz": gzip.open}


class Recording:
    """One file, played once."""

    def __init__(self, path: Path) -> None:
        """Raises ValueError for a file without a market."""
        self.path = path
        self.journal = Journal(f"recording {path.name}")
        self.market_ids = _market_ids(path)
        self.is_started = False
        self._states: dict[str, Json] = {}

    def images(self, wanted: set[str] | None) -> list[Json]:
        """Of the markets told so far."""
        return [image(state) for market, state in self._states.items() if wanted is None or market in wanted]

    def play(self) -> Iterator[None]:
        """Tells one message of the file at each step."""
        for message in _messages(self.path):
            for change in message.get("mc", ()):
                before = self._states.get(change["id"])
                (self._states[change["id"]],) = merged([change] if before is None else [before, change])
                self.journal.add(change, message["pt"])
            yield


def _messages(path: Path) -> Iterator[Json]:
    with _OPENERS.get(path.suffix, open)(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            message = json.loads(line, parse_float=Decimal)
            if message.get("op") == "mcm" and "pt" in message:
                yield message


def _market_ids(path: Path) -> frozenset[str]:
    try:
        first = next(message for message in _messages(path) if message.get("mc"))
    except (StopIteration, ValueError, OSError) as error:
        raise ValueError(f"{path} holds no recorded market") from error
    return frozenset(change["id"] for change in first["mc"])
