"""What the simulated feed knows beside the world: languages, period lengths, tournaments, bookmakers.

Facts of the feed where its documents or published observations give them (marked), plausible values where they do
not. Nothing here changes; what moves is the world's.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

STATUS_NAMES = MappingProxyType(
    {
        "en": ("Pre-Game", "Live", "Finished", "Cancelled"),
        "es": ("Por comenzar", "En vivo", "Finalizado", "Cancelado"),
        "fr": ("Avant-match", "En direct", "Terminé", "Annulé"),
        "pt": ("Pré-jogo", "Ao vivo", "Encerrado", "Cancelado"),
        "de": ("Vor dem Spiel", "Live", "Beendet", "Abgesagt"),
        "it": ("Prepartita", "In corso", "Terminata", "Annullata"),
        "ru": ("До матча", "Идёт", "Завершён", "Отменён"),
        "zh": ("赛前", "进行中", "已结束", "已取消"),
    }
)
"""Names of statusId 0..3 by language: the feed's translated text, on which no client may branch."""

DEFAULT_LANGUAGE = "en"


def status_name(status_id: int, lang: str) -> str:
    """The text of a statusId in a language of the feed; the number for one that the feed does not have."""
    names = STATUS_NAMES[lang]
    return names[status_id] if 0 <= status_id < len(names) else str(status_id)


@dataclass(frozen=True, slots=True)
class Playing:
    """How a sport's match is divided. length: minutes of a period, None where it is not timed."""

    periods: int | None
    length: int | None


# Soccer and American football as on recorded fixtures; the others from the rules of their main competitions.
_PLAYING = {
    10: Playing(2, 45),
    11: Playing(4, 12),
    12: Playing(3, None),
    13: Playing(9, None),
    14: Playing(4, 15),
    15: Playing(3, 20),
    16: Playing(3, None),
    17: Playing(3, None),
    18: Playing(3, None),
    22: Playing(2, 30),
    23: Playing(5, None),
    25: Playing(5, None),
    26: Playing(2, 40),
    61: Playing(3, None),
}


def playing(sport_id: int) -> Playing:
    return _PLAYING.get(sport_id, Playing(None, None))


@dataclass(frozen=True, slots=True)
class Tournament:
    tournament_id: int
    sport_id: int
    name: str
    category: str


# Numbers are the feed's (it uses Sportradar's). A fixture that brings names of its own keeps them.
TOURNAMENTS = MappingProxyType(
    {
        number: Tournament(number, sport, name, category)
        for number, sport, name, category in (
            (17, 10, "Premier League", "England"),
            (8, 10, "LaLiga", "Spain"),
            (23, 10, "Serie A", "Italy"),
            (35, 10, "Bundesliga", "Germany"),
            (34, 10, "Ligue 1", "France"),
            (16, 10, "World Cup", "International"),
            (242, 10, "MLS", "USA"),
            (2324, 10, "UEFA Youth League", "International Youth"),
            (132, 11, "NBA", "USA"),
            (486, 11, "WNBA", "USA"),
            (2555, 12, "Wimbledon Men Singles", "ATP"),
            (109, 13, "MLB", "USA"),
            (31, 14, "NFL", "USA"),
            (234, 15, "NHL", "USA"),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Delays:
    """The longest that odds take to refresh, in seconds. live: None where live odds are not streamed."""

    pregame: int
    main: int
    live: int | None


@dataclass(frozen=True, slots=True)
class Book:
    """A bookmaker as the feed describes it. stale_s: without news for so long its odds count as stale."""

    slug: str
    name: str
    domain: str
    currency: str = "USD"
    delays: Delays = Delays(30, 10, 5)
    stale_s: int = 240


_NAMES = {
    "198bet": "198bet.com",
    "1xbet": "1xbet.com",
    "188bet": "188bet.com",
    "3et": "3et.com",
    "4casters": "4casters.io",
    "bet365": "bet365.com",
    "betamapola": "betamapola.com",
    "betcris": "betcris.com",
    "betfair-ex": "betfair.com",
    "betmgm": "betmgm.com",
    "betonline.ag": "betonline.ag",
    "bookmaker.eu": "bookmaker.eu",
    "bovada.lv": "bovada.lv",
    "caesars": "caesars.com",
    "circasports": "circasports.com",
    "cloudbet": "cloudbet.com",
    "cloudbetb2b": "cloudbet.com",
    "draftkings": "draftkings.com",
    "fanduel": "fanduel.com",
    "justbet": "justbet.cx",
    "kaiyun": "kaiyun.com",
    "kalshi": "kalshi.com",
    "limitless-ex": "limitless.exchange",
    "matchbook": "matchbook.com",
    "monkeyline.vip": "monkeyline.vip",
    "novig.us": "novig.us",
    "paradisewager": "paradisewager.com",
    "pinnacle": "pinnacle.com",
    "pinnacleb2b": "pinnacle.com",
    "polymarket": "polymarket.com",
    "polymarket.us": "polymarket.us",
    "predict.fun": "predict.fun",
    "prophetx": "prophetx.co",
    "punter.io": "punter.io",
    "sharpbet": "sharpbet.io",
    "singbet": "singbet.com",
    "smarkets": "smarkets.com",
    "sports411.ag": "sports411.ag",
    "sx.bet": "sx.bet",
    "vertex": "vertex.bet",
}

# Observed on the live service.
_EUROS = frozenset({"3et", "betfair-ex", "punter.io", "sharpbet"})
_STALE_S = {"bookmaker.eu": 4770, "vertex": 24048}
_DELAYS = {
    "pinnacle": Delays(15, 5, 2),
    "draftkings": Delays(20, 5, 3),
    "betfair-ex": Delays(10, 2, 1),
    "1xbet": Delays(30, 6, 4),
    "188bet": Delays(80, 60, None),
}


def book(slug: str) -> Book:
    """What is known of a bookmaker; plausible values for one that the feed never named."""
    return Book(
        slug,
        slug.split(".", maxsplit=1)[0].replace("-", " ").title(),
        _NAMES.get(slug, f"{slug}.example"),
        "EUR" if slug in _EUROS else "USD",
        _DELAYS.get(slug, Delays(30, 10, 5)),
        _STALE_S.get(slug, 240),
    )


KNOWN_BOOKS = tuple(sorted(_NAMES))
"""The slugs that the feed names, whether the world prices them or not."""
