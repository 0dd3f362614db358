"""What every kind of work of an agent has in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hedgerow.core.errors import HedgerowError
from hedgerow.scraping.link import CutCode
from hedgerow.scraping.linksocket import Channel

Handler = Callable[[Channel, bytes], Awaitable[None]]
"""Does one piece of work: gets the stream and its head, answers on it to its end. It is cancelled when the stream is
cut. Raises WorkFailed, StreamCut."""


class WorkFailed(HedgerowError):  # noqa: N818
    """The work cannot be done; the stream ends with this."""

    def __init__(self, code: CutCode, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail
