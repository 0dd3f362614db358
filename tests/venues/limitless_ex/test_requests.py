"""Every request as it leaves, held against `requests.json`.

Paths, members and their order are those of the limitless-ex sheet and of the bodies that the official SDK made
(limitless-sdk 1.3.0, as its published vectors show them; `clientOrderId`, `timestamp` and `recvWindow` are of the
documentation). Ids are the simulated venue's; signatures follow from throw-away keys, and what makes them is held
against the SDK's in test_vectors.py.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from hedgerow.core.errors import VenueError
from hedgerow.core.odds import OddsMicros
from hedgerow.core.states import SettlementStatus
from hedgerow.exam.bench import FIXTURE
from hedgerow.venues.base import BetRef

from .conftest import Opens, Scene

GOLDEN: dict[str, list[dict[str, str]]] = json.loads((Path(__file__).parent / "requests.json").read_text())
ORDER_ID = "6f52b6d2-6c9e-4a5c-8a4f-28ab4b7ff203"
Call = Callable[[Scene], Awaitable[object]]

CALLS: dict[str, Call] = {
    "back": lambda scene: scene.bookmaker.place(scene.bet()),
    "lay": lambda scene: scene.bookmaker.place(scene.bet("bet-2", is_back=False, odds=OddsMicros(2_000_000))),
    "find by our reference": lambda scene: scene.bookmaker.find(scene.ref(scene.bet())),
    "find by the venue's id": lambda scene: scene.bookmaker.find(BetRef("bet-1", ORDER_ID, 0)),
    "line": lambda scene: scene.bookmaker.line(scene.bet().market_ref, scene.bet().outcome_ref, scene.bet().outcome),
    "balance": lambda scene: scene.bookmaker.balance(),
}


@pytest.mark.parametrize("call", sorted(CALLS))
async def test_call_sends_exactly_its_requests(scene: Scene, call: str) -> None:
    scene.seen.clear()
    with suppress(VenueError):  # only what was sent counts
        await CALLS[call](scene)
    assert scene.seen == GOLDEN[call]


async def test_opening_reads_the_profile(scene: Scene) -> None:
    assert scene.seen == GOLDEN["open"]


async def test_an_order_at_a_market_with_a_collateral_fee_is_signed_for_none(opens: Opens) -> None:
    scene = await opens(is_collateral=True, smart_wallet=False)
    scene.seen.clear()
    await scene.bookmaker.place(scene.bet())
    assert scene.seen == GOLDEN["back with a collateral fee, from a wallet of its own"]


async def test_the_statement_asks_for_the_markets_of_the_history(scene: Scene) -> None:
    await scene.bookmaker.place(scene.bet())
    scene.world.settle(FIXTURE, {121: SettlementStatus.WON, 122: SettlementStatus.LOST})
    scene.seen.clear()
    assert len(await scene.bookmaker.settled(0)) == 1
    assert scene.seen == GOLDEN["settled"]


def test_every_golden_request_belongs_to_a_call() -> None:
    assert set(GOLDEN) == {*CALLS, "open", "back with a collateral fee, from a wallet of its own", "settled"}
