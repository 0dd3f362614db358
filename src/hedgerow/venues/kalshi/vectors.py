"""Checks of this family's signing against the vector files: what differs, in words.

Source: the vectors' own description. RSA-PSS is randomised, so a signature is verified, never compared.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from hedgerow.core.secrets import Secret
from hedgerow.venues.kalshi.auth import SIGNATURE_HEADER, Signer, signed_text


def check_rsa_pss(inputs: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """The message is the same, our signature verifies under the public key, and so does the sample's."""
    ours = _headers(inputs)
    public_key = load_pem_public_key(expected["public_key_pem"].encode())
    if not isinstance(public_key, RSAPublicKey):
        return ["public_key_pem is not an RSA key"]
    text = _text(inputs)
    wrong = _different({"message": text.decode()}, {"message": expected["message"]})
    if not _verifies(public_key, ours[SIGNATURE_HEADER], text):
        wrong.append("our signature does not verify")
    if not _verifies(public_key, expected["headers"][SIGNATURE_HEADER], text):
        wrong.append("the sample signature does not verify")
    others = {name: value for name, value in expected["headers"].items() if name != SIGNATURE_HEADER}
    return wrong + _different({name: ours.get(name) for name in others}, others)


def check_ed25519(inputs: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """Message and headers are the same, signature included."""
    ours = {"message": _text(inputs).decode(), **_headers(inputs)}
    return _different(ours, {"message": expected["message"], **expected["headers"]})


def _headers(inputs: Mapping[str, Any]) -> dict[str, str]:
    signer = Signer(Secret(inputs["key_id"]), Secret(inputs["private_key_pem"]))
    return dict(signer.headers(inputs["timestamp_ms"], inputs["method"], inputs["url_or_path"]))


def _text(inputs: Mapping[str, Any]) -> bytes:
    return signed_text(inputs["timestamp_ms"], inputs["method"], inputs["url_or_path"])


def _verifies(key: RSAPublicKey, signature: str, text: bytes) -> bool:
    try:
        key.verify(b64decode(signature), text, PSS(mgf=MGF1(hashes.SHA256()), salt_length=32), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def _different(ours: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    return [
        f"{name} is {ours.get(name)!r}, expected {expected.get(name)!r}"
        for name in sorted({*ours, *expected})
        if ours.get(name) != expected.get(name)
    ]
