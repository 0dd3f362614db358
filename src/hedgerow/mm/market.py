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
from hedgerow.mm.orders import Slot
from hedgerow.mm.pricing import PARITY, Pricing
from hedgerow.mm.results import Grades, results_of, safe_price

PricingScope = tuple[int | None, str | None]
"""A tournament and a market type; None: all of them."""


@dataclass(slots=True, eq=False)
class Place:
    """Where a market is quoted: a slot in a lane, and what a fill of it needs.

    safe: beyond this price a result that is neither won nor lost could lose, None: at every price (`mm.results`).
    unquoted: why it has no quote now.
    """

    lane: Lane
    slot: Slot
    needs: tuple[OutcomeId, ...]  # outcomes that a fill's hedge backs
    safe: int | None
    unquoted: str | None = None


@dataclass(frozen=True, slots=True)
class HedgeHold:
    """A hedge was not taken: not again before `until_ms`, unless the bookmaker's line is another one by then."""

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
    matched_stake: dict[tuple[int, tuple[OutcomeId, ...]], int] = field(default_factory=dict)  # by account and needs
    why_not: str | None = None  # why nothing is quoted now
    dust_since_ms: int | None = None
    hedge_hold: HedgeHold | None = None
    hedge_waits: dict[OutcomeId, Waits] = field(
        default_factory=dict
    )  # needs that could not be hedged when last planned
    undecided_hedges: int = 0  # of an earlier run; nothing new is hedged or quoted until they are decided
    offered: int = 0  # outcomes that had a tradeable offer when it was last looked at

    def __post_init__(self) -> None:
        self.results = results_of(self.market_type, self.line, len(self.outcomes))

    def add_place(self, lane: Lane, slot: Slot) -> None:
        """Quotes the market at a place too. Where the exchange replaces an order by cancelling it and placing another,
        two of them may stand for a moment."""
        manifest = lane.exchange.manifest
        needs = self.needed_by(slot.outcome_id, slot.side)
        self.places.append(Place(lane, slot, needs, safe_price(self.results, manifest, slot.side)))
        for outcome_id in needs:
            self.sharers[outcome_id] = self.sharers.get(outcome_id, 0) + (1 if manifest.amends else 2)

    def needed_by(self, outcome_id: OutcomeId, side: Side) -> tuple[OutcomeId, ...]:
        """Outcomes that the hedge of a fill backs: all others for a buy, the outcome itself for a sell."""
        return tuple(i for i in self.outcomes if (i == outcome_id) != (side is Side.BUY))


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
    hedge_cash: int = 0  # free money at the bookmaker, micros of USD
    hedges: bool = False  # whether the bookmaker has a connector and an account
    pricings: dict[PricingScope, Pricing] = field(default_factory=dict)

    def settings_of(self, tournament_id: int) -> TournamentSettings | None:
        """The settings of a tournament that is active for the client."""
        settings = self.tournaments.get(tournament_id)
        return settings if settings is not None and settings.is_active else None

    def pricing_of(self, market: TradedMarket) -> Pricing:
        """How the market is priced: as is set for its type in its tournament, for its tournament, for its type, for the
        client, in this order."""
        if not self.pricings:
            return PARITY
        for tournament_id in (market.tournament_id, None):
            for market_type in (market.market_type, None):
                if (found := self.pricings.get((tournament_id, market_type))) is not None:
                    return found
        return PARITY

    def denies(self, market: TradedMarket) -> bool:
        """Whether the client's configuration keeps markets of this kind from being quoted."""
        return (market.sport_id, market.market_type, market.key.player_id != 0) in self.denied
