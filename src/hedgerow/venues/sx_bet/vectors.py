"""Checks of this family's signatures against published vectors: every expected member, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from hedgerow.core.money import decimal_of, micros
from hedgerow.core.secrets import Secret
from hedgerow.venues import signing
from hedgerow.venues.registry import VectorCheck
from hedgerow.venues.sx_bet import wire
from hedgerow.venues.sx_bet.orders import OrderSigner, Terms
from hedgerow.venues.sx_bet.values import odds_text

Values = Mapping[str, Any]

_PERMIT = signing.type_hash("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")


def order_differs(inputs: Values, expected: Values) -> list[str]:
    order = inputs["order"]
    domain = msgspec.convert(inputs["domain"], wire.Domain)
    signer = OrderSigner(_wallet(inputs), domain, order["baseToken"])
    terms = Terms(
        order["marketHash"],
        order["isMakerBettingOutcomeOne"],
        int(order["totalBetSize"]),
        odds_text(micros(Decimal(inputs["probability"]))),
        int(order["salt"]),
        int(order["expiry"]),
    )
    signed = signer.sign(terms, inputs["timeInForce"], "vector")
    item = msgspec.json.decode(signed.body)["orders"][0]
    del item["clientOrderId"]
    made = {
        "digest_is_order_id": signed.order_id,
        "signature": item["orderSignature"],
        "api_order_fields": item,
    }
    return _differences(made, expected)


def ladder_differs(inputs: Values, expected: Values) -> list[str]:
    """The connector refuses prices between two rungs; the vectors say to which one another client rounds them."""
    step = inputs["oddsLadderStepSize"] * 10
    rungs = (micros(Decimal(inputs["probability"])) / Decimal(step)).to_integral_value(ROUND_HALF_UP)
    price = int(rungs) * step
    made = {"rounded_probability": str(decimal_of(price)), "percentageOdds": odds_text(price)}
    return _differences(made, expected)


def permit_differs(inputs: Values, expected: Values) -> list[str]:
    """The permit that funds the proxy wallet, which is made at the venue and not by the connector."""
    domain, permit = inputs["domain"], inputs["permit"]
    separator = signing.domain_separator(
        name=domain["name"],
        version=domain["version"],
        chain_id=domain["chainId"],
        verifying_contract=domain["verifyingContract"],
    )
    words = [signing.address_word(permit[name]) for name in ("owner", "spender")]
    words += [signing.uint_word(int(permit[name])) for name in ("value", "nonce", "deadline")]
    digest = signing.typed_digest(separator, signing.struct_hash(_PERMIT, words))
    made = {"digest": "0x" + digest.hex(), "signature": "0x" + _wallet(inputs).sign(digest).hex()}
    return _differences(made, expected)


def _wallet(inputs: Values) -> signing.Wallet:
    return signing.Wallet(Secret(inputs["private_key"]))


def _differences(made: Values, expected: Values) -> list[str]:
    return [
        f"{name}: {made.get(name)!r}, expected {value!r}" for name, value in expected.items() if made.get(name) != value
    ]


VECTORS: Mapping[str, VectorCheck] = {
    "order_v3_eip712": order_differs,
    "odds_ladder": ladder_differs,
    "transfer_to_proxy_permit": permit_differs,
}
