"""Settings in the place of those that a tape has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import msgspec

from hedgerow.mm.controls import TournamentSettings
from hedgerow.mm.policy import Policy
from hedgerow.mm.pricing import PARITY
from hedgerow.mm.taping import messages as told


@dataclass(frozen=True, slots=True)
class Changes:
    """Settings in the place of those recorded, for every client; None: as recorded."""

    limit_ratio: Decimal | None = None
    price_ticks: int | None = None
    pricing: Mapping[str, Any] = field(default_factory=dict)  # fields of `Pricing`
    max_drift: Decimal | None = None
    hysteresis: int | None = None

    def of_tournament(self, found: TournamentSettings) -> TournamentSettings:
        ratio = found.limit_ratio if self.limit_ratio is None else self.limit_ratio
        ticks = found.price_ticks if self.price_ticks is None else self.price_ticks
        return replace(found, limit_ratio=ratio, price_ticks=ticks)

    def of_policy(self, found: Policy) -> Policy:
        """Every pricing that is set, and the default."""
        if not self.pricing:
            return found
        pricings = {(None, None): PARITY, **found.pricings}
        changed = {scope: msgspec.structs.replace(pricing, **self.pricing) for scope, pricing in pricings.items()}
        return replace(found, pricings=changed)

    def of_engine(self, facts: told.EngineFacts) -> told.EngineFacts:
        drift = facts.max_drift if self.max_drift is None else self.max_drift
        return told.EngineFacts(drift, facts.hysteresis if self.hysteresis is None else self.hysteresis)


AS_RECORDED = Changes()
