"""Bets are settled from the bookmaker's statement, and anew when it corrects itself."""

from __future__ import annotations

from decimal import Decimal

from hedgerow.abp.analytics import GroupBy, pnl
from hedgerow.abp.settling import Settler
from hedgerow.core.states import SettlementStatus
from hedgerow.storage.bets import Bets

from .runkit import LONG, SINNER, Floor


async def test_a_bet_is_settled_corrected_and_its_money_follows(floor: Floor) -> None:
    await floor.runner()
    _, desks = floor.started[0]
    await floor.ended(await floor.place(lives=LONG))
    settler = Settler(floor.database, Bets(floor.database, floor.world.clock), desks, floor.world.clock)
    await settler.read_all()
    assert await floor.money() == {"free": 9990, "staked": 10, "venue": -10_000}
    expected = ((SettlementStatus.WON, 18), (SettlementStatus.VOID, 10), (SettlementStatus.LOST, 0))
    for result, paid in expected:
        floor.pinnacle.book.settle(SINNER, result)
        await settler.read_all()
        await settler.read_all()
        assert await floor.money() == {"free": 9990 + paid, "venue": -9990 - paid}
        (row,) = pnl(await floor.orders.bet_facts("acme"), GroupBy.BOOKMAKER)
        assert (row.settled_bets, row.net_pnl) == (1, paid - 10)
    audit = await floor.database.fetch("select action, data from audit order by audit_id")
    assert [row["action"] for row in audit] == ["settled", "settled anew", "settled anew"]
    assert audit[1]["data"] == {"settlement": "VOID", "payout": Decimal(10), "before": "WON", "paid": Decimal(18)}


async def test_other_clients_see_nothing_of_it(floor: Floor) -> None:
    await floor.runner()
    await floor.ended(await floor.place(lives=LONG))
    assert await floor.orders.bet_facts("zenith") == []
    assert len(await floor.orders.bet_facts("acme", bookmaker="pinnacle", account="main", user_ref="bettor1")) == 1
    assert await floor.orders.bet_facts("acme", user_ref="somebody") == []
