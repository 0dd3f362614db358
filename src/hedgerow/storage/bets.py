"""Bets at bookmakers, whoever placed them: the only writer of bet states.

A bet is inserted PENDING, with the reference that its bookmaker will be asked by, in a transaction that is committed
before the request leaves. What comes back moves it along `core.states.BET_MOVES`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, NoReturn

import asyncpg
from asyncpg import Connection, Record

from hedgerow.core.clock import Clock
from hedgerow.core.ids import ClientName, FixtureId, MarketId, OutcomeId, PlayerId, VenueSlug
from hedgerow.core.states import BetStatus, check_bet_move
from hedgerow.storage.database import HELD, Database


@dataclass(slots=True)
class Bet:
    """A bet row. Money in `currency`. Of market making: `needs` and `covers` are payouts in USD, `hedge_commission` is
    the share of net winnings that the account pays.

    Of automated bet placing: `order_stake` is what it stands for in its order's currency, `reserved` and `staked` what
    the ledger holds for it now, `offer_ms` when the offer that it takes last moved, `runner` the process that sends it.
    `at_risk` is what the bet took from the balance, None where the stake and the odds say it.
    Of all: `feed_settlement` is how the feed grades it, `settled_by` whose word counts: `bookmaker`, `feed` or
    `operator`.
    """

    reference: str
    origin: str
    client: ClientName
    account_id: int
    bookmaker: VenueSlug
    fixture_id: FixtureId
    market_id: MarketId
    outcome_id: OutcomeId
    player_id: PlayerId
    requested_odds: Decimal
    requested_stake: Decimal
    currency: str
    usd_rate: Decimal
    order_id: int | None = None
    planned_odds: Decimal | None = None
    needs: Decimal | None = None
    covers: Decimal = Decimal(0)
    status: BetStatus = BetStatus.PENDING
    in_doubt: bool = False
    reason: str = ""
    bookmaker_bet_id: str | None = None
    placed_odds: Decimal | None = None
    placed_stake: Decimal | None = None
    settlement: str = "UNSETTLED"
    payout: Decimal | None = None
    sent_data: Mapping[str, Any] = field(default_factory=dict)
    received_data: Mapping[str, Any] = field(default_factory=dict)
    is_test: bool = False
    bet_id: int = 0
    created_at: datetime | None = None
    sent_at: datetime | None = None
    placed_at: datetime | None = None
    settled_at: datetime | None = None
    is_back: bool = True
    order_stake: Decimal | None = None
    offer_ms: int | None = None
    runner: str | None = None
    reserved: Decimal = Decimal(0)
    staked: Decimal = Decimal(0)
    at_risk: Decimal | None = None
    feed_settlement: str | None = None
    settled_by: str | None = None
    hedge_commission: Decimal = Decimal(0)

    def move_to(self, status: BetStatus, reason: str = "") -> None:
        """Changes the status by the table of legal moves. Raises IllegalMoveError."""
        check_bet_move(self.reference, self.status, status)
        self.status = status
        self.reason = reason or self.reason

    @property
    def is_open(self) -> bool:
        """Whether its bookmaker has not decided about it yet."""
        return self.status in (BetStatus.PENDING, BetStatus.PLACED)

    def become(self, other: Bet) -> None:
        """Takes over all that another copy of the same bet says."""
        for name in self.__slots__:
            setattr(self, name, getattr(other, name))


class _NotThereError(Exception):
    """The references were free: nothing had been committed."""


_COLUMNS = """reference::text, origin, client, account_id, bookmaker, fixture_id, market_id, outcome_id, player_id,
    requested_odds, requested_stake, currency, usd_rate, order_id, planned_odds, needs, covers, status, in_doubt,
    reason, bookmaker_bet_id, placed_odds, placed_stake, settlement, payout, sent_data, received_data, is_test, bet_id,
    created_at, sent_at, placed_at, settled_at, is_back, order_stake, offer_ms, runner::text, reserved, staked,
    at_risk, feed_settlement, settled_by, hedge_commission"""

_NEW = {
    "reference": "uuid",
    "origin": "text",
    "client": "text",
    "account_id": "bigint",
    "bookmaker": "text",
    "fixture_id": "text",
    "market_id": "bigint",
    "outcome_id": "bigint",
    "player_id": "bigint",
    "order_id": "bigint",
    "requested_odds": "numeric",
    "requested_stake": "numeric",
    "currency": "text",
    "usd_rate": "numeric",
    "planned_odds": "numeric",
    "needs": "numeric",
    "is_test": "boolean",
    "is_back": "boolean",
    "order_stake": "numeric",
    "offer_ms": "bigint",
    "runner": "uuid",
    "reserved": "numeric",
    "hedge_commission": "numeric",
}
"""What is written of a new bet, with the type of its column."""
_OF_ORDERS = frozenset({"is_test", "is_back", "order_stake", "offer_ms", "runner", "reserved"})
"""Said of clients' orders alone: a hedge has what the columns have without a word."""
_NEW_HEDGE = {name: kind for name, kind in _NEW.items() if name not in _OF_ORDERS}
_ANSWERED = (
    "bet_id",
    "status",
    "in_doubt",
    "reason",
    "bookmaker_bet_id",
    "placed_odds",
    "placed_stake",
    "covers",
    "sent_data",
    "received_data",
    "sent_at",
    "placed_at",
    "order_id",
    "order_stake",
    "reserved",
    "staked",
    "at_risk",
)


@cache
def insertion(count: int, first: int, created_at: int, *, only_if: str) -> tuple[str, str]:
    """What `Database.write` is told to write so many new hedges, at least one, PENDING: its part, and the columns that
    answer their ids, see `inserted`. first: the number of the first of its parameters, see `values_of_new`; created_at:
    of the parameter that has the time; only_if: a condition on all of them.

    Plain rows, and a plain column for each: for the one or two bets of a fill, arrays cost both sides more than the
    rows themselves, and JSON more than their ids.
    """
    end = first + count * len(_NEW_HEDGE)
    numbers = iter(range(first, end))
    rows = ", ".join(f"({_row_of_new(numbers)})" for _ in range(count))
    written = _insertion(_NEW_HEDGE, f"(values {rows})", f"${created_at}", only_if)
    part = f"bet as ({written} returning reference, bet_id)"
    references = range(first, end, len(_NEW_HEDGE))  # a row's first value
    ids = (
        f"(select bet_id from bet where reference = ${number}) as bet_{place}"
        for place, number in enumerate(references)
    )
    return part, ", ".join(ids)


def _row_of_new(numbers: Iterator[int]) -> str:
    return ", ".join(f"${next(numbers)}::{kind}" for kind in _NEW_HEDGE.values())


def _insertion(columns: Iterable[str], rows: str, created_at: str, only_if: str) -> str:
    return f"""insert into bets ({", ".join(columns)}, status, created_at)
               select t.*, 'PENDING', {created_at}::timestamptz from {rows} t where {only_if}"""


_ARRAYS = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(_NEW.values(), 1))
_MANY = _insertion(_NEW, f"unnest({_ARRAYS})", f"${len(_NEW) + 1}", "true")
_INSERT_MANY = f"{_MANY} returning reference::text, bet_id"
"""Of any number, with an array for each column: one statement, whatever the size of a group."""


def values_of_new(bets: Iterable[Bet]) -> list[object]:
    """The parameters of an `insertion`, but the time."""
    return [getattr(bet, name) for bet in bets for name in _NEW_HEDGE]


def inserted(bets: Sequence[Bet], row: Record, now: datetime) -> None:
    """The bets have been written. row: the answer of their `insertion`."""
    for place, bet in enumerate(bets):
        bet.bet_id, bet.created_at = row[f"bet_{place}"], now


class Bets:
    """Repository of bets."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def insert(self, connection: Connection[Any], bets: Iterable[Bet]) -> None:
        """Writes new bets, PENDING, inside the caller's transaction; sets their ids."""
        bets, now = list(bets), self._clock.now()
        if bets:
            ids = dict(await connection.fetch(_INSERT_MANY, *_columns(bets, tuple(_NEW)), now))
            for bet in bets:
                bet.bet_id, bet.created_at = ids[bet.reference], now

    async def commit(self, bets: Sequence[Bet]) -> None:
        """Commits new hedges, at least one, PENDING, in one round trip; sets their ids. Raises StorageError."""
        now = self._clock.now()
        part, ids = insertion(len(bets), 2, 1, only_if=HELD)
        inserted(bets, await self._database.write(part, ids, now, *values_of_new(bets)), now)

    async def save_answer(self, connection: Connection[Any], *bets: Bet) -> frozenset[int]:
        """Writes what became of bets, each named once: their status, what was sent and taken, and the money that they
        hold. Answers the ids of those that were written: the others are decided already, and otherwise, by another
        process."""
        rows = await connection.fetch(
            """update bets b
               set status = t.status, in_doubt = t.in_doubt, reason = t.reason, bookmaker_bet_id = t.bookmaker_bet_id,
                   placed_odds = t.placed_odds, placed_stake = t.placed_stake, covers = t.covers,
                   sent_data = t.sent_data, received_data = t.received_data, sent_at = t.sent_at,
                   placed_at = t.placed_at, order_id = coalesce(b.order_id, t.order_id),
                   order_stake = t.order_stake, reserved = t.reserved, staked = t.staked, at_risk = t.at_risk
               from unnest($1::bigint[], $2::text[], $3::boolean[], $4::text[], $5::text[], $6::numeric[],
                           $7::numeric[], $8::numeric[], $9::jsonb[], $10::jsonb[], $11::timestamptz[],
                           $12::timestamptz[], $13::bigint[], $14::numeric[], $15::numeric[], $16::numeric[],
                           $17::numeric[])
                    t (bet_id, status, in_doubt, reason, bookmaker_bet_id, placed_odds, placed_stake, covers,
                       sent_data, received_data, sent_at, placed_at, order_id, order_stake, reserved, staked, at_risk)
               where b.bet_id = t.bet_id and (b.status in ('PENDING', 'PLACED') or b.status = t.status)
               returning b.bet_id""",
            *_columns(bets, _ANSWERED),
        )
        return frozenset(row[0] for row in rows)

    async def lock(self, connection: Connection[Any], bets: Iterable[Bet]) -> frozenset[int]:
        """Locks the rows of bets until the caller's transaction ends, always in the same order, and reads what they
        hold: another process may have written them since. Answers the ids of those that can be written as they are."""
        known = {bet.bet_id: bet for bet in bets}
        rows = await connection.fetch(
            """select bet_id, status, reserved, staked, order_stake from bets where bet_id = any($1)
               order by bet_id for update""",
            list(known),
        )
        for row in rows:
            bet = known[row["bet_id"]]
            bet.reserved, bet.staked, bet.order_stake = row["reserved"], row["staked"], row["order_stake"]
        open_ = (BetStatus.PENDING, BetStatus.PLACED)
        return frozenset(row["bet_id"] for row in rows if row["status"] in (*open_, known[row["bet_id"]].status))

    async def save_settlement(self, connection: Connection[Any], bet: Bet) -> None:
        """Writes how a bet was settled, or settled anew."""
        await connection.execute(
            """update bets set settlement = $2, payout = $3, settled_at = $4, status = $5, reason = $6, settled_by = $7,
                              covers = $8
               where bet_id = $1""",
            bet.bet_id,
            bet.settlement,
            bet.payout,
            bet.settled_at,
            bet.status.value,
            bet.reason,
            bet.settled_by,
            bet.covers,
        )

    async def of_orders(self, connection: Connection[Any], *order_ids: int) -> list[Bet]:
        """Bets of clients' orders (automated bet placing), oldest first, as the caller's transaction sees them."""
        rows = await connection.fetch(
            f"select {_COLUMNS} from bets where origin = 'abp' and order_id = any($1) order by bet_id", order_ids
        )
        return [_bet(row) for row in rows]

    async def committed(self, bets: Sequence[Bet]) -> list[Bet]:
        """Of bets that were to be inserted in one transaction whose outcome is not known: all of them as they stand, or
        none. A commit that the server is still at is waited for: inserting the same references again waits for it.
        Raises StorageError."""
        try:
            await self._insert_in_vain(bets)
        except _NotThereError:
            return []
        except asyncpg.UniqueViolationError:
            pass
        return await self._select("reference = any($1) order by bet_id", [bet.reference for bet in bets])

    async def _insert_in_vain(self, bets: Sequence[Bet]) -> NoReturn:
        """Rolled back in any case, by the error that it raises."""
        async with self._database.transaction() as connection:
            await self.insert(connection, [replace(bet) for bet in bets])
            raise _NotThereError

    async def locked(self, connection: Connection[Any], bet_id: int) -> Bet | None:
        """The bet as it stands, locked until the caller's transaction ends."""
        row = await connection.fetchrow(f"select {_COLUMNS} from bets where bet_id = $1 for update", bet_id)
        return _bet(row) if row else None

    async def unanswered(self, account_id: int) -> list[Bet]:
        """Bets of an account whose outcome is not known: sent, or perhaps sent, without an answer. Oldest first."""
        return await self._select("account_id = $1 and status in ('PENDING', 'PLACED') order by bet_id", account_id)

    async def of_market(self, client: str, fixture_id: str, market_id: int) -> list[Bet]:
        """Market making bets of a market that hold stake, or cover something, oldest first."""
        return await self._select(
            """client = $1 and fixture_id = $2 and market_id = $3 and origin = 'mm'
               and (status in ('PENDING', 'PLACED', 'CONFIRMED') or covers > 0) order by bet_id""",
            client,
            fixture_id,
            market_id,
        )

    async def unsettled(self, account_id: int) -> list[Bet]:
        """Accepted bets of an account that are not settled. Oldest first."""
        return await self._select(
            "account_id = $1 and status = 'CONFIRMED' and settlement = 'UNSETTLED' order by bet_id", account_id
        )

    async def named(self, account_id: int, bookmaker_bet_ids: list[str]) -> list[Bet]:
        """Bets of an account by the bookmaker's ids."""
        return await self._select("account_id = $1 and bookmaker_bet_id = any($2)", account_id, bookmaker_bet_ids)

    async def _select(self, condition: str, *values: Any) -> list[Bet]:
        rows = await self._database.fetch(f"select {_COLUMNS} from bets where {condition}", *values)
        return [_bet(row) for row in rows]


def _columns(bets: Sequence[Bet], names: Sequence[str]) -> list[list[Any]]:
    """The values of each field, over all bets."""
    return [[getattr(bet, name) for bet in bets] for name in names]


def _bet(row: Any) -> Bet:
    return Bet(**{**row, "status": BetStatus(row["status"])})
