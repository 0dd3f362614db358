"""Why a quote may not be traded on: every reason, and the two kinds of staleness."""

from __future__ import annotations

import json

import msgspec
import pytest

from hedgerow.core.config import Settings
from hedgerow.core.ids import MarketKey
from hedgerow.feed import wire
from hedgerow.feed.book import PriceBook
from hedgerow.feed.codec import JSON
from hedgerow.feed.gate import Limits, WhyNot, why_not

FIXTURE = "id1000001772221240"
WINNER = MarketKey(FIXTURE, 101)
LIMITS = Limits(live_ms=10_000, pregame_ms=60_000, silence_ms=10_000)
NOW = 1_788_000_000_000  # before the start
HOUR = 3_600_000


class Scene:
    """A book in which the quote of outcome 101 may be traded on at NOW, until something is said against it."""

    def __init__(self, catalogue, say) -> None:
        self.say, self.book = say, PriceBook(catalogue)
        self.book.up_since_ms = NOW - HOUR
        self.tell(say.frame("fixtures", say.fixture()))
        self.tell(say.bookmakers())
        self.tell(say.odds(say.row(101, at=NOW - 1000)))
        self.book.heard_ms = NOW

    def tell(self, text, now_ms=NOW - 1000) -> None:
        self.book.apply(self.say.heard(text), text, JSON, now_ms)

    def cover(self, as_of_ms, main=True) -> None:
        self.book.cover([FIXTURE], None, as_of_ms, main_lines_only=main)

    def why_not(self, outcome=0, now_ms=NOW, limits=LIMITS):
        quotes = self.book.quotes(WINNER, "pinnacle")
        return why_not(self.book, FIXTURE, "pinnacle", quotes[outcome], limits, now_ms)


@pytest.fixture
def scene(catalogue, say):
    return Scene(catalogue, say)


def test_quote_that_just_moved_may_be_traded_on(scene):
    assert scene.why_not() is None


def test_nothing_while_the_feed_is_down(scene):
    scene.book.up_since_ms = None
    assert scene.why_not() is WhyNot.FEED_DOWN


def test_nothing_after_silence_of_any_frame(scene):
    scene.book.heard_ms = NOW - 10_000
    assert scene.why_not() is None
    scene.book.heard_ms = NOW - 10_001
    assert scene.why_not() is WhyNot.FEED_SILENT


def test_nothing_of_a_fixture_that_was_never_described(catalogue, say):
    book = PriceBook(catalogue)
    book.up_since_ms, book.heard_ms = NOW, NOW
    assert why_not(book, FIXTURE, "pinnacle", None, LIMITS, NOW) is WhyNot.NO_FIXTURE
    text = say.odds(say.row(101, at=NOW))
    book.apply(say.heard(text), text, JSON, NOW)
    quote = book.quotes(WINNER, "pinnacle")[0]
    assert why_not(book, FIXTURE, "pinnacle", quote, LIMITS, NOW) is WhyNot.NO_FIXTURE


def test_nothing_of_a_fixture_in_quarantine(scene, say):
    scene.tell(say.frame("fixtures", say.fixture(sport={"sportId": 11})))
    assert scene.why_not() is WhyNot.QUARANTINED


@pytest.mark.parametrize("status", [2, 3])
def test_nothing_of_a_fixture_that_is_over(scene, say, status):
    scene.tell(say.frame("fixtures", say.fixture(status=status)))
    assert scene.why_not() is WhyNot.OVER


def test_nothing_before_the_bookmaker_is_described(catalogue, say):
    scene = Scene(catalogue, say)
    scene.book.bookmaker(FIXTURE, "pinnacle").meta = None
    assert scene.why_not() is WhyNot.NO_META


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"hasOdds": False}, WhyNot.NO_ODDS),
        ({"staleOdds": True}, WhyNot.STALE_BOOK),
        ({"suspended": True}, WhyNot.SUSPENDED),
        ({"participantsRotated": True}, WhyNot.ROTATED),
        ({"staleOdds": True, "suspended": True}, WhyNot.STALE_BOOK),
    ],
)
def test_nothing_of_a_bookmaker_of_which_the_feed_says_so(scene, say, fields, reason):
    scene.tell(say.bookmakers(updatedAt=None, **fields))
    assert scene.why_not() is reason
    scene.tell(say.bookmakers(updatedAt=None))
    assert scene.why_not() is None


def test_nothing_of_a_bookmaker_that_the_feed_has_not_heard_from(scene):
    scene.book.stale_bookmakers = frozenset({"pinnacle"})
    assert scene.why_not() is WhyNot.STALE_BOOK


def test_rotated_rows_may_be_used_where_they_are_proven_to_be_turned(scene, say):
    scene.tell(say.bookmakers(participantsRotated=True))
    proven = Limits(10_000, 60_000, 10_000, rotation_proven={"pinnacle"})
    assert scene.why_not(limits=proven) is None


def test_leg_without_a_quote_is_named(scene):
    assert scene.why_not(outcome=1) is WhyNot.NO_QUOTE


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"active": False}, WhyNot.INACTIVE),
        ({"active": None}, WhyNot.INACTIVE),
        ({"marketActive": False}, WhyNot.MARKET_INACTIVE),
        ({"marketActive": None}, None),
        ({"price": 0}, WhyNot.NO_PRICE),
        ({"price": ""}, WhyNot.NO_PRICE),
        ({"price": None}, WhyNot.NO_PRICE),
        ({"price": 1}, WhyNot.NO_PRICE),
        ({"price": 1.001}, None),
        ({"marketId": 1010}, WhyNot.NO_QUOTE),
    ],
)
def test_quote_itself_must_be_an_offer(scene, say, fields, reason):
    scene.tell(say.odds(say.row(101, at=NOW - 500) | fields))
    assert scene.why_not() is reason


def test_move_from_the_future_has_no_age(scene, say):
    scene.tell(say.odds(say.row(101, at=NOW + 60_000)))
    assert scene.why_not() is None
    scene.tell(say.odds(say.row(101, at=NOW + 60_001)))
    assert scene.why_not() is WhyNot.AHEAD_OF_TIME


def test_unmoved_line_is_right_for_hours_as_long_as_it_is_confirmed(scene, say):
    later = NOW + 20 * HOUR
    scene.tell(say.frame("fixtures", say.fixture(startTime=later // 1000 + 3600)))
    scene.book.heard_ms = later
    assert scene.why_not(now_ms=later) is WhyNot.TOO_OLD
    scene.cover(later - 60_000)
    assert scene.why_not(now_ms=later) is None
    assert scene.why_not(now_ms=later + 1) is WhyNot.TOO_OLD


def test_age_is_counted_in_milliseconds_as_the_feed_does(scene, say):
    scene.tell(say.odds(say.row(102, at=(NOW - 1000) // 1000)))
    assert scene.why_not(outcome=1) is WhyNot.UNCONFIRMED


def test_round_over_main_lines_confirms_no_other_line(scene, say):
    scene.tell(say.odds(say.row(102, at=NOW - 61_000, mainLine=False), say.row(103, at=NOW - 61_000, mainLine=None)))
    scene.cover(NOW, main=True)
    assert scene.why_not() is None
    assert [scene.why_not(outcome) for outcome in (1, 2)] == [WhyNot.TOO_OLD] * 2
    scene.cover(NOW, main=False)
    assert [scene.why_not(outcome) for outcome in (1, 2)] == [None] * 2


def test_live_odds_grow_old_sooner(scene, say):
    scene.cover(NOW - 10_001)
    scene.tell(say.odds(say.row(101, at=NOW - 10_001 - HOUR), say.row(102, at=NOW - 10_001)))
    assert scene.why_not(outcome=1) is None
    scene.tell(say.frame("fixtures", say.fixture(status=1)))
    assert scene.why_not(outcome=1) is WhyNot.TOO_OLD


def test_fixture_that_should_have_started_counts_as_live(scene, say):
    scene.tell(say.odds(say.row(102, at=NOW - 10_001)))
    scene.tell(say.frame("fixtures", say.fixture(startTime=NOW // 1000)))
    assert scene.why_not(outcome=1) is WhyNot.TOO_OLD


def test_after_a_gap_every_quote_is_confirmed_anew(scene, say):
    scene.book.up_since_ms = NOW - 500
    assert scene.why_not() is WhyNot.UNCONFIRMED
    scene.cover(NOW - 500)
    assert scene.why_not() is None


def test_answer_to_an_earlier_question_does_not_confirm_a_quote_told_since(scene, say):
    scene.cover(NOW - 100)
    scene.tell(say.odds(say.row(102, at=NOW - HOUR)), NOW - 99)
    assert scene.why_not(outcome=1) is WhyNot.TOO_OLD
    scene.cover(NOW - 98)
    assert scene.why_not(outcome=1) is None


def test_limits_are_the_operators():
    settings = Settings(stale_live_s=1.5, stale_pregame_s=30, feed_silence_s=4)
    assert Limits.of(settings) == Limits(1_500, 30_000, 4_000)


def test_published_rows_pass_the_gate(shared, catalogue, say):
    """The documented example of a live fixture is tradeable as it stands."""
    frames = json.loads(shared("data/oddspapi/ws_frames.json").read_text())["frames"]
    (odds,) = (
        each["frame"]
        for each in frames
        if each["frame"].keys() >= {"channel", "payload"} and "odds" in each["frame"]["payload"]
    )
    (row,) = odds["payload"]["odds"]["sx.bet"].values()
    fixture = odds["payload"]["fixtureId"]
    meta = {"hasOdds": True, "suspended": False, "staleOdds": False, "updatedAt": None}
    described = {
        "fixtureId": fixture,
        "status": {"statusId": 1, "live": True},
        "sport": {"sportId": 10},
        "tournament": {"tournamentId": 17},
        "bookmakers": {"sx.bet": meta},
    }
    book, now_ms = PriceBook(catalogue), row["changedAt"] + 100
    book.up_since_ms, book.heard_ms = now_ms - HOUR, now_ms
    book.take_answer(msgspec.json.decode(json.dumps(described), type=wire.FixtureOdds), now_ms)
    text = json.dumps(odds).encode()
    book.apply(say.heard(text), text, JSON, now_ms)
    quote = book.quotes(MarketKey(fixture, 1010), "sx.bet")[1]
    assert (quote.odds, quote.limit) == (1_990_000, 286_299_000)
    assert why_not(book, fixture, "sx.bet", quote, LIMITS, now_ms) is None
