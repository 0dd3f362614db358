"""The report of settled bets: how runners ended, and the bets with what they were paid.

The venue says no result of a runner: what became of the account's own bets does. Documented are WIN and LOSE only, so
the result is read from profit and stake. A bet that a deduction changed fits no result and is told as what it paid.
Source: matchbook-sdk 0.1.2, `reports`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.core.money import Micros
from hedgerow.core.states import FillState, SettlementStatus, Side
from hedgerow.venues.base import Fill, Instrument, Resolution
from hedgerow.venues.matchbook import wire
from hedgerow.venues.matchbook.listing import OPPOSITE
from hedgerow.venues.matchbook.odds import contracts, price_of
from hedgerow.venues.matchbook.parse import MalformedError, amount, fee, identity, odds, side_of, signed, time_ms

_NET_WIN = "NET_WIN"
_LEAST_TOLD = Decimal("0.00002")
"""Amounts have five decimals, and a product of them may be rounded either way."""


@dataclass(frozen=True, slots=True)
class RunnerEnd:
    """How a runner's contract ended for who bought it."""

    status: SettlementStatus
    at_ms: int
    kept: Decimal = Decimal(0)  # the part of a bet's winnings that was kept as commission


def runner_ends(markets: Iterable[wire.SettledMarket]) -> dict[str, RunnerEnd]:
    """By runner, of those that were bet on; the last settlement where there are several."""
    ends: dict[str, RunnerEnd] = {}
    for market in sorted(markets, key=lambda market: time_ms(market.settled_time, "settled-time")):
        at_ms = time_ms(market.settled_time, "settled-time")
        for selection in market.selections:
            side = side_of(selection.side)
            for bet in selection.bets:
                runner_id = identity(selection.runner_id, "runner-id")
                before = ends.get(runner_id)
                kept = max(_kept(bet), before.kept if before is not None and before.at_ms == at_ms else Decimal(0))
                ends[runner_id] = RunnerEnd(status_of(side, bet), at_ms, kept)
    return ends


def resolutions_of(markets: Iterable[wire.SettledMarket], instruments: Iterable[Instrument]) -> list[Resolution]:
    """Those of the instruments whose runner, or whose only other, was bet on and is settled."""
    ends = runner_ends(markets)
    found = []
    for instrument in instruments:
        own, opposite = ends.get(instrument.ref), ends.get(instrument.meta.get(OPPOSITE, ""))
        if own is not None:
            found.append(Resolution(instrument.ref, own.status, None, own.at_ms, own.kept))
        elif opposite is not None:
            found.append(Resolution(instrument.ref, opposite.status.mirrored, None, opposite.at_ms, opposite.kept))
    return found


def on_winnings(bet: wire.SettledBet) -> Decimal:
    """The commission that was taken at the end: of a VOLUME account none, it is charged when a bet is matched."""
    return amount(bet.commission or Decimal(0), "commission") if bet.commission_type == _NET_WIN else Decimal(0)


def _kept(bet: wire.SettledBet) -> Decimal:
    profit = signed(bet.profit_and_loss, "profit-and-loss")
    kept = on_winnings(bet)
    if 0 < profit < kept:
        raise MalformedError(f"a commission of {kept} is more than the {profit} that was won")
    return kept / profit if profit > 0 else Decimal(0)


def status_of(side: Side, bet: wire.SettledBet) -> SettlementStatus:
    """The result of the runner, from what a bet on it won or lost. Raises MalformedError for a profit of no result."""
    at_odds, stake = odds(bet.odds, None, None), amount(bet.stake, "stake")
    liability = stake * (at_odds - 1)
    wins, loses = (liability, stake) if side is Side.BUY else (stake, liability)
    results = (
        (wins, SettlementStatus.WON),
        (-loses, SettlementStatus.LOST),
        (Decimal(0), SettlementStatus.VOID),
        (wins / 2, SettlementStatus.HALF_WON),
        (-loses / 2, SettlementStatus.HALF_LOST),
    )
    profit = signed(bet.profit_and_loss, "profit-and-loss")
    status = next((status for paid, status in results if abs(profit - paid) <= _LEAST_TOLD), None)
    if status is None:
        raise MalformedError(f"a profit of {profit} is no result of {stake} at {at_odds}")
    return status if side is Side.BUY else status.mirrored


def settled_fills(markets: Iterable[wire.SettledMarket]) -> list[Fill]:
    """The bets of settled markets. The report does not carry our references."""
    return [
        Fill(
            trade_ref=identity(bet.id, "id"),
            venue_ref=identity(bet.offer_id, "offer-id"),
            client_ref=None,
            instrument_ref=identity(selection.runner_id, "runner-id"),
            side=side_of(selection.side),
            price=price_of(odds(bet.odds, None, None)),
            size=_size(bet),
            fee=Micros(0) if bet.commission_type == _NET_WIN else fee(bet.commission),
            state=FillState.FINAL,
            is_maker=bool(bet.originator),
            at_ms=time_ms(bet.matched_time, "matched-time"),
        )
        for market in markets
        for selection in market.selections
        for bet in selection.bets
    ]


def _size(bet: wire.SettledBet) -> Micros:
    size = contracts(amount(bet.stake, "stake"), odds(bet.odds, None, None))
    if not size:
        raise MalformedError("a settled bet has no stake")
    return Micros(size)


def kept_of_offers(markets: Iterable[wire.SettledMarket]) -> dict[str, Decimal]:
    """What was kept of the winnings of each offer's bets, by the venue's id of the offer."""
    kept: dict[str, Decimal] = {}
    for market in markets:
        for selection in market.selections:
            for bet in selection.bets:
                offer_id = identity(bet.offer_id, "offer-id")
                kept[offer_id] = kept.get(offer_id, Decimal(0)) + on_winnings(bet)
    return kept
