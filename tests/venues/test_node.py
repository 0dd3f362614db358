"""A chain's node is asked for a balance; whatever else it says is no balance."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hedgerow.core.errors import Unavailable
from hedgerow.venues.node import Node

from .scripted import ScriptedVenue

TOKEN, HOLDER = "0x" + "aB" * 20, "0x" + "Cd" * 20


@pytest.fixture
async def chain() -> AsyncIterator[ScriptedVenue]:
    venue = ScriptedVenue({"error": "unscripted"})
    async with venue.serving():
        yield venue


async def _held(chain: ScriptedVenue) -> int:
    node = Node("a venue", chain.url)
    try:
        return await node.held(TOKEN, HOLDER)
    finally:
        await node.close()


async def test_a_balance_is_the_word_that_the_token_answers_for_the_holder(chain: ScriptedVenue) -> None:
    chain.answer("POST /", {"jsonrpc": "2.0", "id": 1, "result": hex(12_345_678)})
    assert await _held(chain) == 12_345_678
    asked = json.loads(chain.seen[0].body)
    call = {"to": TOKEN, "data": "0x70a08231" + "0" * 24 + "cd" * 20}
    assert (asked["method"], asked["params"]) == ("eth_call", [call, "latest"])


@pytest.mark.parametrize(
    "answer",
    [
        {"result": "0x"},
        {"result": "-0x5"},
        {"result": "a" * 64},
        {"result": 5},
        {"error": {"code": -32000, "message": "busy"}},
        "<",
    ],
)
async def test_what_is_no_balance_can_be_asked_again(chain: ScriptedVenue, answer: Any) -> None:
    chain.answer("POST /", answer)
    with pytest.raises(Unavailable):
        await _held(chain)


async def test_a_node_that_refuses_is_told_with_its_status(chain: ScriptedVenue) -> None:
    chain.answer("POST /", {"result": "0x1"}, status=429)
    with pytest.raises(Unavailable, match="429"):
        await _held(chain)
