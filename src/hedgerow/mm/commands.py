"""What the API and the operator can ask of market making. The API knows this protocol, not the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from hedgerow.mm.controls import Result, Switch


@dataclass(frozen=True, slots=True)
class CancelOutcome:
    """Ids of orders that a cancel reached, and of those that may still rest, each with the exchange's words."""

    cancelled: tuple[int, ...] = ()
    failed: dict[int, str] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        return not self.failed


@dataclass(frozen=True, slots=True)
class ConfigurationChange:
    """Orders that a change of configuration took away, by exchange; and the outcome for each, where not all went."""

    cancelled: dict[str, int] = field(default_factory=dict)
    outcome: CancelOutcome = field(default_factory=CancelOutcome)


class MarketMaking(Protocol):
    """Commands on one client's trading. All answer after the change is committed and carried out."""

    async def switch(self, client: str, switch: Switch, reason: str | None, actor: str) -> tuple[Result, CancelOutcome]:
        """Turns one of the client's switches; a stop answers what was cancelled."""
        ...

    async def cancel(
        self, client: str, *, order_id: int | None = None, exchange: str | None = None, fixture_id: str | None = None
    ) -> CancelOutcome:
        """Cancels one open order, or all that match; empty when none does."""
        ...

    async def reconfigure(self, client: str) -> ConfigurationChange:
        """The client's tournaments or market types have changed in the database: quotes follow at once."""
        ...

    async def covers(self, client: str, tournament_id: int) -> bool:
        """Whether the client's bookmaker quotes the tournament now."""
        ...
