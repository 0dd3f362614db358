"""The operations that only read: markets, books, bets, money."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from hedgerow.core.money import decimal_of
from hedgerow.core.states import SettlementStatus
from hedgerow.sim import commission
from hedgerow.sim.dialects.betfair_ex import requests, shapes, terms
from hedgerow.sim.dialects.betfair_ex.engine import BetfairEngine, is_executable, meta_of
from hedgerow.sim.dialects.betfair_ex.errors import Fault
from hedgerow.sim.dialects.betfair_ex.listings import Listings, Market
from hedgerow.sim.orders import Order, State

Json = dict[str, Any]

_BEST = 3


class Reads:
    """Answers questions about one world."""

    def __init__(self, exchange: BetfairEngine, listings: Listings) -> None:
        self._exchange, self._listings = exchange, listings

    # --- markets ------------------------------------------------------------------------------------------------

    def event_types(self, asked: requests.ListEventTypes) -> list[Json]:
        found = {market.event_type for market in self._filtered(asked.filter)}
        counts = {kind: sum(market.event_type == kind for market in self._listings.markets.values()) for kind in found}
        return [
            {"eventType": {"id": str(number), "name": name}, "marketCount": counts[number, name]}
            for number, name in sorted(found)
        ]

    def catalogue(self, asked: requests.ListMarketCatalogue) -> list[Json]:
        """Closed markets are not in it."""
        if not 0 < asked.max_results <= terms.PAGE:
            raise Fault("TOO_MUCH_DATA" if asked.max_results > 0 else "INVALID_INPUT_DATA")
        markets = [market for market in self._filtered(asked.filter) if market.status != "CLOSED"]
        markets.sort(key=lambda market: (market.fixture.start_time, market.id))
        return [shapes.catalogue(market, asked.market_projection) for market in markets[: asked.max_results]]

    def _filtered(self, wanted: requests.MarketFilter) -> Iterable[Market]:
        for market in self._listings.markets.values():
            tests = (
                (wanted.event_type_ids, str(market.event_type[0])),
                (wanted.event_ids, str(market.event_id)),
                (wanted.market_ids, market.id),
                (wanted.market_type_codes, "MATCH_ODDS"),
            )
            if any(allowed and value not in allowed for allowed, value in tests):
                continue
            if _within(wanted.market_start_time, market.fixture.start_time * 1_000):
                yield market

    def books(self, account: str, asked: requests.ListMarketBook) -> list[Json]:
        """Unknown markets are left out."""
        data = asked.price_projection.price_data if asked.price_projection else []
        depth = None if "EX_ALL_OFFERS" in data else _BEST if "EX_BEST_OFFERS" in data else 0
        if len(asked.market_ids) * (17 if depth is None else 5 if depth else 2) > 200:
            raise Fault("TOO_MUCH_DATA")
        found = []
        for market in (self._listings.markets.get(number) for number in asked.market_ids):
            if market is None:
                continue
            books = {one.contract.ref: self._exchange.book(one.contract) for one in market.selections}
            orders = None
            if asked.order_projection is not None:
                if asked.match_projection != "NO_ROLLUP":
                    raise Fault("INVALID_INPUT_DATA", "only NO_ROLLUP is played")
                orders = [o for o in self._bets(account, asked) if self._listings.of(o.contract)[0] is market]
            found.append(shapes.market_book(market, books, depth, orders))
        if self._exchange.faults.behaviour.duplicateFills:
            for runner in (runner for book in found for runner in book["runners"] if "matches" in runner):
                runner["matches"] = [match for match in runner["matches"] for _ in range(2)]
        return found

    def _bets(self, account: str, asked: requests.ListMarketBook) -> list[Order]:
        found = self._named(account, asked.bet_ids) if asked.bet_ids else self._orders(account)
        return [order for order in found if _is_shown(order, asked.order_projection or "ALL")]

    # --- bets ---------------------------------------------------------------------------------------------------

    def current(self, account: str, asked: requests.ListCurrentOrders) -> Json:
        """Settled bets are no longer there. By the time of matches: only bets that have any, by their last."""
        by_match = asked.order_by == "BY_MATCH_TIME"
        if asked.order_by not in ("BY_BET", "BY_MATCH_TIME"):
            raise Fault("INVALID_INPUT_DATA", f"{asked.order_by} is not played")
        rows = []
        for order in self._candidates(account, asked):
            market, selection = self._listings.of(order.contract)
            meta = meta_of(order)
            tests = (
                (asked.market_ids, market.id),
                (asked.customer_order_refs, meta.ref),
                (asked.customer_strategy_refs, meta.strategy),
            )
            is_settled = order.state is State.SETTLED or (market.is_decided and not is_executable(order))
            if is_settled or any(allowed and value not in allowed for allowed, value in tests):
                continue
            at_ms = order.fills[-1].at_ms if by_match else meta.placed_ms
            if _is_shown(order, asked.order_projection) and _within(asked.date_range, at_ms):
                rows.append(shapes.current_order(order, market.id, selection.id))
        page, more = _page(rows, asked.from_record, asked.record_count)
        return {"currentOrders": page, "moreAvailable": more}

    def cleared(self, account: str, asked: requests.ListClearedOrders) -> Json:
        """By bet, or summed by market with the commission."""
        orders = []
        for order in self._named(account, asked.bet_ids) if asked.bet_ids else self._orders(account):
            market, _ = self._listings.of(order.contract)
            tests = (
                (asked.market_ids, market.id),
                (asked.customer_order_refs, meta_of(order).ref),
            )
            if any(allowed and value not in allowed for allowed, value in tests):
                continue
            if self._cleared_as(order, market) == asked.bet_status and _within(
                asked.settled_date_range, meta_of(order).settled_ms or meta_of(order).placed_ms
            ):
                orders.append(order)
        rows = [shapes.cleared_order(one, *self._place_of(one)) for one in orders]
        if asked.group_by == "MARKET":
            rows = _by_market(orders, rows)
        page, more = _page(rows, asked.from_record, asked.record_count)
        return {"clearedOrders": page, "moreAvailable": more}

    def _place_of(self, order: Order) -> tuple[Market, int]:
        market, selection = self._listings.of(order.contract)
        return market, selection.id

    @staticmethod
    def _cleared_as(order: Order, market: Market) -> str:
        if order.fills and market.is_decided:
            return "VOIDED" if order.settlement is SettlementStatus.VOID else "SETTLED"
        if is_executable(order) or order.fills:
            return ""
        return "CANCELLED" if meta_of(order).cancelled else "LAPSED"

    def _candidates(self, account: str, asked: requests.ListCurrentOrders) -> list[Order]:
        """The fewest of the account's bets among which all must be that are asked for."""
        if asked.order_by == "BY_MATCH_TIME":
            matched = [order for order in self._exchange.traded_orders(account) if order.fills]
            named = set(asked.bet_ids or ())
            found = [order for order in matched if not named or order.id in named]
            return sorted(found, key=lambda order: order.fills[-1].at_ms)
        if asked.bet_ids:
            return self._named(account, asked.bet_ids)
        return self._exchange.open_orders(account) if asked.order_projection == "EXECUTABLE" else self._orders(account)

    def _named(self, account: str, bet_ids: Iterable[str]) -> list[Order]:
        found = (self._exchange.orders.get(bet_id) for bet_id in dict.fromkeys(bet_ids))
        return [order for order in found if order is not None and order.account == account]

    def _orders(self, account: str) -> list[Order]:
        return [order for order in self._exchange.orders.values() if order.account == account]

    # --- money --------------------------------------------------------------------------------------------------

    def funds(self, account: str) -> Json:
        """exposure: what open and matched bets can lose, which is not in the balance."""
        matched = sum(
            order.at_risk(match.price, match.size)
            for order in self._exchange.traded_orders(account)
            if order.state is not State.SETTLED
            for match in order.fills
        )
        return {
            "availableToBetBalance": decimal_of(self._exchange.free_cash(account)),
            "exposure": -decimal_of(self._exchange.held_cash(account) + matched),
            "retainedCommission": Decimal(0),
            "exposureLimit": Decimal(-1_000_000),
            "discountRate": Decimal(0),
            "pointsBalance": 0,
            "wallet": "UK",
        }

    @staticmethod
    def details() -> Json:
        return {
            "currencyCode": terms.CURRENCY,
            "firstName": "Demo",
            "lastName": "Account",
            "localeCode": "en",
            "region": "GBR",
            "timezone": "GMT",
            "discountRate": Decimal(0),
            "pointsBalance": 0,
            "countryCode": "GB",
        }


def _by_market(orders: list[Order], rows: list[Json]) -> list[Json]:
    sums: dict[str, Json] = {}
    for order, row in zip(orders, rows, strict=True):
        start = {"marketId": row["marketId"], "profit": Decimal(0), "commission": Decimal(0), "betCount": 0}
        whole = sums.setdefault(row["marketId"], start)
        whole["profit"] += row["profit"]
        whole["commission"] += decimal_of(commission.taken_of(order))
        whole["betCount"] += 1
        whole["settledDate"] = row["settledDate"]
    return list(sums.values())


def _is_shown(order: Order, projection: str) -> bool:
    if projection == "ALL":
        return True
    return is_executable(order) == (projection == "EXECUTABLE")


def _within(span: requests.TimeRange | None, at_ms: int) -> bool:
    if span is None:
        return True
    return (span.from_ is None or at_ms >= _ms(span.from_)) and (span.to is None or at_ms <= _ms(span.to))


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1_000)


def _page(rows: list[Json], start: int, count: int) -> tuple[list[Json], bool]:
    size = min(count or terms.PAGE, terms.PAGE)
    return rows[start : start + size], len(rows) > start + size
