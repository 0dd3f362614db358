"""What both of Betfair's connectors ask: money, bets by reference, how markets ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hedgerow.core.clock import Clock, iso_of_ms
from hedgerow.core.errors import CannotTell
from hedgerow.venues.base import Balance, OrderState, Resolution
from hedgerow.venues.betfair_ex import markets, parse, wire
from hedgerow.venues.betfair_ex.errors import VENUE
from hedgerow.venues.betfair_ex.fills import MARKET_BOOK
from hedgerow.venues.betfair_ex.rest import Rest, readable

NEVER_ARRIVES_AFTER_MS = 60_000
"""A request that timed out may become a bet up to 15 s later, and is lapsed after that (the venue's sheet, Orders); the
rest of the minute is for the network."""

CATALOGUE = "SportsAPING/v1.0/listMarketCatalogue"
_PROJECTION = ["MARKET_DESCRIPTION", "MARKET_START_TIME", "EVENT", "COMPETITION", "RUNNER_DESCRIPTION"]
PER_CATALOGUE = 200
"""A description weighs one point, and a call may weigh 200."""

_SETTLED = ("SETTLED", "VOIDED")
_OVER = (*_SETTLED, "CANCELLED", "LAPSED")
_MARKETS_PER_CALL = 50


async def catalogue(rest: Rest, operation: str, wanted: Mapping[str, Any]) -> list[wire.Catalogue]:
    """The first markets of a filter, by their start."""
    params = {"filter": wanted, "marketProjection": _PROJECTION, "sort": "FIRST_TO_START", "maxResults": PER_CATALOGUE}
    return await rest.read(operation, CATALOGUE, params, list[wire.Catalogue])


async def books(rest: Rest, operation: str, market_ids: Sequence[str], *data: str) -> list[wire.Book]:
    """data: what of the prices is wanted."""
    params: dict[str, Any] = {"marketIds": market_ids}
    if data:
        params["priceProjection"] = {"priceData": data}
    return await rest.read(operation, MARKET_BOOK, params, list[wire.Book])


async def working(rest: Rest) -> list[OrderState]:
    rows = await rest.current("orders", {"orderProjection": "EXECUTABLE"})
    return [readable("orders", parse.current, row).state for row in rows]


async def matched(rest: Rest, since_ms: int) -> dict[str, str]:
    """The markets of our bets that matched something since then and are not settled, by the bet's id.

    Asked for by the time of the match: a bet that ended unmatched stays on the list with the others, and a day of
    quoting leaves more of them than the list has pages for.
    """
    since = {"from": iso_of_ms(max(0, since_ms))}
    rows = await rest.current("fills", {"orderProjection": "ALL", "orderBy": "BY_MATCH_TIME", "dateRange": since})
    return {row.bet_id: row.market_id for row in rows if row.size_matched}


async def balance(rest: Rest, currency: str) -> Balance:
    """From two reads, the bets first: what changes between them is right at the next reading."""
    resting = await working(rest)
    funds = await rest.read("balance", "AccountAPING/v1.0/getAccountFunds", {}, wire.Funds)
    return readable("balance", parse.balance, funds, resting, currency)


async def bet(rest: Rest, *, bet_id: str | None = None, reference: str | None = None) -> parse.Bet | None:
    """A bet by its id or our reference, wherever the venue keeps it: among the current ones, or those that are over."""
    name = {"betIds": [bet_id]} if bet_id else {"customerOrderRefs": [parse.wire_ref(reference or "")]}
    rows = await rest.current("order", {**name, "orderProjection": "ALL"})
    if rows:
        return readable("order", parse.current, rows[0])
    for status in _OVER:
        over = await rest.cleared("order", {**name, "betStatus": status, "groupBy": "BET"})
        if over:
            return readable("order", parse.cleared, over[0])
    return None


def check_gone(clock: Clock, sent_ms: int) -> None:
    """Raises CannotTell where what is not listed may still become a bet. sent_ms: when it left at the latest."""
    if clock.now_ms() < sent_ms + NEVER_ARRIVES_AFTER_MS:
        raise CannotTell(VENUE, "find", "the bet is not listed, but may still arrive")


async def settled_bets(rest: Rest, **wanted: Any) -> list[wire.ClearedOrder]:
    """Bets that were settled or voided."""
    found: list[wire.ClearedOrder] = []
    for status in _SETTLED:
        found += await rest.cleared("settled", {**wanted, "betStatus": status, "groupBy": "BET"})
    return found


async def settled_markets(rest: Rest, market_ids: Sequence[str]) -> dict[str, list[wire.ClearedOrder]]:
    """By market: its settled bets, and its sum with the commission, which has no bet's id."""
    found: dict[str, list[wire.ClearedOrder]] = {}
    ids = list(dict.fromkeys(market_ids))
    for start in range(0, len(ids), _MARKETS_PER_CALL):
        some = ids[start : start + _MARKETS_PER_CALL]
        rows = await settled_bets(rest, marketIds=some)
        rows += await rest.cleared("settled", {"marketIds": some, "betStatus": "SETTLED", "groupBy": "MARKET"})
        for row in rows:
            found.setdefault(row.market_id, []).append(row)
    return found


async def resolutions(rest: Rest, clock: Clock, refs: Sequence[str]) -> list[Resolution]:
    """Of the selections whose markets are closed. A market that the venue lists no more is left out."""
    ids = list(dict.fromkeys(ref.partition(":")[0] for ref in refs if parse.parts_of(ref) is not None))
    told: list[wire.Book] = []
    for start in range(0, len(ids), _MARKETS_PER_CALL):
        told += await books(rest, "resolutions", ids[start : start + _MARKETS_PER_CALL])
    closed = [book for book in told if book.status == markets.CLOSED]
    bets = await settled_markets(rest, [book.market_id for book in closed]) if closed else {}
    found = []
    for ref in dict.fromkeys(refs):
        place = markets.runner_of(closed, ref)
        status = None if place is None else markets.ended(place[0].status, place[1].status)
        if place is not None and status is not None:
            own = bets.get(place[0].market_id, [])
            found.append(readable("resolutions", markets.resolution, ref, status, own, clock.now_ms()))
    return found
