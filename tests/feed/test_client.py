"""The client against a scripted feed: a conversation over real sockets, in a time that the test moves."""

from __future__ import annotations

import asyncio

import pytest
import zstandard
from tests.patience import PATIENCE_S

from hedgerow.core.clock import NS_PER_MS, NS_PER_S, SteppedClock
from hedgerow.core.ids import MarketKey
from hedgerow.core.secrets import Secret
from hedgerow.core.states import SettlementStatus
from hedgerow.core.tasks import Backoff, work
from hedgerow.feed import connection
from hedgerow.feed.book import ChangeKind, PriceBook
from hedgerow.feed.client import FeedClient, retry_pause_s
from hedgerow.feed.gate import Limits, WhyNot, why_not
from hedgerow.feed.scope import Scope
from hedgerow.feed.session import ReceiveType

FIXTURE = "id1000001772221240"
WINNER = MarketKey(FIXTURE, 101)
LIMITS = Limits(live_ms=10_000, pregame_ms=60_000, silence_ms=10_000)
START_MS = 1_788_000_000_000
KEY = Secret("0123456789abcdef" * 2)


class Follower:
    """A client with what it told, in a time of its own."""

    def __init__(self, peer, **options) -> None:
        self.clock = SteppedClock(START_MS * NS_PER_MS)
        self.book = PriceBook()
        self.changes, self.ups, self.rates, self.grades, self.tape = [], [], [], [], []
        given = {
            "rest_url": peer.rest_url,
            "ws_url": peer.ws_url,
            "key": KEY,
            "scope": Scope((10,), ("pinnacle",)),
            "limits": LIMITS,
            "on_connection": self.ups.append,
            "on_rates": self.rates.append,
            "on_grades": lambda fixture_id, grades: self.grades.append((fixture_id, grades)),
            "record": self.tape.append,
            "backoff": lambda: Backoff(0.001, 0.01),
        }
        self.client = FeedClient(
            book=self.book,
            clock=self.clock,
            sink=lambda change, received_ns: self.changes.append((change, received_ns)),
            **(given | options),
        )

    @property
    def now_ms(self) -> int:
        return self.clock.now_ms()

    async def until(self, condition) -> None:
        """Waits for the condition without moving the time."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - sockets in between have no event to wait for
                await asyncio.sleep(0.001)

    async def after(self, seconds, condition=lambda: True) -> None:
        """Moves the time on in steps, each when the last is digested, until it has passed and the condition holds."""
        end_ns = self.clock.now_ns() + int(seconds * NS_PER_S)
        async with asyncio.timeout(PATIENCE_S):
            while self.clock.now_ns() < end_ns:
                self.clock.advance(0.25)
                await self._digested()
            await self.until(condition)

    async def _digested(self) -> None:
        """Returns when nothing is under way for a few turns of the loop."""
        quiet = 0
        while quiet < 6:
            await asyncio.sleep(0)
            quiet = 0 if work.units else quiet + 1

    def quote(self, outcome=0):
        quotes = self.book.quotes(WINNER, "pinnacle")
        return quotes[outcome] if quotes else None

    def odds(self):
        return [quote and quote.odds for quote in self.book.quotes(WINNER, "pinnacle")]

    def why_not(self, outcome=0):
        return why_not(self.book, FIXTURE, "pinnacle", self.quote(outcome), LIMITS, self.now_ms)

    def kinds(self):
        return [change.kind for change, _ in self.changes]


@pytest.fixture
async def follow(peer):
    """`await follow()` starts a client and gives it when its quotes may be traded on."""
    followers = []

    async def start(ready=True, **options) -> Follower:
        follower = Follower(peer, **options)
        followers.append(follower)
        follower.client.start()
        if ready:
            assert await follower.client.wait_ready(10)
            await follower.until(lambda: follower.why_not() is None)
        return follower

    yield start
    for follower in followers:
        await follower.client.stop()


@pytest.fixture(autouse=True)
def quoted(peer, say):
    """Moved an hour ago, and right."""
    peer.quote(
        *(say.row(outcome, price, START_MS - 3_600_000) for outcome, price in ((101, 2.5), (102, 3.4), (103, 2.9)))
    )


# --- beginning ---------------------------------------------------------------------------------------------------


async def test_unmoved_quotes_are_tradeable_after_the_snapshot(follow, peer):
    follower = await follow()
    assert follower.odds() == [2_500_000, 3_400_000, 2_900_000]
    assert [follower.why_not(outcome) for outcome in range(3)] == [None] * 3
    assert follower.ups == [True]
    assert follower.client.alarms == {}


async def test_lists_come_first_then_the_login_then_the_odds(follow, peer):
    await follow()
    first_odds = next(n for n, (path, _) in enumerate(peer.asked) if path.startswith("/fixtures/odds"))
    before = [path for path, _ in peer.asked[:first_odds]]
    assert {"/bookmakers", "/sports", "/markets", "/currencies", "/fixtures"} <= set(before)
    assert len(peer.logins) == 1
    assert "since" not in peer.asked[first_odds][1]


async def test_window_of_fixtures_is_asked_for_in_seconds(follow, peer):
    await follow()
    query = peer.queries("/fixtures")[0]
    assert int(query["startTimeFrom"]) < START_MS // 1000 < int(query["startTimeTo"])


async def test_login_asks_for_the_scope(follow, peer):
    await follow(scope=Scope((10,), ("pinnacle",), (17,)), receive_type=ReceiveType.JSON)
    (login,) = peer.logins
    assert (login["sportIds"], login["tournamentIds"], login["bookmakers"]) == ([10], [17], ["pinnacle"])
    assert login["lang"] == "en"


async def test_frame_that_comes_before_an_older_snapshot_wins(follow, peer, say):
    peer.hold = asyncio.Event()
    follower = await follow(ready=False)
    await follower.until(lambda: peer.sockets and peer.queries("/fixtures/odds/main"))
    frames = [say.odds(say.row(101, 2.7, START_MS)), say.bookmakers(suspended=True, updatedAt=None)]
    await peer.push(*frames)
    await follower.until(lambda: follower.book.bookmaker(FIXTURE, "pinnacle"))
    peer.hold.set()
    await follower.until(lambda: follower.quote(1))
    assert follower.odds() == [2_700_000, 3_400_000, 2_900_000]
    assert follower.why_not() is WhyNot.SUSPENDED


async def test_feed_that_is_not_there_at_first_is_found_later(peer, follow, unused_tcp_port_factory):
    port = unused_tcp_port_factory()
    urls = {"rest_url": f"http://127.0.0.1:{port}/en", "ws_url": f"ws://127.0.0.1:{port}/ws"}
    follower = await follow(ready=False, **urls)
    assert not await follower.client.wait_ready(0.05)
    runner = await peer.serve(port)
    await follower.after(6, lambda: follower.why_not() is None)
    await follower.client.stop()
    await runner.cleanup()


async def test_key_that_is_refused_raises_an_alarm(peer, follow):
    peer.failures["/sports"] = 403
    follower = await follow(ready=False)
    await follower.until(lambda: follower.client.alarms)
    assert "lists" in follower.client.alarms
    assert peer.logins == []


async def test_what_the_key_may_not_see_raises_an_alarm(peer, follow):
    follower = await follow(scope=Scope((10, 99), ("pinnacle", "betfair_ex")))
    assert follower.client.alarms["lists"] == "the key may not see sport 99, bookmaker betfair_ex"


# --- frames ------------------------------------------------------------------------------------------------------


async def test_move_is_told_with_the_time_of_its_frame(follow, peer, say):
    follower = await follow()
    follower.clock.advance(1.5)
    await peer.push(say.odds(say.row(102, 3.6, follower.now_ms)))
    await follower.until(lambda: follower.odds()[1] == 3_600_000)
    change, received_ns = follower.changes[-1]
    assert (change.fixture_id, change.bookmaker, change.markets) == (FIXTURE, "pinnacle", (WINNER,))
    assert received_ns == follower.clock.now_ns()


async def test_suspension_stops_trading_and_its_end_resumes_it_without_new_quotes(follow, peer, say):
    follower = await follow()
    await peer.push(say.bookmakers(suspended=True, updatedAt=None))
    await follower.until(lambda: follower.why_not() is WhyNot.SUSPENDED)
    assert follower.kinds()[-1] is ChangeKind.BOOKMAKER
    await peer.push(say.bookmakers(updatedAt=None))
    await follower.until(lambda: follower.why_not() is None)


async def test_scores_clock_and_rates_are_delivered(follow, peer, say):
    follower = await follow()
    clock = {"currentPeriod": "p1", "currentTime": "12:00", "stopped": False}
    await peer.push(
        say.frame("scores", {"fixtureId": FIXTURE, "scores": {"result": say.score(1, 0)}}),
        say.frame("clocks", {"fixtureId": FIXTURE, "clock": clock}),
        say.frame("currencies", {"EUR": {"currency": "EUR", "currencyValue": 0.9}}),
    )
    await follower.until(lambda: follower.rates)
    assert follower.kinds()[-2:] == [ChangeKind.SCORES, ChangeKind.CLOCK]
    assert str(follower.rates[0].from_usd(10, "EUR")) == "9.0"


async def test_new_fixture_of_the_stream_is_quoted_soon(follow, peer, say):
    new = "id1000001799999999"
    follower = await follow()
    peer.fixtures[new] = say.fixture(new)
    peer.quote(say.row(101, 1.9, START_MS - 1000), fixture=new)
    await peer.push(say.frame("fixtures", say.fixture(new)))
    await follower.after(1, lambda: follower.book.quotes(MarketKey(new, 101), "pinnacle")[0])


async def test_fixture_that_is_quoted_before_it_is_listed_is_asked_for(follow, peer, say):
    new = "id1000001799999999"
    follower = await follow()
    peer.fixtures[new] = say.fixture(new)
    await peer.push(say.odds(say.row(101, 1.9, START_MS), fixture=new))
    await follower.after(11, lambda: follower.book.fixture(new).is_known)
    assert {"fixtureIds": new} in peer.queries("/fixtures")


async def test_market_that_is_quoted_before_it_is_listed_is_asked_for(follow, peer, say):
    follower = await follow()
    outcomes = [{"outcomeId": 1014, "outcomeName": "Over"}, {"outcomeId": 1015, "outcomeName": "Under"}]
    peer.markets.append({"marketId": 1014, "sportId": 10, "marketType": "totals", "outcomes": outcomes, "late": True})
    await peer.push(say.odds(say.row(1014, 1.9, START_MS)))
    await follower.after(11, lambda: follower.book.catalogue.get(1014) is not None)
    assert follower.book.quotes(MarketKey(FIXTURE, 1014), "pinnacle")[0].odds == 1_900_000


async def test_unknown_frames_are_passed_over(follow, peer, say):
    follower = await follow()
    await peer.push(say.frame("events", {"x": 1}), say.control("greeting"), say.odds(say.row(101, 2.6, START_MS)))
    await follower.until(lambda: follower.odds()[0] == 2_600_000)
    assert len(peer.logins) == 1


async def test_frame_that_is_no_message_makes_the_client_start_anew(follow, peer):
    follower = await follow()
    await peer.push(b'{"channel":"odds","payload":')
    await follower.until(lambda: len(peer.logins) == 2)
    await follower.until(lambda: follower.why_not() is None)
    assert follower.ups == [True, False, True]


async def test_tape_has_the_text_of_every_data_frame(follow, peer, say):
    follower = await follow()
    frames = [say.odds(say.row(101, 2.6, START_MS)), say.bookmakers(updatedAt=None), say.frame("news", {"x": 1})]
    await peer.push(say.control("resume_complete"), *frames)
    await follower.until(lambda: len(follower.tape) == 3)
    assert follower.tape == frames


# --- reconciling -------------------------------------------------------------------------------------------------


async def test_unmoved_quotes_stay_confirmed_by_rounds(follow, peer, say):
    follower = await follow()
    for _ in range(20):
        await peer.push(say.frame("currencies", {}))
        await follower.after(9, lambda: follower.why_not() is None)
    assert any("since" in query for query in peer.queries("/fixtures/odds/main") + peer.queries("/fixtures/odds"))


async def test_deactivation_that_the_stream_lost_is_found(follow, peer, say):
    follower = await follow()
    follower.clock.advance(1)
    peer.quote(say.row(101, 2.5, follower.now_ms, active=False))
    await follower.after(31, lambda: follower.quote().is_active is False)
    assert follower.kinds()[-1] is ChangeKind.ODDS


async def test_quote_that_is_gone_from_the_feed_is_gone_after_the_next_whole_answer(follow, peer, say):
    follower = await follow()
    peer.odds[FIXTURE]["pinnacle"].pop(say.name(103))
    await follower.after(620, lambda: follower.quote(2) is None)
    assert follower.why_not(1) is not WhyNot.NO_QUOTE


async def test_fixtures_of_which_nothing_is_told_are_not_confirmed(follow, peer, say):
    del peer.odds[FIXTURE]
    follower = await follow(ready=False)
    await follower.until(lambda: peer.queries("/fixtures/odds/main"))
    await peer.push(say.bookmakers(), say.odds(say.row(101, 2.5, START_MS - 3_600_000)))
    await follower.until(lambda: follower.quote() is not None)
    assert follower.why_not() is WhyNot.UNCONFIRMED


async def test_bookmaker_that_the_feed_lost_is_told_of(follow, peer):
    follower = await follow()
    peer.bookmakers = [{"slug": "pinnacle", "lastOddsAt": START_MS - 300_000}]
    await follower.after(61, lambda: follower.book.stale_bookmakers == {"pinnacle"})
    assert follower.kinds()[-1] is ChangeKind.BOOKMAKER


async def test_requests_for_odds_that_fail_are_made_again(follow, peer):
    peer.failures["/fixtures/odds/main"] = peer.failures["/fixtures/odds"] = 500
    follower = await follow(ready=False)
    await follower.until(lambda: peer.queries("/fixtures/odds/main"))
    peer.failures.clear()
    await follower.after(6, lambda: follower.why_not() is None)


async def test_list_that_fails_is_asked_for_again_soon(follow, peer):
    peer.failures["/fixtures"] = 500
    follower = await follow(ready=False)
    await follower.until(lambda: peer.queries("/fixtures"))
    peer.failures.clear()
    await follower.after(6, lambda: follower.why_not() is None)


def test_retries_become_rarer_and_no_rarer_than_once_a_minute():
    assert [retry_pause_s(failures) for failures in (1, 2, 3, 4, 5, 6, 10_000)] == [5, 10, 20, 40, 60, 60, 60]


async def test_fixture_that_the_feed_does_not_know_any_more_is_not_traded_on(follow, peer, say):
    follower = await follow()
    peer.lost.add(FIXTURE)
    for _ in range(4):
        await peer.push(say.frame("currencies", {}))
        await follower.after(9)
    await follower.until(lambda: follower.why_not() is WhyNot.QUARANTINED)
    assert follower.kinds()[-1] is ChangeKind.FIXTURE


# --- the connection ----------------------------------------------------------------------------------------------


async def test_lost_connection_stops_trading_until_quotes_are_confirmed_anew(follow, peer):
    follower = await follow()
    peer.hold = asyncio.Event()
    follower.clock.advance(1)
    await peer.sockets[0].close(code=1011)
    await follower.until(lambda: follower.ups == [True, False, True])
    assert follower.why_not() is WhyNot.UNCONFIRMED
    peer.hold.set()
    await follower.until(lambda: follower.why_not() is None)
    assert any("since" in query for query in peer.queries("/fixtures/odds/main"))


async def test_reconnect_resumes_what_can_be_replayed(follow, peer, say):
    follower = await follow()
    payload = {"fixtureId": FIXTURE, "scores": {"result": say.score(1, 0)}}
    await peer.push(say.frame("scores", payload, ms=START_MS, seq=9))
    await follower.until(lambda: ChangeKind.SCORES in follower.kinds())
    await peer.sockets[0].close(code=1012)
    await follower.until(lambda: len(peer.logins) == 2)
    assert peer.logins[1]["serverEpoch"] == "epoch-1"
    assert peer.logins[1]["lastSeenId"] == {"scores": f"{START_MS}-9"}


async def test_server_that_moves_is_followed_without_a_gap(follow, peer, say):
    follower = await follow()
    since_ms = follower.book.up_since_ms
    follower.clock.advance(1)
    await peer.push(say.control("reconnect", reason="server_upgrade"))
    await follower.until(lambda: len(peer.sockets) == 2 and peer.sockets[0].closed)
    assert follower.ups == [True]
    assert follower.book.up_since_ms == since_ms
    await peer.push(say.odds(say.row(101, 2.6, follower.now_ms)))
    await follower.until(lambda: follower.odds()[0] == 2_600_000)


async def test_refused_login_is_final_and_raises_an_alarm(follow, peer, say):
    peer.refusal = (say.control("error", error="login_failed", message="invalid apiKey"), 4000)
    follower = await follow(ready=False)
    await follower.until(lambda: "login" in follower.client.alarms)
    await asyncio.sleep(0.05)
    assert len(peer.logins) == 1
    assert follower.why_not() is WhyNot.FEED_DOWN


async def test_key_that_is_revoked_ends_it(follow, peer):
    follower = await follow()
    await peer.sockets[0].close(code=4001, message=b"revoked")
    await follower.until(lambda: follower.client.alarms)
    assert follower.client.alarms["login"] == "the feed refuses the login: 4001 revoked"
    assert follower.ups == [True, False]


async def test_too_many_connections_is_tried_again(follow, peer, say):
    peer.refusal = (say.control("error", error="too_many_connections"), 4003)
    follower = await follow(ready=False)
    await follower.until(lambda: len(peer.logins) == 3)
    peer.refusal = None
    await follower.until(lambda: follower.why_not() is None)


async def test_reader_that_was_too_slow_asks_for_compressed_frames(follow, peer, say):
    follower = await follow()
    await peer.sockets[0].close(code=4002)
    await follower.until(lambda: len(peer.sockets) == 2)
    assert peer.logins[1]["receiveType"] == "zstd-dict"
    compress = zstandard.ZstdCompressor(write_content_size=False).compress
    await peer.sockets[1].send_bytes(compress(say.odds(say.row(101, 2.6, START_MS))))
    await follower.until(lambda: follower.odds()[0] == 2_600_000)


async def test_login_that_is_not_answered_is_made_again(follow, peer, monkeypatch):
    monkeypatch.setattr(connection, "_LOGIN_WITHIN_S", 0.02)
    peer.keeps_quiet = True
    follower = await follow(ready=False)
    await follower.until(lambda: len(peer.logins) == 2)
    peer.keeps_quiet = False
    await follower.until(lambda: follower.why_not() is None)


async def test_echo_of_less_than_was_asked_raises_an_alarm(follow, peer):
    peer.echo = {"bookmakers": []}
    follower = await follow()
    assert follower.client.alarms == {"stream": "the server will not send bookmaker pinnacle"}
    peer.echo = {}
    await peer.sockets[0].close(code=1012)
    await follower.until(lambda: follower.client.alarms == {})


async def test_required_snapshot_of_odds_makes_every_quote_be_confirmed_anew(follow, peer, say):
    follower = await follow()
    peer.hold = asyncio.Event()
    follower.clock.advance(1)
    await peer.push(say.control("snapshot_required", reason="client_backpressure", channels=["odds"]))
    await follower.until(lambda: follower.why_not() is WhyNot.UNCONFIRMED)
    assert follower.ups == [True]
    peer.hold.set()
    await follower.until(lambda: follower.why_not() is None)


async def test_required_snapshot_of_fixtures_lists_them_again(follow, peer, say):
    follower = await follow()
    before = len(peer.queries("/fixtures"))
    peer.fixtures[FIXTURE] = say.fixture(status=2)
    await peer.push(say.control("snapshot_required", reason="server_restarted", channels=["fixtures"]))
    await follower.until(lambda: len(peer.queries("/fixtures")) > before)
    await follower.until(lambda: follower.why_not() is WhyNot.OVER)


async def test_silence_is_told_and_so_is_its_end(follow, peer, say):
    follower = await follow()
    await follower.after(11, lambda: follower.ups == [True, False])
    assert follower.why_not() is WhyNot.FEED_SILENT
    await peer.push(say.frame("events", {}))
    await follower.until(lambda: follower.ups == [True, False, True])
    assert len(peer.logins) == 1


async def test_long_silence_makes_the_client_log_in_anew(follow, peer, say):
    follower = await follow()
    await follower.after(32, lambda: len(peer.logins) == 2)
    await follower.until(lambda: follower.ups == [True, False, True])
    assert follower.book.up_since_ms > START_MS


async def test_clock_that_is_put_back_begins_all_anew(follow, peer, say):
    follower = await follow()
    follower.clock._now_ns -= 86_400 * NS_PER_S
    peer.odds.clear()
    peer.quote(say.row(101, 1.7, follower.now_ms - 1000))
    await peer.push(say.control("reconnect", reason="server_upgrade"))
    await follower.until(lambda: follower.odds() == [1_700_000, None, None])
    await follower.until(lambda: follower.why_not() is None)


async def test_scope_can_be_changed_while_running(follow, peer, say):
    tennis = "id1200000800000001"
    follower = await follow()
    peer.fixtures[tennis] = say.fixture(tennis)
    outcomes = [{"outcomeId": 121, "outcomeName": "1"}, {"outcomeId": 122, "outcomeName": "2"}]
    peer.markets.append({"marketId": 121, "sportId": 12, "marketType": "moneyline", "outcomes": outcomes})
    peer.quote(say.row(121, 1.4, START_MS, marketId=121), fixture=tennis)
    follower.client.set_scope(Scope((12,), ("pinnacle",)))
    key = MarketKey(tennis, 121)
    await follower.until(lambda: follower.book.quotes(key, "pinnacle") and follower.book.quotes(key, "pinnacle")[0])
    assert peer.logins[1]["sportIds"] == [12]
    assert follower.ups == [True]


# --- settlement --------------------------------------------------------------------------------------------------


async def test_grades_are_told_from_the_end_on_and_when_they_change(follow, peer, say):
    follower = await follow()
    follower.client.watch_settlement(FIXTURE)
    peer.settlements[FIXTURE] = [
        {"outcomeId": 101, "marketId": 101, "status": "UNDECIDED", "reason": "MISSING_PERIODS"}
    ]
    await follower.after(10)
    assert follower.grades == []
    peer.fixtures[FIXTURE] = say.fixture(status=2, trueEndTime=None)
    await peer.push(say.frame("fixtures", say.fixture(status=2)))
    await follower.after(6, lambda: len(follower.grades) == 1)
    peer.settlements[FIXTURE] = [{"outcomeId": 101, "marketId": 101, "status": "WIN"}]
    await follower.after(30, lambda: len(follower.grades) == 2)
    fixture_id, (grade,) = follower.grades[-1]
    assert (fixture_id, grade.status) == (FIXTURE, SettlementStatus.WON)


async def test_fixture_that_ended_before_the_start_is_graded_too(follow, peer, say):
    old = "id1000001700000007"
    peer.fixtures[old] = say.fixture(old, status=2, trueEndTime="2026-08-01T00:00:00+00:00")
    peer.settlements[old] = [{"outcomeId": 101, "status": "LOSE"}]
    follower = await follow()
    follower.book._fixtures.pop(old)
    follower.client.watch_settlement(old)
    await follower.after(6, lambda: follower.grades)
    assert follower.grades[0][1][0].status is SettlementStatus.LOST


async def test_grades_can_be_asked_for_at_any_time(follow, peer):
    peer.settlements[FIXTURE] = [{"outcomeId": 101, "status": "PUSH"}]
    follower = await follow()
    (grade,) = await follower.client.settlements(FIXTURE)
    assert grade.status is SettlementStatus.VOID


# --- the end -----------------------------------------------------------------------------------------------------


async def test_stopped_client_leaves_nothing_behind(follow, peer):
    follower = await follow()
    await follower.client.stop()
    await follower.until(lambda: all(socket.closed for socket in peer.sockets))
    await asyncio.sleep(0)
    names = [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith(("feed", "stream"))]
    assert names == []
