"""Receipts in the words of the API, with what each bet was answered; and back, for whoever recorded them. Pure.

`wanted`, `candidates` and the decision are all that `receipts.recompute` needs; `bounds`, `boundBy`, `rank` and `bet`
are said for who reads it, and are not read back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from hedgerow.abp.events import Shape
from hedgerow.abp.explaining import bound_by, explained
from hedgerow.abp.receipts import Receipt
from hedgerow.abp.routing import Allocation, Candidate

_INNER = re.compile(r"(?<=[a-z])_([a-z])")
_HUMP = re.compile(r"([A-Z])")


def decision_shapes(receipts: Iterable[Receipt], bets: Sequence[Shape]) -> list[Shape]:
    """All decisions about an order, oldest first. bets: the order's, oldest first, each with `accountId`; every
    allocation has led to one."""
    left = list(bets)
    return [_decision(receipt, left) for receipt in receipts]


def receipts_of(answer: Any) -> list[Receipt]:
    """The receipts of an answer that `decision_shapes` is a part of. Raises ValueError that says what is wrong."""
    match answer:
        case {"orderId": int(order_id), "decisions": [*decisions]}:
            pass
        case _:
            raise ValueError("this is no receipt: it has no orderId and decisions")
    try:
        return [_receipt(order_id, decision) for decision in decisions]
    except KeyError as missing:
        raise ValueError(f"the receipt of order {order_id} has no {missing}") from None
    except (msgspec.ValidationError, TypeError) as error:
        raise ValueError(f"the receipt of order {order_id} cannot be read: {error}") from None


def _decision(receipt: Receipt, left: list[Shape]) -> Shape:
    decision, is_back = receipt.decision, receipt.wanted.is_back
    return {
        "attempt": receipt.attempt,
        "at": receipt.at,
        "wanted": _camel(_plain(receipt.wanted)),
        "candidates": [_candidate(one, is_back=is_back) for one in receipt.candidates],
        "allocations": [
            {
                **_camel(_plain(one)),
                "rank": rank,
                "boundBy": list(bound_by(receipt, one)),
                "bet": _taken_from(left, one),
            }
            for rank, one in enumerate(decision.allocations, start=1)
        ],
        "leftOut": [_camel(_plain(one)) for one in decision.left_out],
        "unrouted": decision.unrouted,
    }


def _candidate(candidate: Candidate, *, is_back: bool) -> Shape:
    return {
        **_camel(_plain(candidate)),
        "bounds": _camel(_plain(explained(candidate, is_back=is_back))),
    }


def _taken_from(left: list[Shape], allocation: Allocation) -> Shape | None:
    """The bet of an allocation, taken out of those that are left; None where it is not there (any more)."""
    for index, bet in enumerate(left):
        asked = bet["oddsInfo"]
        if (bet["accountId"], asked["requestedPrice"], asked["requestedStake"]) == (
            allocation.account_id,
            allocation.price,
            allocation.stake,
        ):
            return left.pop(index)
    return None


def _receipt(order_id: int, decision: Mapping[str, Any]) -> Receipt:
    snake = _snake(decision)
    plain = {
        "order_id": order_id,
        "attempt": snake["attempt"],
        "at": snake["at"],
        "wanted": snake["wanted"],
        "candidates": snake["candidates"],
        "decision": {name: snake[name] for name in ("allocations", "left_out", "unrouted")},
    }
    return msgspec.convert(plain, Receipt, strict=True)


def _plain(value: Any) -> Any:
    """Builtins, but Decimals as they are: the API writes them as numbers, digit for digit."""
    return msgspec.to_builtins(value, builtin_types=(Decimal,))


def _camel(value: Any) -> Any:
    return _renamed(value, lambda name: _INNER.sub(lambda found: found[1].upper(), name))


def _snake(value: Any) -> Any:
    return _renamed(value, lambda name: _HUMP.sub(lambda found: f"_{found[1].lower()}", name))


def _renamed(value: Any, rename: Callable[[str], str]) -> Any:
    if isinstance(value, Mapping):
        return {rename(name): _renamed(one, rename) for name, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_renamed(one, rename) for one in value]
    return value
