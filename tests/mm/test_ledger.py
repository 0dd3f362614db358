"""A fill is recorded once, with the bets that hedge it or without any of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from hedgerow.core.clock import SteppedClock
from hedgerow.core.ids import ClientName, FixtureId, MarketId, OutcomeId, PlayerId, VenueSlug
from hedgerow.core.money import MICRO
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.core.states import BetStatus, FillState, Side
from hedgerow.mm.ledger import FillLedger
from hedgerow.mm.repository import FillRow, Repository
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.bets import Bet, Bets
from hedgerow.storage.database import Database, Fence

CLIENT, FIXTURE, MARKET = ClientName("demo"), FixtureId("id12990112000000001"), MarketId(121)
NO_PLAYER, NOW_MS = PlayerId(0), 1_771_151_400_123


class NotOursError(Exception):
    """The fixture is another process's."""


@dataclass
class Scene:
    """A ledger, and the accounts that its rows are of."""

    database: Database
    clock: SteppedClock
    exchange: int
    bookmaker: int

    def ledger(self, database: Database | None = None) -> FillLedger:
        database = database or self.database
        return FillLedger(database, Repository(database, self.clock), Bets(database, self.clock))

    def fill(self) -> FillRow:
        return FillRow(
            self.exchange, "trade-1", "v-1", 7, CLIENT, VenueSlug("kalshi"), FIXTURE, MARKET, OutcomeId(121), NO_PLAYER,
            Side.BUY, 450_000, 10 * MICRO, 4_500_000, 12_000, 10 * MICRO, FillState.PROVISIONAL, True, NOW_MS,
        )  # fmt: skip

    def bet(self, number: int, outcome: int = 122) -> Bet:
        return Bet(
            f"00000000-0000-4000-8000-{number:012d}", "mm", CLIENT, self.bookmaker, VenueSlug("bridge"), FIXTURE,
            MARKET, OutcomeId(outcome), NO_PLAYER, Decimal("1.9"), Decimal("5.26"), "USD", Decimal(1), order_id=7,
            planned_odds=Decimal("1.91"), needs=Decimal(10),
        )  # fmt: skip

    async def count(self, table: str) -> int:
        found: int = await self.database.fetchval(f"select count(*) from {table}")
        return found


@pytest.fixture
async def scene(database: Database) -> Scene:
    clock = SteppedClock(NOW_MS * 1_000_000)
    accounts, vault, ids = Accounts(database, clock), Vault(Secret(new_master_key())), []
    await accounts.add_client("demo", "Demo")
    for venue in ("kalshi", "bridge"):
        account = await accounts.add_account(venue, "main", "demo", vault=vault, credentials={"key": "k"})
        assert account is not None
        ids.append(account.account_id)
    return Scene(database, clock, *ids)


async def test_fill_and_its_bets_are_there_together(scene: Scene) -> None:
    bets = [scene.bet(1), scene.bet(2, outcome=123)]
    assert await scene.ledger().commit(scene.fill(), bets)
    rows = await scene.database.fetch(
        "select bet_id, outcome_id, status, needs, order_id from bets order by outcome_id"
    )
    assert [tuple(row) for row in rows] == [
        (bets[0].bet_id, 122, BetStatus.PENDING, 10, 7),
        (bets[1].bet_id, 123, BetStatus.PENDING, 10, 7),
    ]
    assert [bet.created_at for bet in bets] == [scene.clock.now()] * 2
    told = await scene.database.fetchval("select count(*) from outbox where channel = 'bets'")
    assert told == 2


async def test_every_figure_of_a_fill_is_written_as_it_was(scene: Scene) -> None:
    await scene.ledger().commit(scene.fill(), [])
    [found] = await Repository(scene.database, scene.clock).fills_of_account(scene.exchange, 0)
    assert found == scene.fill()


async def test_every_figure_of_its_bets_is_written_as_it_was(scene: Scene) -> None:
    bets = [replace(scene.bet(number), hedge_commission=Decimal("0.02")) for number in (1, 2, 3)]
    await scene.ledger().commit(scene.fill(), bets)
    assert await Bets(scene.database, scene.clock).of_market(CLIENT, FIXTURE, MARKET) == bets


async def test_repeated_fill_writes_neither_itself_nor_its_bets(scene: Scene) -> None:
    assert await scene.ledger().commit(scene.fill(), [])
    assert not await scene.ledger().commit(replace(scene.fill(), price=460_000), [scene.bet(1)])
    assert (await scene.count("mm_fills"), await scene.count("bets")) == (1, 0)
    assert await scene.database.fetchval("select price from mm_fills") == Decimal("0.45")


async def test_bet_that_cannot_be_written_keeps_its_fill_from_being_written(scene: Scene) -> None:
    await scene.ledger().commit_bets([scene.bet(1)])
    with pytest.raises(Exception, match="reference"):
        await scene.ledger().commit(scene.fill(), [scene.bet(1)])
    assert await scene.count("mm_fills") == 0


async def test_process_that_lost_the_fixture_writes_neither_fill_nor_bets(scene: Scene) -> None:
    def admit(is_held: bool) -> None:
        if not is_held:
            raise NotOursError

    late = scene.ledger(scene.database.fenced(Fence("select 1 where false", admit)))
    with pytest.raises(NotOursError):
        await late.commit(scene.fill(), [scene.bet(1)])
    with pytest.raises(NotOursError):
        await late.commit_bets([scene.bet(1)])
    assert (await scene.count("mm_fills"), await scene.count("bets")) == (0, 0)


async def test_bets_of_fills_that_are_recorded_get_their_ids(scene: Scene) -> None:
    bets = [scene.bet(1), scene.bet(2)]
    await scene.ledger().commit_bets(bets)
    ids = [row["bet_id"] for row in await scene.database.fetch("select bet_id from bets order by reference")]
    assert [bet.bet_id for bet in bets] == ids
