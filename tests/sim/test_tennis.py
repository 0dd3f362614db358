"""A tennis match point by point, and the chances at every score."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.sim.tennis import Chances, Score

EVEN = Chances((Decimal("0.62"), Decimal("0.62")))
ANN_BETTER = Chances((Decimal("0.66"), Decimal("0.60")))

points = st.lists(st.sampled_from((0, 1)), max_size=400)


def after(*winners: int, score: Score | None = None) -> Score:
    score = score or Score()
    for winner in winners:
        score = score.after_point(winner)
    return score


def games(*winners: int) -> Score:
    return after(*(winner for winner in winners for _ in range(4)))


@pytest.mark.parametrize(
    ("winners", "called"),
    [
        ((), (0, 0)),
        ((0, 0, 1), (30, 15)),
        ((0, 0, 0, 1, 1, 1), (40, 40)),
        ((0, 0, 0, 1, 1, 1, 0), (50, 40)),
        ((0, 0, 0, 1, 1, 1, 1), (40, 50)),
        ((0, 0, 0, 1, 1, 1, 1, 0), (40, 40)),
    ],
)
def test_points_are_called_as_an_umpire_calls_them(winners: tuple[int, ...], called: tuple[int, int]) -> None:
    assert after(*winners).called() == called


def test_a_game_changes_the_server_and_clears_the_points() -> None:
    score = games(0)
    assert (score.games, score.points, score.server) == ((1, 0), (0, 0), 1)


def test_a_set_needs_two_games_more() -> None:
    assert games(*[0, 1] * 5, 0).sets == (0, 0)
    seven_five = games(*[0, 1] * 5, 0, 0)
    assert (seven_five.sets, seven_five.finished_sets) == ((1, 0), ((7, 5),))


def test_six_all_is_a_tie_break_in_points() -> None:
    six_all = games(*[0, 1] * 6)
    assert six_all.is_tie_break
    servers = [after(*[0, 1] * 6, score=six_all).points]
    assert servers == [(6, 6)]
    assert [after(*winners, score=six_all).point_server for winners in ((), (0,), (0, 0), (0, 0, 0))] == [0, 1, 1, 0]
    won = after(*[0, 1] * 6, 0, 0, score=six_all)
    assert (won.sets, won.finished_sets, won.server) == ((1, 0), ((7, 6),), 1)


def test_two_sets_win_the_match() -> None:
    assert games(*[0] * 12).winner == 0
    assert games(*[1] * 12).winner == 1


def test_even_players_have_even_chances() -> None:
    assert abs(EVEN.of_match(Score()) - Decimal("0.5")) < Decimal("1e-20")


def test_the_better_server_is_the_favourite() -> None:
    assert Decimal("0.6") < ANN_BETTER.of_match(Score()) < Decimal("0.9")


def test_a_game_on_serve_has_its_known_chance() -> None:
    """p^4 (15 - 4p - 10 p^2 / (1 - 2p (1 - p))): the closed form of the literature."""
    p = Decimal("0.62")
    closed = p**4 * (15 - 4 * p - 10 * p**2 / (1 - 2 * p * (1 - p)))
    assert abs(EVEN._game(0, 0, 0) - closed) < Decimal("1e-20")


@given(points, st.sampled_from((EVEN, ANN_BETTER)))
def test_the_chance_of_a_score_is_the_mean_of_what_may_follow(winners: list[int], chances: Chances) -> None:
    """A fair price is a martingale, but where the server of a set still to come is taken as even."""
    score = Score()
    for winner in winners:
        if score.winner is not None:
            break
        p = chances.of_point(score.point_server)
        following = [score.after_point(player) for player in (0, 1)]
        mean = p * chances.of_match(following[0]) + (1 - p) * chances.of_match(following[1])
        within_a_set = all(later.sets == score.sets for later in following)
        assert abs(mean - chances.of_match(score)) < (Decimal("1e-15") if within_a_set else Decimal("0.005"))
        score = score.after_point(winner)


@given(points)
def test_a_decided_match_has_certain_chances(winners: list[int]) -> None:
    score = Score()
    for winner in winners:
        if score.winner is not None:
            assert EVEN.of_match(score) == 1 - score.winner
            return
        score = score.after_point(winner)
