"""What two sides say of one market: what can be true together, and what cannot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.states import SettlementStatus
from hedgerow.mm.disputes import Word, contradictions

WON, LOST, VOID = SettlementStatus.WON, SettlementStatus.LOST, SettlementStatus.VOID
HALF_WON, HALF_LOST = SettlementStatus.HALF_WON, SettlementStatus.HALF_LOST


@pytest.mark.parametrize(
    ("exchange", "bookmaker", "ways", "is_disputed"),
    [
        ((1, WON), (2, LOST), 2, False),
        ((1, LOST), (2, WON), 2, False),
        ((1, WON), (2, WON), 2, True),
        ((1, LOST), (2, LOST), 2, True),
        ((1, LOST), (2, LOST), 3, False),
        ((1, WON), (2, WON), 3, True),
        ((1, WON), (2, VOID), 2, True),
        ((1, VOID), (2, LOST), 3, True),
        ((1, VOID), (2, VOID), 2, False),
        ((1, HALF_WON), (2, HALF_LOST), 2, False),
        ((1, HALF_WON), (2, LOST), 2, True),
        ((1, WON), (1, WON), 2, False),
        ((1, WON), (1, HALF_WON), 2, True),
        ((1, LOST), (2, LOST), 0, False),
    ],
)
def test_two_words_are_disputed_when_no_result_makes_both_true(
    exchange: tuple[int, SettlementStatus], bookmaker: tuple[int, SettlementStatus], ways: int, is_disputed: bool
) -> None:
    words = [Word("kalshi", *exchange), Word("pinnacle", *bookmaker)]
    assert contradictions(words, ways) == (["kalshi/pinnacle"] if is_disputed else [])


def test_a_bookmaker_can_contradict_itself() -> None:
    assert contradictions([Word("pinnacle", 1, WON), Word("pinnacle", 1, VOID)], 2) == ["pinnacle/pinnacle"]


@st.composite
def results(draw: st.DrawFn) -> dict[int, SettlementStatus]:
    """How a real result decides every outcome of a market."""
    ways = draw(st.integers(2, 4))
    outcomes = range(1, ways + 1)
    if draw(st.booleans()):
        return dict.fromkeys(outcomes, VOID)
    if ways == 2 and draw(st.booleans()):
        first = draw(st.sampled_from([HALF_WON, HALF_LOST]))
        return {1: first, 2: first.mirrored}
    winner = draw(st.sampled_from(outcomes))
    return {outcome: WON if outcome == winner else LOST for outcome in outcomes}


@given(results(), st.data())
def test_who_tells_one_result_is_never_disputed(result: dict[int, SettlementStatus], data: st.DataObject) -> None:
    sources = st.sampled_from(["feed", "kalshi", "pinnacle", "polymarket"])
    told = data.draw(st.lists(st.tuples(sources, st.sampled_from(sorted(result)))))
    words = [Word(source, outcome, result[outcome]) for source, outcome in told]
    assert contradictions(words, len(result)) == []


@given(results(), st.data())
def test_who_calls_off_what_another_pays_is_always_found(
    result: dict[int, SettlementStatus], data: st.DataObject
) -> None:
    paid, off = (data.draw(st.sampled_from(sorted(result))) for _ in range(2))
    if result[paid] is not VOID:
        words = [Word("kalshi", paid, result[paid]), Word("pinnacle", off, VOID)]
        assert contradictions(words, len(result)) == ["kalshi/pinnacle"]
