"""From the gateway's events and markets to listings: the winner of a match, two sides in one book.

A market is told by its type, and its sport by the league in its slug (`aec-nfl-det-cin-2026-08-13`), since a type such
as `football_team_full_game_winner` is shared and `moneyline` is everybody's. Leagues that are not in the table are not
looked at. Soccer's three contracts of a match, spreads and totals are left out.
Sources: slugs of recorded markets (2026-08-13), leagues and types as users of the API publish them; of ice hockey the
type is a guess. Settlement: the venue's page "Sports FAQs".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

import structlog

from hedgerow.core.ids import VenueSlug
from hedgerow.core.ladders import Band, PriceGrid
from hedgerow.core.money import MICRO, is_amount
from hedgerow.core.states import SettlementStatus
from hedgerow.venues.base import Fee, Instrument, Listing, Resolution
from hedgerow.venues.polymarket_us import wire
from hedgerow.venues.polymarket_us.auth import VENUE
from hedgerow.venues.polymarket_us.parse import exact, is_slug, time_ms
from hedgerow.venues.reading import UnreadableError, read

SLUG: Final = VenueSlug(VENUE)

MONEYLINE, RESULT = "moneyline", "result"

_GAME = "team_full_game_winner"
_ESPORTS = "esports_match_winner"

_WINNERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "american-football": (f"football_{_GAME}", ("nfl", "cfb")),
    "baseball": (f"baseball_{_GAME}", ("mlb", "kbo", "npb")),
    "basketball": (f"basketball_{_GAME}", ("nba", "wnba", "cbb")),
    "ice-hockey": (f"hockey_{_GAME}", ("nhl",)),
    "tennis": ("tennis_match_winner", ("atp", "wta")),
    "esport-league-of-legends": (_ESPORTS, ("lol",)),
    "esport-counter-strike": (_ESPORTS, ("cs2",)),
    "esport-dota": (_ESPORTS, ("dota2",)),
    "esport-valorant": (_ESPORTS, ("val",)),
}
"""By the feed's sport: the type of a match winner, and the leagues."""

_OLD_TYPE = "moneyline"
_WINNER_PREFIX = "aec"

OPEN = "MARKET_STATUS_OPEN"
_OVER = frozenset({"MARKET_STATUS_CLOSED", "MARKET_STATUS_RESOLVING", "MARKET_STATUS_RESOLVED"})

_LOWEST, _HIGHEST = 10_000, 990_000  # whatever the tick, prices are between one cent and ninety-nine
_CENT = 10_000
_TAKER_RATE = Decimal("0.0695")
_LARGEST_MINIMUM = 1_000 * MICRO

_log = structlog.get_logger(__name__)


def types_of(sport: str) -> tuple[str, ...]:
    """The types of market that a sport's matches are; none for a sport that the venue is not known to list."""
    known = _WINNERS.get(sport)
    return (known[0], _OLD_TYPE) if known else ()


def listings_of(event: wire.Event, sport: str) -> Iterator[Listing]:
    """An event's match winners. A market that cannot be read is logged and left out: it is not ours to guess."""
    for raw in event.markets:
        try:
            market = read(wire.Market, raw)
            if is_winner(market, sport):
                yield _listing(event, market, sport)
        except UnreadableError as error:
            _log.warning("market left out", venue=VENUE, event_ref=event.slug, error=str(error))


def is_winner(market: wire.Market, sport: str) -> bool:
    """Whether it is a sport's match winner that may still be traded."""
    parts = (market.slug or "").split("-")
    leagues = _WINNERS[sport][1] if sport in _WINNERS else ()
    if len(parts) < 3 or parts[0] != _WINNER_PREFIX or parts[1] not in leagues or market.hidden:
        return False
    return market.sports_market_type in types_of(sport) and not market.closed and market.status not in _OVER


def _listing(event: wire.Event, market: wire.Market, sport: str) -> Listing:
    instrument = instrument_of(market)
    long, short = _names(market)
    starts = event.start_time or market.game_start_time
    return Listing(
        instrument=instrument,
        title=event.title or f"{long} vs. {short}",
        outcome=long,
        opposite=short,
        participants=(long, short),
        sport=sport,
        competition=event.series_slug,
        market_type=MONEYLINE,
        period=RESULT,
        starts_at_ms=time_ms(starts, "startTime") if starts else None,
        is_open=is_open(market),
        rules=market.description or "",
    )


def is_open(market: wire.Market) -> bool:
    return market.status == OPEN and market.active is not False and not market.closed


def instrument_of(market: wire.Market) -> Instrument:
    """The contract of a market, which is the long side's. The taker's fee is the exchange's unless the market names its
    own; the maker's rebate is left out of prices: rounded to cents fill by fill, a small fill gets none.

    Raises UnreadableError.
    """
    slug, tick, least = market.slug or "", market.order_price_min_tick_size, market.minimum_trade_qty
    if not is_slug(slug):
        raise UnreadableError(f"{slug[:40]!r} is no slug")
    if tick is None or least is None:
        raise UnreadableError("the market does not tell its tick or its smallest quantity")
    lot = exact(least, "minimumTradeQty")
    if not 0 < lot <= _LARGEST_MINIMUM:
        raise UnreadableError(f"minimumTradeQty is {least}")
    rate = _TAKER_RATE if market.fee_coefficient is None else market.fee_coefficient
    if not is_amount(rate) or not 0 <= rate <= 1:
        raise UnreadableError(f"feeCoefficient is {rate}")
    try:
        grid = PriceGrid([Band(_LOWEST, _HIGHEST, exact(tick, "orderPriceMinTickSize"))])
    except ValueError as error:
        raise UnreadableError(f"orderPriceMinTickSize: {error}") from None
    return Instrument(SLUG, slug, slug, grid, lot, lot, taker_fee=Fee(rate, unit=_CENT))


def _names(market: wire.Market) -> tuple[str, str]:
    """The long side's name and the short one's."""
    sides = {side.long: _name(side) for side in market.market_sides}
    long, short = sides.get(True, ""), sides.get(False, "")
    if len(market.market_sides) != 2 or not long or not short or long == short:
        raise UnreadableError(f"{(market.slug or '')[:80]} has not two sides with names")
    return long, short


def _name(side: wire.MarketSide) -> str:
    return (side.team.name if side.team else "") or side.description or ""


def resolution(slug: str, told: wire.Settlement, now_ms: int) -> Resolution:
    """How a market ended: one, nothing, or what lies between: a half after a tie, else the last fair price. The venue
    tells no time of it. Raises UnreadableError."""
    worth = exact(told.settlement, "settlement")
    if not 0 <= worth <= MICRO:
        raise UnreadableError(f"settlement is {told.settlement}")
    status = {MICRO: SettlementStatus.WON, 0: SettlementStatus.LOST}.get(worth, SettlementStatus.VOID)
    return Resolution(slug, status, Decimal(worth).scaleb(-6), now_ms)
