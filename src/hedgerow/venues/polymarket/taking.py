"""Polymarket's side of `venues.taking`: purchases that match at once or end (FAK, FOK), of either token of a market.

Both tokens of a market share one book, so that what is laid is bought as the other token. Such orders buy for an amount
of money in whole cents: a better price brings more shares, and the fee, which is not in the amount, grows with them.
Nothing rests, so that the dead-man's switch is neither armed nor fed here. Sources: Polymarket documentation "Place
Orders" (order types, amounts), "Fees", "Get order book"; the official SDK's market orders.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from hedgerow.core.clock import Clock
from hedgerow.core.errors import CannotTell, Reason, Refused, Unavailable, VenueError
from hedgerow.core.money import MICRO
from hedgerow.core.states import FillState, SettlementStatus, Side
from hedgerow.venues.base import Balance, BetRef, Fee, Instrument, Manifest, OrderState, VenueContext
from hedgerow.venues.ctf import probability, shares
from hedgerow.venues.polymarket import wire
from hedgerow.venues.polymarket.account import Trader
from hedgerow.venues.polymarket.amounts import SHARE_LOT
from hedgerow.venues.polymarket.errors import VENUE, VERSION_MISMATCH, reading, text_error
from hedgerow.venues.polymarket.listing import instrument_of, resolutions_of, texts
from hedgerow.venues.polymarket.orders import taking_terms
from hedgerow.venues.polymarket.parse import fill_state, matched_shares, number_in, order_state
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.taking import PREPARED_WITHIN_MS, Ended, Leg, Level, Sums, Taken, TakeOrder, keep

GRACE_MS = 60_000
"""How long after an order left its absence proves nothing; as of resting orders (`connector.GRACE_S`)."""

_LEAST_WORTH = MICRO
"""A purchase that matches at once has to be worth a dollar."""

_BETTER_BY_TICKS = 2
"""By so much the book may have become cheaper since it was looked at, without a purchase's fee passing the stake."""

_FILLS_RECKONED = 50
_KNOWN_FOR_MS = 60_000
_MOST_KNOWN = 2_000
_TOKENS_AT_ONCE = 50
_SECOND_MS = 1_000


@dataclass(frozen=True, slots=True)
class _Known:
    """A token and the other of its market, as they were told."""

    own: Instrument
    other: Instrument
    is_open: bool
    at_ms: int


class PolymarketTaking:
    """One account. Implements venues.taking.Takes."""

    def __init__(self, context: VenueContext, manifest: Manifest) -> None:
        """Raises SetupError when the credentials are not complete or do not fit together."""
        self.manifest = manifest
        self._clock: Clock = context.clock
        self._trader = Trader(context, manifest)
        self._rest = self._trader.rest
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._fees: OrderedDict[str, Fee] = OrderedDict()
        self._left: OrderedDict[str, int] = OrderedDict()  # when an order left, by its id
        self._references: OrderedDict[str, str] = OrderedDict()  # ours, by the venue's id

    async def open(self) -> None:
        await self._trader.sign_in()

    async def close(self) -> None:
        await self._rest.close()

    async def balance(self) -> Balance:
        return await self._trader.balance(self._working)

    async def _working(self) -> list[OrderState]:
        """What is quoted from the same account."""
        raws = await self._rest.pages("working", "/data/orders")
        now_ms = self._clock.now_ms()
        with reading("working"):
            states = [order_state(read(wire.OpenOrder, raw), None, now_ms) for raw in raws]
        return [state for state in states if state.status.is_open]

    # --- markets -----------------------------------------------------------------------------------------------

    async def leg(self, operation: str, market_ref: str, outcome_ref: str, *, is_back: bool) -> Leg:
        """`outcome_ref` is the token that pays when the outcome wins; `market_ref` is the feed's and not read."""
        if not outcome_ref.isascii() or not outcome_ref.isdecimal() or len(outcome_ref) > 80:
            raise Refused(VENUE, operation, f"{outcome_ref[:90]!r} is no token", reason=Reason.INVALID)
        known = self._known.get(outcome_ref)
        if known is None or not known.is_open or self._clock.now_ms() - known.at_ms > _KNOWN_FOR_MS:
            known = await self._learn(operation, outcome_ref)
        if known is None or not known.is_open:
            raise Refused(VENUE, operation, "the market takes no orders now", reason=Reason.CLOSED)
        return Leg(known.own if is_back else known.other, Side.BUY)

    async def _learn(self, operation: str, token: str) -> _Known | None:
        at_ms = self._clock.now_ms()
        query = [("closed", "false"), ("clob_token_ids", token)]
        found = [market async for market in self._rest.markets(operation, query)]
        with reading(operation):
            made = [one for market in found if (one := _known(market, token, at_ms)) is not None]
        if not made:
            return None
        known = made[0]
        keep(self._known, token, known, _MOST_KNOWN)
        for instrument in (known.own, known.other):
            keep(self._fees, instrument.ref, instrument.taker_fee, _MOST_KNOWN)
        return known

    async def levels(self, leg: Leg) -> list[Level]:
        book = await self._rest.public(wire.OrderBook, "book", f"/book?token_id={leg.instrument.ref}")
        with reading("book"):
            return [Level(probability(ask.price), shares(ask.size)) for ask in reversed(book.asks)]

    def charge(self, leg: Leg, cost: int, size: int, lowest: int) -> int:
        """The money that the order names, and the highest fee of the shares that it can bring."""
        fee, money = leg.instrument.taker_fee, -(-cost * size // MICRO)
        tick = leg.instrument.grid.bands[0].step
        cheapest = max(lowest - _BETTER_BY_TICKS * tick, tick)
        rounding = min(size // SHARE_LOT, _FILLS_RECKONED) * fee.unit if fee.rate else 0
        return money + max(fee.of(price, money * MICRO // price) for price in _dearest(fee, cheapest, cost)) + rounding

    # --- orders ------------------------------------------------------------------------------------------------

    def order_id(self, order: TakeOrder) -> str | None:
        signer = self._trader.known_signer
        return None if signer is None else signer.sign_taking(order).order_id

    async def take(self, order: TakeOrder) -> Taken:
        """What was taken is summed over the venue's trades, which are read right after; where they do not make up the
        answer yet, the order is not over."""
        signer = self._trader.signer
        self._rest.take("orders", "place")
        signed = signer.sign_taking(order)
        coming = self._rest.place(signed.body)
        left_ms = self._clock.now_ms()
        keep(self._left, signed.order_id, left_ms, _MOST_KNOWN)
        keep(self._references, signed.order_id, order.reference, _MOST_KNOWN)
        try:
            reply = await coming
            if reply.errorMsg or not reply.success or not reply.orderID:
                raise text_error("place", reply.errorMsg or "", changes=True)
        except Refused as error:
            self._known.pop(order.leg.instrument.ref, None)
            if VERSION_MISMATCH in error.message:
                await self._trader.read_version()
            raise
        undecided = Taken(signed.order_id, order.reference, order.leg.instrument.ref, Side.BUY, 0, 0, 0, is_over=False)
        if (reply.status or "").lower() != "matched":
            return undecided  # held for the sport's delay
        matched = _matched(reply, order)
        try:
            told = await self._summed(signed.order_id, left_ms)
        except VenueError:
            return undecided
        return told if told is not None and told.size >= matched else undecided

    async def taken(self, ref: BetRef) -> Taken | None:
        """By the id that was computed and kept before the order left; another process needs no more."""
        if ref.bet_ref is None:
            raise CannotTell(VENUE, "find", "the order has no id of the venue")
        left_ms = self._left.get(ref.bet_ref, ref.sent_at_ms + PREPARED_WITHIN_MS)
        waiting = await self._trader.open_order("find", ref.bet_ref)
        if waiting is not None:
            return Taken(ref.bet_ref, ref.reference, waiting.asset_id, Side.BUY, 0, 0, 0, is_over=False)
        found = await self._summed(ref.bet_ref, min(left_ms, ref.sent_at_ms or left_ms))
        if found is None and self._clock.now_ms() - left_ms < GRACE_MS:
            raise CannotTell(VENUE, "find", f"{ref.bet_ref} is not there, and may still arrive")
        return found

    async def history(self, since_ms: int) -> list[Taken]:
        after = str(max(since_ms // _SECOND_MS - 1, 0))
        by_order: dict[str, list[wire.Trade]] = {}
        for trade in await self._trader.trades("settled", [("after", after)]):
            if self._took(trade):
                by_order.setdefault(trade.taker_order_id, []).append(trade)
        orders = [await self._sum(order_id, trades) for order_id, trades in by_order.items()]
        return [order for order in reversed(orders) if order.size]  # the venue lists the newest first

    async def decided(self, orders: Sequence[Taken]) -> list[Ended]:
        tokens = list(dict.fromkeys(order.instrument_ref for order in orders))
        ended = {}
        for start in range(0, len(tokens), _TOKENS_AT_ONCE):
            asked = tokens[start : start + _TOKENS_AT_ONCE]
            query = [("closed", "true"), *(("clob_token_ids", token) for token in asked)]
            markets = [market async for market in self._rest.markets("resolutions", query)]
            with reading("resolutions"):
                resolved = resolutions_of(markets, set(asked), self._clock.now_ms())
            ended.update({one.instrument_ref: one for one in resolved})
        found = []
        for order in orders:
            one = ended.get(order.instrument_ref)
            if one is not None:
                found.append(Ended(order, one.status, one.at_ms, one.payout_per_contract))
            elif order.undone.size == order.size:  # its trades failed on the chain: nothing of it is left to decide
                found.append(Ended(order, SettlementStatus.VOID, self._clock.now_ms()))
        return found

    # --- trades ------------------------------------------------------------------------------------------------

    async def _summed(self, order_id: str, left_ms: int) -> Taken | None:
        after = str(max((left_ms - PREPARED_WITHIN_MS) // _SECOND_MS, 0))
        trades = await self._trader.trades("find", [("after", after)])
        ours = [trade for trade in trades if trade.taker_order_id == order_id]
        return await self._sum(order_id, ours) if ours else None

    async def _sum(self, order_id: str, trades: Sequence[wire.Trade]) -> Taken:
        """What an order's trades come to. A fee is charged for each order that was met."""
        token = trades[0].asset_id
        rule = await self._fee_of(token)
        with reading("trades"):
            stands = _total(rule, [trade for trade in trades if not _is_undone(trade)])
            undone = _total(rule, [trade for trade in trades if _is_undone(trade)])
        whole = stands + undone
        reference = self._references.get(order_id, "")
        return Taken(order_id, reference, token, Side.BUY, whole.size, whole.cost, whole.fee, undone=undone)

    async def _fee_of(self, token: str) -> Fee:
        """The taker's fee for a token, asked for where this process has not learned it; of a market that is over
        too."""
        fee = self._fees.get(token)
        if fee is not None:
            return fee
        for closed in ("false", "true"):
            async for market in self._rest.markets("fee", [("closed", closed), ("clob_token_ids", token)]):
                with reading("fee"):
                    fee = instrument_of(market, token).taker_fee
                keep(self._fees, token, fee, _MOST_KNOWN)
                return fee
        raise Unavailable(VENUE, "fee", "the market of a trade is not told")

    def _took(self, trade: wire.Trade) -> bool:
        if trade.trader_side:
            return trade.trader_side.upper() == "TAKER"
        return self._trader.owner.owns(trade.owner, trade.maker_address)


def _known(market: wire.GammaMarket, token: str, at_ms: int) -> _Known | None:
    """Both tokens of the market that has this one; None for another market. Raises UnreadableError."""
    tokens = texts(market.clob_token_ids)
    if len(tokens) != 2 or token not in tokens:
        return None
    own, other = (_taking(instrument_of(market, one)) for one in (token, tokens[tokens[0] == token]))
    is_open = bool(market.active and market.accepting_orders and not market.closed)
    return _Known(own, other, is_open, at_ms)


def _taking(instrument: Instrument) -> Instrument:
    """The least number of shares is for orders that rest; those that match at once have to be worth something."""
    return replace(instrument, min_size=instrument.lot, min_notional=_LEAST_WORTH)


def _dearest(fee: Fee, cheapest: int, cost: int) -> list[int]:
    """The prices between two at which the fee of a sum of money is highest. Of rate × p^(e−1) × (1 − p)^e it is the
    cheapest or, with an exponent above 1, the peak at (e − 1) / (2e − 1)."""
    if fee.exponent <= 1:
        return [cheapest]
    peak = MICRO * (fee.exponent - 1) // (2 * fee.exponent - 1)
    return [min(max(peak, cheapest), cost), min(max(peak + 1, cheapest), cost)]


def _matched(reply: wire.PlaceReply, order: TakeOrder) -> int:
    """The shares that an answer says were taken; the least for one that cannot be read: some were."""
    tick = order.leg.instrument.grid.bands[0].step
    most = taking_terms(order).amounts.maker * MICRO // tick
    try:
        told = number_in(reply.takingAmount)
        return SHARE_LOT if told is None else matched_shares(told, most)
    except UnreadableError:
        return SHARE_LOT


def _is_undone(trade: wire.Trade) -> bool:
    return fill_state(trade.status) is FillState.REVERSED


def _total(rule: Fee, trades: Sequence[wire.Trade]) -> Sums:
    """Raises UnreadableError."""
    size = cost = fee = 0
    for trade in trades:
        price, whole = probability(trade.price), shares(trade.size)
        parts = [shares(leg.matched_amount) for leg in trade.maker_orders or ()] or [whole]
        size, cost = size + whole, cost + sum(price * part // MICRO for part in parts)
        fee += sum(_charged(rule, price, part) for part in parts)
    return Sums(size, cost, fee)


def _charged(rule: Fee, price: int, size: int) -> int:
    """The fee of a trade as it is charged, rounded to the nearest unit; `Fee.of` is its upper bound."""
    if not rule.rate:
        return 0
    chance = Decimal(price).scaleb(-6)
    exact = size * rule.rate * (chance * (1 - chance)) ** rule.exponent
    return int((exact / rule.unit).to_integral_value(ROUND_HALF_UP)) * rule.unit
