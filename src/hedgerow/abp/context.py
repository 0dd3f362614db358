"""What the API of automated bet placing works with; made by whoever serves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol

from fastapi import Depends
from starlette.requests import Request

from hedgerow.abp.feedview import FeedView
from hedgerow.abp.intake import Declined, OrderRequest
from hedgerow.abp.orders import AbpOrder
from hedgerow.abp.profiles import ClientAccounts
from hedgerow.abp.repository import AbpOrders, OrderFilter
from hedgerow.abp.service import Cancellation
from hedgerow.api.app import Check
from hedgerow.api.auth import Caller, authenticated
from hedgerow.bus.nats import Bus, BusError
from hedgerow.bus.subjects import SETTINGS_CHANGED
from hedgerow.core.clock import Clock
from hedgerow.core.errors import ApiError
from hedgerow.core.ids import ClientName, FixtureId, OutcomeId, PlayerId
from hedgerow.core.secrets import Vault
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database
from hedgerow.storage.terms import Terms


class BetPlacing(Protocol):
    """What the API asks of the service."""

    def check_room(self) -> None:
        """Raises ApiError 503 while too many orders wait to be taken in."""
        ...

    async def place(
        self, client: ClientName, key_bookmakers: frozenset[str] | None, requests: Sequence[OrderRequest]
    ) -> list[AbpOrder | Declined]:
        """Accepts or declines each, in the order given; what is accepted is committed."""
        ...

    async def cancel(self, client: ClientName, wanted: OrderFilter | None) -> Cancellation:
        """Stops the client's open orders, all or those of the filter; placed bets stay."""
        ...

    async def betslip(
        self,
        client: ClientName,
        fixture_id: FixtureId,
        outcome_id: OutcomeId,
        player_id: PlayerId,
        bookmakers: frozenset[str] | None,
    ) -> dict[str, Any]:
        """The betslip now. Raises ApiError 400, 403, 404."""
        ...


@dataclass(frozen=True, slots=True)
class ApiContext:
    """The parts that the API calls. checks: what `/readyz` asks besides the database and the bus."""

    database: Database
    accounts: Accounts
    clock: Clock
    vault: Vault
    feed: FeedView
    placing: BetPlacing
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


async def _context(request: Request) -> ApiContext:  # a plain function would be run in a thread
    context: ApiContext = request.app.state.context
    return context


Context = Annotated[ApiContext, Depends(_context)]
CallerOf = Annotated[Caller, Depends(authenticated)]
