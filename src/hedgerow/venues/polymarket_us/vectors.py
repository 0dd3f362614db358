"""Checks of this family's signing against the vector files: what differs, in words.

Source: the vectors' own description. Of an assertion the order of claims may differ: it is read and verified.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from hedgerow.core.secrets import Secret
from hedgerow.venues.polymarket_us.assertion import client_assertion, token_request
from hedgerow.venues.polymarket_us.auth import Signer, signed_text


def check_headers(inputs: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """Message and headers are the same, signature included."""
    asked = inputs["timestamp_ms"], inputs["method"], inputs["path"]
    signer = Signer(Secret(inputs["key_id"]), Secret(inputs["secret_key_base64"]))
    ours = {"message": signed_text(*asked), **dict(signer.headers(*asked))}
    return _different(ours, {"message": expected["message"], **expected["headers"]})


def check_assertion(inputs: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """Header, claims and request are the same; our signature verifies under the public key, as the sample's does."""
    key = load_pem_public_key(expected["public_key_pem"].encode())
    if not isinstance(key, RSAPublicKey):
        return ["public_key_pem is not an RSA key"]
    claims = inputs["claims_in_order"]
    ours = client_assertion(Secret(inputs["private_key_pem"]), claims)
    sample = expected["client_assertion"]
    wrong = [
        f"{whose} signature does not verify"
        for whose, token in (("our", ours), ("the sample's", sample))
        if not _verifies(key, token)
    ]
    wrong += _different(_read(ours), _read(sample))
    wanted = expected["token_request_json"]
    request = token_request(claims["iss"], sample, wanted["audience"])
    return wrong + _different(request, wanted)


def _read(token: str) -> dict[str, Any]:
    header, claims, _ = token.split(".")
    return {"header": msgspec.json.decode(_bytes(header)), **msgspec.json.decode(_bytes(claims))}


def _verifies(key: RSAPublicKey, token: str) -> bool:
    text, _, signature = token.rpartition(".")
    try:
        key.verify(_bytes(signature), text.encode(), PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _bytes(segment: str) -> bytes:
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def _different(ours: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    return [
        f"{name} is {ours.get(name)!r}, expected {expected.get(name)!r}"
        for name in sorted({*ours, *expected})
        if ours.get(name) != expected.get(name)
    ]
