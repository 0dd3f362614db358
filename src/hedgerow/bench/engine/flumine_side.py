"""flumine's side of bench engine. Run by the Python that has flumine: `flumine_side.py FILE quotes|watches`.

Imports nothing of ours. Its strategy does what a flumine user would write for a bid and an ask on every runner: each
joins the best price of its side, and is replaced when that price moves.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

from flumine import BaseStrategy, FlumineSimulation, clients  # type: ignore[import-not-found]
from flumine.order.order import OrderStatus  # type: ignore[import-not-found]
from flumine.order.ordertype import LimitOrder  # type: ignore[import-not-found]
from flumine.order.trade import Trade  # type: ignore[import-not-found]
from flumine.streams.betfairhistoricalstream import BetfairHistoricalStream  # type: ignore[import-not-found]

STAKE = 2.0
NO_BOUND = 1e9


class Follow(BaseStrategy):  # type: ignore[misc]
    """Joins the best prices. context["quotes"]: False to watch alone."""

    def start(self, *_: Any) -> None:
        self.resting: dict[tuple[int, str], Any] = {}
        self.orders = 0

    def check_market_book(self, market: Any, market_book: Any) -> bool:
        return bool(market_book.status == "OPEN")

    def process_market_book(self, market: Any, market_book: Any) -> None:
        if not self.context["quotes"]:
            return
        for runner in market_book.runners:
            if runner.status == "ACTIVE":
                self._follow(market, runner, "BACK", runner.ex.available_to_lay)
                self._follow(market, runner, "LAY", runner.ex.available_to_back)

    def _follow(self, market: Any, runner: Any, side: str, levels: Any) -> None:
        if not levels:
            return
        price, key = levels[0]["price"], (runner.selection_id, side)
        order = self.resting.get(key)
        if order is None or order.complete:
            trade = Trade(market.market_id, runner.selection_id, runner.handicap, self)
            order = trade.create_order(side, LimitOrder(price, STAKE))
            if market.place_order(order):
                self.resting[key] = order
                self.orders += 1
        elif order.status == OrderStatus.EXECUTABLE and order.order_type.price != price:
            market.replace_order(order, price)
            self.resting.pop(key)  # the order that replaces it is a new one
            self.orders += 1

    def process_orders(self, market: Any, orders: list[Any]) -> None:
        for order in orders:
            if not order.complete:
                self.resting[order.selection_id, order.side] = order


def main(path: str, mode: str) -> None:
    logging.disable(logging.CRITICAL)
    framework = FlumineSimulation(client=clients.SimulatedClient(min_bet_validation=False))
    strategy = Follow(
        stream=BetfairHistoricalStream(path),
        context={"quotes": mode == "quotes"},
        max_order_exposure=NO_BOUND,
        max_selection_exposure=NO_BOUND,
        max_live_trade_count=1_000_000,
        multi_order_trades=True,
    )
    framework.add_strategy(strategy)
    started = time.perf_counter()
    framework.run()
    sys.stdout.write(json.dumps({"seconds": time.perf_counter() - started, "orders": strategy.orders}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
