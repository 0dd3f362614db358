"""The offer desk: what an offer must look like, what the engine does with it, and the filters by which offers are
listed and cancelled.

A batch is not one deed: each offer succeeds or fails alone, and one that fails makes the whole answer a 400. Our own
reference (`temp-id`) is echoed and never checked. Source: the venue's sheet and the recorded answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from hedgerow.core.money import InexactAmountError, micros
from hedgerow.core.states import Side
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.matchbook.listings import OPEN, Event, Listings, Market, Runner
from hedgerow.sim.dialects.matchbook.odds import LOT, contracts, price_of, stake_of
from hedgerow.sim.dialects.matchbook.terms import Terms
from hedgerow.sim.dialects.matchbook.wire import Denial
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import CLOSED, FUNDS, Leg, Order, Rejection, State

SIDES = {"back": Side.BUY, "lay": Side.SELL}
CURRENCY = "USD"

USER, EXPIRY, FLUSHED = "user_request", "heartbeat_expiry", "flushed"
"""Why an offer ended; the first two are the venue's `cancellation-reason`."""

_MOST_OFFERS = 20
_KEPT_UNMATCHED_MS = 3_600_000
"""An offer that ended with nothing matched leaves the list after an hour."""


class NewOffer(msgspec.Struct, rename="kebab"):
    runner_id: int | str
    side: str
    odds: Decimal
    stake: Decimal
    keep_in_play: bool = False
    temp_id: str | None = None


class Submission(msgspec.Struct, rename="kebab"):
    """POST /v2/offers."""

    offers: list[NewOffer]
    odds_type: str = "DECIMAL"
    exchange_type: str = "back-lay"


@dataclass(slots=True, eq=False)
class Offer:
    """An offer that was taken. stake: as it was given; is_kept: through the turn in play."""

    order: Order
    market: Market
    runner: Runner
    stake: Decimal
    temp_id: str | None
    is_kept: bool
    is_in_play: bool
    changed_ms: int

    @property
    def status(self) -> str:
        match self.order.state:
            case State.PENDING:
                return "delayed"
            case State.OPEN:
                return "open"
            case State.ACCEPTED | State.SETTLED:
                return "matched"
        if self.order.reason == CLOSED:
            return "failed"
        return "cancelled" if self.order.reason in (USER, EXPIRY) else FLUSHED

    @property
    def remaining(self) -> Decimal:
        """The stake that is not matched."""
        return stake_of(self.order.remaining, self.order.price)


class FailedOffer(Exception):  # noqa: N818
    """An offer of a batch that is not taken. field: what of it is wrong."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message, self.field = message, field


class Desk:
    """All offers of all accounts, by id."""

    def __init__(self, exchange: Exchange, listings: Listings, clock: WorldClock, terms: Terms) -> None:
        self.offers: dict[str, Offer] = {}
        self._listed: dict[str, dict[str, Offer]] = {}  # by account, what may still be listed
        self._exchange, self._listings, self._clock, self._terms = exchange, listings, clock, terms

    def clear(self) -> None:
        self.offers.clear()
        self._listed.clear()

    # --- placing ---------------------------------------------------------------------------------------------

    def place(self, account: str, submission: Submission) -> list[Offer | FailedOffer]:
        """One after the other. Raises Denial (400) for a batch that is none."""
        if submission.odds_type != "DECIMAL":
            raise Denial(400, f"{submission.odds_type} is not played here", field="odds-type")
        if submission.exchange_type != "back-lay":
            raise Denial(400, "Binary offers are not accepted", field="exchange-type")
        if not 1 <= len(submission.offers) <= _MOST_OFFERS:
            raise Denial(400, f"Between 1 and {_MOST_OFFERS} offers are accepted", field="offers")
        return [self._tried(account, wanted) for wanted in submission.offers]

    def _tried(self, account: str, wanted: NewOffer) -> Offer | FailedOffer:
        try:
            return self._take(account, wanted)
        except FailedOffer as failure:
            return failure
        except Rejection as rejection:
            return _failure(rejection)

    def _take(self, account: str, wanted: NewOffer) -> Offer:
        found = self._listings.runner(str(wanted.runner_id))
        if found is None:
            raise FailedOffer(f"Runner {wanted.runner_id} does not exist.", "runner-id")
        market, runner = found
        side = SIDES.get(wanted.side)
        if side is None:
            raise FailedOffer(f"{wanted.side} is not a valid side.", "side")
        self._check_stake(wanted.stake)
        price = price_of(wanted.odds, side) if wanted.odds.is_finite() else None
        if price is None:
            raise FailedOffer(f"{wanted.odds} is not a valid odds value.", "odds")
        if market.status != OPEN:
            raise FailedOffer("Market is not open for betting.", "market-status")
        is_live = market.event.fixture.live
        order = self._exchange.place(
            account,
            runner.contract,
            Leg.YES,
            side,
            price,
            contracts(wanted.stake, price),
            reference=self._reference(account, wanted.temp_id),
            delay_s=self._terms.live_delay_s if is_live and self._meets(runner, side, price) else 0,
        )
        now_ms = self._clock.now_ms()
        offer = Offer(order, market, runner, wanted.stake, wanted.temp_id, wanted.keep_in_play, is_live, now_ms)
        self.offers[order.id] = self._listed.setdefault(account, {})[order.id] = offer
        return offer

    def _check_stake(self, stake: Decimal) -> None:
        least = self._terms.least_stake
        if not stake.is_finite() or stake < least:
            text = f"{stake} is not a valid stake. Stake must be at least {CURRENCY}{least}."
            raise FailedOffer(text, "stake")
        try:
            is_whole = micros(stake) % LOT == 0
        except InexactAmountError:
            is_whole = False
        if not is_whole:
            raise FailedOffer(f"{stake} is not a valid stake.", "stake")

    def _meets(self, runner: Runner, side: Side, price: int) -> bool:
        """Whether an offer would match what rests."""
        touch = self._exchange.book(runner.contract).best(is_bid=side is Side.SELL)
        return touch is not None and (touch <= price if side is Side.BUY else touch >= price)

    def _reference(self, account: str, temp_id: str | None) -> str:
        """The engine's: it takes none twice, the venue does."""
        is_free = temp_id is not None and self._exchange.find(account, temp_id) is None
        return temp_id if is_free and temp_id else f"offer {len(self.offers) + 1}"

    # --- cancelling ------------------------------------------------------------------------------------------

    def cancel(self, account: str, offer_id: str) -> Offer:
        """Raises Denial: 404 for an unknown offer, 400 for one that is over."""
        offer = self.offer(account, offer_id)
        if not self._end(offer, USER):
            raise Denial(400, "Offer is not open.", field="status")
        return offer

    def cancel_all(self, offers: Iterable[Offer], why: str) -> list[Offer]:
        """Those of the offers that were open."""
        return [offer for offer in list(offers) if self._end(offer, why)]

    def flush(self, event: Event) -> None:
        """The event turned in play: what was not to be kept goes."""
        ending = [offer for offer in self.offers.values() if offer.market.event is event and not offer.is_kept]
        self.cancel_all(ending, FLUSHED)

    def _end(self, offer: Offer, why: str) -> bool:
        return self._exchange.cancel(offer.order, why)

    # --- reading ---------------------------------------------------------------------------------------------

    def offer(self, account: str, offer_id: str) -> Offer:
        """Raises Denial (404)."""
        found = self.offers.get(offer_id)
        if found is None or found.order.account != account:
            raise Denial(404, f"Offer {offer_id} not found.")
        return found

    def listed(self, account: str) -> list[Offer]:
        """Offers of markets that are not settled; those that ended unmatched for an hour. The newest first."""
        now_ms, listed = self._clock.now_ms(), self._listed.get(account, {})
        for offer in [offer for offer in listed.values() if not self._is_listed(offer, now_ms)]:
            del listed[offer.order.id]  # for ever: nothing happens to it any more
        return list(reversed(listed.values()))

    def _is_listed(self, offer: Offer, now_ms: int) -> bool:
        order = offer.order
        if order.state is State.SETTLED:
            return False
        is_over = order.state not in (State.PENDING, State.OPEN)
        return not (is_over and not order.filled and now_ms - offer.changed_ms > _KEPT_UNMATCHED_MS)

    def note(self, order: Order) -> None:
        """The engine changed an order."""
        offer = self.offers.get(order.id)
        if offer is not None:
            offer.changed_ms = self._clock.now_ms()


def _failure(rejection: Rejection) -> FailedOffer:
    """The texts are ours: no recording shows them."""
    match rejection.why:
        case why if why == CLOSED:
            return FailedOffer("Market is not open for betting.", "market-status")
        case why if why == FUNDS:
            return FailedOffer("You have insufficient funds to place this offer.", "stake")
        case _:
            return FailedOffer(str(rejection) or "The offer was not accepted.")
