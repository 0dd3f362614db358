"""Sends the hedges: plans from the exposure, commits intents, places bets, takes answers in.

Per client one desk: the bookmaker's connector, the account, what it takes. A bet is planned, counted as in flight and
committed together with the fill that caused it before its request leaves. While the outcome of a bet is unknown its
payout stays in flight, so nothing is hedged twice; it is covered only when the bookmaker has said so.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.errors import Reason, Refused
from hedgerow.core.ids import OutcomeId
from hedgerow.core.money import MICRO, Micros, decimal_of, micros, minor_unit
from hedgerow.core.states import BetStatus
from hedgerow.core.tasks import spawn, work
from hedgerow.execution.placement import Placement, close_when_answered
from hedgerow.execution.reconcile import Reconciler
from hedgerow.mm.exposure import hedge_covers
from hedgerow.mm.hedging import HedgePlan, Offer, PlannedBet, Rules, Waits, plan_hedges, plan_sweep
from hedgerow.mm.lane import LeaveBy, never
from hedgerow.mm.ledger import FillLedger
from hedgerow.mm.market import HedgeHold, TradedMarket
from hedgerow.mm.quoter import minimum_usd
from hedgerow.mm.repository import FillRow
from hedgerow.storage.behind import until_written
from hedgerow.storage.bets import Bet
from hedgerow.storage.database import OutcomeUnknownError, StorageError
from hedgerow.venues.base import Account, Bookmaker

_log = structlog.get_logger(__name__)

HOLD_AFTER_REFUSAL_MS = 1_000
SWEEP_DUST_AFTER_S = 30.0

IsLive = Callable[[TradedMarket], bool]


@dataclass(slots=True, eq=False)
class Desk:
    """Where one client's hedges are placed."""

    bookmaker: Bookmaker
    account: Account
    per_usd: Decimal
    reconciler: Reconciler | None = None
    sending: set[asyncio.Task[None]] = field(default_factory=set)
    """Who waits for the bookmaker's answer to a bet."""

    @property
    def minimum_stake(self) -> Decimal:
        return self.bookmaker.manifest.minimum_stake


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
        self.desks: dict[str, Desk] = {}
        self._ledger, self._placement, self._clock = ledger, placement, clock
        self._max_drift, self._is_live, self._leave_by = max_drift, is_live, leave_by
        self._markets: dict[str, TradedMarket] = {}  # by the reference of a bet under way
        self._settled: Callable[[TradedMarket], None] = lambda _: None
        self._is_halted = False

    def halt(self) -> None:
        """Nothing is sent from now on. What is committed and not sent stays PENDING, for whoever trades next."""
        self._is_halted = True

    def on_settled(self, listener: Callable[[TradedMarket], None]) -> None:
        """The listener is called when a hedge of a market was answered."""
        self._settled = listener

    def add_desk(self, client: str, desk: Desk) -> None:
        desk.reconciler = Reconciler(desk.bookmaker, self._placement, self._clock, self.covers, self._decided)
        self.desks[client] = desk

    def renew_desk(self, client: str, bookmaker: Bookmaker, account: Account) -> None:
        """Reaches a desk's account by another connector. Bets under way are answered by the one that sent them, those
        in doubt are asked for by the new one."""
        desk = self.desks[client]
        spawn(close_when_answered(desk.bookmaker, tuple(desk.sending)), f"retire hedge desk of {client}")
        desk.bookmaker, desk.account = bookmaker, account
        if desk.reconciler is not None:
            desk.reconciler.use(bookmaker)

    def minimum_stake(self, bookmaker: str) -> int:
        """The least that a bookmaker takes, in micros of USD; 0 where nobody hedges at it."""
        desks = (desk for desk in self.desks.values() if desk.bookmaker.manifest.slug == bookmaker and desk.per_usd)
        return max((minimum_usd(desk.minimum_stake, desk.per_usd) for desk in desks), default=0)

    # --- planning ----------------------------------------------------------------------------------------------

    def filled(self, market: TradedMarket, row: FillRow, offers: Mapping[OutcomeId, Offer]) -> None:
        """A new fill stands in the exposure: it is committed, with the bets that hedge it, and they are sent."""
        self._ledger.add(row)
        bets = self._plan(market, offers)
        for bet, _ in bets:
            bet.order_id = row.order_id
        self._ledger.shares.moved(market.exposure.take_moved())
        spawn(self._commit_fill(market, row, bets), "commit fill", is_vital=True)

    def look_at(self, market: TradedMarket, offers: Mapping[OutcomeId, Offer]) -> None:
        """Hedges what is not in flight yet."""
        bets = self._plan(market, offers)
        if bets:
            spawn(self._commit_bets(market, bets), "commit hedges", is_vital=True)

    def _plan(self, market: TradedMarket, offers: Mapping[OutcomeId, Offer]) -> list[tuple[Bet, PlannedBet]]:
        """Plans bets for the needs of the moment and counts them as in flight."""
        needs = market.exposure.needs()
        desk = self.desks.get(market.client.name)
        if not needs:
            market.hedge_waits = {}
        if self._is_halted or not needs or desk is None or not desk.per_usd or market.undecided_hedges:
            return []
        if self._is_held(market, offers):
            return []
        rules = self._rules(market, desk)
        plan = plan_hedges(needs, offers, market.planned, rules)
        self._tell_waits(market, plan.waits)
        planned = self._sweep_dust(market, plan, needs, offers, rules) or plan.bets
        return [(self._under_way(market, desk, bet), bet) for bet in planned]

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

    def _rules(self, market: TradedMarket, desk: Desk) -> Rules:
        return Rules(desk.minimum_stake, desk.account.currency, desk.per_usd, self._max_drift, market.client.hedge_cash)

    def _sweep_dust(
        self,
        market: TradedMarket,
        plan: HedgePlan,
        needs: Mapping[OutcomeId, Micros],
        offers: Mapping[OutcomeId, Offer],
        rules: Rules,
    ) -> list[PlannedBet] | None:
        """Dust waits for a fill to net with; when none came, it is swept."""
        if plan.bets or set(plan.waits.values()) != {Waits.DUST}:
            market.dust_since_ms = None
            return None
        now = self._clock.now_ms()
        if market.dust_since_ms is None:
            market.dust_since_ms = now
            spawn(self._look_again(market, SWEEP_DUST_AFTER_S), "dust")
            return None
        waited = now - market.dust_since_ms >= SWEEP_DUST_AFTER_S * 1000
        if not waited or len(offers) < len(market.outcomes):
            return None
        market.dust_since_ms = None
        return plan_sweep(needs, offers, rules)

    def _under_way(self, market: TradedMarket, desk: Desk, planned: PlannedBet) -> Bet:
        """The bet row of a planned bet; its payout and stake are taken at once."""
        trader = market.client
        bet = Bet(
            self._new_reference(),
            "mm",
            trader.name,
            desk.account.account_id,
            trader.bookmaker,
            market.key.fixture_id,
            market.key.market_id,
            planned.outcome_id,
            market.key.player_id,
            decimal_of(planned.offer.odds),
            planned.stake,
            desk.account.currency,
            desk.per_usd,
            planned_odds=decimal_of(planned.planned_odds),
            needs=decimal_of(planned.needs),
        )
        market.exposure.sent(planned.outcome_id, planned.needs)
        trader.hedge_cash -= _usd(planned.stake, desk)
        self._markets[bet.reference] = market
        return bet

    def _new_reference(self) -> str:
        """What the bookmaker will be asked by."""
        return str(uuid.uuid4())

    # --- committing and sending ----------------------------------------------------------------------------------

    async def _commit_fill(self, market: TradedMarket, row: FillRow, bets: list[tuple[Bet, PlannedBet]]) -> None:
        with work.unit():
            try:
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
        with work.unit():
            try:
                await self._ledger.commit_bets([bet for bet, _ in bets])
            except StorageError as error:
                _log.error("hedge held back", error=str(error))
                await self._withdraw(error, bets)
                self._take_back(market, bets)
                self._hold(market, bets[0][1].offer.market_ref)
                return
            self._send(market, bets)

    async def _withdraw(self, error: StorageError, bets: list[tuple[Bet, PlannedBet]]) -> None:
        """Bets that will not be sent, though they may have been committed: their rows must not stay PENDING. That is
        seen to before they are taken back, and something else is hedged in their place."""
        if isinstance(error, OutcomeUnknownError):
            unsent = [bet for bet, _ in bets]
            await until_written("bets that were not sent", lambda: self._placement.withdraw(unsent))

    def _send(self, market: TradedMarket, bets: list[tuple[Bet, PlannedBet]]) -> None:
        sending = self.desks[market.client.name].sending
        for bet, planned in bets:
            task = spawn(self._place(market, bet, planned), "hedge", is_vital=True)
            sending.add(task)
            task.add_done_callback(sending.discard)

    async def _place(self, market: TradedMarket, bet: Bet, planned: PlannedBet) -> None:
        if self._is_halted:
            return
        with work.unit():
            desk = self.desks[market.client.name]
            refusal: Refused | None = None
            try:
                refusal = await self._placement.send(
                    desk.bookmaker,
                    bet,
                    market_ref=planned.offer.market_ref,
                    outcome_ref=planned.offer.outcome_ref,
                    is_live=self._is_live(market),
                    covers=self.covers,
                    leave_by=self._leave_by(),
                )
            except StorageError:  # it was answered: the bet has the answer, and its row must get it
                await until_written("a bet's answer", lambda: self._placement.save(bet))
            await self._answered(market, bet, refusal, planned.offer.market_ref)

    async def _answered(self, market: TradedMarket, bet: Bet, refusal: Refused | None, line: str) -> None:
        """A bet was answered, or is in doubt and followed."""
        if bet.status is BetStatus.PLACED:
            reconciler = self.desks[market.client.name].reconciler
            if reconciler is not None:
                reconciler.follow(bet)
            return
        self._markets.pop(bet.reference, None)
        needs = micros(bet.needs or Decimal(0))
        market.exposure.answered(bet.outcome_id, needs, micros(bet.covers))
        market.client.hedge_answers.add(self._clock.now_ms(), refused=bet.status is not BetStatus.CONFIRMED)
        if bet.status is not BetStatus.CONFIRMED:
            market.client.hedge_cash += _usd(bet.requested_stake, self.desks[market.client.name])
            self._hold(market, line)
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

    def resume(self, market: TradedMarket, bet: Bet) -> None:
        """A bet of an earlier run that is not decided: it is in flight, and the bookmaker is asked for it before
        anything new is hedged."""
        market.exposure.sent(bet.outcome_id, micros(bet.needs or Decimal(0)))
        market.undecided_hedges += 1
        self._markets[bet.reference] = market
        desk = self.desks.get(market.client.name)
        if desk is not None and desk.reconciler is not None:
            desk.reconciler.follow(bet)

    def _take_back(self, market: TradedMarket, bets: list[tuple[Bet, PlannedBet]]) -> None:
        """Planned bets that will not be sent."""
        desk = self.desks[market.client.name] if bets else None
        for bet, planned in bets:
            self._markets.pop(bet.reference, None)
            market.exposure.answered(bet.outcome_id, planned.needs, 0)
            if desk is not None:
                market.client.hedge_cash += _usd(planned.stake, desk)
        self._settled(market)

    # --- waiting -----------------------------------------------------------------------------------------------

    def _is_held(self, market: TradedMarket, offers: Mapping[OutcomeId, Offer]) -> bool:
        hold = market.hedge_hold
        if hold is None:
            return False
        same_line = any(offer.market_ref == hold.line for offer in offers.values())
        if same_line and self._clock.now_ms() < hold.until_ms:
            return True
        market.hedge_hold = None
        return False

    def _hold(self, market: TradedMarket, line: str) -> None:
        market.hedge_hold = HedgeHold(self._clock.now_ms() + HOLD_AFTER_REFUSAL_MS, line)
        spawn(self._look_again(market, HOLD_AFTER_REFUSAL_MS / 1000), "hedge again")

    async def _look_again(self, market: TradedMarket, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._settled(market)

    def covers(self, bet: Bet) -> Decimal:
        """The payout in USD that a taken bet counts for."""
        if bet.needs is None or bet.placed_odds is None or bet.placed_stake is None:
            return Decimal(0)
        unit = minor_unit(bet.currency) / bet.usd_rate
        covered = hedge_covers(
            needs=micros(bet.needs),
            stake=int(bet.placed_stake / bet.usd_rate * MICRO),
            requested=micros(bet.requested_odds),
            odds=micros(bet.placed_odds),
            half_unit=int(unit * MICRO) // 2,
        )
        return decimal_of(covered)


def _usd(stake: Decimal, desk: Desk) -> int:
    return int(stake / desk.per_usd * MICRO)
