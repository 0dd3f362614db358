"""A simulated bookmaker: accounts, bets at the odds of the moment, delays, settlement.

Money is exact Decimal in the account's currency; amounts that are paid are rounded to the currency's minor unit as a
bookmaker rounds them (down). The dialects put the venue's words around this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count
from typing import Any

from hedgerow.core.ids import OutcomeKey
from hedgerow.core.money import round_down
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.faults import Faults
from hedgerow.sim.orders import CLOSED, DUPLICATE, FUNDS, SCRIPTED, Rejection, State

CASHED_OUT, CALLED_OFF = "cashed_out", "called_off"
PRICE, BELOW_MINIMUM, ABOVE_MAXIMUM = "price", "below_minimum", "above_maximum"


@dataclass(slots=True)
class Quote:
    """What a bookmaker offers on one outcome now. `version` counts the changes of price or activity."""

    outcome: OutcomeKey
    bookmaker: str
    price: Decimal | None
    limit: Decimal | None
    limit_min: Decimal | None
    currency: str
    active: bool
    changed_ms: int
    version: int = 1

    @property
    def is_open(self) -> bool:
        return self.active and self.price is not None and self.price > 1


@dataclass(slots=True, eq=False)
class Bet:
    id: str
    reference: str
    account: str
    outcome: OutcomeKey
    price: Decimal
    stake: Decimal
    currency: str
    placed_ms: int
    state: State
    reason: str = ""
    settlement: SettlementStatus = SettlementStatus.UNDECIDED
    payout: Decimal = Decimal(0)
    settled_ms: int = 0
    revision: int = 1  # counts settlements
    ended: str = ""  # CASHED_OUT or CALLED_OFF: before a result, which does not count any more
    extra: dict[str, Any] = field(default_factory=dict)


class Bookmaker:
    """The truth of one bookmaker."""

    def __init__(
        self, slug: str, clock: WorldClock, quote: Callable[[OutcomeKey], Quote | None], currency: str = "USD"
    ) -> None:
        """quote: what this bookmaker offers on an outcome at this moment."""
        self.slug, self.currency = slug, currency
        self.faults = Faults()
        self.buys_back = False  # set by a dialect that has words for a cash-out
        self.balances: dict[str, Decimal] = {}
        self.bets: dict[str, Bet] = {}
        self._clock, self._quote = clock, quote
        self._by_reference: dict[tuple[str, str], Bet] = {}
        self._listeners: list[Callable[[Bet], None]] = []
        self._numbers = count(1)

    def on_bet(self, listener: Callable[[Bet], None]) -> None:
        """The listener is called on every change of a bet."""
        self._listeners.append(listener)

    def add_account(self, name: str, balance: Decimal) -> None:
        self.balances[name] = balance

    def clear(self) -> None:
        """Forgets the bets; accounts and listeners stay."""
        self.bets.clear()
        self._by_reference.clear()
        self._numbers = count(1)

    def quote(self, outcome: OutcomeKey) -> Quote | None:
        """The offer that a bet would meet now: the scripted price move included."""
        quote = self._quote(outcome)
        move = self.faults.behaviour.priceMove
        if quote is None or not move or quote.price is None:
            return quote
        moved = max(Decimal("1.01"), (quote.price * (1 + move)).quantize(Decimal("0.001")))
        return replace(quote, price=moved, version=quote.version + 1)

    def find(self, account: str, reference: str) -> Bet | None:
        return self._by_reference.get((account, reference))

    def forget(self, account: str, reference: str) -> None:
        """The venue no longer knows the reference: it would take a bet under it again. The bet stays."""
        self._by_reference.pop((account, reference), None)

    def place(
        self,
        account: str,
        outcome: OutcomeKey,
        stake: Decimal,
        *,
        reference: str,
        least_price: Decimal,
        takes_better: bool = True,
        cuts_to_limit: bool = False,
        delay_s: float = 0.0,
        bet_id: str | None = None,
        extra: dict[str, Any] | None = None,
    ) -> Bet:
        """Takes a bet at the price of the moment. Raises Rejection; a refused bet leaves no trace but its reference.

        least_price: the price the bettor saw. takes_better: a better one is taken too. cuts_to_limit: a stake above
        the limit is cut to it instead of refused. delay_s: the bet is pending for so long (live betting).
        bet_id: where the venue knows its bets by another name than a number.
        """
        if (account, reference) in self._by_reference:
            raise Rejection(DUPLICATE)
        quote = self.quote(outcome)
        if quote is None or not quote.is_open or quote.price is None:
            raise Rejection(CLOSED)
        if self.faults.refuses():
            raise Rejection(SCRIPTED, self.faults.behaviour.rejectReason)
        if quote.price < least_price or (quote.price > least_price and not takes_better):
            raise Rejection(PRICE)
        stake = self._stake(stake, quote, cuts_to_limit=cuts_to_limit)
        if stake > self.balances[account]:
            raise Rejection(FUNDS)
        bet = Bet(
            bet_id or f"{next(self._numbers)}",
            reference,
            account,
            outcome,
            quote.price,
            stake,
            self.currency,
            self._clock.now_ms(),
            State.ACCEPTED,
            extra=extra or {},
        )
        self.balances[account] -= stake
        self.bets[bet.id] = bet
        self._by_reference[account, reference] = bet
        delay_s += self.faults.behaviour.acceptDelayMs / 1000
        if delay_s:
            bet.state = State.PENDING
            self._clock.later(delay_s, lambda: self._accept(bet), f"{self.slug} accepts {bet.id}")
        self._tell(bet)
        return bet

    def settle(self, outcome: OutcomeKey, result: SettlementStatus) -> None:
        """Pays every accepted bet on the outcome; a second call corrects the first. What is still pending when the
        result is known is refused."""
        for bet in self.bets.values():
            if bet.outcome == outcome and bet.state is State.PENDING:
                self._refuse(bet, "the result was known before the bet was accepted")
            if bet.outcome != outcome or bet.ended or bet.state not in (State.ACCEPTED, State.SETTLED):
                continue
            bet.settlement = result
            self._pay(bet, _payout(bet, result))

    def cash_out(self, bet: Bet, amount: Decimal) -> None:
        """The bettor sells an open bet back. Raises Rejection for one that is not open, or where that has no words."""
        if not self.buys_back:
            raise Rejection(CLOSED)
        self._end(bet, CASHED_OUT, round_down(amount, bet.currency))

    def call_off(self, bet: Bet) -> None:
        """The bookmaker takes an open bet back. Raises Rejection for one that is not open."""
        self._end(bet, CALLED_OFF, bet.stake, SettlementStatus.VOID)

    def _end(self, bet: Bet, how: str, paid: Decimal, result: SettlementStatus = SettlementStatus.UNDECIDED) -> None:
        if bet.state is not State.ACCEPTED:
            raise Rejection(CLOSED)
        bet.ended, bet.settlement = how, result
        self._pay(bet, paid)

    def _pay(self, bet: Bet, payout: Decimal) -> None:
        self.balances[bet.account] += payout - bet.payout
        bet.revision += bet.state is State.SETTLED
        bet.payout, bet.state, bet.settled_ms = payout, State.SETTLED, self._clock.now_ms()
        self._tell(bet)

    def _stake(self, stake: Decimal, quote: Quote, *, cuts_to_limit: bool) -> Decimal:
        stake = round_down(stake * self.faults.behaviour.fillRatio, self.currency)
        if quote.limit is not None and stake > quote.limit:
            if not cuts_to_limit:
                raise Rejection(ABOVE_MAXIMUM)
            stake = round_down(quote.limit, self.currency)
        if stake <= 0 or (quote.limit_min is not None and stake < quote.limit_min):
            raise Rejection(BELOW_MINIMUM)
        return stake

    def _accept(self, bet: Bet) -> None:
        """The delay is over: accepted, unless the price has fallen or the outcome is closed meanwhile."""
        if bet.state is not State.PENDING:
            return
        quote = self.quote(bet.outcome)
        if quote is None or not quote.is_open or quote.price is None or quote.price < bet.price:
            self._refuse(bet, "not accepted after the delay")
        else:
            bet.state = State.ACCEPTED
            self._tell(bet)

    def _refuse(self, bet: Bet, reason: str) -> None:
        bet.state, bet.reason = State.REJECTED, reason
        self.balances[bet.account] += bet.stake
        self._tell(bet)

    def _tell(self, bet: Bet) -> None:
        for listener in self._listeners:
            listener(bet)

    def told(self, bet: Bet) -> dict[str, Any]:
        """One bet in the script's shape."""
        return _entry(bet)

    def ledger(self) -> dict[str, Any]:
        """The bookmaker's own truth in the script's shape."""
        return {
            "venue": self.slug,
            "kind": "bookmaker",
            "balances": dict(self.balances),
            "entries": [_entry(bet) for bet in self.bets.values()],
        }


def _payout(bet: Bet, result: SettlementStatus) -> Decimal:
    match result:
        case SettlementStatus.WON:
            paid = bet.stake * bet.price
        case SettlementStatus.VOID:
            paid = bet.stake
        case SettlementStatus.HALF_WON:
            paid = bet.stake / 2 * bet.price + bet.stake / 2
        case SettlementStatus.HALF_LOST:
            paid = bet.stake / 2
        case _:
            paid = Decimal(0)
    return round_down(paid, bet.currency)


def _told_settlement(bet: Bet) -> str | None:
    if bet.ended == CASHED_OUT:
        return "CASHOUT"
    return None if bet.settlement is SettlementStatus.UNDECIDED else bet.settlement.value


def _entry(bet: Bet) -> dict[str, Any]:
    accepted = bet.state in (State.ACCEPTED, State.SETTLED)
    return {
        "id": bet.id,
        "reference": bet.reference,
        "account": bet.account,
        "fixtureId": bet.outcome.fixture_id,
        "outcomeId": bet.outcome.outcome_id,
        "playerId": bet.outcome.player_id,
        "side": "back",
        "price": bet.price,
        "stake": bet.stake,
        "currency": bet.currency,
        "state": bet.state.value,
        "matched": bet.stake if accepted else Decimal(0),
        "fills": [{"id": bet.id, "price": bet.price, "stake": bet.stake, "at": bet.placed_ms}] if accepted else [],
        "settlement": _told_settlement(bet),
        "payout": bet.payout if bet.state is State.SETTLED else None,
        "at": bet.placed_ms,
    }
