"""4casters' side of `venues.taking`: orders that take at once what stands, all of the stake or what there is of it.

A row of the odds feed names a game and an outcome of it. An all-or-nothing order counts as whole where 10 USD or less
of it are left, so such a bet can end a little short; it is told as what it is. Source: the venue's page on placing.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from decimal import ROUND_UP, Decimal

from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.venues._4casters import reads, wire
from hedgerow.venues._4casters.connector import only_session
from hedgerow.venues._4casters.errors import VENUE
from hedgerow.venues._4casters.listing import instrument_of, is_match, offers_of
from hedgerow.venues._4casters.odds import (
    GRID,
    RATE,
    amount,
    contracts,
    facing,
    fee_of,
    price_of,
)
from hedgerow.venues._4casters.orders import take_body
from hedgerow.venues._4casters.parse import (
    DRAW,
    MONEYLINE,
    THREE_WAY,
    fill_of,
    identity,
    is_refunded_whole,
    offer_in,
    parts_of,
    ref_of,
    request_of,
    status_of,
    time_ms,
)
from hedgerow.venues._4casters.rest import Rest
from hedgerow.venues.base import Balance, BetRef, Instrument, Manifest, VenueContext
from hedgerow.venues.reading import UnreadableError, reading
from hedgerow.venues.taking import Ended, Leg, Level, Taken, TakeOrder, keep

_FILLS_RECKONED, _HALF_CENT = 10, 5_000
"""The commission of each fill may be rounded up to a cent."""

_PREPARED_WITHIN_MS = 60_000
"""How long after the time of sending that the caller noted an order can leave: reads come before it."""

_LATE_MS = 24 * 3_600_000
_MOST_KNOWN = 10_000
_TINY = Decimal("0.000000000001")


class FourcastersTaking:
    """One account. Implements venues.taking.Takes."""

    def __init__(self, manifest: Manifest, context: VenueContext) -> None:
        self.manifest = manifest
        self._clock = context.clock
        self._rest = Rest(manifest, context)
        self._left: OrderedDict[str, int] = OrderedDict()  # when an order left, by our reference
        self._ended: OrderedDict[str, Ended] = OrderedDict()  # by the venue's id, as its bets said last

    async def open(self) -> None:
        await self._rest.open()

    async def close(self) -> None:
        await self._rest.close()

    async def balance(self) -> Balance:
        return await reads.balance(self._rest, self.manifest.currency)

    # --- markets ----------------------------------------------------------------------------------------------

    async def leg(self, operation: str, market_ref: str, outcome_ref: str, *, is_back: bool) -> Leg:
        """`market_ref` is not read: the outcome names its game. Each outcome has a contract here, so that its own odds
        are exact."""
        named = parts_of(outcome_ref)
        if named is None:
            raise Refused(VENUE, operation, f"{outcome_ref[:60]!r} is no outcome", reason=Reason.INVALID)
        game_id, about, kind = named
        game = await reads.book(self._rest, operation, game_id)
        if game is None or not is_match(game):
            raise Refused(VENUE, operation, "the game takes no orders now", reason=Reason.CLOSED)
        with reading(VENUE, operation):
            instrument = instrument_of(game, about)
        outcomes = {participant.id for participant in game.participants}
        outcomes |= {DRAW} if kind == THREE_WAY else set()
        if about not in outcomes or instrument.ref != outcome_ref:
            raise Refused(VENUE, operation, "the game has no such outcome", reason=Reason.CLOSED)
        return Leg(instrument, Side.BUY if is_back else Side.SELL)

    async def levels(self, leg: Leg) -> list[Level]:
        """Odds off the ladder count as the next that are worse: an order there meets them."""
        game = await reads.book(self._rest, "book", leg.instrument.market_ref)
        with reading(VENUE, "book"):
            return [] if game is None else _levels(game, leg)

    def charge(self, leg: Leg, cost: int, size: int, lowest: int) -> int:
        """The stake, and the highest commission: the rate × the smaller of that and what it can win at the best price
        that stood there."""
        risk = GRID.at_risk(leg.cost_of(cost), size, buys=leg.side is Side.BUY, up=True)
        wins = risk * (MICRO - lowest) // lowest
        lots = size // leg.instrument.lot
        return risk + math.ceil(min(risk, wins) * RATE) + _HALF_CENT * min(max(lots, 1), _FILLS_RECKONED)

    # --- orders -----------------------------------------------------------------------------------------------

    def order_id(self, order: TakeOrder) -> str | None:
        return None

    async def take(self, order: TakeOrder) -> Taken:
        """One that waits for the live delay is not over yet."""
        coming = self._rest.place(take_body(order))
        keep(self._left, order.reference, self._clock.now_ms(), _MOST_KNOWN)
        session = only_session(await coming)
        offer, matched = offer_in(session), session.matched or []
        try:
            names = [fill.wager_request_id for fill in matched] if offer is None else [offer.wager_request_id]
            request_id = identity(next(iter(names), None), "wagerRequestID")
            stakes = [amount(fill.amount, "amount") for fill in matched]
            size = sum(contracts(fill.odds, stake) for fill, stake in zip(matched, stakes, strict=True))
            fee = sum(fee_of(fill.risk, fill.amount) for fill in matched)
        except UnreadableError as error:
            raise InDoubt(VENUE, "place", f"unreadable answer: {error}") from error
        ref, side = order.leg.instrument.ref, order.leg.side
        return Taken(request_id, order.reference, ref, side, size, sum(stakes), fee, is_over=offer is None)

    async def taken(self, ref: BetRef) -> Taken | None:
        """Among everything of the account: a reference is asked for with its game only, which may not be known."""
        told = await reads.anywhere(self._rest, "find", ref.sent_at_ms - _LATE_MS)
        bets = [row for row in (*told.matched, *told.graded) if row.user_reference == ref.reference]
        waiting = next((row for row in told.unmatched if row.user_reference == ref.reference), None)
        with reading(VENUE, "find"):
            if waiting is not None:
                return self._waiting(waiting, ref.reference)
            found = self._summed(bets)
        if found:
            return found[0]
        left_ms = self._left.get(ref.reference, ref.sent_at_ms + _PREPARED_WITHIN_MS)
        if self._clock.now_ms() - left_ms < reads.GRACE_S * 1000:
            raise CannotTell(VENUE, "find", "the order is not there, and may still arrive")
        return None

    @staticmethod
    def _waiting(row: wire.Unmatched, reference: str) -> Taken:
        """Raises UnreadableError."""
        return Taken(request_of(row), reference, _ref_of(row), Side.BUY, 0, 0, 0, is_over=False)

    async def history(self, since_ms: int) -> list[Taken]:
        """Of what was settled since: nothing else is asked for."""
        rows = await reads.graded_since(self._rest, "settled", since_ms)
        latest = {(row.tx_id, row.wager_request_id): row for row in rows if row.origin == "wager"}
        with reading(VENUE, "settled"):
            return self._summed(list(latest.values()))

    async def decided(self, orders: Sequence[Taken]) -> list[Ended]:
        """By the bets that were read for these orders."""
        ends = ((order, self._ended.get(order.venue_ref)) for order in orders)
        return [Ended(order, end.status, end.at_ms, end.paid) for order, end in ends if end is not None]

    def _summed(self, bets: Sequence[wire.Bet]) -> list[Taken]:
        """The orders that the bets are of. Raises UnreadableError."""
        by_order: dict[str, list[wire.Bet]] = {}
        for row in bets:
            by_order.setdefault(request_of(row), []).append(row)
        return [taken for rows in by_order.values() if (taken := self._sum(rows)) is not None]

    def _sum(self, rows: Sequence[wire.Bet]) -> Taken | None:
        """None in another market. Raises UnreadableError."""
        fills = [fill for row in rows if (fill := fill_of(row)) is not None]
        if len(fills) < len(rows):
            return None
        first = rows[0]
        size, fee = sum(fill.size for fill in fills), sum(fill.fee for fill in fills)
        cost = sum(amount(row.bet, "bet") for row in rows)
        reference = first.user_reference or ""
        taken = Taken(fills[0].venue_ref, reference, _ref_of(first), Side.BUY, size, cost, fee)
        if all(row.outcome is not None for row in rows):
            keep(self._ended, taken.venue_ref, _end_of(taken, rows), _MOST_KNOWN)
        return taken


def _ref_of(row: wire.Unmatched | wire.Bet) -> str:
    """The contract of what a bet backs; `no` of an outcome is told by its own name. Raises UnreadableError."""
    if row.type == MONEYLINE:
        return ref_of(row.game.id, identity(row.participant_id, "participantID"), row.type)
    return ref_of(row.game.id, f"{row.market}:{row.side}", row.type)


def _end_of(taken: Taken, rows: Sequence[wire.Bet]) -> Ended:
    """Raises UnreadableError."""
    status = status_of(rows[0])
    at_ms = max(time_ms(row.settled_at, "settledAt") for row in rows)
    back: int | None = None
    match status:
        case SettlementStatus.VOID if all(is_refunded_whole(row) for row in rows):
            back = 2 * (taken.cost + taken.fee)
        case SettlementStatus.HALF_WON:
            back = taken.size + taken.cost
        case SettlementStatus.HALF_LOST:
            back = taken.cost
    paid = None if back is None else (Decimal(back) / (2 * taken.size)).quantize(_TINY, ROUND_UP)
    return Ended(taken, status, at_ms, paid)


def _levels(game: wire.Game, leg: Leg) -> list[Level]:
    """Raises UnreadableError."""
    found = []
    for offer in offers_of(game):
        if _takes(offer, leg.instrument, leg.side):
            size = contracts(offer.odds, amount(offer.sum_untaken, "sumUntaken"))
            own = price_of(Side.BUY, offer.odds)
            worse = GRID.ceil(own)
            if worse is not None and size:
                cost = worse if leg.side is Side.BUY else leg.cost_of(_facing_price(worse))
                found.append(Level(cost, size))
    return sorted(found, key=lambda level: level.cost)


def _facing_price(price: int) -> int:
    """The price, on the ladder, of the contract's buyer who stands against a bet at a price of the opposite."""
    return price_of(Side.BUY, facing(GRID.american_of(price)))


def _takes(offer: wire.Offer, instrument: Instrument, side: Side) -> bool:
    """Whether who takes the offer bets on what the leg buys."""
    named = parts_of(instrument.ref)
    if named is None:
        return False
    _, about, kind = named
    if kind == THREE_WAY:
        return offer.market == about and offer.side == ("yes" if side is Side.BUY else "no")
    is_about = offer.participant_id == about
    return offer.participant_id is not None and (is_about if side is Side.BUY else not is_about)
