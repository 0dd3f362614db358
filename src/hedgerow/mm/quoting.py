"""From what is wanted and what rests, the next move of one quote.

A worse price is fixed now: a quote that became too generous is a free option for whoever sees it first. A small
change of size is left alone, because each change costs a request and the place in the queue.

The values are structs, because they are made on the way from a tick to an order: frozen dataclasses take eight times
as long.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from hedgerow.core.money import Micros
from hedgerow.core.states import Side


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """A quote as it should be now."""

    price: Micros
    size: Micros  # still to be filled
    most: Micros  # what may rest at all; above `size` by what `limitRatio` leaves unused


class Resting(msgspec.Struct, frozen=True, gc=False):
    """A quote as it is."""

    price: Micros
    remaining: Micros


class Move(StrEnum):
    KEEP = "keep"
    PLACE = "place"
    CHANGE = "change"  # amend in place, or cancel and place, whichever the venue does
    CANCEL = "cancel"


SIZE_BAND = (3, 4)
"""A wanted size down to this share of the resting one, or up to its inverse, is left alone, within `most`."""


def next_move(side: Side, wanted: Wanted | None, resting: Resting | None, hysteresis: int) -> Move:
    """The move that brings a quote to what is wanted.

    hysteresis: a better price (higher bid, lower ask) closer than this many micros is left for later. A resting price
    worse for us than the wanted one, and a resting size above `most`, are always changed.
    """
    if wanted is None:
        return Move.KEEP if resting is None else Move.CANCEL
    if resting is None:
        return Move.PLACE
    improvement = wanted.price - resting.price if side is Side.BUY else resting.price - wanted.price
    if improvement < 0 or improvement >= max(1, hysteresis) or resting.remaining > wanted.most:
        return Move.CHANGE
    part, whole = SIZE_BAND
    moved = wanted.size * whole < resting.remaining * part or resting.remaining * whole < wanted.size * part
    return Move.CHANGE if moved else Move.KEEP
