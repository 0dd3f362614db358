"""Limitless' side of `venues.taking`: orders that match at once, and what they took by the venue's own totals.

A bet buys shares of YES, or of NO when laying. The fee of a purchase is taken in the shares that it brings; at markets
with a collateral fee in money, which is then in the stake. Nothing counts before the chain has it: until then a bet is
placed. Sources: docs.limitless.exchange "Create Order", "Order status", "Fees"; the official SDK (limitless-sdk 1.3.0).
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from hedgerow.core.clock import Clock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused
from hedgerow.core.money import MICRO, decimal_of
from hedgerow.core.states import Side
from hedgerow.venues.base import Balance, BetRef, Instrument, Manifest, VenueContext
from hedgerow.venues.ctf import wallet_of
from hedgerow.venues.limitless_ex import wire
from hedgerow.venues.limitless_ex.auth import VENUE, Identity, Token, identity_of
from hedgerow.venues.limitless_ex.errors import reading
from hedgerow.venues.limitless_ex.orders import take_body
from hedgerow.venues.limitless_ex.parse import UNMATCHED, instruments_of, is_open, levels_of, result_of, taken_of
from hedgerow.venues.limitless_ex.rest import MOST_STATUSES, Rest
from hedgerow.venues.node import Node
from hedgerow.venues.reading import UnreadableError
from hedgerow.venues.taking import PREPARED_WITHIN_MS, Ended, Leg, Level, Taken, TakeOrder, keep

T = TypeVar("T")

CURRENCY = "USD"
USDC = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"
"""The collateral on Base, with six decimals. Source: the official SDK."""

ARRIVES_WITHIN_MS = 45_000
"""How long after an order left it can still be taken in: the receive window of 10 s counts from our time, which may be
30 s ahead of the venue's, for then its token is refused; the rest is reserve."""

_BPS = 10_000
_KNOWN_FOR_MS = 60_000
_MOST_KNOWN = 2_000
_MOST_TOKENS = 50_000  # what is forgotten is not settled
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,299}")
_MOST_DIGITS = 78
_FOUND = "found"


@dataclass(frozen=True, slots=True)
class _Known:
    """A market's two contracts, as they were told."""

    contracts: tuple[Instrument, Instrument]
    is_open: bool
    at_ms: int


class LimitlessTaking:
    """One account. Implements venues.taking.Takes."""

    def __init__(self, context: VenueContext, manifest: Manifest) -> None:
        """Raises SetupError when the credentials are not complete."""
        self.manifest = manifest
        credentials = context.account.credentials
        token = Token(credentials)
        self._wallet = wallet_of(VENUE, credentials)
        self._clock: Clock = context.clock
        self._rest = Rest(context, manifest, token)
        self._node = Node(VENUE, context.urls["rpc"], context.egress)
        self._who: Identity | None = None
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._slug_of: OrderedDict[str, str] = OrderedDict()  # by token
        self._left: OrderedDict[str, int] = OrderedDict()  # when an order left, by our reference

    async def open(self) -> None:
        """Reads the profile, which proves the keys. Raises Refused for wrong ones."""
        await self._identity("sign in")
        await self._rest.open()

    async def close(self) -> None:
        await self._rest.close()
        await self._node.close()

    async def balance(self) -> Balance:
        """What the wallet holds on the chain."""
        who = await self._identity("balance")
        return Balance(decimal_of(await self._node.held(USDC, who.maker)), decimal_of(0), CURRENCY)

    async def _identity(self, operation: str) -> Identity:
        if self._who is None:
            profile = await self._rest.profile(operation)
            with reading(operation):
                self._who = identity_of(profile, self._wallet)
            if self._who is None:
                why = "the private_key is not that of the profile's trading wallet"
                raise Refused(VENUE, operation, why, reason=Reason.AUTH)
        return self._who

    # --- markets ---------------------------------------------------------------------------------------------------

    async def leg(self, operation: str, market_ref: str, outcome_ref: str, *, is_back: bool) -> Leg:
        """`market_ref` is the market's slug, `outcome_ref` the token that pays when the outcome wins."""
        is_token = outcome_ref.isascii() and outcome_ref.isdecimal() and len(outcome_ref) <= _MOST_DIGITS
        if not is_token or not _SLUG.fullmatch(market_ref):
            why = f"{market_ref[:90]!r}, {outcome_ref[:90]!r} are no references of the venue"
            raise Refused(VENUE, operation, why, reason=Reason.INVALID)
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

    async def _learn(self, operation: str, slug: str) -> _Known:
        who = await self._identity(operation)
        market = await self._rest.market(operation, slug)
        with reading(operation):
            if market.slug != slug:
                raise UnreadableError("the answer is about another market")
            known = _Known(instruments_of(market, who.fee_rate_bps), is_open(market), self._clock.now_ms())
        keep(self._known, slug, known, _MOST_KNOWN)
        return known

    async def levels(self, leg: Leg) -> list[Level]:
        book = await self._rest.book(leg.instrument.market_ref)
        with reading("book"):
            return levels_of(book, leg.instrument.ref)

    def charge(self, leg: Leg, cost: int, size: int, lowest: int) -> int:
        """The price, and at markets with a collateral fee the highest that it can be."""
        price = -(-cost * size // MICRO)
        fee = -(-price * int(leg.instrument.meta["charged_bps"]) // _BPS)
        return price + fee

    # --- orders ----------------------------------------------------------------------------------------------------

    def order_id(self, order: TakeOrder) -> str | None:
        return None

    async def take(self, order: TakeOrder) -> Taken:
        """Takes what stands there at its price or better, all of it or less: the venue's all-or-nothing order has no
        price. The answer has the totals once the chain has them."""
        who = await self._identity("place")
        now_ms = self._clock.now_ms()
        instrument = order.leg.instrument
        keep(self._left, order.reference, now_ms, _MOST_KNOWN)
        try:
            placed = await self._rest.place(take_body(order, who, self._wallet, now_ms))
        except Refused:
            self._known.pop(instrument.market_ref, None)
            raise
        try:
            taken = self._read(placed, order.reference)
        except UnreadableError as error:
            raise InDoubt(VENUE, "place", f"unreadable answer: {error}") from error
        most = self.charge(order.leg, order.cost, order.size, order.lowest)
        is_ours = (taken.reference, taken.instrument_ref, taken.side) == (order.reference, instrument.ref, Side.BUY)
        if not is_ours or taken.size > order.size or taken.cost + taken.fee > most:
            raise InDoubt(VENUE, "place", "the answer is not about the order that was sent")
        return taken

    async def taken(self, ref: BetRef) -> Taken | None:
        """By the venue's id, else by our reference, which it keeps for good."""
        item = {"clientOrderId": ref.reference} if ref.bet_ref is None else {"orderId": ref.bet_ref}
        (row,) = await self._rest.statuses("find", [item])
        left_ms = self._left.get(ref.reference, ref.sent_at_ms + PREPARED_WITHIN_MS)
        may_come = self._clock.now_ms() - left_ms < ARRIVES_WITHIN_MS
        if row.status == _FOUND and row.data is not None:
            if row.data.execution.settlement_status == UNMATCHED and may_come:
                raise CannotTell(VENUE, "find", "the order is not matched, and may be on its way to the book")
            with reading("find"):
                return self._read(row.data, ref.reference)
        if ref.bet_ref is not None or row.status == _FOUND:
            raise CannotTell(VENUE, "find", f"the order is told as {row.status[:40]!r}")
        if may_come:
            raise CannotTell(VENUE, "find", "the order is not there, and may still arrive")
        return None

    async def history(self, since_ms: int) -> list[Taken]:
        """Of the markets with a purchase since then, all orders that could not rest."""
        entries = await self._rest.history(max(since_ms, 0))
        slugs = dict.fromkeys(
            entry.market.slug
            for entry in reversed(entries)
            if entry.market is not None and "buy" in (entry.strategy or "").lower()
        )
        ids = [
            row.id
            for slug in slugs
            for row in reversed(await self._rest.orders(slug))
            if row.type != "GTC" and row.side == "BUY"
        ]
        found: list[Taken] = []
        for some in _chunks(ids, MOST_STATUSES):
            for row in await self._rest.statuses("settled", [{"orderId": order_id} for order_id in some]):
                if row.data is not None:
                    with reading("settled"):
                        found.append(self._read(row.data, ""))
        return [order for order in found if order.is_over and order.size]

    async def decided(self, orders: Sequence[Taken]) -> list[Ended]:
        by_market: dict[str, list[Taken]] = {}
        for order in orders:
            slug = self._slug_of.get(order.instrument_ref)
            if slug is not None:
                by_market.setdefault(slug, []).append(order)
        found = []
        for slug, ours in by_market.items():
            market = await self._rest.market("resolutions", slug)
            for order in ours:
                with reading("resolutions"):
                    result = result_of(market, order.instrument_ref)
                if result is not None:
                    found.append(Ended(order, result[0], self._clock.now_ms(), result[1]))
        return found

    def _read(self, placed: wire.Placed, reference: str) -> Taken:
        """Raises UnreadableError."""
        taken = taken_of(placed, reference)
        keep(self._slug_of, taken.instrument_ref, placed.order.market.slug, _MOST_TOKENS)
        return taken


def _chunks(items: Sequence[T], most: int) -> Iterable[Sequence[T]]:
    return (items[start : start + most] for start in range(0, len(items), most))
