"""Which of 4casters' games are matches of the feed's sports, how one becomes listings, and how contracts ended.

Sources: the venue's pages on leagues, games and graded bets; sports as its pages name them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import structlog

from hedgerow.core.states import SettlementStatus, Side
from hedgerow.venues._4casters import wire
from hedgerow.venues._4casters.errors import VENUE
from hedgerow.venues._4casters.odds import GRID, LEAST_STAKE, RATE, STAKE_LOT
from hedgerow.venues._4casters.parse import (
    DRAW,
    MONEYLINE,
    THREE_WAY,
    identity,
    ref_of,
    selection_of,
    status_of,
    teams_of,
    time_ms,
)
from hedgerow.venues.base import Fee, Instrument, Listing, Resolution
from hedgerow.venues.reading import UnreadableError

_log = structlog.get_logger(__name__)

SPORTS: Mapping[str, str] = {
    "american-football": "football",
    "baseball": "baseball",
    "basketball": "basketball",
    "ice-hockey": "hockey",
    "mma": "mma",
    "soccer": "soccer",
    "tennis": "tennis",
}
"""The venue's word by the feed's slug."""

ALIASES = frozenset({"all", "LIVE"})
"""Leagues of `getLeagues` that stand for several."""

OTHER, STARTS_MS = "other", "startsMs"
"""Of an instrument's meta: the participant that a sale backs, and the start, by which graded bets are asked for."""

_WHOLE_GAME = (None, "", "Full Time")
_SOCCER = "soccer"

TAKER_FEE = Fee(2 * RATE, unit=10_000)
"""The rate × the smaller of stake and winnings, which is never more than twice the rate × p × (1 − p)."""


def listings_of(sport: str, games: Iterable[wire.Game]) -> list[Listing]:
    """The contracts of matches. A game that cannot be read is logged and left out: it is not ours to guess."""
    found: list[Listing] = []
    for game in games:
        try:
            found += _game_listings(sport, game)
        except UnreadableError as error:
            _log.warning("game left out", venue=VENUE, game_ref=game.id[:40], error=str(error))
    return found


def is_match(game: wire.Game) -> bool:
    """A whole game between two, and none of its halves, props or futures."""
    return not (game.is_specials or game.parent_game_id or game.ended) and game.period_name in _WHOLE_GAME


def _game_listings(sport: str, game: wire.Game) -> list[Listing]:
    if not is_match(game) or game.sport != SPORTS[sport]:
        return []
    names = {participant.id: participant.long_name for participant in game.participants}
    home_id, away_id = teams_of(game)
    home, away = names[home_id], names[away_id]
    is_three_way = sport == _SOCCER
    outcomes = ((home_id, home), (DRAW, "Draw"), (away_id, away)) if is_three_way else ((home_id, home),)
    return [
        Listing(
            instrument=instrument_of(game, about),
            title=game.event_name or f"{away} VS {home}",
            outcome=name,
            opposite=None if is_three_way else away,
            participants=(home, away),
            sport=sport,
            competition=game.tournament_name or game.league or None,
            market_type="1x2" if is_three_way else "moneyline",
            period="fulltime" if is_three_way else "result",
            starts_at_ms=time_ms(game.start, "start"),
            is_open=not game.ended,
        )
        for about, name in outcomes
    ]


def instrument_of(game: wire.Game, about: str) -> Instrument:
    """The contract on an outcome of a game: a participant's id, or `draw`. Raises UnreadableError."""
    kind = THREE_WAY if game.sport == _SOCCER else MONEYLINE
    others = [identity(one.id, "participant id") for one in game.participants if one.id != about]
    meta = {STARTS_MS: str(time_ms(game.start, "start"))}
    if kind == MONEYLINE and len(others) == 1:
        meta[OTHER] = others[0]
    return Instrument(
        venue=VENUE,
        ref=ref_of(identity(game.id, "game id"), about, kind),
        market_ref=game.id,
        grid=GRID,
        lot=STAKE_LOT,
        min_size=STAKE_LOT,
        min_notional=LEAST_STAKE,
        taker_fee=TAKER_FEE,
        meta=meta,
    )


def offers_of(game: wire.Game) -> Iterator[wire.Offer]:
    """What others offer in all of the game's books."""
    lists = (game.home_moneylines, game.away_moneylines)
    for offers in (*lists, game.home_moneylines1x2, game.away_moneylines1x2, game.draw1x2):
        yield from (offer for offer in offers if not offer.mock_order and offer.created_by is None)


def resolutions_of(rows: Iterable[wire.Bet], instruments: Sequence[Instrument]) -> list[Resolution]:
    """Those of the instruments that a graded bet was about, by the latest. Raises UnreadableError."""
    ends: dict[str, Resolution] = {}
    for row in sorted(rows, key=lambda row: time_ms(row.settled_at, "settledAt")):
        found = selection_of(row)
        if found is not None:
            status: SettlementStatus = status_of(row)
            bought = status if found.side is Side.BUY else status.mirrored
            at_ms = time_ms(row.settled_at, "settledAt")
            ends[found.instrument_ref] = Resolution(found.instrument_ref, bought, None, at_ms)
    return [ends[instrument.ref] for instrument in instruments if instrument.ref in ends]
