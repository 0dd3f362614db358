"""The parameters of the operations that are played, as JSON-RPC brings them. Source: SportsAPING, AccountAPING 1.0."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Params(msgspec.Struct, rename="camel"):
    """Unknown parameters are let pass, as there."""


class LimitOrder(Params):
    size: Decimal
    price: Decimal
    persistence_type: str | None = None
    time_in_force: str | None = None
    min_fill_size: Decimal | None = None


class PlaceInstruction(Params):
    order_type: str
    selection_id: int
    side: str
    limit_order: LimitOrder | None = None
    handicap: Decimal = Decimal(0)
    customer_order_ref: str = ""


class PlaceOrders(Params):
    market_id: str
    instructions: list[PlaceInstruction]
    customer_ref: str = ""
    customer_strategy_ref: str = ""


class CancelInstruction(Params):
    bet_id: str
    size_reduction: Decimal | None = None


class CancelOrders(Params):
    market_id: str | None = None
    instructions: list[CancelInstruction] | None = None
    customer_ref: str = ""


class ReplaceInstruction(Params):
    bet_id: str
    new_price: Decimal


class ReplaceOrders(Params):
    market_id: str
    instructions: list[ReplaceInstruction]
    customer_ref: str = ""


class UpdateInstruction(Params):
    bet_id: str
    new_persistence_type: str


class UpdateOrders(Params):
    market_id: str
    instructions: list[UpdateInstruction]
    customer_ref: str = ""


class TimeRange(Params):
    from_: str | None = msgspec.field(default=None, name="from")
    to: str | None = None


class MarketFilter(Params):
    event_type_ids: list[str] | None = None
    event_ids: list[str] | None = None
    market_ids: list[str] | None = None
    market_type_codes: list[str] | None = None
    market_start_time: TimeRange | None = None
    turn_in_play_enabled: bool | None = None
    in_play_only: bool | None = None


class ListMarketCatalogue(Params):
    filter: MarketFilter
    max_results: int
    market_projection: list[str] = []


class ListEventTypes(Params):
    filter: MarketFilter


class PriceProjection(Params):
    price_data: list[str] = []


class ListMarketBook(Params):
    market_ids: list[str]
    price_projection: PriceProjection | None = None
    order_projection: str | None = None
    match_projection: str | None = None
    bet_ids: list[str] | None = None


class ListCurrentOrders(Params):
    bet_ids: list[str] | None = None
    market_ids: list[str] | None = None
    customer_order_refs: list[str] | None = None
    customer_strategy_refs: list[str] | None = None
    order_projection: str = "ALL"
    date_range: TimeRange | None = None
    order_by: str = "BY_BET"
    from_record: int = 0
    record_count: int = 0


class ListClearedOrders(Params):
    bet_status: str
    market_ids: list[str] | None = None
    bet_ids: list[str] | None = None
    customer_order_refs: list[str] | None = None
    settled_date_range: TimeRange | None = None
    group_by: str = "BET"
    from_record: int = 0
    record_count: int = 0


class Empty(Params):
    pass


class Heartbeat(Params):
    preferred_timeout_seconds: int
