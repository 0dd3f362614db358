"""Who may see what: API keys and their entitlements."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

CHANNELS = (
    "bookmakers",
    "bookmakersFutures",
    "clocks",
    "currencies",
    "events",
    "fixtures",
    "futures",
    "injuries",
    "lineups",
    "odds",
    "oddsFutures",
    "scores",
    "stats",
)
"""Of the socket, in the order in which the feed echoes them."""

DEMO_KEY = "0123456789abcdef0123456789abcdef"

_KEY = re.compile(r"[0-9a-fA-F]{32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key and what it opens; None means everything. Keys of one group share the limit of connections.

    endpoints: REST paths without the leading slash, e.g. "futures/odds". live, pregame: which fixtures it may see.
    """

    key: str = field(repr=False)
    user_id: str = "demo"
    group: str = "demo"
    sports: frozenset[int] | None = None
    bookmakers: frozenset[str] | None = None
    channels: frozenset[str] | None = None
    endpoints: frozenset[str] | None = None
    live: bool = True
    pregame: bool = True

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.key):
            raise ValueError("a key of the feed is 32 hexadecimal digits")

    def may_see_sport(self, sport_id: int) -> bool:
        return self.sports is None or sport_id in self.sports

    def may_see_bookmaker(self, slug: str) -> bool:
        return self.bookmakers is None or slug in self.bookmakers

    def may_call(self, endpoint: str) -> bool:
        return self.endpoints is None or endpoint in self.endpoints

    def may_see_status(self, status_id: int) -> bool:
        """Pregame access covers what is over, too."""
        return self.live if status_id == 1 else self.pregame


class KeyRing:
    """The keys that are valid now."""

    def __init__(self) -> None:
        self._keys: dict[str, AccessKey] = {}
        self._listeners: list[Callable[[str], None]] = []

    def on_revoked(self, listener: Callable[[str], None]) -> None:
        """The listener is told the key that ceased to be valid."""
        self._listeners.append(listener)

    def register(self, key: AccessKey) -> None:
        """Makes a key valid; one that was registered before changes its entitlements for what comes."""
        self._keys[key.key.lower()] = key

    def revoke(self, key: str) -> None:
        """A key that is not registered is no error."""
        if self._keys.pop(key.lower(), None) is not None:
            for listener in self._listeners:
                listener(key.lower())

    def find(self, key: str) -> AccessKey | None:
        return self._keys.get(key.lower())
