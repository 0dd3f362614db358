"""The published vectors, byte for byte, and that a wrong byte is seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hedgerow.venues.predict_fun import FAMILY

SCHEMES = ("order_eip712_eoa", "order_predict_account", "auth_message", "order_amounts")


@pytest.fixture
def schemes(shared: Callable[[str], Path]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shared("venues/vectors/predict.fun.json").read_text())["schemes"]
    return found


def test_every_scheme_of_the_file_is_checked(schemes: dict[str, Any]) -> None:
    assert set(schemes) == set(FAMILY.vectors) == set(SCHEMES)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_vectors_come_out_byte_for_byte_and_a_wrong_one_is_seen(schemes: dict[str, Any], scheme: str) -> None:
    check = FAMILY.vectors[scheme]
    assert schemes[scheme]["vectors"]
    for vector in schemes[scheme]["vectors"]:
        assert check(vector["inputs"], vector["expected"]) == [], vector["id"]
    inputs, expected = vector["inputs"], vector["expected"]
    for name in expected:
        assert check(inputs, {**expected, name: "another"}), name
