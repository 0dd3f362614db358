"""What a side is told when it is started.

Apart from `side`, which starts the sides, because every side reads it.
"""

from __future__ import annotations

import msgspec

from hedgerow.core.secrets import Secret

OURS, PLAIN, SDK, AIOHTTP = "ours", "plain", "sdk", "aiohttp"


class Given(msgspec.Struct):
    """The task of a side.

    quotes: on each fixture, every one on a contract of its own. still: quotes of ours beside them, on each fixture's
    market whose odds do not move. hedges: whether fills are hedged at the bookmaker.
    sleeps: whether ours is started without HEDGEROW_MM_BUSY_POLL.
    sdk_path: where the official SDK is installed, for the side that signs with it.
    """

    side: str
    venue: str
    fixtures: int
    quotes: int = 1
    still: int = 0
    hedges: bool = False
    sleeps: bool = False
    http_url: str = ""
    ws_url: str = ""
    kalshi_pem: str = ""
    database: str = ""
    sdk_path: str = ""

    @property
    def database_url(self) -> Secret:
        return Secret(self.database)
