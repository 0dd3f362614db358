"""The fill ledger: every trade of ours once, durable before anything is done about it.

A fill is known by (account, the exchange's trade id, the exchange's order id). It may come from the stream, from a list
that is read after a break, twice, late, or before its order is known by name. The memory of this process sorts repeats
out at once; the unique key of the table is the proof.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import structlog
from prometheus_client import Counter

from hedgerow.core.ids import VenueSlug
from hedgerow.core.observe import FILLS
from hedgerow.core.states import FillState, Side
from hedgerow.core.tasks import spawn, work
from hedgerow.mm.exposure import Matched
from hedgerow.mm.lane import Lane
from hedgerow.mm.market import TradedMarket
from hedgerow.mm.orders import Order
from hedgerow.mm.repository import FillRow, Repository, StoredOrder
from hedgerow.mm.shares import UnhedgedShares
from hedgerow.storage.behind import until_written
from hedgerow.storage.bets import Bet, Bets
from hedgerow.storage.database import Database
from hedgerow.venues.base import Fill, Instrument

_log = structlog.get_logger(__name__)

Key = tuple[int, str, str]

MOST_STRAYS = 10_000


class FillLedger:
    """What was filled, as far as this process knows, and its way into the database."""

    def __init__(self, database: Database, repository: Repository, bets: Bets) -> None:
        self._database, self._repository, self._bets = database, repository, bets
        self._known: dict[Key, FillState] = {}
        self._provisional: dict[int, dict[Key, int]] = {}  # by account, when they were traded
        self._unlinked: dict[tuple[int, str], list[FillRow]] = {}
        self._strays: dict[tuple[int, str, str], dict[Key, Fill]] = {}
        self._writing: dict[Key, asyncio.Event] = {}
        self.shares = UnhedgedShares(repository, lambda key: key not in self._writing)

    def remember(self, row: FillRow) -> None:
        """A fill that stands in the database already."""
        self._known[_key(row)] = row.state
        if row.state is FillState.PROVISIONAL:
            self._provisional.setdefault(row.account_id, {})[_key(row)] = row.traded_ms
        if row.order_id is None:
            self._unlinked.setdefault((row.account_id, row.venue_ref), []).append(row)

    def known(self, account_id: int, fill: Fill) -> FillState | None:
        """The state in which a fill is known; None for a new one."""
        return self._known.get((account_id, fill.trade_ref, fill.venue_ref))

    def add(self, row: FillRow) -> None:
        """A new fill, about to be committed."""
        _counter(row.exchange).inc()
        self.remember(row)
        self._writing[_key(row)] = asyncio.Event()

    def add_reversed(self, row: FillRow) -> None:
        """A fill that is new here and was taken back already: it is recorded, and nothing else is done about it."""
        self.add(row)
        spawn(self._commit_alone(row), "commit reversed fill", is_vital=True)

    async def _commit_alone(self, row: FillRow) -> None:
        with work.unit():
            await self.commit_later(row)

    async def commit(self, row: FillRow, bets: Iterable[Bet]) -> bool:
        """Commits a fill, and the hedge bets that it caused, together. False: another process had recorded the fill
        already, and nothing is to be sent. Raises StorageError."""
        is_new = await self._repository.record_fill(row, list(bets))
        if (written := self._writing.pop(_key(row), None)) is not None:
            written.set()
        self.shares.recorded()
        return is_new

    async def commit_bets(self, bets: Iterable[Bet]) -> None:
        """Commits hedge bets of fills that are recorded already. Raises StorageError."""
        await self._bets.commit(list(bets))

    async def commit_later(self, row: FillRow) -> None:
        """Commits a fill alone, for as long as it takes."""
        await until_written("a fill", lambda: self.commit(row, ()))

    # --- fills that came before their order ----------------------------------------------------------------------

    def is_unlinked(self, account_id: int, venue_ref: str) -> bool:
        """Whether fills of an exchange's order still wait for the order to become known."""
        return (account_id, venue_ref) in self._unlinked

    def link(self, account_id: int, order: Order) -> list[FillRow]:
        """The fills that waited for this order's name, as they stand now; their rows are linked to it."""
        rows = self._unlinked.pop((account_id, order.venue_ref or ""), [])
        if rows:
            spawn(self._link(account_id, order, rows), "link fills", is_vital=True)
        return [replace(row, state=self._known[_key(row)]) for row in rows]

    async def stored_order(
        self, account_id: int, instrument: Instrument, venue_ref: str, order_id: int | None
    ) -> Order | None:
        """An order by the exchange's name or by our number, with the fills that are linked to it as they stand now;
        None where there is no row of it. Raises StorageError."""
        found = await self._stored(account_id, venue_ref, order_id)
        if found is None:
            return None
        stored, rows = found
        gone = [row for row in rows if self._known.get(_key(row), row.state) is FillState.REVERSED]
        standing = [row for row in rows if row not in gone]
        filled, stake = sum(row.size for row in standing), sum(row.stake for row in standing)
        counted = replace(
            stored,
            filled=filled,
            spent=stake if stored.side is Side.BUY else filled - stake,
            fees=sum(row.fee for row in standing),
            taken_back=sum(row.size for row in gone),
        )
        return counted.order(instrument)

    async def _stored(
        self, account_id: int, venue_ref: str, order_id: int | None
    ) -> tuple[StoredOrder, list[FillRow]] | None:
        return await self._repository.stored_order(account_id, venue_ref, order_id)

    async def _link(self, account_id: int, order: Order, rows: list[FillRow]) -> None:
        with work.unit():
            for row in rows:
                await self._written(_key(row))
            await until_written("the order of fills", lambda: self._write_link(account_id, order))

    async def _write_link(self, account_id: int, order: Order) -> None:
        async with self._database.transaction() as connection:
            await self._repository.link_fills(connection, account_id, order.venue_ref or "", order.order_id)

    async def _written(self, key: Key) -> None:
        """Waits until the fill's row is there to be changed."""
        if (written := self._writing.get(key)) is not None:
            await written.wait()

    # --- changes of finality ---------------------------------------------------------------------------------------

    def provisional_since_ms(self, account_id: int) -> int | None:
        """When the oldest fill of an account was traded that is neither final nor gone; None: there is none."""
        return min(self._provisional.get(account_id, {}).values(), default=None)

    def change_state(self, account_id: int, fill: Fill) -> bool:
        """The exchange says that a fill is final, or took it back. False: that changes nothing, for a fill that is
        final or gone stays so."""
        key = account_id, fill.trade_ref, fill.venue_ref
        if self._known.get(key) is not FillState.PROVISIONAL:
            return False
        self._known[key] = fill.state
        self._provisional[account_id].pop(key, None)
        spawn(self._change_state(account_id, fill), "fill state", is_vital=True)
        return True

    async def _change_state(self, account_id: int, fill: Fill) -> None:
        with work.unit():
            await self._written((account_id, fill.trade_ref, fill.venue_ref))
            await until_written("the state of a fill", lambda: self._write_state(account_id, fill))

    async def _write_state(self, account_id: int, fill: Fill) -> None:
        async with self._database.transaction() as connection:
            await self._repository.save_fill_state(connection, account_id, fill.trade_ref, fill.venue_ref, fill.state)

    # --- fills of instruments that nobody quotes -------------------------------------------------------------------

    def keep_stray(self, lane: Lane, fill: Fill) -> None:
        """Keeps a fill of an instrument that is not known (yet), in the last state that was told of it."""
        place = (lane.account_id, fill.instrument_ref, fill.side.value)
        waiting = self._strays.setdefault(place, {})
        key = lane.account_id, fill.trade_ref, fill.venue_ref
        if key in waiting:
            if fill.state is not FillState.PROVISIONAL:
                waiting[key] = fill
            return
        if len(waiting) >= MOST_STRAYS:
            raise RuntimeError(f"{MOST_STRAYS} fills of {fill.instrument_ref} belong to no market")
        waiting[key] = fill
        _log.warning("fill of an unknown instrument", exchange=lane.slug, instrument=fill.instrument_ref)

    def take_strays(self, lane: Lane, instrument_ref: str, side: str) -> list[Fill]:
        """The kept fills of an instrument that is known now."""
        return list(self._strays.pop((lane.account_id, instrument_ref, side), {}).values())


@cache
def _counter(exchange: VenueSlug) -> Counter:
    """Looked up once: a fill's hedge waits for what is counted before it."""
    return FILLS.labels(exchange)


def _key(row: FillRow) -> Key:
    return row.account_id, row.trade_ref, row.venue_ref


def fill_row(lane: Lane, market: TradedMarket, matched: Matched, fill: Fill, order: Order | None) -> FillRow:
    """The ledger's line of a fill as it stands in the exposure now."""
    return FillRow(
        lane.account_id,
        fill.trade_ref,
        fill.venue_ref,
        order.order_id if order else None,
        market.client.name,
        lane.slug,
        market.key.fixture_id,
        market.key.market_id,
        matched.outcome_id,
        market.key.player_id,
        fill.side,
        fill.price,
        fill.size,
        matched.stake,
        fill.fee,
        matched.unhedged,
        fill.state,
        fill.is_maker,
        fill.at_ms,
    )
