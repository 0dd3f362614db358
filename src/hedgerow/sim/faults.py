"""How a simulated venue misbehaves, by the script's order and its seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any

_ZERO, _ONE = Decimal(0), Decimal(1)


@dataclass
class Behaviour:
    """The switches of `PATCH /sim/venues/{slug}`, in the script's own words. Rates are 0..1, times milliseconds.

    A placement is an order at an exchange or a bet at a bookmaker.
    """

    down: bool = False  # connections are cut without an answer
    latencyMs: int = 0  # noqa: N815  every answer waits so long, in world time
    rejectRate: Decimal = _ZERO  # noqa: N815  share of placements that are refused
    rejectReason: str = ""  # noqa: N815  in the venue's own words where it has a list
    loseResponseRate: Decimal = _ZERO  # noqa: N815  share of placements that are accepted but never answered
    acceptDelayMs: int = 0  # noqa: N815  accepted placements are pending for so long
    fillRatio: Decimal = _ONE  # noqa: N815  share of a stake or taker order that is taken
    priceMove: Decimal = _ZERO  # noqa: N815  bookmakers: the odds a bet meets differ by this share, e.g. -0.05
    disconnectStream: bool = False  # noqa: N815  cuts every stream once, then resets itself
    duplicateFills: bool = False  # noqa: N815  every fill is said twice on the stream
    failTradeRate: Decimal = _ZERO  # noqa: N815  share of trades that are taken back, where a chain settles them
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("rejectRate", "loseResponseRate", "fillRatio", "priceMove", "failTradeRate"):
            setattr(self, name, Decimal(str(getattr(self, name))))  # 0.3 means three tenths, however it is written
        if self.priceMove <= -1:
            raise ValueError("priceMove must be above -1")
        for name in ("rejectRate", "loseResponseRate", "fillRatio", "failTradeRate"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1")
        for name in ("latencyMs", "acceptDelayMs"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative")

    @classmethod
    def of(cls, given: dict[str, Any], present: Behaviour) -> Behaviour:
        """The present behaviour with some switches changed; `{}` resets all. Raises ValueError for a wrong value."""
        if not given:
            return cls()
        known = {f.name: getattr(present, f.name) for f in fields(cls)}
        return cls(**{**known, **given})

    @classmethod
    def names(cls) -> frozenset[str]:
        return frozenset(f.name for f in fields(cls))


@dataclass
class Faults:
    """A venue's behaviour and the dice that decide single cases. The same seed throws the same dice."""

    behaviour: Behaviour = field(default_factory=Behaviour)
    _dice: random.Random = field(default_factory=lambda: random.Random(1))

    def set(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self._dice = random.Random(behaviour.seed)

    def refuses(self) -> bool:
        """Whether this placement is refused."""
        return self._dice.random() < self.behaviour.rejectRate

    def loses_answer(self) -> bool:
        """Whether this placement's answer never arrives."""
        return self._dice.random() < self.behaviour.loseResponseRate

    def fails_trade(self) -> bool:
        """Whether this trade's settlement fails. Throws no dice while the switch is off, so that worlds without it
        keep their sequence."""
        return bool(self.behaviour.failTradeRate) and self._dice.random() < self.behaviour.failTradeRate
