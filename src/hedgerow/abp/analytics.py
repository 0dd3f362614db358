"""Profit and loss, and open positions, by bookmaker, account or user reference. Pure.

Amounts are in USD at the rate of the time of placement, each bet rounded to the cent once, so that groups add up to
their totals. The stake of a lay bet is the money at risk in it: a loss then costs what was staked.
Source: contract, Settlement and analytics.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

from hedgerow.core.states import BetSettlement, BetStatus

ZERO = Decimal(0)
_CENT, _TENTH = Decimal("0.01"), Decimal("0.1")


class GroupBy(StrEnum):
    BOOKMAKER = "bookmaker"
    ACCOUNT = "account"
    USER_REF = "userRef"


@dataclass(frozen=True, slots=True)
class BetFact:
    """A bet that was taken. Amounts in its currency; usd_rate: units per USD when it was placed; at_risk: the stake of
    a back bet, the liability of a lay; paid: what came back, None while it is not settled."""

    bookmaker: str
    account: str
    user_ref: str
    fixture_id: str
    status: BetStatus
    settlement: BetSettlement
    price: Decimal
    at_risk: Decimal
    paid: Decimal | None
    usd_rate: Decimal


@dataclass(frozen=True, slots=True)
class Group:
    """What a row stands for; None where it is not grouped by."""

    bookmaker: str | None = None
    account: str | None = None
    user_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Pnl:
    """Of settled bets. win_rate: per cent with one decimal; None without bets."""

    group: Group
    settled_bets: int
    wins: int
    losses: int
    voids: int
    pushes: int
    total_staked: Decimal
    total_won: Decimal
    total_lost: Decimal

    @property
    def net_pnl(self) -> Decimal:
        return self.total_won - self.total_staked

    @property
    def win_rate(self) -> Decimal | None:
        if not self.settled_bets:
            return None
        return (Decimal(100 * self.wins) / self.settled_bets).quantize(_TENTH, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Position:
    """Of bets that stand and are not settled. avg_price: weighted by stake; fixtures: distinct ones."""

    group: Group
    open_bets: int
    total_stake: Decimal
    avg_price: Decimal | None
    fixtures: int


_WINS = (BetSettlement.WON, BetSettlement.HALF_WON)
_LOSSES = (BetSettlement.LOST, BetSettlement.HALF_LOST)
_OPEN = (BetStatus.PLACED, BetStatus.CONFIRMED)


def pnl(bets: Iterable[BetFact], by: GroupBy) -> list[Pnl]:
    """One row a group, in the order of their names."""
    settled = [bet for bet in bets if bet.settlement is not BetSettlement.UNSETTLED]
    return [_pnl(group, members) for group, members in _grouped(settled, by)]


def positions(bets: Iterable[BetFact], by: GroupBy) -> list[Position]:
    """One row a group, in the order of their names."""
    standing = [bet for bet in bets if bet.settlement is BetSettlement.UNSETTLED and bet.status in _OPEN]
    return [_position(group, members) for group, members in _grouped(standing, by)]


def usd(amount: Decimal, rate: Decimal) -> Decimal:
    """The amount in USD, to the cent. rate: units per USD."""
    return (amount / rate).quantize(_CENT, rounding=ROUND_HALF_EVEN)


def _pnl(group: Group, bets: list[BetFact]) -> Pnl:
    def count(*settlements: BetSettlement) -> int:
        return sum(bet.settlement in settlements for bet in bets)

    staked = [usd(bet.at_risk, bet.usd_rate) for bet in bets]
    won = [usd(bet.paid or ZERO, bet.usd_rate) for bet in bets]
    lost = (stake - paid for bet, stake, paid in zip(bets, staked, won, strict=True) if bet.settlement in _LOSSES)
    return Pnl(
        group,
        len(bets),
        count(*_WINS),
        count(*_LOSSES),
        count(BetSettlement.VOID),
        count(BetSettlement.PUSH),
        sum(staked, ZERO),
        sum(won, ZERO),
        sum(lost, ZERO),
    )


def _position(group: Group, bets: list[BetFact]) -> Position:
    stakes = [usd(bet.at_risk, bet.usd_rate) for bet in bets]
    total = sum(stakes, ZERO)
    weighted = sum((stake * bet.price for stake, bet in zip(stakes, bets, strict=True)), ZERO)
    return Position(group, len(bets), total, weighted / total if total else None, len({bet.fixture_id for bet in bets}))


def _grouped(bets: Iterable[BetFact], by: GroupBy) -> list[tuple[Group, list[BetFact]]]:
    groups: dict[Group, list[BetFact]] = {}
    for bet in bets:
        groups.setdefault(_group(bet, by), []).append(bet)
    return sorted(
        groups.items(), key=lambda item: (item[0].bookmaker or "", item[0].account or "", item[0].user_ref or "")
    )


def _group(bet: BetFact, by: GroupBy) -> Group:
    match by:
        case GroupBy.BOOKMAKER:
            return Group(bookmaker=bet.bookmaker)
        case GroupBy.ACCOUNT:
            return Group(bookmaker=bet.bookmaker, account=bet.account)
        case GroupBy.USER_REF:
            return Group(user_ref=bet.user_ref)
