"""The switches of a venue: what they take, and that the same seed decides the same."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hedgerow.sim.faults import Behaviour, Faults


def test_an_empty_patch_resets_and_another_keeps_the_rest() -> None:
    present = Behaviour.of({"latencyMs": 20, "down": True}, Behaviour())
    changed = Behaviour.of({"latencyMs": 30}, present)
    assert (changed.latencyMs, changed.down) == (30, True)
    assert Behaviour.of({}, changed) == Behaviour()


def test_rates_are_the_decimals_they_were_written_as() -> None:
    assert Behaviour(fillRatio=0.29).fillRatio == Decimal("0.29")


@pytest.mark.parametrize(
    "wrong",
    [
        {"rejectRate": Decimal("1.1")},
        {"loseResponseRate": Decimal("-0.1")},
        {"fillRatio": Decimal(2)},
        {"failTradeRate": Decimal(2)},
        {"latencyMs": -1},
        {"acceptDelayMs": -1},
        {"priceMove": Decimal(-1)},
    ],
)
def test_a_value_out_of_range_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Behaviour.of(wrong, Behaviour())


def test_the_same_seed_throws_the_same_dice() -> None:
    def thrown(seed: int) -> list[bool]:
        faults = Faults()
        faults.set(Behaviour(rejectRate=Decimal("0.5"), loseResponseRate=Decimal("0.5"), seed=seed))
        return [dice for _ in range(20) for dice in (faults.refuses(), faults.loses_answer())]

    assert thrown(3) == thrown(3)
    assert thrown(3) != thrown(4)


def test_rates_of_none_and_all_are_sure() -> None:
    faults = Faults()
    assert not any(faults.refuses() or faults.loses_answer() for _ in range(50))
    faults.set(Behaviour(rejectRate=Decimal(1), loseResponseRate=Decimal(1)))
    assert all(faults.refuses() and faults.loses_answer() for _ in range(50))
