"""The venue's messages, from the engine's orders: games, books, orders, bets, the feeds' blocks.

Stakes and winnings are always those of the account that is told. Source: the venue's pages and its OpenAPI documents.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hedgerow.core.money import decimal_of
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.dialects._4casters.desk import OFFERED, REFERENCE
from hedgerow.sim.dialects._4casters.door import time_text
from hedgerow.sim.dialects._4casters.engine import facing, ladder, offer_id, stake_of
from hedgerow.sim.dialects._4casters.listings import MONEYLINE, Game
from hedgerow.sim.order_book import Book
from hedgerow.sim.orders import COUNTERPARTY, Contract, Match, Order, State

Json = dict[str, Any]

SETTLED_MS = "settledMs"
"""Of an order's `extra`: when it was last decided."""

_CENT = Decimal("0.01")
_OUTCOMES = {
    SettlementStatus.WON: "winner",
    SettlementStatus.LOST: "loser",
    SettlementStatus.HALF_WON: "half-win",
    SettlementStatus.HALF_LOST: "half-loss",
    SettlementStatus.VOID: "refunded",
}


def american_of(order: Order, price: int) -> int:
    """The odds of the order's side at a price of its book."""
    american = ladder().american_of(price)
    return american if order.is_bid else facing(american)


def cents(value: int) -> str:
    """Two decimals, as the lists of bets have them."""
    return str(decimal_of(value).quantize(_CENT, ROUND_HALF_UP))


# --- games -----------------------------------------------------------------------------------------------------


def game_view(game: Game) -> Json:
    fixture = game.fixture
    participants = [
        {"id": id_, "longName": name, "shortName": name[:3].upper(), "homeAway": place, "futuresSide": ""}
        for id_, name, place in (
            (game.away_id, fixture.participant2_name, "away"),
            (game.home_id, fixture.participant1_name, "home"),
        )
    ]
    return {
        "id": game.id,
        "parentGameID": None,
        "league": game.league,
        "sport": game.sport,
        "start": time_text(fixture.start_time * 1000),
        "ended": game.has_ended,
        "live": fixture.live,
        "featured": False,
        "eventName": f"{fixture.participant2_name} VS {fixture.participant1_name}".upper(),
        "tournamentName": fixture.tournament_name,
        "periodName": "Full Time",
        "isSpecials": False,
        "participants": participants,
    }


def books_view(game: Game, books: dict[str, Book], account: str) -> Json:
    """The lists of a game's orders, each with what can be taken there, the best first."""
    lists: Json = {name: [] for name in ("awayMoneylines", "homeMoneylines", "awaySpreads", "homeSpreads")}
    lists |= {name: [] for name in ("over", "under", "awayMoneylines1x2", "homeMoneylines1x2", "draw1x2")}
    for about, contract in game.contracts.items():
        for is_bid in (False, True):
            rows = [offer_view(game, order, account) for order in _best_first(books[contract.ref], is_bid=is_bid)]
            lists[_list_name(game, about, is_bid=is_bid)] += rows
    return {**game_view(game), **lists}


def side_view(game: Game, contract: Contract, book: Book, *, is_bid: bool) -> Json:
    """`orderUpdate`: one side of one book as it is now; what rests on it is offered to the other."""
    backed = game.side_of(contract, is_buyer=not is_bid)
    rows = [offer_view(game, order, "") for order in _best_first(book, is_bid=is_bid)]
    told = {"gameID": game.id, "parentGameID": None, "sport": game.sport, "league": game.league}
    return {**told, "live": game.fixture.live, "type": game.type, **backed, "sideOrders": rows}


def offer_view(game: Game, order: Order, account: str) -> Json:
    """A resting order as who takes it sees it."""
    price, remaining = order.yes_price, order.remaining
    taken_by_buyer = not order.is_bid
    row = {
        "id": offer_id(order),
        "type": game.type,
        "sumUntaken": decimal_of(ladder().at_risk(price, remaining, buys=taken_by_buyer)),
        "odds": facing(american_of(order, price)),
        "bet": decimal_of(order.extra.get(OFFERED, order.at_risk(order.price, order.size))),
        "gameID": game.id,
        "expiry": None if order.expires_ms is None else time_text(order.expires_ms),
        "createdAt": time_text(order.created_ms),
        "gameStartExpiry": True,
        **game.side_of(order.contract, is_buyer=taken_by_buyer),
    }
    return row | {"createdBy": account} if order.account == account != COUNTERPARTY else row


def _best_first(book: Book, *, is_bid: bool) -> list[Order]:
    levels = book.side(is_bid)
    return [order for price in sorted(levels, reverse=is_bid) for order in levels[price]]


def _list_name(game: Game, about: str, *, is_bid: bool) -> str:
    """What rests to buy is what the other side can take."""
    if game.type == MONEYLINE:
        return "awayMoneylines" if is_bid else "homeMoneylines"
    names = {game.home_id: "homeMoneylines1x2", game.away_id: "awayMoneylines1x2"}
    return names.get(about, "draw1x2")


# --- orders and bets -------------------------------------------------------------------------------------------


def matched_fill(game: Game, order: Order, match: Match, hit: str) -> Json:
    """Of the answer to a placement."""
    stake = stake_of(order, match)
    won = match.size - stake
    return {
        "amount": decimal_of(stake),
        "odds": american_of(order, match.price),
        "number": None,
        "type": game.type,
        **_side(game, order),
        "orderID": hit,
        "txID": match.id,
        "wagerRequestID": order.id,
        "userReference": order.extra[REFERENCE],
        "risk": decimal_of(stake + match.fee),
        "win": decimal_of(won - match.fee),
        "winWithoutCommission": decimal_of(won),
    }


def unmatched_offer(game: Game, order: Order) -> Json:
    """Of the answer to a placement; empty where nothing rests."""
    if order.state not in (State.OPEN, State.PENDING):
        return {}
    return {
        "orderID": offer_id(order),
        "wagerRequestID": order.id,
        "offered": decimal_of(order.extra[OFFERED]),
        "odds": american_of(order, order.price),
        "type": game.type,
        **_side(game, order),
        "number": None,
        "userReference": order.extra[REFERENCE],
    }


def cancelled_view(game: Game, order: Order) -> Json:
    return {
        "success": True,
        "sessionID": offer_id(order),
        "description": f"{american_of(order, order.price):+}",
        "odds": american_of(order, order.price),
        "filled": decimal_of(made(order)),
        "offered": 0,
        "remaining": decimal_of(resting(order)),
        "gameID": game.id,
        "userReference": order.extra[REFERENCE],
    }


def unmatched_row(game: Game, order: Order) -> Json:
    """A resting order, of a list."""
    offered = order.extra[OFFERED]
    return {
        "id": offer_id(order),
        "txID": order.id,
        "type": game.type,
        "bet": decimal_of(offered),
        "odds": american_of(order, order.price),
        "spread": None,
        "total": None,
        **game.side_of(order.contract, is_buyer=order.is_bid),
        "filled": decimal_of(made(order)),
        "offered": decimal_of(offered),
        "remaining": decimal_of(offered - made(order)),
        "expiry": None if order.expires_ms is None else time_text(order.expires_ms),
        "createdAt": time_text(order.created_ms),
        "origin": "offer",
        "userReference": order.extra[REFERENCE],
        "wagerRequestID": order.id,
        "graded": False,
        "closed": False,
        "adminRefund": False,
        "game": game_view(game),
    }


def matched_row(game: Game, order: Order, match: Match, hit: str) -> Json:
    """A bet that is not graded, of a list."""
    stake = stake_of(order, match)
    return {
        "id": offer_id(order) if match.is_maker else hit,
        "txID": match.id,
        "type": game.type,
        "bet": decimal_of(stake),
        "odds": american_of(order, match.price),
        **game.side_of(order.contract, is_buyer=order.is_bid),
        "userReference": order.extra[REFERENCE],
        "wagerRequestID": order.id,
        "createdAt": time_text(order.created_ms),
        "matchedTime": time_text(match.at_ms),
        "origin": "offer" if match.is_maker else "wager",
        "risk": cents(stake + match.fee),
        "win": cents(match.size - stake - match.fee),
        "graded": False,
        "closed": False,
        "adminRefund": False,
        "game": game_view(game),
    }


def graded_row(game: Game, order: Order, match: Match, hit: str) -> Json:
    is_refund = order.settlement is SettlementStatus.VOID
    return matched_row(game, order, match, hit) | {
        "ticketNumber": match.id,
        "outcome": _OUTCOMES[order.settlement],
        "settledAt": time_text(order.extra[SETTLED_MS]),
        "graded": True,
        "cancelled": False,
        "platform": "api",
        "fee": cents(0 if is_refund else match.fee),
        "result": cents(_result(order, match)),
    }


def _result(order: Order, match: Match) -> int:
    """What the bet won, or lost, its commission counted. Micros."""
    stake = stake_of(order, match)
    match order.settlement:
        case SettlementStatus.WON:
            return match.size - stake - match.fee
        case SettlementStatus.HALF_WON:
            return (match.size - stake) // 2 - match.fee
        case SettlementStatus.HALF_LOST:
            return -stake // 2 - match.fee
        case SettlementStatus.LOST:
            return -stake - match.fee
        case _:
            return 0


def made(order: Order) -> int:
    """The stake that was matched while the order rested. Micros."""
    return sum(stake_of(order, match) for match in order.fills if match.is_maker)


def resting(order: Order) -> int:
    """The stake that is not matched. Micros."""
    return order.at_risk(order.price, order.remaining)


# --- the user feed ---------------------------------------------------------------------------------------------


def unmatched_block(game: Game, order: Order, filled: int, offered: int, remaining: int) -> Json:
    """An order that rests, or is gone (nothing offered). Micros."""
    block = {
        "filled": decimal_of(filled),
        "offered": decimal_of(offered),
        "remaining": decimal_of(remaining),
        "orderID": offer_id(order),
        "wagerRequestID": order.id,
        "type": game.type,
        **_side(game, order),
        "odds": american_of(order, order.price),
    }
    reference = order.extra[REFERENCE]
    return block if reference is None else block | {"userReference": reference}


def matched_block(game: Game, order: Order, match: Match, hit: str) -> Json:
    stake = stake_of(order, match)
    return {
        "txID": match.id,
        "orderID": hit,
        "wagerRequestID": order.id,
        "amount": decimal_of(stake),
        "risk": Decimal(cents(stake + match.fee)),
        "win": Decimal(cents(match.size - stake - match.fee)),
        "odds": american_of(order, match.price),
        "type": game.type,
        **_side(game, order),
        "userReference": order.extra[REFERENCE],
    }


def envelope(game: Game, now_ms: int, number: int) -> Json:
    return {
        "gameID": game.id,
        "parentGameID": None,
        "eventName": game_view(game)["eventName"],
        "league": game.league,
        "sport": game.sport,
        "live": game.fixture.live,
        "start": time_text(game.fixture.start_time * 1000),
        "platform": "api",
        "createdAt": time_text(now_ms),
        "messageID": f"{now_ms}-{number}",
    }


def _side(game: Game, order: Order) -> Json:
    """As it is sent in a placement."""
    named = game.side_of(order.contract, is_buyer=order.is_bid)
    return {"side": named["participantID"]} if "participantID" in named else named
