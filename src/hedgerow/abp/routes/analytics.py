"""Open positions, and profit and loss, in USD at the rates of the time of placement."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from hedgerow.abp.analytics import BetFact, Group, GroupBy, Pnl, Position, pnl, positions
from hedgerow.abp.context import CallerOf, Context
from hedgerow.abp.events import Shape
from hedgerow.abp.routes.answers import ERRORS, MALFORMED, Text
from hedgerow.abp.schemas import PnlResponse, PositionsResponse
from hedgerow.api.answers import ExactRoute, JsonAnswer

router = APIRouter(tags=["Analytics"], route_class=ExactRoute, responses=ERRORS)

_PRICE_STEP = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Facts:
    """The caller's bets that match all of the filters, and how to group them."""

    by: GroupBy
    bets: list[BetFact]


async def _facts(
    caller: CallerOf,
    context: Context,
    group_by: Annotated[GroupBy, Query(alias="groupBy")] = GroupBy.BOOKMAKER,
    bookmaker: Text = None,
    user_ref: Annotated[Text, Query(alias="userRef")] = None,
    account: Text = None,
) -> Facts:
    bets = await context.orders.bet_facts(caller.name, bookmaker=bookmaker, account=account, user_ref=user_ref)
    return Facts(group_by, bets)


FactsOf = Annotated[Facts, Depends(_facts)]


@router.get("/positions", response_model=PositionsResponse, responses=MALFORMED)
async def get_positions(facts: FactsOf) -> JsonAnswer:
    """Bets that stand and are not settled, by bookmaker, account or userRef."""
    found = positions(facts.bets, facts.by)
    return JsonAnswer(
        {
            "status": "success",
            "groupBy": facts.by.value,
            "positions": [_position(one) for one in found],
            "count": len(found),
            "totalStake": sum((one.total_stake for one in found), Decimal(0)),
            "totalOpenBets": sum(one.open_bets for one in found),
        }
    )


@router.get("/pnl", response_model=PnlResponse, responses=MALFORMED)
async def get_pnl(facts: FactsOf) -> JsonAnswer:
    """What settled bets have brought, by bookmaker, account or userRef. `netPnl` is `totalWon` less `totalStaked`."""
    found = pnl(facts.bets, facts.by)
    return JsonAnswer(
        {
            "status": "success",
            "groupBy": facts.by.value,
            "pnl": [_pnl(one) for one in found],
            "count": len(found),
            "totalNetPnl": sum((one.net_pnl for one in found), Decimal(0)),
            "totalStaked": sum((one.total_staked for one in found), Decimal(0)),
            "totalSettledBets": sum(one.settled_bets for one in found),
        }
    )


def _group(group: Group) -> Shape:
    return {"bookmaker": group.bookmaker, "account": group.account, "userRef": group.user_ref}


def _position(one: Position) -> Shape:
    return {
        **_group(one.group),
        "openBets": one.open_bets,
        "totalStake": one.total_stake,
        "avgPrice": None if one.avg_price is None else one.avg_price.quantize(_PRICE_STEP),
        "fixtureIds": one.fixtures,
    }


def _pnl(one: Pnl) -> Shape:
    return {
        **_group(one.group),
        "settledBets": one.settled_bets,
        "wins": one.wins,
        "losses": one.losses,
        "voids": one.voids,
        "pushes": one.pushes,
        "totalStaked": one.total_staked,
        "totalWon": one.total_won,
        "totalLost": one.total_lost,
        "netPnl": one.net_pnl,
        "winRate": one.win_rate,
    }
