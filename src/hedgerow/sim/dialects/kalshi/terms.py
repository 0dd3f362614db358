"""What can be set about the simulated Kalshi: fees, price grid, tier, clock window, pace of a cancel-all.

Price structures are Kalshi's bands of ticks from 0 to 1. Source: its page "Fixed-point prices" (August 2026).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hedgerow.core.ladders import Band, PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.sim.orders import Contract

_CENT, _DECI, _CENTI = 10_000, 1_000, 100
_HALF, _QUINT = 5_000, 2_000

SHARD = 0
"""The world's one exchange shard."""

Range = tuple[int, int, int]
"""Start, end and step, in micros."""


def _whole(step: int) -> tuple[Range, ...]:
    return ((0, MICRO, step),)


def _tapered(edge: int, center: int, width: int = 100_000) -> tuple[Range, ...]:
    return ((0, width, edge), (width, MICRO - width, center), (MICRO - width, MICRO, edge))


STRUCTURES = {
    "linear_cent": _whole(_CENT),
    "deci_cent": _whole(_DECI),
    "tapered_deci_cent": _tapered(_DECI, _CENT),
    "center_whole_edge_half_cent": _tapered(_HALF, _CENT),
    "center_whole_edge_quint_cent": _tapered(_QUINT, _CENT),
    "center_half_edge_half_cent": _whole(_HALF),
    "center_half_edge_quint_cent": _tapered(_QUINT, _HALF),
    "center_half_edge_deci_cent": _tapered(_DECI, _HALF),
    "center_quint_edge_quint_cent": _whole(_QUINT),
    "center_quint_edge_deci_cent": _tapered(_DECI, _QUINT),
    "center_centi_edge_centi_cent": _whole(_CENTI),
    "center_deci_edge_centi_cent": _tapered(_CENTI, _DECI, 10_000),
}
"""Price ranges by the structure's name."""


def grid_of(structure: str) -> PriceGrid:
    """The prices that orders may have: the structure's without 0 and 1. Raises ValueError for an unknown name."""
    if structure not in STRUCTURES:
        raise ValueError(f"unknown price structure {structure!r}, known are {', '.join(STRUCTURES)}")
    bands = [list(band) for band in STRUCTURES[structure]]
    bands[0][0] += bands[0][2]
    bands[-1][1] -= bands[-1][2]
    return PriceGrid([Band(*band) for band in bands])


class FeeType(StrEnum):
    """Of a series. `flat` exists there and is not played here."""

    QUADRATIC = "quadratic"
    MAKERS_PAY = "quadratic_with_maker_fees"
    COMBO_MAKERS_PAY = "quadratic_with_combo_maker_fees"


_TAKER_PERCENT = 7
_MAKER_SHARE = {FeeType.QUADRATIC: 0, FeeType.MAKERS_PAY: 25, FeeType.COMBO_MAKERS_PAY: 50}
_FEE_STEP = 100
"""Fees are rounded up to $0.0001."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The world's Kalshi. Defaults are a new direct member's on plain sports markets."""

    fee_type: FeeType = FeeType.QUADRATIC
    fee_multiplier: Decimal = Decimal(1)
    structure: str = "linear_cent"
    tier: str = "basic"
    timestamp_window_ms: int = 5_000
    cancel_all_lag_s: float = 0.0
    """A cancel-all strikes so much later, and then hits orders that were placed in between."""
    ping_interval_s: float = 10.0
    """Of the machine's time: pings keep connections open, they are no event of the world."""

    def fee(self, contract: Contract, price: int, size: int, *, is_maker: bool) -> int:
        """0.07 × multiplier × contracts × p × (1 − p), the maker's share of it, rounded up to $0.0001 a fill.

        The direct member's balance is kept to $0.0001 too. Prices of whole cents and contracts of hundredths never
        fall between, so there is no rounding fee; on finer grids this leaves it out.
        """
        numerator, denominator = self.fee_multiplier.as_integer_ratio()
        percent_of_percent = _TAKER_PERCENT * (_MAKER_SHARE[self.fee_type] if is_maker else 100)
        exact = percent_of_percent * numerator * size * price * (MICRO - price)
        return -(-exact // (10_000 * denominator * MICRO * MICRO * _FEE_STEP)) * _FEE_STEP
