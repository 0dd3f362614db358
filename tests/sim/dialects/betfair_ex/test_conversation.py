"""The simulated stream, without a socket: pictures, clocks, conflation, heartbeats, recordings."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import FixtureId
from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.exam.bench import settled
from hedgerow.sim.dialects.betfair_ex import BetfairExchange
from hedgerow.sim.dialects.betfair_ex.conversation import Conversation
from hedgerow.sim.dialects.betfair_ex.merging import image, merged
from hedgerow.sim.dialects.betfair_ex.recorded import Recording
from hedgerow.sim.dialects.betfair_ex.sessions import demo_login
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import COUNTERPARTY, Leg
from hedgerow.sim.world import Fixture, World

NOW_S = 1_795_190_000
ACCOUNT = "demo_betfair-ex"


class Scene:
    """A world with one match, and one client of the stream."""

    def __init__(self) -> None:
        self.world = World(Catalogue())
        self.world.clock.run_stepped(NOW_S * NS_PER_S)
        self.venue = BetfairExchange(self.world)
        fixture = Fixture(FixtureId("id1200231461061419"), 12, 2314, "Jannik Sinner", "Carlos Alcaraz", NOW_S + 90_000)
        self.world.put_fixture(fixture)
        (self.market,) = self.venue.listings.markets.values()
        self.told: list[dict[str, Any]] = []
        self.is_closed = False
        self.connect()

    def connect(self) -> None:
        self.client = Conversation(1, self.venue, self.told.append, self.close)
        self.client.start()

    def close(self) -> None:
        self.is_closed = True

    def say(self, op: str, **message: Any) -> None:
        self.client.handle(json.dumps({"op": op, "id": 7, **message}).encode())

    def sign_in(self) -> None:
        login = demo_login(ACCOUNT)
        _, token = self.venue.sessions.open(login.username, login.password, login.username)
        self.say("authentication", appKey=login.app_key, session=token)

    def rest(self, price: int, size: int = 10 * MICRO) -> None:
        contract = self.market.selections[0].contract
        reference = f"{len(self.venue.exchange.orders)}"
        self.venue.exchange.place(COUNTERPARTY, contract, Leg.YES, Side.BUY, price, size, reference=reference)

    async def step(self, seconds: float) -> None:
        await settled()
        self.world.clock.step_to(self.world.clock.now_ns() + int(seconds * NS_PER_S))
        await settled()

    def last(self, op: str = "mcm") -> dict[str, Any]:
        return next(message for message in reversed(self.told) if message["op"] == op)


@pytest.fixture
async def scene() -> Scene:
    made = Scene()
    made.sign_in()
    return made


async def test_a_stranger_is_shut_out() -> None:
    scene = Scene()
    scene.say("marketSubscription")
    assert (scene.told[0]["op"], scene.told[-1]["errorCode"], scene.is_closed) == ("connection", "NOT_AUTHORIZED", True)


async def test_a_subscription_begins_with_a_picture_and_goes_on_with_changes(scene: Scene) -> None:
    scene.rest(500_000)
    scene.say("marketSubscription", marketFilter={"marketIds": [scene.market.id]})
    first = scene.last()
    (market,) = first["mc"]
    assert (first["ct"], market["img"], market["marketDefinition"]["status"]) == ("SUB_IMAGE", True, "OPEN")
    assert market["rc"][0]["atl"] == [[2, 5]]
    scene.rest(500_000)
    assert scene.last()["mc"] == [
        {"id": scene.market.id, "rc": [{"id": scene.market.selections[0].id, "atl": [[2, 10]]}]}
    ]


async def test_who_comes_back_with_its_clocks_gets_what_it_missed(scene: Scene) -> None:
    wanted = {"marketFilter": {"marketIds": [scene.market.id]}}
    scene.say("marketSubscription", **wanted)
    first = scene.last()
    scene.client.end()
    scene.rest(500_000)
    scene.rest(400_000)
    scene.connect()
    scene.sign_in()
    scene.say("marketSubscription", **wanted, initialClk=first["initialClk"], clk=first["clk"])
    assert scene.last()["ct"] == "RESUB_DELTA"
    assert scene.last()["mc"][0]["rc"][0]["atl"] == [[2, 5], [Decimal("2.5"), 4]]
    scene.say("marketSubscription", **wanted, initialClk="bm8=", clk=first["clk"])
    assert scene.told[-1]["errorCode"] == "INVALID_CLOCK"
    assert not scene.is_closed


async def test_changes_are_told_together_after_the_conflation_time(scene: Scene) -> None:
    scene.say("marketSubscription", conflateMs=2_000)
    count = len(scene.told)
    scene.rest(500_000)
    scene.rest(400_000)
    await scene.step(1)
    assert len(scene.told) == count
    await scene.step(1)
    (told,) = scene.last()["mc"]
    assert (told["con"], told["rc"][0]["atl"]) == (True, [[2, 5], [Decimal("2.5"), 4]])


async def test_silence_is_broken_by_heartbeats(scene: Scene) -> None:
    scene.say("orderSubscription", heartbeatMs=500)
    for _ in range(3):
        await scene.step(0.5)
    beats = [message for message in scene.told if message.get("ct") == "HEARTBEAT"]
    assert len(beats) == 3
    assert all(beat["clk"] for beat in beats)


async def test_a_recording_is_told_as_it_was(shared: Callable[[str], Path]) -> None:
    path = shared("data/betfair/recordings/1.197931750.gz")
    recording = Recording(path)
    told: list[dict[str, Any]] = []
    recording.journal.on_change(lambda change, _: told.append(change))
    for _ in recording.play():
        pass
    assert len(told) > 100
    (picture,) = recording.images(None)
    (whole,) = merged(told)
    assert picture == image(whole)
    assert picture["marketDefinition"]["status"] == "CLOSED"


def test_a_file_without_a_market_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("{}\n")
    with pytest.raises(ValueError, match="no recorded market"):
        Recording(tmp_path / "empty")
