"""Shadow mode as the parts that differ: accounts and bookmakers on paper, and nothing written of the real ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from hedgerow.core.clock import Clock
from hedgerow.core.ids import ClientName
from hedgerow.core.money import micros
from hedgerow.core.odds import OddsMicros
from hedgerow.core.states import BetSettlement, BetStatus, SettlementStatus
from hedgerow.execution.settlement import back_payout
from hedgerow.mm.controls import TournamentSettings
from hedgerow.mm.paper.bookmaker import PaperBookmaker, offered
from hedgerow.mm.paper.shadow_exchange import ShadowExchange
from hedgerow.mm.policy import Policies, Policy
from hedgerow.mm.roster import Roster
from hedgerow.mm.shadowing import LIVE, active_where
from hedgerow.storage.accounts import Accounts, VenueAccount
from hedgerow.storage.database import Database
from hedgerow.venues.base import BetReport, Bookmaker, Exchange, VenueContext
from hedgerow.venues.registry import build_exchange, venue

PAPER_MONEY = Decimal(10_000)
"""What every account begins with on paper, in its currency."""


class ShadowAccounts(Accounts):
    """Money on paper is not that of the accounts."""

    async def set_balance(self, account_id: int, free: Decimal, held: Decimal) -> None:
        """Written nowhere."""


class ShadowPolicies(Policies):
    """A day's loss on paper stops quoting on paper, for as long as the process runs; a real one does not."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database, clock)
        self._stopped: dict[ClientName, date] = {}

    async def load(self, client: ClientName) -> Policy:
        return replace(await super().load(client), loss_stopped_on=self._stopped.get(client))

    async def stop_for_loss(self, client: ClientName, day: date, loss: Decimal) -> None:
        self._stopped[client] = day


class ShadowRoster(Roster):
    """What is in shadow mode, and nothing else. database: where it writes."""

    def __init__(self, database: Database, *parts: Any, **options: Any) -> None:
        super().__init__(*parts, **options)
        self._money = PaperMoney(database)

    def _trades_for(self, client: ClientName) -> bool:
        """A client that has left shadow mode is kept until the end of the process: what it holds is settled."""
        return client in self._shadowed or client in self._engine.traders

    async def _tournaments(self, client: ClientName) -> dict[int, TournamentSettings]:
        """Active where shadow mode is on and nothing rests any more that was placed before it was."""
        shadow, live = self._shadowed.get(client, LIVE), await self._shadowing.still_live(client)
        return {
            t.tournament_id: active_where(t, t.tournament_id in shadow and t.tournament_id not in live)
            for t in await self._switches.tournaments(client)
        }

    def _exchange(self, row: VenueAccount, context: VenueContext) -> Exchange:
        inner = build_exchange(row.venue, context)
        return ShadowExchange(inner, self._clock, lambda: self._money.at_exchange(row.account_id))

    def _bookmaker(self, client: ClientName, row: VenueAccount, context: VenueContext) -> Bookmaker:
        return PaperBookmaker(
            venue(row.venue).manifest,
            row.currency,
            lambda bet: offered(self._engine, client, row.venue, bet),
            lambda: self._per_usd(row.currency),
            lambda: self._money.at_bookmaker(row.account_id),
            lambda: self._money.decided_bets(row.account_id),
        )


class PaperMoney:
    """What accounts have on paper, from what was traded on paper."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def at_exchange(self, account_id: int) -> Decimal:
        """Free money, what rests not taken off."""
        found: Decimal = await self._database.fetchval(
            """select $2 + coalesce(sum(case when settlement_status = 'UNDECIDED' then -matched_stake - fees
                                             else pnl end), 0)
               from mm_orders where account_id = $1 and matched_size > 0""",
            account_id,
            PAPER_MONEY,
        )
        return found

    async def at_bookmaker(self, account_id: int) -> Decimal:
        """Free money in the account's currency."""
        found: Decimal = await self._database.fetchval(
            """select $2 + coalesce(sum(coalesce(payout, 0) - coalesce(placed_stake, requested_stake)), 0)
               from bets where account_id = $1 and status in ('PENDING', 'PLACED', 'CONFIRMED')""",
            account_id,
            PAPER_MONEY,
        )
        return found

    async def decided_bets(self, account_id: int) -> list[BetReport]:
        """Bets that are settled otherwise than the feed says, as it says."""
        rows = await self._database.fetch(
            """select reference, bookmaker_bet_id, placed_odds, placed_stake, feed_settlement, hedge_commission
               from bets
               where account_id = $1 and status = 'CONFIRMED' and feed_settlement is distinct from settlement
                 and feed_settlement is not null and feed_settlement <> 'UNDECIDED' order by bet_id""",
            account_id,
        )
        return [_report(row) for row in rows]


def _report(row: Any) -> BetReport:
    graded, odds, stake = SettlementStatus(row["feed_settlement"]), row["placed_odds"], row["placed_stake"]
    back = back_payout(graded, stake, odds)
    kept = max(back - stake, Decimal(0)) * row["hedge_commission"]
    return BetReport(
        str(row["reference"]),
        BetStatus.CONFIRMED,
        row["bookmaker_bet_id"],
        OddsMicros(micros(odds)),
        stake,
        settlement=BetSettlement(graded.value),
        payout=(back - kept).quantize(Decimal("0.01")),
    )
