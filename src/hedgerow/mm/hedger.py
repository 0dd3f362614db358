"""Sends the hedges: plans from the exposure, commits intents, places bets, takes answers in.

A client's desks (`mm.desks`) are asked one after the other: those at the bookmaker that its quotes are priced from,
then those at the others that the operator named; each is left what the ones before it do not take now. A bet is
planned, counted as in flight and committed together with the fill that caused it before its request leaves. While the
outcome of a bet is unknown its payout stays in flight and its stake held, so nothing is hedged twice, wherever; it is
covered only when the bookmaker has said so.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.errors import Reason, Refused
from hedgerow.core.ids import OutcomeId
from hedgerow.core.money import MICRO, Micros, decimal_of, micros, minor_unit
from hedgerow.core.odds import OddsMicros
from hedgerow.core.states import BetStatus
from hedgerow.core.tasks import spawn, spawn_now, work
from hedgerow.core.tracing import present, span, step
from hedgerow.execution.commission import gross_odds, net_odds
from hedgerow.execution.placement import Placement, close_when_answered, intent_of, prepare
from hedgerow.execution.reconcile import Reconciler
from hedgerow.mm.desks import Desk, Desks
from hedgerow.mm.exposure import hedge_covers
from hedgerow.mm.hedging import (
    Books,
    HedgePlan,
    Offers,
    PlannedBet,
    Rules,
    Waits,
    less_commission,
    plan_hedges,
    plan_sweep,
)
from hedgerow.mm.lane import LeaveBy, never
from hedgerow.mm.ledger import FillLedger
from hedgerow.mm.market import HedgeHold, TradedMarket, Trader
from hedgerow.mm.repository import FillRow
from hedgerow.storage.behind import until_written
from hedgerow.storage.bets import Bet, values_of_new
from hedgerow.storage.database import OutcomeUnknownError, StorageError
from hedgerow.venues.base import Account, BetIntent, Bookmaker

_log = structlog.get_logger(__name__)

HOLD_AFTER_REFUSAL_MS = 1_000
SWEEP_DUST_AFTER_S = 30.0
LEAVE_WITHIN_S = 8.0
"""How long the end waits for bets that are under way, in the machine's time."""
_REHEARSED = Micros(10 * MICRO)
"""What a rehearsed fill pays."""
_NO_BET = str(uuid.UUID(int=0))
"""The reference of bets that are rehearsed; no bet has it."""

IsLive = Callable[[TradedMarket], bool]


class Hedger:
    """Keeps every market's payout vector equal, as far as the bookmaker lets it."""

    def __init__(
        self,
        ledger: FillLedger,
        placement: Placement,
        clock: Clock,
        *,
        max_drift: Decimal,
        is_live: IsLive,
        leave_by: LeaveBy = never,
    ) -> None:
        """leave_by: the loop's time after which no bet is sent; None: no such time."""
        self.desks = Desks()
        self._ledger, self._placement, self._clock = ledger, placement, clock
        self._max_drift, self._is_live, self._leave_by = max_drift, is_live, leave_by
        self._markets: dict[str, TradedMarket] = {}  # by the reference of a bet under way
        self._intents: dict[str, BetIntent] = {}  # by the reference of a bet that is being committed
        self._settled: Callable[[TradedMarket], None] = lambda _: None
        self._committing: set[asyncio.Task[None]] = set()
        self._is_halted = self._is_leaving = False

    def halt(self) -> None:
        """Nothing is sent from now on. What is committed and not sent stays PENDING, for whoever trades next."""
        self._is_halted = True

    def plan_no_more(self) -> None:
        """Hedges are left to whoever trades next; what is committed is still sent."""
        self._is_leaving = True

    async def finished(self) -> None:
        """Waits for what is being committed, sent or answered: whoever trades next finds bets that are decided, and
        need not ask what became of them, which can take a bookmaker most of a minute to say."""
        try:
            async with asyncio.timeout(LEAVE_WITHIN_S):
                while under_way := self._committing.union(*(desk.sending for desk in self.desks.all())):
                    await asyncio.wait(under_way)
        except TimeoutError:
            _log.error("bets are not answered, and whoever trades next asks for them")

    def on_settled(self, listener: Callable[[TradedMarket], None]) -> None:
        """The listener is called when a hedge of a market was answered, or called off."""
        self._settled = listener

    def add_desk(self, client: str, desk: Desk) -> None:
        desk.reconciler = self._reconciler(desk)
        self.desks.add(client, desk)

    def _reconciler(self, desk: Desk) -> Reconciler | None:
        """Who asks for the desk's bets in doubt; None: nobody."""
        return self._asking(desk, self._clock)

    def _asking(self, desk: Desk, clock: Clock) -> Reconciler:
        return Reconciler(desk.bookmaker, self._placement, clock, self.covers, self._decided)

    def renew_desk(self, desk: Desk, bookmaker: Bookmaker, account: Account) -> None:
        """Reaches a desk's account by another connector. Bets under way are answered by the one that sent them, those
        in doubt are asked for by the new one."""
        spawn(close_when_answered(desk.bookmaker, tuple(desk.sending)), f"retire hedge desk {desk.account.account_id}")
        desk.bookmaker, desk.account = bookmaker, account
        if desk.reconciler is not None:
            desk.reconciler.use(bookmaker)

    # --- planning ----------------------------------------------------------------------------------------------

    def filled(self, market: TradedMarket, row: FillRow, books: Books) -> None:
        """A new fill stands in the exposure: it is committed, with the bets that hedge it, and they are sent."""
        self._ledger.add(row)
        bets = self._plan(market, books)
        for bet, _ in bets:
            bet.order_id = row.order_id
        # The statement leaves now, before all else that follows from the fill.
        _kept(self._committing, spawn_now(self._commit_fill(market, row, bets), "commit fill", is_vital=True))
        for bet, planned in bets:
            self._prepare(market, bet, planned)
        self._ledger.shares.moved(market.exposure.take_moved())

    def look_at(self, market: TradedMarket, books: Books) -> None:
        """Hedges what is not in flight yet."""
        bets = self._plan(market, books)
        if bets:
            _kept(self._committing, spawn(self._commit_bets(market, bets), "commit hedges", is_vital=True))

    def _plan(self, market: TradedMarket, books: Books) -> list[tuple[Bet, PlannedBet]]:
        """Plans bets for the needs of the moment and counts them as in flight."""
        needs = market.exposure.needs()
        if not needs:
            market.hedge_waits = {}
        if self._is_halted or self._is_leaving or not needs or market.undecided_hedges:
            return []
        planned, waits = self._shared_out(market, needs, books)
        self._tell_waits(market, waits)
        if planned or set(waits.values()) != {Waits.DUST}:
            market.dust_since_ms = None
        else:
            planned = self._sweep_dust(market, needs, books)
        return [(self._under_way(market, desk, bet), bet) for desk, bet in planned]

    def _shared_out(
        self, market: TradedMarket, needs: Mapping[OutcomeId, Micros], books: Books
    ) -> tuple[list[tuple[Desk, PlannedBet]], dict[OutcomeId, Waits]]:
        """Every desk's bets, each for what those before it left; and why, by the first of them, the rest waits."""
        planned: list[tuple[Desk, PlannedBet]] = []
        reasons: dict[OutcomeId, Waits] = {}
        left = needs
        for desk in self._asked(market) if left else ():
            offers = less_commission(books.get(desk.slug, {}), desk.commission)
            if self._is_held(market, desk, offers):
                plan = HedgePlan(left=dict(left), waits=dict.fromkeys(left, Waits.REFUSED))
            else:
                plan = plan_hedges(left, offers, market.planned, self._rules(desk))
            planned += [(desk, bet) for bet in plan.bets]
            reasons = plan.waits | reasons
            left = plan.left
        return planned, {outcome_id: reasons.get(outcome_id, Waits.NO_PRICE) for outcome_id in left}

    def _asked(self, market: TradedMarket) -> list[Desk]:
        """The desks that may hedge for the market's client, in the order in which they are asked."""
        order = market.client.bookmakers
        desks = [d for d in self.desks.of(market.client.name) if d.takes_bets and d.slug in order]
        return sorted(desks, key=lambda desk: (order.index(desk.slug), desk.rank))

    def _tell_waits(self, market: TradedMarket, waits: dict[OutcomeId, Waits]) -> None:
        """Says once, when it begins, why something cannot be hedged now."""
        if waits and waits != market.hedge_waits:
            _log.warning(
                "hedge waits",
                client=market.client.name,
                fixture_id=market.key.fixture_id,
                market_id=market.key.market_id,
                why={outcome_id: why.value for outcome_id, why in waits.items()},
            )
        market.hedge_waits = waits

    def _rules(self, desk: Desk) -> Rules:
        return Rules(desk.minimum_stake, desk.account.currency, desk.per_usd, self._max_drift, desk.cash)

    def _sweep_dust(
        self, market: TradedMarket, needs: Mapping[OutcomeId, Micros], books: Books
    ) -> list[tuple[Desk, PlannedBet]]:
        """Dust waits for a fill to net with; when none came, it is swept by the first desk that can."""
        now = self._clock.now_ms()
        if market.dust_since_ms is None:
            market.dust_since_ms = now
            spawn(self._look_again(market, SWEEP_DUST_AFTER_S), "dust")
            return []
        whole = [desk for desk in self._asked(market) if len(books.get(desk.slug, ())) == len(market.outcomes)]
        if not whole or now - market.dust_since_ms < SWEEP_DUST_AFTER_S * 1000:
            return []
        market.dust_since_ms = None
        for desk in whole:
            if swept := plan_sweep(needs, less_commission(books[desk.slug], desk.commission), self._rules(desk)):
                return [(desk, bet) for bet in swept]
        return []

    def _under_way(self, market: TradedMarket, desk: Desk, planned: PlannedBet) -> Bet:
        """The bet row of a planned bet; its payout and stake are taken at once."""
        bet = _bet(self._new_reference(), market, desk, planned)
        market.exposure.sent(planned.outcome_id, planned.needs)
        desk.held[bet.reference] = usd_of(planned.stake, desk.per_usd)
        self.desks.count_cash(market.client)
        self._markets[bet.reference] = market
        return bet

    def rehearse(self, market: TradedMarket, books: Books) -> None:
        """Plans the hedge of a small fill and makes its bets, as `filled` does, and drops both."""
        needs = {market.outcomes[-1]: _REHEARSED}
        for desk in self._asked(market):
            offers = less_commission(books.get(desk.slug, {}), desk.commission)
            for planned in plan_hedges(needs, offers, market.planned, self._rules(desk)).bets:
                bet = _bet(_NO_BET, market, desk, planned)
                values_of_new([bet])
                prepare(desk.bookmaker, self._intent(market, bet, planned))

    def _new_reference(self) -> str:
        """What the bookmaker will be asked by."""
        return str(uuid.uuid4())

    # --- committing and sending ----------------------------------------------------------------------------------

    async def _commit_fill(self, market: TradedMarket, row: FillRow, bets: list[tuple[Bet, PlannedBet]]) -> None:
        with work.unit(), span("mm.fill") as traced:
            traced.tell("hedgerow.order_id", row.order_id)
            traced.tell("hedgerow.venue", row.exchange)
            traced.tell("hedgerow.client", row.client)
            try:
                with step("mm.commit"):
                    is_new = await self._ledger.commit(row, [bet for bet, _ in bets])
            except StorageError as error:
                _log.error("fill not recorded, hedge held back", trade=row.trade_ref, error=str(error))
                await self._ledger.commit_later(row)
                await self._withdraw(error, bets)
                is_new = False
            if not is_new:
                self._take_back(market, bets)
                return
            self._send(market, bets)

    async def _commit_bets(self, market: TradedMarket, bets: list[tuple[Bet, PlannedBet]]) -> None:
        with work.unit(), span("mm.look") as traced:
            traced.tell("hedgerow.client", market.client.name)
            try:
                with step("mm.commit"):
                    await self._ledger.commit_bets([bet for bet, _ in bets])
            except StorageError as error:
                _log.error("hedge held back", error=str(error))
                await self._withdraw(error, bets)
                self._take_back(market, bets)
                for bet, planned in bets:
                    self._hold(market, bet.account_id, planned.offer.market_ref)
                return
            self._send(market, bets)

    async def _withdraw(self, error: StorageError, bets: list[tuple[Bet, PlannedBet]]) -> None:
        """Bets that will not be sent, though they may have been committed: their rows must not stay PENDING. That is
        seen to before they are taken back, and something else is hedged in their place."""
        if isinstance(error, OutcomeUnknownError):
            unsent = [bet for bet, _ in bets]
            await until_written("bets that were not sent", lambda: self._placement.withdraw(unsent))

    def _send(self, market: TradedMarket, bets: list[tuple[Bet, PlannedBet]]) -> None:
        cause = present().traceparent
        for bet, planned in bets:
            desk = self.desks.of_bet(bet)
            _kept(desk.sending, spawn_now(self._place(market, desk, bet, planned, cause), "hedge", is_vital=True))

    async def _place(self, market: TradedMarket, desk: Desk, bet: Bet, planned: PlannedBet, cause: str) -> None:
        if self._is_halted:
            return
        with work.unit(), span("mm.hedge", parent=cause):
            refusal: Refused | None = None
            try:
                intent = self._intents.pop(bet.reference, None) or self._intent(market, bet, planned)
                refusal = await self._placement.send(
                    desk.bookmaker, bet, intent, covers=self.covers, leave_by=self._leave_by()
                )
            except StorageError:  # it was answered: the bet has the answer, and its row must get it
                await until_written("a bet's answer", lambda: self._placement.save(bet))
            await self._answered(market, bet, refusal, planned.offer.market_ref)

    def _prepare(self, market: TradedMarket, bet: Bet, planned: PlannedBet) -> None:
        """What the bet's request needs is worked out beside its commit."""
        intent = self._intents[bet.reference] = self._intent(market, bet, planned)
        prepare(self.desks.of_bet(bet).bookmaker, intent)

    def _intent(self, market: TradedMarket, bet: Bet, planned: PlannedBet) -> BetIntent:
        offer = planned.offer
        return intent_of(bet, market_ref=offer.market_ref, outcome_ref=offer.outcome_ref, is_live=self._is_live(market))

    async def _answered(self, market: TradedMarket, bet: Bet, refusal: Refused | None, line: str) -> None:
        """A bet was answered, or is in doubt and followed: until it is decided its stake stays held."""
        desk = self.desks.of_bet(bet)
        if bet.status is BetStatus.PLACED:
            if desk.reconciler is not None:
                desk.reconciler.follow(bet)
            return
        self._release(desk, market.client, bet)
        self._markets.pop(bet.reference, None)
        needs = micros(bet.needs or Decimal(0))
        market.exposure.answered(bet.outcome_id, needs, micros(bet.covers))
        market.client.hedge_answers.add(self._clock.now_ms(), refused=bet.status is not BetStatus.CONFIRMED)
        if bet.status is not BetStatus.CONFIRMED:
            self._hold(market, bet.account_id, line)
            if refusal is None or refusal.reason is not Reason.PRICE:
                _log.warning("hedge not taken", bet_id=bet.bet_id, status=bet.status.value, reason=bet.reason)
        self._ledger.shares.moved(market.exposure.take_moved())
        self._settled(market)

    async def _decided(self, bet: Bet) -> None:
        """A bet that was in doubt, or delayed, is decided."""
        market = self._markets.get(bet.reference)
        if market is None:
            return
        with work.unit():
            if market.undecided_hedges:
                market.undecided_hedges -= 1
            await self._answered(market, bet, None, "")

    def called_off(self, market: TradedMarket, outcome_id: OutcomeId, covers: Micros) -> None:
        """A bookmaker took an accepted bet back before the market was decided: what it covered is hedged anew."""
        _log.warning(
            "hedge called off",
            client=market.client.name,
            fixture_id=market.key.fixture_id,
            market_id=market.key.market_id,
            outcome_id=outcome_id,
        )
        market.exposure.called_off(outcome_id, covers)
        self._ledger.shares.moved(market.exposure.take_moved())
        self._settled(market)

    def resume(self, market: TradedMarket, bet: Bet) -> None:
        """A bet of an earlier run that is not decided: it is in flight, and the bookmaker is asked for it before
        anything new is hedged."""
        market.exposure.sent(bet.outcome_id, micros(bet.needs or Decimal(0)))
        market.undecided_hedges += 1
        self._markets[bet.reference] = market
        desk = self.desks.find(market.client.name, bet.account_id)
        if desk is None:
            _log.error("a bet cannot be asked for", bet_id=bet.bet_id, bookmaker=bet.bookmaker, account=bet.account_id)
            return
        desk.held[bet.reference] = usd_of(bet.requested_stake, bet.usd_rate)
        self.desks.count_cash(market.client)
        if desk.reconciler is not None:
            desk.reconciler.follow(bet)

    def _take_back(self, market: TradedMarket, bets: list[tuple[Bet, PlannedBet]]) -> None:
        """Planned bets that will not be sent."""
        for bet, planned in bets:
            self._markets.pop(bet.reference, None)
            self._intents.pop(bet.reference, None)
            market.exposure.answered(bet.outcome_id, planned.needs, 0)
            self._release(self.desks.of_bet(bet), market.client, bet)
        self._settled(market)

    def _release(self, desk: Desk, trader: Trader, bet: Bet) -> None:
        """What became of a bet is known: its stake is spent, or free again."""
        desk.held.pop(bet.reference, None)
        if bet.status is BetStatus.CONFIRMED and bet.placed_stake is not None:
            desk.free -= usd_of(bet.placed_stake, bet.usd_rate)
        self.desks.count_cash(trader)

    # --- waiting -----------------------------------------------------------------------------------------------

    def _is_held(self, market: TradedMarket, desk: Desk, offers: Offers) -> bool:
        hold = market.hedge_holds.get(desk.account.account_id)
        if hold is None:
            return False
        same_line = any(offer.market_ref == hold.line for offer in offers.values())
        if same_line and self._clock.now_ms() < hold.until_ms:
            return True
        del market.hedge_holds[desk.account.account_id]
        return False

    def _hold(self, market: TradedMarket, account_id: int, line: str) -> None:
        market.hedge_holds[account_id] = HedgeHold(self._clock.now_ms() + HOLD_AFTER_REFUSAL_MS, line)
        spawn(self._look_again(market, HOLD_AFTER_REFUSAL_MS / 1000), "hedge again")

    async def _look_again(self, market: TradedMarket, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._settled(market)

    def covers(self, bet: Bet) -> Decimal:
        """The payout in USD that a taken bet counts for."""
        if bet.needs is None or bet.placed_odds is None or bet.placed_stake is None:
            return Decimal(0)
        unit, rate = minor_unit(bet.currency) / bet.usd_rate, micros(bet.hedge_commission)
        covered = hedge_covers(
            needs=micros(bet.needs),
            stake=int(bet.placed_stake / bet.usd_rate * MICRO),
            requested=net_odds(OddsMicros(micros(bet.requested_odds)), rate),
            odds=net_odds(OddsMicros(micros(bet.placed_odds)), rate),
            half_unit=int(unit * MICRO) // 2,
        )
        return decimal_of(covered)


def _kept(tasks: set[asyncio.Task[None]], task: asyncio.Task[None]) -> None:
    """The task is among them until it ends."""
    tasks.add(task)
    task.add_done_callback(tasks.discard)


def usd_of(stake: Decimal, per_usd: Decimal) -> int:
    """A stake in micros of USD, rounded down. per_usd: units of its currency."""
    return int(stake / per_usd * MICRO)


def _bet(reference: str, market: TradedMarket, desk: Desk, planned: PlannedBet) -> Bet:
    """The row of a planned bet."""
    rate = desk.commission
    return Bet(
        reference,
        "mm",
        market.client.name,
        desk.account.account_id,
        desk.slug,
        market.key.fixture_id,
        market.key.market_id,
        planned.outcome_id,
        market.key.player_id,
        decimal_of(planned.offer.asked),
        planned.stake,
        desk.account.currency,
        desk.per_usd,
        planned_odds=decimal_of(gross_odds(planned.planned_odds, rate)),
        needs=decimal_of(planned.needs),
        hedge_commission=decimal_of(rate),
    )
