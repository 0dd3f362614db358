"""Placing, cancelling, replacing and updating bets, and the reports about it.

A batch is taken whole or not at all; whatever can be refused is looked at before the first bet. A replacement is a
cancel and then a new bet with another id.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hedgerow.core.money import MICRO, InexactAmountError, decimal_of, micros
from hedgerow.core.states import Side
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.betfair_ex import requests, terms
from hedgerow.sim.dialects.betfair_ex.engine import (
    BetfairEngine,
    Meta,
    Parts,
    is_executable,
    meta_of,
    odds_of,
    side_of,
    stake_of,
)
from hedgerow.sim.dialects.betfair_ex.errors import Failed
from hedgerow.sim.dialects.betfair_ex.listings import Listings, Market
from hedgerow.sim.dialects.betfair_ex.shapes import iso
from hedgerow.sim.orders import CLOSED, FUNDS, NOT_FILLED, SCRIPTED, Leg, Order, OrderKind, Rejection

Json = dict[str, Any]

_SIDES = {"BACK": Side.BUY, "LAY": Side.SELL}
_PERSISTENCE = ("LAPSE", "PERSIST", "MARKET_ON_CLOSE")
_KILL = "FILL_OR_KILL"
_REMEMBERED_S = 60
_LONGEST_REF = 32


class Desk:
    """All accounts' bets."""

    def __init__(self, exchange: BetfairEngine, clock: WorldClock, listings: Listings) -> None:
        self._exchange, self._clock, self._listings = exchange, clock, listings
        self._refs: dict[tuple[str, str], int] = {}

    def clear(self) -> None:
        self._refs.clear()

    # --- placing ------------------------------------------------------------------------------------------------

    def place(self, account: str, asked: requests.PlaceOrders) -> Json:
        def act() -> list[Json]:
            market = self._market(asked.market_id)
            if not 0 < len(asked.instructions) <= terms.MOST_INSTRUCTIONS:
                raise Failed("TOO_MANY_INSTRUCTIONS")
            for instruction in asked.instructions:
                self._check(market, instruction)
            return [self._place(account, market, one, asked.customer_strategy_ref) for one in asked.instructions]

        return self._report(account, asked.market_id, asked.customer_ref, act, asked.instructions)

    def _check(self, market: Market, told: requests.PlaceInstruction) -> None:
        """Raises Failed."""
        order, selection = told.limit_order, market.selection(told.selection_id)
        if told.order_type != "LIMIT" or order is None:
            raise Failed("BET_ACTION_ERROR", "INVALID_ORDER_TYPE")
        if selection is None or told.handicap:
            raise Failed("BET_ACTION_ERROR", "INVALID_RUNNER")
        if told.side not in _SIDES or len(told.customer_order_ref) > _LONGEST_REF:
            raise Failed("BET_ACTION_ERROR", "INVALID_CUSTOMER_ORDER_REF" if told.side in _SIDES else "ERROR_IN_ORDER")
        if (order.time_in_force == _KILL) == (order.persistence_type in _PERSISTENCE):
            raise Failed("BET_ACTION_ERROR", "INVALID_PERSISTENCE_TYPE")
        if market.status == "SUSPENDED":
            raise Failed("MARKET_SUSPENDED", "ERROR_IN_ORDER")
        if market.status != "OPEN":
            raise Failed("MARKET_NOT_OPEN_FOR_BETTING", "ERROR_IN_ORDER")
        odds, size = _exact(order.price, "INVALID_ODDS"), _exact(order.size, "INVALID_BET_SIZE")
        if terms.LADDER.price_of(max(odds, MICRO + 1)) is None:
            raise Failed("BET_ACTION_ERROR", "INVALID_ODDS")
        is_small = size < terms.LEAST_STAKE and size * odds // MICRO < terms.LEAST_PAYOUT
        if size <= 0 or size % terms.CENT or is_small:
            raise Failed("BET_ACTION_ERROR", "INVALID_BET_SIZE")

    def _place(self, account: str, market: Market, told: requests.PlaceInstruction, strategy: str) -> Json:
        order, selection = told.limit_order, market.selection(told.selection_id)
        assert order is not None
        assert selection is not None
        odds, stake = micros(order.price), micros(order.size)
        persistence = order.persistence_type or "LAPSE"
        meta = Meta(stake, told.customer_order_ref, strategy, persistence, self._clock.now_ms())
        kind = OrderKind.RESTS
        if order.time_in_force == _KILL:
            kind = OrderKind.IMMEDIATE if order.min_fill_size is not None else OrderKind.ALL_OR_NONE
        price = terms.LADDER.price_of(odds)
        assert price is not None
        instruction = _instruction(told)
        try:
            placed = self._exchange.place(
                account,
                selection.contract,
                Leg.YES,
                _SIDES[told.side],
                price,
                stake * odds // MICRO,
                reference=self._reference(account, told.customer_order_ref),
                kind=kind,
                delay_s=market.bet_delay_s,
                extra={"meta": meta, "persistence": persistence},
            )
        except Rejection as rejection:
            if rejection.why == NOT_FILLED:
                return self._killed(instruction)
            raise _failure(rejection) from None
        return self._placed(placed, instruction)

    def _placed(self, order: Order, instruction: Json) -> Json:
        parts = Parts.of(order)
        status = "EXECUTABLE" if is_executable(order) else "EXECUTION_COMPLETE"
        if parts.lapsed:
            status = "EXPIRED"
        return {
            "status": "SUCCESS",
            "instruction": instruction,
            "betId": order.id,
            "placedDate": iso(meta_of(order).placed_ms),
            "averagePriceMatched": parts.average,
            "sizeMatched": decimal_of(parts.matched),
            "orderStatus": status,
        }

    def _killed(self, instruction: Json) -> Json:
        """A fill-or-kill order that could not be filled has an id, and nothing else."""
        return {
            "status": "SUCCESS",
            "instruction": instruction,
            "betId": self._exchange.next_order_id(),
            "placedDate": iso(self._clock.now_ms()),
            "averagePriceMatched": Decimal(0),
            "sizeMatched": Decimal(0),
            "orderStatus": "EXPIRED",
        }

    # --- changing -----------------------------------------------------------------------------------------------

    def cancel(self, account: str, asked: requests.CancelOrders) -> Json:
        """Without instructions a whole market, without anything all that rests."""
        if asked.instructions:
            instructions = asked.instructions
            act = lambda: [self._cancel(account, one) for one in instructions]  # noqa: E731
        else:
            act = lambda: [  # noqa: E731
                self._cancel(account, requests.CancelInstruction(order.id))
                for order in self._exchange.open_orders(account)
                if asked.market_id in (None, self._listings.of(order.contract)[0].id)
            ]
        return self._report(account, asked.market_id, asked.customer_ref, act, [])

    def _cancel(self, account: str, told: requests.CancelInstruction) -> Json:
        order = self._exchange.orders.get(told.bet_id)
        told_back: Json = {"betId": told.bet_id}
        if order is None or order.account != account:
            return {"status": "FAILURE", "errorCode": "INVALID_BET_ID", "instruction": told_back, "sizeCancelled": 0}
        if not is_executable(order):
            code = "BET_TAKEN_OR_LAPSED"
            return {"status": "FAILURE", "errorCode": code, "instruction": told_back, "sizeCancelled": 0}
        rests = stake_of(order, order.price, order.remaining)
        less = rests if told.size_reduction is None else min(rests, micros(told.size_reduction))
        meta = meta_of(order)
        meta.cancelled += less
        meta.cancelled_ms = self._clock.now_ms()
        if less == rests:
            self._exchange.cancel(order, "cancelled")
        else:
            self._exchange.amend(order, order.price, order.size - less * odds_of(order) // MICRO)
        return {
            "status": "SUCCESS",
            "instruction": told_back,
            "sizeCancelled": decimal_of(less),
            "cancelledDate": iso(meta.cancelled_ms),
        }

    def replace(self, account: str, asked: requests.ReplaceOrders) -> Json:
        act = lambda: [self._replace(account, asked.market_id, one) for one in asked.instructions]  # noqa: E731
        return self._report(account, asked.market_id, asked.customer_ref, act, asked.instructions)

    def _replace(self, account: str, market_id: str, told: requests.ReplaceInstruction) -> Json:
        order = self._exchange.orders.get(told.bet_id)
        rests = stake_of(order, order.price, order.remaining) if order is not None else 0
        cancelled = self._cancel(account, requests.CancelInstruction(told.bet_id))
        if cancelled["status"] != "SUCCESS" or order is None:
            code = cancelled["errorCode"]
            return {"status": "FAILURE", "errorCode": code, "cancelInstructionReport": cancelled}
        meta, (market, selection) = meta_of(order), self._listings.of(order.contract)
        limit = requests.LimitOrder(decimal_of(rests), told.new_price, meta.persistence)
        new = requests.PlaceInstruction("LIMIT", selection.id, side_of(order), limit, customer_order_ref=meta.ref)
        try:
            self._check(market, new)
            placed = self._place(account, market, new, meta.strategy)
        except Failed as failed:
            report: Json = {"status": "FAILURE", "errorCode": failed.instruction, "instruction": _instruction(new)}
            return {
                "status": "FAILURE",
                "errorCode": "CANCELLED_NOT_PLACED",
                "cancelInstructionReport": cancelled,
                "placeInstructionReport": report,
            }
        return {"status": "SUCCESS", "cancelInstructionReport": cancelled, "placeInstructionReport": placed}

    def update(self, account: str, asked: requests.UpdateOrders) -> Json:
        """Changes what becomes of bets at the off, and nothing else."""

        def change(told: requests.UpdateInstruction) -> Json:
            order, shown = self._exchange.orders.get(told.bet_id), {"betId": told.bet_id}
            if order is None or order.account != account or not is_executable(order):
                return {"status": "FAILURE", "errorCode": "BET_TAKEN_OR_LAPSED", "instruction": shown}
            meta_of(order).persistence = order.extra["persistence"] = told.new_persistence_type
            return {"status": "SUCCESS", "instruction": shown}

        act = lambda: [change(one) for one in asked.instructions]  # noqa: E731
        return self._report(account, asked.market_id, asked.customer_ref, act, asked.instructions)

    # --- reports ------------------------------------------------------------------------------------------------

    def _report(
        self, account: str, market_id: str | None, ref: str, act: Callable[[], list[Json]], instructions: list[Any]
    ) -> Json:
        shown = {name: text for name, text in (("marketId", market_id), ("customerRef", ref)) if text}
        try:
            self._once(account, ref)
            reports = act()
        except Failed as failed:
            told = [
                {"status": "FAILURE", "errorCode": failed.instruction or failed.code, "instruction": _instruction(one)}
                for one in instructions
                if isinstance(one, requests.PlaceInstruction)
            ]
            return {**shown, "status": "FAILURE", "errorCode": failed.code, "instructionReports": told}
        bad = sum(report["status"] != "SUCCESS" for report in reports)
        if not bad:
            return {**shown, "status": "SUCCESS", "instructionReports": reports}
        code = "BET_ACTION_ERROR" if bad == len(reports) else "PROCESSED_WITH_ERRORS"
        status = "FAILURE" if bad == len(reports) else "PROCESSED_WITH_ERRORS"
        return {**shown, "status": status, "errorCode": code, "instructionReports": reports}

    def _once(self, account: str, ref: str) -> None:
        """Raises Failed for a reference of the last minute."""
        if not ref:
            return
        now_ms = self._clock.now_ms()
        if len(ref) > _LONGEST_REF or now_ms - self._refs.get((account, ref), 0) < _REMEMBERED_S * 1_000:
            raise Failed("DUPLICATE_TRANSACTION" if len(ref) <= _LONGEST_REF else "INVALID_ORDER")
        self._refs = {key: at for key, at in self._refs.items() if now_ms - at < _REMEMBERED_S * 1_000}
        self._refs[account, ref] = now_ms

    def _market(self, market_id: str) -> Market:
        market = self._listings.markets.get(market_id)
        if market is None:
            raise Failed("INVALID_MARKET_ID", "ERROR_IN_ORDER")
        return market

    def _reference(self, account: str, ref: str) -> str:
        """The engine's name of a bet is unique, the customer's need not be."""
        if ref and self._exchange.find(account, ref) is None:
            return ref
        return f"{ref}#{len(self._exchange.orders)}"


def _exact(value: Decimal, code: str) -> int:
    try:
        return micros(value)
    except InexactAmountError:
        raise Failed("BET_ACTION_ERROR", code) from None


def _failure(rejection: Rejection) -> Failed:
    match rejection.why:
        case why if why == FUNDS:
            return Failed("INSUFFICIENT_FUNDS", "ERROR_IN_ORDER")
        case why if why == CLOSED:
            return Failed("MARKET_NOT_OPEN_FOR_BETTING", "ERROR_IN_ORDER")
        case why if why == SCRIPTED:
            return Failed(str(rejection) if str(rejection) != SCRIPTED else "BET_ACTION_ERROR", "ERROR_IN_ORDER")
        case _:
            return Failed("BET_ACTION_ERROR", "ERROR_IN_ORDER")


def _instruction(told: Any) -> Json:
    """The instruction as the report repeats it."""
    if not isinstance(told, requests.PlaceInstruction):
        return {"betId": told.bet_id}
    shown: Json = {"selectionId": told.selection_id, "handicap": told.handicap}
    if (order := told.limit_order) is not None:
        shown["limitOrder"] = {"size": order.size, "price": order.price, "persistenceType": order.persistence_type}
    if told.customer_order_ref:
        shown["customerOrderRef"] = told.customer_order_ref
    return {**shown, "orderType": told.order_type, "side": told.side}
