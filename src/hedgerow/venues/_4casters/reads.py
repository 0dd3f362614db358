"""What both of 4casters' connectors ask: orders, bets, the balance, games. Requests and their reading only."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hedgerow.core.clock import datetime_of_ms
from hedgerow.core.errors import Unavailable
from hedgerow.core.money import decimal_of, is_amount
from hedgerow.venues._4casters import wire
from hedgerow.venues._4casters.errors import VENUE
from hedgerow.venues._4casters.listing import ALIASES, STARTS_MS
from hedgerow.venues._4casters.odds import amount
from hedgerow.venues._4casters.rest import Rest
from hedgerow.venues.base import Balance, Instrument
from hedgerow.venues.reading import UnreadableError, reading

GRACE_S = 60
"""How long after an order left its absence proves nothing. A guess: the venue answers or gives up within 15 s."""

_DAY_MS = 24 * 3_600_000
_AROUND_MS, _WINDOW_MS = 2 * _DAY_MS, 30 * _DAY_MS
"""A game can be moved by days; a window of the venue's has at most 35."""

_MOST_PAGES = 1_000


def _iso(ms: int) -> str:
    return f"{datetime_of_ms(ms):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


async def unmatched(rest: Rest, operation: str) -> list[wire.Unmatched]:
    return (await rest.read(wire.UnmatchedData, operation, "/user/getUnmatched")).unmatched


async def matched(rest: Rest, operation: str) -> list[wire.Bet]:
    """Every bet that is not graded."""
    return (await rest.read(wire.MatchedData, operation, "/user/getMatchedBets")).matched_bets


async def graded_since(rest: Rest, operation: str, since_ms: int) -> list[wire.Bet]:
    """Every bet that was settled at or after a time, in that order; one that was settled anew again."""
    query = {"since": _iso(max(since_ms - 1, 0))}
    found: list[wire.Bet] = []
    for _ in range(_MOST_PAGES):
        page = await rest.read(wire.GradedData, operation, "/user/v2/getGradedSince", query, "graded")
        found += page.graded
        if not page.has_more:
            return found
        query = {"cursor": page.cursor}
    raise Unavailable(VENUE, operation, "the list of the venue has no end")


async def graded_of(rest: Rest, operation: str, instruments: Sequence[Instrument]) -> list[wire.Bet]:
    """The graded bets of games that start when the instruments' do, give or take two days."""
    starts = sorted(int(instrument.meta[STARTS_MS]) for instrument in instruments if STARTS_MS in instrument.meta)
    found: list[wire.Bet] = []
    while starts:
        first = starts[0]
        within = [start for start in starts if start - first <= _WINDOW_MS - 2 * _AROUND_MS]
        query = {"startDate": _iso(first - _AROUND_MS), "endDate": _iso(within[-1] + _AROUND_MS)}
        found += (await rest.read(wire.GradedData, operation, "/user/v2/getGraded", query, "graded")).graded
        starts = starts[len(within) :]
    return found


async def by_reference(rest: Rest, operation: str, reference: str, game_id: str) -> wire.ReferenceData:
    query = {"userReference": reference, "gameID": game_id}
    return await rest.read(wire.ReferenceData, operation, "/user/getBetByUserReference", query)


async def anywhere(rest: Rest, operation: str, since_ms: int) -> wire.ReferenceData:
    """Every order and bet of the account, in the direction in which they move: none is missed in between."""
    resting = await unmatched(rest, operation)
    open_bets = await matched(rest, operation)
    return wire.ReferenceData(resting, open_bets, await graded_since(rest, operation, since_ms))


async def balance(rest: Rest, currency: str) -> Balance:
    """From two reads, the orders first. Free is what may be staked: the balance and the credit, less what is at risk,
    which the venue tells as a liability below zero."""
    rows = await unmatched(rest, "balance")
    user = (await rest.read(wire.UserData, "balance", "/user/getMe")).user
    with reading(VENUE, "balance"):
        held = sum(amount(row.offered, "offered") - amount(row.filled, "filled") for row in rows)
        if not all(map(is_amount, (user.display_balance, user.liability, user.credit_limit))):
            raise UnreadableError("displayBalance, liability or creditLimit is no amount")
    credit = max(-user.credit_limit, Decimal(0))
    return Balance(user.display_balance + user.liability + credit, decimal_of(held), currency)


async def games(rest: Rest, operation: str, sport: str) -> list[wire.Game]:
    """Those of a sport of the venue's, without their books."""
    path, query = "/exchange/getLeagues", {"sport": sport}
    leagues = (await rest.read(wire.LeaguesData, operation, path, query)).available_leagues
    found: dict[str, wire.Game] = {}
    for league in dict.fromkeys(leagues):
        if league not in ALIASES:
            asked = {"league": league, "sport": sport}
            told = await rest.read(wire.GamesData, operation, "/exchange/v2/getGames", asked)
            found |= {game.id: game for game in told.games}
    return list(found.values())


async def book(rest: Rest, operation: str, game_id: str) -> wire.Game | None:
    """A game with what is offered in it; None where the venue does not know it."""
    query = {"gameID": game_id}
    told = (await rest.read(wire.GamesData, operation, "/exchange/v2/getOrderbook", query)).games
    return next((game for game in told if game.id == game_id), None)
