"""How the feed decided, and when it is asked."""

from __future__ import annotations

import json

import msgspec
import pytest

from hedgerow.core.states import SettlementStatus
from hedgerow.feed import wire
from hedgerow.feed.settlement import NEVER_GRADED, Grade, SettlementPoll, Stage, grades_of

END = 1_788_000_000_000
MINUTE = 60_000


def grade(status=SettlementStatus.WON, outcome=101, reason=None):
    return Grade(101, outcome, 0, status, reason)


OPEN = grade(SettlementStatus.UNDECIDED, reason="MISSING_PERIODS")


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("WIN", SettlementStatus.WON),
        ("won", SettlementStatus.WON),
        ("LOSE", SettlementStatus.LOST),
        ("lost", SettlementStatus.LOST),
        ("HALFWIN", SettlementStatus.HALF_WON),
        ("HALFLOSS", SettlementStatus.HALF_LOST),
        ("PUSH", SettlementStatus.VOID),
        ("CANCELLED", SettlementStatus.VOID),
        ("UNDECIDED", SettlementStatus.UNDECIDED),
    ],
)
def test_every_word_of_the_feed_has_its_meaning(told, status):
    assert grades_of([wire.SettlementRow(outcome_id=1, status=told)])[0].status is status


def test_unknown_word_is_open_and_says_so():
    (grade,) = grades_of([wire.SettlementRow(outcome_id=1, status="ABANDONED")])
    assert grade.is_open
    assert grade.reason == "unknown status ABANDONED"


def test_documented_answer_is_read(shared):
    example = json.loads(shared("data/oddspapi/doc_settlement_v5_id1400003160574219.json").read_text())["payload"]
    answer = msgspec.json.decode(json.dumps(example), type=wire.FixtureSettlement)
    assert [(grade.outcome_id, grade.status) for grade in grades_of(answer.settlements)] == [
        (142, SettlementStatus.WON),
        (141, SettlementStatus.LOST),
    ]


def test_grade_that_needs_more_than_the_score_is_not_waited_for():
    assert not grade(SettlementStatus.UNDECIDED, reason=NEVER_GRADED).is_open
    assert OPEN.is_open


def test_known_fixture_is_not_asked_for_before_its_end():
    poll = SettlementPoll()
    assert not poll.is_due(END, is_known=True)
    poll.over(END)
    assert not poll.is_due(END - 1, is_known=True)
    assert poll.is_due(END, is_known=True)


def test_unknown_fixture_is_asked_for_with_pauses():
    poll = SettlementPoll()
    assert poll.is_due(END, is_known=False)
    poll.failed(END)
    assert not poll.is_due(END + 14_999, is_known=False)
    assert poll.is_due(END + 15_000, is_known=False)


def ask_times(poll, until_ms, grades):
    """When a poll that is told these grades each time asks."""
    times, now_ms = [], END
    while now_ms <= until_ms and poll.stage is Stage.ASKING:
        if poll.is_due(now_ms, is_known=True):
            times.append((now_ms - END) // 1000)
            poll.told(grades, now_ms)
        now_ms += 1000
    return times


def test_pauses_grow_to_a_quarter_of_an_hour():
    poll = SettlementPoll()
    poll.over(END)
    assert ask_times(poll, END + 60 * MINUTE, (OPEN,)) == [0, 15, 45, 105, 225, 465, 945, 1845, 2745]


def test_decided_grades_stand_when_they_have_not_changed_for_a_quarter_of_an_hour():
    poll = SettlementPoll()
    poll.over(END)
    assert ask_times(poll, END + 60 * MINUTE, (grade(),))[-1] == 945
    assert poll.stage is Stage.DONE


def test_changed_grade_is_told_and_asked_for_again():
    poll = SettlementPoll()
    poll.over(END)
    assert poll.told((grade(),), END)
    assert not poll.told((grade(),), END + MINUTE)
    assert poll.told((grade(SettlementStatus.LOST),), END + 20 * MINUTE)
    assert poll.stage is Stage.ASKING
    assert not poll.told((grade(SettlementStatus.LOST),), END + 40 * MINUTE)
    assert poll.stage is Stage.DONE


def test_order_of_the_rows_is_no_change():
    poll = SettlementPoll()
    poll.over(END)
    poll.told((grade(), grade(outcome=102)), END)
    assert not poll.told((grade(outcome=102), grade()), END + 1)


def test_empty_answer_decides_nothing():
    poll = SettlementPoll()
    poll.over(END)
    poll.told((), END + 20 * MINUTE)
    assert poll.stage is Stage.ASKING


@pytest.mark.parametrize(
    ("grades", "stage"), [((OPEN,), Stage.GIVEN_UP), ((), Stage.GIVEN_UP), ((grade(),), Stage.DONE)]
)
def test_after_a_day_it_is_over(grades, stage):
    poll = SettlementPoll()
    poll.over(END)
    poll.told(grades, END + 24 * 60 * MINUTE)
    assert poll.stage is stage


def test_grades_before_the_end_do_not_end_the_asking():
    poll = SettlementPoll()
    poll.told((grade(),), END)
    assert poll.stage is Stage.WAITING
