"""The order desk: takes checked orders to the engine and keeps what became of each, by the venue's id and by ours.

What is matched is settled on the chain: at once, later, or never where the scripted fault lets it fail. An order that
waits for its acceptance is delayed. Source: the limitless-ex sheet, section 4.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from hedgerow.core.states import Side
from hedgerow.sim import evm
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.limitless_ex.markets import Listings, Market
from hedgerow.sim.dialects.limitless_ex.orders import Instruction, Posting, check_signed, check_terms
from hedgerow.sim.dialects.limitless_ex.profiles import Profile
from hedgerow.sim.dialects.limitless_ex.refusals import Refusal, not_found
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.order_events import SweepEvent
from hedgerow.sim.orders import CLOSED, CROSSES, FUNDS, SCRIPTED, Order, OrderKind, Rejection, State

MATCHED, MINED = "MATCHED", "MINED"


@dataclass(slots=True)
class Paper:
    """What the venue knows of an order beside the book."""

    id: str
    profile: Profile
    posting: Posting
    wanted: Instruction
    market: Market
    created_ms: int
    progress: str = MATCHED  # of what is matched
    order: Order = field(init=False)

    @property
    def is_live(self) -> bool:
        return self.order.state is State.OPEN

    @property
    def is_matched(self) -> bool:
        return bool(self.order.filled) and not self.is_live

    @property
    def status(self) -> str:
        """The settlement's, in the venue's words."""
        if self.order.state is State.PENDING:
            return "DELAYED"
        if self.order.filled:
            return self.progress
        return "FAILED" if self.order.failed else "UNMATCHED"

    @property
    def trade_hash(self) -> str:
        """Of the transaction that settles what was matched."""
        return "0x" + evm.keccak(f"transaction of {self.id}".encode()).hex()


@dataclass(slots=True)
class Desk:
    """Orders of all profiles. is_collateral: fees are taken in money, and orders signed for none."""

    exchange: Exchange
    listings: Listings
    clock: WorldClock
    settled_after_s: float
    failed_after_s: float
    is_collateral: bool
    _papers: dict[str, Paper] = field(default_factory=dict)
    _by_client_id: dict[tuple[str, str], Paper] = field(default_factory=dict)

    def clear(self) -> None:
        self._papers.clear()
        self._by_client_id.clear()

    # --- orders ------------------------------------------------------------------------------------------------------

    def place(self, profile: Profile, posting: Posting) -> Paper:
        """Takes one order in. Raises Refusal."""
        market = self.listings.of_slug(posting.market_slug)
        if market is None:
            raise not_found("Market not found")
        client_id = posting.client_order_id
        if client_id is not None and (profile.account, client_id) in self._by_client_id:
            raise Refusal(409, "Order with this clientOrderId already exists")
        check_signed(posting, market, profile, 0 if self.is_collateral else profile.fee_bps)
        now_ms = self.clock.now_ms()
        wanted = check_terms(posting, market, now_ms)
        number = evm.keccak(f"limitless-ex order {len(self._papers)} of {profile.account}".encode())
        paper = Paper(str(UUID(bytes=number[:16], version=4)), profile, posting, wanted, market, now_ms)
        self._send(paper)
        self._papers[paper.id] = paper
        if client_id is not None:
            self._by_client_id[profile.account, client_id] = paper
        return paper

    def find(self, profile: Profile, order_id: str | None, client_id: str | None) -> Paper | None:
        """The profile's order, by the venue's id or by its own."""
        if order_id is None:
            return self._by_client_id.get((profile.account, client_id or ""))
        paper = self._papers.get(order_id)
        return paper if paper is not None and paper.profile is profile else None

    def cancel(self, profile: Profile, order_id: str) -> None:
        """Raises Refusal for an order that does not rest."""
        paper = self.find(profile, order_id, None)
        if paper is None or not self.exchange.cancel(paper.order, "cancelled"):
            raise not_found("Order not found or already canceled")

    def cancel_all(self, profile: Profile, market: Market) -> None:
        """Whatever of the profile rests in a market."""
        for paper in self.papers_of(profile):
            if paper.market is market:
                self.exchange.cancel(paper.order, "cancelled")

    def papers_of(self, profile: Profile) -> list[Paper]:
        """Every order of a profile, newest first."""
        return [paper for paper in reversed(self._papers.values()) if paper.profile is profile]

    # --- settlement --------------------------------------------------------------------------------------------------

    def record(self, sweep: SweepEvent) -> None:
        """Settles a taker's run of trades."""
        orders = {trade.maker.id: trade.maker for trade in sweep.trades} | {sweep.taker.id: sweep.taker}
        papers = [order.extra["paper"] for order in orders.values() if "paper" in order.extra]
        for paper in papers:
            paper.progress = MATCHED
        trades = tuple(trade.id for trade in sweep.trades)
        name = f"settlement of {trades[0]}"
        if self.exchange.faults.fails_trade():
            self.clock.later(self.failed_after_s, lambda: self._fail(papers, trades), name)
        else:
            self.clock.later(self.settled_after_s, lambda: self._succeed(papers), name)

    def _succeed(self, papers: Iterable[Paper]) -> None:
        for paper in papers:
            paper.progress = MINED

    def _fail(self, papers: Iterable[Paper], trades: tuple[str, ...]) -> None:
        """Takes the trades back; where their proceeds are used already they succeed after all."""
        if not self.exchange.reverse(*trades):
            self._succeed(papers)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _send(self, paper: Paper) -> None:
        wanted, market = paper.wanted, paper.market
        try:
            paper.order = self.exchange.place(
                paper.profile.account,
                market.contract,
                market.leg(paper.posting.order.token_id),
                wanted.side,
                wanted.price,
                wanted.size,
                reference=paper.posting.client_order_id or paper.id,
                order_id=paper.id,
                kind=wanted.kind,
                post_only=wanted.post_only,
                needs_holding=True,
                extra={"paper": paper},
            )
        except Rejection as rejection:
            raise self._refusal(rejection, wanted.side) from None

    def _refusal(self, rejection: Rejection, side: Side) -> Refusal:
        """The engine's no in the venue's words."""
        lacks = "collateral" if side is Side.BUY else "outcome token"
        words = {
            FUNDS: (422, f"Insufficient {lacks} balance or allowance"),
            CLOSED: (400, "Market is not active"),
            CROSSES: (400, "Post-only order would match immediately"),
            SCRIPTED: (400, self.exchange.faults.behaviour.rejectReason or "Order was rejected"),
        }
        return Refusal(*words.get(rejection.why, (400, f"Order is not valid: {rejection.why}")))


def is_taker(paper: Paper) -> bool:
    """Whether the order could only match at once."""
    return paper.wanted.kind is not OrderKind.RESTS
