"""Which of Matchbook's events are matches of the feed's sports, and how one becomes listings.

A match has a market of its winner: `money_line` with two runners, in soccer `one_x_two` with the draw as third, which
is about regular time. Each runner is a contract. Other markets are not looked at.

Sources: sport ids of a recorded answer of /lookups/sports (2017, other clients use the same); market types of
matchbook-sdk 0.1.2; event, market and runner of recorded answers. Rates of commission stand on no market: those of the
retail plans that third parties tell are counted, and what a bet was charged is read from the bet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

import structlog

from hedgerow.venues.base import Fee, Instrument, Listing
from hedgerow.venues.matchbook import wire
from hedgerow.venues.matchbook.errors import VENUE
from hedgerow.venues.matchbook.odds import GRID, LEAST_STAKE, STAKE_LOT
from hedgerow.venues.matchbook.parse import MalformedError, identity, time_ms

_log = structlog.get_logger(__name__)

SPORTS: Mapping[str, int] = {
    "american-football": 1,
    "baseball": 3,
    "basketball": 4,
    "boxing": 14,
    "cricket": 110,
    "darts": 116,
    "ice-hockey": 6,
    "mma": 126,
    "rugby": 18,
    "snooker": 120,
    "soccer": 15,
    "tennis": 9,
}
"""By the feed's slug."""

MARKET_TYPES = {"money_line": ("moneyline", "result", 2), "one_x_two": ("1x2", "fulltime", 3)}
"""The feed's type and period, and how many runners, by the venue's type."""

OPEN, OPPOSITE, EVENT = "open", "opposite", "event"
LISTED_STATES = "open,suspended"

DRAW = "Draw"
_DRAW = re.compile(r"draw\b", re.IGNORECASE)
_BETWEEN_NAMES = re.compile(r"\s+(?:vs\.?|at|@|v)\s+", re.IGNORECASE)

# By volume: the rate × the smaller of stake and liability, which is never more than twice the rate × p × (1 − p).
MAKER_RATE, TAKER_RATE = Decimal("0.0075"), Decimal("0.015")
MAKER_FEE, TAKER_FEE = (Fee(2 * rate, unit=10) for rate in (MAKER_RATE, TAKER_RATE))


def listings_of(sport: str, events: Iterable[wire.Event]) -> list[Listing]:
    """The contracts of matches. An event that cannot be read is logged and left out: it is not ours to guess."""
    found: list[Listing] = []
    for event in events:
        try:
            for market in event.markets or ():
                found += _market_listings(sport, event, market)
        except MalformedError as error:
            _log.warning("event left out", venue=VENUE, event_ref=str(event.id), error=str(error))
    return found


def _market_listings(sport: str, event: wire.Event, market: wire.Market) -> list[Listing]:
    kind, period, count = MARKET_TYPES.get(market.market_type, ("", "", 0))
    sides = [runner for runner in market.runners if not is_draw(runner)]
    if len(market.runners) != count or len(sides) != 2 or (kind == "1x2") != (sport == "soccer"):
        return []
    if any(runner.withdrawn for runner in market.runners) or market.status not in LISTED_STATES.split(","):
        return []
    names = _in_title_order(event.name, [runner.name for runner in sides])
    if names[0] == names[1] or not all(names):
        return []
    competition = next((tag.name for tag in event.meta_tags or () if tag.type == "COMPETITION"), None)
    return [
        Listing(
            instrument=instrument_of(event.id, market, runner),
            title=event.name,
            outcome=DRAW if is_draw(runner) else runner.name,
            opposite=None if count > 2 else names[names[0] == runner.name],
            participants=names,
            sport=sport,
            competition=competition,
            market_type=kind,
            period=period,
            starts_at_ms=None if event.start is None else time_ms(event.start, "start"),
            is_open=OPEN == market.status == runner.status == event.status,
        )
        for runner in market.runners
    ]


def instrument_of(event_id: wire.Id, market: wire.Market, runner: wire.Runner) -> Instrument:
    """The contract of a runner, with what is needed to ask for its prices and its result. Raises MalformedError."""
    others = [other for other in market.runners if other is not runner]
    meta = {EVENT: identity(event_id, "event id")}
    if len(others) == 1:
        meta[OPPOSITE] = identity(others[0].id, "runner id")
    return Instrument(
        venue=VENUE,
        ref=identity(runner.id, "runner id"),
        market_ref=identity(market.id, "market id"),
        grid=GRID,
        lot=STAKE_LOT,
        min_size=STAKE_LOT,
        min_notional=LEAST_STAKE,
        maker_fee=MAKER_FEE,
        taker_fee=TAKER_FEE,
        meta=meta,
    )


def is_draw(runner: wire.Runner) -> bool:
    """The draw is called "DRAW (Man/Ars)" or so, and is no participant."""
    return not runner.event_participant_id and _DRAW.match(runner.name) is not None


def _in_title_order(title: str, names: list[str]) -> tuple[str, str]:
    """The two runners in the order of the event's name "A vs B"; as they came where it does not tell."""
    parts = _BETWEEN_NAMES.split(title, maxsplit=1)
    one, other = names
    if len(parts) == 2 and (parts[0].strip(), parts[1].strip()) == (other, one):
        return other, one
    return one, other
