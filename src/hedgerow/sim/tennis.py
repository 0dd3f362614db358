"""A tennis match as a chain of points: its score, and how likely each player is to win from any score.

Points are taken as independent, each won by the server with a chance of his own: the usual model of the literature
(Klaassen and Magnus 2003, "Forecasting the winner of a tennis match"). Best of three sets, tie-break at six all in
every set. Chances are Decimals, so that a match is the same on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

SETS_TO_WIN = 2
GAMES_TO_WIN, TIE_BREAK_AT = 6, 6
POINTS_OF_GAME, POINTS_OF_TIE_BREAK = 4, 7

_ONE, _NONE, _HALF = Decimal(1), Decimal(0), Decimal("0.5")
_CALLED = (0, 15, 30, 40)
_ADVANTAGE = 50

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Score:
    """A moment of the match; pairs are (first player's, second player's). server: who serves the present game."""

    sets: Pair = (0, 0)
    games: Pair = (0, 0)
    points: Pair = (0, 0)
    server: int = 0
    finished_sets: tuple[Pair, ...] = ()

    @property
    def is_tie_break(self) -> bool:
        return self.games == (TIE_BREAK_AT, TIE_BREAK_AT)

    @property
    def winner(self) -> int | None:
        return next((player for player in (0, 1) if self.sets[player] == SETS_TO_WIN), None)

    @property
    def point_server(self) -> int:
        """Who serves the next point: in a tie-break the serve changes after the first and every second point."""
        changes = (sum(self.points) + 1) // 2 if self.is_tie_break else 0
        return (self.server + changes) % 2

    def after_point(self, winner: int) -> Score:
        """The score after one more point."""
        points = _plus(self.points, winner)
        needed = POINTS_OF_TIE_BREAK if self.is_tie_break else POINTS_OF_GAME
        if not _is_won(points, winner, needed):
            return replace(self, points=points)
        games = _plus(self.games, winner)
        server = 1 - self.server
        if not (self.is_tie_break or _is_won(games, winner, GAMES_TO_WIN)):
            return replace(self, games=games, points=(0, 0), server=server)
        return Score(_plus(self.sets, winner), (0, 0), (0, 0), server, (*self.finished_sets, games))

    def called(self) -> Pair:
        """The points as an umpire counts them, an advantage as 50; plain numbers in a tie-break."""
        first, second = self.points
        if self.is_tie_break:
            return self.points
        if min(first, second) >= POINTS_OF_GAME - 1:
            return (_CALLED[3] if first <= second else _ADVANTAGE), (_CALLED[3] if second <= first else _ADVANTAGE)
        return _CALLED[first], _CALLED[second]


def _plus(pair: Pair, player: int) -> Pair:
    return (pair[0] + 1, pair[1]) if player == 0 else (pair[0], pair[1] + 1)


def _is_won(pair: Pair, player: int, needed: int) -> bool:
    return pair[player] >= needed and pair[player] - pair[1 - player] >= 2


class Chances:
    """How likely the first player is to win, from the chances of each player to win a point that he serves."""

    def __init__(self, serve: tuple[Decimal, Decimal]) -> None:
        """serve: each in (0, 1)."""
        self._point = (serve[0], _ONE - serve[1])  # the first player's chance of a point, by who serves it
        self._game = cache(self._game_from)
        self._tie_break = cache(self._tie_break_from)
        self._set = cache(self._set_from)

    def of_point(self, server: int) -> Decimal:
        """The first player's chance of one point."""
        return self._point[server]

    def of_match(self, score: Score) -> Decimal:
        """The first player's chance of the match. Who will serve first in a set still to come is taken as even."""
        if score.winner is not None:
            return _ONE - score.winner
        first, second = score.sets
        won_set = self._set_now(score)
        fresh = (self._set(0, 0, 0) + self._set(0, 0, 1)) * _HALF
        return won_set * _of_sets(first + 1, second, fresh) + (_ONE - won_set) * _of_sets(first, second + 1, fresh)

    def _set_now(self, score: Score) -> Decimal:
        first, second = score.games
        if score.is_tie_break:
            return self._tie_break(*score.points, score.server)
        game = self._game(*score.points, score.server)
        server = 1 - score.server
        return game * self._set(first + 1, second, server) + (_ONE - game) * self._set(first, second + 1, server)

    def _game_from(self, first: int, second: int, server: int) -> Decimal:
        p = self._point[server]
        if min(first, second) >= POINTS_OF_GAME - 1:
            if first == second:
                return p * p / (p * p + (_ONE - p) * (_ONE - p))
            deuce = self._game(POINTS_OF_GAME - 1, POINTS_OF_GAME - 1, server)
            return p + (_ONE - p) * deuce if first > second else p * deuce
        if first >= POINTS_OF_GAME or second >= POINTS_OF_GAME:
            return _ONE if first > second else _NONE
        return p * self._game(first + 1, second, server) + (_ONE - p) * self._game(first, second + 1, server)

    def _tie_break_from(self, first: int, second: int, server: int) -> Decimal:
        if _is_won((first, second), 0, POINTS_OF_TIE_BREAK):
            return _ONE
        if _is_won((first, second), 1, POINTS_OF_TIE_BREAK):
            return _NONE
        if first == second >= POINTS_OF_TIE_BREAK - 1:  # two points, one on each serve, decide or lead back here
            both = self._point[0] * self._point[1]
            neither = (_ONE - self._point[0]) * (_ONE - self._point[1])
            return both / (both + neither)
        p = self._point[(server + (first + second + 1) // 2) % 2]
        return p * self._tie_break(first + 1, second, server) + (_ONE - p) * self._tie_break(first, second + 1, server)

    def _set_from(self, first: int, second: int, server: int) -> Decimal:
        if _is_won((first, second), 0, GAMES_TO_WIN) or (first, second) == (TIE_BREAK_AT + 1, TIE_BREAK_AT):
            return _ONE
        if _is_won((first, second), 1, GAMES_TO_WIN) or (first, second) == (TIE_BREAK_AT, TIE_BREAK_AT + 1):
            return _NONE
        if (first, second) == (TIE_BREAK_AT, TIE_BREAK_AT):
            return self._tie_break(0, 0, server)
        game = self._game(0, 0, server)
        return game * self._set(first + 1, second, 1 - server) + (_ONE - game) * self._set(
            first, second + 1, 1 - server
        )


def _of_sets(first: int, second: int, chance: Decimal) -> Decimal:
    """The first player's chance of the match at a score in sets, each further set won with the same chance."""
    if first == SETS_TO_WIN:
        return _ONE
    if second == SETS_TO_WIN:
        return _NONE
    return chance * _of_sets(first + 1, second, chance) + (_ONE - chance) * _of_sets(first, second + 1, chance)
