"""A receipt in the API's words holds all that its decision was made from, and says what bound it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from hedgerow.abp.explaining import AVERAGE, bound_by, explained
from hedgerow.abp.limits import bounds
from hedgerow.abp.orders import PriceRule
from hedgerow.abp.receipt_shapes import decision_shapes, receipts_of
from hedgerow.abp.receipts import Receipt, receipt_of, recompute
from hedgerow.abp.routing import Candidate, Wanted
from hedgerow.storage.database import decode_json, encode_json

from .abpkit import NOW, candidate, candidate_lists, wanted, wanteds


def receipt(order: Wanted | None = None, *candidates: Candidate) -> Receipt:
    return receipt_of(7, 1, NOW, order or wanted(), candidates or (candidate(),))


def over_the_wire(found: Receipt, *bets: dict[str, Any]) -> dict[str, Any]:
    answer = {"orderId": found.order_id, "decisions": decision_shapes([found], bets)}
    told: dict[str, Any] = decode_json(encode_json(answer))
    return told


@given(wanteds(), candidate_lists())
def test_decision_is_made_again_from_the_answer_alone(order: Wanted, offers: tuple[Candidate, ...]) -> None:
    made = receipt_of(7, 1, NOW, order, offers)
    [read] = receipts_of(over_the_wire(made))
    assert read == made
    assert recompute(read) == made.decision


@given(wanteds(), candidate_lists())
def test_told_bounds_are_those_of_the_decision_and_named(order: Wanted, offers: tuple[Candidate, ...]) -> None:
    for one in offers:
        found = explained(one, is_back=order.is_back)
        if found is None:
            assert one.price is None or one.price <= 1
            continue
        assert one.price is not None
        limits = bounds(one.limits, one.price, is_back=order.is_back)
        assert (found.least, found.most) == (limits.least, limits.most)
        assert found.most_by


@given(wanteds(), candidate_lists())
def test_every_allocation_is_bound_by_something(order: Wanted, offers: tuple[Candidate, ...]) -> None:
    made = receipt_of(7, 1, NOW, order, offers)
    for one in made.decision.allocations:
        names = bound_by(made, one)
        assert names
        assert order.price_rule is PriceRule.AVERAGE or AVERAGE not in names


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"account_max": Decimal(5), "entry_max": Decimal(500)}, ["account limit"]),
        ({"default_max": Decimal(5), "entry_max": Decimal(500)}, ["bookmaker limit"]),
        ({"account_max": Decimal(50), "entry_max": Decimal(5)}, ["offer limit"]),
        ({"entry_max": Decimal(5)}, ["offer limit"]),
        ({"untold_max": Decimal(5), "entry_max": None}, ["assumed limit"]),
        ({"free": Decimal(5), "entry_max": Decimal(500)}, ["balance"]),
        ({"free": Decimal(5), "entry_max": Decimal(5)}, ["offer limit", "balance"]),
        ({"entry_max": Decimal(500)}, ["open stake of the order"]),
    ],
)
def test_what_bound_a_stake_is_named(changes: dict[str, Any], names: list[str]) -> None:
    one = candidate()
    one = replace(one, limits=replace(one.limits, **changes))
    [allocation] = over_the_wire(receipt(wanted(open_stake=Decimal(10)), one))["decisions"][0]["allocations"]
    assert allocation["boundBy"] == names


def test_each_allocation_has_the_answer_of_its_own_bet() -> None:
    made = receipt()
    [allocation] = made.decision.allocations
    bets = [
        {
            "betId": number,
            "accountId": account,
            "oddsInfo": {"requestedPrice": price, "requestedStake": allocation.stake},
        }
        for number, account, price in [
            (1, allocation.account_id + 1, allocation.price),
            (2, allocation.account_id, allocation.price + 1),
            (3, allocation.account_id, allocation.price),
        ]
    ]
    told = over_the_wire(made, *bets)["decisions"][0]
    assert [one["bet"]["betId"] for one in told["allocations"]] == [3]
    assert [one["bet"] for one in over_the_wire(made)["decisions"][0]["allocations"]] == [None]


@pytest.mark.parametrize(
    "answer", [[], {}, {"orderId": 1}, {"orderId": 1, "decisions": [{}]}, {"orderId": 1, "decisions": [1]}]
)
def test_what_is_no_receipt_is_refused(answer: object) -> None:
    with pytest.raises(ValueError, match="receipt"):
        receipts_of(answer)
