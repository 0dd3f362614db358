"""`hedgerow replay-orders` on receipts that were decided as now, otherwise, or damaged."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from tests.abp.abpkit import NOW, candidate, wanted

from hedgerow.abp.receipt_shapes import decision_shapes
from hedgerow.abp.receipts import Receipt, receipt_of
from hedgerow.storage.database import encode_json

Cli = Callable[..., "subprocess.CompletedProcess[str]"]


def made(order_id: int) -> Receipt:
    return receipt_of(order_id, 1, NOW, wanted(open_stake=Decimal(10)), (candidate(),))


def otherwise(order_id: int) -> Receipt:
    """As another router would have decided: half of the stake."""
    found = made(order_id)
    [one] = found.decision.allocations
    half = replace(one, stake=one.stake / 2, order_stake=one.order_stake / 2)
    return replace(found, decision=replace(found.decision, allocations=(half,), unrouted=half.order_stake))


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Path]:
    def write(*receipts: Receipt, then: str = "") -> Path:
        path = tmp_path / "receipts.jsonl"
        answers = [{"orderId": one.order_id, "decisions": decision_shapes([one], [])} for one in receipts]
        path.write_text("".join(encode_json(answer).decode() + "\n" for answer in answers) + then)
        return path

    return write


def test_same_decisions_exit_with_0(cli: Cli, record: Callable[..., Path]) -> None:
    done = cli("replay-orders", record(made(1), made(2), then="\n"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "orders 2, decisions 2, different 0" in done.stdout


def test_difference_is_shown_by_order_and_in_sum_and_exits_with_1(cli: Cli, record: Callable[..., Path]) -> None:
    path = record(made(1), otherwise(2))
    shown = cli("replay-orders", path)
    assert shown.returncode == 1
    assert "order 2, decision 1" in shown.stdout
    assert "order 1" not in shown.stdout
    told = cli("replay-orders", path, "--json")
    assert told.returncode == 1
    found = json.loads(told.stdout)
    [difference] = found["differences"]
    assert (difference["order_id"], found["orders"]) == (2, 2)
    [leg] = difference["legs"]
    assert leg["recorded_stake"] * 2 == leg["present_stake"] == 10
    assert [(total["recorded"], total["present"]) for total in found["sums"]] == [(15, 20)]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "this is no JSON"),
        ("[]", "this is no receipt"),
        ('{"orderId": 3, "decisions": [{"attempt": 1}]}', "the receipt of order 3 has no 'at'"),
    ],
)
def test_damaged_line_is_named_and_exits_with_2(cli: Cli, record: Callable[..., Path], line: str, why: str) -> None:
    done = cli("replay-orders", record(made(1), then=line + "\n"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "line 2: " + why in done.stderr


def test_missing_file_is_named(cli: Cli) -> None:
    done = cli("replay-orders", "nothing.jsonl")
    assert (done.returncode, "nothing.jsonl cannot be read: No such file" in done.stderr) == (2, True)
