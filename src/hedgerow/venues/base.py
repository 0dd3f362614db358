"""What a venue is to the rest of the product: two protocols, and the values that cross them.

A *bookmaker* takes bets and answers them; an *exchange* holds orders that rest. Families of venues implement one or
both; nothing above them knows a venue's own words. Prices of exchange contracts, sizes and money are micros (see
core.money). A contract pays 1 on every exchange: where the venue speaks decimal odds and the backer's stake, the family
speaks of the contracts that a bet is (`core.odds_grid`, docs/decisions/0196-odds-as-contracts.md).
Every method that asks the venue raises only the four venue errors of core.errors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from hedgerow.core.clock import Clock
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey, PlayerId, VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import Micros
from hedgerow.core.odds import OddsMicros
from hedgerow.core.secrets import Secret
from hedgerow.core.states import BetSettlement, BetStatus, FillState, OrderStatus, SettlementStatus, Side
from hedgerow.net.egress import DIRECT, Egress

_TINY = Decimal("0.000000000001")

# --- what a venue says of itself -------------------------------------------------------------------------------


class PriceKind(StrEnum):
    """What the venue itself calls a price. Orders, fills and instruments have probabilities either way."""

    PROBABILITY = "probability"
    DECIMAL_ODDS = "decimal_odds"


class Idempotency(StrEnum):
    """How a lost answer is resolved, strongest first. Placement and reconciliation follow this declaration."""

    FENCED = "fenced"  # asking ends the doubt: a reference that has not arrived is refused for good
    COMPUTED_ID = "computed_id"  # the venue's own order id can be computed before the request leaves
    UNIQUE_REFERENCE = "unique_reference"  # the venue refuses a second request with our reference
    ECHO = "echo"  # our reference comes back in the venue's lists, but a repeat is not refused
    NONE = "none"  # only a search by market, price, size and time can tell


class InPlayPolicy(StrEnum):
    """What the exchange does with resting orders when the fixture starts."""

    KEEPS = "keeps"
    CANCELS = "cancels"
    PER_ORDER = "per_order"


class PushRule(StrEnum):
    """What the exchange pays where a line is hit exactly, or half."""

    UNKNOWN = "unknown"  # nothing that such a line is quoted on
    STAKE_BACK = "stake_back"  # as bookmakers: a push gives the stake back, a quarter line settles by halves
    VOID_PAYS = "void_pays"  # a push is a void and pays `void_pays`; of quarter lines nothing is known


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One thing an account needs, as asked from the operator."""

    name: str
    description: str
    secret: bool = True
    required: bool = True


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: `per_second` tokens come in, at most `burst` are kept."""

    per_second: float
    burst: float


@dataclass(frozen=True, slots=True)
class Manifest:
    """A venue's facts that are not code. Hosts, rates and fees change within months: they are data here."""

    slug: VenueSlug
    name: str
    urls: Mapping[str, str]
    credentials: tuple[CredentialField, ...]
    currency: str
    rates: Mapping[str, Rate]
    idempotency: Idempotency
    knowledge: str  # where the facts come from, and when they were read
    is_exchange: bool = False
    is_bookmaker: bool = False
    lays: bool = False  # as a bookmaker: lay bets are taken too
    level: str = "native"
    price_kind: PriceKind = PriceKind.PROBABILITY
    sells_without_holding: bool = False
    amends: bool = False
    batch_limit: int = 1  # orders that one request can place
    cancel_limit: int = 1  # orders that one request can cancel; above 1 it is `CancelsMany`
    in_play: InPlayPolicy = InPlayPolicy.KEEPS
    heartbeat_s: float | None = None  # dead-man's switch: the venue cancels all after this silence
    minimum_stake: Decimal = Decimal(1)
    has_statement: bool = True  # of a bookmaker: `settled` tells how every bet ended; else the feed's grade decides
    void_pays: Decimal | None = None  # to either side, where a void is known to pay it: for prices, not for settling
    push: PushRule = PushRule.UNKNOWN
    shows_books: bool = False  # of an exchange: its connector tells everybody's orders and trades, see `ShowsBooks`


@dataclass(frozen=True, slots=True)
class Account:
    """The account a connector works for."""

    account_id: int
    username: str
    currency: str
    credentials: Mapping[str, Secret]
    meta: Mapping[str, str] = field(default_factory=dict)

    @property
    def pseudonym(self) -> str:
        """What partners' venues are told of who bets: stable, and nothing of a person. The meta `source_id`, or the
        account's number with us."""
        return self.meta.get("source_id") or f"account-{self.account_id}"


# --- exchanges ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fee:
    """What a fill costs: size × rate × (p·(1 − p))^exponent, rounded up to a whole number of `unit` micros.

    on_winnings: a commission instead, which the venue takes at settlement: the most that the fill can come to,
    size × rate × (1 − p), where p is what a contract costs its holder. Prices count it; fills do not carry it.
    Sources: Kalshi fee schedule (quadratic, exponent 1), Polymarket `fd` (rate and exponent per market).
    """

    rate: Decimal = Decimal(0)
    exponent: int = 1
    unit: int = 1
    on_winnings: bool = False

    def of(self, price: int, size: int) -> Micros:
        """The fee in micros for a fill of `size` micros of contracts that cost their holder `price` micros each: bought
        the price, sold the rest of 1."""
        if not self.rate:
            return Micros(0)
        probability = Decimal(price).scaleb(-6)
        charged = 1 - probability if self.on_winnings else (probability * (1 - probability)) ** self.exponent
        exact = size * self.rate * charged
        return Micros(math.ceil(exact / self.unit) * self.unit)


@dataclass(frozen=True, slots=True)
class Instrument:
    """One contract that can be quoted on an exchange. Sizes are micros of contracts."""

    venue: VenueSlug
    ref: str  # the venue's id of the contract that orders name
    market_ref: str  # the venue's id of the market it belongs to
    grid: PriceGrid
    lot: int = 10_000  # sizes are whole multiples of this; on an `OddsGrid` stakes are
    min_size: int = 1_000_000
    min_notional: int = 0
    maker_fee: Fee = Fee()
    taker_fee: Fee = Fee()
    meta: Mapping[str, str] = field(default_factory=dict)  # what only the connector reads

    def lot_at(self, price: int) -> int:
        """The step of sizes at a price of the grid."""
        return self.grid.lot_at(price, self.lot)

    def least_at(self, price: int) -> int:
        """The smallest size that the venue takes at a price of the grid, in whole lots."""
        lot = self.lot_at(price)
        least = max(self.min_size, self.grid.size_worth(price, self.min_notional), 1)
        return -(-least // lot) * lot


@dataclass(frozen=True, slots=True)
class Listing:
    """A contract as the exchange describes it, before it is tied to a market of the feed.

    Texts are the venue's own; None where it does not say. `participants` in the venue's order; `outcome` is what the
    contract pays on; `opposite` is what it pays on when sold, where the market has exactly two results.
    """

    instrument: Instrument
    title: str
    outcome: str
    opposite: str | None = None
    participants: tuple[str, ...] = ()
    sport: str | None = None  # the feed's sport slug, e.g. "tennis"
    competition: str | None = None
    market_type: str | None = None  # the feed's word: moneyline, 1x2, totals, spreads
    period: str | None = None  # the feed's word: result, fulltime, p1
    line: Decimal | None = None
    starts_at_ms: int | None = None
    is_open: bool = True
    rules: str = ""


@dataclass(frozen=True, slots=True)
class NewQuote:
    """An order that is to rest. `client_ref` is ours, unique per account, and found again by `find_order`."""

    client_ref: str
    instrument: Instrument
    side: Side
    price: Micros
    size: Micros
    post_only: bool = True
    expires_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class OrderRef:
    """How a resting order is named to its exchange; `venue_ref` is None until it is computed or told.

    has_arrived: the exchange has told of it as `venue_ref`, perhaps to an earlier run, so that where it is not there
    any more it has ended, and is not still on its way.
    """

    instrument: Instrument
    client_ref: str | None
    venue_ref: str | None
    has_arrived: bool = False


@dataclass(frozen=True, slots=True)
class OrderState:
    """An order as the exchange sees it now. Sizes in micros of contracts; `size` is the whole order."""

    venue_ref: str
    client_ref: str | None
    instrument_ref: str
    side: Side
    price: Micros
    size: Micros
    filled: Micros
    status: OrderStatus
    at_ms: int
    reason: str = ""

    @classmethod
    def of(
        cls,
        quote: NewQuote,
        venue_ref: str,
        status: OrderStatus,
        at_ms: int,
        *,
        filled: int = 0,
        size: int | None = None,
        reason: str = "",
    ) -> OrderState:
        """What became of a quote that was sent. size: where the venue took another than the quote's."""
        whole = quote.size if size is None else Micros(size)
        return cls(
            venue_ref,
            quote.client_ref,
            quote.instrument.ref,
            quote.side,
            quote.price,
            whole,
            Micros(filled),
            status,
            at_ms,
            reason,
        )


@dataclass(frozen=True, slots=True)
class Fill:
    """One trade of one of our orders. (venue, account, trade_ref, venue_ref) is its identity; repeats are allowed."""

    trade_ref: str
    venue_ref: str
    client_ref: str | None
    instrument_ref: str
    side: Side
    price: Micros
    size: Micros
    fee: Micros
    state: FillState
    is_maker: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class StreamGap:
    """The stream was, or may have been, interrupted: what rests and what was filled must be asked again."""

    reason: str
    is_down: bool  # True when it breaks, False when it is back


@dataclass(frozen=True, slots=True)
class MarketChange:
    """A market at the exchange opened, was suspended, changed its grid, or was resolved."""

    instrument_ref: str
    is_open: bool
    grid: PriceGrid | None = None
    resolution: SettlementStatus | None = None


ExchangeEvent = OrderState | Fill | StreamGap | MarketChange
EventSink = Callable[[ExchangeEvent], None]


@dataclass(frozen=True, slots=True)
class PublicBook:
    """All that rests on a contract now, in its own terms: contracts by price, both in micros. What is no more known,
    as after a break, is None."""

    instrument_ref: str
    bids: Mapping[int, int] | None
    asks: Mapping[int, int] | None


@dataclass(frozen=True, slots=True)
class PublicTrade:
    """A trade of anybody's, in the terms of the contract. taker: what the later of the two orders did."""

    instrument_ref: str
    price: Micros
    size: Micros
    taker: Side


PublicSink = Callable[[PublicBook | PublicTrade], None]


@dataclass(frozen=True, slots=True)
class Balance:
    """Free and held money of an account, in its currency."""

    free: Decimal
    held: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """How an instrument ended at its exchange and what the account was credited for it, fees taken."""

    instrument_ref: str
    status: SettlementStatus  # of the contract when bought
    payout_per_contract: Decimal | None  # to its buyer, its seller gets the rest; None: by status, a void's stake back
    at_ms: int
    kept: Decimal = Decimal(0)  # the part of winnings that the venue kept, where it charges those

    def seen_by(self, side: Side, cost: Decimal = Decimal(1)) -> tuple[SettlementStatus, Decimal | None]:
        """The status, and what was paid for each contract, for who bought it or sold it. cost: of a contract to its
        holder, from which its winnings follow; to 12 decimals."""
        status = self.status if side is Side.BUY else self.status.mirrored
        paid = self.payout_per_contract
        if paid is not None:
            return status, paid if side is Side.BUY else 1 - paid
        if self.kept and status is SettlementStatus.WON:
            return status, (1 - self.kept * (1 - cost)).quantize(_TINY, rounding=ROUND_DOWN)
        return status, None


class Exchange(Protocol):
    """A venue where our orders rest."""

    manifest: Manifest

    async def open(self, sink: EventSink) -> None:
        """Signs in where the venue needs it and starts the streams; `sink` is called on the loop for every event,
        in the order of arrival. Returns when the account's own stream is up. A stream that cannot be opened at
        first keeps trying; its gaps are announced."""
        ...

    async def close(self) -> None:
        """Stops the streams and closes connections; resting orders stay."""
        ...

    async def listings(self, sport: str) -> list[Listing]:
        """All contracts of matches that the venue lists for a sport of the feed (its slug), open or suspended."""
        ...

    async def watch(self, instruments: Sequence[Instrument]) -> None:
        """Follows these instruments' state on the stream, in place of those followed before."""
        ...

    async def balance(self) -> Balance: ...

    async def working(self) -> list[OrderState]:
        """Every order of the account that rests now: the truth after a restart or a gap."""
        ...

    async def fills(self, since_ms: int) -> list[Fill]:
        """Every fill of the account from `since_ms` on, oldest first; repeats what the stream may have said."""
        ...

    def place(self, quote: NewQuote) -> Coroutine[Any, Any, OrderState]:
        """Sends one order: before this returns where it can, and the answer is awaited. It may already be filled or
        cancelled. InDoubt when no answer came. Every error comes from the answer."""
        ...

    def ref_of(self, quote: NewQuote) -> OrderRef:
        """How the order will be named, before it is sent. With Idempotency.COMPUTED_ID the venue's id is in it."""
        ...

    def amend(
        self, ref: OrderRef, side: Side, price: Micros, size: Micros, filled: Micros
    ) -> Coroutine[Any, Any, OrderState]:
        """Moves a resting order in place, sent as by `place`; `size` is the whole order, what is filled included.
        Only where the manifest says `amends`."""
        ...

    def cancel(self, ref: OrderRef) -> Coroutine[Any, Any, OrderState | None]:
        """Cancels one order, sent as by `place`; None when the venue confirms without saying what was filled. Refused
        with Reason.UNKNOWN_ORDER when it does not rest (any more): its fills are then asked for."""
        ...

    async def cancel_all(self) -> None:
        """Cancels everything that rests for the account."""
        ...

    async def find_order(self, ref: OrderRef) -> OrderState | None:
        """What the venue knows of the order. None = it surely never arrived or, where that is known of it, has ended;
        CannotTell when it cannot say."""
        ...

    async def resolutions(self, instruments: Sequence[Instrument]) -> list[Resolution]:
        """How those of the instruments that are over were resolved; the others are left out."""
        ...


class CancelsMany(Protocol):
    """An exchange whose manifest has a `cancel_limit` above 1."""

    def cancel_many(self, refs: Sequence[OrderRef]) -> list[Coroutine[Any, Any, OrderState | None]]:
        """Cancels orders, at most `cancel_limit`, in one request where it can: sent as by `cancel`, with an answer for
        each order, in their order, as `cancel` would give it. An answer that does not name an order leaves that one
        InDoubt."""
        ...


@runtime_checkable
class ExpectsOrders(Protocol):
    """An exchange of whose orders a part follows from their reference alone."""

    def expect(self, client_ref: str) -> None:
        """Works out ahead what the order with that reference, probably the next, will need. Sends nothing and raises
        nothing."""
        ...


@runtime_checkable
class RehearsesOrders(Protocol):
    """An exchange whose orders take so long to make that it is worth keeping warm what makes them."""

    def rehearse(self, quote: NewQuote) -> None:
        """Works out the request that would place the quote, signatures included, and drops it. Sends nothing, notes
        nothing, takes nothing of a budget; where a quote cannot be placed now nothing is done."""
        ...


@runtime_checkable
class ShowsBooks(Protocol):
    """An exchange whose manifest says `shows_books`."""

    def show_books(self, sink: PublicSink) -> None:
        """From now on the books and trades of the watched instruments are told as well. Called before `open`."""
        ...


# --- bookmakers --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BetIntent:
    """One wager to be sent once.

    Backing takes `odds` or higher ones. Laying takes `odds` or lower ones, and `stake` is the backer's: what can be
    lost is stake × (odds − 1). `market_ref` and `outcome_ref` are the bookmaker's own ids of the line, as the odds
    feed gives them (`bookmakerMarketId`, `bookmakerOutcomeId`); the line they name is the price that is taken.
    """

    reference: str
    fixture_id: FixtureId
    outcome_id: OutcomeId
    player_id: PlayerId
    market_ref: str
    outcome_ref: str
    odds: OddsMicros
    stake: Decimal
    currency: str
    is_live: bool
    accept_better: bool = True
    accept_partial: bool = False
    is_back: bool = True

    @property
    def outcome(self) -> OutcomeKey:
        """What is bet on, in the feed's ids."""
        return OutcomeKey(self.fixture_id, self.outcome_id, self.player_id)


@dataclass(frozen=True, slots=True)
class BetRef:
    """How a bet is asked for: our reference, and the bookmaker's id once it is known. `stake`: what was asked for."""

    reference: str
    bet_ref: str | None
    sent_at_ms: int
    is_back: bool = True
    stake: Decimal | None = None


@dataclass(frozen=True, slots=True)
class BetReport:
    """A bet as the bookmaker sees it. `odds` and `stake` are what was taken, None while that is not known. `at_risk` is
    what the bet took from the balance, charges included, where that is another amount than the stake (laid: than
    stake × (odds − 1))."""

    reference: str
    status: BetStatus
    bet_ref: str | None = None
    odds: OddsMicros | None = None
    stake: Decimal | None = None
    reason: str = ""
    settlement: BetSettlement | None = None  # None and UNSETTLED: not decided
    payout: Decimal | None = None  # what came back to the balance, stake included, commission taken
    commission: Decimal = Decimal(0)  # what of the winnings is not in the payout because the venue kept it
    at_risk: Decimal | None = None
    sent: Mapping[str, Any] = field(default_factory=dict)  # without secrets, for the audit trail
    received: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LiveLine:
    """The bookmaker's own present offer for one outcome, asked from it directly."""

    market_ref: str
    outcome_ref: str
    odds: OddsMicros
    min_stake: Decimal
    max_stake: Decimal
    currency: str


class Bookmaker(Protocol):
    """A venue that takes bets."""

    manifest: Manifest

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def balance(self) -> Balance: ...

    async def place(self, bet: BetIntent) -> BetReport:
        """Sends the bet once; a lay bet only where the manifest says `lays`. CONFIRMED, PLACED (accepted with a delay)
        or REJECTED by the report; Refused when the bookmaker said no to the request, Unavailable when nothing was sent,
        InDoubt when no answer came."""
        ...

    async def find(self, ref: BetRef) -> BetReport | None:
        """The bookmaker's record of our reference. None = it surely never arrived; CannotTell otherwise."""
        ...

    async def settled(self, since_ms: int) -> list[BetReport]:
        """Every bet settled or re-settled at or after `since_ms`, oldest first; repeats are allowed."""
        ...

    async def line(self, market_ref: str, outcome_ref: str, outcome: OutcomeKey) -> LiveLine | None:
        """The present offer for the outcome of a market; None when it is not offered now. The references are the
        bookmaker's, as in a `BetIntent`; `outcome` is the feed's name of the same, for those who know that one."""
        ...


@runtime_checkable
class NamesBets(Protocol):
    """A bookmaker with Idempotency.COMPUTED_ID."""

    async def name(self, bet: BetIntent) -> str | None:
        """Makes the bet ready and answers the bookmaker's id that it will have, which is committed before `place`
        sends it: afterwards it can be asked for by no other. Raises Refused and Unavailable as `place`."""
        ...


@runtime_checkable
class PreparesBets(Protocol):
    """A bookmaker whose request for a bet can be made ready while the bet is being committed."""

    def prepare(self, bet: BetIntent) -> None:
        """Makes the request ready, as far as nothing has to be asked for it: `place` of the same bet sends it. Sends
        nothing and raises nothing; what is wrong with the bet is said by `place`."""
        ...


# --- how connectors are built ------------------------------------------------------------------------------------


FixtureRefs = Callable[[FixtureId], str | None]
"""What the venue calls a fixture of the feed, by the feed's `bookmakerFixtureId`; None while the feed has not said."""


def _untold(_: FixtureId) -> str | None:
    """Where nobody follows the feed."""
    return None


Descriptions = Callable[[OutcomeKey], Mapping[str, str | Decimal]]
"""An outcome in words, for a person: `outcome`, `handicap`, `market`, `participant1` and their like, as far as the feed
has told them."""


def _wordless(_: OutcomeKey) -> Mapping[str, str | Decimal]:
    """Where nobody follows the feed."""
    return {}


@dataclass(frozen=True, slots=True)
class VenueContext:
    """What a connector is given: its account, the time, and where the venue is. sharers: so many connectors use the
    account at one time, this one among them. fixture_ref: for bookmakers whose references of a line do not say of which
    match it is. describe: for those at which a person may read what is bet on. egress: how every connection goes
    out."""

    account: Account
    clock: Clock
    urls: Mapping[str, str]
    sharers: int = 1
    fixture_ref: FixtureRefs = _untold
    describe: Descriptions = _wordless
    egress: Egress = DIRECT

    def share_of(self, rate: Rate) -> Rate:
        """This connector's part of what the venue allows the account."""
        return Rate(rate.per_second / self.sharers, rate.burst / self.sharers)


ExchangeFactory = Callable[[VenueContext], Exchange]
BookmakerFactory = Callable[[VenueContext], Bookmaker]
