"""The usual body of `/place-orders`, read without the framework, and only what there is no doubt about.

`read` takes a body whose every field is of its documented name and type. Whatever else a body may be (wrong, or right
in an unusual way), it answers None, and the models of `abp.schemas` decide, and name the fault: what they would not
take, or take for something else, must never be taken here. `tests/abp/routes/test_quick.py` holds the two together.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from hedgerow.abp.intake import OrderRequest
from hedgerow.abp.orders import PriceRule
from hedgerow.abp.routes.answers import slugs
from hedgerow.abp.schemas import storable
from hedgerow.abp.validation import HIGHEST_ODDS
from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.ids import FixtureId, OutcomeId, PlayerId
from hedgerow.core.money import is_amount

_NO_NUL = r"^[^\x00]*\Z"
_Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=_NO_NUL)]
_Words = Annotated[str, Meta(max_length=2000, pattern=_NO_NUL)]
_Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class _Order(Struct, rename="camel", forbid_unknown_fields=True):
    request_uuid: UUID
    fixture_id: _Name
    outcome_id: _Id
    order_price: Any
    order_stake: Any
    user_ref: _Name
    test_order: bool
    future_id: None = None
    participant_id: int | None = 0
    player_id: _Id = 0
    bookmakers: _Words | None = None
    order_currency: Annotated[str, Meta(pattern=r"^[A-Z]{3,5}\Z")] = "USD"
    back: bool = True
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None
    accept_better_odds: bool = True
    accept_partial_stake: bool = True
    price_rule: PriceRule = PriceRule.EACH
    meta: dict[str, Any] | None = None


class _Body(Struct, forbid_unknown_fields=True):
    orders: Annotated[list[_Order], Meta(min_length=1, max_length=100)]


_decode = msgspec.json.Decoder(_Body, float_hook=Decimal).decode


def read(body: bytes) -> list[OrderRequest] | None:
    """The orders of a body; None for one that the models have to look at."""
    try:
        orders = _decode(body).orders
        for order in orders:
            storable(order.meta)
    except (*UNREADABLE, ValueError):
        return None
    requests = []
    for order in orders:
        price, stake = _amount(order.order_price), _amount(order.order_stake)
        if price is None or stake is None or price > HIGHEST_ODDS:
            return None
        requests.append(
            OrderRequest(
                str(order.request_uuid),
                FixtureId(order.fixture_id),
                OutcomeId(order.outcome_id),
                PlayerId(order.player_id),
                price,
                stake,
                order.user_ref,
                order.test_order,
                slugs(order.bookmakers),
                order.order_currency,
                order.back,
                order.expires_at,
                order.accept_better_odds,
                order.accept_partial_stake,
                order.price_rule,
                order.meta or {},
            )
        )
    return requests


def _amount(value: object) -> Decimal | None:
    """A JSON number above 0, digit for digit; None where it is none, or none that money has."""
    if type(value) is int:
        value = Decimal(value)
    return value if type(value) is Decimal and is_amount(value) and value > 0 else None
