"""The published vectors, byte for byte, and that a wrong byte is seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hedgerow.venues.polymarket import FAMILY

SCHEMES = ("clob_l1_headers", "clob_l2_headers", "order_eip712", "order_amounts", "orderbook_hash")


@pytest.fixture
def schemes(shared: Callable[[str], Path]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shared("venues/vectors/polymarket.json").read_text())["schemes"]
    return found


def test_every_scheme_of_the_file_is_checked(schemes: dict[str, Any]) -> None:
    assert set(schemes) == set(FAMILY.vectors) == set(SCHEMES)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_vectors_come_out_byte_for_byte(schemes: dict[str, Any], scheme: str) -> None:
    check = FAMILY.vectors[scheme]
    differences = {
        vector["id"]: different
        for vector in schemes[scheme]["vectors"]
        if (different := check(vector["inputs"], vector["expected"]))
    }
    assert differences == {}
    assert schemes[scheme]["vectors"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_wrong_expectation_is_reported(schemes: dict[str, Any], scheme: str) -> None:
    vector = schemes[scheme]["vectors"][0]
    for name in vector["expected"]:
        wrong = {**vector["expected"], name: "another"}
        assert FAMILY.vectors[scheme](vector["inputs"], wrong), name
    assert FAMILY.vectors[scheme](vector["inputs"], {"unheard of": 1})
