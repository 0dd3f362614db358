"""From the venue's categories to listings, and from its markets to results.

Listed are winner markets of matches, in the two forms that the venue has: one market with two named outcomes, both of
which are listed; and soccer's three questions, whose first outcome ("Yes") each is an outcome of 1x2 in regular time.
Other questions with a Yes and a No are left out, because their rules do not say alike what counts.

Sources: dev.predict.fun "Markets"; categories as users of the API publish them, read 2026-11-21: the words for sports
are theirs, the venue publishes no list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

import structlog

from hedgerow.core.ids import VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus
from hedgerow.venues.base import Fee, Instrument, Listing, Resolution
from hedgerow.venues.predict_fun import wire
from hedgerow.venues.predict_fun.auth import VENUE
from hedgerow.venues.predict_fun.parse import epoch_ms
from hedgerow.venues.reading import UnreadableError, read

SLUG = VenueSlug(VENUE)

VARIANTS = ("SPORTS_TEAM_MATCH", "SPORTS_MATCH", "ESPORTS_LOL", "ESPORTS_CS2", "ESPORTS_DOTA2", "ESPORTS_VALORANT")
"""The venue's kinds of categories that are matches."""

LOT = MICRO // 10
"""Quantities have five significant digits: up to ten thousand shares, tenths are among them."""

LEAST_WORTH = 900_000
"""An order worth less than 90 cents is refused. Source: the venue's own refusal."""

_SPORT_OF_TAG: Mapping[str, str] = {
    "soccer": "soccer",
    "football": "soccer",
    "epl": "soccer",
    "basketball": "basketball",
    "nba": "basketball",
    "wnba": "basketball",
    "tennis": "tennis",
    "baseball": "baseball",
    "mlb": "baseball",
    "nfl": "american-football",
    "cfb": "american-football",
    "hockey": "ice-hockey",
    "nhl": "ice-hockey",
    "dota 2": "esport-dota",
    "cs2": "esport-counter-strike",
    "lol": "esport-league-of-legends",
    "league of legends": "esport-league-of-legends",
    "valorant": "esport-valorant",
    "mma": "mma",
    "ufc": "mma",
    "boxing": "boxing",
    "cricket": "cricket",
    "volleyball": "volleyball",
}

_VERSUS = re.compile(r"(?P<first>.+?) vs\.? (?P<second>.+)")
_DRAW = "Draw"

_log = structlog.get_logger(__name__)


def sport_of(category: wire.Category) -> str | None:
    """The feed's slug of the category's sport; None where the venue's words are not known, or name several."""
    found = {sport for tag in category.tags or () if (sport := _SPORT_OF_TAG.get(tag.name.lower()))}
    return found.pop() if len(found) == 1 else None


def listings_of(category: wire.Category, sport: str) -> list[Listing]:
    """Every contract of the sport's match. A market that cannot be read is logged and left out."""
    versus = _VERSUS.fullmatch(category.title)
    if sport_of(category) != sport or versus is None:
        return []
    found: list[Listing] = []
    for raw in category.markets or ():
        try:
            found += _listings(read(wire.Market, raw), category, sport, (versus["first"], versus["second"]))
        except (UnreadableError, ValueError) as error:
            _log.warning("market not listed", venue=VENUE, category=category.slug, error=str(error))
    return found


def _listings(market: wire.Market, category: wire.Category, sport: str, teams: tuple[str, str]) -> list[Listing]:
    names = [outcome.name for outcome in market.outcomes]
    if names == ["Yes", "No"]:
        if sport != "soccer" or market.title not in (*teams, _DRAW):
            return []
        return [_listing(market, category, sport, teams, market.title, 0, "1x2", None)]
    if set(names) != set(teams) or len(names) != 2:
        return []
    return [
        _listing(market, category, sport, teams, name, place, "moneyline", names[1 - place])
        for place, name in enumerate(names)
    ]


def _listing(
    market: wire.Market,
    category: wire.Category,
    sport: str,
    teams: tuple[str, str],
    outcome: str,
    place: int,
    market_type: str,
    opposite: str | None,
) -> Listing:
    return Listing(
        instrument=instrument_of(market, market.outcomes[place].on_chain_id),
        title=market.question or market.title,
        outcome=outcome,
        opposite=opposite,
        participants=teams,
        sport=sport,
        market_type=market_type,
        period="fulltime" if market_type == "1x2" else "result",
        starts_at_ms=None if category.starts_at is None else epoch_ms(category.starts_at),
        is_open=is_open(market),
        rules=market.description,
    )


def is_open(market: wire.Market) -> bool:
    return market.trading_status == "OPEN" and market.status != "RESOLVED"


def instrument_of(market: wire.Market, token: str) -> Instrument:
    """The contract of one outcome. Raises UnreadableError for a market of another form."""
    if not (token.isascii() and token.isdecimal()) or market.decimal_precision not in (2, 3):
        raise UnreadableError("no token id, or a precision that is not known")
    if not 0 <= market.fee_rate_bps < 5_000:
        raise UnreadableError("a fee rate that is not known")
    return Instrument(
        venue=SLUG,
        ref=token,
        market_ref=str(market.id),
        grid=PriceGrid.probability(10 ** (6 - market.decimal_precision)),
        lot=LOT,
        min_size=LOT,
        min_notional=LEAST_WORTH,
        taker_fee=taker_fee(market.fee_rate_bps),
        meta={
            "index": str(index_of(market, token)),
            "fee_rate_bps": str(market.fee_rate_bps),
            "neg_risk": "1" if market.is_neg_risk else "0",
            "yield_bearing": "1" if market.is_yield_bearing else "0",
        },
    )


def index_of(market: wire.Market, token: str) -> int:
    """The index set of an outcome, 1 or 2. Raises UnreadableError."""
    for outcome in market.outcomes:
        if outcome.on_chain_id == token and outcome.index_set in (1, 2):
            return outcome.index_set
    raise UnreadableError("the market has no such outcome")


def taker_fee(rate_bps: int) -> Fee:
    """What takers pay at most. The venue charges rate × min(p, 1 − p) × size, which is never more than twice
    rate × p(1 − p) × size. Source: docs.predict.fun "Fees and Limits"."""
    return Fee(rate=Decimal(2 * rate_bps).scaleb(-4))


# --- results -------------------------------------------------------------------------------------------------------

_RESULTS = {"WON": (SettlementStatus.WON, Decimal(1)), "LOST": (SettlementStatus.LOST, Decimal(0))}


def resolutions_of(market: wire.Market, tokens: Iterable[str], now_ms: int) -> list[Resolution]:
    """How the tokens of a market were resolved; none before the venue says it.

    A market that is resolved, and for neither outcome, pays a half for each share. A status alone is not taken for
    that: the resolution has to be told as well.
    """
    if market.status != "RESOLVED":
        return []
    by_token = {outcome.on_chain_id: outcome.status for outcome in market.outcomes}
    is_decided = any(status in _RESULTS for status in by_token.values())
    if not is_decided and bytes(market.resolution) == b"null":
        return []
    neither = SettlementStatus.VOID, Decimal("0.5")
    found = []
    for token in tokens:
        if token in by_token and (not is_decided or by_token[token] in _RESULTS):
            status, paid = _RESULTS.get(by_token[token] or "", neither)
            found.append(Resolution(token, status, paid, now_ms))
    return found
