"""What the venue says, as JSON: orders, executions, trades, positions, balances, markets, books.

Sources: the sheet's sections 3 to 7; the venue's schemas; of a trade's two executions what users of the API publish.
"""

from __future__ import annotations

from hedgerow.core.money import MICRO, decimal_of
from hedgerow.core.states import Side
from hedgerow.sim.dialects.polymarket_us.desk import Paper
from hedgerow.sim.dialects.polymarket_us.listings import Market
from hedgerow.sim.dialects.polymarket_us.wire import Json, quantity, time_text, usd
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.order_book import Book
from hedgerow.sim.orders import Leg, Match, Order

_SIDE = {Side.BUY: "ORDER_SIDE_BUY", Side.SELL: "ORDER_SIDE_SELL"}


def order(paper: Paper) -> Json:
    fills = paper.order.fills if paper.order is not None else []
    filled, intent = paper.filled, paper.wanted.intent
    paid = sum(match.price * match.size for match in fills)
    shape: Json = {
        "id": paper.id,
        "marketSlug": paper.market.slug,
        "side": _SIDE[paper.side],
        "type": paper.wanted.type,
        "price": usd(paper.price),
        "quantity": decimal_of(paper.size),
        "cumQuantity": decimal_of(filled),
        "leavesQuantity": decimal_of(paper.size - filled if paper.rests else 0),
        "tif": paper.wanted.tif,
        "intent": intent,
        "outcomeSide": "OUTCOME_SIDE_YES" if intent.endswith("LONG") else "OUTCOME_SIDE_NO",
        "action": "ORDER_ACTION_BUY" if "_BUY_" in intent else "ORDER_ACTION_SELL",
        "state": paper.state,
        "createTime": time_text(paper.created_ms),
        "insertTime": time_text(paper.created_ms),
        "commissionNotionalTotalCollected": usd(sum(match.fee for match in fills)),
        "marketMetadata": metadata(paper.market),
    }
    if filled:
        shape["avgPx"] = usd(paid // filled)
    if paper.order is not None and paper.order.expires_ms is not None:
        shape["goodTillTime"] = time_text(paper.order.expires_ms)
    return shape


def metadata(market: Market) -> Json:
    return {"slug": market.slug, "title": title(market), "outcome": market.names[0], "eventSlug": market.event_slug}


def execution(paper: Paper, kind: str, now_ms: int, match: Match | None = None) -> Json:
    """Something that happened to an order, with the order as it is then. kind: without its prefix."""
    number = len(paper.executions) + 1
    shape: Json = {
        "id": f"{paper.id}-{number}",
        "order": order(paper),
        "type": f"EXECUTION_TYPE_{kind}",
        "transactTime": time_text(now_ms),
        "lastShares": quantity(match.size if match else 0),
    }
    if match is not None:
        shape |= _fill(match)
    if kind == "REJECTED":
        shape["orderRejectReason"], shape["text"] = paper.reject
    return shape


def _fill(match: Match) -> Json:
    return {
        "lastShares": quantity(match.size),
        "lastPx": usd(match.price),
        "tradeId": match.id,
        "aggressor": not match.is_maker,
        "commissionNotionalCollected": usd(match.fee),
    }


def trade(paper: Paper, match: Match) -> Json:
    """A trade of the account's history: with both executions, of which the other's order is nobody's to know."""
    at = time_text(match.at_ms)
    ours = {"order": order(paper), "transactTime": at, **_fill(match)}
    theirs = {
        "order": {"intent": "ORDER_INTENT_UNDEFINED"},
        "transactTime": at,
        "lastShares": quantity(match.size),
        "lastPx": usd(match.price),
        "tradeId": match.id,
    }
    aggressor, passive = (theirs, ours) if match.is_maker else (ours, theirs)
    return {
        "type": "ACTIVITY_TYPE_TRADE",
        "trade": {
            "id": match.id,
            "marketSlug": paper.market.slug,
            "state": "TRADE_STATE_CLEARED",
            "createTime": at,
            "updateTime": at,
            "price": usd(match.price),
            "qty": str(round(decimal_of(match.size))),
            "qtyDecimal": quantity(match.size),
            "isAggressor": not match.is_maker,
            "aggressorExecution": aggressor,
            "passiveExecution": passive,
        },
    }


def position(exchange: Exchange, account: str, market: Market) -> Json | None:
    """What an account holds of a market; None for nothing."""
    net = net_position(exchange, account, market)
    if not net:
        return None
    return {
        "netPosition": str(round(decimal_of(net))),
        "netPositionDecimal": quantity(net),
        "expired": market.settlement is not None,
        "marketMetadata": metadata(market),
    }


def net_position(exchange: Exchange, account: str, market: Market) -> int:
    """Long contracts less short ones, in micros."""
    held = exchange.accounts[account].held
    long, short = (held.get((market.contract.ref, leg), 0) for leg in (Leg.YES, Leg.NO))
    return long - short


def balance(exchange: Exchange, account: str, shorts: int, now_ms: int) -> Json:
    """shorts: contracts that the account is short of. The proceeds of a short sale are the account's, and a dollar for
    each contract is its margin."""
    cash = exchange.accounts[account].cash
    held = sum(at_risk(one) for one in exchange.open_orders(account))
    return {
        "currentBalance": decimal_of(cash + shorts),
        "currency": "USD",
        "buyingPower": decimal_of(cash - held),
        "assetNotional": 0,
        "assetAvailable": 0,
        "pendingCredit": 0,
        "openOrders": decimal_of(held),
        "unsettledFunds": 0,
        "marginRequirement": decimal_of(shorts),
        "availableToWithdraw": decimal_of(cash - held),
        "lastUpdated": time_text(now_ms),
    }


def at_risk(resting: Order) -> int:
    """What the rest of an order may cost, beside what closes a position."""
    return resting.at_risk(resting.price, max(0, resting.remaining - resting.closes))


# --- markets -------------------------------------------------------------------------------------------------------


def title(market: Market) -> str:
    return " vs. ".join(market.names)


def market(listed: Market, exchange: Exchange) -> Json:
    book, fixture = exchange.book(listed.contract), listed.fixture
    is_over = listed.settlement is not None
    shape: Json = {
        "id": str(listed.number),
        "slug": listed.slug,
        "question": f"Who will win: {title(listed)}?",
        "title": title(listed),
        "description": "Settles at $1.00 for the long side when it wins.",
        "category": "sports",
        "active": not is_over,
        "closed": is_over,
        "hidden": False,
        "status": listed.status,
        "marketType": "moneyline",
        "sportsMarketType": listed.market_type,
        "orderPriceMinTickSize": decimal_of(listed.tick),
        "minimumTradeQty": decimal_of(listed.lot),
        "feeCoefficient": decimal_of(69_500),
        "gameStartTime": time_text(fixture.start_time * 1000),
        "marketSides": [
            {
                "id": str(2 * listed.number + place),
                "description": name.split()[-1],
                "long": place == 0,
                "tradable": not is_over,
                "teamId": listed.number + place,
                "team": {"id": listed.number + place, "name": name, "league": listed.league},
            }
            for place, name in enumerate(listed.names)
        ],
    }
    for name, is_bid in (("bestBidQuote", True), ("bestAskQuote", False)):
        best = book.best(is_bid)
        if best is not None:
            shape[name] = usd(best)
    return shape


def event(listed: Market, exchange: Exchange) -> Json:
    is_over = listed.settlement is not None
    return {
        "id": str(listed.event_number),
        "slug": listed.event_slug,
        "title": title(listed),
        "category": "sports",
        "seriesSlug": listed.league,
        "startTime": time_text(listed.fixture.start_time * 1000),
        "active": not is_over,
        "closed": is_over,
        "live": listed.fixture.live,
        "ended": is_over,
        "markets": [market(listed, exchange)],
    }


def book(listed: Market, resting: Book, now_ms: int) -> Json:
    """All levels, the best first."""
    sides = (("bids", True), ("offers", False))
    levels = {
        name: [{"px": usd(price), "qty": quantity(size)} for price, size in resting.levels(is_bid)]
        for name, is_bid in sides
    }
    return {"marketSlug": listed.slug, **levels, "state": listed.state, "stats": {}, "transactTime": time_text(now_ms)}


def settlement(listed: Market, worth: int) -> Json:
    return {"slug": listed.slug, "settlement": 0 if not worth else 1 if worth == MICRO else decimal_of(worth)}
