"""Orders that end at a time of ours, at venues that know none: each is cancelled when it is due."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable

import structlog

from hedgerow.core.errors import Refused, VenueError
from hedgerow.venues.base import OrderRef, OrderState

_MOST = 10_000

_log = structlog.get_logger(__name__)


class Expiries:
    """By our reference, the latest 10,000."""

    def __init__(self, cancel: Callable[[OrderRef], Awaitable[OrderState | None]]) -> None:
        self._cancel = cancel
        self._due: OrderedDict[str, tuple[OrderRef, int]] = OrderedDict()

    def note(self, client_ref: str, ref: OrderRef, at_ms: int) -> None:
        """Again where more of the order's name is known."""
        self._due[client_ref] = ref, at_ms
        while len(self._due) > _MOST:
            self._due.popitem(last=False)

    def drop(self, client_ref: str) -> None:
        self._due.pop(client_ref, None)

    async def cancel_due(self, now_ms: int) -> None:
        """What cannot be cancelled now stays due."""
        for client_ref in [one for one, (_, at_ms) in self._due.items() if at_ms <= now_ms]:
            ref, _ = self._due[client_ref]
            try:
                await self._cancel(ref)
            except Refused:
                pass  # it is over already
            except VenueError as error:
                _log.warning("an order that expired is not cancelled yet", venue=ref.instrument.venue, error=str(error))
                continue
            self.drop(client_ref)
