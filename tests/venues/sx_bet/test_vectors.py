"""The published vectors, byte for byte, and that a wrong byte is seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hedgerow.venues.sx_bet import FAMILY
from hedgerow.venues.vectors import run_vectors

FILE = "venues/vectors/sx.bet.json"


def test_all_vectors_of_all_schemes_pass(shared: Callable[[str], Path]) -> None:
    report = run_vectors([shared(FILE)])
    assert (report["passed"], report["failed"]) == (13, [])


@pytest.mark.parametrize("scheme", list(FAMILY.vectors))
def test_every_wrong_expectation_is_reported(shared: Callable[[str], Path], scheme: str) -> None:
    vector: dict[str, Any] = json.loads(shared(FILE).read_text())["schemes"][scheme]["vectors"][0]
    for name in vector["expected"]:
        wrong = {**vector["expected"], name: "another"}
        assert FAMILY.vectors[scheme](vector["inputs"], wrong), name
