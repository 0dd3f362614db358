"""What stands on an engine's tape.

A record is of one of three sorts. A *turn* is something that the engine was told, or a wait of its that ended: from
there it runs, without a break, until it waits again. A *state* is what others own and the engine reads: clients,
accounts, desks. It stands before the first turn that could see it. A *value* was read in the course of the turn
before it: an offer, a number. `decided` is what the engine said, to be compared with what a replay says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from hedgerow.core.errors import Refused
from hedgerow.core.ids import ClientName, FixtureId, MarketId, MarketKey, OutcomeId, VenueSlug
from hedgerow.core.money import Micros
from hedgerow.core.states import BetStatus, Side
from hedgerow.mm.controls import TournamentSettings, TradingState
from hedgerow.mm.hedging import Offer
from hedgerow.mm.policy import Policy, Scope
from hedgerow.mm.pricing import Pricing
from hedgerow.mm.taping.codec import Failure, error_of
from hedgerow.storage.bets import Bet
from hedgerow.venues.base import Fill, Idempotency, Instrument, Manifest, MarketChange, OrderState, PushRule, StreamGap

KIND = "engine"
"""Of the tape, in its header."""

DECIDED = "decided"


class _Message(msgspec.Struct, frozen=True, rename="camel"):
    pass


# --- states ------------------------------------------------------------------------------------------------------


class VenueFacts(_Message, frozen=True):
    """What the engine reads of a venue's manifest."""

    slug: VenueSlug
    amends: bool
    sells_without_holding: bool
    minimum_stake: Decimal
    void_pays: Decimal | None
    push: PushRule

    @classmethod
    def of(cls, manifest: Manifest) -> VenueFacts:
        return cls(
            manifest.slug,
            manifest.amends,
            manifest.sells_without_holding,
            manifest.minimum_stake,
            manifest.void_pays,
            manifest.push,
        )

    def manifest(self) -> Manifest:
        """A manifest in which nothing else is true."""
        return Manifest(
            slug=self.slug,
            name=self.slug,
            urls={},
            credentials=(),
            currency="USD",
            rates={},
            idempotency=Idempotency.NONE,
            knowledge="a tape",
            amends=self.amends,
            sells_without_holding=self.sells_without_holding,
            minimum_stake=self.minimum_stake,
            void_pays=self.void_pays,
            push=self.push,
        )


class EngineFacts(_Message, frozen=True):
    """A process begins: nothing of what stands before counts. `max_drift`: the setting `maxHedgeDrift`; `hysteresis`:
    `quoteHysteresis`, in micros."""

    max_drift: Decimal
    hysteresis: int


class DeskFacts(_Message, frozen=True):
    """An account where a client hedges. `per_usd`: units of its currency; `rank`: the lowest is asked first; `meta`:
    what of it the engine reads."""

    account_id: int
    venue: VenueFacts
    currency: str
    per_usd: Decimal
    rank: int
    is_active: bool
    meta: dict[str, str]


class PolicyFacts(_Message, frozen=True):
    """A `Policy`, in lists: JSON has no keys of two parts."""

    pricings: list[tuple[int | None, str | None, Pricing]]
    caps: list[tuple[Scope, str, int]]
    max_daily_loss: Decimal | None
    loss_stopped_on: date | None
    max_reject_share: Decimal | None
    fallbacks: tuple[VenueSlug, ...]

    @classmethod
    def of(cls, policy: Policy) -> PolicyFacts:
        return cls(
            [(*scope, pricing) for scope, pricing in policy.pricings.items()],
            [(*scope, cap) for scope, cap in policy.caps.items()],
            policy.max_daily_loss,
            policy.loss_stopped_on,
            policy.max_reject_share,
            policy.fallbacks,
        )

    def policy(self) -> Policy:
        return Policy(
            {(tournament_id, market_type): pricing for tournament_id, market_type, pricing in self.pricings},
            {(scope, subject): cap for scope, subject, cap in self.caps},
            self.max_daily_loss,
            self.loss_stopped_on,
            self.max_reject_share,
            self.fallbacks,
        )


class TournamentFacts(_Message, frozen=True):
    tournament_id: int
    is_active: bool
    limit_ratio: Decimal
    price_ticks: int

    @classmethod
    def of(cls, found: TournamentSettings) -> TournamentFacts:
        return cls(found.tournament_id, found.is_active, found.limit_ratio, found.price_ticks)

    def settings(self) -> TournamentSettings:
        return TournamentSettings(self.tournament_id, self.is_active, self.limit_ratio, self.price_ticks)


class ClientFacts(_Message, frozen=True):
    """A client's settings. `max_outcome_stake`: micros of USD, by account."""

    name: ClientName
    bookmaker: VenueSlug
    state: TradingState
    tournaments: list[TournamentFacts]
    denied: list[tuple[int, str, bool]]
    policy: PolicyFacts
    max_outcome_stake: list[tuple[int, int]]
    desks: list[DeskFacts]


class LaneFacts(_Message, frozen=True):
    """An exchange account of a client."""

    client: ClientName
    account_id: int
    venue: VenueFacts
    tag: int


# --- turns -------------------------------------------------------------------------------------------------------


class MarketAdded(_Message, frozen=True):
    client: ClientName
    key: MarketKey
    outcomes: tuple[OutcomeId, ...]
    sport_id: int
    tournament_id: int
    market_type: str
    line: Decimal | None


class MarketNamed(_Message, frozen=True):
    client: ClientName
    key: MarketKey


class PlaceAdded(_Message, frozen=True):
    client: ClientName
    key: MarketKey
    account_id: int
    instrument: Instrument
    side: Side
    outcome_id: OutcomeId
    is_listed: bool
    is_open: bool


class Relisted(_Message, frozen=True):
    account_id: int
    instrument: Instrument
    is_open: bool


class OddsChanged(_Message, frozen=True):
    bookmaker: VenueSlug
    keys: list[MarketKey]


class ClientNamed(_Message, frozen=True):
    """None: every client."""

    client: ClientName | None


class CashRead(_Message, frozen=True):
    """Micros of USD of an exchange's account."""

    account_id: int
    cash: int


class HedgeCashRead(_Message, frozen=True):
    """Micros of USD in one of a client's accounts at bookmakers."""

    client: ClientName
    account_id: int
    free: int


class CancelledByHand(_Message, frozen=True):
    account_id: int
    order_id: int
    held_until_ms: int


class Event(_Message, frozen=True):
    """Of an exchange's stream; one of the four."""

    account_id: int
    order: OrderState | None = None
    fill: Fill | None = None
    gap: StreamGap | None = None
    market: MarketChange | None = None


class Decided(_Message, frozen=True):
    """What became of a bet."""

    reference: str
    status: BetStatus
    reason: str
    in_doubt: bool
    placed_odds: Decimal | None
    placed_stake: Decimal | None
    refusal: Failure | None = None

    def take(self, bet: Bet, covers: Callable[[Bet], Decimal]) -> Refused | None:
        """Brings the bet to that; answers the refusal."""
        bet.status, bet.reason, bet.in_doubt = self.status, self.reason, self.in_doubt
        bet.placed_odds, bet.placed_stake = self.placed_odds, self.placed_stake
        if bet.status is BetStatus.CONFIRMED:
            bet.covers = covers(bet)
        refusal = None if self.refusal is None else error_of(self.refusal)
        return refusal if isinstance(refusal, Refused) else None


class CalledOff(_Message, frozen=True):
    """A bookmaker took a bet back that it had accepted. `covers`: what it had covered, micros of USD."""

    client: ClientName
    key: MarketKey
    outcome_id: OutcomeId
    covers: Micros


class Answered(_Message, frozen=True):
    """A wait of the engine's ended, with what it waited for or with an error."""

    key: str
    value: msgspec.Raw = msgspec.Raw(b"null")
    failure: Failure | None = None


class Begun(_Message, frozen=True):
    """Work that somebody else may begin, e.g. comparing an account with its exchange, began."""

    key: str
    known_until_ms: int | None = None


class KnownContract(_Message, frozen=True):
    """A stored mapping with what the catalogue says of its market."""

    venue: VenueSlug
    instrument_ref: str
    market_ref: str
    fixture_id: FixtureId
    market_id: MarketId
    outcome_id: OutcomeId
    sport_id: int
    tournament_id: int
    market_type: str
    handicap: Decimal | None
    outcomes: tuple[OutcomeId, ...]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> KnownContract:
        told = {name: row[name] for name in cls.__struct_fields__ if name != "outcomes"}
        return cls(**told, outcomes=tuple(OutcomeId(outcome["outcomeId"]) for outcome in row["outcomes"]))

    def row(self) -> Mapping[str, Any]:
        """As it was read."""
        return {**msgspec.structs.asdict(self), "outcomes": [{"outcomeId": outcome_id} for outcome_id in self.outcomes]}


class Nothing(_Message, frozen=True):
    pass


# --- values ------------------------------------------------------------------------------------------------------


class Offered(_Message, frozen=True):
    """What the engine read of the odds; what it read before of the same market holds no more."""

    bookmaker: VenueSlug
    key: MarketKey
    offers: list[tuple[OutcomeId, Offer]]
    why_not: str | None


class Drawn(_Message, frozen=True):
    """A number or a name that chance or the database gave."""

    what: str
    value: int | str | None


STATES: Mapping[str, type[_Message]] = {"engine": EngineFacts, "client": ClientFacts, "lane": LaneFacts}

TURNS: Mapping[str, type[_Message]] = {
    "market": MarketAdded,
    "place": PlaceAdded,
    "relist": Relisted,
    "drop": MarketNamed,
    "odds": OddsChanged,
    "look": MarketNamed,
    "look all": ClientNamed,
    "review": ClientNamed,
    "cash": CashRead,
    "hedge cash": HedgeCashRead,
    "cancel": CancelledByHand,
    "event": Event,
    "bet": Decided,
    "called off": CalledOff,
    "answer": Answered,
    "begin": Begun,
    "halt": Nothing,
    "plan no more": Nothing,
}

VALUES: Mapping[str, type[_Message]] = {"offers": Offered, "drawn": Drawn}
