"""Who may talk to the simulated venue: profiles with a throw-away wallet and a scoped API token each.

Requests are signed with the token's secret; orders by the wallet, which trades from its own address or, where the
profile says so, for a smart wallet. Source: the limitless-ex sheet, section 2.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from aiohttp import web
from coincurve import PrivateKey

from hedgerow.sim import evm
from hedgerow.sim.book_ids import stable_number
from hedgerow.sim.dialects.limitless_ex.refusals import Json, unauthorized

SKEW_MS = 30_000
EOA, SMART = 0, 2
"""The types of a signature: of a wallet for itself, of the embedded wallet for a smart one."""


@dataclass(frozen=True, slots=True)
class Profile:
    """`signer` is the address of the key; `maker` makes the orders and holds the money."""

    account: str
    owner_id: int
    fee_bps: int
    private_key: bytes = field(repr=False)
    signer: str
    maker: str

    @property
    def is_smart(self) -> bool:
        return self.maker != self.signer

    @property
    def signature_type(self) -> int:
        return SMART if self.is_smart else EOA

    @property
    def token_id(self) -> str:
        return str(UUID(bytes=_seed("token", self.account)[:16], version=4))

    @property
    def secret(self) -> bytes:
        """With which requests are signed."""
        return _seed("secret", self.account)

    @property
    def login(self) -> str:
        """The wallet that was signed up with."""
        return evm.checksummed(_seed("login", self.account)[12:]) if self.is_smart else self.signer

    def has(self, address: str) -> bool:
        """Whether an address is one of the profile's, in whatever case it is written."""
        return address.lower() in {self.maker.lower(), self.signer.lower(), self.login.lower()}

    def view(self) -> Json:
        """As `GET /profiles/me` has it."""
        embedded = {"embeddedAccount": self.signer, "smartWallet": self.maker} if self.is_smart else {}
        return {
            "id": self.owner_id,
            "account": self.login,
            "client": "etherspot" if self.is_smart else "eoa",
            "tradeWalletOption": "smartWallet" if self.is_smart else "eoa",
            "embeddedAccount": None,
            "smartWallet": None,
            **embedded,
            "rank": {"id": 1, "name": "Bronze", "feeRateBps": self.fee_bps},
            "displayName": self.account,
        }


def profile_of(account: str, *, fee_bps: int, is_smart: bool) -> Profile:
    """The fixed throw-away profile of a simulated account."""
    private_key = _seed("wallet", account)
    signer = evm.address_of(PrivateKey(private_key).public_key)
    smart = evm.checksummed(_seed("smart wallet", account)[12:])
    owner_id = stable_number("limitless-ex profile", account, below=10**7)
    return Profile(account, owner_id, fee_bps, private_key, signer, smart if is_smart else signer)


def _seed(what: str, account: str) -> bytes:
    return evm.keccak(f"hedgerow simulated limitless-ex {what} of {account}".encode())


class Profiles:
    """All profiles, by what names them."""

    def __init__(self, profiles: list[Profile]) -> None:
        self.by_account = {profile.account: profile for profile in profiles}
        self._by_token = {profile.token_id: profile for profile in profiles}
        self._by_maker = {profile.maker.lower(): profile for profile in profiles}

    def credentials(self, account: str) -> dict[str, str]:
        """What a client needs to trade as the account. Raises KeyError for an unknown one."""
        profile = self.by_account[account]
        return {
            "api_token": profile.token_id,
            "api_secret": b64encode(profile.secret).decode(),
            "private_key": "0x" + profile.private_key.hex(),
        }

    def of_address(self, address: str) -> Profile | None:
        return self._by_maker.get(address.lower())

    def of_request(self, request: web.Request, body: bytes, now_ms: int) -> Profile:
        """Whose token signed the request. Raises Refusal."""
        headers = request.headers
        profile = self._by_token.get(headers.get("lmts-api-key", ""))
        if profile is None:
            raise unauthorized("Invalid API token")
        timestamp = headers.get("lmts-timestamp", "")
        if abs(_ms_of(timestamp) - now_ms) > SKEW_MS:
            raise unauthorized("Request timestamp is outside the allowed window")
        message = f"{timestamp}\n{request.method}\n{request.raw_path}\n".encode() + body
        signature = b64encode(hmac.digest(profile.secret, message, hashlib.sha256))
        if not hmac.compare_digest(signature, headers.get("lmts-signature", "").encode()):
            raise unauthorized("Invalid HMAC signature")
        return profile


def _ms_of(timestamp: str) -> int:
    try:
        at = datetime.fromisoformat(timestamp)
    except ValueError:
        raise unauthorized("Invalid request timestamp") from None
    if at.tzinfo is None:
        raise unauthorized("Invalid request timestamp")
    return round(at.timestamp() * 1000)
