"""Betfair's messages, in its own words; only the fields that are read. Numbers are Decimals of their text.

Sources: SportsAPING and AccountAPING 1.0 interface files and the stream's schema 1.0.1423, by way of the venue's sheet;
answers recorded by users of the API.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

ZERO = Decimal(0)


class Message(msgspec.Struct, rename="camel"):
    """Unknown fields are let pass."""


# --- envelopes -----------------------------------------------------------------------------------------------------


class ExceptionBody(Message):
    error_code: str = ""
    error_details: str | None = None


class ErrorData(msgspec.Struct):
    betting: ExceptionBody | None = msgspec.field(default=None, name="APINGException")
    account: ExceptionBody | None = msgspec.field(default=None, name="AccountAPINGException")


class RpcError(Message):
    code: int = 0
    message: str = ""
    data: ErrorData | None = None


class Reply(Message):
    result: msgspec.Raw = msgspec.Raw()
    error: RpcError | None = None


class Login(Message):
    login_status: str
    session_token: str = ""


class KeepAlive(Message):
    status: str
    error: str = ""


# --- orders --------------------------------------------------------------------------------------------------------


class InstructionReport(Message):
    status: str
    error_code: str | None = None
    order_status: str | None = None
    bet_id: str | None = None
    average_price_matched: Decimal = ZERO
    size_matched: Decimal = ZERO


class Report(Message):
    """Of placeOrders and cancelOrders."""

    status: str
    error_code: str | None = None
    instruction_reports: list[InstructionReport] = []


class PriceSize(Message):
    price: Decimal
    size: Decimal


class CurrentOrder(Message):
    bet_id: str
    market_id: str
    selection_id: int
    price_size: PriceSize
    side: str
    status: str
    placed_date: str
    average_price_matched: Decimal = ZERO
    size_matched: Decimal = ZERO
    size_remaining: Decimal = ZERO
    size_lapsed: Decimal = ZERO
    size_cancelled: Decimal = ZERO
    size_voided: Decimal = ZERO
    matched_date: str | None = None
    customer_order_ref: str | None = None


class CurrentOrders(Message):
    current_orders: list[CurrentOrder]
    more_available: bool = False


class ClearedOrder(Message):
    """By bet or, without most of it and with a commission, by market."""

    market_id: str
    profit: Decimal
    bet_id: str = ""
    selection_id: int = 0
    side: str = ""
    placed_date: str = ""
    settled_date: str | None = None
    price_requested: Decimal = ZERO
    price_matched: Decimal = ZERO
    size_settled: Decimal = ZERO
    size_cancelled: Decimal = ZERO
    commission: Decimal | None = None
    customer_order_ref: str | None = None


class ClearedOrders(Message):
    cleared_orders: list[ClearedOrder]
    more_available: bool = False


class Funds(Message):
    available_to_bet_balance: Decimal


class Beat(Message):
    actual_timeout_seconds: int
    action_performed: str


# --- markets -------------------------------------------------------------------------------------------------------


class Named(Message):
    id: str = ""
    name: str = ""


class CatalogueRunner(Message):
    selection_id: int
    runner_name: str
    sort_priority: int = 0


class Description(Message):
    betting_type: str
    market_type: str
    market_base_rate: Decimal
    rules: str | None = None


class Catalogue(Message):
    market_id: str
    market_name: str = ""
    market_start_time: str | None = None
    description: Description | None = None
    event: Named | None = None
    competition: Named | None = None
    runners: list[CatalogueRunner] = []


class Offers(Message):
    available_to_back: list[PriceSize] = []
    available_to_lay: list[PriceSize] = []


class BookOrder(Message):
    bet_id: str
    placed_date: str
    customer_order_ref: str | None = None


class Match(Message):
    """A raw fragment: matchProjection NO_ROLLUP."""

    side: str
    price: Decimal
    size: Decimal
    bet_id: str | None = None
    match_id: str | None = None
    match_date: str | None = None


class BookRunner(Message):
    selection_id: int
    status: str
    ex: Offers | None = None
    orders: list[BookOrder] = []
    matches: list[Match] = []


class Book(Message):
    market_id: str
    status: str
    runners: list[BookRunner]


# --- the stream ----------------------------------------------------------------------------------------------------


class Op(Message):
    op: str
    id: int | None = None


class Status(Message):
    status_code: str
    id: int | None = None
    error_code: str | None = None
    error_message: str | None = None
    connection_closed: bool = False


class StreamRunner(Message):
    id: int
    status: str = "ACTIVE"


class Definition(Message):
    status: str
    in_play: bool = False
    runners: list[StreamRunner] = []


class RunnerChange(Message):
    id: int
    atb: list[tuple[Decimal, Decimal]] | None = None
    atl: list[tuple[Decimal, Decimal]] | None = None


class MarketChange(Message):
    id: str
    img: bool | None = None
    market_definition: Definition | None = None
    rc: list[RunnerChange] | None = None


class StreamOrder(Message):
    id: str
    p: Decimal
    s: Decimal
    side: str
    status: str
    pd: int
    avp: Decimal = ZERO
    sm: Decimal = ZERO
    sr: Decimal = ZERO
    sl: Decimal = ZERO
    sc: Decimal = ZERO
    sv: Decimal = ZERO
    md: int | None = None
    cd: int | None = None
    ld: int | None = None
    rfo: str | None = None
    lsrc: str | None = None


class RunnerOrders(Message):
    id: int
    uo: list[StreamOrder] | None = None


class OrderChange(Message):
    id: str
    orc: list[RunnerOrders] | None = None


class Changes(Message):
    """`mcm` and `ocm`."""

    id: int | None = None
    clk: str | None = None
    initial_clk: str | None = None
    ct: str | None = None
    status: int | None = None
    mc: list[MarketChange] | None = None
    oc: list[OrderChange] | None = None
