from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ids import VenueSlug
from hedgerow.core.money import MICRO
from hedgerow.core.odds_grid import OddsGrid
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.mm.taping.codec import decode, encode
from hedgerow.venues.base import Fee, Instrument, Resolution

WON = Resolution("1.2:3", SettlementStatus.WON, None, 0, kept=Decimal("0.05"))
GRID = OddsGrid([2_000_000, 1_930_000, 1_250_000])
INSTRUMENT = Instrument(VenueSlug("betfair-ex"), "1.2:3", "1.2", GRID, lot=10_000, min_size=0, min_notional=2_000_000)


def test_a_commission_is_taken_from_winnings_only():
    assert WON.seen_by(Side.BUY, Decimal("0.8")) == (SettlementStatus.WON, Decimal("0.99"))
    assert WON.seen_by(Side.SELL, Decimal("0.2")) == (SettlementStatus.LOST, None)


@given(st.integers(1, MICRO - 1), st.integers(1, 1_000 * MICRO))
def test_prices_count_all_that_a_commission_can_come_to(cost, size):
    fee = Fee(Decimal("0.05"), on_winnings=True)
    assert fee.of(cost, size) - Decimal("0.05") * size * (MICRO - cost) / MICRO < 1


def test_lots_and_the_smallest_size_depend_on_the_odds():
    price = GRID.price_of(1_930_000)
    assert (INSTRUMENT.lot_at(price), INSTRUMENT.least_at(price)) == (19_300, 3_860_000)


def test_an_instrument_with_odds_keeps_its_grid_on_a_tape():
    assert decode(encode(INSTRUMENT), Instrument) == INSTRUMENT
