"""What both of Matchbook's connectors ask: offers, balance, prices, events, settled bets. Requests and their reading
only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from hedgerow.core.clock import datetime_of_ms
from hedgerow.core.errors import CannotTell
from hedgerow.venues.base import Balance
from hedgerow.venues.matchbook import wire
from hedgerow.venues.matchbook.errors import VENUE
from hedgerow.venues.matchbook.parse import identity, resting_risk, signed, time_ms
from hedgerow.venues.matchbook.rest import Query, Rest, readable

NEVER_ARRIVES_AFTER_MS = 60_000
"""How long after an offer left its absence proves nothing. A guess, much longer than any answer takes."""

_LISTED_FOR_MS = 45 * 60_000
"""An offer that ended unmatched leaves the list after about an hour; before that, what is not listed is not there."""

_AT_ONCE = 40


def _chunks(values: Sequence[str]) -> Iterable[str]:
    for start in range(0, len(values), _AT_ONCE):
        yield ",".join(values[start : start + _AT_ONCE])


async def offers(rest: Rest, operation: str, query: Query) -> list[wire.Offer]:
    """Every offer of a query once: what is listed can move between two pages."""
    pages = await rest.pages(operation, "read", "/edge/rest/v2/offers", wire.OffersPage, "offers", query)
    found = {str(row.id): row for page in pages for row in page.offers}
    return list(found.values())


async def offer(rest: Rest, operation: str, offer_id: str) -> wire.Offer:
    """Raises Refused with Reason.UNKNOWN_ORDER for one that the venue does not know (any more)."""
    return await rest.read(operation, "read", f"/edge/rest/v2/offers/{offer_id}", wire.Offer)


async def balance(rest: Rest, currency: str) -> Balance:
    """From two reads, the offers first. What is set aside for the commission of what rests is nobody's before a match,
    and counts as free."""
    rows = await offers(rest, "balance", {})
    resting = [readable("balance", resting_risk, row) for row in rows]
    answer = await rest.read("balance", "account", "/edge/rest/account/balance", wire.BalanceAnswer)
    held, reserved = (sum(parts, Decimal(0)) for parts in zip(*resting, strict=True)) if resting else (Decimal(0),) * 2
    return Balance(readable("balance", signed, answer.free_funds, "free-funds") + reserved, held, currency)


async def events(rest: Rest, operation: str, query: Query) -> list[wire.Event]:
    pages = await rest.pages(operation, "events", "/edge/rest/events", wire.EventsPage, "events", query)
    return [event for page in pages for event in page.events]


async def events_of(rest: Rest, operation: str, event_ids: Sequence[str]) -> list[wire.Event]:
    found: list[wire.Event] = []
    for ids in _chunks(event_ids):
        found += await events(rest, operation, {"ids": ids})
    return found


async def prices(rest: Rest, event_id: str, market_id: str, runner_id: str, depth: int) -> list[wire.Price]:
    """Both sides of a runner's book; without a limit below, thin levels would be hidden."""
    path = f"/edge/rest/events/{event_id}/markets/{market_id}/runners/{runner_id}/prices"
    query: Query = {
        "odds-type": "DECIMAL",
        "exchange-type": "back-lay",
        "price-depth": depth,
        "minimum-liquidity": 0,
        "exclude-mirrored-prices": "false",
    }
    return (await rest.read("book", "events", path, wire.PricesAnswer, query)).prices


async def settled(
    rest: Rest, operation: str, *, market_ids: Sequence[str] = (), since_ms: int | None = None
) -> list[wire.SettledMarket]:
    """Markets in which the account had bets: these, or those that were settled since a time."""
    query: dict[str, str | int] = {"odds-type": "DECIMAL"}
    if since_ms is not None:
        query["after"] = f"{datetime_of_ms(max(0, since_ms)):%Y-%m-%dT%H:%M:%S}.{max(0, since_ms) % 1000:03d}Z"
    found: list[wire.SettledMarket] = []
    for ids in _chunks(market_ids) if market_ids else ("",):
        asked = {**query, "market-ids": ids} if ids else query
        path = "/edge/rest/reports/v2/bets/settled"
        pages = await rest.pages(operation, "reports", path, wire.SettledPage, "markets", asked)
        found += [market for page in pages for market in page.markets]
    return found


async def expect_never_arrived(rest: Rest, now_ms: int, sent_ms: int, runner_id: str | None) -> None:
    """Raises CannotTell unless an offer that is not listed surely never arrived: while it may be on its way, after it
    may have left the list, and where a market was settled since in which it may have been matched. runner_id: of the
    offer, where that is known."""
    if now_ms - sent_ms < NEVER_ARRIVES_AFTER_MS:
        raise CannotTell(VENUE, "find", "the offer is not listed, but may still arrive")
    if now_ms - sent_ms > _LISTED_FOR_MS:
        raise CannotTell(VENUE, "find", "the offer is not listed, and was sent too long ago for that to mean something")
    for market in await settled(rest, "find", since_ms=sent_ms):
        if readable("find", _was_bet_on, market, sent_ms, runner_id):
            raise CannotTell(VENUE, "find", "a bet that was settled since may have been the offer's")


def _was_bet_on(market: wire.SettledMarket, since_ms: int, runner_id: str | None) -> bool:
    return any(
        time_ms(bet.matched_time, "matched-time") >= since_ms
        and runner_id in (None, identity(selection.runner_id, "runner-id"))
        for selection in market.selections
        for bet in selection.bets
    )
