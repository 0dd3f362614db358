"""What the accounts are told of their orders, bets and money.

What is staked is still in the balance until it is graded, and told as liability. Source: the venue's pages on the user
and its OpenAPI documents.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hedgerow.core.money import decimal_of
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects._4casters import shapes
from hedgerow.sim.dialects._4casters.desk import REFERENCE
from hedgerow.sim.dialects._4casters.door import Call, Denial, time_ms, time_text
from hedgerow.sim.dialects._4casters.engine import RATE, offer_id, request_id, stake_of
from hedgerow.sim.dialects._4casters.graded import Journal
from hedgerow.sim.dialects._4casters.listings import Listings, object_id
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import Match, Order, State

Json = dict[str, Any]

_LONGEST_WINDOW_MS = 35 * 24 * 3_600_000


class Accounts:
    """The reads of all accounts."""

    def __init__(self, exchange: Exchange, listings: Listings, clock: WorldClock) -> None:
        self.journal = Journal()
        self.hits: dict[str, str] = {}  # the offer that a fill took, by the fill
        self._exchange, self._listings, self._clock = exchange, listings, clock

    def clear(self) -> None:
        self.journal.clear()
        self.hits.clear()

    def user(self, account: str) -> Json:
        traded = self._exchange.traded_orders(account)
        bets = sum(stake_of(o, m) + m.fee for o in traded if o.state is not State.SETTLED for m in o.fills)
        rests = sum(shapes.resting(order) for order in self._exchange.open_orders(account))
        return {
            "id": object_id("user", account),
            "username": account,
            "type": "p2p",
            "oddsFormat": "american",
            "displayBalance": decimal_of(self._exchange.accounts[account].cash + bets),
            "creditLimit": 0,
            "liability": -decimal_of(bets + rests),
            "commissionCharged": decimal_of(RATE),
            "hasMarketMakerAccess": True,
        }

    def _orders_of(self, account: str, reference: str | None = None) -> list[Order]:
        return [
            order
            for order in self._exchange.orders.values()
            if order.account == account and reference in (None, order.extra[REFERENCE])
        ]

    def unmatched(self, account: str, reference: str | None = None) -> list[Json]:
        open_orders = [order for order in self._orders_of(account, reference) if _is_open(order)]
        return [shapes.unmatched_row(self._listings.of(order.contract), order) for order in open_orders]

    def matched(self, account: str, reference: str | None = None) -> list[Json]:
        orders = [order for order in self._orders_of(account, reference) if order.state is not State.SETTLED]
        return [self._bet(order, match) for order in orders for match in order.fills]

    def _bet(self, order: Order, match: Match) -> Json:
        view = shapes.graded_row if order.state is State.SETTLED else shapes.matched_row
        return view(self._listings.of(order.contract), order, match, self.hits.get(match.id, ""))

    def by_reference(self, call: Call) -> Json:
        reference, game_id = call.text("userReference", 408), call.text("gameID", 408)
        orders = self._orders_of(call.account, reference)
        graded = [self._bet(o, match) for o in orders if o.state is State.SETTLED for match in o.fills]
        found = {
            "unmatched": self.unmatched(call.account, reference),
            "matched": self.matched(call.account, reference),
            "graded": graded,
        }
        return {name: [row for row in rows if row["game"]["id"] == game_id] for name, rows in found.items()}

    def graded(self, call: Call) -> Json:
        """By the start of the game."""
        query = call.request.query
        since = time_ms(query["startDate"]) if "startDate" in query else 0
        until = time_ms(query["endDate"]) if "endDate" in query else self._clock.now_ms()
        if since and until - since > _LONGEST_WINDOW_MS:
            raise Denial(400, "The window is capped at 35 days.")
        rows = [
            self._bet(order, match)
            for order in self._orders_of(call.account)
            if order.state is State.SETTLED
            and since <= self._listings.of(order.contract).fixture.start_time * 1000 < until
            for match in order.fills
        ]
        pnl = sum(Decimal(row["result"]) for row in rows)
        volume = sum(min(Decimal(row["risk"]), Decimal(row["win"])) for row in rows)
        return {"graded": rows, "summary": {"pnl": round(pnl), "volume": round(volume)}}

    def graded_since(self, call: Call) -> Json:
        query = call.request.query
        page = self.journal.page(call.account, query.get("since"), query.get("cursor"))
        return {
            "graded": [self._bet(order, match) for order, match in page.rows],
            "hasMore": page.has_more,
            "cursor": page.cursor,
            "settledThrough": time_text(page.through_ms),
        }

    def lookup(self, call: Call) -> Json:
        asked = call.text("orderID", 404)
        order = self._exchange.orders.get(request_id(asked))
        if order is None or offer_id(order) != asked:
            raise Denial(404, "Invalid order id")
        if order.account != call.account:
            raise Denial(403, "Not your order")
        told = {
            "id": asked,
            "cancelled": order.state is State.CANCELLED,
            "odds": shapes.american_of(order, order.price),
            "matchedRisk": shapes.cents(shapes.made(order)),
            "unmatchedRisk": shapes.cents(shapes.resting(order) if _is_open(order) else 0),
            "game": shapes.game_view(self._listings.of(order.contract)),
        }
        return {"order": told}


def _is_open(order: Order) -> bool:
    return order.state in (State.OPEN, State.PENDING)
