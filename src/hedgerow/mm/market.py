"""What the engine keeps of one client and of one market that it trades."""

from __future__ import annotations

from dataclasses import dataclass, field

from hedgerow.core.ids import ClientName, MarketKey, OutcomeId, VenueSlug
from hedgerow.core.odds import OddsMicros
from hedgerow.core.states import Side
from hedgerow.mm.controls import TournamentSettings, TradingState
from hedgerow.mm.exposure import Exposure
from hedgerow.mm.hedging import Waits
from hedgerow.mm.lane import Lane
from hedgerow.mm.orders import Slot


@dataclass(slots=True, eq=False)
class Place:
    """Where a market is quoted: a slot in a lane, and what a fill of it needs."""

    lane: Lane
    slot: Slot
    needs: tuple[OutcomeId, ...]  # outcomes that a fill's hedge backs


@dataclass(frozen=True, slots=True)
class HedgeHold:
    """A hedge was not taken: not again before `until_ms`, unless the bookmaker's line is another one by then."""

    until_ms: int
    line: str


@dataclass(slots=True, eq=False)
class TradedMarket:
    """One market of one client: its exposure, and everywhere it is quoted."""

    client: Trader
    key: MarketKey
    outcomes: tuple[OutcomeId, ...]
    sport_id: int
    tournament_id: int
    market_type: str
    exposure: Exposure
    places: list[Place] = field(default_factory=list)
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

    def settings_of(self, tournament_id: int) -> TournamentSettings | None:
        """The settings of a tournament that is active for the client."""
        settings = self.tournaments.get(tournament_id)
        return settings if settings is not None and settings.is_active else None

    def denies(self, market: TradedMarket) -> bool:
        """Whether the client's configuration keeps markets of this kind from being quoted."""
        return (market.sport_id, market.market_type, market.key.player_id != 0) in self.denied
