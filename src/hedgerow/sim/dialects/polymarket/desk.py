"""The order desk: takes checked orders to the engine and answers in the venue's words.

Between the HTTP routes, which know who asks, and the exchange, which knows the book. Sources: the Polymarket sheet,
sections 4 and 7; the venue's pages on order life cycle and on matching engine restarts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hedgerow.core.money import MICRO, decimal_of
from hedgerow.core.states import Side
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.polymarket.markets import LOT, Listings, Market
from hedgerow.sim.dialects.polymarket.orders import (
    CROSSES_BOOK,
    NO_MATCH,
    NOT_FILLED,
    NOT_READY,
    Instruction,
    Level,
    OrderType,
    Posting,
    Refusal,
    buy_for,
    check_owner,
    check_signature,
    check_terms,
)
from hedgerow.sim.dialects.polymarket.shapes import Json, Paper, levels, order_view, paper_of, text
from hedgerow.sim.dialects.polymarket.trades import TradeLog
from hedgerow.sim.dialects.polymarket.wallets import ApiKey
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import CLOSED, CROSSES, FUNDS, Leg, Order, Rejection, State
from hedgerow.sim.orders import NOT_FILLED as KILLED

GONE = "order can't be found - already canceled or matched"
DELAYED = "order is delayed and can't be canceled"
_LEAST_MARKETABLE = MICRO
_POST_ONLY_S = 120


class Mode(StrEnum):
    """What the venue takes at all."""

    OPEN = "open"
    POST_ONLY = "post_only"  # the two minutes after a restart
    CANCEL_ONLY = "cancel_only"
    RESTARTING = "restarting"
    DISABLED = "disabled"


@dataclass(slots=True)
class Desk:
    """Orders of all wallets. `mode`, `version` and `closed_only` (account names) may be set at any time."""

    exchange: Exchange
    listings: Listings
    trades: TradeLog
    clock: WorldClock
    seconds_delay: int
    tell_delayed: Callable[[Order], None]
    mode: Mode = Mode.OPEN
    version: int = 2
    closed_only: frozenset[str] = frozenset()

    def check_mode(self, *, places: bool) -> None:
        """Whether the venue takes orders (`places`) or cancellations now. Raises Refusal."""
        if self.mode is Mode.RESTARTING:
            raise Refusal("the matching engine is restarting", 425)
        if self.mode is Mode.DISABLED:
            raise Refusal("Trading is currently disabled. Check polymarket.com for updates", 503)
        if self.mode is Mode.CANCEL_ONLY and places:
            raise Refusal(
                "Trading is currently cancel-only. New orders are not accepted, but cancels are allowed.", 503
            )

    def place(self, key: ApiKey, posting: Posting) -> Json:
        """Takes one order in and answers what became of it. Raises Refusal."""
        if self.mode is Mode.POST_ONLY and not posting.post_only:
            raise Refusal(
                "post-only mode: only post-only orders and cancels are allowed",
                503,
                {"code": "post_only_mode", "retry_after_seconds": _POST_ONLY_S},
            )
        self.check_owner(key, posting)
        market = self.listings.of_token(posting.order.token_id)
        if market is None:
            raise Refusal(f"the orderbook {posting.order.token_id} does not exist")
        order_id = check_signature(
            posting.order.struct(),
            posting.order.signature,
            key.wallet.address,
            neg_risk=market.neg_risk,
            version=self.version,
        )
        if order_id in self.exchange.orders:
            raise Refusal(f"order {order_id} is invalid. Duplicated.")
        wanted = check_terms(posting, order_id, market.contract.grid, market.min_size, self.clock.now_ms())
        if not market.contract.is_open:
            raise Refusal(NOT_READY)
        order = self._send(key, posting, wanted, market)
        if order.state is State.PENDING:
            self.tell_delayed(order)
        return self._reply(order)

    def check_owner(self, key: ApiKey, posting: Posting) -> None:
        """Whether the key may post the order. Raises Refusal."""
        check_owner(posting, key)
        if key.wallet.account in self.closed_only and posting.order.side == "BUY":
            raise Refusal(f"'{key.wallet.address}' address in closed only mode")

    def cancel(self, orders: Iterable[Order]) -> Json:
        """Takes orders out of the book, in the shape of every cancellation's answer."""
        canceled, not_canceled = [], {}
        for order in orders:
            if order.state is State.PENDING:
                not_canceled[order.id] = DELAYED
            elif self.exchange.cancel(order):
                canceled.append(order.id)
        return {"canceled": canceled, "not_canceled": not_canceled}

    def cancel_ids(self, key: ApiKey, order_ids: Iterable[str]) -> Json:
        """Cancels orders by their ids; what does not rest for the wallet is not canceled, and says so."""
        resting, gone = [], {}
        for order_id in dict.fromkeys(order_ids):
            order = self.find(key, order_id)
            if order is None:
                gone[order_id] = GONE
            else:
                resting.append(order)
        answer = self.cancel(resting)
        return {**answer, "not_canceled": {**gone, **answer["not_canceled"]}}

    def cancel_of_key(self, api_key: str) -> None:
        """Cancels what was posted with an API key: the dead-man's switch."""
        self.cancel(order for order in self.exchange.open_orders() if paper_of(order).owner == api_key)

    def find(self, key: ApiKey, order_id: str) -> Order | None:
        """The wallet's order, while it rests or waits."""
        order = self.exchange.orders.get(order_id)
        if order is None or order.account != key.wallet.account or order.state not in (State.OPEN, State.PENDING):
            return None
        return order

    def resting(self, key: ApiKey, *, market: str = "", asset_id: str = "") -> list[Order]:
        """The wallet's open orders, newest first; of one market or token where they are named."""
        found = []
        for order in reversed(self.exchange.open_orders(key.wallet.account)):
            listed = self.market_of(order)
            if (not market or market.lower() == listed.condition_id) and (
                not asset_id or asset_id == listed.token(order.leg)
            ):
                found.append(order)
        return found

    def view(self, order: Order) -> Json:
        return order_view(order, self.market_of(order), self.trades.ids_of(order))

    def market_of(self, order: Order) -> Market:
        market = self.listings.of_contract(order.contract)
        assert market is not None, "every contract of the venue is listed"
        return market

    # --- inside ----------------------------------------------------------------------------------------------

    def _send(self, key: ApiKey, posting: Posting, wanted: Instruction, market: Market) -> Order:
        leg = market.leg(posting.order.token_id)
        bids, asks = levels(self.exchange.book(market.contract), leg)
        offers = asks if wanted.side is Side.BUY else bids
        crosses = bool(offers) and (
            offers[0][0] <= wanted.price if wanted.side is Side.BUY else offers[0][0] >= wanted.price
        )
        price, size = self._price_and_size(posting, wanted, offers, crosses=crosses)
        delay_s = self.seconds_delay if crosses and market.fixture.live else 0
        is_delayed = bool(delay_s or self.exchange.faults.behaviour.acceptDelayMs)
        paper = Paper(
            key.key, key.wallet.funder, wanted.order_type.value, posting.order.expiration, was_delayed=is_delayed
        )
        try:
            return self.exchange.place(
                key.wallet.account,
                market.contract,
                leg,
                wanted.side,
                price,
                size,
                reference=wanted.order_id,
                order_id=wanted.order_id,
                kind=wanted.order_type.kind,
                post_only=posting.post_only,
                needs_holding=True,
                expires_ms=wanted.expires_ms,
                delay_s=delay_s,
                extra={"paper": paper},
            )
        except Rejection as rejection:
            raise self._refusal(rejection, key, posting, market, leg) from None

    def _price_and_size(
        self, posting: Posting, wanted: Instruction, offers: Sequence[Level], *, crosses: bool
    ) -> Level:
        """What goes to the book: a market order's are what its money and the book allow. Raises Refusal."""
        if crosses and wanted.side is Side.BUY and int(posting.order.maker_amount) < _LEAST_MARKETABLE:
            worth = decimal_of(int(posting.order.maker_amount))
            raise Refusal(f"invalid amount for a marketable BUY order (${worth}), min size: $1")
        if wanted.order_type.rests:
            return wanted.price, wanted.size
        nothing = NOT_FILLED if wanted.order_type is OrderType.FOK else NO_MATCH
        if not crosses:
            raise Refusal(nothing)
        if not wanted.money:
            return wanted.price, wanted.size // LOT * LOT
        purchase = buy_for(wanted.money, wanted.price, offers)
        if not purchase.size or (wanted.order_type is OrderType.FOK and not purchase.is_spent):
            raise Refusal(nothing)
        return purchase.worst_price, purchase.size

    def _refusal(self, rejection: Rejection, key: ApiKey, posting: Posting, market: Market, leg: Leg) -> Refusal:
        """The engine's no in the venue's words."""
        match rejection.why:
            case why if why == CROSSES:
                return Refusal(CROSSES_BOOK)
            case why if why == KILLED:
                return Refusal(NOT_FILLED)
            case why if why == CLOSED:
                return Refusal(NOT_READY)
            case why if why == FUNDS:
                return Refusal(self._no_funds(key, posting, market, leg))
            case _:
                return Refusal(self.exchange.faults.behaviour.rejectReason or NOT_READY)

    def _no_funds(self, key: ApiKey, posting: Posting, market: Market, leg: Leg) -> str:
        account = key.wallet.account
        if posting.order.side == "BUY":
            free = self.exchange.free_cash(account)
        else:
            free = self.exchange.free_holding(account, market.contract, leg)
        return (
            "not enough balance / allowance: the balance is not enough -> "
            f"balance: {free}, order amount: {posting.order.maker_amount}"
        )

    def _reply(self, order: Order) -> Json:
        money = sum(match.price * match.size // MICRO for match in order.fills)
        gives, takes = (money, order.filled) if order.side is Side.BUY else (order.filled, money)
        settled_at_once = "matched" if order.filled else "live"
        return {
            "errorMsg": "",
            "orderID": order.id,
            "takingAmount": text(takes) if order.filled else "",
            "makingAmount": text(gives) if order.filled else "",
            "status": "delayed" if order.state is State.PENDING else settled_at_once,
            "transactionsHashes": [],
            "tradeIDs": self.trades.ids_of(order),
            "success": True,
        }


def batch_error(refusal: Refusal) -> Json:
    """A refused order in the answer to a batch."""
    return {
        "errorMsg": refusal.text,
        "orderID": "",
        "takingAmount": "",
        "makingAmount": "",
        "status": "",
        "success": True,
    }
