"""From the venue's markets to listings and results.

Listed are the winners of matches: "12 including overtime" (226) of every sport, and "12" (52) of those whose matches
cannot end level before it. Other types, lines and the "1X2" questions are not: what their outcome two pays on is no
outcome of one market of the feed, or not known for sure. Sources: the venue's public pages of sports, markets and
market types (sx-bet/sx-bet-api-docs), read 2026-11-21.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus
from hedgerow.venues.base import Instrument, Listing, MarketChange, Resolution
from hedgerow.venues.reading import UnreadableError
from hedgerow.venues.sx_bet import wire
from hedgerow.venues.sx_bet.errors import VENUE
from hedgerow.venues.sx_bet.values import whole

SPORTS: Mapping[str, tuple[int, ...]] = {
    "basketball": (1,),
    "ice-hockey": (2,),
    "baseball": (3,),
    "tennis": (6,),
    "mma": (7,),
    "american-football": (8,),
    "boxing": (13,),
    "cricket": (15,),
    "rugby": (11, 20),
}
"""The venue's numbers by the feed's slugs. E Sports (9) is one sport there and several here, and is left out."""

_WINNER, _WINNER_WITH_OVERTIME = 52, 226
_NEVER_LEVEL = frozenset({6, 7, 13})

_HASH = re.compile(r"0x[0-9a-f]{64}")
_LADDER_UNIT = 10  # a hundred-thousandth of a probability in micros
_LOT = 10_000


def is_hash(text: str) -> bool:
    return _HASH.fullmatch(text) is not None


class Terms:
    """What all markets share: the ladder of odds, the least stake, and the lot in which stakes are exact."""

    __slots__ = ("grid", "least_stake", "lot")

    def __init__(self, metadata: wire.Metadata) -> None:
        """Raises UnreadableError for a ladder that no whole number of micros has."""
        step = metadata.odds_ladder_step_size * _LADDER_UNIT
        if metadata.active_asset.decimals != 6 or not 0 < step < MICRO or MICRO % step:
            raise UnreadableError(f"a ladder of {metadata.odds_ladder_step_size} is not known")
        self.grid = PriceGrid.probability(step)
        self.lot = math.lcm(_LOT, MICRO // math.gcd(MICRO, step))
        self.least_stake = whole(metadata.limits.order_size_minimum_base_units)

    def instrument(self, market_hash: str) -> Instrument:
        """The contract that pays when the market's outcome one wins. Its smallest size is worth the least stake at even
        odds; what it is worth elsewhere is `min_notional`'s to say."""
        return Instrument(
            venue=VENUE,
            ref=market_hash,
            market_ref=market_hash,
            grid=self.grid,
            lot=self.lot,
            min_size=-(-2 * self.least_stake // self.lot) * self.lot,
            min_notional=self.least_stake,
        )


def is_open(market: wire.Market) -> bool:
    return market.status == "ACTIVE" and market.outcome is None


def listings_of(markets: Iterable[wire.Market], sport: str, terms: Terms) -> list[Listing]:
    """The winner markets of the sport's matches among the markets."""
    numbers = SPORTS.get(sport, ())
    return [_listing(market, sport, terms) for market in markets if market.sport_id in numbers and _is_winner(market)]


def _is_winner(market: wire.Market) -> bool:
    kinds = (_WINNER, _WINNER_WITH_OVERTIME) if market.sport_id in _NEVER_LEVEL else (_WINNER_WITH_OVERTIME,)
    return market.type in kinds and is_hash(market.market_hash)


def _listing(market: wire.Market, sport: str, terms: Terms) -> Listing:
    one, two = market.outcome_one_name, market.outcome_two_name
    return Listing(
        instrument=terms.instrument(market.market_hash),
        title=f"{one} vs {two}",
        outcome=one,
        opposite=two,
        participants=(market.team_one_name or one, market.team_two_name or two),
        sport=sport,
        competition=market.league_label,
        market_type="moneyline",
        period="result",
        starts_at_ms=market.game_time * 1_000 if market.game_time else None,
        is_open=is_open(market),
    )


# --- results ---------------------------------------------------------------------------------------------------

_RESULTS = {0: SettlementStatus.VOID, 1: SettlementStatus.WON, 2: SettlementStatus.LOST}
_PAID = {SettlementStatus.WON: Decimal(1), SettlementStatus.LOST: Decimal(0)}


def result_of(outcome: int) -> SettlementStatus:
    """Of outcome one. Raises UnreadableError for another number than 0, 1 and 2."""
    result = _RESULTS.get(outcome)
    if result is None:
        raise UnreadableError(f"{outcome} is no outcome")
    return result


def resolution_of(market: wire.Market, now_ms: int) -> Resolution | None:
    """How a market ended; None while it is not reported. A void gives every stake back."""
    if market.outcome is None:
        return None
    status = result_of(market.outcome)
    at_ms = market.reported_date * 1_000 if market.reported_date else now_ms
    return Resolution(market.market_hash, status, _PAID.get(status), at_ms)


def change_of(market: wire.Market) -> MarketChange:
    """What the stream says of a market."""
    result = None if market.outcome is None else result_of(market.outcome)
    return MarketChange(market.market_hash, is_open(market), resolution=result)
