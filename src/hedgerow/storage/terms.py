"""What an operator set for bookmakers and currencies; what is not set comes from manifests and from the feed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from hedgerow.core.clock import Clock
from hedgerow.storage.database import Database


@dataclass(frozen=True, slots=True)
class BookmakerTerms:
    """Of a venue. Limits in USD, for accounts without limits of their own; None: those of the odds."""

    slug: str
    is_active: bool = True
    default_limit: Decimal | None = None
    default_limit_min: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CurrencyRate:
    """Units of a currency per 1 USD, and who says so."""

    currency: str
    per_usd: Decimal
    source: Literal["feed", "operator"]
    updated_at: datetime


class Terms:
    """Repository of bookmakers' terms and currencies' rates."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def bookmakers(self) -> dict[str, BookmakerTerms]:
        """What is set, by slug."""
        rows = await self._database.fetch(
            "select slug, is_active, default_limit, default_limit_min from bookmakers order by slug"
        )
        return {row["slug"]: BookmakerTerms(**row) for row in rows}

    async def set_bookmaker_active(self, slug: str, is_active: bool) -> None:
        await self._database.execute(
            """insert into bookmakers (slug, is_active) values ($1, $2)
               on conflict (slug) do update set is_active = excluded.is_active""",
            slug,
            is_active,
        )

    async def set_bookmaker_limits(self, slug: str, limit: Decimal | None, limit_min: Decimal | None) -> None:
        """Both in USD; None removes one."""
        await self._database.execute(
            """insert into bookmakers (slug, default_limit, default_limit_min) values ($1, $2, $3)
               on conflict (slug) do update set default_limit = excluded.default_limit,
                 default_limit_min = excluded.default_limit_min""",
            slug,
            limit,
            limit_min,
        )

    async def currencies(self) -> list[CurrencyRate]:
        rows = await self._database.fetch(
            "select currency, per_usd, source, updated_at from currencies order by currency"
        )
        return [CurrencyRate(**row) for row in rows]

    async def set_currency(self, currency: str, per_usd: Decimal) -> None:
        """The operator's rate, which the feed's does not replace."""
        await self._database.execute(
            """insert into currencies (currency, per_usd, source, updated_at) values ($1, $2, 'operator', $3)
               on conflict (currency) do update set per_usd = excluded.per_usd, source = excluded.source,
                 updated_at = excluded.updated_at""",
            currency,
            per_usd,
            self._clock.now(),
        )

    async def remove_currency(self, currency: str) -> bool:
        """Removes the operator's rate, so that the feed's is taken again; False when there is none."""
        row = await self._database.fetchrow(
            "delete from currencies where currency = $1 and source = 'operator' returning currency", currency
        )
        return row is not None
