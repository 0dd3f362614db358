"""What became of bets whose answer never came: the bookmaker is asked by our reference until it has told.

Runs at the start, before anything new is sent for the account, and then for every bet that stays PLACED. It never sends
a bet. A reference that the bookmaker surely never received fails the bet; one that it cannot tell about stays in
doubt, is asked again with growing pauses, and is shown to the operator.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.errors import CannotTell, Refused, VenueError
from hedgerow.core.observe import BETS_IN_DOUBT
from hedgerow.core.states import BetStatus
from hedgerow.core.tasks import spawn
from hedgerow.core.tracing import present, span
from hedgerow.execution.placement import Covers, Placement, apply_report
from hedgerow.storage.behind import until_written
from hedgerow.storage.bets import Bet
from hedgerow.storage.database import StorageError
from hedgerow.venues.base import BetRef, Bookmaker

_log = structlog.get_logger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 15.0

Decided = Callable[[Bet], Awaitable[None]]


class Reconciler:
    """Follows the undecided bets of one account to their end."""

    def __init__(
        self, bookmaker: Bookmaker, placement: Placement, clock: Clock, covers: Covers, decided: Decided
    ) -> None:
        """decided: called once for each bet, after its final status is committed."""
        self._bookmaker, self._placement, self._clock = bookmaker, placement, clock
        self._covers, self._decided = covers, decided
        self._following: set[str] = set()

    def use(self, bookmaker: Bookmaker) -> None:
        """Asks by another connector of the same account from now on."""
        self._bookmaker = bookmaker

    def follow(self, bet: Bet) -> None:
        """Asks for the bet in the background until it is decided."""
        if bet.reference in self._following:
            return
        self._following.add(bet.reference)
        BETS_IN_DOUBT.inc()
        spawn(self._traced(bet, present().traceparent), f"reconcile {bet.bookmaker} {bet.bet_id}")

    async def _traced(self, bet: Bet, cause: str) -> None:
        with span("bet.reconcile", parent=cause) as traced:
            traced.tell("hedgerow.bet_id", bet.bet_id)
            traced.tell("hedgerow.order_id", bet.order_id)
            traced.tell("hedgerow.venue", bet.bookmaker)
            await self._follow(bet)
            traced.tell("hedgerow.status", bet.status.value)

    async def _follow(self, bet: Bet) -> None:
        pause = FIRST_PAUSE_S
        try:
            while not await self._is_decided(bet):
                await self._clock.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
            await self._decided(bet)
        finally:
            self._following.discard(bet.reference)
            BETS_IN_DOUBT.dec()

    async def _is_decided(self, bet: Bet) -> bool:
        try:
            return await self.ask(bet)
        except StorageError:  # what the bookmaker told is in the bet, and its row must get it
            await until_written("a bet's answer", lambda: self._placement.save(bet))
            return not bet.is_open

    async def ask(self, bet: Bet) -> bool:
        """Asks once; True when the bet is decided now, and committed so."""
        sent_ms = int(bet.sent_at.timestamp() * 1000) if bet.sent_at else self._created_ms(bet)
        try:
            report = await self._bookmaker.find(_ref(bet, sent_ms))
        except CannotTell as error:
            await self._still_in_doubt(bet, error.message)
            return not bet.is_open
        except Refused as error:
            await self._still_in_doubt(bet, f"the bookmaker does not let us ask: {error.message}")
            return not bet.is_open
        except VenueError:
            await self._placement.save(bet)
            return not bet.is_open
        except Exception:
            # An answer that cannot be read is none. The bet must not be forgotten for it.
            _log.exception("the bookmaker's answer cannot be read", bet_id=bet.bet_id, reference=bet.reference)
            return False
        if report is None:
            bet.in_doubt = False
            bet.move_to(BetStatus.FAILED, "never reached the bookmaker")
            await self._placement.save(bet)
            return True
        bet.sent_at = bet.sent_at or bet.created_at  # it was, at some moment after that
        if not apply_report(bet, report, self._clock, self._covers):
            return False
        await self._placement.save(bet)
        return True

    async def _still_in_doubt(self, bet: Bet, why: str) -> None:
        """Saved at every time: so it is found when another process, or an operator, has decided meanwhile."""
        if bet.reason != why or not bet.in_doubt:
            _log.warning("bet stays in doubt", bet_id=bet.bet_id, reference=bet.reference, why=why)
            bet.move_to(BetStatus.PLACED, why)
            bet.in_doubt = True
        await self._placement.save(bet)

    @staticmethod
    def _created_ms(bet: Bet) -> int:
        return int(bet.created_at.timestamp() * 1000) if bet.created_at else 0


def _ref(bet: Bet, sent_ms: int) -> BetRef:
    return BetRef(bet.reference, bet.bookmaker_bet_id, sent_ms, bet.is_back, bet.requested_stake)
