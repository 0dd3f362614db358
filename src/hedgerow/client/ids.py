"""Ids as the APIs tell them. Each is a type of its own, so that one is not taken for another."""

from __future__ import annotations

from typing import NewType

from hedgerow.core.ids import FixtureId, MarketId, OutcomeId, PlayerId

__all__ = ["BetId", "FixtureId", "MarketId", "OrderId", "OutcomeId", "PlayerId", "SportId", "TournamentId"]

OrderId = NewType("OrderId", int)
BetId = NewType("BetId", int)
SportId = NewType("SportId", int)
TournamentId = NewType("TournamentId", int)
