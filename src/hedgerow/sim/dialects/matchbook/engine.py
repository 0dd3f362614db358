"""The engine with Matchbook's ids: offers and matched bets are numbered in 15 digits, apart from each other."""

from __future__ import annotations

from hedgerow.sim.exchange import Exchange

_OFFERS, _BETS = 600_000_000_000_000, 700_000_000_000_000
_STEP = 10_000_010
"""Between one id and the next: theirs jump too, so that a neighbour of an id is nobody's."""


class MatchbookExchange(Exchange):
    """Names things as Matchbook does."""

    def next_order_id(self) -> str:
        return _numbered(_OFFERS, super().next_order_id())

    def next_trade_id(self) -> str:
        return _numbered(_BETS, super().next_trade_id())


def _numbered(first: int, name: str) -> str:
    number = name.rpartition("-")[2].lstrip("t")
    return str(first + int(number) * _STEP)
