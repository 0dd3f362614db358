"""What every part of a lane works with: the exchange as it is reached now, the time, whom to tell, and how often an
exchange that does not answer is asked again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from hedgerow.core.clock import Clock
from hedgerow.core.ids import VenueSlug
from hedgerow.mm.orders import Order, Slot
from hedgerow.venues.base import Exchange, Fill, Instrument

FIRST_LOOK_S, LONGEST_LOOK_S = 0.5, 10.0
"""Between two questions of the same kind that the exchange could not answer."""


@dataclass(frozen=True, slots=True)
class Access:
    """One account at one exchange.

    exchange: the connector, asked for at each use because another one may take its place. on_order: an order changed;
    on_fill: a fill was found; on_free: something that was under way for the slot has ended, None: for the account;
    on_link: the exchange's name of an order became known. provisional_since_ms: when the oldest of its known fills was
    traded that the exchange may still take back, None: there is none. stored_order: an order of the contract
    as its row and its fills have it, by the exchange's name or by our number; raises StorageError.
    """

    account_id: int
    slug: VenueSlug
    clock: Clock
    exchange: Callable[[], Exchange]
    on_order: Callable[[Order], None]
    on_fill: Callable[[Fill], None]
    on_free: Callable[[Slot | None], None]
    on_link: Callable[[Order], None]
    provisional_since_ms: Callable[[], int | None]
    stored_order: Callable[[Instrument, str, int | None], Awaitable[Order | None]]


def look_pauses() -> Iterator[float]:
    """Seconds between one question and the next, without end; each twice the last one, up to LONGEST_LOOK_S."""
    pause_s = FIRST_LOOK_S
    while True:
        yield pause_s
        pause_s = min(pause_s * 2, LONGEST_LOOK_S)
