"""Sends the bets of a register to the bookmaker by the operator's own program, each once, and finds out about those in
doubt.

Nothing is sent a second time: a bet that was sent when the process died, or whose answer was an error, is looked for
until the bookmaker tells what became of it, or a person does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from hedgerow.bridging import life
from hedgerow.bridging.bridge import Bridge, Placed, Refused, Wager
from hedgerow.bridging.register import Register
from hedgerow.bridging.store import Kept
from hedgerow.bridging.wire import Capability, State
from hedgerow.core.clock import Clock, ms_of_iso
from hedgerow.core.tasks import Backoff, spawn, stop

_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.5, 30.0
_BACK_MS = 7 * 86_400_000
"""A statement is read from so long ago at least, for corrections."""

_log = structlog.get_logger(__name__)


class Carrier:
    """Between a register and a bookmaker."""

    def __init__(self, bridge: Bridge, register: Register, clock: Clock) -> None:
        self._bridge, self._register, self._clock = bridge, register, clock
        self._tasks: set[asyncio.Task[None]] = set()
        register.on_new = self._take

    async def start(self) -> None:
        """Goes on with what a process before it has left."""
        for kept in self._register.store.in_state(State.PENDING, State.UNKNOWN):
            if life.is_unsent(kept.bet):
                self._take(kept)
            else:
                self._begin(self._find_out(kept), kept, "finds out")
        if Capability.STATEMENT_SETTLEMENT in self._bridge.terms.capabilities:
            for account in self._bridge.terms.accounts:
                task = spawn(self._read_statements(account), f"bridge reads statements of {account}", is_vital=True)
                self._keep(task)

    async def stop(self) -> None:
        """Bets that are being sent are looked for at the next start."""
        await stop(*self._tasks)

    def _take(self, kept: Kept) -> None:
        self._begin(self._carry(kept), kept, "sends")

    def _begin(self, work: Coroutine[Any, Any, None], kept: Kept, what: str) -> None:
        # Vital: what fails here is the store, and a process that starts anew finds out about its bets.
        self._keep(spawn(work, f"bridge {what} {kept.bet.reference}", is_vital=True))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- sending ------------------------------------------------------------------------------------------------

    async def _carry(self, kept: Kept) -> None:
        wager = self._register.begin(kept.bet.account, kept.bet.reference)
        if wager is None:
            return
        try:
            async with asyncio.timeout(self._bridge.terms.maximum_s):
                decision = _checked(await self._bridge.send(wager))
        except Exception as error:  # whatever an operator's program raises: the bookmaker may have the bet
            _log.warning("bet in doubt", reference=wager.reference, error=f"{type(error).__name__}: {error}")
        else:
            self._register.decide(wager.account, wager.reference, decision)
            return
        await self._find_out(kept)

    async def _find_out(self, kept: Kept) -> None:
        """Asks for a bet that was sent until it is told what became of it."""
        account, reference = kept.bet.account, kept.bet.reference
        bet = self._register.doubt(account, reference, "sent, and no decision came")
        wager = Wager.of(account, reference, kept.request)
        backoff = Backoff(_FIRST_LOOK_S, _LONGEST_LOOK_S)
        sent_ms = ms_of_iso(bet.sent_at) if isinstance(bet.sent_at, str) else self._clock.now_ms()
        late_ms = sent_ms + int(self._bridge.terms.maximum_s * 1000)
        is_told = False
        while self._register.bet(account, reference).state is State.UNKNOWN:
            decision = await self._found(wager)
            if self._register.bet(account, reference).state is not State.UNKNOWN:
                return  # a person has answered meanwhile
            if decision is not None:
                self._register.decide(account, reference, decision)
                return
            if not is_told and self._clock.now_ms() > late_ms:
                _log.error("a person has to look for a bet", account=account, reference=reference)
                is_told = True
            await self._clock.sleep(backoff.next_pause_s(), soft=True)

    async def _found(self, wager: Wager) -> Placed | Refused | None:
        try:
            async with asyncio.timeout(self._bridge.terms.maximum_s):
                found = await self._bridge.find(wager)
                return None if found is None else _checked(found)
        except Exception as error:
            _log.warning("bet not found out", reference=wager.reference, error=f"{type(error).__name__}: {error}")
            return None

    # --- settlement ---------------------------------------------------------------------------------------------

    async def _read_statements(self, account: str) -> None:
        while True:
            try:
                await self._read_statement(account)
            except Exception as error:
                _log.warning("statement not read", account=account, error=f"{type(error).__name__}: {error}")
            await self._clock.sleep(self._bridge.terms.statement_every_s, soft=True)

    async def _read_statement(self, account: str) -> None:
        """From before the oldest bet that has no result yet."""
        since_ms = self._clock.now_ms() - _BACK_MS
        if (oldest := self._register.store.oldest_unsettled(account)) is not None:
            since_ms = min(since_ms, ms_of_iso(oldest.received_at or oldest.updated_at))
        for result in await self._bridge.statement(account, since_ms):
            try:
                self._register.settle(account, result)
            except life.StateError as error:
                _log.error("settlement left out", account=account, named=result.named, error=str(error))


def _checked(decision: object) -> Placed | Refused:
    """Raises TypeError for what is no decision."""
    if not isinstance(decision, Placed | Refused):
        raise TypeError(f"{type(decision).__name__} is neither Placed nor Refused")
    return decision
