"""What the streams tell: of markets, the world's own and recorded ones, and of accounts' bets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hedgerow.core.money import decimal_of
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.betfair_ex import shapes, terms
from hedgerow.sim.dialects.betfair_ex.engine import BetfairEngine, is_executable, match_stake, odds_at, side_of
from hedgerow.sim.dialects.betfair_ex.journal import Journal
from hedgerow.sim.dialects.betfair_ex.listings import Listings, Market
from hedgerow.sim.order_events import LevelEvent, OrderEvent, TradeEvent
from hedgerow.sim.orders import Order

Json = dict[str, Any]


class MarketFeed:
    """Ladders, trades and definitions of the world's markets."""

    def __init__(self, exchange: BetfairEngine, listings: Listings, clock: WorldClock) -> None:
        self.journal = Journal("markets")
        self._exchange, self._listings, self._clock = exchange, listings, clock

    def defined(self, market: Market) -> None:
        self._tell({"id": market.id, "marketDefinition": shapes.definition(market)})

    def on_level(self, event: LevelEvent) -> None:
        """A back that rests is what can be laid."""
        market, selection = self._listings.of(event.contract)
        odds, stake = terms.LADDER.odds_of(event.price), terms.LADDER.at_risk(event.price, event.size, buys=True)
        ladder = "atl" if event.is_bid else "atb"
        self._tell({"id": market.id, "rc": [{"id": selection.id, ladder: [[decimal_of(odds), decimal_of(stake)]]}]})

    def on_trade(self, event: TradeEvent) -> None:
        """Volumes count both sides of a match."""
        market, selection = self._listings.of(event.contract)
        selection.last_odds = terms.LADDER.odds_of(event.price)
        selection.matched += 2 * terms.LADDER.at_risk(event.price, event.size, buys=True)
        told = {"id": selection.id, "ltp": decimal_of(selection.last_odds), "tv": decimal_of(selection.matched)}
        self._tell({"id": market.id, "rc": [told]})

    def image(self, market: Market) -> Json:
        runners = []
        for selection in market.selections:
            shown: Json = {"id": selection.id}
            for name, to_back in (("atb", True), ("atl", False)):
                rows = shapes.levels(self._exchange.book(selection.contract), to_back=to_back)
                shown[name] = [[decimal_of(odds), decimal_of(stake)] for odds, stake in rows]
            if selection.last_odds:
                shown |= {"ltp": decimal_of(selection.last_odds), "tv": decimal_of(selection.matched)}
            runners.append(shown)
        return {"id": market.id, "img": True, "marketDefinition": shapes.definition(market), "rc": runners}

    def _tell(self, change: Json) -> None:
        self.journal.add(change, self._clock.now_ms())


class OrderFeed:
    """One account's bets."""

    def __init__(self, account: str, exchange: BetfairEngine, listings: Listings, clock: WorldClock) -> None:
        self.journal = Journal(f"orders of {account}")
        self._account, self._exchange, self._listings, self._clock = account, exchange, listings, clock

    def on_order(self, event: OrderEvent) -> None:
        order = event.order
        market, selection = self._listings.of(order.contract)
        shown: Json = {"id": selection.id, "uo": [shapes.stream_order(order)]}
        if event.match is not None:
            odds = odds_at(order, event.match.price)
            rows = self._matched(selection.contract.ref, side_of(order))
            shown["mb" if side_of(order) == "BACK" else "ml"] = [[decimal_of(odds), decimal_of(rows[odds])]]
        self.journal.add({"id": market.id, "orc": [shown]}, self._clock.now_ms())

    def images(self) -> list[Json]:
        """Of every market with bets: the executable ones, and what was matched."""
        found: dict[str, Json] = {}
        for market, refs in self._markets().items():
            runners = [self._runner_image(ref, number) for ref, number in refs.items()]
            found[market] = {"id": market, "fullImage": True, "orc": runners}
        return list(found.values())

    def _runner_image(self, ref: str, number: int) -> Json:
        is_ours = (o for o in self._exchange.open_orders(self._account) if o.contract.ref == ref)
        executable = [order for order in is_ours if is_executable(order)]
        shown: Json = {"fullImage": True, "id": number, "uo": [shapes.stream_order(order) for order in executable]}
        for name, side in (("mb", "BACK"), ("ml", "LAY")):
            rows = self._matched(ref, side)
            shown[name] = [[decimal_of(odds), decimal_of(stake)] for odds, stake in rows.items()]
        return shown

    def _markets(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for order in self._orders():
            market, selection = self._listings.of(order.contract)
            found.setdefault(market.id, {})[order.contract.ref] = selection.id
        return found

    def _matched(self, ref: str, side: str) -> dict[int, int]:
        """Stakes by odds, micros."""
        rows: dict[int, int] = {}
        for order in self._exchange.traded_orders(self._account):
            if order.contract.ref == ref and side_of(order) == side:
                for match in order.fills:
                    odds = odds_at(order, match.price)
                    rows[odds] = rows.get(odds, 0) + match_stake(order, match)
        return rows

    def _orders(self) -> Iterable[Order]:
        return [order for order in self._exchange.orders.values() if order.account == self._account]
