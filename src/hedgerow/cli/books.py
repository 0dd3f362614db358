"""Our own trades per venue account, in the form in which they are compared with the venue's ledger."""

from __future__ import annotations

from decimal import Decimal

from hedgerow.cli.ledgers import OurTrade
from hedgerow.storage.database import Database


async def our_orders(database: Database, account_id: int) -> list[OurTrade]:
    """Orders of an exchange account that were filled, with their fills."""
    rows = await database.fetch(
        """select o.exchange_order_id, o.matched_stake, o.fees, o.payout, o.settlement_status,
                  (select jsonb_agg(jsonb_build_array(f.price, f.stake)) from mm_fills f
                   where f.order_id = o.order_id and f.state <> 'REVERSED') as fills
           from mm_orders o where o.account_id = $1 and o.matched_size > 0""",
        account_id,
    )
    return [
        OurTrade(
            row["exchange_order_id"],
            row["matched_stake"],
            row["payout"],
            row["settlement_status"],
            [(Decimal(price), Decimal(stake)) for price, stake in row["fills"] or ()],
            row["matched_stake"] + row["fees"],
        )
        for row in rows
    ]


async def our_bets(database: Database, account_id: int) -> list[OurTrade]:
    """Accepted bets of a bookmaker account."""
    rows = await database.fetch(
        """select bookmaker_bet_id, placed_stake, payout, settlement from bets
           where account_id = $1 and status in ('CONFIRMED', 'VOID')""",
        account_id,
    )
    return [
        OurTrade(
            row["bookmaker_bet_id"],
            row["placed_stake"],
            row["payout"],
            "UNDECIDED" if row["settlement"] == "UNSETTLED" else row["settlement"],
            (),
            row["placed_stake"],
        )
        for row in rows
    ]
