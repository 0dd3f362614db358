"""Playing a recording on a world: in running and in stepped time, to its end or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.patience import PATIENCE_S

from hedgerow.bus.world_clock import FollowedClock, follow
from hedgerow.core.clock import NS_PER_MS, NS_PER_S, SystemClock
from hedgerow.core.errors import InputError
from hedgerow.core.secrets import Secret
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.core.tasks import Backoff, spawn, stop
from hedgerow.feed.book import PriceBook
from hedgerow.feed.client import FeedClient
from hedgerow.feed.gate import Limits
from hedgerow.feed.scope import Scope
from hedgerow.net.stream import handled
from hedgerow.sim.clock import Pace
from hedgerow.sim.dialects.oddspapi import DEMO_KEY, build
from hedgerow.sim.events import FixtureEvent, OddsEvent, Price, ReplayEvent, SettleEvent, Summary, TradeEvent
from hedgerow.sim.generator import GeneratedMatch
from hedgerow.sim.orders import Leg, OrderKind
from hedgerow.sim.player import STRIDE_NS, Player, Playing
from hedgerow.sim.recordings.betfair import BetfairRecording
from hedgerow.sim.server import WorldConfig, WorldServer
from hedgerow.sim.site import Dialect
from hedgerow.sim.takers import TakerRules
from hedgerow.sim.world import Emptied, OddsChanged, World, WorldEvent

from .worldkit import ACCOUNT, FIXTURE, NO, SLUG, YES, Kestrel, Trader, kestrel_only

START_NS = 1_700_000_000 * NS_PER_S
END_S = 7_200
Eventually = Callable[[Callable[[], bool]], Awaitable[None]]
ALL_OF_IT = TakerRules(share=Decimal(1), delay_ns=0)


def at(seconds: float) -> int:
    return START_NS + int(seconds * NS_PER_S)


def fixture(seconds: float, status_id: int = 0) -> FixtureEvent:
    start_s = START_NS // NS_PER_S
    return FixtureEvent(at(seconds), FIXTURE, 12, 2555, "Open", "Here", "Ann", "Bob", start_s, status_id)


def offer(seconds: float, first: str, second: str = "2") -> OddsEvent:
    prices = tuple(Price(outcome, Decimal(odds)) for outcome, odds in ((YES, first), (NO, second)))
    return OddsEvent(at(seconds), FIXTURE, "pinnacle", prices)


def trade(seconds: float, price: int, side: Side, contracts: int = 5) -> TradeEvent:
    return TradeEvent(at(seconds), YES, price, contracts * 1_000_000, side)


def result(seconds: float) -> SettleEvent:
    return SettleEvent(at(seconds), FIXTURE, {121: SettlementStatus.WON, 122: SettlementStatus.LOST})


class Played:
    """A recording of a few events."""

    def __init__(self, *events: ReplayEvent, fails_with: Exception | None = None) -> None:
        self._events, self._fails_with = events, fails_with
        self.messages_read = 0
        last_ns = events[-1].at_ns
        self.summary = Summary("few", "test", "Ann v Bob", "", (FIXTURE,), events[0].at_ns, last_ns, len(events), True)

    def events(self) -> Iterator[ReplayEvent]:
        for event in self._events:
            self.messages_read += 1
            yield event
        if self._fails_with is not None:
            raise self._fails_with


MATCH = (fixture(0), offer(10, "2"), fixture(60, 1), offer(70, "1.8"), result(90))


class Scene:
    """A served world, and who plays on it."""

    def __init__(self, find: Callable[[World], list[Dialect]] = kestrel_only, **config: Any) -> None:
        self.server = WorldServer(WorldConfig(**config), find)
        self.world = self.server.world
        self.heard: list[tuple[int, WorldEvent]] = []
        self.world.on_event(lambda event: self.heard.append((self.world.clock.now_ns(), event)))

    @property
    def kestrel(self) -> Kestrel:
        dialect = self.server.venues.dialects[SLUG]
        assert isinstance(dialect, Kestrel)
        return dialect

    def player(self, recording: Any, **playing: Any) -> Player:
        given = {"speed": Decimal(0), "exchanges": (SLUG,), "takers": ALL_OF_IT, "settle_s": 5} | playing
        return Player(self.world, self.server.stepper, recording, Playing(**given))

    async def play(self, recording: Any, **playing: Any) -> dict[str, Any]:
        player = self.player(recording, **playing)
        await player.start()
        await asyncio.wait_for(player.ended(), PATIENCE_S)
        return player.progress()

    def odds(self) -> list[tuple[float, Decimal | None]]:
        """(seconds after the start, the first outcome's price) of each change."""
        return [
            ((ns - START_NS) / NS_PER_S, event.quotes[0].price)
            for ns, event in self.heard
            if isinstance(event, OddsChanged)
        ]


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    await made.server.start()
    yield made
    await made.server.stop()


# --- stepped time ------------------------------------------------------------------------------------------------


async def test_everything_happens_at_its_time_and_the_end_is_told(scene: Scene) -> None:
    progress = await scene.play(Played(*MATCH))
    assert scene.odds() == [(10, Decimal(2)), (70, Decimal("1.8"))]
    assert (progress["state"], progress["error"], progress["settled"]) == ("finished", None, [FIXTURE])
    assert (progress["events"], progress["ticks"], progress["fraction"]) == (5, 2, 1)
    told = scene.world.fixtures[FIXTURE]
    assert (told.status_id, told.participant1_name, told.true_start_ms) == (2, "Ann", at(60) // NS_PER_MS)
    assert scene.world.clock.pace is Pace.STEPPED


async def test_what_happens_at_one_time_is_one_step(scene: Scene) -> None:
    steps: list[int] = []
    scene.world.clock.on_change(lambda: steps.append(scene.world.clock.now_ns()))
    await scene.play(Played(fixture(0), offer(0, "2"), offer(9, "3"), result(9)), settle_s=0)
    assert steps.count(at(9)) == 1


async def test_a_taker_meets_what_rests_and_others_go_away(scene: Scene) -> None:
    def rest(event: WorldEvent) -> None:
        if isinstance(event, OddsChanged):
            exchange = scene.kestrel.exchange
            contract = exchange.contracts[FIXTURE]
            exchange.place(
                ACCOUNT, contract, Leg.YES, Side.BUY, 480_000, 8_000_000, reference="r", kind=OrderKind.RESTS
            )

    scene.world.on_event(rest)
    trades = (trade(20, 490_000, Side.SELL), trade(21, 530_000, Side.SELL), trade(22, 490_000, Side.SELL))
    progress = await scene.play(Played(fixture(0), offer(10, "2"), *trades, result(30)))
    (order,) = scene.kestrel.exchange.orders.values()
    assert [fill.size for fill in order.fills] == [5_000_000, 3_000_000]  # the second wanted 0.51 at least
    assert (progress["takers"], progress["takerFills"]) == (3, 2)


async def test_what_the_world_wants_to_do_between_events_is_done_in_time(scene: Scene) -> None:
    done: list[float] = []

    def plan(event: WorldEvent) -> None:
        if isinstance(event, OddsChanged):
            scene.world.clock.later(3, lambda: done.append((scene.world.clock.now_ns() - START_NS) / NS_PER_S), "test")

    scene.world.on_event(plan)
    await scene.play(Played(*MATCH))
    assert done == [13, 73]


async def test_time_goes_on_after_the_end(scene: Scene) -> None:
    done: list[str] = []
    scene.world.clock.run_stepped(START_NS)
    scene.world.clock.later(99, lambda: done.append("due"), "test")
    await scene.play(Played(*MATCH), settle_s=8)
    assert done == []
    await scene.play(Played(*MATCH), settle_s=200)
    assert done == ["due"]


async def test_a_replay_may_begin_where_play_does(scene: Scene) -> None:
    await scene.play(Played(*MATCH), from_live=True)
    assert scene.odds() == [(60, Decimal(2)), (70, Decimal("1.8"))]


async def test_a_replay_may_begin_at_a_time(scene: Scene) -> None:
    await scene.play(Played(*MATCH), start_ns=at(65))
    assert scene.odds() == [(65, Decimal(2)), (70, Decimal("1.8"))]


async def test_whoever_wants_to_wake_for_ever_is_stopped(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hedgerow.sim.player._MOST_STEPS_AT_ONE_TIME", 20)
    monkeypatch.setattr(type(scene.server.stepper), "next_wake_ns", lambda self: START_NS - 1)
    progress = await scene.play(Played(*MATCH))
    assert progress["state"] == "failed"
    assert "wants to wake" in progress["error"]


# --- followers ---------------------------------------------------------------------------------------------------


@pytest.fixture
async def trader(scene: Scene, eventually: Eventually) -> AsyncIterator[Trader]:
    urls = scene.server.venues.urls(SLUG)
    made = Trader(scene.server.url, urls["rest"], urls["ws"])
    await made.start()
    await eventually(lambda: len(scene.server.followers) == 1)
    yield made
    await made.stop()


async def test_followers_know_the_hour_before_they_hear_what_happens(scene: Scene, trader: Trader) -> None:
    known: list[tuple[int, int]] = []
    scene.world.on_event(lambda event: known.append((trader.steps[-1], scene.world.clock.now_ns())))
    await scene.play(Played(*MATCH))
    assert known
    assert all(step == now for step, now in known)


async def test_while_somebody_follows_no_step_is_longer_than_a_stride(scene: Scene, trader: Trader) -> None:
    await scene.play(Played(fixture(0, 1), offer(1_000.5, "2"), result(1_001)), settle_s=60)
    steps = sorted({START_NS, *trader.steps})
    assert max(after - before for before, after in pairwise(steps)) == STRIDE_NS
    assert at(1_061) - STRIDE_NS <= steps[-1] < at(1_061)


async def test_a_long_quiet_time_before_play_is_leapt_over_but_its_last_minute(scene: Scene, trader: Trader) -> None:
    await scene.play(Played(fixture(0), offer(86_400, "2"), result(86_401)), settle_s=0)
    assert len(set(trader.steps)) == 1 + 1 + 14 + 2  # start, leap, strides of 4 s in a minute, two events
    assert sorted(set(trader.steps))[1] == at(86_340)


async def test_a_follower_trades_what_it_hears(scene: Scene, trader: Trader) -> None:
    progress = await scene.play(
        Played(fixture(0), offer(10, "2"), trade(20, 510_000, Side.BUY), trade(21, 490_000, Side.SELL), result(30))
    )
    fills = [order.fills[0].price for order in scene.kestrel.exchange.orders.values() if order.fills]
    assert (progress["takerFills"], sorted(fills)) == (2, [490_000, 520_000])


class Following:
    """The feed's client of a service that follows the world."""

    def __init__(self, server: WorldServer) -> None:
        self.clock = FollowedClock()
        self.book = PriceBook()
        self.connection: list[tuple[bool, int]] = []
        urls = server.venues.urls("oddspapi")
        self._task = spawn(
            follow(f"{server.url}/sim/clock".replace("http", "ws"), self.clock, handled.snapshot), "follow"
        )
        self.feed = FeedClient(
            rest_url=f"{urls['rest']}/en",
            ws_url=f"{urls['ws']}/ws",
            key=Secret(DEMO_KEY),
            scope=Scope((), ("pinnacle",)),
            book=self.book,
            clock=self.clock,
            limits=Limits(live_ms=10_000, pregame_ms=60_000, silence_ms=10_000),
            sink=lambda change, received_ns: None,
            on_connection=lambda is_up: self.connection.append((is_up, self.clock.now_ns())),
            backoff=lambda: Backoff(0.001, 0.01),
        )

    async def stop(self) -> None:
        await self.feed.stop()
        await stop(self._task)


@pytest.fixture
async def fed(eventually: Eventually) -> AsyncIterator[tuple[Scene, Following]]:
    """A world with the feed, in the year of the recordings, and a client of it."""
    scene = Scene(lambda world: [*kestrel_only(world), build(world)], expected_followers=1)
    await scene.server.start()
    scene.world.clock.run_stepped(START_NS)
    following = Following(scene.server)
    await eventually(lambda: len(scene.server.followers) == 1)
    following.feed.start()
    await eventually(lambda: bool(following.connection))
    yield scene, following
    await following.stop()
    await scene.server.stop()


async def test_half_an_hour_without_an_event_does_not_silence_the_feed(fed: tuple[Scene, Following]) -> None:
    scene, following = fed
    progress = await scene.play(Played(fixture(0, 1), offer(1, "2"), offer(1_801, "1.9"), result(1_802)))
    assert (progress["state"], progress["error"]) == ("finished", None)
    assert [is_up for is_up, _ in following.connection] == [True]


async def test_after_a_leap_the_feed_is_back_before_the_next_event(fed: tuple[Scene, Following]) -> None:
    scene, following = fed
    await scene.play(Played(fixture(0), offer(1, "2"), offer(40_000, "1.9"), result(40_010)), settle_s=0)
    (_, (is_up, silent_ns), (is_back, back_ns)) = following.connection
    assert (is_up, is_back) == (False, True)
    assert at(40_000) - 60 * NS_PER_S <= silent_ns <= back_ns < at(40_000) - 30 * NS_PER_S


# --- running time ------------------------------------------------------------------------------------------------


async def test_scaled_time_plays_in_order_at_its_pace(scene: Scene) -> None:
    progress = await scene.play(Played(*MATCH), speed=Decimal(2_000), settle_s=100)
    assert (progress["state"], progress["settled"]) == ("finished", [FIXTURE])
    (first, _), (second, _) = scene.odds()
    assert first >= 10
    assert second >= 70
    assert scene.world.clock.pace is Pace.SCALED
    assert scene.world.clock.now_ns() >= at(190)


async def test_what_happens_now_at_its_own_pace_is_real_time(scene: Scene) -> None:
    now_ns = SystemClock().now_ns()
    recording = GeneratedMatch(3, start_ns=now_ns)
    player = scene.player(recording, speed=Decimal(1))
    await player.start()
    assert scene.world.clock.pace is Pace.REAL
    await player.stop()


async def test_the_past_at_its_own_pace_has_a_clock_of_its_own(scene: Scene) -> None:
    player = scene.player(Played(*MATCH), speed=Decimal(1))
    await player.start()
    assert (scene.world.clock.pace, scene.world.clock.speed) == (Pace.SCALED, 1.0)
    assert 0 <= scene.world.clock.now_ns() - START_NS < 5 * NS_PER_S
    await player.stop()


# --- stopping and failing ----------------------------------------------------------------------------------------


async def test_a_stopped_replay_does_no_more(scene: Scene, eventually: Eventually) -> None:
    player = scene.player(Played(*MATCH), speed=Decimal(1))
    await player.start()
    await eventually(lambda: FIXTURE in scene.world.fixtures)
    await player.stop()
    await player.stop()
    assert (player.is_playing, player.progress()["state"]) == (False, "stopped")
    assert scene.odds() == []


async def test_a_file_that_turns_out_damaged_fails_the_replay(scene: Scene) -> None:
    progress = await scene.play(Played(*MATCH[:3], fails_with=InputError("few, line 3: damaged")))
    assert (progress["state"], progress["error"]) == ("failed", "few, line 3: damaged")
    assert scene.odds() == [(10, Decimal(2))]


async def test_a_step_that_does_not_settle_fails_the_replay(eventually: Eventually) -> None:
    scene = Scene(patience_s=0.1)
    await scene.server.start()
    urls = scene.server.venues.urls(SLUG)
    mute = Trader(scene.server.url, urls["rest"], urls["ws"])
    mute.answers = lambda step: False
    await mute.start()
    await eventually(lambda: len(scene.server.followers) == 1)
    progress = await scene.play(Played(*MATCH))
    assert progress["state"] == "failed"
    assert "has not settled within 0.1 s" in progress["error"]
    await mute.stop()
    await scene.server.stop()


# --- determinism -------------------------------------------------------------------------------------------------


async def _ledger(seed: int) -> bytes:
    """What is in the ledger after a generated match that a follower has traded through."""
    scene = Scene(expected_followers=1)
    await scene.server.start()
    urls = scene.server.venues.urls(SLUG)
    trader = Trader(scene.server.url, urls["rest"], urls["ws"])
    await trader.start()
    progress = await scene.play(GeneratedMatch(seed, duration_s=600), seed=seed, settle_s=10)
    assert (progress["state"], progress["error"]) == ("finished", None)
    assert progress["takerFills"] > 0
    await trader.stop()
    await scene.server.stop()
    return msgspec.json.encode([scene.kestrel.exchange.ledger(), scene.world.bookmakers["pinnacle"].ledger()])


async def test_the_same_recording_seed_and_steps_make_the_same_ledger() -> None:
    first = await _ledger(5)
    assert await _ledger(5) == first
    assert await _ledger(6) != first


@pytest.mark.parametrize(
    ("name", "ticks"), [("1.200806927.gz", 2_623), ("1.223716976.bz2", 354), ("1.180305278.bz2", 2_192)]
)
async def test_recorded_matches_play_to_their_result(
    scene: Scene, shared: Callable[[str], Path], name: str, ticks: int
) -> None:
    recording = BetfairRecording(shared(f"data/betfair/recordings/{name}"), scene.world.catalogue)
    progress = await scene.play(recording)
    assert (progress["state"], progress["error"], progress["fraction"]) == ("finished", None, 1)
    assert (progress["ticks"], progress["settled"]) == (ticks, list(recording.summary.fixture_ids))
    assert progress["takers"] > 0


async def test_a_second_replay_on_an_emptied_world_is_the_same(scene: Scene) -> None:
    await scene.play(Played(*MATCH))
    first, scene.heard[:] = scene.odds(), []
    scene.world.reset()
    assert any(isinstance(event, Emptied) for _, event in scene.heard)
    await scene.play(Played(*MATCH))
    assert scene.odds() == first
