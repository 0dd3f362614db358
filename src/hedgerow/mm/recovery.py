"""Brings the engine back to where an earlier run left it, from the database alone.

Markets come back with their places as the stored mappings say; fills and accepted hedges rebuild the payout vectors;
bets without an answer are followed by their references before anything new is hedged; orders that the database thinks
rest are put into their slots, to be compared with the exchange's own list when it is reached.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

import structlog

from hedgerow.core.ids import NO_PLAYER, FixtureId, MarketId, MarketKey, OutcomeId, VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import micros
from hedgerow.core.states import Side
from hedgerow.mm.adoption import Orphan
from hedgerow.mm.engine import Engine
from hedgerow.mm.exposure import Exposure, Matched
from hedgerow.mm.hedger import Hedger
from hedgerow.mm.lane import Lane
from hedgerow.mm.ledger import FillLedger
from hedgerow.mm.market import TradedMarket, Trader
from hedgerow.mm.orders import HedgeLegs, Slot
from hedgerow.mm.repository import FillRow, StoredOrder
from hedgerow.mm.shards import WHOLE, Shard
from hedgerow.storage.bets import Bet
from hedgerow.venues.base import Instrument

_log = structlog.get_logger(__name__)

KNOWN_FILLS_MS = 24 * 3_600_000
"""How far back fills are remembered, so that what an exchange repeats is not counted twice."""

UNSEEN_GRID = PriceGrid.probability(10_000)
"""Of contracts that the exchange has not listed in this run: nothing is quoted on it."""


class Reads(Protocol):
    """What an earlier run left, see `mm.repository`."""

    async def repair_orders(self, account_id: int) -> None: ...

    async def open_mappings(self, venues: Sequence[str]) -> list[Mapping[str, Any]]: ...

    async def unsettled_fills(self, client: str) -> list[FillRow]: ...

    async def fills_of_account(self, account_id: int, since_ms: int) -> list[FillRow]: ...

    async def orphaned_fills(self, account_id: int) -> list[FillRow]: ...

    async def open_orders(self, account_id: int) -> list[StoredOrder]: ...

    async def hedge_legs(self, order_ids: Sequence[int]) -> dict[int, HedgeLegs]: ...


class BetReads(Protocol):
    """The bets that an earlier run left, see `storage.bets`."""

    async def of_market(self, client: str, fixture_id: str, market_id: int) -> list[Bet]: ...


class Recovery:
    """One start."""

    def __init__(
        self,
        repository: Reads,
        bets: BetReads,
        engine: Engine,
        ledger: FillLedger,
        hedger: Hedger,
        now_ms: int,
        shard: Shard = WHOLE,
    ) -> None:
        """repository: of the shard."""
        self._repository, self._bets, self._engine = repository, bets, engine
        self._ledger, self._hedger, self._now_ms, self._shard = ledger, hedger, now_ms, shard

    async def run(self) -> None:
        """Rebuilds every trader's markets. The lanes are not connected yet."""
        for trader in self._engine.traders.values():
            for lane in trader.lanes:
                await self._repository.repair_orders(lane.account_id)
            mappings = await self._repository.open_mappings([lane.slug for lane in trader.lanes])
            for mapping in mappings:
                if self._shard.owns(mapping["fixture_id"]):
                    self._place(trader, mapping)
                else:
                    _leave_elsewhere(trader, mapping)
            fills = await self._repository.unsettled_fills(trader.name)
            by_market: dict[MarketKey, list[FillRow]] = {}
            for row in fills:
                self._ledger.remember(row)
                by_market.setdefault(MarketKey(row.fixture_id, row.market_id, row.player_id), []).append(row)
            for key in by_market.keys() - trader.markets.keys():
                _log.error("a market with fills is not known any more", client=trader.name, market=str(key))
            for market in list(trader.markets.values()):
                await self._count(market, by_market.get(market.key, []))
            for lane in trader.lanes:
                await self._remember(trader, lane)
            if fills:
                _log.info("recovered", client=trader.name, fills=len(fills), markets=len(trader.markets))

    def _place(self, trader: Trader, mapping: Mapping[str, Any]) -> None:
        """A contract that was quoted before. Its grid is not known yet, so nothing is quoted until it is listed."""
        key = MarketKey(FixtureId(mapping["fixture_id"]), MarketId(mapping["market_id"]), NO_PLAYER)
        market = trader.markets.get(key) or self._market(trader, key, mapping)
        for lane in trader.lanes:
            if lane.slug == mapping["venue"]:
                instrument = Instrument(
                    lane.slug, mapping["instrument_ref"], mapping["market_ref"], UNSEEN_GRID, meta={"unseen": "1"}
                )
                for side in sides_of(lane):
                    outcome_id = OutcomeId(mapping["outcome_id"])
                    self._engine.add_place(market, lane, Slot(instrument, side, outcome_id, is_listed=False))

    def _market(self, trader: Trader, key: MarketKey, known: Mapping[str, Any]) -> TradedMarket:
        outcomes = tuple(OutcomeId(outcome["outcomeId"]) for outcome in known["outcomes"])
        market = TradedMarket(
            trader,
            key,
            outcomes,
            known["sport_id"],
            known["tournament_id"],
            known["market_type"],
            Exposure(outcomes),
            known["handicap"],
        )
        self._engine.add_market(market)
        return market

    async def _count(self, market: TradedMarket, fills: list[FillRow]) -> None:
        """Counts fills and hedges in the order in which they happened: what a raised stake paid beyond its need was
        there for later needs only."""
        key = market.key
        bets = await self._bets.of_market(market.client.name, key.fixture_id, key.market_id)
        taken = [bet for bet in bets if not bet.is_open]
        steps: list[tuple[int, FillRow | Bet]] = [(row.traded_ms, row) for row in fills]
        steps += [(_ms(bet.placed_at), bet) for bet in taken]
        for _, step in sorted(steps, key=lambda at: at[0]):
            if isinstance(step, Bet):
                needs = micros(step.needs or Decimal(0))
                market.exposure.sent(step.outcome_id, needs)
                market.exposure.answered(step.outcome_id, needs, micros(step.covers))
            else:
                self._count_fill(market, step)
        for bet in bets:
            if bet.is_open:
                self._hedger.resume(market, bet)
        if not market.exposure.is_flat:
            await self._plan_odds(market, fills)
        self._ledger.shares.moved(market.exposure.take_moved())

    async def _plan_odds(self, market: TradedMarket, fills: list[FillRow]) -> None:
        """What drift is measured against: the odds that the fills were quoted from."""
        order_ids = [row.order_id for row in fills if row.order_id is not None]
        legs = await self._repository.hedge_legs(order_ids)
        for order_id in order_ids:
            market.planned.update(legs.get(order_id, ()))

    def _count_fill(self, market: TradedMarket, row: FillRow) -> None:
        key = (row.account_id, row.trade_ref, row.venue_ref)
        market.exposure.add_fill(Matched(key, row.outcome_id, row.side, row.size, row.stake))
        where = row.account_id, row.outcome_id, row.side
        for place in market.places:
            if (place.lane.account_id, place.slot.outcome_id, place.slot.side) == where:
                place.slot.match(row.stake)
                break

    async def _remember(self, trader: Trader, lane: Lane) -> None:
        for row in await self._repository.fills_of_account(lane.account_id, self._now_ms - KNOWN_FILLS_MS):
            self._ledger.remember(row)
        open_orders = await self._repository.open_orders(lane.account_id)
        legs = await self._repository.hedge_legs([stored.order_id for stored in open_orders])
        for stored in open_orders:
            self._restore(lane, stored, legs.get(stored.order_id, ()))
        orphans: dict[str, list[FillRow]] = {}
        for row in await self._repository.orphaned_fills(lane.account_id):
            orphans.setdefault(row.venue_ref, []).append(row)
        for venue_ref, rows in orphans.items():
            slot = self._slot_of(trader, lane, rows[0])
            if slot is None:
                _log.error("a fill's contract is not known any more", exchange=lane.slug, venue_ref=venue_ref)
                continue
            fills = [(row.price, row.size, row.fee) for row in rows]
            lane.expect_orphan(Orphan(slot, venue_ref, rows[0].order_id, fills))

    def _slot_of(self, trader: Trader, lane: Lane, row: FillRow) -> Slot | None:
        market = trader.markets.get(MarketKey(row.fixture_id, row.market_id, row.player_id))
        slots = (place.slot for place in market.places if place.lane is lane) if market is not None else ()
        return next((slot for slot in slots if (slot.outcome_id, slot.side) == (row.outcome_id, row.side)), None)

    def _restore(self, lane: Lane, stored: StoredOrder, hedge_legs: HedgeLegs) -> None:
        instrument = lane.instruments.get(stored.instrument_ref)
        if instrument is None:
            instrument = Instrument(VenueSlug(lane.slug), stored.instrument_ref, "", UNSEEN_GRID)
        lane.restore(stored.order(instrument, hedge_legs))


def _leave_elsewhere(trader: Trader, mapping: Mapping[str, Any]) -> None:
    """A contract that another shard works on."""
    for lane in trader.lanes:
        if lane.slug == mapping["venue"]:
            lane.elsewhere.add(mapping["instrument_ref"])


def _ms(at: datetime | None) -> int:
    return int(at.timestamp() * 1000) if at is not None else 0


def sides_of(lane: Lane) -> tuple[Side, ...]:
    """The sides on which an exchange's contract is quoted: a sale needs nothing held only on some."""
    return (Side.BUY, Side.SELL) if lane.exchange.manifest.sells_without_holding else (Side.BUY,)
