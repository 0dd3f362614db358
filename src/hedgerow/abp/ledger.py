"""The ledger: the money of each account as moves between places, so that none appears or vanishes.

    venue ⇄ free → reserved → staked → free | venue

`free` can be bet, `reserved` is held for bets that are not answered, `staked` stands in accepted bets, `venue` is the
bookmaker's side. A move takes from one place what it gives to the other. The balances are kept by the database, in
the transaction of the entry. First the rules (pure), then the SQL.

Amounts are in the account's own currency. Nothing is converted at a bookmaker: what a stake is in the order's currency
stands in the bet, and both rates in the receipt of its decision (docs/decisions/0105).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from asyncpg import Connection

from hedgerow.abp.limits import at_risk
from hedgerow.core.states import BetStatus
from hedgerow.execution.amounts import Currency
from hedgerow.storage.bets import Bet

ZERO = Decimal(0)


class Place(StrEnum):
    FREE = "free"
    RESERVED = "reserved"
    STAKED = "staked"
    VENUE = "venue"


class Kind(StrEnum):
    """Why money moved."""

    RESERVE = "reserve"  # a bet is about to be sent
    RELEASE = "release"  # it was refused, never sent, or taken in part
    STAKE = "stake"  # it was taken
    RETURN = "return"  # it was settled: what came back
    LOSS = "loss"  # it was settled: what did not
    COMMISSION = "commission"  # an exchange's share of net winnings
    CORRECTION = "correction"  # the bookmaker's own word differs from ours


@dataclass(frozen=True, slots=True)
class Move:
    """amount > 0, from one place to another."""

    kind: Kind
    source: Place
    target: Place
    amount: Decimal


# --- rules ---------------------------------------------------------------------------------------------------------


def reserve(amount: Decimal) -> list[Move]:
    """A bet is about to be sent."""
    return moving(Move(Kind.RESERVE, Place.FREE, Place.RESERVED, amount))


def answer(reserved: Decimal, taken: Decimal) -> list[Move]:
    """The bet is decided: `taken` is the money at risk in it, 0 when it was refused or never arrived."""
    return moving(
        Move(Kind.STAKE, Place.RESERVED, Place.STAKED, min(taken, reserved)),
        Move(Kind.RELEASE, Place.RESERVED, Place.FREE, reserved - taken),
        # A bookmaker that took more than it was asked for is believed, and the difference stands out.
        Move(Kind.CORRECTION, Place.FREE, Place.STAKED, taken - reserved),
    )


def settle(staked: Decimal, paid: Decimal, commission: Decimal = ZERO) -> list[Move]:
    """The bet is settled: `paid` comes back before the commission, the stake included."""
    return moving(
        Move(Kind.RETURN, Place.STAKED, Place.FREE, min(staked, paid)),
        Move(Kind.RETURN, Place.VENUE, Place.FREE, paid - staked),
        Move(Kind.LOSS, Place.STAKED, Place.VENUE, staked - paid),
        Move(Kind.COMMISSION, Place.FREE, Place.VENUE, commission),
    )


def settle_anew(before: Decimal, paid: Decimal) -> list[Move]:
    """The bookmaker corrects what it paid on a settled bet, commission taken."""
    return moving(
        Move(Kind.CORRECTION, Place.VENUE, Place.FREE, paid - before),
        Move(Kind.CORRECTION, Place.FREE, Place.VENUE, before - paid),
    )


def balances(moves: Iterable[Move], before: Mapping[Place, Decimal] | None = None) -> dict[Place, Decimal]:
    """What lies in each place after the moves."""
    after = {place: (before or {}).get(place, ZERO) for place in Place}
    for move in moves:
        after[move.source] -= move.amount
        after[move.target] += move.amount
    return after


def wanted_money(bet: Bet) -> Decimal:
    """The money that a bet which is to be sent puts at risk."""
    return at_risk(bet.requested_stake, bet.requested_odds, Currency(bet.currency, bet.usd_rate), is_back=bet.is_back)


def answered(bet: Bet, reserved: Decimal) -> list[Move]:
    """What an answered bet moves, as `bet` holds it afterwards; nothing while the answer is not known, nothing twice.
    reserved: what its row, locked, has reserved still."""
    if bet.status in (BetStatus.PENDING, BetStatus.PLACED) or not reserved:
        return []
    taken = taken_money(bet)
    bet.reserved, bet.staked = ZERO, taken
    return answer(reserved, taken)


def taken_money(bet: Bet) -> Decimal:
    """The money at risk in a bet as its bookmaker has taken it; 0 for one that does not stand."""
    if bet.status is not BetStatus.CONFIRMED or bet.placed_stake is None or bet.placed_odds is None:
        return ZERO
    if bet.at_risk is not None:
        return bet.at_risk
    return at_risk(bet.placed_stake, bet.placed_odds, Currency(bet.currency, bet.usd_rate), is_back=bet.is_back)


def moving(*moves: Move) -> list[Move]:
    """Those of the moves that move something."""
    return [move for move in moves if move.amount > 0]


# --- SQL -----------------------------------------------------------------------------------------------------------


async def lock_accounts(connection: Connection[Any], accounts: Mapping[int, str]) -> dict[int, Decimal]:
    """Locks the ledgers of accounts (id to currency) until the transaction ends, always in the same order, so that no
    two wait for each other. Answers what is free on each."""
    asked = list(accounts), list(accounts.values())
    rows = await connection.fetch(_LOCK, *asked)
    if len(rows) < len(accounts):
        await connection.execute(_OPEN, *asked)
        rows = await connection.fetch(_LOCK, *asked)
    return {row["account_id"]: row["amount"] for row in rows}


_LOCK = """select b.account_id, b.amount
           from abp_balances b
             join unnest($1::bigint[], $2::text[]) t (account_id, currency) using (account_id, currency)
           where b.place = 'free' order by b.account_id for update of b"""
_OPEN = """insert into abp_balances (account_id, currency, place)
           select account_id, currency, 'free' from unnest($1::bigint[], $2::text[]) t (account_id, currency)
           order by account_id on conflict do nothing"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A move on an account; bet_id: None where it belongs to none."""

    account_id: int
    currency: str
    move: Move
    bet_id: int | None


def entries_of(bet: Bet, moves: Iterable[Move]) -> list[Entry]:
    return [Entry(bet.account_id, bet.currency, move, bet.bet_id) for move in moves]


async def post(connection: Connection[Any], entries: Sequence[Entry], at: datetime) -> None:
    """Writes moves of accounts that the transaction has locked."""
    if not entries:
        return
    await connection.execute(
        """insert into abp_ledger (account_id, currency, kind, source, target, amount, bet_id, at)
           select t.*, $8
           from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::numeric[], $7::bigint[]) t""",
        [entry.account_id for entry in entries],
        [entry.currency for entry in entries],
        [entry.move.kind.value for entry in entries],
        [entry.move.source.value for entry in entries],
        [entry.move.target.value for entry in entries],
        [entry.move.amount for entry in entries],
        [entry.bet_id for entry in entries],
        at,
    )


async def hold(connection: Connection[Any], bets: Iterable[Bet], at: datetime) -> None:
    """Books what new bets have reserved. Their accounts are locked, and that they cover the bets is known."""
    await post(connection, [entry for bet in bets for entry in entries_of(bet, reserve(bet.reserved))], at)


async def book_settlement(
    connection: Connection[Any], bet: Bet, before: Decimal | None, commission: Decimal, at: datetime
) -> None:
    """Books `bet.payout`, what came back with the commission taken; `before`: what was booked as paid earlier. A
    correction is booked as the difference, whatever of it is commission."""
    if bet.payout is None:
        return
    await lock_accounts(connection, {bet.account_id: bet.currency})
    if before is None:
        moves = settle(bet.staked, bet.payout + commission, commission)
    else:
        moves = settle_anew(before, bet.payout)
    await post(connection, entries_of(bet, moves), at)
    await connection.execute("update bets set staked = 0 where bet_id = $1", bet.bet_id)
    bet.staked = ZERO
