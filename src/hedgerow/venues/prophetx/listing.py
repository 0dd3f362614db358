"""Which of ProphetX's events are matches of the feed's sports, and how one becomes a listing.

A match is listed by its moneyline, where that has two sides, as one contract: of the side that is at home, or comes
first; the other is what it pays on when sold. Other markets are not looked at, nor is soccer, whose moneyline is not
said to be the feed's. Sources: the venue's sheet; docs.prophetx.co "Market Data Integration", "Meaning of Enums".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import structlog

from hedgerow.venues.base import Fee, Instrument, Listing
from hedgerow.venues.prophetx import wire
from hedgerow.venues.prophetx.errors import VENUE
from hedgerow.venues.prophetx.odds import CENT, GRID, LEAST_STAKE
from hedgerow.venues.prophetx.parse import OPPOSITE, identity, time_ms
from hedgerow.venues.reading import UnreadableError

_log = structlog.get_logger(__name__)

SPORTS: Mapping[str, frozenset[str]] = {
    "american-football": frozenset({"american football", "football"}),
    "baseball": frozenset({"baseball"}),
    "basketball": frozenset({"basketball"}),
    "cricket": frozenset({"cricket"}),
    "ice-hockey": frozenset({"ice hockey", "hockey"}),
    "mma": frozenset({"mma", "mixed martial arts"}),
    "tennis": frozenset({"tennis"}),
}
"""The venue's names of a sport, in small letters, by the feed's slug."""

EVENT, TOURNAMENT = "event", "tournament"
MONEYLINE = "moneyline"
_OPEN_MARKET = frozenset({"active", "open", ""})
_ALIVE_EVENT = frozenset({"not_started", "scheduled", "live", ""})

RATE = Decimal("0.02")
FEE = Fee(RATE, on_winnings=True)
"""Of net gains in a market, at settlement. Source: the venue's page of fees, 2026-08-19."""


def is_open(status: str | None) -> bool:
    """Whether a market takes orders. Of the words for it only some are known: an unknown one is taken as no."""
    return (status or "").casefold() in _OPEN_MARKET


def market_ref(event_id: wire.Id, market_id: wire.Id) -> str:
    """Markets are numbered alike in every event."""
    return f"{identity(event_id, 'event_id')}:{identity(market_id, 'market_id')}"


def listings_of(
    sport: str, tournament: wire.Tournament, event: wire.SportEvent, markets: Iterable[wire.Market]
) -> list[Listing]:
    """The contract of a match. An event that cannot be read is logged and left out: it is not ours to guess."""
    try:
        return [
            _listing(sport, tournament, event, market)
            for market in markets
            if event.sub_type is None and market.type == MONEYLINE and market.sub_type in (None, "", MONEYLINE)
            if _first_strikes(market) is not None and len(_names(event)) == 2
        ]
    except UnreadableError as error:
        _log.warning("event left out", venue=VENUE, event_ref=str(event.event_id)[:20], error=str(error))
        return []


def _listing(sport: str, tournament: wire.Tournament, event: wire.SportEvent, market: wire.Market) -> Listing:
    instrument = instrument_of(event.event_id, market, event, identity(tournament.id, "tournament id"))
    names = _names(event)
    is_alive = (event.status or "").casefold() in _ALIVE_EVENT
    return Listing(
        instrument=instrument,
        title=event.name or " vs ".join(names),
        outcome=names[0],
        opposite=names[1],
        participants=(names[0], names[1]),
        sport=sport,
        competition=tournament.name or None,
        market_type="moneyline",
        period="result",
        starts_at_ms=None if event.scheduled is None else time_ms(wire.raw_text(event.scheduled), "scheduled"),
        is_open=is_alive and is_open(market.status),
    )


def instrument_of(
    event_id: wire.Id, market: wire.Market, event: wire.SportEvent | None = None, tournament: str | None = None
) -> Instrument:
    """The contract of a market. Without its event the venue's own order of the sides is kept. Raises
    UnreadableError."""
    strikes = _first_strikes(market)
    if strikes is None:
        raise UnreadableError("a market without two strikes")
    first, second = strikes
    if event is not None and _is_swapped(event, market):
        first, second = second, first
    ref = market_ref(event_id, market.id)
    meta = {EVENT: identity(event_id, "event_id"), OPPOSITE: second}
    if tournament is not None:
        meta[TOURNAMENT] = tournament
    return Instrument(
        VENUE, first, ref, GRID, CENT, CENT, min_notional=LEAST_STAKE, maker_fee=FEE, taker_fee=FEE, meta=meta
    )


def _first_strikes(market: wire.Market) -> tuple[str, str] | None:
    """The strikes of the two sides; None where there are not two."""
    sides = market.selections or []
    strikes = [side[0].strike_id for side in sides if side and side[0].strike_id]
    if len(sides) != 2 or len(strikes) != 2 or strikes[0] == strikes[1]:
        return None
    return str(strikes[0]), str(strikes[1])


def _ordered(event: wire.SportEvent) -> list[wire.Competitor]:
    """Home first, where the venue says who that is."""
    return sorted(event.competitors or (), key=lambda one: one.side == "away")


def _names(event: wire.SportEvent) -> list[str]:
    return list(dict.fromkeys(one.name for one in _ordered(event) if one.name))


def _is_swapped(event: wire.SportEvent, market: wire.Market) -> bool:
    """Whether the market has the side of the second participant first. Raises UnreadableError where a side is
    nobody's."""
    home, away = (str(one.id) for one in _ordered(event))
    first = [str(side[0].competitor_id) for side in market.selections or ()]
    if sorted(first) != sorted((home, away)):
        raise UnreadableError("a side of the market is no competitor of the event")
    return first[0] == away
