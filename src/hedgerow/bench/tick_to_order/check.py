"""That the orders which came in are what they should be: the price that follows from the tick, signed by the account.

Signatures are checked by the simulated venues' own code, which knows nothing of the connectors.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from hedgerow.bench.tick_to_order import scene
from hedgerow.bench.tick_to_order.http_peer import Request
from hedgerow.bench.tick_to_order.scene import KALSHI
from hedgerow.core.secrets import Secret
from hedgerow.sim.dialects.polymarket import eip712
from hedgerow.venues.signing import Wallet

_DOMAIN = eip712.exchange_domain("2", eip712.EXCHANGE)
_PADDING = PSS(mgf=MGF1(hashes.SHA256()), salt_length=32)


def order_id(body: bytes) -> str:
    """The id that Polymarket gives to the order of a `POST /order`."""
    return "0x" + eip712.order_digest(_order_of(msgspec.json.decode(body)["order"]), _DOMAIN).hex()


def bid_cents(venue: str, request: Request) -> int:
    """The price of a placement in whole cents. Raises ValueError when it is none."""
    told = msgspec.json.decode(request.body)
    if venue == KALSHI:
        whole, _, part = told["price"].partition(".")
        cents, rest = divmod(int(whole) * 10_000 + int(part.ljust(4, "0")), 100)
    else:
        order = told["order"]
        cents, rest = divmod(int(order["makerAmount"]) * 100, int(order["takerAmount"]))
    if rest:
        raise ValueError(f"the price of {told} is not a whole cent")
    return cents


def is_signed(venue: str, request: Request, public_pem: str) -> bool:
    """Whether a placement carries the account's signature. public_pem: of the key at Kalshi."""
    if venue == KALSHI:
        return _is_signed_at_kalshi(request, public_pem)
    told = msgspec.json.decode(request.body)["order"]
    signature = bytes.fromhex(told["signature"].removeprefix("0x"))
    return eip712.order_signer(_order_of(told), _DOMAIN, signature) == Wallet(Secret(scene.WALLET_KEY)).address


def _order_of(told: dict[str, Any]) -> eip712.OrderStruct:
    return eip712.OrderStruct(
        int(told["salt"]),
        told["maker"],
        told["signer"],
        int(told["tokenId"]),
        int(told["makerAmount"]),
        int(told["takerAmount"]),
        {"BUY": 0, "SELL": 1}[told["side"]],
        int(told["signatureType"]),
        int(told["timestamp"]),
        bytes.fromhex(told["metadata"][2:]),
        bytes.fromhex(told["builder"][2:]),
    )


def _is_signed_at_kalshi(request: Request, public_pem: str) -> bool:
    key = load_pem_public_key(public_pem.encode())
    if not isinstance(key, RSAPublicKey):
        return False
    text = f"{request.headers['kalshi-access-timestamp']}{request.method}{request.path}".encode()
    try:
        key.verify(b64decode(request.headers["kalshi-access-signature"]), text, _PADDING, hashes.SHA256())
    except InvalidSignature:
        return False
    return True
