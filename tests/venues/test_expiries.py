"""Orders that we end ourselves: once, when they are due, and again where that failed."""

from __future__ import annotations

from hedgerow.core.errors import Reason, Refused, Unavailable
from hedgerow.core.ids import VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.venues.base import Instrument, OrderRef
from hedgerow.venues.expiries import Expiries

REF = OrderRef(Instrument(VenueSlug("x"), "contract", "market", PriceGrid.probability(10_000)), "ours", None)
NAMED = OrderRef(REF.instrument, "ours", "theirs")


class Cancels:
    """Answers each cancel with the next of the errors, or with nothing."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.asked: list[OrderRef] = []

    async def __call__(self, ref: OrderRef) -> None:
        self.asked.append(ref)
        if self.errors:
            raise self.errors.pop(0)


async def test_what_is_due_is_cancelled_once_by_the_name_that_is_known_last() -> None:
    cancels = Cancels()
    expiries = Expiries(cancels)
    expiries.note("ours", REF, 1_000)
    expiries.note("ours", NAMED, 1_000)
    for now_ms in (999, 1_000, 1_001):
        await expiries.cancel_due(now_ms)
    assert cancels.asked == [NAMED]


async def test_what_is_over_is_let_go_and_what_failed_is_tried_again() -> None:
    cancels = Cancels(Unavailable("x", "cancel", "down"), Refused("x", "cancel", "gone", reason=Reason.UNKNOWN_ORDER))
    expiries = Expiries(cancels)
    expiries.note("ours", NAMED, 1_000)
    for _ in range(3):
        await expiries.cancel_due(1_000)
    assert len(cancels.asked) == 2


async def test_what_was_dropped_is_not_cancelled() -> None:
    cancels = Cancels()
    expiries = Expiries(cancels)
    expiries.note("ours", NAMED, 1_000)
    expiries.drop("ours")
    await expiries.cancel_due(2_000)
    assert cancels.asked == []
