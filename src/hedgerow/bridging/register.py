"""The bets of one bridge: taken in once, fenced, told in the order of their changes.

It knows no bookmaker. Who sends bets on (`carrier`: the operator's program; `desk`: a person) is told of each that is
new, asks here before it sends, and brings the decision back. Between asking and sending nothing is awaited, so that a
fence comes before or after, never between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from decimal import Decimal

import structlog

from hedgerow.bridging import life
from hedgerow.bridging.bridge import Placed, Refused, Result, Terms, Wager
from hedgerow.bridging.pace import Pace
from hedgerow.bridging.problems import ProblemError, malformed, too_fast
from hedgerow.bridging.store import Kept, Store
from hedgerow.bridging.wire import Bet, BetRequest, Capability, FenceResult, State
from hedgerow.core.clock import Clock
from hedgerow.core.money import InexactAmountError, micros

_BUSY_S = 1.0
_FENCED = Refused("withdrawn", "withdrawn by a fence")

_log = structlog.get_logger(__name__)


class Register:
    """Of one bridge. `on_new` is called with each bet that has to be sent on."""

    def __init__(self, store: Store, terms: Terms, clock: Clock) -> None:
        self.store, self.terms = store, terms
        self._clock = clock
        self._bets = Pace(clock, terms.bets_per_minute)
        self.on_new: Callable[[Kept], None] = _nobody
        self._changed = asyncio.Event()
        self.is_closed = False

    def close(self) -> None:
        """Who waits for changes waits no longer."""
        self.is_closed = True
        self._tell()

    # --- the router's side --------------------------------------------------------------------------------------

    def put(self, account: str, reference: str, request: BetRequest) -> tuple[Bet, bool]:
        """The bet of a placement, and whether it is new. Raises ProblemError: this request placed nothing."""
        wager = _readable(account, reference, request)
        known = self.store.find(account, reference)
        if self.store.is_fenced(account, reference):
            raise ProblemError(410, "fenced", "the reference was fenced", "not_placed")
        if known is not None:
            if known.request != request:
                raise ProblemError(409, "reference_conflict", "the reference is another bet's", bet=known.bet)
            return known.bet, False
        if self.store.pending(account) >= self.terms.concurrent_bets:
            raise too_fast(f"{self.terms.concurrent_bets} bets are not decided yet", _BUSY_S)
        if (wait_s := self._bets.wait_s(account)) > 0:
            raise too_fast(f"more than {self.terms.bets_per_minute} bets in a minute", wait_s)
        now_ms = self._clock.now_ms()
        bet = life.taken_in(account, reference, request, now_ms)
        if (refused := self._unsuitable(wager)) is not None:
            return self._told(self.store.add(life.withdrawn(bet, refused, now_ms), request)), True
        kept = Kept(self._told(self.store.add(bet, request)), request)
        self.on_new(kept)
        return kept.bet, True

    def fence(self, account: str, reference: str) -> FenceResult:
        """Ends the doubt about a reference: whatever it answers stays true."""
        kept = self.store.find(account, reference)
        if kept is None:
            self.store.fence(account, reference)
            return FenceResult("not_placed")
        if life.is_unsent(kept.bet):
            self.store.fence(account, reference)
            return FenceResult("withdrawn", self._withdraw(kept.bet, _FENCED))
        return FenceResult("withdrawn" if self.store.is_fenced(account, reference) else "exists", kept.bet)

    def bet(self, account: str, reference: str) -> Bet:
        """Raises ProblemError for a reference that is not known."""
        kept = self.store.find(account, reference)
        if kept is None:
            raise ProblemError(404, "unknown_reference", "no bet has the reference")
        return kept.bet

    async def changes(self, accounts: Iterable[str], after: int, limit: int, wait_s: float) -> list[Bet]:
        """What changed after a revision, one more than `limit` where there is more; waits so long for a first."""
        names = list(accounts)
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s or None):
                while not (found := self.store.changes(names, after, limit + 1)) and wait_s and not self.is_closed:
                    await self._changed.wait()
        return found

    async def decided(self, bet: Bet, within_s: float) -> Bet:
        """The bet once it is decided, or as it is after a time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while bet.state is State.PENDING and not self.is_closed:
                    await self._changed.wait()
                    bet = self.bet(bet.account, bet.reference)
        return bet

    # --- the sender's side --------------------------------------------------------------------------------------

    def begin(self, account: str, reference: str) -> Wager | None:
        """Notes that the bet is sent now, and gives what is to be sent. None: it must not be sent (any more)."""
        kept = self.store.find(account, reference)
        if kept is None or not life.is_unsent(kept.bet) or self.expire(kept):
            return None
        if self.store.is_fenced(account, reference):  # a process died while it withdrew the bet
            self._withdraw(kept.bet, _FENCED)
            return None
        self._told(self.store.change(life.sent(kept.bet, self._clock.now_ms())))
        return Wager.of(account, reference, kept.request)

    def expire(self, kept: Kept) -> bool:
        """Ends an unsent bet whose time is over. Answers whether it did."""
        if self._clock.now_ms() <= Wager.of(kept.bet.account, kept.bet.reference, kept.request).not_after_ms:
            return False
        self._withdraw(kept.bet, Refused("expired", "notAfter has passed"))
        return True

    def decide(self, account: str, reference: str, decision: Placed | Refused) -> Bet:
        """Notes what the bookmaker made of a bet. Raises StateError for one that was not sent, or is decided."""
        kept = self.store.find(account, reference)
        if kept is None:
            raise life.StateError("no bet has the reference")
        bet = self._told(self.store.change(life.decided(kept.bet, decision, self._clock.now_ms())))
        if life.is_beyond(bet, kept.request):
            _log.error("bet placed beyond its limits", reference=reference, placed=str(bet.placed))
        return bet

    def doubt(self, account: str, reference: str, why: str) -> Bet:
        """Notes that nobody knows what became of a bet. Raises StateError as decide does."""
        return self._told(self.store.change(life.doubted(self.bet(account, reference), why)))

    def settle(self, account: str, result: Result) -> Bet | None:
        """Notes how a bet was settled; None: none is named so. Raises StateError for one that was not taken."""
        kept = self.store.named(account, result.named)
        if kept is None:
            return None
        bet = life.settled(kept.bet, result, self._clock.now_ms())
        return bet if bet is kept.bet else self._told(self.store.change(bet))

    # --- inside -------------------------------------------------------------------------------------------------

    def _withdraw(self, bet: Bet, refused: Refused) -> Bet:
        return self._told(self.store.change(life.withdrawn(bet, refused, self._clock.now_ms())))

    def _unsuitable(self, wager: Wager) -> Refused | None:
        """Why the bridge itself does not take a bet."""
        terms = self.terms
        if self._clock.now_ms() > wager.not_after_ms:
            return Refused("expired", "notAfter has passed")
        if not wager.is_back and Capability.LAY not in terms.capabilities:
            return Refused("unsupported", "lay bets are not taken")
        if wager.takes_part and Capability.PARTIAL not in terms.capabilities:
            return Refused("unsupported", "a stake is placed whole")
        if wager.currency != terms.accounts[wager.account]:
            return Refused("currency_not_allowed", f"the account is in {terms.accounts[wager.account]}")
        return None

    def _told(self, bet: Bet) -> Bet:
        self._tell()
        return bet

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _nobody(_: Kept) -> None:
    """Until somebody sends bets on."""


def _readable(account: str, reference: str, request: BetRequest) -> Wager:
    """Raises ProblemError for a bet that is none."""
    try:
        wager = Wager.of(account, reference, request)
    except ValueError:
        raise malformed("notAfter is not a time", "not_placed") from None
    try:
        micros(wager.stake)
        micros(wager.limit_price)
    except InexactAmountError as error:
        raise malformed(f"stake or limitPrice: {error}", "not_placed") from None
    if wager.stake <= Decimal(0) or wager.limit_price <= Decimal(1):
        raise malformed("stake must be positive and limitPrice above 1", "not_placed")
    return wager
