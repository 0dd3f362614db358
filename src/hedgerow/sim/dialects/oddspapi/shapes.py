"""The feed's entities as it writes them, from the world's: fixtures, quotes, book states, the catalogue.

Key sets and units are those of the feed sheet (schedule in seconds, changes in milliseconds, update times ISO 8601
with microseconds). Prices and limits stay Decimals until they are encoded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hedgerow.core.clock import datetime_of_ms
from hedgerow.core.money import decimal_of
from hedgerow.core.odds_grid import OddsGrid
from hedgerow.sim import book_ids, pinnacle_ids
from hedgerow.sim.book_ids import stable_number
from hedgerow.sim.dialects.oddspapi import facts
from hedgerow.sim.dialects.oddspapi.memory import Score
from hedgerow.sim.markets import SPORTS, Market, Sport
from hedgerow.sim.world import Fixture

Json = dict[str, Any]

_CLOCK_KEYS = ("currentPeriod", "currentTime", "remainingTime", "remainingTimeInPeriod", "stopped")
_LARGEST_DENOMINATOR = 100


def iso(ms: int) -> str:
    """A time as the feed writes it, e.g. 2026-09-03T07:41:28.445000+00:00."""
    return datetime_of_ms(ms).isoformat(timespec="microseconds")


def number(value: Decimal) -> Decimal:
    """The value without trailing zeros and without an exponent: 1.90 is written 1.9, 1E+2 is written 100."""
    return Decimal(f"{value.normalize():f}")


def level(price: int, size: int) -> Json:
    """A level of a prediction market's book; price and size in micros. The odds have three decimals."""
    cents = decimal_of(price)
    odds = (1 / cents).quantize(Decimal("0.001"))
    return {
        "price": number(odds),
        "limit": number((decimal_of(size) * cents).quantize(Decimal("0.01"))),
        "cents": number(cents),
        "size": number(decimal_of(size)),
    }


def odds_level(grid: OddsGrid, price: int, size: int) -> Json:
    """A level of a betting exchange's book, as Betfair's is told: decimal odds, and the backer's stake."""
    stake = decimal_of(grid.at_risk(price, size, buys=True))
    return {"price": number(decimal_of(grid.odds_of(price))), "size": number(stake.quantize(Decimal("0.01")))}


def fractional(price: Decimal) -> str:
    """Decimal odds as the nearest fraction in small numbers: 1.155 -> 11/71, 3.5 -> 5/2."""
    profit = Fraction(price - 1).limit_denominator(_LARGEST_DENOMINATOR)
    return f"{profit.numerator}/{profit.denominator}"


def american(price: Decimal) -> int:
    """Decimal odds > 1 in American form: 1.155 -> -645, 5.77 -> 477."""
    profit = price - 1
    return round(profit * 100) if profit >= 1 else round(-100 / profit)


def slug_of(text: str) -> str:
    """A name as the feed's slugs write it: lower case, dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def participant_id(sport_id: int, name: str) -> int:
    return 1_000 + stable_number("participant", sport_id, name, below=9_000_000)


def season_of(fixture: Fixture) -> Json:
    """The tournament's season that the fixture's year names."""
    year = datetime_of_ms(fixture.start_time * 1000).year
    name = f"{tournament_name(fixture)} {year}"
    number_ = 100_000 + stable_number("season", fixture.tournament_id, year, below=900_000)
    return {"seasonId": number_, "seasonName": name, "seasonRound": None}


def tournament_name(fixture: Fixture) -> str:
    known = facts.TOURNAMENTS.get(fixture.tournament_id)
    return fixture.tournament_name or (known.name if known else f"Tournament {fixture.tournament_id}")


def category_name(fixture: Fixture) -> str | None:
    known = facts.TOURNAMENTS.get(fixture.tournament_id)
    return fixture.category_name or (known.category if known else None)


def sport_of(sport_id: int) -> Sport:
    """The sport; one that the catalogue does not hold is named by its number."""
    found = next((sport for sport in SPORTS if sport.sport_id == sport_id), None)
    return found or Sport(sport_id, f"sport-{sport_id}", f"Sport {sport_id}")


def sport_shape(sport: Sport) -> Json:
    return {"sportId": sport.sport_id, "slug": sport.slug, "sportName": sport.name}


def tournament_shape(tournament: facts.Tournament) -> Json:
    return {
        "tournamentId": tournament.tournament_id,
        "sportId": tournament.sport_id,
        "tournamentSlug": slug_of(tournament.name),
        "categorySlug": slug_of(tournament.category),
        "tournamentName": tournament.name,
        "categoryName": tournament.category,
    }


def season_shape(fixture: Fixture) -> Json:
    season = season_of(fixture)
    return {
        "seasonId": season["seasonId"],
        "tournamentId": fixture.tournament_id,
        "sportId": fixture.sport_id,
        "seasonSlug": slug_of(season["seasonName"]),
        "seasonName": season["seasonName"],
    }


def participant_shape(sport_id: int, name: str) -> Json:
    return {
        "participantId": participant_id(sport_id, name),
        "sportId": sport_id,
        "name": name,
        "participantShortName": None,
        "participantMediumName": None,
        "participantAbbr": None,
    }


def player_shape(player_id: int) -> Json:
    """The world has players' numbers only."""
    return {"playerId": player_id, "playerName": f"Player, {player_id}"}


def market_shape(market: Market) -> Json:
    return {
        "marketId": market.market_id,
        "sportId": market.sport_id,
        "marketType": market.market_type,
        "period": market.period,
        "marketLength": len(market.outcomes),
        "playerProp": False,
        "handicap": number(market.handicap),
        "marketName": market.name,
        "marketNameShort": market.name,
        "outcomes": [
            {"outcomeId": outcome, "outcomeName": name}
            for outcome, name in zip(market.outcomes, market.names, strict=True)
        ],
    }


def currency_shape(currency: str, rate: Decimal, updated_ms: int) -> Json:
    return {"currency": currency, "currencyValue": number(rate), "updatedAt": iso(updated_ms)}


def scores_shape(scores: Mapping[str, Score]) -> Json:
    return {
        period: {
            "period": period,
            "participant1Score": score.participant1,
            "participant2Score": score.participant2,
            "updatedAt": iso(score.updated_ms),
        }
        for period, score in scores.items()
    }


def clock_shape(fixture: Fixture) -> Json:
    """All keys always; null until filled."""
    return {key: fixture.clock.get(key) for key in _CLOCK_KEYS}


def book_fixture_id(fixture: Fixture, slug: str) -> str:
    """The bookmaker's own number of a fixture: Pinnacle's as its simulator knows it, others invented."""
    if slug in pinnacle_ids.SLUGS:
        return str(pinnacle_ids.event_id(fixture.fixture_id))
    return book_ids.fixture_ref(slug, fixture.fixture_id)


def book_path(slug: str, native: str) -> str:
    """The page of a fixture at the bookmaker, by its own number."""
    if slug in pinnacle_ids.SLUGS:
        return f"https://www.pinnacle.com/en/e/e/e/{native}/#all"
    return f"https://www.{facts.book(slug).domain}/event/{native}"


def status_shape(fixture: Fixture, lang: str) -> Json:
    """`live` is a convenience for statusId 1; only the name depends on the language."""
    name = facts.status_name(fixture.status_id, lang)
    return {"live": fixture.status_id == 1, "statusId": fixture.status_id, "statusName": name}


def participants_shape(fixture: Fixture) -> Json:
    """Both sides, participant 1 first."""
    shape: Json = {}
    for side, name in ((1, fixture.participant1_name), (2, fixture.participant2_name)):
        shape |= {
            f"participant{side}Id": participant_id(fixture.sport_id, name),
            f"participant{side}RotNr": None,
            f"participant{side}Name": name,
            f"participant{side}ShortName": None,
            f"participant{side}Abbr": None,
        }
    return shape
