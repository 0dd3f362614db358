"""From Betfair's markets to ours: match winners as listings, how markets ended, what can be backed and laid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

import structlog

from hedgerow.core.money import MICRO, decimal_of, is_amount, micros_floor, spread
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.venues.base import Fee, Instrument, Listing, Resolution
from hedgerow.venues.betfair_ex import parse, wire
from hedgerow.venues.betfair_ex.errors import VENUE
from hedgerow.venues.betfair_ex.ladder import CENT, LADDER
from hedgerow.venues.betfair_ex.orders import LEAST_STAKE
from hedgerow.venues.betfair_ex.parse import MalformedError
from hedgerow.venues.taking import Leg, Level

_log = structlog.get_logger(__name__)

MATCH_ODDS = "MATCH_ODDS"

# Betfair's event types by the feed's sport slugs. Sources: the venue's sheet; listEventTypes as public clients have it.
# Left out: sports whose match odds are not the feed's moneyline or 1x2, and esports, which share one type.
EVENT_TYPES: Mapping[str, str] = {
    "soccer": "1",
    "tennis": "2",
    "cricket": "4",
    "boxing": "6",
    "darts": "3503",
    "american-football": "6423",
    "baseball": "7511",
    "basketball": "7522",
    "ice-hockey": "7524",
    "volleyball": "998917",
    "mma": "26420387",
}
_DRAW = "The Draw"
_SETTLED: Mapping[str, SettlementStatus] = {
    "WINNER": SettlementStatus.WON,
    "LOSER": SettlementStatus.LOST,
    "REMOVED": SettlementStatus.VOID,
    "REMOVED_VACANT": SettlementStatus.VOID,
}
OPEN, SUSPENDED, CLOSED = "OPEN", "SUSPENDED", "CLOSED"


def listings_of(sport: str, markets: Iterable[wire.Catalogue]) -> Iterator[Listing]:
    """The selections of match odds. A market that cannot be read is logged and left out."""
    for market in markets:
        try:
            yield from _listings(sport, market)
        except MalformedError as error:
            _log.warning("market left out", venue=VENUE, market_ref=market.market_id[:20], error=str(error))


def _listings(sport: str, market: wire.Catalogue) -> list[Listing]:
    description = market.description
    if description is None or (description.betting_type, description.market_type) != ("ODDS", MATCH_ODDS):
        return []
    runners = sorted(market.runners, key=lambda runner: runner.sort_priority)
    names = [runner.runner_name.strip() for runner in runners if runner.runner_name != _DRAW]
    is_three_way = len(names) < len(runners)
    if len(names) != 2 or names[0] == names[1] or is_three_way != (sport == "soccer"):
        return []
    starts = market.market_start_time
    return [
        Listing(
            instrument=instrument_of(market, runner.selection_id),
            title=market.event.name if market.event is not None else market.market_name,
            outcome=runner.runner_name.strip(),
            opposite=None if is_three_way else names[names[0] == runner.runner_name.strip()],
            participants=(names[0], names[1]),
            sport=sport,
            competition=market.competition.name if market.competition is not None else None,
            market_type="1x2" if is_three_way else "moneyline",
            period="fulltime" if is_three_way else "result",
            starts_at_ms=None if starts is None else parse.time_ms(starts, "marketStartTime"),
            rules=description.rules or "",
        )
        for runner in runners
    ]


def instrument_of(market: wire.Catalogue, selection_id: int) -> Instrument:
    """Raises MalformedError. The commission is priced at the market's base rate, without the account's discount."""
    if market.description is None:
        raise MalformedError(f"{market.market_id[:20]} has no description")
    percent = market.description.market_base_rate
    if not is_amount(percent) or not 0 <= percent < 100:
        raise MalformedError(f"marketBaseRate is {percent}")
    fee = Fee(percent / 100, on_winnings=True)
    ref = parse.ref_of(market.market_id, selection_id)
    return Instrument(
        VENUE, ref, market.market_id, LADDER, CENT, 0, min_notional=LEAST_STAKE, maker_fee=fee, taker_fee=fee
    )


# --- books ---------------------------------------------------------------------------------------------------------


def runner_of(books: Sequence[wire.Book], ref: str) -> tuple[wire.Book, wire.BookRunner] | None:
    """The book of a selection, where the venue knows it."""
    for book in books:
        for runner in book.runners:
            if ref == f"{book.market_id}:{runner.selection_id}":
                return book, runner
    return None


def levels(runner: wire.BookRunner, leg: Leg) -> list[Level]:
    """What can be taken of a leg, the cheapest first. Raises MalformedError."""
    offers = runner.ex or wire.Offers()
    backs = leg.side is Side.BUY
    rows = offers.available_to_back if backs else offers.available_to_lay
    found = []
    for row in rows:
        odds, stake = parse.odds(row.price, "price"), parse.stake(row.size, "size")
        price = LADDER.price_of(odds)
        if price is None:
            raise MalformedError(f"{row.price} is no price of the ladder")
        found.append(Level(leg.cost_of(price), stake * odds // MICRO))
    return sorted(found, key=lambda level: level.cost)


def best(runner: wire.BookRunner) -> tuple[Decimal | None, Decimal | None]:
    """The best odds to back and to lay."""
    offers = runner.ex or wire.Offers()
    return (
        max((row.price for row in offers.available_to_back), default=None),
        min((row.price for row in offers.available_to_lay), default=None),
    )


# --- the end -------------------------------------------------------------------------------------------------------


def ended(status: str, runner: str) -> SettlementStatus | None:
    """How a selection ended; None before its market is closed, and for what neither won nor lost in a way that is
    known: a place, a hidden runner."""
    return _SETTLED.get(runner) if status == CLOSED else None


def resolution(ref: str, status: SettlementStatus, bets: Sequence[wire.ClearedOrder], at_ms: int) -> Resolution:
    """bets: the account's in the market, and its sum with the commission, which has no bet's id."""
    winnings = sum((bet.profit for bet in bets if bet.bet_id and bet.profit > 0), Decimal(0))
    commission = sum((bet.commission or Decimal(0) for bet in bets if not bet.bet_id), Decimal(0))
    kept = commission / winnings if winnings > 0 else Decimal(0)
    times = [parse.time_ms(bet.settled_date, "settledDate") for bet in bets if bet.settled_date]
    return Resolution(ref, status, None, max(times, default=at_ms), kept)


def shares(bets: Sequence[wire.ClearedOrder]) -> dict[str, Decimal]:
    """A market's commission by bet: spread over the winners in the order of placing, to the micro. bets: as in
    `resolution`."""
    whole = sum((parse.stake(bet.commission or Decimal(0), "commission") for bet in bets if not bet.bet_id), 0)
    winners = [bet for bet in bets if bet.bet_id and bet.profit > 0]
    winners.sort(key=lambda bet: (len(bet.bet_id), bet.bet_id))
    found = spread(whole, [micros_floor(bet.profit) for bet in winners])
    return {bet.bet_id: decimal_of(share) for bet, share in zip(winners, found, strict=True)}
