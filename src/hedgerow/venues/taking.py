"""Bets on exchanges of contracts: a bet takes the prices that rest there, now, and nothing of it ever rests itself.

The common middle between a `Bookmaker` and what a family has to bring (`Takes`). Every bet buys contracts that pay 1:
backing buys those of the outcome, laying those of its opposite, so that nothing is sold that is not held. What a
contract costs is written c, in micros of (0, 1); then odds are 1/c when backing and 1/(1 − c) when laying, and the
money at risk is contracts × c and the fees. The fees are in the stake; the odds are those of the trades.

Not for orders that rest, which are `base.Exchange`'s. Source: docs/decisions/0100-taking-resting-prices.md.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol, TypeVar

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.ids import OutcomeKey
from hedgerow.core.money import MICRO, decimal_of, micros, micros_floor
from hedgerow.core.odds import OddsMicros
from hedgerow.core.states import BetSettlement, BetStatus, SettlementStatus, Side
from hedgerow.venues.base import Balance, BetIntent, BetRef, BetReport, Instrument, LiveLine, Manifest
from hedgerow.venues.reading import UnreadableError, reading

T = TypeVar("T")

NOTHING_TAKEN = "nothing stood at the price any more"
_NO_STAKE = Decimal(10) ** 12
LATE_MS = 24 * 3_600_000
"""How far back of what is asked for orders are looked at again: a market is decided after its orders were sent."""

PREPARED_WITHIN_MS = 60_000
"""How long after the time of sending that the caller noted an order can leave: reads come before it."""


# --- what a bet buys -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Leg:
    """Contracts that a bet buys: the instrument's own (Side.BUY), or those of its opposite, which is the same as
    selling the instrument."""

    instrument: Instrument
    side: Side

    def cost_of(self, price: int) -> int:
        """What a contract of the leg costs at a price of the instrument, and back."""
        return price if self.side is Side.BUY else MICRO - price

    def highest_cost(self, odds: int, *, is_back: bool) -> int | None:
        """The most that a contract may cost for the odds to be as good as these, on the instrument's grid; None where
        no price of the grid is as good."""
        grid = self.instrument.grid
        if is_back == (self.side is Side.BUY):
            price = grid.backing(odds) if is_back else grid.laying(odds)
        else:  # the odds are those of the opposite
            most = MICRO * MICRO // odds if is_back else MICRO - -(-MICRO * MICRO // odds)
            price = grid.floor(most) if self.side is Side.BUY else grid.ceil(MICRO - most)
        return None if price is None else self.cost_of(price)

    def odds_at(self, cost: int) -> int:
        """The decimal odds of contracts that are bought at a cost, in micros, rounded down."""
        return self.instrument.grid.odds_of(cost) if self.side is Side.BUY else MICRO * MICRO // cost

    def lot_at(self, cost: int) -> int:
        """The step of sizes at a cost."""
        return self.instrument.lot_at(self.cost_of(cost))


@dataclass(frozen=True, slots=True)
class Level:
    """Contracts that can be bought at one price. Micros."""

    cost: int
    size: int


@dataclass(frozen=True, slots=True)
class TakeOrder:
    """An order that takes at once what it can: contracts at up to `cost` each. `lowest`: what the cheapest cost when
    the book was looked at; is_whole: all of it or nothing."""

    reference: str
    leg: Leg
    cost: int
    size: int
    lowest: int
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Sums:
    """Contracts, what they cost, and the fees. Micros."""

    size: int
    cost: int
    fee: int

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.size + other.size, self.cost + other.cost, self.fee + other.fee)


NOTHING = Sums(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Taken:
    """What an order took, by its trades: contracts, what they cost, and the fees, in micros. `instrument_ref`, `side`:
    of the leg; reference: empty where neither the venue nor this process knows it; is_over: nothing more will come;
    undone: the part that was taken back later, its money returned; withheld: contracts
    of the size that the venue kept as its fee."""

    venue_ref: str
    reference: str
    instrument_ref: str
    side: Side
    size: int
    cost: int
    fee: int
    is_over: bool = True
    undone: Sums = NOTHING
    withheld: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """How the contracts that an order bought were decided, for who holds them."""

    taken: Taken
    status: SettlementStatus
    at_ms: int
    paid: Decimal | None = None  # for each contract; None: by status, a void's cost back
    commission: Decimal = Decimal(0)  # what the venue kept of that
    credited: Decimal | None = None  # in all, before commission, where the venue tells that


class Takes(Protocol):
    """What a family brings. Every method that asks the venue raises only the four venue errors."""

    manifest: Manifest

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def balance(self) -> Balance: ...

    async def leg(self, operation: str, market_ref: str, outcome_ref: str, *, is_back: bool) -> Leg:
        """The contracts that pay when the outcome wins, or when it does not. Raises Refused for references that are
        not understood, and for a market that is not open."""
        ...

    async def levels(self, leg: Leg) -> list[Level]:
        """What can be bought of the leg now, the cheapest first."""
        ...

    def charge(self, leg: Leg, cost: int, size: int, lowest: int) -> int:
        """The most that buying contracts at up to `cost` can take from the balance, fees included; `lowest` as of
        TakeOrder. Grows with the size. Micros."""
        ...

    def order_id(self, order: TakeOrder) -> str | None:
        """The venue's id that the order will have, where it can be computed."""
        ...

    async def take(self, order: TakeOrder) -> Taken:
        """Sends the order, once. Refused with Reason.DUPLICATE where the venue knows the reference."""
        ...

    async def taken(self, ref: BetRef) -> Taken | None:
        """What the venue knows of a reference. None = it surely never arrived; CannotTell otherwise."""
        ...

    async def history(self, since_ms: int) -> list[Taken]:
        """Every order since then that took something, oldest first; more are allowed."""
        ...

    async def decided(self, orders: Sequence[Taken]) -> list[Ended]:
        """Those of the orders whose market is over."""
        ...


# --- rules ---------------------------------------------------------------------------------------------------------


class NoTakeError(Exception):
    """The book, as it stands, has nothing for the bet. `reason` is the refusal's."""

    def __init__(self, reason: Reason, why: str) -> None:
        super().__init__(why)
        self.reason = reason


def planned(bet: BetIntent, leg: Leg, levels: Sequence[Level], venue: Takes) -> TakeOrder:
    """The order that takes as much of the stake as the book has at the bet's odds or better.

    Its price is the worst that it needs, so that it is sized for what it can cost at most. Raises NoTakeError.
    """
    worst = leg.highest_cost(bet.odds, is_back=bet.is_back)
    good = [level for level in levels if worst is not None and level.cost <= worst]
    if not good:
        raise NoTakeError(Reason.PRICE, f"nothing stands at {decimal_of(bet.odds)} or better")
    lowest = good[0].cost
    if not bet.accept_better and lowest != worst:
        raise NoTakeError(Reason.PRICE, "the price is better than the one that alone was wanted")
    stake, there = micros(bet.stake), 0
    for level in good:
        there += level.size
        size = _most_contracts(leg, level.cost, lowest, _budget(stake, level.cost, is_back=bet.is_back), venue)
        if size <= there:
            break
    else:
        if not bet.accept_partial:
            raise NoTakeError(Reason.LIMIT, f"only {decimal_of(there)} contracts stand at that price")
        lot = leg.lot_at(level.cost)
        size = there // lot * lot
    _check_size(leg, level.cost, size)
    return TakeOrder(bet.reference, leg, level.cost, size, lowest, not bet.accept_partial)


def _budget(stake: int, cost: int, *, is_back: bool) -> int:
    """The money that may be put at risk for a stake at a price: laying, stake × (odds − 1)."""
    return stake if is_back else stake * cost // (MICRO - cost)


def _most_contracts(leg: Leg, cost: int, lowest: int, budget: int, venue: Takes) -> int:
    """The largest whole number of lots that surely costs no more than the budget."""
    lot = leg.lot_at(cost)
    lots = range(budget * MICRO // (cost * lot) + 1)
    fitting = bisect_right(lots, budget, key=lambda number: venue.charge(leg, cost, number * lot, lowest))
    return max(fitting - 1, 0) * lot


def _check_size(leg: Leg, cost: int, size: int) -> None:
    instrument = leg.instrument
    worth = instrument.grid.worth(leg.cost_of(cost), size, buys=leg.side is Side.BUY)
    if size < max(instrument.min_size, 1):
        raise NoTakeError(Reason.LIMIT, f"{decimal_of(size)} contracts are fewer than the venue takes")
    if worth < instrument.min_notional:
        raise NoTakeError(Reason.LIMIT, f"contracts worth {decimal_of(worth)} are less than it takes")


def report_of(taken: Taken, *, is_back: bool, stake: Decimal | None) -> BetReport:
    """The bet that an order was. stake: what was asked for.

    Backing: the stake is the money at risk, the odds are contracts / cost, rounded down. Laying: the odds are
    contracts / (contracts − cost), rounded up, and the stake is the money at risk / (odds − 1); where that is more than
    was asked for, because a better price was met, the stake is what was asked for and the odds follow from it.
    Raises UnreadableError where contracts cost nothing, or all that they can pay.
    """
    if not taken.is_over:
        return BetReport(taken.reference, BetStatus.PLACED, taken.venue_ref)
    if not taken.size:
        return BetReport(taken.reference, BetStatus.REJECTED, taken.venue_ref, reason=NOTHING_TAKEN)
    risk, size, cost = taken.cost + taken.fee, taken.size, taken.cost
    if not 0 < cost < size:
        raise UnreadableError(f"{decimal_of(size)} contracts for {decimal_of(cost)}")
    if is_back:
        odds, placed = size * MICRO // cost, risk
    else:
        odds, placed = -(-size * MICRO // (size - cost)), risk * (size - cost) // cost
        asked = None if stake is None else micros_floor(stake)
        if asked is not None and placed > asked:
            odds, placed = MICRO + -(-risk * MICRO // asked), asked
    return BetReport(
        taken.reference,
        BetStatus.CONFIRMED,
        taken.venue_ref,
        OddsMicros(odds),
        decimal_of(placed),
        at_risk=decimal_of(risk),
        received={
            "orderId": taken.venue_ref,
            "contracts": str(decimal_of(size)),
            "cost": str(decimal_of(cost)),
            "fees": str(decimal_of(taken.fee)),
        },
    )


def settled_report(ended: Ended) -> BetReport:
    """The settlement of a bet, from what its contracts paid."""
    taken, undone = ended.taken, ended.taken.undone
    size, cost = taken.size - undone.size - taken.withheld, taken.cost - undone.cost
    match ended.status:
        case _ if ended.credited is not None:
            paid = ended.credited
        case _ if ended.paid is not None:
            paid = decimal_of(micros_floor(decimal_of(size) * ended.paid))
        case SettlementStatus.WON:
            paid = decimal_of(size)
        case SettlementStatus.VOID:
            paid = decimal_of(cost)
        case _:
            paid = Decimal(0)
    paid += decimal_of(undone.cost + undone.fee)
    status = BetStatus.VOID if ended.status is SettlementStatus.VOID else BetStatus.CONFIRMED
    return BetReport(
        taken.reference,
        status,
        taken.venue_ref,
        settlement=BetSettlement(ended.status.value),
        payout=paid - ended.commission,
        commission=ended.commission,
    )


def line_of(leg: Leg, level: Level, venue: Takes, market_ref: str, outcome_ref: str) -> LiveLine:
    """The best price to back at, and what it takes."""
    charge = venue.charge(leg, level.cost, level.size, level.cost)
    manifest = venue.manifest
    odds = OddsMicros(leg.odds_at(level.cost))
    return LiveLine(market_ref, outcome_ref, odds, manifest.minimum_stake, decimal_of(charge), manifest.currency)


# --- the bookmaker -------------------------------------------------------------------------------------------------


class TakingBookmaker:
    """An exchange as a `Bookmaker`, for one account."""

    def __init__(self, venue: Takes) -> None:
        self.manifest = venue.manifest
        self._venue = venue
        self._named: OrderedDict[str, TakeOrder] = OrderedDict()
        self._sent: OrderedDict[str, TakeOrder] = OrderedDict()  # a reference is sent once
        self._unsent: OrderedDict[str, None] = OrderedDict()  # references that ended before anything left

    async def open(self) -> None:
        await self._venue.open()

    async def close(self) -> None:
        await self._venue.close()

    async def balance(self) -> Balance:
        return await self._venue.balance()

    async def name(self, bet: BetIntent) -> str | None:
        """Looks at the book and makes the order; its id, where the venue's can be computed. The order is kept for the
        `place` of the same bet, which has to follow. Raises Refused when the book has nothing for the bet."""
        order = self._sent.get(bet.reference) or await self._ordered(bet)
        order_id = self._venue.order_id(order)
        if order_id is not None:
            keep(self._named, bet.reference, order)
        return order_id

    async def place(self, bet: BetIntent) -> BetReport:
        """Takes what stands at the odds or better: all of the stake or nothing, or what there is of it. Refused when
        nothing was taken; PLACED while the venue does not tell all trades yet."""
        known = self._sent.get(bet.reference)
        order = known or self._named.pop(bet.reference, None) or await self._ordered(bet)
        self._unsent.pop(bet.reference, None)
        keep(self._sent, bet.reference, order)
        try:
            taken = await (self._venue.take(order) if known is None else self._adopted(order))
        except Refused as error:
            if error.reason is not Reason.DUPLICATE:
                raise
            taken = await self._adopted(order)
        if taken.is_over and not taken.size:
            raise self._refused("place", NOTHING_TAKEN, Reason.PRICE)
        with reading(self.manifest.slug, "place", changes=True):
            report = report_of(taken, is_back=bet.is_back, stake=bet.stake)
        return replace(report, sent=_sent(order))

    async def find(self, ref: BetRef) -> BetReport | None:
        """The bet with its settlement, where its market is over."""
        taken = None if ref.reference in self._unsent else await self._venue.taken(ref)
        if taken is None:
            return None
        with reading(self.manifest.slug, "find"):
            report = report_of(replace(taken, reference=ref.reference), is_back=ref.is_back, stake=ref.stake)
        ended = await self._venue.decided([taken]) if taken.is_over and taken.size else []
        if not ended:
            return report
        settled = settled_report(ended[0])
        return replace(report, settlement=settled.settlement, payout=settled.payout, commission=settled.commission)

    async def settled(self, since_ms: int) -> list[BetReport]:
        """By what the exchange decided; corrections replace what was told before."""
        orders = await self._venue.history(since_ms - LATE_MS)
        ended = await self._venue.decided(orders) if orders else []
        return [settled_report(one) for one in sorted(ended, key=lambda one: one.at_ms)]

    async def line(self, market_ref: str, outcome_ref: str, outcome: OutcomeKey) -> LiveLine | None:
        """The best price to back at, and what stands there now."""
        try:
            leg = await self._venue.leg("line", market_ref, outcome_ref, is_back=True)
        except Refused as error:
            if error.reason is not Reason.CLOSED:
                raise
            return None
        levels = await self._venue.levels(leg)
        return line_of(leg, levels[0], self._venue, market_ref, outcome_ref) if levels else None

    # --- inside ----------------------------------------------------------------------------------------------------

    async def _ordered(self, bet: BetIntent) -> TakeOrder:
        try:
            return await self._planned(bet)
        except (Refused, Unavailable):
            keep(self._unsent, bet.reference, None)
            raise

    async def _planned(self, bet: BetIntent) -> TakeOrder:
        if bet.currency != self.manifest.currency:
            why = f"the bet is in {bet.currency}, the venue in {self.manifest.currency}"
            raise self._refused("place", why, Reason.INVALID)
        if not bet.stake.is_finite() or not 0 < bet.stake < _NO_STAKE or bet.odds <= MICRO:
            raise self._refused("place", f"{bet.stake} at {decimal_of(bet.odds)} is no bet", Reason.INVALID)
        leg = await self._venue.leg("place", bet.market_ref, bet.outcome_ref, is_back=bet.is_back)
        try:
            return planned(bet, leg, await self._venue.levels(leg), self._venue)
        except NoTakeError as error:
            raise self._refused("place", str(error), error.reason) from None

    async def _adopted(self, order: TakeOrder) -> Taken:
        """What the order that holds our reference already took; in doubt while the venue does not show it."""
        try:
            found = await self._venue.taken(BetRef(order.reference, self._venue.order_id(order), 0))
        except VenueError as error:
            raise InDoubt(
                self.manifest.slug, "place", f"the reference is taken, its order not told: {error}"
            ) from error
        if found is None:
            raise InDoubt(self.manifest.slug, "place", "the reference is taken, but no order has it")
        return found

    def _refused(self, operation: str, why: str, reason: Reason) -> Refused:
        return Refused(self.manifest.slug, operation, why, reason=reason)


def keep(kept: OrderedDict[str, T], key: str, value: T, most: int = 1_000) -> None:
    """Notes a value as the latest; the eldest beyond `most` are forgotten."""
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)


def _sent(order: TakeOrder) -> dict[str, str | bool]:
    """For the audit trail."""
    leg = order.leg
    return {
        "instrument": leg.instrument.ref,
        "side": leg.side.value,
        "price": str(decimal_of(leg.cost_of(order.cost))),
        "contracts": str(decimal_of(order.size)),
        "wholeOrNothing": order.is_whole,
    }
