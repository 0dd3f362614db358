"""Checks of this family's amounts and signatures against published vectors: every expected member, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from hedgerow.core.money import Micros, micros, micros_floor
from hedgerow.core.secrets import Secret
from hedgerow.core.states import Side
from hedgerow.venues import signing
from hedgerow.venues.ctf import Amounts, FirstOrder, order_digest
from hedgerow.venues.limitless_ex.auth import EOA, Token, message_of
from hedgerow.venues.limitless_ex.orders import (
    DOMAIN_NAME,
    DOMAIN_VERSION,
    body_of,
    limit_amounts,
    order_members,
    separator_of,
)
from hedgerow.venues.registry import VectorCheck

Values = Mapping[str, Any]

_ANY = 1  # what an order without a price wants for its money


def order_differs(inputs: Values, expected: Values) -> list[str]:
    wallet = signing.Wallet(Secret(inputs["private_key"]))
    order = _order(inputs, wallet.address)
    digest = order_digest(order, separator_of(inputs["chain_id"], inputs["venue_exchange"]))
    signature = "0x" + wallet.sign(digest).hex()
    members = order_members(order)
    numbers = ("salt", "makerAmount", "takerAmount", "nonce", "feeRateBps")
    made: dict[str, Any] = {
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": inputs["chain_id"],
            "verifyingContract": inputs["venue_exchange"],
        },
        "message": {**members, **{name: str(members[name]) for name in numbers}},
        "order_hash": "0x" + digest.hex(),
        "signature": signature,
    }
    if "order_type" in inputs:
        made["post_orders_body"] = body_of(
            order,
            signature,
            price=None if inputs["price"] is None else _micros(inputs["price"]),
            owner_id=inputs["owner_id"],
            order_type=inputs["order_type"],
            slug=inputs["market_slug"],
            options={"postOnly": True} if inputs["post_only"] else {},
        ).decode()
    return _differences(made, expected)


def _order(inputs: Values, address: str) -> FirstOrder:
    maker, signer = inputs.get("maker", address), inputs.get("signer", address)
    side, kind = _side(inputs), inputs.get("signature_type", EOA)
    rate = inputs["fee_rate_bps"]
    return FirstOrder(int(inputs["salt"]), maker, signer, inputs["token_id"], _amounts(inputs), 0, rate, side, kind)


def _amounts(inputs: Values) -> Amounts:
    """As they are given, of an order at a price, or of one without."""
    if "taker_amount" in inputs:
        return Amounts(int(inputs["maker_amount"]), int(inputs["taker_amount"]))
    if inputs["price"] is None:
        return Amounts(_micros(inputs["maker_amount"]), _ANY)
    return limit_amounts(_side(inputs), _micros(inputs["price"]), _micros(inputs["size"]))


def amounts_differ(inputs: Values, expected: Values) -> list[str]:
    size = micros_floor(Decimal(str(inputs["size_shares"])))
    amounts = limit_amounts(_side(inputs), _micros(inputs["price"]), size)
    return _differences({"makerAmount": str(amounts.maker), "takerAmount": str(amounts.taker)}, expected)


def headers_differ(inputs: Values, expected: Values) -> list[str]:
    token = Token({"api_token": Secret(inputs["token_id"]), "api_secret": Secret(inputs["secret_base64"])})
    request = inputs["method"], inputs["path_with_query"], inputs["body"].encode()
    made = {
        "message": message_of(inputs["timestamp"], *request).decode(),
        "headers": dict(token.headers(*request, _ms_of(inputs["timestamp"]))),
    }
    return _differences(made, expected)


def _ms_of(timestamp: str) -> int:
    return round(datetime.fromisoformat(timestamp).timestamp() * 1000)


def _side(inputs: Values) -> Side:
    return Side.SELL if inputs["side"] else Side.BUY


def _micros(number: float) -> Micros:
    """Of a number as it is written."""
    return micros(str(number))


def _differences(made: Values, expected: Values) -> list[str]:
    return [f"{name}: {made.get(name)!r}" for name, value in expected.items() if made.get(name) != value]


VECTORS: Mapping[str, VectorCheck] = {
    "order_eip712": order_differs,
    "hmac_headers": headers_differ,
    "order_amounts": amounts_differ,
}
