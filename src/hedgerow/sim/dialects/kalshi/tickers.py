"""How Kalshi names what it lists: series by sport and competition, events by day and participants.

An event is `SERIES-26JUN11JIMLEP`: year, month, day in New York, then a code of each participant; series whose teams
may meet twice a day add the hour (`26JUN111310AZMIA`). A market adds the code of the participant whose win it
pays: `-JIM`. Source: listings of many public clients and recorded answers; participants' codes are Kalshi's own
there and the first letters of the name here.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Series:
    """A template of events. `tag` is Kalshi's word for the sport, `milestone` its word for such a game."""

    ticker: str
    title: str
    tag: str
    milestone: str
    has_hour: bool = False
    of_people: bool = False


_TENNIS = ("Tennis", "tennis_tournament_singles", False, True)
_BASEBALL = ("Baseball", "baseball_game", True)
_ESPORTS = ("Esports", "esports_match", True)
_CRICKET = ("Cricket", "cricket_match", True)

_DEFAULTS = {
    10: Series("KXEPLGAME", "English Premier League Game", "Soccer", "soccer_game"),
    11: Series("KXNBAGAME", "Professional Basketball Game", "Basketball", "basketball_game"),
    12: Series("KXATPMATCH", "ATP Tennis Match", *_TENNIS),
    13: Series("KXMLBGAME", "Professional Baseball Game", *_BASEBALL),
    14: Series("KXNFLGAME", "Professional Football Game", "Football", "football_game"),
    15: Series("KXNHLGAME", "NHL Game", "Hockey", "hockey_match"),
    16: Series("KXDOTA2GAME", "Dota 2 Game", *_ESPORTS),
    17: Series("KXCS2GAME", "Counter-Strike 2 Game", *_ESPORTS),
    18: Series("KXLOLGAME", "League of Legends Game", *_ESPORTS),
    23: Series("KXVOLLEYBALLMATCH", "Volleyball Match", "Volleyball", "volleyball_match"),
    27: Series("KXT20MATCH", "T20 Cricket Match", *_CRICKET),
    61: Series("KXVALORANTGAME", "Valorant Game", *_ESPORTS),
}
"""By feed sport: what a match of no special competition is listed under."""

# (feed sport, word in the competition's name, series): the first that fits, so women's before men's.
_SPECIAL = (
    (12, "itf women", Series("KXITFWMATCH", "ITF Women Tennis Match", *_TENNIS)),
    (12, "itf", Series("KXITFMATCH", "ITF Tennis Match", *_TENNIS)),
    (12, "wta 125k", Series("KXWTACHALLENGERMATCH", "WTA Challenger Tennis Match", *_TENNIS)),
    (12, "wta", Series("KXWTAMATCH", "WTA Tennis Match", *_TENNIS)),
    (12, "challenger", Series("KXATPCHALLENGERMATCH", "ATP Challenger Tennis Match", *_TENNIS)),
    (11, "wnba", Series("KXWNBAGAME", "Professional Women's Basketball Game", "Basketball", "basketball_game")),
    (11, "ncaa", Series("KXNCAAMBGAME", "College Basketball Game", "Basketball", "basketball_game")),
    (11, "euroleague", Series("KXEUROLEAGUEGAME", "Euroleague Game", "Basketball", "basketball_game")),
    (13, "npb", Series("KXNPBGAME", "NPB Game", *_BASEBALL)),
    (13, "kbo", Series("KXKBOGAME", "KBO Game", *_BASEBALL)),
    (14, "ncaa", Series("KXNCAAFGAME", "College Football Game", "Football", "football_game")),
    (15, "khl", Series("KXKHLGAME", "KHL Game", "Hockey", "hockey_match")),
    (27, "indian premier league", Series("KXIPLGAME", "IPL Game", *_CRICKET)),
    (27, "odi", Series("KXODIMATCH", "ODI Cricket Match", *_CRICKET)),
    (27, "test", Series("KXTESTMATCH", "Test Cricket Match", *_CRICKET)),
)

ALL_SERIES = tuple(sorted([*_DEFAULTS.values(), *(series for _, _, series in _SPECIAL)], key=lambda s: s.ticker))


def series_of(feed_sport_id: int, competition: str) -> Series | None:
    """The series of a match; None for a sport that is not listed. competition: category and tournament."""
    words = f" {' '.join(re.findall(r'[a-z0-9]+', competition.lower()))} "
    for sport, word, series in _SPECIAL:
        if sport == feed_sport_id and f" {word} " in words:
            return series
    return _DEFAULTS.get(feed_sport_id)


def event_tickers(series: Series, fixture_id: str, starts_at_s: int, codes: tuple[str, str]) -> tuple[str, ...]:
    """What the event may be called, best first: the later ones tell matches apart that share day and codes."""
    start = eastern(starts_at_s)
    day = f"{start:%y}{_MONTHS[start.month - 1]}{start:%d}" + (f"{start:%H%M}" if series.has_hour else "")
    plain = f"{series.ticker}-{day}{codes[0]}{codes[1]}"
    return plain, f"{plain}{fixture_id[-4:].upper()}", f"{plain}{fixture_id.upper()}"


def codes_of(name1: str, name2: str, *, of_people: bool) -> tuple[str, str]:
    """Short codes of two participants that differ, A-Z and 0-9 only."""
    one, two = (_code(name, of_people=of_people) or "TBD" for name in (name1, name2))
    return (one, two) if one != two else (f"{one}1", f"{two}2")


def eastern(at_s: int) -> datetime:
    """New York's wall clock at a time in seconds since 1970.

    Summer time from the second Sunday of March to the first of November, 2:00. Source: 15 U.S.C. 260a.
    """
    at = datetime.fromtimestamp(at_s, UTC)
    begins = datetime(at.year, 3, _sunday(at.year, 3) + 7, 7, tzinfo=UTC)
    ends = datetime(at.year, 11, _sunday(at.year, 11), 6, tzinfo=UTC)
    return at - timedelta(hours=4 if begins <= at < ends else 5)


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def _sunday(year: int, month: int) -> int:
    """The day of the month's first Sunday."""
    return 7 - datetime(year, month, 1, tzinfo=UTC).weekday()


def _code(name: str, *, of_people: bool) -> str:
    """The first three letters: of the surname for people ("Last, First" or "First Last"), of the name for teams."""
    folded = unicodedata.normalize("NFKD", name)
    part = folded.partition(",")[0] if "," in folded else folded
    words = re.findall(r"[A-Z0-9]+", "".join(c for c in part.upper() if not unicodedata.combining(c)))
    if not words:
        return ""
    return (words[-1] if of_people and "," not in folded else "".join(words))[:3]
