"""The switches of a client, and cancels."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from hedgerow.api.models import Model, Number, Open
from hedgerow.mm.schemas.configuration import OddsFormat


class SwitchBody(Model):
    reason: str | None = Field(None, max_length=500, description="Shown with the state", pattern=r"^[^\x00]*$")


class TradingStatusResponse(Model):
    """The client's switches, the operator's, and the state that they make together."""

    client: str
    client_name: str
    odds_format: OddsFormat
    status: str = Field(
        description="live, manual_paused, manual_stopped, soft_paused, system_stopped or emergency", examples=["live"]
    )
    trading_active: bool = Field(description="Whether new orders are posted")
    manual_paused: bool
    manual_paused_at: datetime | None
    manual_pause_reason: str | None
    manual_stopped: bool
    manual_stopped_at: datetime | None
    manual_stop_reason: str | None
    system_trading_blocked: bool = Field(description="Whether any of the operator's switches is on")
    emergency_active: bool
    system_stopped: bool
    soft_paused: bool
    system_reason: str | None
    system_duration_seconds: Number = Field(description="How long the operator's switch has been on; 0 when none is")


class TradingControlResponse(TradingStatusResponse):
    """The state after a switch was turned."""

    result: str = Field(
        description="paused, resumed, stopped, started, already_paused, already_stopped, already_live, start_required",
        examples=["paused"],
    )
    cancelled_order_ids: list[int] = Field(description="Orders that a stop took away")


class CancelFailure(Model):
    order_id: int
    reason: str = Field(description="The exchange's words")


class PartialCancelResponse(Model):
    """502: some orders were cancelled, others may still rest."""

    detail: str
    cancelled_order_ids: list[int]
    failed_order_ids: list[int]
    failures: list[CancelFailure]


class CancelResponse(Open):
    status: str = Field(examples=["cancelled"])
    cancelled_count: int
    cancelled_order_ids: list[int]
