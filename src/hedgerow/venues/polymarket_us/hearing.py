"""What the stream tells of the account's orders: handed on once it is known whose they are, and waited for by answers
that say too little themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from hedgerow.core.clock import Clock
from hedgerow.venues.base import EventSink, OrderState, StreamGap
from hedgerow.venues.polymarket_us import parse, wire
from hedgerow.venues.polymarket_us.auth import VENUE
from hedgerow.venues.polymarket_us.ownership import Ownership
from hedgerow.venues.reading import UnreadableError

WORD_WITHIN_S = 0.5
"""How long an answer waits for the stream's word on the order before the order is asked for."""

_log = structlog.get_logger(__name__)


class Hearing:
    """One account's executions."""

    def __init__(self, ours: Ownership, clock: Clock, tell: EventSink) -> None:
        self._ours, self._clock, self._tell = ours, clock, tell
        self._words: dict[str, asyncio.Event] = {}  # of orders whose next word is waited for

    def executed(self, execution: wire.Execution) -> None:
        """Of orders that may be ours once their answer comes it is held back. Raises UnreadableError."""
        if not self._ours.hold(execution):
            self._pass_on(execution)

    def release(self) -> None:
        """An answer came, or will not come any more: what waited for it is told."""
        for execution in self._ours.release():
            try:
                self._pass_on(execution)
            except UnreadableError as error:
                _log.error("unreadable execution", venue=VENUE, error=str(error))
                self._tell(StreamGap("a message could not be read", is_down=False))

    def _pass_on(self, execution: wire.Execution) -> None:
        order, now_ms = execution.order, self._clock.now_ms()
        self._ours.recognise(order)
        client_ref = self._ours.sent.ref_of(order.id)
        fill = parse.execution_fill(execution, client_ref, now_ms)
        if fill is not None:
            self._tell(fill)
        at_ms = parse.execution_time(execution, now_ms)
        reason = "\n".join(part for part in (execution.order_reject_reason, execution.text) if part)
        state = self._ours.sent.told(parse.order_state(order, client_ref, at_ms, reason))
        word = self._words.get(order.id)
        if word is not None:
            word.set()
        self._tell(state)

    async def until(
        self, order_id: str, holds: Callable[[OrderState | None], bool], *, is_followed: bool
    ) -> OrderState | None:
        """The last that is known of an order, once it is as is waited for, or after a while; is_followed: whether the
        stream is there to tell."""
        word = self._words.setdefault(order_id, asyncio.Event())
        try:
            async with asyncio.timeout(WORD_WITHIN_S if is_followed else 0):
                while not holds(self.known(order_id)):
                    word.clear()
                    await word.wait()
        except TimeoutError:
            pass
        finally:
            self._words.pop(order_id, None)
        return self.known(order_id)

    def known(self, order_id: str) -> OrderState | None:
        """The last that was told of an order of this process."""
        known = self._ours.sent.get(order_id)
        return known.state if known is not None else None
