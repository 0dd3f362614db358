"""The engine's parts with the seam between them and the outside: the same for a recording and for a replay.

They decide nothing. Each method that others call begins a turn, each wait goes through `Turns.answer`, and every
quote, cancel and hedge is said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from hedgerow.core.clock import Clock, _Reading
from hedgerow.core.errors import Refused
from hedgerow.core.ids import MarketKey, OutcomeId, VenueSlug
from hedgerow.core.money import Micros
from hedgerow.core.states import BetStatus
from hedgerow.execution.placement import Covers, Placement
from hedgerow.execution.reconcile import Reconciler
from hedgerow.mm.desks import Desk
from hedgerow.mm.engine import Engine, Prices
from hedgerow.mm.hedger import Hedger
from hedgerow.mm.hedging import Offer, PlannedBet
from hedgerow.mm.journal import QuoteReason
from hedgerow.mm.lane import Lane
from hedgerow.mm.ledger import FillLedger
from hedgerow.mm.market import TradedMarket, Trader
from hedgerow.mm.numbers import OrderNumbers
from hedgerow.mm.orders import Command, HedgeLegs, Order, Slot
from hedgerow.mm.quoter import Terms
from hedgerow.mm.repository import FillRow, Repository, StoredOrder
from hedgerow.mm.taping import messages as told
from hedgerow.mm.taping.codec import failure_of
from hedgerow.mm.taping.turns import Turns
from hedgerow.storage.behind import until_written
from hedgerow.storage.bets import Bet, Bets
from hedgerow.storage.database import StorageError
from hedgerow.venues.base import (
    BetIntent,
    Bookmaker,
    Fill,
    Instrument,
)


class TurnClock(_Reading):
    """The time of the present turn; between turns the machine's."""

    def __init__(self, base: Clock, turns: Turns, now_ns: Callable[[], int | None]) -> None:
        self._base, self._turns, self._now_ns = base, turns, now_ns

    def now_ns(self) -> int:
        now_ns = self._now_ns()
        return self._base.now_ns() if now_ns is None else now_ns

    async def sleep(self, seconds: float, *, soft: bool = False) -> None:
        task = asyncio.current_task()
        key = f"sleep {task.get_name() if task else ''} {seconds}"
        await self._turns.answer(key, lambda: self._base.sleep(seconds, soft=soft), None)


class TapedNumbers(OrderNumbers):
    def __init__(self, turns: Turns) -> None:
        super().__init__()
        self._turns = turns

    def take(self) -> int:
        return self._turns.drawn("number", super().take)


class TapedPrices:
    """Offers, each written down when it is another than before."""

    def __init__(self, turns: Turns, prices: Prices) -> None:
        self._turns, self._prices = turns, prices
        self._last: dict[tuple[VenueSlug, MarketKey], tuple[dict[OutcomeId, Offer], str | None]] = {}

    def offers(self, key: MarketKey, bookmaker: VenueSlug) -> tuple[dict[OutcomeId, Offer], str | None]:
        found = self._prices.offers(key, bookmaker)
        if self._turns.is_inside and self._last.get((bookmaker, key)) != found:
            self._last[(bookmaker, key)] = found
            offers, why_not = found
            self._turns.read("offers", told.Offered(bookmaker, key, list(offers.items()), why_not))
        return found

    def forget(self, key: MarketKey, bookmaker: VenueSlug) -> None:
        """The market is not looked at any more."""
        self._last.pop((bookmaker, key), None)


class TapedEngine(Engine):
    def __init__(self, turns: Turns, prices: TapedPrices, *parts: Any, **options: Any) -> None:
        super().__init__(prices, *parts, **options)
        self._turns, self._taped_prices = turns, prices

    def add_market(self, market: TradedMarket) -> None:
        added = told.MarketAdded(
            market.client.name,
            market.key,
            market.outcomes,
            market.sport_id,
            market.tournament_id,
            market.market_type,
            market.line,
        )
        with self._turns.turn("market", lambda: added):
            super().add_market(market)

    def add_place(self, market: TradedMarket, lane: Lane, slot: Slot) -> None:
        def added() -> told.PlaceAdded:
            return told.PlaceAdded(
                market.client.name,
                market.key,
                lane.account_id,
                slot.instrument,
                slot.side,
                slot.outcome_id,
                slot.is_listed,
                slot.is_open,
            )

        with self._turns.turn("place", added):
            super().add_place(market, lane, slot)

    def drop_market(self, market: TradedMarket) -> None:
        with self._turns.turn("drop", lambda: told.MarketNamed(market.client.name, market.key)):
            super().drop_market(market)
        self._taped_prices.forget(market.key, market.client.bookmaker)

    def odds_changed(self, bookmaker: VenueSlug, keys: Iterable[MarketKey]) -> None:
        if traded := [key for key in keys if self._concerned(bookmaker, key)]:
            with self._turns.turn("odds", lambda: told.OddsChanged(bookmaker, traded)):
                super().odds_changed(bookmaker, traded)

    def look_at_all(self, trader: Trader | None = None) -> None:
        with self._turns.turn("look all", lambda: told.ClientNamed(trader.name if trader else None)):
            super().look_at_all(trader)

    def look_at(self, market: TradedMarket) -> None:
        with self._turns.turn("look", lambda: told.MarketNamed(market.client.name, market.key)):
            super().look_at(market)

    def review_stops(self, trader: Trader) -> None:
        with self._turns.turn("review", lambda: told.ClientNamed(trader.name)):
            super().review_stops(trader)

    def set_cash(self, lane: Lane, cash: int) -> None:
        with self._turns.turn("cash", lambda: told.CashRead(lane.account_id, cash)):
            super().set_cash(lane, cash)

    def set_hedge_cash(self, trader: Trader, account_id: int, free: int) -> None:
        with self._turns.turn("hedge cash", lambda: told.HedgeCashRead(trader.name, account_id, free)):
            super().set_hedge_cash(trader, account_id, free)

    def relist(self, lane: Lane, instrument: Instrument, *, is_open: bool) -> None:
        if instrument.ref in lane.instruments:
            with self._turns.turn("relist", lambda: told.Relisted(lane.account_id, instrument, is_open)):
                super().relist(lane, instrument, is_open=is_open)

    def cancel_by_hand(self, lane: Lane, slot: Slot, order: Order, held_until_ms: int) -> None:
        cancelled = told.CancelledByHand(lane.account_id, order.order_id, held_until_ms)
        with self._turns.turn("cancel", lambda: cancelled):
            super().cancel_by_hand(lane, slot, order, held_until_ms)

    def _reason(self, market: TradedMarket, order: Order, command: Command, quote: Terms) -> QuoteReason:
        reason = super()._reason(market, order, command, quote)
        self._turns.say(
            {
                "t": self._turns.clock.now_ns(),
                "act": reason.action,
                "order": reason.order_id,
                "side": reason.side,
                "price": reason.price,
                "size": reason.size,
                "breakEven": reason.break_even,
                "edge": reason.edge,
                "why": reason.why(),
            }
        )
        return reason


class TapedLedger(FillLedger):
    def __init__(self, turns: Turns, *parts: Any) -> None:
        super().__init__(*parts)
        self._turns = turns

    async def commit(self, row: FillRow, bets: Iterable[Bet]) -> bool:
        commit = super().commit
        return await self._turns.answer(f"fill {row.account_id} {row.trade_ref}", lambda: commit(row, bets), bool)

    async def commit_bets(self, bets: Iterable[Bet]) -> None:
        bets, commit = list(bets), super().commit_bets
        await self._turns.answer(f"bets {bets[0].reference}", lambda: commit(bets), None)

    async def _stored(
        self, account_id: int, venue_ref: str, order_id: int | None
    ) -> tuple[StoredOrder, list[FillRow]] | None:
        read = super()._stored
        key, kind = f"order {account_id} {venue_ref}", tuple[StoredOrder, list[FillRow]] | None
        return await self._turns.answer(key, lambda: read(account_id, venue_ref, order_id), kind)

    async def _link(self, account_id: int, order: Order, rows: list[FillRow]) -> None:
        if self._turns.is_live:  # nothing is decided by it
            await super()._link(account_id, order, rows)

    async def _change_state(self, account_id: int, fill: Fill) -> None:
        if self._turns.is_live:
            await super()._change_state(account_id, fill)


class TapedPlacement(Placement):
    """Bets whose outcome is written down."""

    def __init__(self, turns: Turns, *parts: Any) -> None:
        super().__init__(*parts)
        self._turns = turns

    async def send(
        self, bookmaker: Bookmaker, bet: Bet, intent: BetIntent, *, covers: Covers, leave_by: float | None = None
    ) -> Refused | None:
        send, refusal = super().send, None

        async def sent() -> told.Decided:
            nonlocal refusal
            try:
                refusal = await send(bookmaker, bet, intent, covers=covers, leave_by=leave_by)
            except StorageError:  # it was answered: the bet has the answer, and its row must get it
                await until_written("a bet's answer", lambda: self.save(bet))
            return decided(bet, refusal)

        found = await self._turns.answer(f"bet {bet.reference}", sent, told.Decided)
        if not self._turns.is_live:
            return found.take(bet, covers)
        return refusal


def decided(bet: Bet, refusal: Refused | None = None) -> told.Decided:
    """What became of a bet."""
    return told.Decided(
        bet.reference,
        bet.status,
        bet.reason,
        bet.in_doubt,
        bet.placed_odds,
        bet.placed_stake,
        None if refusal is None else failure_of(refusal),
    )


class TapedHedger(Hedger):
    def __init__(self, turns: Turns, *parts: Any, **options: Any) -> None:
        super().__init__(*parts, **options)
        self._turns = turns
        self.open_bets: dict[str, Bet] = {}

    def halt(self) -> None:
        with self._turns.turn("halt", told.Nothing):
            super().halt()

    def plan_no_more(self) -> None:
        with self._turns.turn("plan no more", told.Nothing):
            super().plan_no_more()

    def _reconciler(self, desk: Desk) -> Reconciler | None:
        """It waits outside: only what it finds out is a turn. None in a replay: that stands on the tape."""
        outside = self._turns.outside
        return None if outside is None else self._asking(desk, outside)

    async def _decided(self, bet: Bet) -> None:
        with self._turns.turn("bet", lambda: decided(bet)):  # which waits for nothing
            await super()._decided(bet)

    def called_off(self, market: TradedMarket, outcome_id: OutcomeId, covers: Micros) -> None:
        called_off = told.CalledOff(market.client.name, market.key, outcome_id, covers)
        with self._turns.turn("called off", lambda: called_off):
            super().called_off(market, outcome_id, covers)

    def resume(self, market: TradedMarket, bet: Bet) -> None:
        self.open_bets[bet.reference] = bet
        super().resume(market, bet)

    async def _answered(self, market: TradedMarket, bet: Bet, refusal: Refused | None, line: str) -> None:
        if bet.status is not BetStatus.PLACED:
            self.open_bets.pop(bet.reference, None)
        await super()._answered(market, bet, refusal, line)

    def _take_back(self, market: TradedMarket, bets: list[tuple[Bet, PlannedBet]]) -> None:
        for bet, _ in bets:
            self.open_bets.pop(bet.reference, None)
        super()._take_back(market, bets)

    def _new_reference(self) -> str:
        return self._turns.drawn("reference", super()._new_reference)

    def _under_way(self, market: TradedMarket, desk: Desk, planned: PlannedBet) -> Bet:
        bet = super()._under_way(market, desk, planned)
        self.open_bets[bet.reference] = bet
        self._turns.say(
            {
                "t": self._clock.now_ns(),
                "act": "hedge",
                "reference": bet.reference,
                "client": market.client.name,
                "account": bet.account_id,
                "bookmaker": bet.bookmaker,
                "market": market.key,
                "outcome": planned.outcome_id,
                "stake": planned.stake,
                "currency": bet.currency,
                "odds": bet.requested_odds,
                "plannedOdds": bet.planned_odds,
                "needs": planned.needs,
                "ref": planned.offer.outcome_ref,
            }
        )
        return bet


class TapedReads:
    """What recovery reads of the database."""

    def __init__(self, turns: Turns, repository: Repository, bets: Bets) -> None:
        self._turns, self._repository, self._bets = turns, repository, bets

    async def repair_orders(self, account_id: int) -> None:
        await self._turns.answer("repair", lambda: self._repository.repair_orders(account_id), None)

    async def open_mappings(self, venues: Sequence[str]) -> list[Mapping[str, Any]]:
        async def read() -> list[told.KnownContract]:
            return [told.KnownContract.of(found) for found in await self._repository.open_mappings(venues)]

        found = await self._turns.answer("mappings", read, list[told.KnownContract])
        return [contract.row() for contract in found]

    async def unsettled_fills(self, client: str) -> list[FillRow]:
        read = self._repository.unsettled_fills
        return await self._turns.answer("unsettled", lambda: read(client), list[FillRow])

    async def fills_of_account(self, account_id: int, since_ms: int) -> list[FillRow]:
        read = self._repository.fills_of_account
        return await self._turns.answer("known", lambda: read(account_id, since_ms), list[FillRow])

    async def orphaned_fills(self, account_id: int) -> list[FillRow]:
        read = self._repository.orphaned_fills
        return await self._turns.answer("orphaned", lambda: read(account_id), list[FillRow])

    async def open_orders(self, account_id: int) -> list[StoredOrder]:
        read = self._repository.open_orders
        return await self._turns.answer("orders", lambda: read(account_id), list[StoredOrder])

    async def hedge_legs(self, order_ids: Sequence[int]) -> dict[int, HedgeLegs]:
        read = self._repository.hedge_legs
        return await self._turns.answer("legs", lambda: read(order_ids), dict[int, HedgeLegs])

    async def of_market(self, client: str, fixture_id: str, market_id: int) -> list[Bet]:
        read = self._bets.of_market
        return await self._turns.answer("bets", lambda: read(client, fixture_id, market_id), list[Bet])
