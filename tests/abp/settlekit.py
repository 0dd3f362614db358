"""A settler on a real database with a bookmaker that says what a test lets it say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, cast

from hedgerow.abp.booking import Booking
from hedgerow.abp.desks import Desk as AccountDesk
from hedgerow.abp.desks import Desks
from hedgerow.abp.settling import Settler
from hedgerow.core.ids import FixtureId, MarketId, OutcomeId, PlayerId
from hedgerow.core.states import BetSettlement, BetStatus, SettlementStatus
from hedgerow.execution.invariants import check
from hedgerow.feed.settlement import Grade
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.bets import Bet
from hedgerow.venues.base import Balance, BetReport, Manifest
from hedgerow.venues.registry import venue

from .abpkit import Desk, taken

FIXTURE = FixtureId("id1200231461061419")


@dataclass
class Teller:
    """A bookmaker: its statement, and what it says can be bet."""

    manifest: Manifest
    reports: list[BetReport] = field(default_factory=list)
    free: Decimal = Decimal(1000)

    async def settled(self, since_ms: int) -> list[BetReport]:
        return self.reports

    async def balance(self) -> Balance:
        return Balance(self.free, Decimal(0), "USD")

    def says(self, bet: Bet, settlement: str, payout: str, commission: str = "0", **changes: Any) -> None:
        """The last word on a bet."""
        self.reports = [report for report in self.reports if report.reference != bet.reference]
        self.reports.append(
            BetReport(
                bet.reference,
                changes.pop("status", BetStatus.CONFIRMED),
                settlement=BetSettlement(settlement),
                payout=Decimal(payout),
                commission=Decimal(commission),
                **changes,
            )
        )


@dataclass
class OneDesk:
    """`Desks` with the dollar account alone."""

    desk: AccountDesk

    def get(self, account_id: int) -> AccountDesk | None:
        return self.desk if account_id == self.desk.row.account_id else None

    def all(self) -> Iterable[AccountDesk]:
        return (self.desk,)


@dataclass
class Settling:
    """An account with 1,000 and what settles its bets."""

    rows: Desk
    teller: Teller
    desk: AccountDesk
    settler: Settler
    watched: list[FixtureId]
    asked: list[int]

    @classmethod
    async def on(cls, rows: Desk, *, has_statement: bool = True, **meta: str) -> Settling:
        await rows.deposit(rows.dollars, "1000")
        await rows.database.execute("update accounts set meta = $2 where account_id = $1", rows.dollars, meta)
        accounts = await Accounts(rows.database, rows.clock).accounts()
        row = next(one for one in accounts if one.account_id == rows.dollars)
        teller = Teller(replace(venue("vertex").manifest, has_statement=has_statement))
        watched: list[FixtureId] = []
        asked: list[int] = []
        desk = AccountDesk(row, cast("Any", teller), cast("Any", None), lambda: asked.append(1))
        settler = Settler(rows.database, rows.bets, cast("Desks", OneDesk(desk)), rows.clock, watched.append)
        return cls(rows, teller, desk, settler, watched, asked)

    async def bet(self, stake: str = "10", odds: str = "2", **changes: Any) -> Bet:
        """A bet that was taken."""
        bet = await self.rows.bet(await self.rows.order(stake=Decimal(stake)), stake, **changes)
        return await self.answer(taken(bet, stake, odds))

    async def answer(self, bet: Bet) -> Bet:
        async with self.rows.database.transaction() as connection:
            await Booking(self.rows.bets, self.rows.orders, self.rows.clock).write(connection, [bet])
        return bet

    async def read(self) -> None:
        await self.settler.read(self.desk)

    async def grade(self, status: SettlementStatus, *, is_push: bool = False) -> None:
        """The feed grades the outcome of all bets."""
        grade = Grade(MarketId(121), OutcomeId(121), PlayerId(0), status, None, is_push=is_push)
        await self.settler.take_grades(FIXTURE, (grade,))

    async def row(self, bet: Bet) -> tuple[str, str, Decimal | None, str | None]:
        """(status, settlement, payout, by whose word)."""
        found = await self.rows.database.fetchrow(
            "select status, settlement, payout, settled_by from bets where bet_id = $1", bet.bet_id
        )
        assert found is not None
        return found[0], found[1], found[2], found[3]

    async def money(self) -> dict[str, Decimal]:
        return await self.rows.balances(self.rows.dollars)

    async def actions(self) -> list[tuple[str, str]]:
        rows = await self.rows.database.fetch("select actor, action from audit order by audit_id")
        return [(row[0], row[1]) for row in rows]

    async def broken(self) -> list[str]:
        """The invariants that do not hold; the bets here were not routed and have no receipts."""
        found = await check(self.rows.database, second_look_s=0)
        return [name for name, rows in found.items() if rows and name != "conversion_is_recorded"]

    async def kinds(self, bet: Bet) -> list[str]:
        """The ledger's entries of a bet."""
        rows = await self.rows.database.fetch(
            "select kind from abp_ledger where bet_id = $1 order by entry_id", bet.bet_id
        )
        return [row[0] for row in rows]
