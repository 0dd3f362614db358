"""The order desk: takes checked orders to the engine and keeps what became of each, under the hash that names it.

The answer to a placement only says that the order was accepted. What the book then makes of it is told by the wallet's
events: an order that would match though it must not, or that finds nothing to match, is cancelled after the answer.
Sources: the predict.fun sheet, section 4; dev.predict.fun "Order lifecycle".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from hedgerow.core.clock import iso_of_ms
from hedgerow.core.states import Side
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.predict_fun.markets import Listings, Market
from hedgerow.sim.dialects.predict_fun.orders import (
    Data,
    Instruction,
    Posting,
    check_signed,
    check_terms,
)
from hedgerow.sim.dialects.predict_fun.refusals import Json, Refusal, bad_request, not_found, unauthorized
from hedgerow.sim.dialects.predict_fun.settlements import Settlements
from hedgerow.sim.dialects.predict_fun.wallets import Wallet
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import (
    CLOSED,
    CROSSES,
    DUPLICATE,
    FUNDS,
    LOT,
    NOT_FILLED,
    SCRIPTED,
    TICK,
    Order,
    OrderKind,
    Rejection,
    SelfTrade,
    State,
)

MOST_REMOVED = 100
_NOT_TRADING = "create_order_market_not_trading"
_SELF_TRADE = {"CANCEL_MAKER": SelfTrade.ENDS_MAKER, "CANCEL_TAKER": SelfTrade.ENDS_TAKER}


@dataclass(slots=True)
class Paper:
    """What the venue knows of an order beside the book. `order`: None for one that ended before it came there."""

    number: int
    account: str
    data: Data
    wanted: Instruction
    market: Market
    locked_until_ms: int | None
    order: Order | None = None


@dataclass(slots=True)
class Desk:
    """Orders of all wallets."""

    exchange: Exchange
    listings: Listings
    settlements: Settlements
    clock: WorldClock
    seconds_delay: int
    tell_ended: Callable[[Paper], None]
    _papers: dict[str, Paper] = field(default_factory=dict)
    _by_number: dict[str, Paper] = field(default_factory=dict)

    def clear(self) -> None:
        self._papers.clear()
        self._by_number.clear()

    def paper_of(self, order: Order) -> Paper:
        return self._papers[order.id]

    def place(self, wallet: Wallet, posting: Posting) -> Json:
        """Takes one order in. Raises Refusal."""
        data = posting.data
        market = self.listings.of_token(data.order.token_id)
        if market is None:
            raise not_found("market not found")
        order_hash = check_signed(data, market, wallet)
        if order_hash in self._papers:
            raise bad_request("order already exists")
        wanted = check_terms(data, order_hash, market, self.clock.now_ms())
        if not market.contract.is_open:
            raise Refusal(_NOT_TRADING, "market is not currently trading")
        paper = self._send(wallet, data, wanted, market)
        locked = paper.locked_until_ms
        return {
            "success": True,
            "data": {
                "code": "OK",
                "orderId": str(paper.number),
                "orderHash": order_hash,
                "removalLockedUntil": None if locked is None else iso_of_ms(locked),
            },
        }

    def find(self, wallet: Wallet, order_hash: str) -> Paper:
        """The wallet's order. Raises Refusal."""
        paper = self._papers.get(order_hash.lower())
        if paper is None:
            raise not_found("order not found")
        if paper.account != wallet.account:
            raise unauthorized("the order does not belong to this wallet")
        return paper

    def of_wallet(self, wallet: Wallet) -> list[Paper]:
        """All orders of a wallet, newest first."""
        return [paper for paper in reversed(self._papers.values()) if paper.account == wallet.account]

    def remove(self, wallet: Wallet, names: list[str]) -> Json:
        """Takes orders off the book, by their hashes or numbers. Raises Refusal."""
        if len(names) > MOST_REMOVED:
            raise bad_request(f"at most {MOST_REMOVED} orders can be removed at once")
        found: dict[str, list[str]] = {"removed": [], "noop": [], "rejected": []}
        for name in dict.fromkeys(names):
            paper = self._papers.get(name.lower()) or self._by_number.get(name)
            if paper is not None and paper.account != wallet.account:
                raise unauthorized("the orders do not belong to this wallet")
            found[self._removed(paper)].append(name)
        return {"success": True, **found}

    def _removed(self, paper: Paper | None) -> str:
        if paper is None or paper.order is None or paper.order.state not in (State.OPEN, State.PENDING):
            return "noop"
        if paper.locked_until_ms is not None and self.clock.now_ms() < paper.locked_until_ms:
            return "rejected"
        self.exchange.cancel(paper.order, "removed")
        return "removed"

    def status(self, paper: Paper) -> str:
        """In the venue's words."""
        order = paper.order
        if order is None:
            return "CANCELLED"
        if order.state in (State.PENDING, State.OPEN):
            return "OPEN"
        if order.failed:
            return "INVALIDATED"
        if not order.remaining or (order.filled and order.kind is not OrderKind.RESTS):
            return "FILLED"
        return "EXPIRED" if order.reason == "expired" else "CANCELLED"

    # --- inside ----------------------------------------------------------------------------------------------

    def _send(self, wallet: Wallet, data: Data, wanted: Instruction, market: Market) -> Paper:
        leg = market.leg(data.order.token_id)
        is_delayed = market.fixture.live and not wanted.post_only
        delay_s = self.seconds_delay if is_delayed else 0
        locked_ms = self.clock.now_ms() + delay_s * 1000 if delay_s else None
        paper = Paper(len(self._papers) + 1, wallet.account, data, wanted, market, locked_ms)
        self._papers[wanted.order_hash] = self._by_number[str(paper.number)] = paper
        try:
            paper.order = self.exchange.place(
                wallet.account,
                market.contract,
                leg,
                wanted.side,
                wanted.price,
                wanted.size,
                reference=wanted.order_hash,
                order_id=wanted.order_hash,
                kind=wanted.kind,
                post_only=wanted.post_only,
                needs_holding=True,
                expires_ms=wanted.expires_ms,
                self_trade=_SELF_TRADE.get(data.self_trade_prevention or "", SelfTrade.ALLOWED),
                delay_s=delay_s,
                extra={"paper": paper},
            )
        except Rejection as rejection:
            if rejection.why in (CROSSES, NOT_FILLED):
                self.tell_ended(paper)
                return paper
            del self._papers[wanted.order_hash], self._by_number[str(paper.number)]
            raise self._refusal(rejection, wanted.side) from None
        return paper

    def _refusal(self, rejection: Rejection, side: Side) -> Refusal:
        """The engine's no in the venue's words."""
        lacks = "collateral" if side is Side.BUY else "shares"
        words = {
            FUNDS: (f"create_order_insufficient_{lacks}_allowance", f"Insufficient {lacks} for the order."),
            CLOSED: (_NOT_TRADING, "market is not currently trading"),
            TICK: ("create_order_price_out_of_range", "price per share is not on the tick"),
            LOT: ("bad_request", "order quantity is too fine"),
            DUPLICATE: ("bad_request", "order already exists"),
            SCRIPTED: (self.exchange.faults.behaviour.rejectReason or _NOT_TRADING, "order was refused"),
        }
        slug, text = words[rejection.why]
        return Refusal(slug, text)


def resting(papers: Iterable[Paper]) -> list[Paper]:
    """Those of the orders that the venue lists: limit orders."""
    return [paper for paper in papers if paper.data.strategy == "LIMIT"]
