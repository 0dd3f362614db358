"""Bet placing: offers, orders, bets, receipts, accounts and sums as rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from hedgerow.dashboard.apis.abp import (
    Account,
    Bet,
    Betslip,
    Decision,
    FixtureInfo,
    Offer,
    Order,
    OutcomeInfo,
    Pnl,
    Position,
)
from hedgerow.dashboard.figures import (
    NOTHING,
    fixture_name,
    gain,
    moment,
    money,
    odds,
    percent,
    plain,
    tone,
    words,
)
from hedgerow.dashboard.rows.tables import Column, TableRow

OFFERS = (
    Column("bookmaker", "Bookmaker"),
    Column("account", "Account"),
    Column("price", "Odds", is_number=True),
    Column("most", "Highest stake", is_number=True),
    Column("least", "Lowest stake", is_number=True),
    Column("state", "State"),
)
ORDERS = (
    Column("at", "Time (UTC)"),
    Column("order", "Order"),
    Column("fixture", "Fixture"),
    Column("outcome", "Outcome"),
    Column("price", "Worst odds", is_number=True),
    Column("stake", "Stake", is_number=True),
    Column("filled", "Filled", is_number=True),
    Column("state", "State"),
    Column("kind", "Kind"),
)
BETS = (
    Column("at", "Time (UTC)"),
    Column("bet", "Bet"),
    Column("order", "Order"),
    Column("bookmaker", "Bookmaker"),
    Column("account", "Account"),
    Column("odds", "Odds", is_number=True),
    Column("stake", "Stake", is_number=True),
    Column("state", "State"),
    Column("settled", "Settled"),
    Column("paid", "Paid back", is_number=True),
)
ALLOCATIONS = (
    Column("rank", "Rank", is_number=True),
    Column("bookmaker", "Bookmaker"),
    Column("price", "Odds", is_number=True),
    Column("stake", "Stake", is_number=True),
    Column("bound", "Bound by"),
    Column("bet", "Bet"),
    Column("state", "Answer"),
)
LEFT_OUT = (Column("bookmaker", "Bookmaker"), Column("why", "Why it got nothing"))
ACCOUNTS = (
    Column("bookmaker", "Bookmaker"),
    Column("account", "Account"),
    Column("balance", "Balance", is_number=True),
    Column("most", "Highest stake", is_number=True),
    Column("least", "Lowest stake", is_number=True),
    Column("priority", "Priority", is_number=True),
    Column("state", "State"),
)
POSITIONS = (
    Column("group", "Of"),
    Column("bets", "Open bets", is_number=True),
    Column("fixtures", "Fixtures", is_number=True),
    Column("price", "Average odds", is_number=True),
    Column("stake", "Stake USD", is_number=True),
)
PNL = (
    Column("group", "Of"),
    Column("bets", "Settled bets", is_number=True),
    Column("wins", "Won", is_number=True),
    Column("losses", "Lost", is_number=True),
    Column("rate", "Won of settled", is_number=True),
    Column("staked", "Staked USD", is_number=True),
    Column("paid", "Paid back USD", is_number=True),
    Column("net", "Result USD", is_number=True),
)

_ORDER_TONES = {
    "FILLED": "good",
    "PENDING": "warn",
    "PROCESSING": "warn",
    "PARTIALLY_FILLED": "warn",
    "REJECTED": "bad",
    "FAILED": "bad",
}
_BET_TONES = {"CONFIRMED": "good", "PENDING": "warn", "PLACED": "warn", "REJECTED": "bad", "FAILED": "bad"}
_OPEN = frozenset({"PENDING", "PROCESSING", "PARTIALLY_FILLED"})


def is_open(order: Order) -> bool:
    """Whether it may still be worked on, and so be cancelled."""
    return order.order_status in _OPEN


def fixture_of(info: FixtureInfo | None, fixture_id: str | None) -> str:
    """Who plays whom; the id where the feed does not tell."""
    players = info.participants if info is not None else None
    if players is None:
        return fixture_id or NOTHING
    return fixture_name(players.participant1_name, players.participant2_name, fixture_id or NOTHING)


def outcome_of(info: OutcomeInfo | None, outcome_id: int) -> str:
    """`Winner: 1`, with the line where there is one; the number where the feed does not tell."""
    if info is None or not info.outcome_name:
        return str(outcome_id)
    line = f" {plain(info.handicap)}" if info.handicap else ""
    return f"{info.market_name}{line}: {info.outcome_name}"


def slip_title(slip: Betslip) -> str:
    """What the betslip is of."""
    name = fixture_of(slip.fixture_info, slip.fixture_id)
    return f"{name}, {outcome_of(slip.outcome_info, slip.outcome_id)}"


def offer_rows(slip: Betslip) -> list[TableRow]:
    """The best price first, what cannot be had last."""
    found = [(bookmaker, offer) for bookmaker, offers in slip.odds.items() for offer in offers.values()]
    found.sort(key=lambda one: (not one[1].active, -(one[1].price or Decimal(0)), one[0]))
    return [_offer_row(bookmaker, offer) for bookmaker, offer in found]


def _offer_row(bookmaker: str, offer: Offer) -> TableRow:
    return TableRow(
        f"{bookmaker}/{offer.account}",
        {
            "bookmaker": bookmaker,
            "account": offer.account or NOTHING,
            "price": odds(offer.price),
            "most": money(offer.limit, offer.limit_currency),
            "least": money(offer.limit_min, offer.limit_currency) if offer.limit_min is not None else NOTHING,
            "state": "open" if offer.active else "closed",
        },
        tones={"state": "good" if offer.active else "soft"},
    )


def order_row(order: Order, now: datetime) -> TableRow:
    """An order, whose number leads to its page."""
    state = words(order.order_status)
    return TableRow(
        str(order.order_id),
        {
            "at": moment(order.created_at, now),
            "order": str(order.order_id),
            "fixture": fixture_of(order.fixture_info, order.fixture_id),
            "outcome": outcome_of(order.outcome_info, order.outcome_id),
            "price": odds(order.order_price),
            "stake": money(order.order_stake, order.order_currency),
            "filled": money(order.filled_stake),
            "state": f"{state}: {order.status_reason}" if order.status_reason else state,
            "kind": "test" if order.test_order else "real",
        },
        links={"order": f"/abp/orders/{order.order_id}"},
        tones={"state": _ORDER_TONES.get(order.order_status, "plain"), "kind": _kind_tone(is_test=order.test_order)},
    )


def bet_row(bet: Bet, now: datetime) -> TableRow:
    """A wager; one in doubt says so."""
    state = "in doubt" if bet.in_doubt else words(bet.bet_status)
    state = f"{state} (test)" if bet.test_bet else state
    return TableRow(
        str(bet.bet_id),
        {
            "at": moment(bet.placed_at or bet.created_at, now),
            "bet": str(bet.bet_id),
            "order": str(bet.order_id),
            "bookmaker": bet.bookmaker,
            "account": bet.account or NOTHING,
            "odds": odds(bet.placed_price),
            "stake": money(bet.placed_stake, bet.placed_currency or ""),
            "state": f"{state}: {bet.decline_reason}" if bet.decline_reason else state,
            "settled": words(bet.settlement_status),
            "paid": money(bet.settlement_amount),
        },
        links={"order": f"/abp/orders/{bet.order_id}"},
        tones={"state": "bad" if bet.in_doubt else _BET_TONES.get(bet.bet_status, "plain")},
    )


def allocation_rows(decision: Decision) -> list[TableRow]:
    """Who got how much, and what came of it."""
    return [
        TableRow(
            str(one.rank),
            {
                "rank": str(one.rank),
                "bookmaker": one.bookmaker,
                "price": odds(one.price),
                "stake": money(one.stake, one.currency),
                "bound": ", ".join(one.bound_by) or NOTHING,
                "bet": str(one.bet.bet_id) if one.bet is not None else NOTHING,
                "state": words(one.bet.bet_status) if one.bet is not None else NOTHING,
            },
            tones={"state": _BET_TONES.get(one.bet.bet_status, "plain") if one.bet is not None else "soft"},
        )
        for one in decision.allocations
    ]


def left_out_rows(decision: Decision) -> list[TableRow]:
    """Who got nothing, and why."""
    return [
        TableRow(str(place), {"bookmaker": one.bookmaker, "why": words(one.why)})
        for place, one in enumerate(decision.left_out)
    ]


def decision_title(decision: Decision, now: datetime) -> str:
    """One line on a decision."""
    taken = len(decision.allocations)
    asked = f"{taken} of {len(decision.candidates)}"
    return f"Attempt {decision.attempt} at {moment(decision.at, now)}: {asked} got a part of the stake"


def account_row(account: Account) -> TableRow:
    """An account at a bookmaker."""
    return TableRow(
        f"{account.bookmaker}/{account.username}",
        {
            "bookmaker": account.bookmaker,
            "account": account.username,
            "balance": money(account.balance, account.currency_id),
            "most": money(account.max_stake),
            "least": money(account.min_stake),
            "priority": str(account.priority),
            "state": "active" if account.active else "off",
        },
        tones={"state": "good" if account.active else "warn"},
    )


def position_row(one: Position) -> TableRow:
    """Open bets of one bookmaker, account or reference."""
    name = group_name(one)
    return TableRow(
        name,
        {
            "group": name,
            "bets": plain(one.open_bets),
            "fixtures": plain(one.fixture_ids),
            "price": odds(one.avg_price),
            "stake": money(one.total_stake),
        },
    )


def pnl_row(one: Pnl) -> TableRow:
    """Settled bets of one bookmaker, account or reference."""
    name = group_name(one)
    return TableRow(
        name,
        {
            "group": name,
            "bets": plain(one.settled_bets),
            "wins": plain(one.wins),
            "losses": plain(one.losses),
            "rate": percent(one.win_rate),
            "staked": money(one.total_staked),
            "paid": money(one.total_won),
            "net": gain(one.net_pnl),
        },
        tones={"net": tone(one.net_pnl)},
    )


def group_name(one: Position | Pnl) -> str:
    """What the sums are of."""
    return " ".join(filter(None, (one.bookmaker, one.account, one.user_ref))) or NOTHING


def total(found: Iterable[Pnl]) -> Decimal:
    """Of all groups."""
    return sum((one.net_pnl for one in found), Decimal(0))


def _kind_tone(*, is_test: bool) -> str:
    return "soft" if is_test else "plain"
