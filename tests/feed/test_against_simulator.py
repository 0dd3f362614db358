"""The client against the simulated feed, which was written from the feed's documents and not from the client."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from decimal import Decimal

import pytest
from tests.patience import PATIENCE_S

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import MarketKey, OutcomeKey
from hedgerow.core.secrets import Secret
from hedgerow.core.states import SettlementStatus
from hedgerow.core.tasks import Backoff, work
from hedgerow.feed.book import ChangeKind, PriceBook
from hedgerow.feed.client import FeedClient
from hedgerow.feed.gate import Limits, WhyNot, why_not
from hedgerow.feed.scope import Scope
from hedgerow.feed.session import ReceiveType
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.oddspapi import DEMO_KEY, build
from hedgerow.sim.dialects.oddspapi.access import AccessKey
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World

START_S = 1_766_414_833
GAME = "id1000001772221240"
WINNER, OVER_UNDER = MarketKey(GAME, 101), MarketKey(GAME, 1010)
LIMITS = Limits(live_ms=10_000, pregame_ms=60_000, silence_ms=10_000)
LESSER_KEY = "f" * 32


class Scene:
    """A world in stepped time, its feed, and a client of it."""

    def __init__(self) -> None:
        self.clock = WorldClock()
        self.clock.run_stepped(START_S * NS_PER_S)
        self.world = World(Catalogue(), self.clock)
        self.feed = build(self.world)
        self.book = PriceBook()
        self.changes, self.ups, self.grades = [], [], []
        self.url = ""

    def client(self, **options) -> FeedClient:
        given = {
            "rest_url": f"{self.url}/en",
            "ws_url": f"{self.url.replace('http', 'ws')}/ws",
            "key": Secret(DEMO_KEY),
            "scope": Scope((10,), ("pinnacle", "sharpbet")),
            "limits": LIMITS,
            "on_connection": self.ups.append,
            "on_grades": lambda fixture_id, grades: self.grades.append(grades),
            "backoff": lambda: Backoff(0.001, 0.01),
        }
        sink = lambda change, received_ns: self.changes.append(change)  # noqa: E731 - the client wants two arguments
        return FeedClient(book=self.book, clock=self.clock, sink=sink, **(given | options))

    def put_fixture(self, fixture_id=GAME, **fields) -> None:
        new = Fixture(fixture_id, int(fixture_id[2:4]), int(fixture_id[4:10]), "Alphas", "Betas", START_S + 3600)
        self.world.put_fixture(replace(self.world.fixtures.get(fixture_id, new), **fields))

    def put_odds(self, prices, bookmaker="pinnacle", fixture_id=GAME, **fields) -> None:
        defaults = {"limit": Decimal(3000), "limit_min": Decimal(1), "currency": "USD", "active": True}
        self.world.put_odds(
            Quote(
                outcome=OutcomeKey(fixture_id, outcome),
                bookmaker=bookmaker,
                price=Decimal(str(price)),
                changed_ms=0,
                **(defaults | fields),
            )
            for outcome, price in prices.items()
        )

    async def until(self, condition) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - sockets in between have no event to wait for
                await asyncio.sleep(0.001)

    async def step(self, seconds) -> None:
        """Moves the world on, a quarter of a second at a time, each when the last is digested: until nothing is under
        way and what was said has come out at the other side of the sockets."""
        for _ in range(round(seconds * 4)):
            self.clock.step_to(self.clock.now_ns() + NS_PER_S // 4)
            quiet = 0
            while quiet < 8:
                await asyncio.sleep(0)
                quiet = 0 if work.units else quiet + 1

    def odds(self, key=WINNER, bookmaker="pinnacle"):
        return [quote and quote.odds for quote in self.book.quotes(key, bookmaker)]

    def why_not(self, key=WINNER, bookmaker="pinnacle", place=0):
        quotes = self.book.quotes(key, bookmaker)
        quote = quotes[place] if quotes else None
        return why_not(self.book, GAME, bookmaker, quote, LIMITS, self.clock.now_ms())

    def is_right(self) -> bool:
        """Whether the book says of every quote what the world does."""
        for quote in self.world.quotes.values():
            market = self.world.catalogue.market_of(quote.outcome.outcome_id)
            key = MarketKey(quote.outcome.fixture_id, market.market_id)
            quotes = self.book.quotes(key, quote.bookmaker)
            told = quotes[market.outcomes.index(quote.outcome.outcome_id)] if quotes else None
            if told is None or told.odds != quote.price * 1_000_000 or told.is_active != quote.active:
                return False
        return True


@pytest.fixture
async def scene():
    """A match in an hour, its winner and a total quoted by two bookmakers, and time gone by since."""
    scene = Scene()
    scene.put_fixture()
    scene.put_odds({101: "2.5", 102: "3.4", 103: "2.9", 1010: "1.9", 1011: "1.95"})
    scene.put_odds({101: "2.52", 102: "3.35", 103: "2.88"}, "sharpbet")
    await scene.step(120)
    listening = await listen(scene.feed.sites()["rest"], "127.0.0.1", 0)
    scene.url = listening.url
    yield scene
    await listening.runner.cleanup()


@pytest.fixture
async def follow(scene):
    """`await follow()` starts a client and gives it when its quotes may be traded on."""
    clients = []

    async def start(ready=True, **options) -> FeedClient:
        client = scene.client(**options)
        clients.append(client)
        client.start()
        if ready:
            assert await client.wait_ready(10)
            await scene.until(lambda: scene.why_not() is None)
        return client

    yield start
    for client in clients:
        await client.stop()


async def test_snapshot_is_the_worlds_odds_and_tradeable(scene, follow):
    client = await follow()
    await scene.until(scene.is_right)
    assert client.alarms == {}
    assert [scene.why_not(place=place) for place in range(3)] == [None] * 3
    assert scene.book.limit_currency("pinnacle") == "USD"


@pytest.mark.parametrize("receive_type", list(ReceiveType))
async def test_every_way_of_writing_frames_says_the_same(scene, follow, receive_type):
    await follow(receive_type=receive_type)
    scene.put_odds({101: "2.61", 102: "3.333"})
    scene.put_odds({101: "2.62"}, "sharpbet", active=False)
    await scene.until(scene.is_right)
    quote = scene.book.quotes(WINNER, "pinnacle")[0]
    assert (quote.odds, quote.limit) == (2_610_000, 3_000_000_000)


async def test_server_that_falls_back_to_json_is_understood(scene, follow):
    scene.feed.patch({"jsonOnly": True})
    await follow(receive_type=ReceiveType.ZSTD_DICT)
    scene.put_odds({101: "2.61"})
    await scene.until(scene.is_right)


@pytest.mark.parametrize("seed", range(4))
async def test_book_is_right_again_whatever_the_stream_loses_repeats_and_swaps(scene, follow, seed):
    await follow()
    chance = random.Random(seed)
    faults = {"dropRate": 0.3, "duplicateRate": 0.2, "reorderRate": 0.3, "lateOlderRows": True, "seed": seed}
    scene.feed.patch(faults)
    for _ in range(40):
        moved = chance.sample([101, 102, 103, 1010, 1011], 2)
        prices = {outcome: chance.randrange(110, 900) / 100 for outcome in moved}
        scene.put_odds(prices, chance.choice(["pinnacle", "sharpbet"]), active=chance.random() < 0.8)
        await scene.step(0.5)
    scene.feed.patch({})
    await scene.step(65)
    await scene.until(scene.is_right)


async def test_silence_without_a_close_stops_trading(scene, follow):
    await follow()
    scene.feed.patch({"silent": True})
    await scene.step(11)
    assert scene.why_not() is WhyNot.FEED_SILENT
    assert scene.ups == [True, False]
    scene.feed.patch({"silent": False})
    await scene.step(6)
    await scene.until(lambda: scene.why_not() is None)
    assert scene.ups == [True, False, True]


@pytest.mark.parametrize(
    ("switch", "value", "reason"),
    [
        ("staleBooks", ["pinnacle"], WhyNot.STALE_BOOK),
        ("suspendedBooks", ["pinnacle"], WhyNot.SUSPENDED),
        ("rotatedBooks", ["pinnacle"], WhyNot.ROTATED),
        ("inactiveMarkets", [101], WhyNot.MARKET_INACTIVE),
    ],
)
async def test_what_stops_a_bookmaker_stops_it_at_once_and_only_for_so_long(scene, follow, switch, value, reason):
    await follow()
    await scene.step(1)
    scene.feed.patch({switch: value})
    await scene.until(lambda: scene.why_not() is reason)
    assert scene.why_not(bookmaker="sharpbet") is (None if switch != "inactiveMarkets" else reason)
    await scene.step(1)
    scene.feed.patch({switch: []})
    await scene.until(lambda: scene.why_not() is None)


@pytest.mark.parametrize("placeholder", ["zero", "empty", "null"])
async def test_placeholder_is_no_price(scene, follow, placeholder):
    await follow()
    scene.feed.patch({"placeholderPrice": placeholder})
    await scene.step(1)
    scene.put_odds({101: "2.7"})
    await scene.until(lambda: scene.why_not() is WhyNot.NO_PRICE)


async def test_absent_fields_are_tolerated(scene, follow):
    scene.feed.patch({"omitOptional": True})
    await follow(ready=False)
    await scene.until(lambda: scene.why_not() is None)
    scene.put_odds({101: "2.7"})
    await scene.until(lambda: scene.odds()[0] == 2_700_000)


async def test_unknown_channel_and_market_change_nothing(scene, follow):
    await follow()
    scene.feed.patch({"unknownChannel": True, "unknownMarket": True})
    scene.put_odds({101: "2.7"})
    await scene.until(lambda: scene.odds()[0] == 2_700_000)
    await scene.step(11)
    assert scene.why_not() is None


async def test_server_that_moves_is_followed_without_a_gap(scene, follow):
    await follow()
    since_ms = scene.book.up_since_ms
    await scene.step(1)
    scene.feed.patch({"reconnect": True})
    await scene.until(lambda: len(scene.feed.gateway.subscribers) == 1 and len(scene.feed.sockets()) == 1)
    assert scene.book.up_since_ms == since_ms
    scene.put_odds({101: "2.7"})
    await scene.until(scene.is_right)
    assert scene.ups == [True]


async def test_server_that_restarts_without_a_word_is_found_again(scene, follow):
    await follow()
    await scene.step(1)
    scene.feed.patch({"newEpoch": True})
    scene.put_odds({101: "2.7"})
    await scene.until(lambda: scene.ups == [True, False, True])
    await scene.until(lambda: scene.why_not() is None)
    assert scene.is_right()


@pytest.mark.parametrize("status", [403, 429, 500, 503])
async def test_rest_side_that_fails_for_a_while_is_asked_again(scene, follow, status):
    await follow()
    scene.feed.patch({"restError": status})
    await scene.step(62)
    assert scene.why_not() in (WhyNot.TOO_OLD, None)
    scene.feed.patch({"restError": 0})
    await scene.step(70)
    await scene.until(lambda: scene.why_not() is None)
    assert scene.is_right()


async def test_empty_answers_confirm_nothing_and_take_nothing_away(scene, follow):
    await follow()
    await scene.step(605)
    scene.feed.patch({"emptyAnswers": True})
    await scene.step(100)
    assert scene.odds() == [2_500_000, 3_400_000, 2_900_000]
    assert scene.why_not() is WhyNot.TOO_OLD
    scene.feed.patch({"emptyAnswers": False})
    await scene.step(70)
    await scene.until(lambda: scene.why_not() is None)


async def test_bodies_of_megabytes_are_read(scene, follow):
    scene.feed.patch({"padBytes": 5_000_000})
    await follow()
    scene.put_odds({101: "2.7"})
    await scene.until(scene.is_right)


async def test_unmoved_quotes_are_tradeable_for_a_long_time(scene, follow):
    await follow()
    for _ in range(10):
        await scene.step(20)
        await scene.until(lambda: scene.why_not() is None)
        assert scene.why_not(bookmaker="sharpbet") is None


async def test_cancelled_match_is_over(scene, follow):
    await follow()
    scene.put_fixture(status_id=3)
    await scene.until(lambda: scene.why_not() is WhyNot.OVER)


async def test_score_that_is_corrected_downwards_is_taken(scene, follow):
    await follow()
    scene.put_fixture(status_id=1, live=True, scores={"result": {"participant1Score": 2, "participant2Score": 0}})
    await scene.step(1)
    scene.put_fixture(scores={"result": {"participant1Score": 1, "participant2Score": 0}})
    await scene.until(lambda: score_of(scene) == 1)
    assert {ChangeKind.SCORES, ChangeKind.FIXTURE} <= {change.kind for change in scene.changes}


def score_of(scene):
    scores = scene.book.fixture(GAME).info.scores or {}
    return scores["result"].participant1_score if "result" in scores else None


async def test_start_that_moves_up_makes_the_limit_of_age_shorter(scene, follow):
    await follow()
    scene.put_fixture(start_time=START_S)
    await scene.until(lambda: scene.book.fixture(GAME).start_ms == START_S * 1000)
    assert LIMITS.age_ms(scene.book.fixture(GAME), scene.clock.now_ms()) == LIMITS.live_ms


async def test_currency_that_jumps_is_told_exactly(scene, follow):
    await follow()
    scene.feed.patch({"rates": {"EUR": Decimal("12.000001")}})
    await scene.until(lambda: str(scene.book.rates.from_usd(Decimal(1), "EUR")) == "12.000001")


async def test_new_match_is_followed_from_its_first_quote(scene, follow):
    await follow()
    other = "id1000000861624412"
    scene.put_fixture(other)
    scene.put_odds({101: "1.5", 102: "4.2", 103: "7"}, fixture_id=other)
    await scene.until(scene.is_right)
    quote = scene.book.quotes(MarketKey(other, 101), "pinnacle")[0]
    assert why_not(scene.book, other, "pinnacle", quote, LIMITS, scene.clock.now_ms()) is None


async def test_settlement_is_told_when_the_world_has_decided(scene, follow):
    client = await follow()
    client.watch_settlement(GAME)
    await scene.step(10)
    assert scene.grades == []
    scene.world.settle(GAME, {101: SettlementStatus.WON, 102: SettlementStatus.LOST, 1010: SettlementStatus.HALF_WON})
    await scene.step(6)
    await scene.until(lambda: scene.grades)
    told = {grade.outcome_id: grade.status for grade in scene.grades[-1]}
    assert (told[101], told[102], told[1010]) == (
        SettlementStatus.WON,
        SettlementStatus.LOST,
        SettlementStatus.HALF_WON,
    )


async def test_grades_that_come_late_are_waited_for(scene, follow):
    client = await follow()
    client.watch_settlement(GAME)
    scene.feed.patch({"settlementDelayS": 100})
    scene.world.settle(GAME, {101: SettlementStatus.WON})
    await scene.step(180)
    await scene.until(lambda: any(grade.status is SettlementStatus.WON for grade in scene.grades[-1]))


async def test_key_that_sees_less_raises_an_alarm(scene, follow):
    scene.feed.keys.register(AccessKey(LESSER_KEY, bookmakers=frozenset({"pinnacle"})))
    client = await follow(key=Secret(LESSER_KEY))
    assert "sharpbet" in client.alarms["stream"]
    assert "sharpbet" in client.alarms["lists"]


async def test_key_that_is_revoked_ends_it(scene, follow):
    client = await follow()
    scene.feed.keys.revoke(DEMO_KEY)
    await scene.until(lambda: "login" in client.alarms)
    assert scene.why_not() is WhyNot.FEED_DOWN


async def test_limits_of_the_feed_are_never_reached(scene, follow):
    for number in range(30):
        scene.put_fixture(f"id10000017{number:08d}")
        scene.put_odds({101: "2", 102: "3", 103: "4"}, fixture_id=f"id10000017{number:08d}")
    refusals = []
    handle = scene.feed._rest.limiter.take

    def noted(*given):
        verdict = handle(*given)
        refusals.extend([verdict] if not verdict.is_allowed else [])
        return verdict

    scene.feed._rest.limiter.take = noted
    await follow()
    await scene.step(90)
    assert refusals == []


async def test_world_that_is_emptied_leaves_nothing_to_trade_on(scene, follow):
    await follow()
    scene.world.reset()
    await scene.step(65)
    assert scene.why_not() in (WhyNot.QUARANTINED, WhyNot.TOO_OLD)


async def test_recording_of_another_day_begins_with_a_book_of_its_own(scene, follow):
    await follow()
    scene.world.reset()
    scene.clock.run_stepped((START_S - 86_400 * 400) * NS_PER_S)
    scene.put_fixture(start_time=START_S - 86_400 * 400 + 600)
    scene.put_odds({101: "1.8", 102: "3.9", 103: "5"})
    await scene.until(lambda: scene.odds() == [1_800_000, 3_900_000, 5_000_000])
    await scene.until(lambda: scene.why_not() is None)
