"""The desk of one bookmaker: who takes which bet, what came of it, and the money that is told by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import structlog

from hedgerow.bridging import life
from hedgerow.bridging.bridge import Funds, Offer, Placed, Refused, Terms
from hedgerow.bridging.desk.jobs import LEASE_MS, DeskError, Job, Lease, Stage, check_answer, job_of
from hedgerow.bridging.register import Register
from hedgerow.bridging.store import Kept
from hedgerow.bridging.wire import RETRIES, Basis, Capability, Selection, Side, State
from hedgerow.core.clock import Clock
from hedgerow.core.money import InexactAmountError, micros, minor_unit
from hedgerow.core.tasks import spawn, stop

_LOOK_S = 0.5
_LONGEST_NAME = 60
_LONGEST_TICKET = 100
DECISION_S = 90.0
"""So long a bet waits for a person, where the operator says nothing else."""

_log = structlog.get_logger(__name__)


def desk_terms(bookmaker: str, responsible: str, accounts: Mapping[str, str], decision_s: float = DECISION_S) -> Terms:
    """What a desk says of itself. decision_s: so long a router lets a bet wait to be taken."""
    return Terms(
        bookmaker,
        Basis.MANUAL_DESK,
        responsible,
        accounts,
        capabilities=frozenset({Capability.PARTIAL}),
        quotes_per_minute=60,
        bets_per_minute=30,
        concurrent_bets=20,
        typical_s=decision_s,
        maximum_s=decision_s + LEASE_MS / 1000,
    )


class _Told(msgspec.Struct, frozen=True, rename="camel"):
    """An account's free money as a person read it."""

    available: Decimal
    at_ms: int


class Desk:
    """Between a register and persons. Every method that a person calls is audited with his name.

    places: persons place the bets. Where a program does (`carrier`), they answer for those alone of which it cannot
    find out what became.
    """

    def __init__(self, register: Register, clock: Clock, *, places: bool = True) -> None:
        self.places = places
        self.register, self.terms = register, register.terms
        self._store, self._clock = register.store, clock
        self._watch: asyncio.Task[None] | None = None

    # --- as the bridge's sender ---------------------------------------------------------------------------------

    async def start(self) -> None:
        """Leases go on; what was taken without one is asked for."""
        self.look()
        self._watch = spawn(self._keep_looking(), "desk looks at its leases", is_vital=True)

    async def stop(self) -> None:
        await stop(self._watch)

    async def _keep_looking(self) -> None:
        while True:
            await self._clock.sleep(_LOOK_S, soft=True)
            self.look()

    def look(self) -> None:
        """Ends what was not taken in time, and asks for what was taken and not answered."""
        if not self.places:
            return
        for kept in self._store.in_state(State.PENDING):
            account, reference = kept.bet.account, kept.bet.reference
            if life.is_unsent(kept.bet):
                self.register.expire(kept)
                continue
            job = self._job(kept)
            if job is not None and job.stage is Stage.ASKED:
                _log.warning("bet was taken and not answered", reference=reference, person=job.person)
                self.register.doubt(
                    account, reference, f"taken by {job.person or 'somebody'}, and not answered in time"
                )

    # --- as the bridge's bookmaker ------------------------------------------------------------------------------

    async def quote(self, account: str, selection: Selection, side: Side, stake: Decimal | None) -> Offer:
        """Nobody looks for a price that is not bet on: it is told as suspended."""
        return Offer(None, Decimal(0), Decimal(0), minor_unit(self.terms.accounts[account]))

    async def balance(self, account: str) -> Funds:
        """What a person last told, without what was bet since; nothing before the first time."""
        told = self._store.noted(f"balance {account}", _Told)
        since = [] if told is None else self._store.accepted_since(account, told.at_ms)
        taken = sum((Decimal(bet.placed.stake) for bet in since if bet.placed), Decimal(0))
        waiting = [
            kept.bet for kept in self._store.in_state(State.PENDING, State.UNKNOWN) if kept.bet.account == account
        ]
        held = taken + sum((Decimal(bet.requested.stake) for bet in waiting), Decimal(0))
        return Funds(max(Decimal(0), (told.available if told else Decimal(0)) - held), held)

    # --- as persons see it --------------------------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        return self._clock.now_ms()

    def jobs(self) -> list[Job]:
        """What is to be done: questions first, then what is being placed, then what waits, each by its end."""
        self.look()
        found = [self._job(kept) for kept in self._store.in_state(State.PENDING, State.UNKNOWN)]
        order = (Stage.ASKED, Stage.TAKEN, Stage.WAITING)
        return sorted(
            (job for job in found if job is not None), key=lambda job: (order.index(job.stage), job.until_ms or 0)
        )

    def job(self, account: str, reference: str) -> Job | None:
        """None for a bet that is over, or not known."""
        self.look()
        kept = self._store.find(account, reference)
        return None if kept is None else self._job(kept)

    def take(self, account: str, reference: str, person: str) -> Job:
        """The bet is the person's to place, for a minute. Raises DeskError."""
        person = checked_person(person)
        job = self.job(account, reference)
        if job is None:
            raise DeskError("the bet is over: its time has passed, or somebody has answered")
        if job.stage is not Stage.WAITING:
            raise DeskError(f"{job.person or 'somebody'} has taken the bet")
        lease = Lease(person, self.now_ms + LEASE_MS)
        self._store.audit(person, "take", account, reference, {})
        self._store.note(_lease_name(account, reference), lease)
        if self.register.begin(account, reference) is None:
            raise DeskError("the bet is over: its time has passed")
        return replace(job, stage=Stage.TAKEN, person=person, until_ms=lease.until_ms)

    def placed(
        self, account: str, reference: str, person: str, ticket: str, stake: str, price: str, *, is_meant: bool = False
    ) -> None:
        """The bet stands at the bookmaker. is_meant: it does so although it is beyond what was asked for. Raises
        DeskError."""
        person, ticket = checked_person(person), ticket.strip()
        job = check_answer(self.job(account, reference), person)
        if not 0 < len(ticket) <= _LONGEST_TICKET:
            raise DeskError(f"give the ticket's number, up to {_LONGEST_TICKET} characters")
        decision = Placed((ticket,), checked_amount("stake", stake), checked_amount("price", price), {"person": person})
        if (beyond := _beyond(job, decision)) and not is_meant:
            raise DeskError(f"{beyond}; if the ticket says so all the same, say that it is meant")
        details = {"ticket": ticket, "stake": decision.stake, "price": decision.price, "beyond": beyond}
        self._store.audit(person, "placed", account, reference, details)
        self._answer(account, reference, decision)

    def impossible(self, account: str, reference: str, person: str, code: str, note: str = "") -> None:
        """The bet does not stand at the bookmaker, and will not. code: one of the protocol's reasons. Raises
        DeskError."""
        person = checked_person(person)
        check_answer(self.job(account, reference), person)
        if code not in RETRIES:
            raise DeskError(f"{code!r} is no reason; these are: {', '.join(sorted(RETRIES))}")
        self._store.audit(person, "impossible", account, reference, {"code": code, "note": note[:200]})
        self._answer(account, reference, Refused(code, note[:200]))

    def tell_balance(self, account: str, person: str, available: str) -> None:
        """What may be staked now, as the bookmaker shows it. Raises DeskError."""
        person, amount = checked_person(person), checked_amount("balance", available, least=Decimal(0))
        if not self.places or account not in self.terms.accounts:
            raise DeskError(f"the desk has no account {account!r} whose balance is told by hand")
        self._store.audit(person, "balance", account, None, {"available": amount})
        self._store.note(f"balance {account}", _Told(amount, self.now_ms))

    def decisions(self, limit: int = 200) -> list[dict[str, Any]]:
        """The last decisions of persons, newest first."""
        return self._store.audited(limit)

    def _answer(self, account: str, reference: str, decision: Placed | Refused) -> None:
        self.register.decide(account, reference, decision)
        self._store.drop(_lease_name(account, reference))

    def _job(self, kept: Kept) -> Job | None:
        if not self.places and kept.bet.state is not State.UNKNOWN:
            return None
        lease = self._store.noted(_lease_name(kept.bet.account, kept.bet.reference), Lease)
        return job_of(kept, lease, self.now_ms)


def checked_person(name: str) -> str:
    """Raises DeskError for what is nobody's name."""
    name = " ".join(name.split())
    if not (0 < len(name) <= _LONGEST_NAME and name.isprintable()):
        raise DeskError(f"give your name, up to {_LONGEST_NAME} characters")
    return name


def checked_amount(what: str, text: str, *, least: Decimal | None = None) -> Decimal:
    """A plain positive number, or one from `least` on. Raises DeskError."""
    try:
        micros(text.strip())
        amount = Decimal(text.strip())
    except InexactAmountError as error:
        raise DeskError(f"{what}: {error}") from None
    if amount <= 0 if least is None else amount < least:
        raise DeskError(f"{what}: {amount} is too little")
    if what == "price" and amount <= 1:
        raise DeskError("price: decimal odds are above 1")
    return amount


def _beyond(job: Job, decision: Placed) -> str:
    """In what a bet is not what was asked for; empty when it is."""
    wager = job.wager
    if decision.price < wager.limit_price if wager.is_back else decision.price > wager.limit_price:
        return f"the price {decision.price} is worse than {wager.limit_price}"
    if decision.stake > wager.stake:
        return f"the stake {decision.stake} is more than {wager.stake}"
    if decision.stake < wager.stake and not wager.takes_part:
        return f"the stake {decision.stake} is less than {wager.stake}, which was to be placed whole"
    return ""


def _lease_name(account: str, reference: str) -> str:
    return f"lease {account} {reference}"
