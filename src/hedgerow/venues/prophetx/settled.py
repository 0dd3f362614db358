"""How markets ended for the account: results by its own orders, and the fee on its net gains.

The venue tells no other result, and of its fee only the rule: a share of the net gains in a market, at settlement. Its
members in the ledger are not published, so the fee is worked out, spread over the orders that gained in the order in
which they were placed. Sources: the venue's page of fees (2026-08-19), docs.prophetx.co "Meaning of Enums".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.core.money import MICRO, decimal_of, micros
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.venues.base import Instrument, Resolution
from hedgerow.venues.prophetx import wire
from hedgerow.venues.prophetx.listing import RATE
from hedgerow.venues.prophetx.odds import CENT
from hedgerow.venues.prophetx.parse import OPPOSITE, VOID, Part, result_of, row_time_ms, time_ms


@dataclass(frozen=True, slots=True)
class Gain:
    """What an order of a settled market won (or lost, below 0), in micros, and how its side ended."""

    order_id: str
    strike_id: str
    amount: int
    result: SettlementStatus
    at_ms: int


def gains_of(rows: Iterable[wire.Order], parts: Mapping[str, Sequence[Part]]) -> list[Gain]:
    """Of the orders that were filled and decided, in the order of placing. Raises UnreadableError."""
    placed = sorted((time_ms(row.created_at, "created_at"), row.order_id, row) for row in rows if _is_decided(row))
    return [
        Gain(row.order_id, row.strike_id, _gain(row, parts[row.order_id]), _result(row), row_time_ms(row))
        for _, _, row in placed
        if parts.get(row.order_id)
    ]


def _is_decided(row: wire.Order) -> bool:
    return row.status == VOID or result_of(row) is not SettlementStatus.UNDECIDED


def _result(row: wire.Order) -> SettlementStatus:
    return SettlementStatus.VOID if row.status == VOID else result_of(row)


def _gain(row: wire.Order, parts: Sequence[Part]) -> int:
    match _result(row):
        case SettlementStatus.WON:
            return sum(part.size - part.stake for part in parts)
        case SettlementStatus.LOST:
            return -sum(part.stake for part in parts)
        case _:
            return 0


def fee_of(gains: Sequence[Gain]) -> int:
    """Of one market's orders, rounded up to the cent. Micros."""
    net = max(sum(gain.amount for gain in gains), 0)
    return -(-net * micros(RATE) // (MICRO * CENT)) * CENT


def shares_of(gains: Sequence[Gain]) -> dict[str, Decimal]:
    """The market's fee by order."""
    whole, winners = fee_of(gains), [gain for gain in gains if gain.amount > 0]
    total, seen, given = sum(gain.amount for gain in winners), 0, 0
    shares = {}
    for gain in winners:
        seen += gain.amount
        share = whole * seen // total - given
        given += share
        shares[gain.order_id] = decimal_of(share)
    return shares


def resolution_of(instrument: Instrument, rows: Sequence[wire.Order], gains: Sequence[Gain]) -> Resolution | None:
    """How an instrument ended, by an order of its market that has a result; an order that was voided by itself tells
    none. rows: the account's orders in the market that were filled. Raises UnreadableError."""
    sides = {instrument.ref: Side.BUY, instrument.meta.get(OPPOSITE, ""): Side.SELL}
    ends = [
        (row_time_ms(row), result_of(row) if sides[row.strike_id] is Side.BUY else result_of(row).mirrored)
        for row in rows
        if row.strike_id in sides and result_of(row) is not SettlementStatus.UNDECIDED
    ]
    if not ends:
        return None
    at_ms, status = max(ends)
    winnings = sum(gain.amount for gain in gains if gain.amount > 0)
    kept = Decimal(fee_of(gains)) / winnings if winnings else Decimal(0)
    return Resolution(instrument.ref, status, None, at_ms, kept)
