"""The venue's messages, made of what the world knows.

Prices are JSON numbers, quantities whole units, which are cents of payout; so is money, whose parts of a cent are told
as a text. Source: the Novig sheet, "NBX (V2)"; docs.novig.com "Fees" for a fill's fee and transactions.
"""

from __future__ import annotations

from decimal import Decimal

from hedgerow.core.clock import datetime_of_ms
from hedgerow.core.money import MICRO, decimal_of
from hedgerow.core.states import Side
from hedgerow.sim.dialects.novig_us.desk import Paper
from hedgerow.sim.dialects.novig_us.markets import UNIT, Market
from hedgerow.sim.dialects.novig_us.refusals import Json
from hedgerow.sim.order_book import Book
from hedgerow.sim.orders import Match, Order

CURRENCY = "CASH"


def iso(at_ms: int) -> str:
    """ISO 8601 with milliseconds, in UTC."""
    return f"{datetime_of_ms(at_ms):%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def units(amount: int) -> Decimal:
    """Micros of money, or of contracts, in the venue's units."""
    return decimal_of(amount) * (MICRO // UNIT)


# --- markets -------------------------------------------------------------------------------------------------------


def event(market: Market) -> Json:
    starts = iso(market.fixture.start_time * 1000)
    return {
        "id": market.event_id,
        "type": "GAME",
        "status": market.event_status,
        "description": " vs ".join(market.names),
        "league": market.league,
        "scheduledStart": starts,
        "marketIds": [market.id],
        "game": {
            "homeTeam": {"name": market.names[0]},
            "awayTeam": {"name": market.names[1]},
            "league": market.league,
            "scheduledStart": starts,
        },
    }


def market_view(market: Market) -> Json:
    """Outcomes in no certain order: their index says which is the home one."""
    settled = {} if market.settled_ms is None else {"settledAt": iso(market.settled_ms)}
    return {
        "id": market.id,
        "description": f"{' vs '.join(market.names)} Moneyline",
        "status": market.status,
        "type": "MONEY",
        "league": market.league,
        "volume": 0,
        "eventId": market.event_id,
        "outcomeIds": list(market.outcome_ids),
        "outcomes": [
            {
                "id": market.outcome_ids[index],
                "description": market.names[index],
                "type": "MONEY",
                "status": market.outcome_status(index),
                "index": index,
                "last": None,
            }
            for index in (1, 0)
        ],
        "event": event(market),
        **settled,
    }


def tick_market(market: Market) -> Json:
    return {"id": market.id, "eventId": market.event_id, "status": market.status}


def book_view(market: Market, book: Book) -> Json:
    """Both outcomes' bids, order by order, best price first and then by time."""
    ladders = []
    for side in Side:
        levels = book.side(is_bid=side is Side.BUY)
        queues = [levels[price] for price in sorted(levels, reverse=side is Side.BUY)]
        bids = [book_order(market, order) for queue in queues for order in queue]
        ladders.append({"outcomeId": market.outcome_of(side), "bids": bids})
    return {"marketId": market.id, "marketDescription": " vs ".join(market.names), "outcomeLadders": ladders}


def book_order(market: Market, order: Order) -> Json:
    """An order as everybody sees it."""
    side = Side.BUY if order.is_bid else Side.SELL
    return {
        "id": order.id,
        "price": _price(side, order.yes_price),
        "qty": order.remaining // UNIT,
        "originalQty": order.size // UNIT,
        "currency": CURRENCY,
        "outcomeId": market.outcome_of(side),
        "marketId": market.id,
        "status": "RESTING",
        "created_at": iso(order.created_ms),
    }


def public_fill(market: Market, order: Order, size: int) -> Json:
    """What of a resting order met another, as everybody sees it."""
    side = Side.BUY if order.is_bid else Side.SELL
    return {"outcomeId": market.outcome_of(side), "price": _price(side, order.yes_price), "qty": size // UNIT}


def _price(side: Side, price: int) -> Decimal:
    """Of an outcome, from the contract's."""
    return decimal_of(price if side is Side.BUY else MICRO - price)


# --- orders --------------------------------------------------------------------------------------------------------


def order_view(paper: Paper) -> Json:
    """An order as its owner sees it."""
    wanted = paper.wanted
    return {
        "id": paper.id,
        "outcomeId": wanted.outcome_id,
        "marketId": paper.market.id,
        "price": wanted.price,
        "qty": paper.left,
        "originalQty": paper.quantity,
        "currency": CURRENCY,
        "status": paper.status,
        "tif": wanted.tif,
        "flags": wanted.flags,
        "created_at": iso(paper.placed_ms),
    }


def fill_event(paper: Paper, match: Match) -> Json:
    """A fill as the private channel tells it: without its fee."""
    side = paper.market.side_of(paper.wanted.outcome_id)
    return {
        "id": match.id,
        "orderId": paper.id,
        "outcomeId": paper.wanted.outcome_id,
        "marketId": paper.market.id,
        "price": _price(side, match.price),
        "qty": match.size // UNIT,
        "createdAt": iso(match.at_ms),
        "isTaker": not match.is_maker,
        "isWash": False,
    }


def fill_view(paper: Paper, match: Match) -> Json:
    """A fill as the history has it; one that was not charged has no fee."""
    told = fill_event(paper, match)
    role = "MAKER" if match.is_maker else "TAKER"
    cost = told["qty"] * told["price"]
    rows = [{"kind": f"FILL_STRAIGHT_{role}_FUNDS", "amount": _text(cost)}]
    if not match.fee:
        return {**told, "transactions": rows}
    fee = _text(units(match.fee))
    rows.append({"kind": f"FEE_STRAIGHT_{role}_LIVE_FUNDS", "amount": fee})
    return {**told, "fee": fee, "transactions": rows}


def balance_view(cash: int) -> Json:
    """What rests is not taken off."""
    return {"balance": _text(units(cash))}


def _text(number: Decimal) -> str:
    return f"{number.normalize():f}"
