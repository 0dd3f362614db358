"""Results by the account's own orders, and the fee on its net gains."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.states import SettlementStatus
from hedgerow.venues.base import Instrument
from hedgerow.venues.prophetx import settled, wire
from hedgerow.venues.prophetx.odds import CENT
from hedgerow.venues.prophetx.parse import Part, price_of
from hedgerow.venues.prophetx.settled import Gain
from hedgerow.venues.reading import read

from .conftest import FIRST, NOW_S, SECOND

Order = Callable[..., dict[str, Any]]


def row(message: dict[str, Any]) -> wire.Order:
    return read(wire.Order, json.dumps(message).encode())


def part(order_id: str, american: int, stake: int) -> Part:
    price = price_of(Decimal(american))
    return Part(order_id, price, stake * 10**6, stake * 10**6, NOW_S * 1_000)  # type: ignore[arg-type]


def gain(name: str, amount: int) -> Gain:
    result = SettlementStatus.WON if amount > 0 else SettlementStatus.LOST
    return Gain(name, FIRST, amount, result, NOW_S * 1_000)


def test_gains_are_those_of_the_fills(order: Order) -> None:
    won = row(order(order_id="a", winning_status="won", status="closed"))
    lost = row(order(order_id="b", winning_status="lost", status="closed"))
    void = row(order(order_id="c", winning_status="won", status="void"))
    unfilled, open_one = row(order(order_id="d", winning_status="won")), row(order(order_id="e"))
    parts = {name: [part(name, 110, 10), part(name, 120, 5)] for name in "abce"}
    gains = settled.gains_of([won, lost, void, unfilled, open_one], parts)
    assert [(one.order_id, one.amount) for one in gains] == [("a", 17_000_000), ("b", -15_000_000), ("c", 0)]


def test_the_fee_is_of_what_is_left_of_the_gains_and_rounded_up() -> None:
    assert settled.fee_of([gain("a", 30_250_000)]) == 610_000
    assert settled.fee_of([gain("a", 30_000_000), gain("b", -10_000_000)]) == 400_000
    assert settled.fee_of([gain("a", 10_000_000), gain("b", -10_000_000)]) == 0
    assert settled.shares_of([gain("b", -1)]) == {}


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=8))
def test_shares_are_the_whole_fee_and_only_of_winners(amounts: list[int]) -> None:
    gains = [gain(str(number), amount) for number, amount in enumerate(amounts)]
    shares = settled.shares_of(gains)
    assert sum(shares.values(), Decimal(0)) * 10**6 == (settled.fee_of(gains) if shares else 0)
    assert shares.keys() == {one.order_id for one in gains if one.amount > 0}
    assert all(share >= 0 for share in shares.values())
    assert settled.fee_of(gains) % CENT == 0


def test_a_contract_ended_as_its_orders_did(order: Order, instrument: Instrument) -> None:
    bought = row(order(winning_status="lost", status="closed"))
    sold = row(order(strike_id=SECOND, winning_status="won", status="closed"))
    for told in (bought, sold):
        resolution = settled.resolution_of(instrument, [told], [])
        assert resolution is not None
        assert (resolution.status, resolution.kept) == (SettlementStatus.LOST, 0)


def test_what_was_kept_is_a_share_of_the_winnings(order: Order, instrument: Instrument) -> None:
    won = row(order(winning_status="won", status="closed"))
    resolution = settled.resolution_of(instrument, [won], [gain("a", 30_000_000), gain("b", -10_000_000)])
    assert resolution is not None
    assert resolution.kept == Decimal(4) / 300


def test_without_a_result_there_is_no_resolution(order: Order, instrument: Instrument) -> None:
    stranger = row(order(strike_id="0" * 32, winning_status="won"))
    assert settled.resolution_of(instrument, [row(order()), row(order(status="void")), stranger], []) is None
