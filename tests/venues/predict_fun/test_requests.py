"""Golden requests: a call in, the exact requests out. `requests.json` holds them; with the world's clock standing and
the account's keys fixed nothing in them is volatile, signatures (RFC 6979) and tokens included.

Origin: methods, paths and members as in dev.predict.fun; hash and signature as predict-sdk 0.0.22 makes them, which
test_vectors.py holds; the token is the simulated venue's."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from hedgerow.core.errors import VenueError
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import Side
from hedgerow.venues.base import OrderRef

from .conftest import Betting, Opens, Scene

GOLDEN: dict[str, list[dict[str, str]]] = json.loads((Path(__file__).parent / "requests.json").read_text())
REF_ID = "0x" + "12" * 32
Call = Callable[[Scene], Awaitable[object]]

CALLS: dict[str, Call] = {
    "place a bid": lambda scene: scene.exchange.place(scene.quote()),
    "place an ask that ends": lambda scene: scene.exchange.place(
        scene.quote(
            "quote-7", side=Side.SELL, size=Micros(123 * MICRO // 10), post_only=False, expires_at_ms=1_795_193_600_000
        )
    ),
    "cancel": lambda scene: scene.exchange.cancel(OrderRef(scene.instrument, None, REF_ID)),
    "cancel all": lambda scene: scene.exchange.cancel_all(),
    "find an order": lambda scene: scene.exchange.find_order(OrderRef(scene.instrument, None, REF_ID)),
    "working": lambda scene: scene.exchange.working(),
    "fills": lambda scene: scene.exchange.fills(1_795_189_999_123),
    "balance": lambda scene: scene.exchange.balance(),
    "listings": lambda scene: scene.exchange.listings("tennis"),
    "resolutions": lambda scene: scene.exchange.resolutions([scene.instrument]),
}


@pytest.mark.parametrize("call", sorted(CALLS))
async def test_call_sends_exactly_its_requests(scene: Scene, call: str) -> None:
    scene.seen.clear()
    with suppress(VenueError):  # only what was sent counts
        await CALLS[call](scene)
    assert scene.seen == GOLDEN[call]


@pytest.mark.parametrize("is_smart", [True, False])
async def test_opening_sends_exactly_its_requests(opens: Opens, *, is_smart: bool) -> None:
    scene = await opens(smart_account=is_smart)
    listings = GOLDEN["listings"]
    assert scene.seen[: -len(listings)] == GOLDEN["open as a smart account" if is_smart else "open as a key"]


async def test_a_taking_order_is_sent_as_it_was_named(scene: Scene) -> None:
    betting = Betting(scene)
    await betting.bookmaker.open()
    named = await betting.bookmaker.name(betting.intent())
    scene.seen.clear()
    await betting.bookmaker.place(betting.intent())
    sent = [seen for seen in scene.seen if seen["request"] == "POST /v1/orders"]
    assert sent == GOLDEN["take"]
    assert json.loads(sent[0]["body"])["data"]["order"]["hash"] == named
    await betting.bookmaker.close()


def test_every_golden_request_belongs_to_a_call() -> None:
    assert set(GOLDEN) == {*CALLS, "open as a smart account", "open as a key", "take"}
