"""Checks of this family's amounts and signatures against published vectors: every expected member, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from hedgerow.core.secrets import Secret
from hedgerow.core.states import Side
from hedgerow.venues.base import Account
from hedgerow.venues.ctf import amounts_of
from hedgerow.venues.predict_fun.amounts import ETHER, limit_of, significant
from hedgerow.venues.predict_fun.auth import Identity, identity_of
from hedgerow.venues.predict_fun.orders import (
    CONTRACTS,
    DOMAIN_NAME,
    DOMAIN_VERSION,
    NO_END_S,
    Terms,
    order_digest,
    order_members,
    separator_of,
)
from hedgerow.venues.registry import VectorCheck

Values = Mapping[str, Any]

_BPS = 10_000
_WITHOUT_0X = "sdk_returned_without_0x"  # of the SDK that made the vectors, not of the venue


def order_differs(inputs: Values, expected: Values) -> list[str]:
    identity, flags = _identity(inputs), (inputs["is_neg_risk"], inputs["is_yield_bearing"])
    side = _side(inputs)
    limit = limit_of(side, int(inputs["price_per_share_wei"]), int(inputs["quantity_wei"]))
    salt, fee_rate_bps = int(inputs["salt"]), inputs["fee_rate_bps"]
    terms = Terms(salt, inputs["token_id"], side, limit.price, limit.amounts, NO_END_S, fee_rate_bps)
    digest = order_digest(terms, identity.address, separator_of(identity.chain_id, flags))
    made = {
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": identity.chain_id,
            "verifyingContract": CONTRACTS[identity.chain_id][flags],
        },
        "order": order_members(terms, identity.address),
        "order_hash": "0x" + digest.hex(),
        "signature": identity.sign(digest),
        _WITHOUT_0X: identity.address == identity.wallet.address,
    }
    return _differences(made, expected)


def login_differs(inputs: Values, expected: Values) -> list[str]:
    identity = _identity(inputs)
    made = {"auth_signer": identity.address, "signature": identity.sign_text(inputs["message"])}
    return _differences(made, expected)


def amounts_differ(inputs: Values, expected: Values) -> list[str]:
    side = _side(inputs)
    made = _limit(side, inputs) if inputs["kind"] == "limit" else _market(side, inputs)
    return _differences({name: str(value) for name, value in made.items()}, expected)


def _limit(side: Side, inputs: Values) -> dict[str, int]:
    limit = limit_of(side, int(inputs["price_per_share_wei"]), int(inputs["quantity_wei"]))
    return _named(limit.price, limit.amounts.maker, limit.amounts.taker, limit.quantity)


def _market(side: Side, inputs: Values) -> dict[str, int]:
    """As the official SDK makes a market order: the worst price of a walk through the book bounds the money."""
    levels = [(_wei(price), _wei(size)) for price, size in inputs["book"]["asks" if side is Side.BUY else "bids"]]
    quantity = int(inputs["quantity_wei"] or 0) or _affordable(levels, int(inputs["value_wei"]))
    quantity = significant(quantity, 5)
    money, worst = _walked(levels, quantity)
    slippage = inputs["slippage_bps"]
    if side is Side.SELL:
        amounts = amounts_of(side, worst * quantity // ETHER * (_BPS - slippage) // _BPS, quantity)
    elif inputs["is_min_amount_out"]:
        amounts = amounts_of(side, money, money * ETHER // worst * (_BPS - slippage) // _BPS)
    else:
        amounts = amounts_of(side, min(worst * quantity // ETHER * (_BPS + slippage) // _BPS, quantity), quantity)
    made = _named(money * ETHER // quantity, amounts.maker, amounts.taker, quantity)
    return {**made, "last_price": worst}


def _affordable(levels: Sequence[tuple[int, int]], money: int) -> int:
    """The shares that a sum buys."""
    bought = 0
    for price, size in levels:
        part = min(size, money * ETHER // price)
        bought, money = bought + part, money - part * price // ETHER
    return bought


def _walked(levels: Sequence[tuple[int, int]], quantity: int) -> tuple[int, int]:
    """What a quantity costs or brings, and the worst price that it meets."""
    money, worst = 0, levels[0][0]
    for price, size in levels:
        if quantity <= 0:
            break
        part, worst = min(size, quantity), price
        money, quantity = money + part * price // ETHER, quantity - part
    return money, worst


def _named(price: int, maker: int, taker: int, amount: int) -> dict[str, int]:
    return {"price_per_share": price, "maker_amount": maker, "taker_amount": taker, "amount": amount}


def _identity(inputs: Values) -> Identity:
    keys = {"private_key": inputs["private_key"], "predict_account": inputs["predict_account"] or "", "api_key": "none"}
    secrets = {name: Secret(text) for name, text in keys.items()}
    return identity_of(Account(0, "vector", "USD", secrets, {"chain_id": str(inputs["chain_id"])}))


def _side(inputs: Values) -> Side:
    return Side.SELL if inputs["side"] else Side.BUY


def _wei(number: float) -> int:
    """Of a book's number as it is written."""
    return int(Decimal(str(number)) * ETHER)


def _differences(made: Values, expected: Values) -> list[str]:
    return [f"{name}: {made.get(name)!r}" for name, value in expected.items() if made.get(name) != value]


VECTORS: Mapping[str, VectorCheck] = {
    "order_eip712_eoa": order_differs,
    "order_predict_account": order_differs,
    "auth_message": login_differs,
    "order_amounts": amounts_differ,
}
