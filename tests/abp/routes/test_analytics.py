"""Positions and profit and loss over HTTP."""

from __future__ import annotations

from decimal import Decimal

from tests.abp.abpkit import taken

from .apikit import RIVAL_KEY, Api


async def bet(api: Api, number: int, stake: str, settlement: str = "UNSETTLED", payout: str | None = None) -> None:
    order = await api.desk.order(request_uuid=f"eb45b192-317b-42d5-9f65-{number:012d}", user_ref=f"ref{number % 2}")
    made = taken(await api.desk.bet(order, stake), odds="1.5")
    async with api.database.transaction() as connection:
        await api.desk.bets.save_answer(connection, made)
    await api.database.execute(
        "update bets set settlement = $2, payout = $3 where bet_id = $1",
        made.bet_id,
        settlement,
        None if payout is None else Decimal(payout),
    )


async def test_profit_and_loss_adds_up(api: Api) -> None:
    for number, row in enumerate((("10", "WON", "15"), ("20", "LOST", "0"), ("5", "VOID", "5"), ("7",))):
        await bet(api, number, *row)
    found = await api.get("/pnl")
    assert found["pnl"] == [
        {
            "bookmaker": "pinnacle",
            "account": None,
            "userRef": None,
            "settledBets": 3,
            "wins": 1,
            "losses": 1,
            "voids": 1,
            "pushes": 0,
            "totalStaked": 35,
            "totalWon": 20,
            "totalLost": 20,
            "netPnl": -15,
            "winRate": Decimal("33.3"),
        }
    ]
    assert (found["totalNetPnl"], found["totalStaked"], found["totalSettledBets"]) == (-15, 35, 3)


async def test_positions_are_the_open_bets_by_any_group(api: Api) -> None:
    for number, row in enumerate((("10",), ("20",), ("5", "WON", "7.5"))):
        await bet(api, number, *row)
    found = await api.get("/positions", groupBy="userRef")
    assert [(one["userRef"], one["openBets"], one["totalStake"]) for one in found["positions"]] == [
        ("ref0", 1, 10),
        ("ref1", 1, 20),
    ]
    assert (found["groupBy"], found["totalStake"], found["totalOpenBets"]) == ("userRef", 30, 2)
    only = await api.get("/positions", groupBy="account", userRef="ref1", bookmaker="pinnacle", account="pinnacle_main")
    assert [(one["account"], one["avgPrice"], one["fixtureIds"]) for one in only["positions"]] == [
        ("pinnacle_main", Decimal("1.5"), 1)
    ]


async def test_groups_of_another_client_are_empty(api: Api) -> None:
    await bet(api, 0, "10")
    api.http.headers["X-API-Key"] = RIVAL_KEY
    assert (await api.get("/positions"))["positions"] == []
    assert (await api.get("/pnl"))["count"] == 0


async def test_unknown_group_is_refused(api: Api) -> None:
    await api.ask("GET", "/pnl?groupBy=colour", 422)
