"""Who we are at the venue: a scoped API token, which signs requests, and a wallet, which signs orders.

Orders are made by the wallet itself, or by a smart wallet for which it signs; the venue says which of them the profile
trades with. Sources: docs.limitless.exchange "Authentication", "EIP-712 signing"; which wallet signs: users' notes and
ccxt 4.5.90.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import NamedTuple

from hedgerow.core.clock import iso_of_ms
from hedgerow.core.errors import SetupError
from hedgerow.core.ids import VenueSlug
from hedgerow.core.secrets import Secret
from hedgerow.venues import signing
from hedgerow.venues.limitless_ex import wire
from hedgerow.venues.reading import UnreadableError

VENUE = VenueSlug("limitless-ex")

EOA, SMART = 0, 2
"""The types of a signature: of a wallet for itself, of the embedded wallet for a smart one."""

_MOST_FEE_BPS = 1_000
_USES_SMART = "smartWallet"


class Identity(NamedTuple):
    """What orders of the profile say of it. fee_rate_bps: with which they are signed where fees are taken in shares."""

    owner_id: int
    maker: str
    signer: str
    signature_type: int
    fee_rate_bps: int


class Token:
    """A scoped API token."""

    def __init__(self, credentials: Mapping[str, Secret]) -> None:
        """Raises SetupError that says which part is wrong."""
        try:
            self._id, secret = credentials["api_token"], credentials["api_secret"]
        except KeyError as missing:
            raise SetupError(
                f"{VENUE}: no {missing.args[0]}", "derive an API token on the venue's profile page"
            ) from None
        try:
            self._key = b64decode(secret.reveal().strip(), validate=True)
        except (binascii.Error, ValueError):
            raise SetupError(f"{VENUE}: the api_secret is not base64", "store the credentials again") from None

    def headers(self, method: str, path: str, body: bytes, now_ms: int) -> list[tuple[str, str]]:
        """That sign a request. path: as it is requested, with its query."""
        timestamp = iso_of_ms(now_ms)
        message = message_of(timestamp, method, path, body)
        signature = b64encode(hmac.digest(self._key, message, "sha256")).decode()
        return [
            ("lmts-api-key", self._id.reveal().strip()),
            ("lmts-timestamp", timestamp),
            ("lmts-signature", signature),
        ]


def message_of(timestamp: str, method: str, path: str, body: bytes) -> bytes:
    """What is signed of a request."""
    return f"{timestamp}\n{method}\n{path}\n".encode() + body


def identity_of(profile: wire.Profile, wallet: signing.Wallet) -> Identity | None:
    """How the wallet trades for the profile; None where it is another's. Raises UnreadableError."""
    bps = profile.rank.fee_rate_bps
    if not 0 <= bps <= _MOST_FEE_BPS:
        raise UnreadableError(f"a fee rate of {bps} is not known")
    is_smart = profile.trade_wallet_option == _USES_SMART
    maker, signer = profile.account, profile.account
    if is_smart:
        if not profile.smart_wallet or not profile.embedded_account:
            raise UnreadableError("a smart wallet without its address or its signer")
        maker, signer = profile.smart_wallet, profile.embedded_account
    try:
        maker, signer = signing.checksum_address(maker), signing.checksum_address(signer)
    except ValueError:
        raise UnreadableError("a wallet without an address") from None
    if signer != wallet.address:
        return None
    return Identity(profile.id, maker, signer, SMART if is_smart else EOA, bps)
