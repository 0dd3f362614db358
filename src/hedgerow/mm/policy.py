"""What an operator set for a client's pricing and risk, as the database has it.

Clients set tournaments and market types by the API; what is here can cost more than they see, and is the operator's.
A running service reads it with its other settings; every change has its line in the audit trail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from hedgerow.core.clock import Clock
from hedgerow.core.ids import ClientName, VenueSlug
from hedgerow.core.money import decimal_of, micros
from hedgerow.mm.margins import Margin
from hedgerow.mm.pricing import Mode, Pricing
from hedgerow.storage import audit
from hedgerow.storage.database import Database

PricingScope = tuple[int | None, str | None]
"""A tournament and a market type; None: all of them."""


class Scope(StrEnum):
    """What a cap on stakes is for, from the narrowest to the widest."""

    OUTCOME = "outcome"
    FIXTURE = "fixture"
    TOURNAMENT = "tournament"
    EXCHANGE = "exchange"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Policy:
    """Of one client. caps: micros of USD, by scope and subject, "" for every subject without its own; fallbacks: the
    bookmakers that hedge, one after the other, what the client's own does not take."""

    pricings: Mapping[PricingScope, Pricing] = field(default_factory=dict)
    caps: Mapping[tuple[Scope, str], int] = field(default_factory=dict)
    max_daily_loss: Decimal | None = None
    loss_stopped_on: date | None = None
    max_reject_share: Decimal | None = None
    fallbacks: tuple[VenueSlug, ...] = ()

    def pricing_of(self, tournament_id: int, market_type: str) -> Pricing | None:
        """How a market is priced: as is set for its type in its tournament, for its tournament, for its type, for the
        client, in this order. None: by default."""
        scopes = ((tournament_id, market_type), (tournament_id, None), (None, market_type), (None, None))
        return next((self.pricings[scope] for scope in scopes if scope in self.pricings), None)

    def cap(self, scope: Scope, subject: str) -> int | None:
        """The most stake on a subject, micros of USD; None: no cap."""
        own = self.caps.get((scope, subject))
        return self.caps.get((scope, "")) if own is None else own


NO_POLICY = Policy()


class Policies:
    """Repository of policies."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def load(self, client: ClientName) -> Policy:
        """Everything that is set for a client."""
        pricing = await self._database.fetch("select * from mm_pricing where client = $1", client)
        caps = await self._database.fetch(
            "select scope, subject, max_stake from mm_stake_caps where client = $1", client
        )
        row = await self._database.fetchrow(
            """select max_daily_loss, loss_stopped_on, max_reject_share, fallback_bookmakers from mm_clients
               where client = $1""",
            client,
        )
        return Policy(
            {(found["tournament_id"], found["market_type"]): _pricing(found) for found in pricing},
            {(Scope(found["scope"]), found["subject"]): micros(found["max_stake"]) for found in caps},
            *(() if row is None else (*row[:3], tuple(row["fallback_bookmakers"]))),
        )

    async def stop_for_loss(self, client: ClientName, day: date, loss: Decimal) -> None:
        """The client is not quoted for on that day any more."""
        await self._change(
            client,
            "stopped for the day's loss",
            {"day": day.isoformat(), "loss": loss},
            "update mm_clients set loss_stopped_on = $2 where client = $1",
            day,
            actor="engine",
        )

    # --- the operator's changes ------------------------------------------------------------------------------

    async def set_pricing(self, client: ClientName, scope: PricingScope, pricing: Pricing | None) -> None:
        """None takes back what was set."""
        told = {"tournamentId": scope[0], "marketType": scope[1]}
        if pricing is None:
            sql = """delete from mm_pricing where client = $1 and tournament_id is not distinct from $2
                     and market_type is not distinct from $3"""
            await self._change(client, "pricing taken back", told, sql, *scope)
            return
        values = (
            pricing.mode.value,
            pricing.margin.value,
            *map(decimal_of, (pricing.edge, pricing.skew, pricing.full)),
        )
        await self._change(
            client,
            "pricing set",
            {**told, **dict(zip(("mode", "margin", "edge", "skew", "fullInventory"), values, strict=True))},
            """insert into mm_pricing (client, tournament_id, market_type, mode, margin, edge, skew, full_inventory)
               values ($1, $2, $3, $4, $5, $6, $7, $8)
               on conflict (client, tournament_id, market_type) do update set mode = excluded.mode,
                 margin = excluded.margin, edge = excluded.edge, skew = excluded.skew,
                 full_inventory = excluded.full_inventory""",
            *scope,
            *values,
        )

    async def set_cap(self, client: ClientName, scope: Scope, subject: str, max_stake: Decimal | None) -> None:
        """In USD; None takes the cap away."""
        told = {"scope": scope.value, "subject": subject, "maxStake": max_stake}
        if max_stake is None:
            sql = "delete from mm_stake_caps where client = $1 and scope = $2 and subject = $3"
            await self._change(client, "cap taken away", told, sql, scope.value, subject)
            return
        await self._change(
            client,
            "cap set",
            told,
            """insert into mm_stake_caps (client, scope, subject, max_stake) values ($1, $2, $3, $4)
               on conflict (client, scope, subject) do update set max_stake = excluded.max_stake""",
            scope.value,
            subject,
            max_stake,
        )

    async def set_stops(
        self, client: ClientName, max_daily_loss: Decimal | None, max_reject_share: Decimal | None
    ) -> None:
        """Sets both stops; None: no such stop. One that holds for today is released."""
        await self._change(
            client,
            "stops set",
            {"maxDailyLoss": max_daily_loss, "maxRejectShare": max_reject_share},
            """update mm_clients set max_daily_loss = $2, max_reject_share = $3, loss_stopped_on = null
               where client = $1""",
            max_daily_loss,
            max_reject_share,
        )

    async def set_fallbacks(self, client: ClientName, bookmakers: Sequence[VenueSlug]) -> None:
        """In the order in which they are asked; none: what the client's own bookmaker does not take waits for it."""
        await self._change(
            client,
            "fallback bookmakers set",
            {"bookmakers": list(bookmakers)},
            "update mm_clients set fallback_bookmakers = $2 where client = $1",
            list(bookmakers),
        )

    async def _change(
        self, client: str, action: str, told: Mapping[str, Any], sql: str, *values: Any, actor: str = "operator"
    ) -> None:
        async with self._database.transaction() as connection:
            await connection.execute(sql, client, *values)
            await audit.note(
                connection,
                self._clock.now(),
                actor=actor,
                subject="client",
                subject_id=client,
                action=action,
                data=told,
            )


def _pricing(row: Any) -> Pricing:
    amounts = (micros(row[name]) for name in ("edge", "skew", "full_inventory"))
    return Pricing(Mode(row["mode"]), Margin(row["margin"]), *amounts)
