"""From Gamma's markets to listings and results.

Listed are the winner markets of matches (`sportsMarketType` moneyline with a `gameStartTime`), in the two forms that
the venue has:

- two named outcomes: the token of each is listed, and the other name is what it pays on when sold;
- soccer's three questions of one match, "will A win", "will B win", "will it be a draw", each with a Yes and a No:
  the Yes tokens are listed as the outcomes of 1x2 in regular time. The No tokens are not: they pay on two of the
  three results, which is no outcome of a market of the feed. Other sports' Yes/No questions are left out as well,
  because their rules do not say alike what counts.

Sources: Polymarket documentation "Market Details", the Gamma OpenAPI document and recorded markets, read 2026-11-21;
the sport words are the tags and the first part of the slug that Gamma's own `GET /sports` and markets carry.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec
import structlog

from hedgerow.core.ids import VenueSlug
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus
from hedgerow.venues.base import Fee, Instrument, Listing, Resolution
from hedgerow.venues.ctf import shares
from hedgerow.venues.polymarket import wire
from hedgerow.venues.polymarket.amounts import SHARE_LOT
from hedgerow.venues.polymarket.parse import epoch_ms, grid_of
from hedgerow.venues.reading import UnreadableError, read

SLUG = VenueSlug("polymarket")

MONEYLINE = "moneyline"

SPORTS_FEE = Fee(rate=Decimal("0.05"), unit=10)
"""Of takers in sports, where a market does not say its own. Fees have five decimals. Source: documentation "Fees"."""

_EXPONENTS = [Decimal(0), Decimal(1), Decimal(2), Decimal(3)]

# A marketable order must be worth a dollar, and only then: quotes that rest may be worth less.
_SMALLEST_ORDER = 5 * MICRO

# The feed's sport by the venue's words: tags of an event, else the first part of a market's slug (the league).
_SPORT_OF_TAG: Mapping[str, str] = {
    "soccer": "soccer",
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
    "dota-2": "esport-dota",
    "counter-strike-2": "esport-counter-strike",
    "league-of-legends": "esport-league-of-legends",
    "valorant": "esport-valorant",
    "mma": "mma",
    "ufc": "mma",
    "boxing": "boxing",
    "cricket": "cricket",
    "rugby": "rugby",
    "table-tennis": "table-tennis",
}
_LEAGUES_OF_SPORT: Mapping[str, str] = {
    "soccer": "epl lal bun sea fl1 ere por tur mls mex bra arg spl ucl uel col efa efl cdr dfb cde lib sud fifwc",
    "basketball": "nba wnba ncaab cbb cwbb bkcba bkkbl bknbl bkseriea bkligend bkfr1 bkarg bkcl",
    "tennis": "atp wta",
    "baseball": "mlb kbo npb",
    "american-football": "nfl cfb",
    "ice-hockey": "nhl khl shl ahl dehl snhl cehl",
    "esport-dota": "dota2",
    "esport-counter-strike": "cs2",
    "esport-league-of-legends": "lol",
    "esport-valorant": "val",
    "mma": "mma ufc",
    "boxing": "boxing",
    "cricket": "cricipl cricpsl cricbbl criccpl cricilt20 cricmlc cricsa20 crict20blast cricbpl cricss crint",
    "rugby": "ruprem rutopft rusixnat rueuchamp ruurc rusrp ruchamp",
}
_SPORT_OF_LEAGUE = {league: sport for sport, leagues in _LEAGUES_OF_SPORT.items() for league in leagues.split()}

_log = structlog.get_logger(__name__)


def sport_of(market: wire.GammaMarket) -> str | None:
    """The feed's slug of the market's sport; None where the venue's words are not known."""
    events = market.events or []
    tags = [*(market.tags or []), *(tag for event in events for tag in event.tags or [])]
    by_tag = {sport for tag in tags if (sport := _SPORT_OF_TAG.get(tag.slug or ""))}
    if len(by_tag) == 1:
        return by_tag.pop()
    return _SPORT_OF_LEAGUE.get(_league(market) or "")


def listings_of(markets: Sequence[wire.GammaMarket], sport: str) -> list[Listing]:
    """Every contract of the sport's matches among the markets. One that cannot be read is logged and left out."""
    ours = [market for market in markets if _is_match_winner(market) and sport_of(market) == sport]
    draws = {_match_slug(market): market for market in ours if _is_draw(market)}
    found: list[Listing] = []
    for market in ours:
        try:
            found += _listings(market, sport, draws.get(_match_slug(market)))
        except (UnreadableError, ValueError) as error:
            _log.warning("market not listed", venue=SLUG, market=market.slug, error=str(error))
    return found


def _league(market: wire.GammaMarket) -> str | None:
    """The venue's code of the league, which begins the slug of a match."""
    return (market.slug or "").partition("-")[0] or None


def _is_match_winner(market: wire.GammaMarket) -> bool:
    return market.sports_market_type == MONEYLINE and bool(market.game_start_time)


def _listings(market: wire.GammaMarket, sport: str, draw: wire.GammaMarket | None) -> list[Listing]:
    outcomes, tokens = texts(market.outcomes), texts(market.clob_token_ids)
    if len(outcomes) != 2 or len(tokens) != 2 or not all(token.isdecimal() for token in tokens):
        raise UnreadableError("not two outcomes with a token each")
    if {outcome.lower() for outcome in outcomes} == {"yes", "no"}:
        if sport != "soccer":
            return []
        yes = 0 if outcomes[0].lower() == "yes" else 1
        outcome = "Draw" if _is_draw(market) else _team(market)
        return [
            _listing(
                market,
                sport,
                tokens[yes],
                outcome,
                participants=_teams(market, draw),
                market_type="1x2",
                period="fulltime",
            )
        ]
    teams = (outcomes[0], outcomes[1])
    return [
        _listing(
            market,
            sport,
            token,
            outcome,
            opposite=opposite,
            participants=teams,
            market_type="moneyline",
            period="result",
        )
        for token, outcome, opposite in zip(tokens, teams, reversed(teams), strict=True)
    ]


def _listing(
    market: wire.GammaMarket,
    sport: str,
    token: str,
    outcome: str,
    *,
    participants: tuple[str, ...],
    market_type: str,
    period: str,
    opposite: str | None = None,
) -> Listing:
    events = market.events or []
    series = next((line.title for event in events for line in event.series or [] if line.title), None)
    return Listing(
        instrument=instrument_of(market, token),
        title=market.question or market.slug or "",
        outcome=outcome,
        opposite=opposite,
        participants=participants,
        sport=sport,
        competition=series or _league(market),
        market_type=market_type,
        period=period,
        starts_at_ms=epoch_ms(market.game_start_time) or None,
        is_open=bool(market.active and market.accepting_orders and not market.closed),
        rules=market.description or "",
    )


def instrument_of(market: wire.GammaMarket, token: str) -> Instrument:
    """The contract of one token. Raises UnreadableError when the market has no id or no tick."""
    if not market.condition_id or market.order_price_min_tick_size is None:
        raise UnreadableError("no condition id or no tick size")
    least = shares(market.order_min_size) if market.order_min_size is not None else _SMALLEST_ORDER
    return Instrument(
        venue=SLUG,
        ref=token,
        market_ref=market.condition_id,
        grid=grid_of(market.order_price_min_tick_size),
        lot=SHARE_LOT,
        min_size=least,
        taker_fee=taker_fee(market),
        meta={"neg_risk": "1" if market.neg_risk else "0", "slug": market.slug or ""},
    )


def taker_fee(market: wire.GammaMarket) -> Fee:
    """What takers pay in a market: by its own schedule, none where fees are off, else what sports pay."""
    if market.fees_enabled is False:
        return Fee()
    schedule = market.fee_schedule
    if schedule is None or schedule.rate is None:
        return SPORTS_FEE if market.fees_enabled else Fee()
    exponent = schedule.exponent if schedule.exponent is not None else Decimal(1)
    if exponent not in _EXPONENTS or not schedule.rate.is_finite() or not 0 <= schedule.rate < 1:
        raise UnreadableError("a fee schedule of another form")
    return Fee(schedule.rate, int(exponent), SPORTS_FEE.unit)


# --- names -------------------------------------------------------------------------------------------------------

_VERSUS = re.compile(r"(?P<first>.+?) vs\.? (?P<second>.+)")
_DRAW_TITLE = re.compile(r"Draw \((?P<match>.+)\)")
_DRAW_QUESTION = re.compile(r"Will (?P<match>.+) end in a draw\?")
_WIN_QUESTION = re.compile(r"Will (?P<team>.+) win on ")


def _is_draw(market: wire.GammaMarket) -> bool:
    return (market.slug or "").endswith("-draw")


def _match_slug(market: wire.GammaMarket) -> str:
    """What the three questions of a match have in common: epl-mac-not-2026-03-04 of epl-mac-not-2026-03-04-draw."""
    return (market.slug or "").rpartition("-")[0]


def _team(market: wire.GammaMarket) -> str:
    """Who has to win for Yes to be paid."""
    if market.group_item_title:
        return market.group_item_title
    asked = _WIN_QUESTION.match(market.question or "")
    if asked is None:
        raise UnreadableError("no team is named")
    return asked["team"]


def _teams(market: wire.GammaMarket, draw: wire.GammaMarket | None) -> tuple[str, ...]:
    """Both teams in the venue's order, from the event's title or the question after the draw; none if neither has
    them."""
    titles = [event.title or "" for event in market.events or []]
    if draw is not None:
        for pattern, text in ((_DRAW_TITLE, draw.group_item_title), (_DRAW_QUESTION, draw.question)):
            named = pattern.fullmatch(text or "")
            if named is not None:
                titles.append(named["match"])
    for title in titles:
        teams = _VERSUS.fullmatch(title)
        if teams is not None:
            return teams["first"], teams["second"]
    return ()


def texts(value: str | list[str] | None) -> list[str]:
    """A list of texts, which Gamma writes as a text of JSON. Raises UnreadableError."""
    if isinstance(value, list):
        return value
    return read(list[str], value.encode()) if value else []


# --- results -----------------------------------------------------------------------------------------------------

_RESULTS = [Decimal(0), Decimal("0.5"), Decimal(1)]
_STATUS_OF_PRICE = dict(
    zip(_RESULTS, (SettlementStatus.LOST, SettlementStatus.VOID, SettlementStatus.WON), strict=True)
)
# The oracle's words for a market whose challenge period is over.
_FINAL = ("resolved", "settled")


def resolutions_of(markets: Iterable[wire.GammaMarket], wanted: Container[str], now_ms: int) -> list[Resolution]:
    """How the wanted tokens of markets that are over were resolved.

    A market is over when it is closed, its oracle (where it says) has resolved, and its prices are a result: prices
    alone stay at one half while a proposal is open. Half and half is the venue's void.
    """
    found = []
    for market in markets:
        if not market.closed or (market.uma_resolution_status or _FINAL[0]) not in _FINAL:
            continue
        prices = _prices(market)
        for token, price in zip(texts(market.clob_token_ids), prices, strict=False):
            if token in wanted:
                at_ms = epoch_ms(market.closed_time) or now_ms
                found.append(Resolution(token, _STATUS_OF_PRICE[price], price, at_ms))
    return found


def _prices(market: wire.GammaMarket) -> list[Decimal]:
    """The final prices of both tokens; none unless they are a result: together 1."""
    given = market.outcome_prices or "[]"
    prices = read(list[Decimal], given.encode() if isinstance(given, str) else msgspec.json.encode(given))
    is_result = len(prices) == 2 and all(price in _RESULTS for price in prices) and sum(prices) == 1
    return prices if is_result else []
