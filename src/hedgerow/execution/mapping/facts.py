"""What the mapping is made from: the feed's matches and markets as plain values, and the operator's word.

Listings of exchanges are `venues.base.Listing`. In a listing of a spread, `line` is the handicap of its own `outcome`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from hedgerow.core.ids import FixtureId, MarketId, OutcomeId
from hedgerow.core.states import FixtureStatus
from hedgerow.venues.base import Listing


@dataclass(frozen=True, slots=True)
class Participant:
    """One side of a match under all names that the feed has for it."""

    name: str
    short_name: str | None = None
    medium_name: str | None = None
    abbreviation: str | None = None


@dataclass(frozen=True, slots=True)
class FixtureFacts:
    """A match of the feed. `participants`: 1, then 2; the first is not always at home. `category`: what the feed puts
    a tournament under, e.g. WTA, International Youth."""

    fixture_id: FixtureId
    sport: str
    tournament: str
    participants: tuple[Participant, Participant]
    starts_at_ms: int | None
    status: FixtureStatus = FixtureStatus.PREGAME
    category: str = ""


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """A market of the feed's catalogue, for any match of its sport. `line`: participant 1's in a spread."""

    market_id: MarketId
    market_type: str
    period: str
    line: Decimal | None
    outcome_ids: tuple[OutcomeId, ...]
    outcome_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """An operator's word on one contract. `fixture_id`: the match that it was said of; None: whatever is proposed."""

    is_confirmed: bool
    fixture_id: FixtureId | None = None


PriceGap = Callable[[Listing, FixtureId, MarketId, OutcomeId], Decimal | None]
"""The contract's price less the feed's fair probability of the outcome; None where either is not known."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the listings of one venue are held against."""

    fixtures: tuple[FixtureFacts, ...]
    markets: Mapping[str, tuple[MarketFacts, ...]]  # by sport
    decisions: Mapping[str, Decision] = field(default_factory=dict)  # by the instrument's ref
    price_gap: PriceGap | None = None
