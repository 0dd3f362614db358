"""A lane and its exchange with the seam between the engine and the outside, see `taped`.

What the engine asks an exchange is answered by way of the turns; what others ask it is not.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, cast

from hedgerow.core.money import Micros
from hedgerow.core.states import Side
from hedgerow.mm.lane import Lane
from hedgerow.mm.orders import Order, Slot
from hedgerow.mm.taping import messages as told
from hedgerow.mm.taping.turns import Turns
from hedgerow.venues.base import (
    Balance,
    CancelsMany,
    EventSink,
    Exchange,
    ExchangeEvent,
    Fill,
    Instrument,
    Listing,
    MarketChange,
    NewQuote,
    OrderRef,
    OrderState,
    Resolution,
    StreamGap,
)


class TapedLane(Lane):
    def __init__(self, turns: Turns, account_id: int, exchange: Exchange, *parts: Any) -> None:
        super().__init__(account_id, TapedExchange(turns, account_id, exchange), *parts)
        self._turns = turns

    @property
    def tag(self) -> int:
        """The deployment's number in its orders' references."""
        return self._tag

    async def open(self, fills_known_until_ms: int | None) -> None:
        await self._turns.begin(f"open {self.account_id}", fills_known_until_ms)
        await super().open(fills_known_until_ms)

    async def close(self, *, cancels: bool) -> None:
        await self._turns.begin(f"close {self.account_id}")
        await super().close(cancels=cancels)

    async def replace(self, exchange: Exchange) -> None:
        await self._turns.begin(f"replace {self.account_id}")
        await super().replace(TapedExchange(self._turns, self.account_id, exchange))

    async def resync(self) -> None:
        await self._turns.begin(f"resync {self.account_id}")
        await super().resync()

    async def cancel_strays(self) -> None:
        if self.strays:
            await self._turns.begin(f"strays {self.account_id}")
            await super().cancel_strays()

    def _send_cancels(self, leaving: Sequence[tuple[Slot, Order]]) -> None:
        for _, order in leaving:
            self._turns.say(
                {"t": self._clock.now_ns(), "act": "cancel", "order": order.order_id, "why": order.reason or "replaced"}
            )
        super()._send_cancels(leaving)


class TapedExchange:
    """An exchange whose answers to the engine are written down; what others ask it is not."""

    def __init__(self, turns: Turns, account_id: int, exchange: Exchange) -> None:
        self._turns, self._account_id, self._inner = turns, account_id, exchange
        self.manifest = exchange.manifest
        self._refs: dict[str, OrderRef] = {}

    def __getattr__(self, name: str) -> Any:
        """What only some exchanges have."""
        return getattr(self._inner, name)

    # --- the engine's ------------------------------------------------------------------------------------------

    async def open(self, sink: EventSink) -> None:
        def heard(event: ExchangeEvent) -> None:
            with self._turns.turn("event", lambda: _told(self._account_id, event)):
                sink(event)

        await self._turns.answer(self._key("opened"), lambda: self._inner.open(heard), None)

    def place(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        answer = self._inner.place(quote)
        ref = self._turns.drawn("ref", lambda: self._inner.ref_of(quote).venue_ref)
        self._refs[quote.client_ref] = OrderRef(quote.instrument, quote.client_ref, ref)
        return self._turns.answer(self._key("place", quote.client_ref), lambda: answer, OrderState)

    def ref_of(self, quote: NewQuote) -> OrderRef:
        return self._refs.pop(quote.client_ref, None) or self._inner.ref_of(quote)

    def amend(
        self, ref: OrderRef, side: Side, price: Micros, size: Micros, filled: Micros
    ) -> Coroutine[Any, Any, OrderState]:
        answer = self._inner.amend(ref, side, price, size, filled)
        return self._turns.answer(self._key("amend", _name(ref)), lambda: answer, OrderState)

    def cancel(self, ref: OrderRef) -> Coroutine[Any, Any, OrderState | None]:
        return self._cancelled(ref, self._inner.cancel(ref))

    def cancel_many(self, refs: Sequence[OrderRef]) -> list[Coroutine[Any, Any, OrderState | None]]:
        answers = cast(CancelsMany, self._inner).cancel_many(refs)
        return [self._cancelled(ref, answer) for ref, answer in zip(refs, answers, strict=True)]

    def _cancelled(
        self, ref: OrderRef, answer: Coroutine[Any, Any, OrderState | None]
    ) -> Coroutine[Any, Any, OrderState | None]:
        return self._turns.answer(self._key("cancel", _name(ref)), lambda: answer, OrderState | None)

    async def find_order(self, ref: OrderRef) -> OrderState | None:
        key = self._key("find", _name(ref))
        return await self._turns.answer(key, lambda: self._inner.find_order(ref), OrderState | None)

    async def working(self) -> list[OrderState]:
        return await self._turns.answer(self._key("working"), self._inner.working, list[OrderState])

    async def fills(self, since_ms: int) -> list[Fill]:
        return await self._turns.answer(self._key("fills"), lambda: self._inner.fills(since_ms), list[Fill])

    async def close(self) -> None:
        await self._turns.answer(self._key("closed"), self._inner.close, None)

    def _key(self, what: str, name: str = "") -> str:
        return f"{what} {self._account_id} {name}"

    # --- others' -----------------------------------------------------------------------------------------------

    async def cancel_all(self) -> None:
        self._turns.rest()
        await self._inner.cancel_all()

    async def listings(self, sport: str) -> list[Listing]:
        self._turns.rest()
        return await self._inner.listings(sport)

    async def watch(self, instruments: Sequence[Instrument]) -> None:
        self._turns.rest()
        await self._inner.watch(instruments)

    async def balance(self) -> Balance:
        self._turns.rest()
        return await self._inner.balance()

    async def resolutions(self, instruments: Sequence[Instrument]) -> list[Resolution]:
        self._turns.rest()
        return await self._inner.resolutions(instruments)


def _name(ref: OrderRef) -> str:
    return ref.client_ref or ref.venue_ref or ""


def _told(account_id: int, event: ExchangeEvent) -> told.Event:
    match event:
        case OrderState():
            return told.Event(account_id, order=event)
        case Fill():
            return told.Event(account_id, fill=event)
        case StreamGap():
            return told.Event(account_id, gap=event)
        case MarketChange():
            return told.Event(account_id, market=event)
