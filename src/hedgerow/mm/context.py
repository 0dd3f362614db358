"""What the market making API works with; made by whoever serves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from hedgerow.api.app import Check
from hedgerow.api.auth import Caller, authenticated
from hedgerow.bus.nats import Bus
from hedgerow.core.clock import Clock
from hedgerow.core.config import Settings
from hedgerow.core.errors import ApiError
from hedgerow.mm.commands import MarketMaking
from hedgerow.mm.controls import Controls
from hedgerow.mm.operations import Operations
from hedgerow.mm.switches import Switches
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database


@dataclass(frozen=True, slots=True)
class ApiContext:
    """The parts that the API calls. checks: what `/readyz` asks besides the database and the bus."""

    database: Database
    accounts: Accounts
    clock: Clock
    market_making: MarketMaking
    bus: Bus
    settings: Settings
    checks: Mapping[str, Check] = field(default_factory=dict)

    @property
    def switches(self) -> Switches:
        """What is turned on, and the settings beside it."""
        return Switches(self.database, self.clock)

    def operations(self, caller: Caller) -> Operations:
        """What the caller changes, with its name in the audit trail."""
        return Operations(self.database, self.clock, caller.actor)

    async def controls(self, caller: Caller) -> Controls:
        """The caller's switches. Raises ApiError 404 for a client that market making was not set up for."""
        found = await self.switches.client_controls(caller.name)
        if found is None:
            raise ApiError(404, "Market making is not set up for this client")
        return found


def _context(request: Request) -> ApiContext:
    context: ApiContext = request.app.state.context
    return context


Context = Annotated[ApiContext, Depends(_context)]
CallerOf = Annotated[Caller, Depends(authenticated)]
