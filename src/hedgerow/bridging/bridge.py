"""What an operator writes to connect a bookmaker: five methods, in plain values.

Everything that makes a bet safe is not here: it is stored before it is sent, sent once, fenced, found again after a
crash, and told with revisions that never go back (`register`, `carrier`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from hedgerow.bridging.wire import RETRIES, Basis, BetRequest, Capability, Selection, Side, Status
from hedgerow.core.clock import ms_of_iso
from hedgerow.core.errors import SetupError

_WRITTEN_BY_OPERATORS = frozenset(
    {Capability.PARTIAL, Capability.LAY, Capability.CASHOUT_REPORT, Capability.STATEMENT_SETTLEMENT}
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a bridge says of itself. accounts: name to currency. Durations in seconds."""

    bookmaker: str
    basis: Basis
    responsible: str
    accounts: Mapping[str, str]
    simulated: bool = False
    version: str = "1"
    contact: str | None = None
    reference: str | None = None
    capabilities: frozenset[Capability] = frozenset()
    quotes_per_minute: int = 60
    bets_per_minute: int = 60
    concurrent_bets: int = 4
    typical_s: float = 1.0
    maximum_s: float = 30.0
    live_delay_s: float = 0.0
    statement_every_s: float = 30.0

    def __post_init__(self) -> None:
        """Raises SetupError."""
        if not self.accounts or any(not name or "/" in name or len(name) > 100 for name in self.accounts):
            raise SetupError("a bridge needs accounts whose names have 1 to 100 characters and no /", "name them")
        if unknown := self.capabilities - _WRITTEN_BY_OPERATORS:
            raise SetupError(
                f"a bridge of this kit cannot have {', '.join(sorted(unknown))}",
                f"declare none but {', '.join(sorted(_WRITTEN_BY_OPERATORS))}; events are there without",
            )
        if min(self.quotes_per_minute, self.bets_per_minute, self.concurrent_bets) < 1:
            raise SetupError("the pace of a bridge takes no requests", "give each of its numbers as 1 or more")


@dataclass(frozen=True, slots=True)
class Offer:
    """The betslip of one selection. price: decimal odds; None while it is suspended. max_stake: money at risk, for this
    account, now."""

    price: Decimal | None
    min_stake: Decimal
    max_stake: Decimal
    stake_step: Decimal
    is_live: bool = False
    delay_s: float = 0.0
    life_s: float = 10.0
    understood_as: str | None = None


@dataclass(frozen=True, slots=True)
class Wager:
    """A bet to be placed, once. limit_price: backing takes it or a higher one, laying it or a lower one; a worse one is
    never taken. takes_part: less than the stake may be placed. Nothing may be sent after `not_after_ms`."""

    account: str
    reference: str
    selection: Selection
    is_back: bool
    stake: Decimal
    currency: str
    limit_price: Decimal
    accepts_better: bool
    takes_part: bool
    not_after_ms: int
    quote_id: str | None = None

    @classmethod
    def of(cls, account: str, reference: str, request: BetRequest) -> Wager:
        """Raises ValueError for a time that cannot be read."""
        return cls(
            account,
            reference,
            request.selection,
            request.side == "back",
            Decimal(request.stake),
            request.currency,
            Decimal(request.limit_price),
            request.accept_better,
            request.fill == "up_to",
            ms_of_iso(request.not_after),
            request.quote_id,
        )


@dataclass(frozen=True, slots=True)
class Placed:
    """The bookmaker has taken the bet. ids: its own, one for each part. evidence: what came back, without secrets."""

    ids: tuple[str, ...]
    stake: Decimal
    price: Decimal
    evidence: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises ValueError for what no bet can be: then it is in doubt."""
        if not (self.stake.is_finite() and self.price.is_finite() and self.stake > 0 and self.price > 1):
            raise ValueError(f"no bet has a stake of {self.stake} and a price of {self.price}")


@dataclass(frozen=True, slots=True)
class Refused:
    """The bookmaker has surely not taken the bet. code: one of the protocol's. offer: (stake, price) that it would
    take."""

    code: str
    message: str = ""
    offer: tuple[Decimal, Decimal] | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a code that the protocol does not have."""
        if self.code not in RETRIES:
            raise ValueError(f"{self.code!r} is no reason of the protocol's, such as {', '.join(sorted(RETRIES))}")


@dataclass(frozen=True, slots=True)
class Result:
    """How a bet was settled. named: by our reference, or by one of the bookmaker's ids. returned: paid back in total,
    the stake included."""

    named: str
    status: Status
    returned: Decimal
    commission: Decimal | None = None
    reason: str | None = None
    settled_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Funds:
    """available: what may be staked now. open: stakes of open bets. credit: its line, for an account on credit."""

    available: Decimal
    open: Decimal
    credit: Decimal | None = None


class Bridge(ABC):
    """One bookmaker. Errors that a method raises are logged; what they mean stands with each."""

    terms: Terms

    @abstractmethod
    async def quote(self, account: str, selection: Selection, side: Side, stake: Decimal | None) -> Offer | None:
        """The present offer; None: it is not offered. An error is told as `bookmaker_error`."""

    @abstractmethod
    async def send(self, wager: Wager) -> Placed | Refused:
        """Places the bet: called once for each, ever. An error, and silence beyond `Terms.maximum_s`, leave the bet in
        doubt; Refused is proof that it was not taken."""

    @abstractmethod
    async def find(self, wager: Wager) -> Placed | Refused | None:
        """What became of a bet that is in doubt, read from the bookmaker's open bets. Refused is proof that it is not
        there and will not come; None, and an error: it cannot be told yet. Asked again until it is told."""

    @abstractmethod
    async def statement(self, account: str, since_ms: int) -> Sequence[Result]:
        """What was settled, or corrected, since a time; repeats do no harm. Asked only with the capability
        `statement_settlement`."""

    @abstractmethod
    async def balance(self, account: str) -> Funds:
        """An error is told as `bookmaker_error`."""

    async def open(self) -> None:  # noqa: B027 - not every bookmaker needs it
        """Called before the first of the others."""

    async def close(self) -> None:  # noqa: B027
        """Called after the last of the others."""
