"""Who we are at the CLOB: the wallet's signature that makes an API key, and the key's signature on every request.

Level 1 (wallet) is used once, to make or to find the API key again. Level 2 (API key) signs timestamp, method, path
and body of every private request; the path is signed without its query.

Source: Polymarket documentation "Authentication".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.venues import signing
from hedgerow.venues.base import Account
from hedgerow.venues.ctf import wallet_of
from hedgerow.venues.polymarket.orders import SignatureType

HeaderList = list[tuple[str, str]]

_AUTH_MESSAGE = signing.text_word("This message attests that I control the given wallet")
_AUTH_KIND = signing.type_hash("ClobAuth(address address,string timestamp,uint256 nonce,string message)")

POLYGON = 137


def wallet_headers(wallet: signing.Wallet, timestamp_s: int, *, nonce: int = 0, chain_id: int = POLYGON) -> HeaderList:
    """Level 1: proof that we hold the wallet's key. nonce: one API key exists for each."""
    separator = signing.domain_separator(name="ClobAuthDomain", version="1", chain_id=chain_id)
    struct = signing.struct_hash(
        _AUTH_KIND,
        (
            signing.address_word(wallet.address),
            signing.text_word(str(timestamp_s)),
            signing.uint_word(nonce),
            _AUTH_MESSAGE,
        ),
    )
    signature = wallet.sign(signing.typed_digest(separator, struct))
    return [
        ("POLY_ADDRESS", wallet.address),
        ("POLY_SIGNATURE", "0x" + signature.hex()),
        ("POLY_TIMESTAMP", str(timestamp_s)),
        ("POLY_NONCE", str(nonce)),
    ]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """The three parts of an API key."""

    key: Secret
    secret: Secret
    passphrase: Secret


def channel_login(api_key: ApiKey) -> str:
    """The first message on the user channel: all markets of the account."""
    auth = {
        "apiKey": api_key.key.reveal(),
        "secret": api_key.secret.reveal(),
        "passphrase": api_key.passphrase.reveal(),
    }
    return msgspec.json.encode({"type": "user", "auth": auth, "markets": []}).decode()


class RequestSigner:
    """Level 2: the headers of a private request."""

    __slots__ = ("_keyed", "who")

    def __init__(self, address: str, api_key: ApiKey) -> None:
        """address: of the wallet that owns the key, also where another wallet holds the money. Raises SetupError
        when the secret is not base64."""
        try:
            self._keyed = signing.KeyedHash(signing.base64url_bytes(api_key.secret.reveal()))
        except ValueError:
            raise SetupError("polymarket: the API secret is not base64", "store the credentials again") from None
        self.who: HeaderList = [  # the headers that all requests share
            ("POLY_ADDRESS", address),
            ("POLY_API_KEY", api_key.key.reveal()),
            ("POLY_PASSPHRASE", api_key.passphrase.reveal()),
        ]

    def headers(self, timestamp_s: int, method: str, path: str, body: bytes = b"") -> HeaderList:
        """path: the venue's own, without query; body: the bytes that are sent."""
        signature = self._signature(timestamp_s, method, path, body)
        return [*self.who, ("POLY_TIMESTAMP", str(timestamp_s)), ("POLY_SIGNATURE", signature)]

    def lines(self, timestamp_s: int, method: str, path: str, body: bytes) -> bytes:
        """Those of the headers that differ from one request to the next, as they are sent."""
        signature = self._signature(timestamp_s, method, path, body)
        return f"POLY_TIMESTAMP: {timestamp_s}\r\nPOLY_SIGNATURE: {signature}\r\n".encode()

    def _signature(self, timestamp_s: int, method: str, path: str, body: bytes) -> str:
        return self._keyed.base64url(self.message(timestamp_s, method, path, body))

    @staticmethod
    def message(timestamp_s: int, method: str, path: str, body: bytes) -> bytes:
        """What is signed."""
        return f"{timestamp_s}{method}{path}".encode() + body


@dataclass(frozen=True, slots=True)
class Identity:
    """The account's wallets: the one that signs, and the one that holds the money."""

    wallet: signing.Wallet
    funder: str
    signature_type: SignatureType
    api_key: ApiKey | None

    @property
    def order_signer(self) -> str:
        """The address that an order names as its signer."""
        return self.funder if self.signature_type is SignatureType.POLY_1271 else self.wallet.address


def identity_of(account: Account) -> Identity:
    """From the account's credentials. Raises SetupError that says which is wrong."""
    given = account.credentials
    wallet = wallet_of("polymarket", given)
    signature_type = _signature_type(given)
    funder = _text(given, "funder") or wallet.address
    try:
        funder = signing.checksum_address(funder)
    except ValueError:
        raise SetupError(f"polymarket: the funder of {account.username} is no address", "correct it") from None
    own = funder == wallet.address
    if own is not (signature_type is SignatureType.EOA):
        raise SetupError(
            f"polymarket: signature_type {int(signature_type)} does not fit the funder of {account.username}",
            "type 0 trades from the key's own address; 1 (proxy), 2 (safe) and 3 (deposit wallet) name that wallet",
        )
    return Identity(wallet, funder, signature_type, _api_key(given))


def _signature_type(given: Mapping[str, Secret]) -> SignatureType:
    text = _text(given, "signature_type") or "0"
    try:
        return SignatureType(int(text))
    except ValueError:
        raise SetupError("polymarket: the signature_type is none of 0, 1, 2, 3", "correct it") from None


def _api_key(given: Mapping[str, Secret]) -> ApiKey | None:
    parts = [given.get(name, Secret("")) for name in ("api_key", "api_secret", "api_passphrase")]
    if not any(parts):
        return None
    if not all(parts):
        raise SetupError(
            "polymarket: only a part of the API key is given", "give api_key, api_secret and api_passphrase, or none"
        )
    return ApiKey(*parts)


def _text(given: Mapping[str, Secret], name: str) -> str:
    return given[name].reveal().strip() if name in given else ""
