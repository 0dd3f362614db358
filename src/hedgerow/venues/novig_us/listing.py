"""From the venue's markets to listings: MONEY markets with two outcomes, one contract for each.

Spreads, totals and players' markets are left out: what a push of theirs pays is not known. Source: docs.novig.com
"Markets by event"; the names of leagues are those that users of the API show, of tennis and fighting they are guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec
import structlog

from hedgerow.core.ladders import Band, PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.venues.base import Fee, Instrument, Listing
from hedgerow.venues.novig_us import wire
from hedgerow.venues.novig_us.errors import VENUE
from hedgerow.venues.novig_us.orders import OPPOSITE
from hedgerow.venues.novig_us.parse import UNIT, epoch_ms
from hedgerow.venues.reading import UnreadableError, read

GRID = PriceGrid([Band(1_000, 50_000, 1_000), Band(50_000, 950_000, 5_000), Band(950_000, 999_000, 1_000)])
"""The 279 prices of V3: NBX names three decimals and no grid, and takes at least these."""

LEAST = MICRO
"""The smallest order that is sent, a dollar of payout: the venue's own is not published."""

OPEN, MONEY = "OPEN", "MONEY"

LEAGUES: Mapping[str, tuple[str, ...]] = {
    "basketball": ("NBA", "WNBA", "NCAAB"),
    "baseball": ("MLB",),
    "american-football": ("NFL", "NCAAF"),
    "ice-hockey": ("NHL",),
    "tennis": ("ATP", "WTA"),
    "mma": ("UFC",),
}
"""The venue's leagues by the feed's sport. Soccer's are left out: which of its markets count overtime is not known."""

_NO_LOCK = (b"null", b"false")
_PREGAME = "OPEN_PREGAME"
_TAKER = Fee(rate=Decimal("0.03"), unit=10)
_SURE_FOR_MS = 5 * 60_000

_log = structlog.get_logger(__name__)


def listings_of(rows: Iterable[msgspec.Raw], locks: wire.Locks, sport: str, now_ms: int) -> list[Listing]:
    """Of the open markets of a sport's leagues. One that cannot be read is logged and left out."""
    found = []
    for raw in rows:
        try:
            market = read(wire.Market, raw)
            if market.type == MONEY and market.league in LEAGUES[sport]:
                found.append(_listing(market, locks, sport, now_ms))
        except UnreadableError as error:
            _log.warning("market not listed", venue=VENUE, error=str(error))
    return found


def _listing(market: wire.Market, locks: wire.Locks, sport: str, now_ms: int) -> Listing:
    game = market.event.game if market.event is not None else None
    if game is None:
        raise UnreadableError(f"market {market.id[:40]} has no game")
    home, away = outcomes_of(market)
    teams = game.home_team.name, game.away_team.name
    return Listing(
        instrument=instrument_of(market, now_ms),
        title=market.description or home.description,
        outcome=teams[0],
        opposite=teams[1],
        participants=teams,
        sport=sport,
        competition=market.league,
        market_type="moneyline",
        period="result",
        starts_at_ms=_starts_at_ms(market),
        is_open=is_open(market, locks),
        rules=f"{home.description} / {away.description}",
    )


def is_open(market: wire.Market, locks: wire.Locks) -> bool:
    """An open market of a locked event takes no orders."""
    is_locked = bytes(locks.system_lock) not in _NO_LOCK or market.event_id in locks.locked_event_ids
    return market.status == OPEN and not is_locked


def outcomes_of(market: wire.Market) -> tuple[wire.Outcome, wire.Outcome]:
    """The home and the away outcome, by their index. Raises UnreadableError for a market of another form."""
    by_index = {outcome.index: outcome for outcome in market.outcomes}
    if len(market.outcomes) != 2 or by_index.keys() != {0, 1} or by_index[0].id == by_index[1].id:
        raise UnreadableError(f"market {market.id[:40]} has not two outcomes")
    return by_index[0], by_index[1]


def instrument_of(market: wire.Market, now_ms: int) -> Instrument:
    """The contract on the home outcome. Raises UnreadableError."""
    home, away = outcomes_of(market)
    return Instrument(
        venue=VENUE,
        ref=home.id,
        market_ref=market.id,
        grid=GRID,
        lot=UNIT,
        min_size=LEAST,
        taker_fee=taker_fee(market, now_ms),
        meta={OPPOSITE: away.id},
    )


def taker_fee(market: wire.Market, now_ms: int) -> Fee:
    """What takers pay: 0.03 × p(1 - p) in play, rounded to the fifth decimal, and nothing before. Only a match that
    starts later than in some minutes is counted as one that is not played: what is told of it here is used for a while.
    Source: docs.novig.com "Fees"."""
    starts_ms = _starts_at_ms(market)
    is_far = starts_ms is not None and starts_ms > now_ms + _SURE_FOR_MS
    return Fee() if is_far and market.event is not None and market.event.status == _PREGAME else _TAKER


def _starts_at_ms(market: wire.Market) -> int | None:
    event = market.event
    if event is None:
        return None
    told = event.scheduled_start or (event.game.scheduled_start if event.game is not None else None)
    return None if told is None else epoch_ms(told)
