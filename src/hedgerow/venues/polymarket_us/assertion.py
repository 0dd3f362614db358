"""The signed claim by which an institution asks for its token.

Only what is signed: the institutional API itself is not spoken here, the retail one is. A client signs the claims as a
JSON web token with its RSA key (RS256) and posts it. Sources: the sheet's section 2; RFC 7519 and RFC 7523.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret

_HEADER = {"alg": "RS256", "typ": "JWT"}
_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def client_assertion(private_key_pem: Secret, claims: Mapping[str, str | int]) -> str:
    """The signed token. Raises SetupError for a key that is not RSA."""
    key = load_pem_private_key(private_key_pem.reveal().encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise SetupError("the client's key is not an RSA key in PEM form", "store the key that the venue registered")
    text = f"{_segment(msgspec.json.encode(_HEADER))}.{_segment(msgspec.json.encode(claims))}"
    return f"{text}.{_segment(key.sign(text.encode(), PKCS1v15(), hashes.SHA256()))}"


def token_request(client_id: str, assertion: str, audience: str) -> dict[str, str]:
    """The body that asks for a token."""
    return {
        "client_id": client_id,
        "client_assertion_type": _TYPE,
        "client_assertion": assertion,
        "audience": audience,
        "grant_type": "client_credentials",
    }


def _segment(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
