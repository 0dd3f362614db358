"""What a client quotes: market types, tournaments, settings."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from hedgerow.api.models import Model, Number, Open

Ratio = Annotated[Decimal, Field(ge=0, le=1), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})]
Ticks = Annotated[int, Field(ge=-99, le=99)]
SportNumber = Annotated[int, Field(ge=-(2**31), lt=2**31)]
OddsFormat = Literal["american", "decimal", "hong_kong", "fractional"]


class MarketTypeUpdate(Model):
    market_type: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$", examples=["totals"])
    player_prop: bool = False
    enabled: bool


class MarketAllowlistPatchBody(Model):
    sport_id: SportNumber = Field(examples=[10])
    updates: list[MarketTypeUpdate] = Field(max_length=1000)


class ActivateAllBody(Model):
    sport_id: SportNumber = Field(examples=[10])


class MarketAllowlistResponse(Model):
    sport_id: int
    applied: int = Field(description="How many updates took effect, those that changed nothing included")
    cancelled_orders: dict[str, int] = Field(description="Open orders that were taken away, by exchange")


class ActivateAllResponse(Model):
    sport_id: int
    deleted: int = Field(description="How many market types were off")


class MarketTypeItem(Model):
    market_type: str
    player_prop: bool
    market_name: str
    enabled: bool


class MarketTypesResponse(Model):
    sport_id: int
    bookmaker: str | None
    market_types: list[MarketTypeItem]


class ActivateTournamentRequest(Model):
    limit_ratio: Ratio = Field(Decimal("0.8"), description="Share of the bookmaker's limit that is quoted")
    price_ticks: Ticks = Field(0, description="Steps of 0.01 by which quotes stand away from break-even")


class UpdateTournamentRequest(Model):
    limit_ratio: Ratio | None = None
    price_ticks: Ticks | None = None


class TournamentItem(Open):
    tournament_id: int
    tournament_name: str | None
    category_name: str | None
    sport_id: int | None
    sport_name: str | None
    active: bool
    limit_ratio: Number
    price_ticks: int
    updated_at: datetime | None


class ActivatedResponse(Model):
    status: Literal["activated"]
    tournament: TournamentItem


class UpdatedResponse(Model):
    status: Literal["updated"]
    tournament: TournamentItem


class DeactivatedResponse(Open):
    status: Literal["deactivated"]
    tournament: TournamentItem
    cancelled_orders: dict[str, int]


class TournamentsResponse(Model):
    tournaments: list[TournamentItem]
    count: int


class ClientInfo(Open):
    client: str
    client_name: str
    bookmaker: str | None
    active: bool


class UpdateClientSettingsRequest(Model):
    odds_format: OddsFormat


class ClientSettingsResponse(Model):
    odds_format: OddsFormat
