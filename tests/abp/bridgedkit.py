"""One match of the served world at a bookmaker behind a bridge, and the order and the bets of client acme on it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.patience import PATIENCE_S

from hedgerow.abp.intake import OrderRequest
from hedgerow.abp.orders import PriceRule
from hedgerow.abp.service import AutomatedBetPlacing
from hedgerow.core.ids import NO_PLAYER, MarketId, MarketKey, VenueSlug
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.server import WorldServer
from hedgerow.storage.database import Database

from .runkit import ALCARAZ, SINNER, TENNIS


def offer(server: WorldServer, price: str) -> None:
    now_ms = server.world.clock.now_ms()
    told = ((SINNER, price), (ALCARAZ, "2.1"))
    server.world.put_odds(
        [
            Quote(outcome, "vertex", Decimal(odds), Decimal(500), Decimal(2), "USD", True, now_ms)
            for outcome, odds in told
        ]
    )


def is_told(service: AutomatedBetPlacing) -> bool:
    market = MarketKey(TENNIS, MarketId(SINNER.outcome_id))
    found = service._offers.offer(market, SINNER.outcome_id, VenueSlug("vertex"))
    return found is not None and found.unusable is None


def request() -> OrderRequest:
    return OrderRequest(
        request_uuid=str(uuid.uuid4()),
        fixture_id=TENNIS,
        outcome_id=SINNER.outcome_id,
        player_id=NO_PLAYER,
        price=Decimal("1.7"),
        stake=Decimal(10),
        user_ref="bettor1",
        is_test=False,
        bookmakers=None,
        currency="USD",
        is_back=True,
        expires_at=None,
        accepts_better=True,
        accepts_partial=True,
        price_rule=PriceRule.EACH,
        meta={},
    )


async def until(database: Database, done: Callable[[list[Any]], bool]) -> list[Any]:
    """The bets, when they are as wanted."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            rows = await database.fetch("select * from bets")
            if done(rows):
                return rows
            await asyncio.sleep(0.02)
