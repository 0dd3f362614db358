"""What a bridge answers to its router, beyond bets: who it is, its accounts, its offers. And who sends bets on."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Protocol

import structlog

from hedgerow.bridging import wire
from hedgerow.bridging.bridge import Bridge, Funds, Offer, Terms
from hedgerow.bridging.carrier import Carrier
from hedgerow.bridging.pace import Pace
from hedgerow.bridging.problems import ProblemError, too_fast
from hedgerow.bridging.register import Register
from hedgerow.bridging.wire import PROTOCOL, REFERENCE_DAYS, Capability, Quote, QuoteRequest, Selection, Side, amount
from hedgerow.core.clock import Clock, iso_of_ms

_log = structlog.get_logger(__name__)


class Bookmaker(Protocol):
    """What a service asks about offers and money: the operator's program, or the desk."""

    async def quote(self, account: str, selection: Selection, side: Side, stake: Decimal | None) -> Offer | None: ...

    async def balance(self, account: str) -> Funds: ...


class Sender(Protocol):
    """Who sends bets on."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class Service:
    """One bridge, ready to be served."""

    def __init__(self, terms: Terms, bookmaker: Bookmaker, register: Register, sender: Sender, clock: Clock) -> None:
        self.terms, self.register, self.sender = terms, register, sender
        self._bookmaker, self._clock = bookmaker, clock
        self._quotes = Pace(clock, terms.quotes_per_minute)

    @classmethod
    def of(cls, bridge: Bridge, register: Register, clock: Clock) -> Service:
        """Of an operator's program."""
        return cls(bridge.terms, bridge, register, Carrier(bridge, register, clock), clock)

    def info(self) -> wire.Info:
        terms = self.terms
        return wire.Info(
            PROTOCOL,
            terms.bookmaker,
            terms.version,
            terms.simulated,
            wire.Access(terms.basis, terms.responsible, terms.contact, terms.reference),
            sorted({*terms.capabilities, Capability.EVENTS}),
            sorted(set(terms.accounts.values())),
            REFERENCE_DAYS,
            wire.Pacing(terms.quotes_per_minute, terms.bets_per_minute, terms.concurrent_bets),
            wire.DecisionSeconds(terms.typical_s, terms.maximum_s),
            terms.live_delay_s,
        )

    def health(self) -> wire.Health:
        return wire.Health("up", "all", self._now())

    def account(self, name: str) -> wire.Account:
        return wire.Account(name, self.terms.accounts[name], active=True)

    async def balance(self, account: str) -> wire.Balance:
        """Raises ProblemError when the bookmaker does not tell."""
        try:
            funds = await self._bookmaker.balance(account)
        except Exception as error:
            raise _not_told("balance", error) from error
        credit = None if funds.credit is None else amount(funds.credit)
        currency = self.terms.accounts[account]
        return wire.Balance(amount(funds.available), amount(funds.open), currency, self._now(), credit)

    async def quote(self, account: str, asked: QuoteRequest) -> Quote:
        """Raises ProblemError above the pace, and when the bookmaker does not tell."""
        if (wait_s := self._quotes.wait_s(account)) > 0:
            raise too_fast(f"more than {self.terms.quotes_per_minute} quotes in a minute", wait_s)
        stake = None if asked.stake is None else Decimal(asked.stake)
        try:
            offer = await self._bookmaker.quote(account, asked.selection, asked.side, stake)
        except Exception as error:
            raise _not_told("quote", error) from error
        name, now_ms = str(uuid.uuid4()), self._clock.now_ms()
        if offer is None:
            return Quote(name, "not_offered", iso_of_ms(now_ms))
        expires = iso_of_ms(now_ms + int(offer.life_s * 1000))
        if offer.price is None:
            return Quote(name, "suspended", expires)
        return Quote(
            name,
            "open",
            expires,
            price=amount(offer.price),
            min_stake=amount(offer.min_stake),
            max_stake=amount(offer.max_stake),
            stake_step=amount(offer.stake_step),
            currency=self.terms.accounts[account],
            live=offer.is_live,
            live_delay_seconds=offer.delay_s,
            understood_as=offer.understood_as,
        )

    def _now(self) -> str:
        return iso_of_ms(self._clock.now_ms())


def _not_told(what: str, error: Exception) -> ProblemError:
    """An error of the operator's program, without its text: it may hold what no router is to see."""
    _log.warning("the bookmaker does not answer", question=what, error=f"{type(error).__name__}: {error}")
    return ProblemError(502, "bookmaker_error", f"the bookmaker does not tell the {what}", retry="later")
