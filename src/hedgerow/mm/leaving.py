"""Leaving an exchange so that nothing of ours stays there: neither what rests nor what is still on its way."""

from __future__ import annotations

import asyncio

import structlog

from hedgerow.core.errors import Refused, VenueError
from hedgerow.core.states import OrderStatus
from hedgerow.mm.access import Access
from hedgerow.mm.order_index import OrderIndex
from hedgerow.mm.orders import Order, Pending, apply_state

_log = structlog.get_logger(__name__)

LEAVE_WITHIN_S = 6.0
"""How long leaving an exchange tries to take each of our orders away."""
CANCEL_AGAIN_S = 0.25
"""Between two rounds of it."""
LAST_LOOKS, LAST_LOOK_S = 100, 0.05
"""For how long the end waits for answers to orders, in the machine's time."""


async def leave(access: Access, index: OrderIndex, *, shares_account: bool) -> None:
    """Takes away what is ours; says what may be left. shares_account: others may have orders there, which stay."""
    try:
        await (_cancel_own(access, index) if shares_account else _take_all_away(access, index))
    except VenueError as error:
        _log.error("orders may still rest", exchange=access.slug, account=access.account_id, error=str(error))


async def _take_all_away(access: Access, index: OrderIndex) -> None:
    """Cancels what rests. A placement that is slow can arrive after that, when nobody would be left to cancel it:
    so the answers that are due are awaited, and everything is cancelled again. Raises the venue errors."""
    was_sending = _is_sending(index)
    await access.exchange().cancel_all()
    for _ in range(LAST_LOOKS):
        if not _is_sending(index):
            break
        await asyncio.sleep(LAST_LOOK_S)
    if was_sending:
        await access.exchange().cancel_all()
    if _is_sending(index):
        _log.error("orders may still arrive", exchange=access.slug, account=access.account_id)


def _is_sending(index: OrderIndex) -> bool:
    """Whether an order is on its way to the exchange, as far as we know."""
    return any(order.pending in (Pending.PLACE, Pending.AMEND, Pending.LOOKUP) for order in index.live())


async def _cancel_own(access: Access, index: OrderIndex) -> None:
    """Others quote by the account too: what is ours is cancelled order by order, what is on its way as well."""
    gone: set[int] = set()
    try:
        async with asyncio.timeout(LEAVE_WITHIN_S):
            while True:
                left = [o for o in index.live() if o.venue_ref is not None and o.order_id not in gone]
                if not left and not _is_sending(index):
                    return
                answers = await asyncio.gather(*(_is_cancelled(access, order) for order in left))
                gone |= {order.order_id for order, is_gone in zip(left, answers, strict=True) if is_gone}
                if not all(answers) or not left:
                    await asyncio.sleep(CANCEL_AGAIN_S)
    except TimeoutError:
        _log.error("orders may still rest", exchange=access.slug, account=access.account_id)


async def _is_cancelled(access: Access, order: Order) -> bool:
    """Cancels an order on leaving, so that its row tells the next process. False: it may still rest."""
    try:
        state = await access.exchange().cancel(order.ref)
    except Refused:
        return True  # it rests no more, and what became of it the next comparison finds
    except VenueError:
        return False
    if state is not None:
        apply_state(order, state, access.clock.now_ms())
    elif order.is_live:
        order.move_to(OrderStatus.CANCELLED, access.clock.now_ms())
    access.on_order(order)
    return True
