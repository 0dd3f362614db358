"""What the engine keeps of one client and of one market that it trades."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from hedgerow.core.ids import ClientName, MarketKey, OutcomeId, VenueSlug
from hedgerow.core.odds import OddsMicros
from hedgerow.core.states import Side
from hedgerow.mm.controls import TournamentSettings, TradingState
from hedgerow.mm.exposure import Exposure
from hedgerow.mm.hedging import Waits
from hedgerow.mm.lane import Lane
from hedgerow.mm.orders import Slot, Stakes
from hedgerow.mm.policy import NO_POLICY, Policy, Scope
from hedgerow.mm.pricing import PARITY, Pricing
from hedgerow.mm.results import Grades, results_of, safe_price
from hedgerow.mm.sizing import CapName
from hedgerow.mm.stops import Answers


@dataclass(slots=True, eq=False)
class Place:
    """Where a market is quoted: a slot in a lane, and what a fill of it needs.

    safe: beyond this price a result that is neither won nor lost could lose, None: at every price (`mm.results`).
    unquoted: why it has no quote now; is_bound: whether its size may be another one when orders set money free.
    """

    lane: Lane
    slot: Slot
    needs: tuple[OutcomeId, ...]  # outcomes that a fill's hedge backs
    safe: int | None
    unquoted: str | None = None
    is_bound: bool = False


@dataclass(frozen=True, slots=True)
class HedgeHold:
    """A hedge was not taken: not by that account again before `until_ms`, unless its bookmaker's line is another one by
    then."""

    until_ms: int
    line: str


@dataclass(slots=True, eq=False)
class TradedMarket:
    """One market of one client: its exposure, and everywhere it is quoted. line: of a total, or participant 1's."""

    client: Trader
    key: MarketKey
    outcomes: tuple[OutcomeId, ...]
    sport_id: int
    tournament_id: int
    market_type: str
    exposure: Exposure
    line: Decimal | None = None
    results: tuple[Grades, ...] | None = field(init=False)
    places: list[Place] = field(default_factory=list)
    sharers: dict[OutcomeId, int] = field(default_factory=dict)  # orders at once whose fills need a bet on an outcome
    planned: dict[OutcomeId, OddsMicros] = field(default_factory=dict)  # odds that filled quotes were priced from
    why_not: str | None = None  # why nothing is quoted now
    dust_since_ms: int | None = None
    hedge_holds: dict[int, HedgeHold] = field(default_factory=dict)  # by account
    hedge_waits: dict[OutcomeId, Waits] = field(
        default_factory=dict
    )  # needs that could not be hedged when last planned
    undecided_hedges: int = 0  # of an earlier run; nothing new is hedged or quoted until they are decided
    is_held_back: bool = False  # something that is wanted had no room when it was last looked at
    offered: int = 0  # outcomes that had a tradeable offer when it was last looked at

    def __post_init__(self) -> None:
        self.results = results_of(self.market_type, self.line, len(self.outcomes))

    @property
    def has_position(self) -> bool:
        """Whether something of it was filled, or may have been hedged, and is not settled."""
        return bool(self.exposure.fills) or not self.exposure.is_flat or self.undecided_hedges > 0

    def add_place(self, lane: Lane, slot: Slot) -> None:
        """Quotes the market at a place too. Where the exchange replaces an order by cancelling it and placing another,
        two of them may stand for a moment."""
        manifest = lane.exchange.manifest
        needs = self.needed_by(slot.outcome_id, slot.side)
        safe = safe_price(self.results, manifest, slot.instrument.maker_fee, slot.side)
        self.places.append(Place(lane, slot, needs, safe))
        for outcome_id in needs:
            self.sharers[outcome_id] = self.sharers.get(outcome_id, 0) + (1 if manifest.amends else 2)

    def needed_by(self, outcome_id: OutcomeId, side: Side) -> tuple[OutcomeId, ...]:
        """Outcomes that the hedge of a fill backs: all others for a buy, the outcome itself for a sell."""
        return tuple(i for i in self.outcomes if (i == outcome_id) != (side is Side.BUY))


_OVER_FIXTURES = frozenset({Scope.TOURNAMENT, Scope.EXCHANGE, Scope.CLIENT})

StakesKey = tuple[Scope | int, str]
"""A scope, or an account, and what of it: see `Trader.stakes_of`."""

_CAP_OF = {
    Scope.OUTCOME: CapName.OUTCOME,
    Scope.FIXTURE: CapName.FIXTURE,
    Scope.TOURNAMENT: CapName.TOURNAMENT,
    Scope.EXCHANGE: CapName.EXCHANGE,
    Scope.CLIENT: CapName.CLIENT,
}


def _outcome_keys(market: TradedMarket, lane: Lane, needs: tuple[OutcomeId, ...]) -> tuple[StakesKey, StakesKey]:
    """Of an outcome at one account and at all. Outcomes are told apart by the hedge that their fills need: buying one
    of two and selling the other is the same risk."""
    outcome = f"{market.key.fixture_id} {market.key.market_id} {needs}"
    return (lane.account_id, outcome), (Scope.OUTCOME, outcome)


@dataclass(slots=True, eq=False)
class Trader:
    """A client as the engine sees it."""

    name: ClientName
    bookmaker: VenueSlug
    state: TradingState
    tournaments: dict[int, TournamentSettings] = field(default_factory=dict)
    denied: set[tuple[int, str, bool]] = field(default_factory=set)
    lanes: list[Lane] = field(default_factory=list)
    max_outcome_stake: dict[int, int] = field(default_factory=dict)  # by account, micros of USD
    markets: dict[MarketKey, TradedMarket] = field(default_factory=dict)
    hedge_cash: int = 0  # free money at the bookmaker, in all accounts, micros of USD
    hedges: bool = False  # whether the bookmaker has a connector and an account
    commission: int = 0  # what the bookmaker keeps of net winnings, micros
    policy: Policy = NO_POLICY
    stakes: dict[StakesKey, Stakes] = field(default_factory=dict)
    stopped_by: CapName | None = None  # what keeps everything from being quoted
    hedge_answers: Answers = field(default_factory=Answers)
    parts: int = 1  # into how many shards what holds over more than one fixture is divided

    @property
    def bookmakers(self) -> tuple[VenueSlug, ...]:
        """Where fills are hedged: the one that quotes are priced from, then the others in the operator's order."""
        return self.bookmaker, *self.policy.fallbacks

    def settings_of(self, tournament_id: int) -> TournamentSettings | None:
        """The settings of a tournament that is active for the client."""
        settings = self.tournaments.get(tournament_id)
        return settings if settings is not None and settings.is_active else None

    def pricing_of(self, market: TradedMarket) -> Pricing:
        """How the market is priced."""
        if not self.policy.pricings:
            return PARITY
        return self.policy.pricing_of(market.tournament_id, market.market_type) or PARITY

    def stakes_of(self, market: TradedMarket, lane: Lane, outcome_id: OutcomeId, side: Side) -> tuple[Stakes, ...]:
        """The sums that orders of a place count in."""
        keys: tuple[StakesKey, ...] = (
            *_outcome_keys(market, lane, market.needed_by(outcome_id, side)),
            (Scope.FIXTURE, market.key.fixture_id),
            (Scope.TOURNAMENT, str(market.tournament_id)),
            (Scope.EXCHANGE, lane.slug),
            (Scope.CLIENT, ""),
        )
        for key in keys:
            if key not in self.stakes:
                name = _CAP_OF[key[0]] if isinstance(key[0], Scope) else CapName.MAX_OUTCOME_STAKE
                self.stakes[key] = Stakes(name, self._cap(key))
        return tuple(self.stakes[key] for key in keys)

    def set_caps(self) -> None:
        """Takes over the caps that the policy and the accounts have now."""
        for key, stakes in self.stakes.items():
            stakes.cap = self._cap(key)

    def _cap(self, key: StakesKey) -> int | None:
        where, subject = key
        if not isinstance(where, Scope):
            return self.max_outcome_stake.get(where, 0)
        cap = self.policy.cap(where, subject)
        return cap // self.parts if cap is not None and where in _OVER_FIXTURES else cap

    def forget_stakes(self, market: TradedMarket) -> None:
        """The market is settled: what was matched in it is at risk no more, and its own sums are done with."""
        for place in market.places:
            place.slot.match(-place.slot.matched)
            for key in _outcome_keys(market, place.lane, place.needs):
                self.stakes.pop(key, None)
        fixture_id = market.key.fixture_id
        if all(other is market or other.key.fixture_id != fixture_id for other in self.markets.values()):
            self.stakes.pop((Scope.FIXTURE, fixture_id), None)

    def quotes(self, market: TradedMarket) -> bool:
        """Whether the client's configuration has the market quoted, as long as there are odds."""
        return self.settings_of(market.tournament_id) is not None and not self.denies(market)

    def denies(self, market: TradedMarket) -> bool:
        """Whether the client's configuration keeps markets of this kind from being quoted."""
        return (market.sport_id, market.market_type, market.key.player_id != 0) in self.denied
