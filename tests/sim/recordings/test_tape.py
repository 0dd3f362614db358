"""Tapes of the feed: recorded frames become events again."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hedgerow.core.errors import InputError
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.core.tape import TapeWriter
from hedgerow.sim.events import (
    FixtureEvent,
    OddsEvent,
    Price,
    ReplayEvent,
    ScoreEvent,
    SettleEvent,
    SuspendEvent,
    TradeEvent,
)
from hedgerow.sim.recordings.tape import TapeRecording

FIXTURE = FixtureId("id1200255561419001")
NOW_NS = 1_700_000_000_000_000_000


def row(price: str = "1.95", outcome: int = 121, **more: Any) -> dict[str, Any]:
    return {
        "bookmaker": "pinnacle",
        "outcomeId": outcome,
        "playerId": 0,
        "price": msgspec.Raw(price.encode()),
        "active": True,
        "changedAt": 1,
        **more,
    }


def odds(*rows: dict[str, Any], book: str = "pinnacle", fixture: str = FIXTURE) -> dict[str, Any]:
    keyed = {f"{fixture}:{book}:{r['outcomeId']}:0": r for r in rows}
    return {"channel": "odds", "type": "UPDATE", "payload": {"fixtureId": fixture, "odds": {book: keyed}}, "ts": 1}


def books(**state: Any) -> dict[str, Any]:
    return {"channel": "bookmakers", "payload": {"fixtureId": FIXTURE, "bookmakers": {"pinnacle": state}}}


def scores(**periods: tuple[int, int]) -> dict[str, Any]:
    told = {
        name: {"period": name, "participant1Score": first, "participant2Score": second}
        for name, (first, second) in periods.items()
    }
    return {"channel": "scores", "payload": {"fixtureId": FIXTURE, "scores": told}}


def fixture(status: int = 1) -> dict[str, Any]:
    return {
        "channel": "fixtures",
        "payload": {
            "fixtureId": FIXTURE,
            "status": {"live": True, "statusId": status, "statusName": "Live"},
            "sport": {"sportId": 12, "sportName": "Tennis"},
            "tournament": {"tournamentId": 2555, "tournamentName": "Wimbledon", "categoryName": "ATP"},
            "startTime": 1_700_000_100,
            "participants": {"participant1Id": 1, "participant1Name": "Ann", "participant2Name": "Bob"},
            "scores": {},
        },
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "t.tape.zst"


def taped(path: Path, *records: dict[str, Any] | tuple[str, Any]) -> Path:
    """Frames of the feed, or (kind, data), one a second."""
    tape = TapeWriter(path, "feed", NOW_NS)
    for number, record in enumerate(records):
        kind, data = ("feed", record) if isinstance(record, dict) else record
        tape.record(NOW_NS + number * 1_000_000_000, kind, msgspec.json.encode(data))
        tape.flush()
    tape.close()
    return path


def played(path: Path, *records: dict[str, Any] | tuple[str, Any]) -> list[ReplayEvent]:
    return list(TapeRecording(taped(path, *records)).events())


def test_a_row_of_the_feed_is_a_price_digit_for_digit(path: Path) -> None:
    _, event = played(path, odds(row("1.950", limit=250.5)))
    outcome = OutcomeKey(FIXTURE, OutcomeId(121))
    assert event == OddsEvent(NOW_NS, FIXTURE, "pinnacle", (Price(outcome, Decimal("1.950"), Decimal("250.5")),))


@pytest.mark.parametrize(
    ("given", "price", "active"),
    [
        (row("null"), None, True),
        (row('""'), None, True),
        (row("0"), Decimal(0), True),
        (row("2", active=False), Decimal(2), False),
        (row("2", marketActive=False), Decimal(2), False),
        (row("2", marketActive=None), Decimal(2), True),
    ],
)
def test_placeholders_and_inactive_rows_stay_what_they_are(
    path: Path, given: dict[str, Any], price: Decimal | None, active: bool
) -> None:
    event = played(path, odds(given))[1]
    assert isinstance(event, OddsEvent)
    assert [(p.price, p.active) for p in event.prices] == [(price, active)]


@pytest.mark.parametrize(
    ("state", "suspended"),
    [
        ({"suspended": False, "hasOdds": True, "staleOdds": False}, False),
        ({"suspended": True}, True),
        ({"staleOdds": True}, True),
        ({"hasOdds": False}, True),
        ({"suspended": None}, False),
    ],
)
def test_a_book_that_cannot_be_bet_at_is_suspended(path: Path, state: dict[str, Any], suspended: bool) -> None:
    event = played(path, books(**state))[1]
    assert event == SuspendEvent(NOW_NS, FIXTURE, "pinnacle", suspended)


def test_a_fixture_is_told_as_the_feed_told_it(path: Path) -> None:
    (event,) = played(path, fixture())
    assert event == FixtureEvent(NOW_NS, FIXTURE, 12, 2555, "Wimbledon", "ATP", "Ann", "Bob", 1_700_000_100, 1)


def test_a_fixture_that_was_never_told_is_made_up_once(path: Path) -> None:
    events = played(path, odds(row()), odds(row("2.0")))
    assert [type(event) for event in events] == [FixtureEvent, OddsEvent, OddsEvent]
    first = events[0]
    assert isinstance(first, FixtureEvent)
    assert (first.sport_id, first.tournament_id, first.status_id) == (12, 2555, 0)


def test_scores_are_put_together_from_parts(path: Path) -> None:
    events = played(path, fixture(), scores(p1=(1, 0)), scores(result=(0, 0)))
    last = events[-1]
    assert isinstance(last, ScoreEvent)
    assert set(last.scores) == {"p1", "result"}


def test_trades_and_results_are_played_too(path: Path) -> None:
    trade = {"fixtureId": FIXTURE, "outcomeId": 121, "price": 0.45, "size": 12.5, "side": "sell"}
    settle = {"fixtureId": FIXTURE, "results": {"121": "WON", "122": "LOST"}}
    recording = TapeRecording(taped(path, fixture(), ("trade", trade), ("settle", settle)))
    assert recording.summary.settles
    _, sold, settled = recording.events()
    assert sold == TradeEvent(
        NOW_NS + 1_000_000_000, OutcomeKey(FIXTURE, OutcomeId(121)), 450_000, 12_500_000, Side.SELL
    )
    assert isinstance(settled, SettleEvent)
    assert settled.results == {121: SettlementStatus.WON, 122: SettlementStatus.LOST}


def test_what_does_not_matter_is_passed_over(path: Path) -> None:
    events = played(path, {"channel": "currencies", "payload": {"EUR": 1}}, ("note", "x"), odds(row()))
    assert [type(event) for event in events] == [FixtureEvent, OddsEvent]


def test_the_summary_says_what_is_missing(path: Path) -> None:
    taped(path, odds(row()), ("note", "x"))
    content = path.read_bytes()
    path.write_bytes(content[:-2])
    summary = TapeRecording(path).summary
    assert summary.fixture_ids == (FIXTURE,)
    assert any("the tape is cut" in warning for warning in summary.warnings)
    assert any("nothing is settled" in warning for warning in summary.warnings)


def test_records_of_unknown_kinds_are_counted(path: Path) -> None:
    summary = TapeRecording(taped(path, odds(row()), ("note", "x"), ("note", "y"))).summary
    assert summary.warnings[0] == "2 records of unknown kinds are left out"


def test_a_frame_that_contradicts_its_form_is_named_by_its_line(path: Path) -> None:
    recording = TapeRecording(taped(path, fixture(), {"channel": "odds", "payload": {"fixtureId": FIXTURE}}))
    with pytest.raises(InputError, match=r"t\.tape\.zst, line 3: feed record"):
        list(recording.events())


def test_a_fixture_id_of_another_form_is_refused(path: Path) -> None:
    recording = TapeRecording(taped(path, odds(row(), fixture="match-1")))
    with pytest.raises(InputError, match="match-1 is not of the feed's form"):
        list(recording.events())


def test_an_empty_tape_and_another_kind_are_refused(path: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no fixture"):
        TapeRecording(taped(path))
    other = tmp_path / "o.tape.zst"
    TapeWriter(other, "orders", NOW_NS).close()
    with pytest.raises(InputError, match="of kind orders"):
        TapeRecording(other)


def test_recorded_frames_of_the_feed_are_understood(shared: Callable[[str], Path], path: Path) -> None:
    frames = msgspec.json.decode(shared("data/oddspapi/ws_frames.json").read_bytes())["frames"]
    data = [entry["frame"] for entry in frames if "channel" in entry["frame"] and "payload" in entry["frame"]]
    events = played(path, *data)
    assert {OddsEvent, SuspendEvent, FixtureEvent, ScoreEvent} <= {type(event) for event in events}
