"""Fixtures, markets, players and tournaments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from hedgerow.api.models import Model, Number, Open
from hedgerow.mm.schemas.pages import Page


class FixtureItem(Open):
    fixture_id: str
    sport_id: int
    sport_name: str | None
    tournament_id: int
    tournament_name: str | None
    category_name: str | None
    participant1_name: str
    participant2_name: str
    start_time: int = Field(description="Seconds since 1970")
    status_id: int = Field(description="0 before the start, 1 live, 2 finished, 3 cancelled")
    live: bool
    scores: dict[str, Any]
    current_period: str | None
    current_minute: int | None
    quarantined: str | None = Field(description="Why nothing is quoted on it: its fields contradict each other")
    updated_at: datetime


class FixturePage(Page):
    data: list[FixtureItem]


class MarketItem(Model):
    market_id: int
    outcome_ids: list[int]
    player_ids: list[int]
    bookmakers: list[str]


class MarketsResponse(Open):
    markets: list[MarketItem]
    count: int


class PlayerItem(Model):
    player_id: int
    market_ids: list[int]
    outcome_ids: list[int]
    bookmakers: list[str]


class PlayersResponse(Open):
    players: list[PlayerItem]
    count: int


class SportItem(Model):
    sport_id: int
    sport_name: str
    tournament_count: int
    fixture_count: int = Field(description="Not over")
    live_count: int


class SportTournament(Model):
    tournament_id: int
    tournament_name: str
    fixture_count: int
    live_count: int
    tradeable_count: int = Field(description="Fixtures with a contract on an exchange")
    activated: bool | None = Field(description="null: never activated by this client")
    limit_ratio: Number | None
    price_ticks: int | None


class SportCategory(Model):
    category_name: str
    tournaments: list[SportTournament]


class SportTournamentsResponse(Model):
    categories: list[SportCategory]
