"""What every kind of work of an agent has in common."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from hedgerow.core.errors import HedgerowError
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.linksocket import Channel, StreamCut

T = TypeVar("T")

Handler = Callable[[Channel, bytes], Awaitable[asyncio.Future[None] | None]]
"""Does one piece of work: gets the stream and its head, answers on it to its end. It is cancelled when the stream is
cut. A future that it returns is what goes on without the stream: it counts as work until it is done, and is cancelled
when the agent stops. Raises WorkFailed, StreamCut."""

Beginner = Callable[[Channel, bytes, Callable[[], None]], bool]
"""A handler for streams without a body that needs no task: it does the work when what it needs comes, and calls its
third argument once when that is over; the stream's cut ends it. False: nothing was done, and the handler is to do it.
"""

_log = structlog.get_logger(__name__)


class WorkFailed(HedgerowError):  # noqa: N818
    """The work cannot be done; the stream ends with this."""

    def __init__(self, code: CutCode, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


def no_tls(host: str, error: ssl.SSLError) -> WorkFailed:
    """The target's TLS is not what it should be; a certificate is refused with the reason."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = f"its certificate is refused: {error.verify_message}"
    else:
        why = error.reason or str(error)
    return WorkFailed(CutCode.UNREACHABLE, f"no TLS with {host}: {why}")


async def carried_out(work: Awaitable[T], channel: Channel) -> T | None:
    """Awaits the work; the other side is told when it fails."""
    try:
        return await work
    except StreamCut:
        pass
    except asyncio.CancelledError:
        channel.cut(CutCode.CANCELLED, "the agent stops")
        raise
    except Exception as error:
        tell_failure(error, channel)
    return None


def tell_failure(error: Exception, channel: Channel) -> None:
    """Cuts the stream for it."""
    if isinstance(error, WorkFailed):
        channel.cut(error.code, error.detail)
        return
    _log.error("work failed", exc_info=error)
    channel.cut(CutCode.FAILED, "the agent failed")
