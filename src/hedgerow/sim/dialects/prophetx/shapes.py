"""JSON shapes of the answers: events, markets with their books, orders, fills. Source: the venue's sheet."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hedgerow.core.money import decimal_of
from hedgerow.sim.dialects.prophetx.desk import Ticket, number_of
from hedgerow.sim.dialects.prophetx.listings import MONEYLINE, OUTCOMES, SPORTS, Event
from hedgerow.sim.dialects.prophetx.terms import grid
from hedgerow.sim.dialects.prophetx.wire import user_id
from hedgerow.sim.order_book import Book
from hedgerow.sim.orders import Match

Json = dict[str, Any]

_DEPTH = 10
NS_PER_MS = 1_000_000


def tournament(event: Event) -> Json:
    fixture = event.fixture
    return {
        "id": fixture.tournament_id,
        "name": fixture.tournament_name,
        "sport": {"id": fixture.sport_id, "name": SPORTS[fixture.sport_id]},
        "category": {"id": 1, "name": fixture.category_name, "countryCode": ""},
    }


def sport_event(event: Event) -> Json:
    names, numbers = event.names, event.competitors
    return {
        "event_id": event.id,
        "tournament_id": event.fixture.tournament_id,
        "tournament_name": event.fixture.tournament_name,
        "name": f"{names[0]} vs {names[1]}",
        "display_name": f"{names[0]} vs {names[1]}",
        "type": "sport",
        "sub_type": None,
        "sport_name": SPORTS[event.fixture.sport_id],
        "scheduled": event.scheduled,
        "status": event.status,
        "competitors": [
            {"id": number, "name": name, "display_name": name, "abbreviation": name[:3].upper(), "side": side}
            for number, name, side in zip(numbers, names, ("home", "away"), strict=True)
        ],
    }


def market(event: Event, book: Book, updated_ns: int) -> Json:
    return {
        "id": MONEYLINE,
        "name": "Moneyline",
        "display_name": "Moneyline",
        "type": "moneyline",
        "sub_type": "moneyline",
        "category_name": "Game Lines",
        "status": event.market_status,
        "selections": [_side(event, place, book, updated_ns) for place in (0, 1)],
    }


def _side(event: Event, place: int, book: Book, updated_ns: int) -> list[Json]:
    """What can be bought of a strike: the first by what is asked for the contract, the second by what is bid."""
    named = {
        "outcome_id": OUTCOMES[place],
        "name": event.names[place],
        "display_name": event.names[place],
        "competitor_id": event.competitors[place],
        "strike": 0,
        "strike_id": event.strikes[place],
        "display_strike": "",
        "value": 0,
    }
    rows = [named | _level(price, size, place, updated_ns) for price, size in book.levels(is_bid=place == 1)[:_DEPTH]]
    return rows or [named | {"price": None, "display_price": "", "quantity": 0, "updated_at": 0}]


def _level(price: int, size: int, place: int, updated_ns: int) -> Json:
    own = price if place == 0 else grid().opposite(price)
    american = grid().american_of(price if own is None else own)
    quantity = decimal_of(grid().at_risk(price, size, buys=place == 0))
    return {"price": american, "display_price": f"{american:+}", "quantity": quantity, "updated_at": updated_ns}


def strike(event: Event, strike_id: str) -> Json:
    return {
        "event_id": event.id,
        "market_id": MONEYLINE,
        "strike_id": strike_id,
        "type": "moneyline",
        "sub_type": "moneyline",
    }


def order(ticket: Ticket) -> Json:
    """As answers to placements have it."""
    return {
        "order_id": ticket.id,
        "external_id": ticket.external_id,
        "user_id": user_id(ticket.account),
        "sport_event_id": ticket.event.id,
        "market_id": MONEYLINE,
        "outcome_id": OUTCOMES[ticket.strike],
        "strike": 0,
        "strike_id": ticket.event.strikes[ticket.strike],
        "price": ticket.american,
        "quantity": decimal_of(ticket.shown_quantity),
        "profit": decimal_of(ticket.profit),
        "filled_quantity": decimal_of(ticket.filled),
        "open_quantity": decimal_of(ticket.open_quantity),
        "status": ticket.status,
        "matching_status": ticket.matching_status,
        "winning_status": ticket.winning_status,
    }


def history_row(ticket: Ticket) -> Json:
    times = {"created_at": ticket.created_ms * NS_PER_MS, "updated_at": ticket.changed_ms * NS_PER_MS}
    return order(ticket) | {"total_filled_quantity": decimal_of(ticket.filled)} | times


def matching_detail(ticket: Ticket, match: Match) -> Json:
    return {
        "id": number_of(match),
        "order_id": ticket.id,
        "external_id": ticket.external_id,
        "strike_id": ticket.event.strikes[ticket.strike],
        "price": ticket.american_of(match),
        "quantity": decimal_of(ticket.staked(match)),
        "matched_at": match.at_ms * NS_PER_MS,
    }


def order_update(ticket: Ticket, match: Match | None, total: Decimal, sequence: int) -> Json:
    """The info of a private message. total: filled until this fill."""
    return order(ticket) | {
        "filled_quantity": decimal_of(0 if match is None else ticket.staked(match)),
        "fill_price": None if match is None else ticket.american_of(match),
        "total_filled_quantity": total,
        "update_type": "status" if match is None else "matching",
        "sequence_number": sequence,
    }


def matched_order(event: Event, price: int, stake: Decimal, *, buys: bool, sequence: int) -> Json:
    """The info of a public trade, as its taker's side has it."""
    place = 0 if buys else 1
    own = price if buys else grid().opposite(price)
    american = grid().american_of(price if own is None else own)
    return {
        "strike": 0,
        "strike_id": event.strikes[place],
        "market_id": MONEYLINE,
        "outcome_id": OUTCOMES[place],
        "price": american,
        "fill_price": american,
        "filled_quantity": stake,
        "origin_market_strike": 0,
        "sport_event_id": event.id,
        "sequence_number": sequence,
    }
