"""A bet whose id can be computed leaves after the id is committed, and not at all when it was decided meanwhile."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable
from hedgerow.core.ids import NO_PLAYER, ClientName, FixtureId, MarketId, OutcomeId, VenueSlug
from hedgerow.core.odds import OddsMicros
from hedgerow.core.secrets import Secret, Vault
from hedgerow.core.states import BetStatus
from hedgerow.execution.guard import FAILURES_TO_OPEN, OPEN_FOR_S, Breakers
from hedgerow.execution.placement import NO_LAY, Placement, intent_of
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.bets import Bet, Bets
from hedgerow.storage.database import Database
from hedgerow.venues.base import BetIntent, BetReport
from hedgerow.venues.registry import venue

CLOCK = SteppedClock(1_795_190_000 * NS_PER_S)
KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


class Exchange:
    """Names bets as Polymarket does, and notes what the database knew when a bet left."""

    def __init__(
        self,
        database: Database,
        *,
        decided: bool = False,
        slug: str = "polymarket",
        fault: BaseException | None = None,
    ) -> None:
        self.manifest, self._fault = venue(slug).manifest, fault
        self.left: list[tuple[str, str]] = []
        self._database, self._decided = database, decided

    async def name(self, bet: BetIntent) -> str:
        if self._decided:
            await self._database.execute("update bets set status = 'FAILED'")
        return "0xabc"

    async def place(self, bet: BetIntent) -> BetReport:
        row = await self._database.fetchrow("select status, bookmaker_bet_id from bets")
        self.left.append(tuple(row))
        if self._fault is not None:
            raise self._fault
        return BetReport(bet.reference, BetStatus.CONFIRMED, "0xabc", OddsMicros(1_900_000), Decimal(10))


@pytest.fixture
async def bet(database: Database) -> Bet:
    """A committed bet of 10 at 1.8."""
    accounts = Accounts(database, CLOCK)
    client = ClientName("acme")
    await accounts.add_client(client, client)
    account = await accounts.add_account("polymarket", "main", client, vault=Vault(Secret(KEY)), credentials={})
    assert account is not None
    fixture, market, outcome = FixtureId("id1200231461061419"), MarketId(121), OutcomeId(121)
    made = Bet(
        str(uuid.uuid4()),
        "mm",
        client,
        account.account_id,
        VenueSlug("polymarket"),
        fixture,
        market,
        outcome,
        NO_PLAYER,
        Decimal("1.8"),
        Decimal(10),
        "USD",
        Decimal(1),
    )
    async with database.transaction() as connection:
        await Bets(database, CLOCK).insert(connection, [made])
    return made


async def sent(database: Database, bet: Bet, bookmaker: Any, breakers: Breakers | None = None) -> Any:
    placement = Placement(database, Bets(database, CLOCK), breakers or Breakers(CLOCK), CLOCK)
    intent = intent_of(bet, market_ref="m", outcome_ref="o", is_live=False)
    return await placement.send(bookmaker, bet, intent, covers=lambda _: Decimal(0))


async def test_the_id_is_committed_before_the_bet_leaves(database: Database, bet: Bet) -> None:
    exchange = Exchange(database)
    await sent(database, bet, exchange)
    assert exchange.left == [("PENDING", "0xabc")]
    assert bet.status is BetStatus.CONFIRMED


async def test_a_bet_that_was_decided_while_it_was_named_does_not_leave(database: Database, bet: Bet) -> None:
    exchange = Exchange(database, decided=True)
    await sent(database, bet, exchange)
    assert (exchange.left, bet.status) == ([], BetStatus.FAILED)


async def test_a_lay_bet_never_reaches_a_bookmaker_that_takes_none(database: Database, bet: Bet) -> None:
    bookmaker = Exchange(database, slug="pinnacle")
    bet.is_back = False
    refusal = await sent(database, bet, bookmaker)
    assert (refusal.message, bookmaker.left, bet.status) == (NO_LAY, [], BetStatus.REJECTED)


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"decided": True},
        {"slug": "pinnacle"},
        {"fault": Refused("polymarket", "place", "no", reason=Reason.PRICE)},
        {"fault": Unavailable("polymarket", "place", "no")},
        {"fault": InDoubt("polymarket", "place", "no")},
        {"fault": RuntimeError("what nobody thought of")},
        {"fault": asyncio.CancelledError()},
    ],
    ids=["accepted", "decided", "no lay", "refused", "unavailable", "in doubt", "fault", "cancelled"],
)
async def test_trial_of_a_breaker_ends_with_its_bet(database: Database, bet: Bet, switches: dict[str, Any]) -> None:
    clock = SteppedClock(CLOCK.now_ns())
    breakers = Breakers(clock)
    for _ in range(FAILURES_TO_OPEN):
        breakers.failed(bet.account_id)
    clock.advance(OPEN_FOR_S)
    bet.is_back = "slug" not in switches
    with suppress(asyncio.CancelledError):
        await sent(database, bet, Exchange(database, **switches), breakers)
    clock.advance(OPEN_FOR_S)
    assert breakers.allows(bet.account_id)
