"""Which of Smarkets' events are matches of the feed's sports, and how they become listings.

A match has a market of its winner: WINNER_2_WAY, in soccer WINNER_3_WAY about regular time; its contracts are HOME,
AWAY and DRAW. Other markets are not looked at. A two-way market of a sport that can end level may give stakes back
then, and is left out. Sources: the venue's OpenAPI description (tree, domains, scopes); the names of the types of
markets and contracts are of public programs that read the live venue.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import structlog

from hedgerow.venues.base import Fee, Instrument, Listing
from hedgerow.venues.reading import UnreadableError
from hedgerow.venues.smarkets import reads, wire
from hedgerow.venues.smarkets.errors import VENUE
from hedgerow.venues.smarkets.ladder import GRID, LEAST_STAKE, LOT
from hedgerow.venues.smarkets.parse import OPEN_STATES, RESULTS, identity, is_id, rate, time_ms
from hedgerow.venues.smarkets.rest import Rest

_log = structlog.get_logger(__name__)

DOMAINS: Mapping[str, str] = {
    "american-football": "american_football",
    "baseball": "baseball",
    "basketball": "basketball",
    "cricket": "cricket",
    "darts": "darts",
    "esport-counter-strike": "csgo",
    "esport-dota": "dota_2",
    "esport-league-of-legends": "league_of_legends",
    "esport-valorant": "valorant",
    "ice-hockey": "ice_hockey",
    "mma": "mma",
    "snooker": "snooker",
    "soccer": "football",
    "table-tennis": "table_tennis",
    "tennis": "tennis",
    "volleyball": "volleyball",
}
"""The venue's domain by the feed's slug."""

TWO_WAY, THREE_WAY = "WINNER_2_WAY", "WINNER_3_WAY"
_HOME, _AWAY, _DRAW = "HOME", "AWAY", "DRAW"
_KINDS = {TWO_WAY: ("moneyline", "result", {_HOME, _AWAY}), THREE_WAY: ("1x2", "fulltime", {_HOME, _DRAW, _AWAY})}

OPPOSITE = "opposite"
_EVENTS_AT_ONCE, _MOST_EVENTS = 50, "1000"
_COMPETITION = 3  # of /sport/<sport>/<competition>/...


async def listings(rest: Rest, sport: str, account_rate: Decimal) -> list[Listing]:
    """The contracts of a sport's matches. What cannot be read is logged and left out: it is not ours to guess."""
    domain = DOMAINS.get(sport)
    if domain is None:
        return []
    events = {event.id: event for event in await matches(rest, "listings", domain)}
    kind = THREE_WAY if sport == "soccer" else TWO_WAY
    markets = await winner_markets(rest, "listings", events, kind)
    grouped: dict[str, list[wire.Contract]] = {}
    for contract in await reads.contracts(rest, "listings", [market.id for market in markets]):
        grouped.setdefault(contract.market_id, []).append(contract)
    found: list[Listing] = []
    for market in markets:
        event = events.get(market.event_id)
        try:
            found += [] if event is None else _of_market(sport, event, market, grouped.get(market.id, []), account_rate)
        except UnreadableError as error:
            _log.warning("market left out", venue=VENUE, market_ref=market.id[:40], error=str(error))
    return found


async def matches(rest: Rest, operation: str, domain: str | None) -> list[wire.Event]:
    """Events of one match that are coming or on, of a domain or of all."""
    query = [("state", "upcoming"), ("state", "live"), ("type_scope", "single_event"), ("with_new_type", "true")]
    if domain is not None:
        query.append(("type_domain", domain))
    query += [("sort", "id"), ("limit", _MOST_EVENTS)]
    pages = await rest.pages(operation, "catalogue", "/v3/events/", wire.EventsPage, query)
    return [event for page in pages for event in page.events]


async def winner_markets(rest: Rest, operation: str, event_ids: Iterable[str], kinds: str) -> list[wire.Market]:
    """kinds: one type of market, or several with commas."""
    found: list[wire.Market] = []
    for some in reads.chunks(filter(is_id, event_ids), _EVENTS_AT_ONCE):
        path = f"/v3/events/{','.join(some)}/markets/"
        answer = await rest.read(operation, "catalogue", path, wire.MarketsAnswer, [("market_types", kinds)])
        found += [market for market in answer.markets if is_id(market.id)]
    return found


def _of_market(
    sport: str, event: wire.Event, market: wire.Market, contracts: list[wire.Contract], account_rate: Decimal
) -> list[Listing]:
    kind, period, sides = _KINDS.get(_name(market.market_type), ("", "", set()))
    by_side = {_name(contract.contract_type): contract for contract in contracts}
    if not sides or by_side.keys() != sides or len(contracts) != len(sides) or (kind == "1x2") != (sport == "soccer"):
        return []
    names = by_side[_HOME].name, by_side[_AWAY].name
    if names[0] == names[1] or not all(names) or any(one.state_or_outcome in RESULTS for one in contracts):
        return []
    parts = event.full_slug.split("/")
    return [
        Listing(
            instrument=instrument_of(contract, contracts, market.info, account_rate),
            title=event.name,
            outcome=contract.name,
            opposite=None if kind == "1x2" else names[side == _HOME],
            participants=names,
            sport=sport,
            competition=parts[_COMPETITION].replace("-", " ") if len(parts) > _COMPETITION else None,
            market_type=kind,
            period=period,
            starts_at_ms=None if event.start_datetime is None else time_ms(event.start_datetime),
            is_open=contract.state_or_outcome in OPEN_STATES,
        )
        for side, contract in by_side.items()
    ]


def instrument_of(
    contract: wire.Contract, contracts: Iterable[wire.Contract], info: wire.MarketInfo | None, account_rate: Decimal
) -> Instrument:
    """contracts: of the market. The higher of the rates that account and market tell is counted. Raises
    UnreadableError."""
    told = rate(info.commission_rate) if info is not None else None
    fee = Fee(max(account_rate, told or Decimal(0)), unit=10_000, on_winnings=True)
    others = [other for other in contracts if other.id != contract.id]
    return Instrument(
        venue=VENUE,
        ref=identity(contract.id, "contract id"),
        market_ref=identity(contract.market_id, "market id"),
        grid=GRID,
        lot=LOT,
        min_size=LOT,
        min_notional=LEAST_STAKE,
        maker_fee=fee,
        taker_fee=fee,
        meta={OPPOSITE: identity(others[0].id, "contract id")} if len(others) == 1 else {},
    )


def _name(told: wire.TypeName | None) -> str:
    return told.name if told is not None else ""
