"""The account's side but for orders: positions, balance, settlements, order groups, limits, keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from hedgerow.core.money import MICRO
from hedgerow.sim.dialects.kalshi.amounts import cents, count_of, price_text
from hedgerow.sim.dialects.kalshi.errors import invalid, invalid_query, missing
from hedgerow.sim.dialects.kalshi.groups import HIGHEST_LIMIT, Group
from hedgerow.sim.dialects.kalshi.ledger import Position
from hedgerow.sim.dialects.kalshi.limits import costs_shape
from hedgerow.sim.dialects.kalshi.listings import Phase
from hedgerow.sim.dialects.kalshi.orders import decode
from hedgerow.sim.dialects.kalshi.pages import page
from hedgerow.sim.dialects.kalshi.shapes import portfolio as shapes
from hedgerow.sim.dialects.kalshi.terms import SHARD
from hedgerow.sim.dialects.kalshi.venue import Venue
from hedgerow.sim.dialects.kalshi.wire import ROOT, Call, Door
from hedgerow.sim.site import json_answer

Json = dict[str, Any]

_GROUPS = "/portfolio/order_groups"


class PortfolioRoutes:
    """Handlers over the ledger and the groups."""

    def __init__(self, venue: Venue, door: Door) -> None:
        self._venue, self._door = venue, door

    def routes(self) -> list[web.RouteDef]:
        door = self._door
        return [
            web.get(f"{ROOT}/portfolio/positions", door.reads(self._positions)),
            web.get(f"{ROOT}/portfolio/balance", door.reads(self._balance)),
            web.get(f"{ROOT}/portfolio/settlements", door.reads(self._settlements)),
            web.get(f"{ROOT}/portfolio/summary/total_resting_order_value", door.reads(self._resting_value)),
            web.post(f"{ROOT}{_GROUPS}/create", door.writes(self._create_group)),
            web.get(f"{ROOT}{_GROUPS}", door.reads(self._groups)),
            web.get(f"{ROOT}{_GROUPS}/{{group_id}}", door.reads(self._group)),
            web.delete(f"{ROOT}{_GROUPS}/{{group_id}}", door.writes(self._delete_group)),
            web.put(f"{ROOT}{_GROUPS}/{{group_id}}/{{change:reset|trigger}}", door.writes(self._change_group)),
            web.put(f"{ROOT}{_GROUPS}/{{group_id}}/limit", door.writes(self._limit_group)),
            web.get(f"{ROOT}/account/limits", door.reads(lambda _: self._venue.limits.shape())),
            web.get(f"{ROOT}/account/endpoint_costs", door.public(lambda _: costs_shape())),
            web.get(f"{ROOT}/api_keys", door.reads(self._keys)),
        ]

    # --- money and positions ---------------------------------------------------------------------------------

    def _balance(self, call: Call) -> Json:
        """Cash. Orders that rest are not taken off: free margin is the balance minus their value (sharding page)."""
        cash = self._venue.exchange.accounts[call.account].cash
        worth = sum(self._venue.worth(position) for position in self._open_positions(call.account))
        return {
            "balance": cents(cash),
            "balance_dollars": price_text(cash),
            "portfolio_value": cents(worth),
            "updated_ts": self._now_ms // 1000,
            "balance_breakdown": [{"exchange_index": SHARD, "balance": price_text(cash)}],
        }

    def _resting_value(self, call: Call) -> Json:
        orders = self._venue.exchange.open_orders(call.account)
        value = sum(order.risk_price(order.price) * order.remaining for order in orders) // MICRO
        breakdown = [{"exchange_index": SHARD, "balance": price_text(value)}]
        return {"total_resting_order_value": cents(value), "resting_order_value_breakdown": breakdown}

    def _positions(self, call: Call) -> Json:
        ticker, event = call.text("ticker"), call.text("event_ticker")
        chosen = [
            position
            for position in self._positions_by_status(call)
            if ticker in ("", position.ticker)
            and event in ("", self._event_of(position.ticker))
            and _has_any(position, call.texts("count_filter"))
        ]
        shown, cursor = page(chosen, lambda position: position.ticker, call.limit("GetPositions"), call.text("cursor"))
        by_event: dict[str, list[Position]] = {}
        for position in shown:
            by_event.setdefault(self._event_of(position.ticker), []).append(position)
        orders = self._venue.exchange.open_orders(call.account)
        resting = {p.ticker: sum(order.contract.ref == p.ticker for order in orders) for p in shown}
        return {
            "market_positions": [shapes.position_shape(p, resting[p.ticker]) for p in shown],
            "event_positions": [shapes.event_position_shape(ticker, p) for ticker, p in by_event.items()],
            "cursor": cursor,
        }

    def _positions_by_status(self, call: Call) -> Sequence[Position]:
        everything = self._venue.ledger.positions(call.account)
        unsettled = self._open_positions(call.account)
        match call.text("settlement_status") or "unsettled":
            case "all":
                return everything
            case "unsettled":
                return unsettled
            case "settled":
                return [position for position in everything if position not in unsettled]
            case _:
                raise invalid_query("GetPositions", "SettlementStatus", "oneof")

    def _open_positions(self, account: str) -> list[Position]:
        """Of markets that are not decided."""
        markets = self._venue.listings.markets
        positions = self._venue.ledger.positions(account)
        return [position for position in positions if markets[position.ticker].phase is not Phase.FINALIZED]

    def _settlements(self, call: Call) -> Json:
        ticker, event = call.text("ticker"), call.text("event_ticker")
        after, before = call.number("min_ts", "GetSettlements") or 0, call.number("max_ts", "GetSettlements")
        chosen = [
            row
            for row in reversed(self._venue.ledger.settlements(call.account))
            if ticker in ("", row.contract.ref)
            and event in ("", self._event_of(row.contract.ref))
            and row.at_ms // 1000 >= after
            and (before is None or row.at_ms // 1000 <= before)
        ]
        shown, cursor = page(chosen, lambda row: str(row.number), call.limit("GetSettlements"), call.text("cursor"))
        markets = self._venue.listings.markets
        rows = [shapes.settlement_shape(row, markets[row.contract.ref]) for row in shown]
        return {"settlements": rows, "cursor": cursor}

    # --- order groups and the account ------------------------------------------------------------------------

    def _create_group(self, call: Call) -> web.Response:
        group = self._venue.groups.create(call.account, _contracts_limit(decode(call.body)))
        return json_answer({"order_group_id": group.id, "subaccount": 0, "exchange_index": SHARD}, 201)

    def _groups(self, call: Call) -> Json:
        groups = self._venue.groups.of(call.account)
        return {"order_groups": [shapes.group_shape(group, with_orders=False) for group in groups]}

    def _group(self, call: Call) -> Json:
        return shapes.group_shape(self._named_group(call), with_orders=True)

    def _delete_group(self, call: Call) -> Json:
        self._venue.groups.delete(self._named_group(call))
        return {}

    def _change_group(self, call: Call) -> Json:
        group, groups = self._named_group(call), self._venue.groups
        change = groups.reset if call.part("change") == "reset" else groups.trigger
        change(group)
        return {}

    def _limit_group(self, call: Call) -> Json:
        self._venue.groups.set_limit(self._named_group(call), _contracts_limit(decode(call.body)))
        return {}

    def _named_group(self, call: Call) -> Group:
        return self._venue.groups.get(call.account, call.part("group_id"))

    def _keys(self, call: Call) -> Json:
        ids = self._venue.keyring.key_ids_of(call.account)
        return {"api_keys": [{"api_key_id": key, "name": "simulated", "scopes": ["read", "write"]} for key in ids]}

    @property
    def _now_ms(self) -> int:
        return self._venue.clock.now_ms()

    def _event_of(self, ticker: str) -> str:
        return self._venue.listings.markets[ticker].event.ticker


def _has_any(position: Position, names: list[str]) -> bool:
    """Whether one of the named numbers is not zero."""
    numbers = {"position": position.net, "total_traded": position.traded}
    return not names or any(numbers.get(name, 0) for name in names)


def _contracts_limit(body: Json) -> int:
    """contracts_limit (whole) or contracts_limit_fp; when both are given they must match."""
    whole, text = body.get("contracts_limit"), body.get("contracts_limit_fp")
    if whole is None and text is None:
        raise missing("contracts_limit")
    given = set()
    if whole is not None:
        given.add(whole * MICRO if isinstance(whole, int) and not isinstance(whole, bool) else None)
    if text is not None:
        given.add(count_of(text) if isinstance(text, str) else None)
    limit = given.pop()
    if given or limit is None or not MICRO <= limit <= HIGHEST_LIMIT:
        raise invalid("contracts_limit must be from 1 to 1000000")
    return int(limit)
