"""Market making: quotes, fills, hedges, positions and derivations as rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from hedgerow.core.clock import iso_of_ms
from hedgerow.dashboard.apis.mm import Bet, Derivation, Fixture, Order, Position, Status, Switch, Tournament
from hedgerow.dashboard.figures import (
    NOTHING,
    age,
    fixture_name,
    gain,
    moment,
    money,
    odds,
    plain,
    price,
    size,
    tone,
    words,
)
from hedgerow.dashboard.rows.tables import Column, TableRow

Names = Mapping[str, str]
"""Fixtures' names by id."""

QUOTES = (
    Column("order", "Order"),
    Column("exchange", "Exchange"),
    Column("fixture", "Fixture"),
    Column("outcome", "Outcome"),
    Column("side", "Side"),
    Column("price", "Price", is_number=True),
    Column("odds", "Bookmaker's odds", is_number=True),
    Column("size", "Contracts", is_number=True),
    Column("matched", "Matched", is_number=True),
    Column("stake", "At risk USD", is_number=True),
    Column("age", "Age", is_number=True),
)
FILLS = (
    Column("at", "Time (UTC)"),
    Column("order", "Order"),
    Column("exchange", "Exchange"),
    Column("fixture", "Fixture"),
    Column("outcome", "Outcome"),
    Column("side", "Side"),
    Column("price", "Average price", is_number=True),
    Column("size", "Contracts", is_number=True),
    Column("stake", "At risk USD", is_number=True),
    Column("pnl", "Result USD", is_number=True),
)
HEDGES = (
    Column("at", "Time (UTC)"),
    Column("order", "Order"),
    Column("bookmaker", "Bookmaker"),
    Column("fixture", "Fixture"),
    Column("outcome", "Outcome"),
    Column("stake", "Stake", is_number=True),
    Column("asked", "Asked odds", is_number=True),
    Column("odds", "Taken odds", is_number=True),
    Column("state", "State"),
    Column("pnl", "Result", is_number=True),
)
POSITIONS = (
    Column("outcome", "Outcome"),
    Column("exchange", "Exchange"),
    Column("orders", "Orders", is_number=True),
    Column("price", "Average price", is_number=True),
    Column("matched", "Matched USD", is_number=True),
    Column("open", "Open USD", is_number=True),
    Column("realized", "Settled USD", is_number=True),
    Column("unrealized", "If won USD", is_number=True),
)
DERIVATIONS = (
    Column("at", "Time (UTC)"),
    Column("action", "What"),
    Column("side", "Side"),
    Column("price", "Price", is_number=True),
    Column("even", "Break-even", is_number=True),
    Column("edge", "Edge", is_number=True),
    Column("size", "Contracts", is_number=True),
)
TOURNAMENTS = (
    Column("name", "Tournament"),
    Column("fixtures", "Fixtures", is_number=True),
    Column("live", "Live", is_number=True),
    Column("tradeable", "On exchanges", is_number=True),
    Column("state", "State"),
)

_BET_TONES = {"placed": "good", "pending": "warn", "declined": "bad"}


def names_of(fixtures: Iterable[Fixture]) -> dict[str, str]:
    """Who plays whom, by the fixture's id."""
    return {
        one.fixture_id: fixture_name(one.participant1_name, one.participant2_name, one.fixture_id) for one in fixtures
    }


def order_link(order_id: int | None) -> dict[str, str]:
    """To the page of an order."""
    return {} if order_id is None else {"order": f"/mm/orders/{order_id}"}


def slip_link(order: Order) -> dict[str, str]:
    """To the betslip of an order's outcome."""
    return {"outcome": f"/abp/betslip?{urlencode({'fixture': order.fixture_id, 'outcome': order.outcome_id})}"}


def quote_row(order: Order, names: Names, now: datetime, *, has_slips: bool = False) -> TableRow:
    """An order that rests on an exchange, beside the odds that its price rests on. has_slips: who looks may place bets
    as well."""
    began = order.placed_at or order.created_at
    return TableRow(
        str(order.order_id),
        {
            "order": str(order.order_id),
            "exchange": order.exchange,
            "fixture": names.get(order.fixture_id, order.fixture_id),
            "outcome": str(order.outcome_id),
            "side": order.side,
            "price": price(order.order_cents),
            "odds": odds(order.bookmaker_outcome_price),
            "size": size(order.order_shares),
            "matched": size(order.matched_shares) if order.matched_shares else NOTHING,
            "stake": money(order.order_stake),
            "age": age(int((now - began).total_seconds())),
        },
        links=order_link(order.order_id) | (slip_link(order) if has_slips else {}),
        tones={"side": side_tone(order.side), "matched": "good" if order.matched_shares else "soft"},
    )


def fill_row(order: Order, names: Names, now: datetime) -> TableRow:
    """An order of which something was matched."""
    return TableRow(
        str(order.order_id),
        {
            "at": moment(order.matched_at, now),
            "order": str(order.order_id),
            "exchange": order.exchange,
            "fixture": names.get(order.fixture_id, order.fixture_id),
            "outcome": str(order.outcome_id),
            "side": order.side,
            "price": price(order.matched_cents),
            "size": size(order.matched_shares),
            "stake": money(order.matched_stake),
            "pnl": gain(order.pnl),
        },
        links=order_link(order.order_id),
        tones={"side": side_tone(order.side), "pnl": tone(order.pnl)},
    )


def fills_of(orders: Iterable[Order]) -> list[Order]:
    """Orders of which something was matched, the latest match first."""
    matched = [order for order in orders if order.matched_shares > 0]
    return sorted(matched, key=lambda order: order.matched_at or order.created_at, reverse=True)


def hedge_row(bet: Bet, names: Names, now: datetime) -> TableRow:
    """A hedge at the bookmaker; one in doubt says so."""
    stake = bet.placed_stake if bet.placed_stake is not None else bet.requested_stake
    state = "in doubt" if bet.in_doubt else words(bet.settlement_status or bet.bet_status)
    return TableRow(
        str(bet.bet_id),
        {
            "at": moment(bet.created_at, now),
            "order": NOTHING if bet.order_id is None else str(bet.order_id),
            "bookmaker": bet.bookmaker,
            "fixture": names.get(bet.fixture_id, bet.fixture_id),
            "outcome": str(bet.outcome_id),
            "stake": money(stake, bet.currency),
            "asked": odds(bet.requested_price),
            "odds": odds(bet.placed_price),
            "state": f"{state}: {bet.reason}" if bet.reason else state,
            "pnl": gain(bet.pnl),
        },
        links=order_link(bet.order_id),
        tones={"state": "bad" if bet.in_doubt else _BET_TONES.get(bet.bet_status, "plain"), "pnl": tone(bet.pnl)},
    )


def by_fixture(positions: Iterable[Position]) -> list[tuple[str, list[Position]]]:
    """Positions under their fixture's name, with the tournament's; the names in their order."""

    def title(one: Position) -> str:
        name = fixture_name(one.participant1_name, one.participant2_name, one.fixture_id)
        return f"{name}, {one.tournament_name}" if one.tournament_name else name

    ordered = sorted(positions, key=lambda one: (title(one), one.fixture_id, one.outcome_id, one.exchange))
    return [(name, list(found)) for name, found in groupby(ordered, key=title)]


def position_row(one: Position) -> TableRow:
    """All orders on one outcome at one exchange."""
    return TableRow(
        f"{one.fixture_id}/{one.outcome_id}/{one.exchange}",
        {
            "outcome": str(one.outcome_id),
            "exchange": one.exchange,
            "orders": plain(one.order_count),
            "price": price(one.avg_price),
            "matched": money(one.matched_stake),
            "open": money(one.open_stake),
            "realized": gain(one.realized_pnl),
            "unrealized": gain(one.unrealized_pnl),
        },
        tones={"realized": tone(one.realized_pnl), "unrealized": tone(one.unrealized_pnl)},
    )


def derivation_row(number: int, one: Derivation, now: datetime) -> TableRow:
    """A price that an order had. number: its place, the newest first."""
    return TableRow(
        str(number),
        {
            "at": moment(one.at, now),
            "action": one.action,
            "side": one.side,
            "price": price(one.price),
            "even": price(one.break_even),
            "edge": price(one.edge),
            "size": size(one.size),
        },
        tones={"edge": tone(one.edge * 100)},
    )


def groups_of(why: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """What a price was made of, as lines under headings: single facts first, then each larger part."""
    facts = [(spaced(name), shown(name, value)) for name, value in why.items() if not _is_nested(value)]
    nested = [(spaced(name).capitalize(), _lines(value)) for name, value in why.items() if _is_nested(value)]
    return [group for group in (("", facts), *nested) if group[1]]


def _lines(value: Any, above: str = "") -> list[tuple[str, str]]:
    """A nested part: names as words, the outer one before the inner."""
    if isinstance(value, Mapping):
        parts = [(f"{above} {spaced(name)}".strip(), name, part) for name, part in value.items()]
    else:
        parts = [(f"{above} {place}".strip(), "", part) for place, part in enumerate(value, start=1)]
    return [
        line
        for label, name, part in parts
        for line in (_lines(part, label) if _is_nested(part) else [(label, shown(name, part))])
    ]


def _is_nested(value: Any) -> bool:
    """A list of plain values is one line."""
    if isinstance(value, (list, tuple)):
        return any(isinstance(part, (Mapping, list, tuple)) for part in value)
    return isinstance(value, Mapping)


def shown(name: str, value: Any) -> str:
    """A value of an API as text. name: what it stands under, which says whether a number is an id or a time (ms)."""
    match value:
        case None:
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(shown(name, part) for part in value) or NOTHING
        case int() if name.endswith(("_at", "At")):
            return iso_of_ms(value)
        case int() if name.lower().endswith(("id", "outcomes")):
            return str(value)
        case int() | Decimal():
            return plain(value)
        case _:
            return str(value)


def spaced(name: str) -> str:
    """A name of an API as words: `limitRatio` and `limit_ratio` are `limit ratio`."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).replace("_", " ").strip()


def tournament_row(one: Tournament) -> TableRow:
    """A tournament, and whether the client quotes it."""
    return TableRow(
        str(one.tournament_id),
        {
            "name": one.tournament_name,
            "fixtures": plain(one.fixture_count),
            "live": plain(one.live_count),
            "tradeable": plain(one.tradeable_count),
            "state": "quoted" if one.activated else "not quoted",
        },
        tones={"state": "good" if one.activated else "soft"},
    )


def switches_of(status: Status) -> tuple[Switch, ...]:
    """The switches that change something now."""
    if status.manual_stopped:
        return ("start",)
    if status.manual_paused:
        return ("resume", "stop")
    return ("pause", "stop")


def status_words(status: Status) -> tuple[str, str]:
    """What the state means, and its tone."""
    told = {
        "live": ("Live: quotes are posted and hedged", "good"),
        "manual_paused": ("Paused: what rests stays, nothing new is posted", "warn"),
        "manual_stopped": ("Stopped: nothing rests on the exchanges", "bad"),
        "soft_paused": ("The operator has paused all trading", "warn"),
        "system_stopped": ("The operator has stopped all trading", "bad"),
        "emergency": ("Emergency: the operator has cancelled everything", "bad"),
    }
    return told.get(status.status, (words(status.status), "warn"))


def side_tone(side: str) -> str:
    """Buying and selling look different, whatever their words."""
    return "good" if side in ("buy", "back") else "warn"
