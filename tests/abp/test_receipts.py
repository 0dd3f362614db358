"""A receipt is all that its decision was made from."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given

from hedgerow.abp.receipts import from_json, receipt_of, recompute, to_json
from hedgerow.abp.routing import Candidate, Wanted
from hedgerow.storage.database import decode_json, encode_json

from .abpkit import NOW, candidate, candidate_lists, wanted, wanteds


@given(wanteds(), candidate_lists())
def test_a_stored_receipt_gives_the_same_decision_again(order: Wanted, offers: tuple[Candidate, ...]) -> None:
    receipt = receipt_of(7, 1, NOW, order, offers)
    stored = from_json(decode_json(encode_json(to_json(receipt))))
    assert stored == receipt
    assert recompute(stored) == receipt.decision


def test_an_altered_receipt_is_found_out() -> None:
    receipt = receipt_of(7, 1, NOW, wanted(), (candidate(),))
    altered = replace(receipt, wanted=replace(receipt.wanted, open_stake=Decimal(99)))
    assert recompute(altered) != altered.decision
