"""Which of Kalshi's series are match winners of the feed's sports, and how an event of one becomes listings.

A match is an *event* of a series (`KXATPMATCH-26AUG19BORNAK`); each participant has a *market* in it (`...-BOR`,
named by `yes_sub_title`) that pays 1 when that participant wins. In soccer there is a third, `...-TIE`, and the
result is that of regulation time ("after 90 minutes plus stoppage time", rules_primary). Series that are not in the
table are not looked at; an event that has not exactly the markets its series should have is left out.

Sources of the table: series tickers as public clients of the API use them, read in November 2026 (Kalshi publishes no
list of them by sport; GET /series gives categories and tags only); sport slugs: the odds feed's /sports. Left out on
purpose: cricket tests (the draw), doubles, maps and sets, tournament winners.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import structlog

from hedgerow.core.money import MICRO
from hedgerow.venues.base import Fee, Instrument, Listing
from hedgerow.venues.kalshi import markets, parse, wire
from hedgerow.venues.kalshi.errors import VENUE
from hedgerow.venues.kalshi.parse import MalformedError

_log = structlog.get_logger(__name__)

MONEYLINE, RESULT = "moneyline", "result"
THREE_WAY, REGULATION = "1x2", "fulltime"

_SERIES: Mapping[str, tuple[str, ...]] = {
    "american-football": ("KXNFLGAME", "KXNCAAFGAME", "KXCFLGAME"),
    "aussie-rules": ("KXAFLGAME",),
    "baseball": ("KXMLBGAME", "KXNPBGAME", "KXKBOGAME", "KXLMBGAME", "KXWBCGAME"),
    "basketball": (
        "KXNBAGAME",
        "KXWNBAGAME",
        "KXNCAAMBGAME",
        "KXNCAAWBGAME",
        "KXNBASUMMERGAME",
        "KXEUROLEAGUEGAME",
        "KXEUROCUPGAME",
        "KXFIBAGAME",
        "KXNBLGAME",
        "KXBBLGAME",
        "KXBSLGAME",
        "KXCBAGAME",
        "KXGBLGAME",
        "KXKBLGAME",
        "KXLNBELITEGAME",
    ),
    "boxing": ("KXBOXING",),
    "cricket": (
        "KXIPLGAME",
        "KXPSLGAME",
        "KXT20MATCH",
        "KXWT20MATCH",
        "KXODIMATCH",
        "KXWODIMATCH",
        "KXCRICKETT20IMATCH",
        "KXCRICKETWOMENT20IMATCH",
        "KXCRICKETODIMATCH",
        "KXCRICKETWOMENODIMATCH",
        "KXCPLMATCH",
        "KXHUNDREDMATCH",
        "KXWHUNDREDMATCH",
    ),
    "darts": ("KXDARTSMATCH",),
    "esport-call-of-duty": ("KXCODGAME",),
    "esport-counter-strike": ("KXCS2GAME",),
    "esport-dota": ("KXDOTA2GAME",),
    "esport-league-of-legends": ("KXLOLGAME",),
    "esport-overwatch": ("KXOWGAME",),
    "esport-rainbow-six": ("KXR6GAME",),
    "esport-rocket-league": ("KXRLGAME",),
    "esport-valorant": ("KXVALORANTGAME",),
    "ice-hockey": ("KXNHLGAME", "KXAHLGAME", "KXKHLGAME", "KXSHLGAME", "KXIIHFGAME"),
    "lacrosse": ("KXNCAAMLAXGAME",),
    "mma": ("KXUFCFIGHT",),
    "rugby": ("KXRUGBYNRLMATCH", "KXSIXNATIONSMATCH", "KXRUGBYFRA14MATCH", "KXRUGBYGPREMMATCH", "KXRUGBYESLMATCH"),
    "soccer": (
        "KXEPLGAME",
        "KXLALIGAGAME",
        "KXSERIEAGAME",
        "KXBUNDESLIGAGAME",
        "KXBUNDESLIGA2GAME",
        "KXLIGUE1GAME",
        "KXUCLGAME",
        "KXUELGAME",
        "KXMLSGAME",
        "KXNWSLGAME",
        "KXLIGAMXGAME",
        "KXLIGAPORTUGALGAME",
        "KXSAUDIPLGAME",
        "KXKLEAGUEGAME",
        "KXCONMEBOLLIBGAME",
        "KXCONMEBOLSUDGAME",
        "KXINTLFRIENDLYGAME",
        "KXWCGAME",
    ),
    "squash": ("KXSQUASHMATCH",),
    "tennis": (
        "KXATPMATCH",
        "KXWTAMATCH",
        "KXATPCHALLENGERMATCH",
        "KXWTACHALLENGERMATCH",
        "KXITFMATCH",
        "KXITFWMATCH",
        "KXDAVISCUPMATCH",
        "KXUNITEDCUPMATCH",
        "KXSIXKINGSSLAMMATCH",
    ),
    "volleyball": ("KXVOLLEYBALLMATCH", "KXNCAAWVMATCH"),
}

# Sports whose matches Kalshi lists with a tie as third result.
_THREE_WAY_SPORTS = frozenset({"soccer"})

# A market that can be traded now or again; closed, determined, disputed, amended and finalized ones cannot.
_LISTED = frozenset({"initialized", "active", "inactive"})
OPEN = "active"

_TIE_SUFFIX = "-TIE"
_BETWEEN_NAMES = re.compile(r"\s+(?:vs\.?|at|@|v)\s+", re.IGNORECASE)
_WORDS = re.compile(r"\w{3,}")


@dataclass(frozen=True, slots=True)
class SeriesFees:
    """(maker, taker) of a series, for events without fees of their own."""

    maker: Fee
    taker: Fee


def series_of(sport: str) -> tuple[str, ...]:
    """The series that hold the sport's matches; none for a sport that Kalshi is not known to list."""
    return _SERIES.get(sport, ())


def listings_of(
    sport: str, events: Iterable[wire.Event], milestones: Sequence[wire.Milestone], fees: SeriesFees
) -> Iterator[Listing]:
    """The contracts of a series' events. An event that cannot be read is logged and left out: it is not ours to
    guess."""
    starts = _starts(milestones)
    for event in events:
        try:
            yield from _event_listings(sport, event, starts.get(event.event_ticker), fees)
        except MalformedError as error:
            _log.warning("event left out", venue=VENUE, event_ref=event.event_ticker, error=str(error))


def _event_listings(sport: str, event: wire.Event, starts_at_ms: int | None, fees: SeriesFees) -> list[Listing]:
    binary = [market for market in event.markets or () if market.market_type == "binary"]
    ties = [market for market in binary if market.ticker.endswith(_TIE_SUFFIX)]
    sides = [market for market in binary if market not in ties]
    is_three_way = sport in _THREE_WAY_SPORTS
    if len(sides) != 2 or len(ties) != is_three_way:
        return []
    names = _in_title_order(event.title, sides[0].yes_sub_title, sides[1].yes_sub_title)
    if names[0] == names[1] or not all(names):
        return []
    own_fees = _own_fees(event) or fees
    return [
        Listing(
            instrument=_instrument(market, own_fees),
            title=event.title,
            outcome=market.yes_sub_title,
            opposite=None if is_three_way else names[names[0] == market.yes_sub_title],
            participants=names,
            sport=sport,
            competition=event.product_metadata.competition if event.product_metadata else None,
            market_type=THREE_WAY if is_three_way else MONEYLINE,
            period=REGULATION if is_three_way else RESULT,
            starts_at_ms=starts_at_ms or _occurrence_ms(market),
            is_open=market.status == OPEN,
            rules="\n".join(text for text in (market.rules_primary, market.rules_secondary) if text),
        )
        for market in binary
        if market.status in _LISTED
    ]


def _instrument(market: wire.Market, fees: SeriesFees) -> Instrument:
    """Contracts come in hundredths, unless the market says that it trades whole ones only."""
    lot = MICRO if market.fractional_trading_enabled is False else parse.COUNT_UNIT
    return Instrument(
        venue=VENUE,
        ref=market.ticker,
        market_ref=market.event_ticker,
        grid=markets.price_grid(market.price_ranges),
        lot=lot,
        min_size=lot,
        maker_fee=fees.maker,
        taker_fee=fees.taker,
    )


def instrument_of(market: wire.Market, event: wire.Event, fees: SeriesFees) -> Instrument:
    """The contract of a market; fees: of the event's series. Raises MalformedError."""
    return _instrument(market, _own_fees(event) or fees)


def _own_fees(event: wire.Event) -> SeriesFees | None:
    """The event's override of its series' fees; its two halves come together (GET /events)."""
    if event.fee_type_override is None or event.fee_multiplier_override is None:
        return None
    return SeriesFees(*markets.fees(event.fee_type_override, event.fee_multiplier_override))


def _starts(milestones: Sequence[wire.Milestone]) -> dict[str, int]:
    """Scheduled start by event, in epoch milliseconds.

    The milestone is the match itself and its `start_date` the scheduled start: the best of the public fields. An
    event that a milestone calls its own goes before one that is only related.
    """
    starts: dict[str, int] = {}
    own_starts: dict[str, int] = {}
    for milestone in milestones:
        try:
            start_ms = parse.time_ms(milestone.start_date, "start_date")
        except MalformedError as error:
            _log.warning("milestone left out", venue=VENUE, error=str(error))
            continue
        starts.update(dict.fromkeys(milestone.related_event_tickers, start_ms))
        own_starts.update(dict.fromkeys(milestone.primary_event_tickers, start_ms))
    return starts | own_starts


def _occurrence_ms(market: wire.Market) -> int | None:
    """The second best start: `occurrence_datetime`, which for many series is the start, but for others only repeats
    the expected expiration and then says nothing of it."""
    if not market.occurrence_datetime or market.occurrence_datetime == market.expected_expiration_time:
        return None
    return parse.time_ms(market.occurrence_datetime, "occurrence_datetime")


def _in_title_order(title: str, one: str, other: str) -> tuple[str, str]:
    """The two names in the order of a title "A vs B", which often has them shorter; as they came where it does not
    tell."""
    parts = _BETWEEN_NAMES.split(title, maxsplit=1)
    if len(parts) != 2:
        return one, other
    straight = _alike(one, parts[0]) + _alike(other, parts[1])
    crossed = _alike(one, parts[1]) + _alike(other, parts[0])
    return (other, one) if crossed > straight else (one, other)


def _alike(name: str, part: str) -> int:
    """How many words of the name stand in the part of the title."""
    return len(set(_WORDS.findall(name.casefold())) & set(_WORDS.findall(part.casefold())))
