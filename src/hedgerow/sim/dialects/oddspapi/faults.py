"""What can go wrong with a feed, by the script's order.

`PATCH /sim/venues/oddspapi` takes these switches beside the world's own (`sim/faults.py`); `{}` resets all. A switch
that acts once resets itself. What the world itself can play is no switch: a match that is cancelled, starts at
another time or has a score corrected downwards is put as a fixture.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0)]

_ZERO = Decimal(0)
LARGEST_PADDING = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class FeedFaults:
    """The switches, in the script's own words. Rates are 0..1 of the data frames."""

    silent: bool = False  # sockets stay open, nothing is said any more
    dropRate: Decimal = _ZERO  # noqa: N815
    duplicateRate: Decimal = _ZERO  # noqa: N815
    reorderRate: Decimal = _ZERO  # noqa: N815  a frame is held until the next one has gone
    lateOlderRows: bool = False  # noqa: N815  every odds frame is followed by the rows' former state
    staleBooks: tuple[str, ...] = ()  # noqa: N815  the feed has lost its connection to these bookmakers
    suspendedBooks: tuple[str, ...] = ()  # noqa: N815  set and unset for a flap
    rotatedBooks: tuple[str, ...] = ()  # noqa: N815  these list the participants the other way round
    inactiveMarkets: tuple[int, ...] = ()  # noqa: N815  marketActive is false, the rows' own active is not
    omitOptional: bool = False  # noqa: N815  fields that may be absent are absent
    placeholderPrice: Literal["", "zero", "empty", "null"] = ""  # noqa: N815  in place of every price
    jsonOnly: bool = False  # noqa: N815  whatever is asked for, the frames are JSON, and the echo says so
    restError: Literal[0, 403, 429, 500, 503] = 0  # noqa: N815  the answer to every REST call
    emptyAnswers: bool = False  # noqa: N815  lists are [], odds are {}
    padBytes: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_PADDING)] = 0  # noqa: N815  in odds answers and frames
    settlementDelayS: Count = 0  # noqa: N815  grades appear so much world time after the end
    unknownChannel: bool = False  # noqa: N815  once: a frame of a channel that does not exist
    unknownMarket: bool = False  # noqa: N815  once: a row of a market that is not in the catalogue, per fixture
    reconnect: bool = False  # once: asks the clients to come again, then drops them
    newEpoch: bool = False  # noqa: N815  once: the gateway restarts without a word
    rates: dict[str, Decimal] = field(default_factory=dict)  # once: currencies jump to these units per 1 USD
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("dropRate", "duplicateRate", "reorderRate"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1")
        for currency, rate in self.rates.items():
            if not rate.is_finite() or rate <= 0:
                raise ValueError(f"rate of {currency} must be positive, not {rate}")

    @classmethod
    def of(cls, given: dict[str, Any], present: FeedFaults) -> FeedFaults:
        """The present switches with some changed; `{}` resets all. Raises ValueError, naming what is wrong."""
        if not given:
            return cls()
        known = {f.name: getattr(present, f.name) for f in fields(cls)}
        if unknown := given.keys() - known.keys():
            raise ValueError(f"the feed has no switch {', '.join(sorted(unknown))}")
        try:
            return msgspec.convert({**known, **given}, cls)
        except msgspec.ValidationError as error:
            raise ValueError(str(error)) from None


F = TypeVar("F")


class Mangler(Generic[F]):
    """Drops, repeats and swaps frames as the rates say. The same seed and frames give the same result."""

    def __init__(self) -> None:
        self._held: F | None = None
        self.reset(1)

    def reset(self, seed: int) -> None:
        """Throws the dice anew; a frame that is held is lost."""
        self._dice = random.Random(seed)
        self._held = None

    def pass_on(self, frame: F, faults: FeedFaults) -> list[F]:
        """The frames to send now, in this order, in place of this one."""
        held, self._held = self._held, None
        frames: list[F]
        if self._throw(faults.dropRate):
            frames = []
        elif held is None and self._throw(faults.reorderRate):
            self._held = frame
            frames = []
        else:
            frames = [frame, frame] if self._throw(faults.duplicateRate) else [frame]
        return frames if held is None else [*frames, held]

    def _throw(self, rate: Decimal) -> bool:
        return rate > 0 and self._dice.random() < rate
