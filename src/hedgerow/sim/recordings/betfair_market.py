"""Which market of a Betfair file can be played, and what it is in the feed's words.

Playable is a market between two runners, with one winner, of a sport and kind that the catalogue has as a two-way
market. Everything else is refused with what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from hedgerow.core.errors import InputError
from hedgerow.core.ids import FixtureId, OutcomeId
from hedgerow.sim.markets import SPORTS, Catalogue, Market
from hedgerow.sim.recordings.betfair_wire import Definition, Runner

REMOVED, WINNER, LOSER = "REMOVED", "WINNER", "LOSER"
OPEN, CLOSED = "OPEN", "CLOSED"

# Betfair's event type ids to the feed's sports. Source: Betfair's navigation data.
SPORT_OF_EVENT_TYPE: Mapping[str, int] = {
    "1": 10,  # soccer
    "2": 12,  # tennis
    "4": 27,  # cricket
    "5": 26,  # rugby union
    "6": 21,  # boxing
    "1477": 26,  # rugby league
    "3503": 19,  # darts
    "6422": 24,  # snooker
    "6423": 14,  # American football
    "7511": 13,  # baseball
    "7522": 11,  # basketball
    "7524": 15,  # ice hockey
    "468328": 22,  # handball
    "998917": 23,  # volleyball
    "2593174": 25,  # table tennis
    "26420387": 20,  # mixed martial arts
}

# The files do not say the competition: all recordings of a sport are one tournament, of a number nobody else has.
TOURNAMENT_BASE = 990_000
CATEGORY_NAME = "Recordings"

_MATCH_WINNER = frozenset({"MATCH_ODDS", "MONEY_LINE"})
_TOTALS = re.compile(r"OVER_UNDER_(\d+)(\d)")
_BETWEEN_NAMES = re.compile(r" (?:v|vs|@) ")


@dataclass(slots=True)
class Listed:
    """A market as a first look at the file finds it."""

    market_id: str
    definition: Definition  # the last one
    first_ms: int
    last_ms: int

    @property
    def settles(self) -> bool:
        return self.definition.status == CLOSED


def two_runners(definition: Definition) -> list[Runner]:
    """The runners that stay in the market, in its own order."""
    staying = [runner for runner in definition.runners if runner.status != REMOVED]
    return sorted(staying, key=lambda runner: (runner.sort_priority, runner.id))


def why_not_playable(listed: Listed, catalogue: Catalogue) -> str | None:
    """What is in the way of playing the market, in words; None when nothing is."""
    definition = listed.definition
    staying = two_runners(definition)
    if len(staying) != 2 or definition.number_of_winners != 1 or definition.betting_type != "ODDS":
        return _not_two_way(listed)
    winners = [runner for runner in staying if runner.status == WINNER]
    if listed.settles and (len(winners) != 1 or {runner.status for runner in staying} != {WINNER, LOSER}):
        said = ", ".join(runner.status for runner in staying)
        return f"{listed.market_id} was settled without one winner ({said}); one of two must have won"
    sport = SPORT_OF_EVENT_TYPE.get(str(definition.event_type_id))
    if sport is None:
        return f"{listed.market_id} is of event type {definition.event_type_id}, a sport that the feed does not have"
    if market_of(definition, catalogue) is None:
        kind = definition.market_type or "a market without a type"
        return f"{listed.market_id} is {kind}, which the catalogue does not have two-way in sport {sport}"
    return None


def _not_two_way(listed: Listed) -> str:
    definition = listed.definition
    removed = sum(runner.status == REMOVED for runner in definition.runners)
    parts = [
        f"{listed.market_id} is {definition.market_type or 'a market'} with {len(definition.runners)} runners",
        f"{removed} of them removed" if removed else "",
        f"{definition.number_of_winners} winners" if definition.number_of_winners != 1 else "",
        f"betting type {definition.betting_type}" if definition.betting_type != "ODDS" else "",
    ]
    return ", ".join(part for part in parts if part) + "; only two-way markets are played"


def market_of(definition: Definition, catalogue: Catalogue) -> Market | None:
    """The catalogue's market of the same question: match winner, total, or both teams to score."""
    sport = SPORT_OF_EVENT_TYPE[str(definition.event_type_id)]
    kind, line = definition.market_type, Decimal(0)
    if kind in _MATCH_WINNER:
        return catalogue.winner(sport)
    if total := _TOTALS.fullmatch(kind):
        kind, line = "totals", Decimal(f"{total[1]}.{total[2]}")
    elif kind == "BOTH_TEAMS_TO_SCORE":
        kind = "bothteamsscore"
    return next(
        (
            market
            for market in catalogue.of_sport(sport)
            if (market.market_type, market.period, market.handicap) == (kind, "fulltime", line)
        ),
        None,
    )


def outcomes_of(runners: list[Runner], market: Market) -> dict[int, OutcomeId]:
    """The outcome of each of the two runners, by runner id. Betfair lists Under before Over, the feed after it."""
    first, second = runners
    is_total = market.market_type == "totals"
    if is_total and not (first.name or "").startswith("Over"):
        first, second = second, first
    return {first.id: market.outcomes[0], second.id: market.outcomes[1]}


@dataclass(frozen=True, slots=True)
class Identity:
    """The match in the feed's words. Its id follows the feed's rule, so that nothing about it contradicts itself."""

    fixture_id: FixtureId
    sport_id: int
    tournament_id: int
    tournament_name: str
    participants: tuple[str, str]


def identify(listed: Listed, names: Mapping[int, str]) -> Identity:
    """names: of runners, by id, from a catalogue file; they fill what the recording leaves out."""
    definition = listed.definition
    sport = SPORT_OF_EVENT_TYPE[str(definition.event_type_id)]
    tournament = TOURNAMENT_BASE + sport
    native = re.sub(r"\D", "", str(definition.event_id)) or re.sub(r"\D", "", listed.market_id)
    return Identity(
        FixtureId(f"id{sport:02}{tournament:06}{native}"),
        sport,
        tournament,
        f"Recorded {_sport_name(sport)}",
        _participants(definition, names),
    )


def _participants(definition: Definition, names: Mapping[int, str]) -> tuple[str, str]:
    sides = _BETWEEN_NAMES.split(definition.event_name or "")
    if definition.market_type in _MATCH_WINNER or len(sides) != 2:
        sides = [runner.name or names.get(runner.id) or f"Runner {runner.id}" for runner in two_runners(definition)]
    return sides[0], sides[1]


def _sport_name(sport_id: int) -> str:
    return next(sport.name for sport in SPORTS if sport.sport_id == sport_id)


def start_of(definition: Definition, market_id: str) -> int:
    """The scheduled start in seconds since 1970. Raises InputError when the market does not say one."""
    try:
        said = datetime.fromisoformat(definition.market_time)
    except ValueError:
        raise InputError(f"{market_id} has no marketTime that can be read: {definition.market_time!r}") from None
    return int((said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp())


def choose(markets: Mapping[str, Listed], catalogue: Catalogue, wanted: str | None) -> Listed:
    """The market that is played: the one that was named, else the first that can be. Raises InputError."""
    if wanted is not None:
        if wanted not in markets:
            raise InputError(f"no market {wanted}; it has {_listed(markets)}")
        candidates: Iterable[Listed] = [markets[wanted]]
    else:
        candidates = markets.values()
    reasons = []
    for listed in candidates:
        reason = why_not_playable(listed, catalogue)
        if reason is None:
            return listed
        reasons.append(reason)
    more = f" (and {len(reasons) - 1} more that cannot be played either)" if len(reasons) > 1 else ""
    raise InputError(f"{reasons[0]}{more}" if reasons else "no market definition")


def _listed(markets: Mapping[str, Listed]) -> str:
    few = list(markets)[:5]
    return ", ".join(few) + (f" and {len(markets) - len(few)} more" if len(markets) > len(few) else "")
