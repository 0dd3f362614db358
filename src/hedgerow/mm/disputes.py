"""Settlements compared: what the exchanges, the bookmaker and the feed say of the outcomes of one market.

Each order and each bet is settled by its own venue's word (`mm.settling`). Where two words cannot both be true - one
calls a match off that the other pays, a retirement is a win here and a refund there - the hedge is none, and somebody
has to know. The contradiction becomes a row, a line of the audit trail, a log line and a metric; nobody's word is
changed by it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any, NamedTuple

import structlog
from asyncpg import Connection

from hedgerow.core.observe import MM_DISPUTES
from hedgerow.core.states import BetSettlement, SettlementStatus, Side
from hedgerow.storage.audit import note
from hedgerow.storage.database import Database

_log = structlog.get_logger(__name__)

FEED = "feed"
MOST_HEDGES = 200
"""Of one market, in an explanation."""
_WAYS_OF_A_PAIR = 2
_WON = (SettlementStatus.WON, SettlementStatus.HALF_WON)


class Place(NamedTuple):
    """One market of one client."""

    client: str
    fixture_id: str
    market_id: int
    player_id: int


class Word(NamedTuple):
    """What somebody says of an outcome. source: a venue's slug, or `FEED`."""

    source: str
    outcome_id: int
    status: SettlementStatus


@dataclass(frozen=True, slots=True)
class Dispute:
    """A market whose settlements contradict each other. words: by who says it and outcome."""

    place: Place
    words: Mapping[str, Mapping[str, str]]
    pairs: Sequence[str]
    changed_at: datetime


def contradictions(words: Iterable[Word], ways: int) -> list[str]:
    """Who contradicts whom, as `kalshi/pinnacle`, sorted. ways: how many outcomes the market has."""
    known = sorted(set(words))
    return sorted({f"{one.source}/{other.source}" for one, other in combinations(known, 2) if _clash(one, other, ways)})


def _clash(one: Word, other: Word, ways: int) -> bool:
    """Whether no result of the match makes both true. One outcome of a market wins, or all are void."""
    if one.outcome_id == other.outcome_id:
        return one.status is not other.status
    if SettlementStatus.VOID in (one.status, other.status):
        return one.status is not other.status
    if ways == _WAYS_OF_A_PAIR:
        return other.status is not one.status.mirrored
    return one.status in _WON and other.status in _WON


# --- in the database -------------------------------------------------------------------------------------------------


async def compare(connection: Connection[Any], places: Iterable[Place], now: datetime) -> None:
    """Compares what is said of these markets now, inside the transaction that changes it, as its last step."""
    for place in sorted(set(places)):
        # Two transactions that settle two sides of a market at a time would not see each other's word.
        await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"disputes {place}")
        words = await _words(connection, place)
        pairs = contradictions(words, await _ways(connection, place.market_id))
        await _keep(connection, place, words, pairs, now)


async def _words(connection: Connection[Any], place: Place) -> list[Word]:
    rows = await connection.fetch(
        """select distinct source, outcome_id, side, status from (
             select exchange as source, outcome_id, side, settlement_status as status from mm_orders
             where client = $1 and fixture_id = $2 and market_id = $3 and player_id = $4 and matched_size > 0
             union all
             select $5, outcome_id, side, feed_settlement from mm_orders
             where client = $1 and fixture_id = $2 and market_id = $3 and player_id = $4 and matched_size > 0
             union all
             select bookmaker, outcome_id, 'buy', settlement from bets
             where client = $1 and fixture_id = $2 and market_id = $3 and player_id = $4 and origin = 'mm'
             union all
             select $5, outcome_id, 'buy', feed_settlement from bets
             where client = $1 and fixture_id = $2 and market_id = $3 and player_id = $4 and origin = 'mm') said
           where status is not null""",
        *place,
        FEED,
    )
    found = ((row, _status(row["status"])) for row in rows)
    return [
        Word(row["source"], row["outcome_id"], status if row["side"] == Side.BUY.value else status.mirrored)
        for row, status in found
        if status is not None
    ]


def _status(told: str) -> SettlementStatus | None:
    """A stored settlement as a decision of the outcome; None for one that says nothing of it: not decided, or sold
    back before."""
    if told in (SettlementStatus.UNDECIDED, BetSettlement.UNSETTLED, BetSettlement.CASHOUT):
        return None
    return SettlementStatus.VOID if told == BetSettlement.PUSH else SettlementStatus(told)


async def _ways(connection: Connection[Any], market_id: int) -> int:
    """0 for a market that the catalogue does not know: then only what is sure of any is compared."""
    ways: int | None = await connection.fetchval(
        "select jsonb_array_length(outcomes) from markets where market_id = $1", market_id
    )
    return ways or 0


async def _keep(
    connection: Connection[Any], place: Place, words: Sequence[Word], pairs: Sequence[str], now: datetime
) -> None:
    before = await connection.fetchrow(
        """select words, pairs, agreed_at from mm_disputes
           where client = $1 and fixture_id = $2 and market_id = $3 and player_id = $4""",
        *place,
    )
    known = set() if before is None or before["agreed_at"] is not None else set(before["pairs"])
    said = _by_source(words)
    if not pairs and not known:
        return
    if pairs and set(pairs) == known and before is not None and before["words"] == said:
        return
    await connection.execute(
        """insert into mm_disputes (client, fixture_id, market_id, player_id, words, pairs, found_at, changed_at,
                                    agreed_at)
           values ($1, $2, $3, $4, $5, $6, $7, $7, $8)
           on conflict (client, fixture_id, market_id, player_id) do update
           set words = excluded.words, pairs = excluded.pairs, changed_at = excluded.changed_at,
               agreed_at = excluded.agreed_at""",
        *place,
        said,
        list(pairs),
        now,
        None if pairs else now,
    )
    await note(
        connection,
        now,
        actor="engine",
        subject="market",
        subject_id=f"{place.fixture_id}/{place.market_id}/{place.player_id}",
        action="settlements disputed" if pairs else "settlements agree",
        data={"client": place.client, "words": said, "pairs": list(pairs)},
    )
    for pair in set(pairs) - known:
        MM_DISPUTES.labels(pair).inc()
        _log.warning("settlements are disputed", between=pair, words=said, **place._asdict())


def _by_source(words: Iterable[Word]) -> dict[str, dict[str, str]]:
    """For the row. Who says two things of one outcome is quoted with both."""
    said: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for word in sorted(set(words)):
        said[word.source][str(word.outcome_id)].append(word.status.value)
    return {
        source: {outcome: ", ".join(told) for outcome, told in outcomes.items()} for source, outcomes in said.items()
    }


async def disputes(database: Database, since: datetime, most: int) -> list[Dispute]:
    """Markets whose settlements contradict each other, and that changed since; the latest first."""
    rows = await database.fetch(
        """select * from mm_disputes where agreed_at is null and changed_at >= $1
           order by changed_at desc, client, fixture_id, market_id, player_id limit $2""",
        since,
        most,
    )
    return [Dispute(_place(row), row["words"], row["pairs"], row["changed_at"]) for row in rows]


async def settlement_of(database: Database, order: Any) -> dict[str, Any]:
    """How an order's market was settled, for its explanation. order: its row.

    hedges: that its fills led to, and that were sent for what several fills had left open.
    """
    place = _place(order)
    hedges = await database.fetch(
        """select bet_id as "betId", bookmaker, outcome_id as "outcomeId", nullif(settlement, 'UNSETTLED') as
                  "settlementStatus", feed_settlement as "feedSettlementStatus", placed_stake as "placedStake", payout,
                  currency, round((payout - placed_stake) / usd_rate, 6) as "pnlUsd"
           from bets
           where client = $1 and fixture_id = $2 and market_id = $3 and player_id = $4 and origin = 'mm'
             and (order_id = $5 or order_id is null)
           order by bet_id limit $6""",
        *place,
        order["order_id"],
        MOST_HEDGES,
    )
    dispute = await database.fetchrow(
        """select words, pairs from mm_disputes where client = $1 and fixture_id = $2 and market_id = $3
             and player_id = $4 and agreed_at is null""",
        *place,
    )
    return {
        "settlementStatus": order["settlement_status"],
        "feedSettlementStatus": order["feed_settlement"],
        "paidPerContract": order["paid_per_contract"],
        "payout": order["payout"],
        "pnl": order["pnl"],
        "hedges": [dict(row) for row in hedges],
        "words": {} if dispute is None else dispute["words"],
        "disputed": [] if dispute is None else dispute["pairs"],
    }


def _place(row: Any) -> Place:
    return Place(row["client"], row["fixture_id"], row["market_id"], row["player_id"])
