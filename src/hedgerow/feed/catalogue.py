"""The feed's markets: which outcomes belong together and what they ask.

Always from the feed's own `/markets`, never computed from the ids: whole families (16 tennis markets under baseball's
prefix) do not follow the rule by which the ids were once made. The rule is only checked, and logged where it fails.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import structlog

from hedgerow.core.ids import MarketId, OutcomeId
from hedgerow.core.money import is_amount
from hedgerow.feed import wire

_log = structlog.get_logger(__name__)

_MOST_MISSED = 10_000


@dataclass(frozen=True, slots=True)
class Market:
    """One (type, period, line) of a sport. `outcomes` is the complete space of results, in the feed's order.

    The line of a spread is participant 1's; None where the feed names none. `period` is a label that the feed renames
    at times: match markets by id.
    """

    market_id: MarketId
    sport_id: int
    market_type: str
    period: str
    handicap: Decimal | None
    is_player_market: bool
    name: str
    short_name: str
    outcomes: tuple[OutcomeId, ...]
    outcome_names: tuple[str, ...]

    @property
    def follows_id_rule(self) -> bool:
        """Whether the outcome ids are the sport's number followed by rising increments, from the market's id on.

        Source: the feed sheet's rule `outcomeId[k] = int(str(sportId) + str(n + k))`, text put together, not a sum.
        """
        prefix = str(self.sport_id)
        first = str(self.market_id)
        if not first.startswith(prefix) or not first[len(prefix) :]:
            return False
        increment = int(first[len(prefix) :])
        return self.outcomes == tuple(int(f"{prefix}{increment + k}") for k in range(len(self.outcomes)))


class Catalogue:
    """All markets that are known, found by their own id or by one of their outcomes'."""

    def __init__(self, markets: Iterable[Market] = ()) -> None:
        self._markets: dict[MarketId, Market] = {}
        self._of_outcome: dict[OutcomeId, MarketId] = {}
        self._missed: set[OutcomeId] = set()
        self.add(markets)

    def add(self, markets: Iterable[Market]) -> None:
        """Adds markets; one that is known already is replaced. A market that claims another's outcome is refused."""
        irregular = 0
        for market in markets:
            claimed = {self._of_outcome.get(outcome_id, market.market_id) for outcome_id in market.outcomes}
            if claimed != {market.market_id}:
                _log.error("market refused: its outcomes are another's", market_id=market.market_id, others=claimed)
                continue
            irregular += not market.follows_id_rule
            self._markets[market.market_id] = market
            self._of_outcome.update(dict.fromkeys(market.outcomes, market.market_id))
            self._missed.difference_update(market.outcomes)
        if irregular:
            _log.info("markets do not follow the rule of ids", count=irregular)

    def __len__(self) -> int:
        return len(self._markets)

    def __getitem__(self, market_id: MarketId) -> Market:
        """Raises KeyError for a market that the feed has not listed."""
        return self._markets[market_id]

    def get(self, market_id: MarketId) -> Market | None:
        return self._markets.get(market_id)

    def of_outcome(self, outcome_id: OutcomeId) -> MarketId | None:
        """The market that an outcome belongs to."""
        return self._of_outcome.get(outcome_id)

    def miss(self, outcome_id: OutcomeId) -> None:
        """Notes an outcome that is quoted and in no market."""
        if len(self._missed) < _MOST_MISSED:
            self._missed.add(outcome_id)

    def take_missed(self, most: int) -> list[OutcomeId]:
        """Some of the outcomes that were missed, to be asked for; each is given out once."""
        return [self._missed.pop() for _ in range(min(most, len(self._missed)))]

    def of_sport(self, sport_id: int) -> list[Market]:
        return [market for market in self._markets.values() if market.sport_id == sport_id]


def market_of(market: wire.Market) -> Market:
    """The market as it stands in the feed's list, without a handicap that no game has."""
    handicap = market.handicap
    return Market(
        MarketId(market.market_id),
        market.sport_id,
        market.market_type,
        market.period or "",
        handicap if handicap is None or is_amount(handicap) else None,
        bool(market.player_prop),
        market.market_name or "",
        market.market_name_short or "",
        tuple(OutcomeId(outcome.outcome_id) for outcome in market.outcomes),
        tuple(outcome.outcome_name or "" for outcome in market.outcomes),
    )
