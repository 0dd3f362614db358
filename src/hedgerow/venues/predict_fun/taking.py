"""predict.fun's side of `venues.taking`: market orders, and what they took by the matches that the chain has.

A bet buys shares of its outcome, or of the other one when laying. The fee of a purchase is taken in the shares that it
brings, so that the stake is the price alone and less is paid out. Nothing counts before it is settled: until then a
bet is placed. Sources: dev.predict.fun "Place orders", "Order lifecycle", "Fees".
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hedgerow.core.clock import Clock
from hedgerow.core.errors import CannotTell, Reason, Refused, VenueError
from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.venues.base import Balance, BetRef, Instrument, Manifest, VenueContext
from hedgerow.venues.predict_fun import wire
from hedgerow.venues.predict_fun.account import GRACE_S, Trader
from hedgerow.venues.predict_fun.amounts import micros_of
from hedgerow.venues.predict_fun.auth import VENUE
from hedgerow.venues.predict_fun.errors import reading
from hedgerow.venues.predict_fun.listing import instrument_of, is_open, resolutions_of
from hedgerow.venues.predict_fun.parse import levels_of, price_of, withheld
from hedgerow.venues.reading import UnreadableError
from hedgerow.venues.taking import PREPARED_WITHIN_MS, Ended, Leg, Level, Taken, TakeOrder, keep

_KNOWN_FOR_MS = 60_000
_MOST_KNOWN = 2_000
_MOST_TOKENS = 50_000  # what is forgotten is not settled
_SETTLED_WITHIN_MS = 30_000
"""A part of an order that is matched and not settled by then counts as never matched; it is read again for the
statement."""

_OPEN = frozenset({"OPEN", "PENDING"})
_FILLED = frozenset({"FILLED", "MATCHED"})
_AS_TAKER = ("isSignerMaker", "false")


@dataclass(frozen=True, slots=True)
class _Known:
    """A market's two outcomes, as they were told."""

    contracts: tuple[Instrument, Instrument]
    is_open: bool
    at_ms: int


class PredictFunTaking:
    """One account. Implements venues.taking.Takes."""

    def __init__(self, context: VenueContext, manifest: Manifest) -> None:
        """Raises SetupError when the credentials are not complete."""
        self.manifest = manifest
        self._clock: Clock = context.clock
        self._trader = Trader(context, manifest)
        self._rest = self._trader.rest
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._market_of: OrderedDict[str, str] = OrderedDict()  # by token
        self._left: OrderedDict[str, int] = OrderedDict()  # when an order left, by its hash
        self._references: OrderedDict[str, str] = OrderedDict()  # ours, by the hash

    async def open(self) -> None:
        await self._rest.open()

    async def close(self) -> None:
        await self._rest.close()

    async def balance(self) -> Balance:
        return await self._trader.balance()

    # --- markets -----------------------------------------------------------------------------------------------

    async def leg(self, operation: str, market_ref: str, outcome_ref: str, *, is_back: bool) -> Leg:
        """`market_ref` is the market's number, `outcome_ref` the token that pays when the outcome wins."""
        for text, most in ((market_ref, 12), (outcome_ref, 80)):
            if not (text.isascii() and text.isdecimal() and len(text) <= most):
                raise Refused(VENUE, operation, f"{text[:90]!r} is no id of the venue", reason=Reason.INVALID)
        known = self._known.get(market_ref)
        if known is None or not known.is_open or self._clock.now_ms() - known.at_ms > _KNOWN_FOR_MS:
            known = await self._learn(operation, market_ref)
        tokens = [contract.ref for contract in known.contracts]
        if outcome_ref not in tokens:
            raise Refused(VENUE, operation, "the market has no such outcome", reason=Reason.CLOSED)
        if not known.is_open:
            raise Refused(VENUE, operation, "the market takes no orders now", reason=Reason.CLOSED)
        place = tokens.index(outcome_ref)
        return Leg(known.contracts[place if is_back else 1 - place], Side.BUY)

    async def _learn(self, operation: str, market_ref: str) -> _Known:
        market = await self._trader.market(operation, market_ref)
        with reading(operation):
            first, second = (instrument_of(market, one.on_chain_id) for one in _both(market))
        known = _Known((first, second), is_open(market), self._clock.now_ms())
        keep(self._known, market_ref, known, _MOST_KNOWN)
        return known

    async def levels(self, leg: Leg) -> list[Level]:
        path = f"/v1/markets/{leg.instrument.market_ref}/orderbook"
        book = (await self._rest.public(wire.BookAnswer, "book", path)).data
        with reading("book"):
            return levels_of(book, leg, is_first=leg.instrument.meta["index"] == "1")

    def charge(self, leg: Leg, cost: int, size: int, lowest: int) -> int:
        """The price alone: the fee is taken in shares."""
        return -(-cost * size // MICRO)

    # --- orders ------------------------------------------------------------------------------------------------

    def order_id(self, order: TakeOrder) -> str | None:
        return self._trader.signer.sign_taking(order, self._now_s()).order_hash

    async def take(self, order: TakeOrder) -> Taken:
        """The answer says only that the order was accepted; what it took is asked for right after, and where that is
        not settled yet, the order is not over."""
        self._rest.take_for_order()
        signed = self._trader.signer.sign_taking(order, self._now_s())
        coming = self._rest.place(signed.body)
        left_ms = self._clock.now_ms()
        keep(self._left, signed.order_hash, left_ms, _MOST_KNOWN)
        keep(self._references, signed.order_hash, order.reference, _MOST_KNOWN)
        try:
            await coming
        except Refused:
            self._known.pop(order.leg.instrument.market_ref, None)
            raise
        ref = order.leg.instrument.ref
        undecided = Taken(signed.order_hash, order.reference, ref, Side.BUY, 0, 0, 0, is_over=False)
        try:
            row = await self._trader.order("find", signed.order_hash)
            return undecided if row is None else await self._sum(row, left_ms)
        except VenueError:
            return undecided

    async def taken(self, ref: BetRef) -> Taken | None:
        """By the hash that was computed and kept before the order left; another process needs no more."""
        if ref.bet_ref is None:
            raise CannotTell(VENUE, "find", "the order has no name at the venue")
        left_ms = self._left.get(ref.bet_ref, ref.sent_at_ms + PREPARED_WITHIN_MS)
        row = await self._trader.order("find", ref.bet_ref)
        if row is not None:
            return await self._sum(row, min(left_ms, ref.sent_at_ms or left_ms))
        if self._clock.now_ms() - left_ms < GRACE_S * 1_000:
            raise CannotTell(VENUE, "find", f"{ref.bet_ref} is not there, and may still arrive")
        return None

    async def history(self, since_ms: int) -> list[Taken]:
        by_order: dict[str, list[wire.Match]] = {}
        for match in await self._trader.matches("settled", since_ms, [_AS_TAKER]):
            if match.taker.signer.lower() == self._trader.address:
                by_order.setdefault(match.taker.hash.lower(), []).append(match)
        with reading("settled"):
            orders = [self._total(order_hash, matches) for order_hash, matches in by_order.items()]
        return [order for order in reversed(orders) if order.side is Side.BUY and order.size]

    async def decided(self, orders: Sequence[Taken]) -> list[Ended]:
        by_market: dict[str, list[Taken]] = {}
        for order in orders:
            market_ref = self._market_of.get(order.instrument_ref)
            if market_ref is not None:
                by_market.setdefault(market_ref, []).append(order)
        found = []
        for market_ref, ours in by_market.items():
            market = await self._trader.market("resolutions", market_ref)
            tokens = {order.instrument_ref for order in ours}
            ended = {one.instrument_ref: one for one in resolutions_of(market, tokens, self._clock.now_ms())}
            for order in ours:
                one = ended.get(order.instrument_ref)
                if one is not None:
                    found.append(Ended(order, one.status, one.at_ms, one.payout_per_contract))
        return found

    # --- what was taken ----------------------------------------------------------------------------------------

    async def _sum(self, row: wire.OrderRow, left_ms: int) -> Taken:
        """What an order took, by its settled matches; not over while they do not make up what the order says."""
        order_hash, token = row.order.hash.lower(), row.order.token_id
        keep(self._market_of, token, str(row.market_id), _MOST_TOKENS)
        reference = self._references.get(order_hash, "")
        nothing = Taken(order_hash, reference, token, Side.BUY, 0, 0, 0)
        undecided = replace(nothing, is_over=False)
        with reading("find"):
            size, filled = micros_of(row.amount), micros_of(row.amount_filled)
        if row.status in _OPEN:
            return undecided
        if not filled:
            return undecided if row.status in _FILLED else nothing
        if filled < size and self._clock.now_ms() - left_ms < _SETTLED_WITHIN_MS and row.status in _FILLED:
            return undecided
        query = [("marketId", str(row.market_id)), _AS_TAKER]
        matches = await self._trader.matches("find", max(left_ms - PREPARED_WITHIN_MS, 0), query)
        ours = [match for match in matches if match.taker.hash.lower() == order_hash]
        with reading("find"):
            total = self._total(order_hash, ours) if ours else undecided
        return total if total.size >= filled else undecided

    def _total(self, order_hash: str, matches: Sequence[wire.Match]) -> Taken:
        """Raises UnreadableError."""
        size = cost = kept = 0
        for match in matches:
            amount = micros_of(match.taker.amount)
            size += amount
            cost += price_of(match.price_executed) * amount // MICRO
            kept += withheld(match.taker.fee)
        token, side = matches[0].taker.outcome.on_chain_id, matches[0].taker.quote_type.lower()
        keep(self._market_of, token, str(matches[0].market.id), _MOST_TOKENS)
        reference = self._references.get(order_hash, "")
        bought = Side.BUY if side == "bid" else Side.SELL
        return Taken(order_hash, reference, token, bought, size, cost, 0, withheld=kept)

    def _now_s(self) -> int:
        return self._clock.now_ms() // 1_000


def _both(market: wire.Market) -> list[wire.Outcome]:
    """A market's two outcomes. Raises UnreadableError."""
    if len(market.outcomes) != 2:
        raise UnreadableError("not two outcomes")
    return market.outcomes
