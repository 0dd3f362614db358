"""The routing receipt: all that a decision was made from, and the decision, so that anyone can make it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from hedgerow.abp.routing import Candidate, Decision, Wanted, route


@dataclass(frozen=True, slots=True)
class Receipt:
    """One decision about one order. attempt: from 1, in the order of the decisions."""

    order_id: int
    attempt: int
    at: datetime
    wanted: Wanted
    candidates: tuple[Candidate, ...]
    decision: Decision


_encode = msgspec.json.Encoder().encode


def receipt_of(order_id: int, attempt: int, at: datetime, wanted: Wanted, candidates: tuple[Candidate, ...]) -> Receipt:
    """Decides, and keeps what it was decided from."""
    return Receipt(order_id, attempt, at, wanted, candidates, route(wanted, candidates))


def recompute(receipt: Receipt) -> Decision:
    """The decision anew, from what the receipt keeps: equal to the one in it, or one of the two was altered."""
    return route(receipt.wanted, receipt.candidates)


def to_json(receipt: Receipt) -> msgspec.Raw:
    """JSON; amounts and prices are text, digit for digit."""
    return msgspec.Raw(_encode(receipt))


def from_json(plain: Mapping[str, Any]) -> Receipt:
    """The receipt that `to_json` gave. Raises msgspec.ValidationError for anything else."""
    return msgspec.convert(dict(plain), Receipt)
