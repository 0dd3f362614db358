"""Checks of this family's signatures against published vectors: every expected member, byte for byte."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from hedgerow.core.money import micros, micros_floor
from hedgerow.core.secrets import Secret
from hedgerow.core.states import Side
from hedgerow.venues.ctf import Amounts
from hedgerow.venues.polymarket.amounts import limit_amounts, market_amounts
from hedgerow.venues.polymarket.auth import ApiKey, RequestSigner, wallet_headers
from hedgerow.venues.polymarket.orders import (
    DOMAIN_NAME,
    Contract,
    Lifetime,
    Maker,
    SignatureType,
    Terms,
)
from hedgerow.venues.registry import VectorCheck
from hedgerow.venues.signing import Wallet

Values = Mapping[str, Any]


def wallet_headers_differ(inputs: Values, expected: Values) -> list[str]:
    headers = wallet_headers(_wallet(inputs), inputs["timestamp"], nonce=inputs["nonce"], chain_id=inputs["chain_id"])
    return _differences({"headers": dict(headers)}, expected)


def request_headers_differ(inputs: Values, expected: Values) -> list[str]:
    api_key = ApiKey(*(Secret(inputs[name]) for name in ("api_key", "api_secret", "api_passphrase")))
    body = (inputs["body"] or "").encode()
    signer = RequestSigner(_wallet(inputs).address, api_key)
    message = signer.message(inputs["timestamp"], inputs["method"], inputs["path"], body)
    headers = signer.headers(inputs["timestamp"], inputs["method"], inputs["path"], body)
    return _differences({"message": message.decode(), "headers": dict(headers)}, expected)


def order_differs(inputs: Values, expected: Values) -> list[str]:
    contract = Contract(inputs["chain_id"], inputs["verifying_contract"], inputs["exchange_version"])
    maker = Maker(
        inputs["maker"],
        inputs["signer"],
        SignatureType(inputs["signatureType"]),
        inputs["owner_api_key"],
        metadata=inputs["metadata"],
        builder=inputs["builder"],
    )
    terms = Terms(
        salt=int(inputs["salt"]),
        token=inputs["tokenId"],
        side=Side.SELL if inputs["side"] else Side.BUY,
        amounts=Amounts(int(inputs["makerAmount"]), int(inputs["takerAmount"])),
        timestamp_ms=int(inputs["timestamp"]),
    )
    order_hash = maker.order_hash(terms)
    signature = maker.signature(_wallet(inputs), contract, order_hash)
    body = maker.body(terms, Lifetime(expiration=int(inputs["expiration_not_signed"])), signature)
    domain = {
        "name": DOMAIN_NAME,
        "version": inputs["exchange_version"],
        "chainId": inputs["chain_id"],
        "verifyingContract": inputs["verifying_contract"],
    }
    made = {
        "typed_data_domain": domain,
        "order_hash": "0x" + contract.order_id(order_hash).hex(),
        "signature": "0x" + signature.hex(),
        "post_order_body": body.decode(),
        "app_domain_separator": "0x" + contract.separator.hex(),
        "signature_length_bytes": len(signature),
    }
    return _differences(made, expected)


def amounts_differ(inputs: Values, expected: Values) -> list[str]:
    """`float_sdk_variant` shows what an older client computed in floats, and is not to be met."""
    amounts_of = {"limit": limit_amounts, "market": market_amounts}[inputs["order_kind"]]
    amounts = amounts_of(
        Side(inputs["side"].lower()),
        micros_floor(Decimal(inputs["price"])),
        micros_floor(Decimal(inputs["size_or_amount"])),
        micros(inputs["tick_size"]),
    )
    made = {"makerAmount": str(amounts.maker), "takerAmount": str(amounts.taker)}
    return _differences(made, {name: value for name, value in expected.items() if name != "float_sdk_variant"})


# The members of a book in the order in which the venue hashes them, its own hash empty.
_HASHED = (
    "market",
    "asset_id",
    "timestamp",
    "hash",
    "bids",
    "asks",
    "min_order_size",
    "tick_size",
    "neg_risk",
    "last_trade_price",
)


def book_hash_differs(inputs: Values, expected: Values) -> list[str]:
    """The hash that a book carries: SHA-1 of its compact JSON."""
    book = {**inputs, "hash": ""}
    text = msgspec.json.encode({name: book[name] for name in _HASHED})
    return _differences({"hash_sha1_hex": hashlib.sha1(text, usedforsecurity=False).hexdigest()}, expected)


VECTORS: Mapping[str, VectorCheck] = {
    "clob_l1_headers": wallet_headers_differ,
    "clob_l2_headers": request_headers_differ,
    "order_eip712": order_differs,
    "order_amounts": amounts_differ,
    "orderbook_hash": book_hash_differs,
}


def _wallet(inputs: Values) -> Wallet:
    return Wallet(Secret(inputs["private_key"]))


def _differences(made: Values, expected: Values) -> list[str]:
    """Every expected member that we do not make, or make otherwise."""
    return [
        f"{name}: expected {value!r}, not {made.get(name)!r}"
        for name, value in expected.items()
        if made.get(name) != value
    ]
