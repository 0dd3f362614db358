"""Betfair stream files: what of them is played, and what is refused with its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hedgerow.core.clock import NS_PER_MS
from hedgerow.core.errors import InputError
from hedgerow.core.ids import fixture_id_contradiction
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.events import FixtureEvent, OddsEvent, ReplayEvent, SettleEvent, SuspendEvent, TradeEvent
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.recordings.betfair import BetfairRecording

from .betfair_files import (
    ANN,
    BOB,
    START_MS,
    closed,
    defined,
    definition,
    ladders,
    message,
    packed,
    text_of,
    whole_match,
)

WON, LOST = SettlementStatus.WON, SettlementStatus.LOST
CATALOGUE = Catalogue()


def recording(path: Path, *messages: dict[str, Any], **wanted: Any) -> BetfairRecording:
    return BetfairRecording(packed(path, text_of(*messages)), CATALOGUE, **wanted)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "1.5"


def told(events: list[ReplayEvent]) -> list[tuple[int, str]]:
    """(milliseconds after the start, kind) of each event."""
    return [(event.at_ns // NS_PER_MS - START_MS, type(event).__name__.removesuffix("Event")) for event in events]


def prices(events: list[ReplayEvent]) -> list[dict[int, Decimal | None]]:
    return [{p.outcome.outcome_id: p.price for p in event.prices} for event in events if isinstance(event, OddsEvent)]


# --- a match from its first message to its result --------------------------------------------------------------


@pytest.mark.parametrize("name", ["1.5", "1.5.gz", "1.5.bz2", "renamed.txt"])
def test_a_match_is_played_from_any_container(tmp_path: Path, name: str) -> None:
    events = list(recording(tmp_path / name, *whole_match()).events())
    assert told(events) == [
        (0, "Fixture"),
        (1_000, "Odds"),
        (2_000, "Fixture"),
        (2_000, "Suspend"),
        (4_000, "Suspend"),
        (4_000, "Trade"),
        (5_000, "Suspend"),  # Ann's book has moved, Bob's has not: they contradict each other
        (5_500, "Odds"),
        (5_500, "Suspend"),
        (6_000, "Trade"),
        (7_000, "Suspend"),
        (7_000, "Settle"),
    ]


def test_the_fixture_is_coherent_and_named_as_in_the_recording(path: Path) -> None:
    first, *_ = recording(path, *whole_match()).events()
    assert isinstance(first, FixtureEvent)
    assert fixture_id_contradiction(first.fixture_id, first.sport_id, first.tournament_id) is None
    assert (first.sport_id, first.participant1_name, first.participant2_name) == (12, "Ann", "Bob")
    assert (first.start_time, first.status_id) == (1_700_002_800, 0)
    assert first.fixture_id.endswith("30303030")


def test_only_odds_that_changed_are_said(path: Path) -> None:
    same = ladders(1_500, (ANN, [[2.0, 100]], [[2.04, 100]]))
    events = list(recording(path, *whole_match()[:2], same).events())
    assert prices(events) == [{121: Decimal("1.98"), 122: Decimal("1.941")}]


def test_the_margin_is_the_callers(path: Path) -> None:
    (offer,) = prices(list(recording(path, *whole_match()[:2], margin=Decimal("0.10")).events()))
    assert sum(1 / price for price in offer.values() if price) == pytest.approx(Decimal("1.10"), abs=Decimal("0.001"))


def test_the_result_is_said_by_outcome(path: Path) -> None:
    *_, last = recording(path, *whole_match()).events()
    assert isinstance(last, SettleEvent)
    assert last.results == {121: WON, 122: LOST}


def test_a_trade_has_the_direction_of_who_took(path: Path) -> None:
    trades = [event for event in recording(path, *whole_match()).events() if isinstance(event, TradeEvent)]
    assert [(t.outcome.outcome_id, t.side, t.price) for t in trades] == [
        (121, Side.SELL, 490_196),  # at the price to lay: somebody laid
        (122, Side.BUY, 344_827),  # at the price to back: somebody backed
    ]
    assert trades[0].size == 51_000_000  # 50 / 2 × 2.04


def test_trades_are_what_a_price_has_gained(path: Path) -> None:
    def traded(after_ms: int, amount: float) -> dict[str, Any]:
        return message(after_ms, {"rc": [{"id": ANN, "trd": [[2.0, amount]], "ltp": 2.0}]})

    messages = [*whole_match()[:2], traded(2_000, 10), traded(3_000, 10), traded(4_000, 4), traded(5_000, 6)]
    trades = [event for event in recording(path, *messages).events() if isinstance(event, TradeEvent)]
    assert [trade.size for trade in trades] == [10_000_000, 2_000_000]


def test_an_image_replaces_and_trades_nothing(path: Path) -> None:
    image = message(
        2_000,
        {"img": True, "rc": [{"id": ANN, "atb": [[4.0, 9]], "atl": [[4.2, 9]], "trd": [[4.0, 500]], "ltp": 4.0}]},
    )
    events = list(recording(path, *whole_match()[:2], image).events())
    assert [type(event) for event in events[2:]] == [OddsEvent]
    assert prices(events)[1] == {121: Decimal("4.017"), 122: Decimal("1.296")}


def test_best_places_serve_where_whole_ladders_were_not_recorded(path: Path) -> None:
    places = message(1_000, {"rc": [{"id": ANN, "batb": [[0, 2.0, 100]], "batl": [[0, 2.04, 100]]}]})
    gone = message(2_000, {"rc": [{"id": ANN, "batl": [[0, 0, 0]]}]})
    events = list(recording(path, defined(0, definition()), places, gone).events())
    assert told(events) == [(0, "Fixture"), (1_000, "Odds"), (2_000, "Suspend")]


def test_going_in_play_stops_the_bookmaker_until_prices_come(path: Path) -> None:
    turn = defined(2_000, definition(inPlay=True))  # without a suspension of the market itself
    after = ladders(3_000, (ANN, [[2.0, 90]], []))
    events = list(recording(path, *whole_match()[:2], turn, after).events())
    assert [(e.at_ns // NS_PER_MS - START_MS, e.suspended) for e in events if isinstance(e, SuspendEvent)] == [
        (2_000, True),
        (3_000, False),
    ]


def test_last_prices_alone_price_and_trade_a_basic_recording(path: Path) -> None:
    messages = [
        defined(0, definition()),
        message(1_000, {"rc": [{"id": ANN, "ltp": 2.0}]}),
        message(2_000, {"rc": [{"id": BOB, "ltp": 1.5}]}),
        message(3_000, {"rc": [{"id": ANN, "ltp": 3.0}]}),
    ]
    events = list(recording(path, *messages).events())
    assert prices(events) == [
        {121: Decimal("1.96"), 122: Decimal("1.96")},
        {121: Decimal("2.941"), 122: Decimal("1.47")},
    ]
    trades = [(e.outcome.outcome_id, e.side) for e in events if isinstance(e, TradeEvent)]
    assert trades == [(121, Side.BUY), (122, Side.BUY), (121, Side.SELL)]


def test_volume_alone_makes_trades_too(path: Path) -> None:
    messages = [
        *whole_match()[:2],
        message(2_000, {"rc": [{"id": ANN, "ltp": 2.0, "tv": 100}]}),
        message(3_000, {"rc": [{"id": ANN, "tv": 130}]}),
    ]
    trades = [e for e in recording(path, *messages).events() if isinstance(e, TradeEvent)]
    assert [trade.size for trade in trades] == [30_000_000]


def test_removed_runners_that_leave_two_are_no_obstacle(path: Path) -> None:
    runners = [
        {"id": 7, "name": "Gone", "status": "REMOVED", "sortPriority": 1},
        {"id": ANN, "name": "Ann", "status": "ACTIVE", "sortPriority": 2},
        {"id": BOB, "name": "Bob", "status": "ACTIVE", "sortPriority": 3},
    ]
    played = recording(path, defined(0, definition(runners=runners)), whole_match()[1])
    assert played.summary.title == "Ann v Bob"
    assert len(prices(list(played.events()))) == 1


def test_over_and_under_are_told_apart(path: Path) -> None:
    runners = [
        {"id": ANN, "name": "Under 2.5 Goals", "status": "LOSER", "sortPriority": 1},
        {"id": BOB, "name": "Over 2.5 Goals", "status": "WINNER", "sortPriority": 2},
    ]
    given = definition(eventTypeId="1", marketType="OVER_UNDER_25", status="CLOSED", runners=runners)
    played = recording(path, defined(0, definition()), defined(1, given))
    *_, last = played.events()
    assert isinstance(last, SettleEvent)
    assert last.results == {1010: WON, 1011: LOST}
    assert played.summary.title == "Ann v Bob"


def test_publish_times_never_step_back(path: Path) -> None:
    messages = whole_match()
    messages[3]["pt"] -= 5_000
    events = list(recording(path, *messages).events())
    assert all(before.at_ns <= after.at_ns for before, after in pairwise(events))


def test_names_come_from_a_catalogue_file_beside_the_recording(path: Path) -> None:
    nameless = [{"id": ANN, "sortPriority": 1}, {"id": BOB, "sortPriority": 2}]
    path.with_name("1.5.json").write_text('{"marketId":"1.5","runners":[{"selectionId":11,"runnerName":"Ann A."}]}')
    played = recording(path.with_name("file"), defined(0, definition(runners=nameless)), whole_match()[1])
    assert played.summary.title == "Ann A. v Runner 22"


# --- choosing a market ------------------------------------------------------------------------------------------


def two_markets() -> list[dict[str, Any]]:
    three = [{"id": n, "status": "ACTIVE", "sortPriority": n} for n in (1, 2, 3)]
    return [
        defined(0, definition(runners=three), market="1.3"),
        defined(1, definition(), market="1.4"),
        defined(2, definition(eventId="777"), market="1.5"),
    ]


def test_the_first_market_that_can_be_played_is_and_it_is_said(path: Path) -> None:
    summary = recording(path, *two_markets()).summary
    assert summary.market == "1.4"
    assert "the file has 3 markets; 1.4 is played" in summary.warnings


def test_a_named_market_is_played(path: Path) -> None:
    summary = recording(path, *two_markets(), market="1.5").summary
    assert (summary.market, summary.fixture_ids) == ("1.5", ("id12990012777",))


def test_a_recording_that_is_cut_before_the_result_is_played_and_says_so(path: Path) -> None:
    summary = recording(path, *whole_match()[:-1]).summary
    assert not summary.settles
    assert summary.warnings == ("the recording ends before the result: nothing is settled",)


@pytest.mark.parametrize(
    ("messages", "wanted", "said"),
    [
        (two_markets(), {"market": "1.3"}, "1.3 is MATCH_ODDS with 3 runners; only two-way markets are played"),
        (two_markets(), {"market": "1.9"}, "no market 1.9; it has 1.3, 1.4, 1.5"),
        ([defined(0, definition()), defined(1, closed(ann="LOSER"))], {}, "settled without one winner"),
        ([defined(0, definition()), defined(1, closed(bob="WINNER"))], {}, "settled without one winner"),
        ([defined(0, definition(eventTypeId="4339"))], {}, "event type 4339, a sport that the feed does not have"),
        ([defined(0, definition(marketType="SET_BETTING"))], {}, "1.5 is SET_BETTING, which the catalogue"),
        ([defined(0, definition(numberOfWinners=2))], {}, "2 winners"),
        ([defined(0, definition(bettingType="LINE"))], {}, "betting type LINE"),
        ([message(0, {"rc": []})], {}, "no market definition"),
        ([{"op": "status"}, {"op": "heartbeat"}], {}, "none of its 2 lines is a market message"),
    ],
)
def test_what_cannot_be_played_is_said_by_name(
    path: Path, messages: list[dict[str, Any]], wanted: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=f"^{path}: .*{said}"):
        recording(path, *messages, **wanted)


# --- damage -----------------------------------------------------------------------------------------------------


def test_a_broken_line_in_the_middle_is_named(path: Path) -> None:
    whole = text_of(*whole_match()).splitlines(keepends=True)
    whole[3] = whole[3][:40] + b"\n"
    with pytest.raises(InputError, match="line 4: not a message"):
        BetfairRecording(packed(path, b"".join(whole)), CATALOGUE)


def test_a_damaged_price_is_named_while_it_is_played(path: Path) -> None:
    messages = whole_match()
    messages[1]["mc"][0]["rc"][0]["atb"] = "cheap"
    played = recording(path, *messages)
    with pytest.raises(InputError, match="line 2: not a message"):
        list(played.events())


@pytest.mark.parametrize("name", ["1.5", "1.5.gz"])
def test_a_last_line_that_was_cut_is_left_out_and_counted(tmp_path: Path, name: str) -> None:
    content = text_of(*whole_match())
    played = BetfairRecording(packed(tmp_path / name, content[:-30]), CATALOGUE)
    assert "1 line at the end was cut and is left out" in played.summary.warnings
    assert played.summary.messages == len(whole_match()) - 1
    assert len(list(played.events())) == 10


def test_a_cut_line_in_a_finished_archive_is_damage(tmp_path: Path) -> None:
    content = text_of(*whole_match())
    with pytest.raises(InputError, match="line 9: not a message"):
        BetfairRecording(packed(tmp_path / "1.5.bz2", content[:-30]), CATALOGUE)


@pytest.mark.parametrize("name", ["1.5.gz", "1.5.bz2"])
def test_a_cut_archive_is_damage(tmp_path: Path, name: str) -> None:
    path = packed(tmp_path / name, text_of(*whole_match() * 40))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"line \d+: the archive ends before its end"):
        BetfairRecording(path, CATALOGUE)


@pytest.mark.parametrize("name", ["1.5.gz", "1.5.bz2"])
def test_a_spoilt_archive_is_damage(tmp_path: Path, name: str) -> None:
    path = packed(tmp_path / name, text_of(*whole_match() * 40))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match=r"line \d+"):
        BetfairRecording(path, CATALOGUE)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "the file is empty"), (b"hello\nworld\n", "line 1: not a message"), (b"\x00\xff", "line 1: not a message")],
)
def test_a_file_of_something_else_is_refused(path: Path, content: bytes, said: str) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        BetfairRecording(path, CATALOGUE)


def test_a_folder_and_a_missing_file_are_refused_plainly(tmp_path: Path) -> None:
    for wrong in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError, match=str(wrong)):
            BetfairRecording(wrong, CATALOGUE)


# --- recorded files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "ticks", "trades", "stops"),
    [
        ("1.200806927.gz", 2_623, 11_323, 12),
        ("1.223716976.bz2", 354, 534, 2),
        ("1.180305278.bz2", 2_192, 3_910, 32),
    ],
)
def test_recorded_matches_play_to_their_result(
    shared: Callable[[str], Path], name: str, ticks: int, trades: int, stops: int
) -> None:
    played = BetfairRecording(shared(f"data/betfair/recordings/{name}"), CATALOGUE)
    events = list(played.events())
    kinds = Counter(type(event) for event in events)
    assert (kinds[OddsEvent], kinds[TradeEvent], kinds[SettleEvent]) == (ticks, trades, 1)
    assert sum(event.suspended for event in events if isinstance(event, SuspendEvent)) == stops
    assert all(before.at_ns <= after.at_ns for before, after in pairwise(events))
    assert isinstance(events[-1], SettleEvent)
    assert played.messages_read == played.summary.messages
    _every_offer_has_its_margin(events)


def _every_offer_has_its_margin(events: list[ReplayEvent]) -> None:
    offered: dict[int, Decimal] = {}
    for event in events:
        if isinstance(event, OddsEvent):
            offered |= {p.outcome.outcome_id: p.price for p in event.prices if p.price is not None}
            assert sum(1 / price for price in offered.values()) >= Decimal("1.02")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("1.132153978.gz", "1.132153978 is WIN with 14 runners, 2 of them removed; only two-way markets are played"),
        ("1.181223995.gz", "PLACE with 10 runners, 3 winners"),
        ("1.230478683.bz2", "TOP_5_FINISH with 55 runners"),
        ("1.242971311.bz2", "and 199 more that cannot be played either"),
    ],
)
def test_recorded_markets_of_other_kinds_are_refused(shared: Callable[[str], Path], name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        BetfairRecording(shared(f"data/betfair/recordings/{name}"), CATALOGUE)
