"""What the API of automated bet placing works with; made by whoever serves it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from hedgerow.abp.feedview import FeedView
from hedgerow.abp.profiles import ClientAccounts
from hedgerow.abp.repository import AbpOrders
from hedgerow.api.app import Check
from hedgerow.api.auth import Caller, authenticated
from hedgerow.bus.nats import Bus, BusError
from hedgerow.bus.subjects import SETTINGS_CHANGED
from hedgerow.core.clock import Clock
from hedgerow.core.errors import ApiError
from hedgerow.core.secrets import Vault
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database
from hedgerow.storage.terms import Terms


@dataclass(frozen=True, slots=True)
class ApiContext:
    """The parts that the API calls. checks: what `/readyz` asks besides the database and the bus."""

    database: Database
    accounts: Accounts
    clock: Clock
    vault: Vault
    feed: FeedView
    bus: Bus
    checks: Mapping[str, Check] = field(default_factory=dict)

    @property
    def orders(self) -> AbpOrders:
        return AbpOrders(self.database, self.clock)

    @property
    def profiles(self) -> ClientAccounts:
        """Accounts as their clients keep them."""
        return ClientAccounts(self.database, self.vault, self.clock)

    async def changed(self, client: str) -> None:
        """Tells whoever works for the client that its accounts have changed; who is not told reads them later."""
        with suppress(BusError):
            await self.bus.deliver([(SETTINGS_CHANGED, client.encode())])

    @property
    def terms(self) -> Terms:
        return Terms(self.database, self.clock)


def denied(what: str) -> ApiError:
    """What belongs to another client. what: order, bet or account."""
    return ApiError(403, {"message": f"Access denied to this {what}", "code": "FORBIDDEN"})


def _context(request: Request) -> ApiContext:
    context: ApiContext = request.app.state.context
    return context


Context = Annotated[ApiContext, Depends(_context)]
CallerOf = Annotated[Caller, Depends(authenticated)]
