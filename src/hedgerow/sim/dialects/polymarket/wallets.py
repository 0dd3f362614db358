"""Who may talk to the simulated venue: wallets, their API keys, and the two levels of logging in.

The wallets are throw-away keys that anybody can derive from this file; they hold the world's play money only.
Source: the Polymarket sheet, section 2.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from coincurve import PrivateKey

from hedgerow.sim.dialects.polymarket.eip712 import POLY_1271, clob_auth_digest
from hedgerow.sim.evm import address_of, checksummed, keccak, signer_of

EOA = 0
_SECONDS = re.compile(r"[0-9]{1,12}")


class LoginRefused(Exception):  # noqa: N818
    """The venue does not accept who is asking; `status` and the text are its answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


@dataclass(frozen=True, slots=True)
class Wallet:
    """A key, and the address that holds the money: the key's own (type 0) or a contract wallet (types 1 to 3)."""

    account: str
    private_key: bytes = field(repr=False)
    address: str
    signature_type: int
    funder: str

    @property
    def order_signer(self) -> str:
        """Whom an order must name as its signer."""
        return self.funder if self.signature_type == POLY_1271 else self.address


def wallet_of(account: str, signature_type: int) -> Wallet:
    """The fixed throw-away wallet of a simulated account."""
    private_key = keccak(f"hedgerow simulated wallet of {account}".encode())
    address = address_of(PrivateKey(private_key).public_key)
    contract = checksummed(keccak(f"wallet contract {signature_type} of {account}".encode())[12:])
    return Wallet(account, private_key, address, signature_type, address if signature_type == EOA else contract)


@dataclass(frozen=True, slots=True)
class ApiKey:
    key: str
    secret: str
    passphrase: str
    wallet: Wallet

    def __repr__(self) -> str:
        return f"ApiKey({self.key!r})"

    def signature(self, timestamp: str, method: str, path: str, body: bytes) -> str:
        """The signature of a request: path without its query, body as its exact bytes."""
        message = f"{timestamp}{method}{path}".encode() + body
        digest = hmac.new(urlsafe_b64decode(self.secret), message, hashlib.sha256).digest()
        return urlsafe_b64encode(digest).decode()


def api_key_of(wallet: Wallet, nonce: int) -> ApiKey:
    """The key that a wallet gets for a nonce: always the same, so that it can be derived again."""
    seed = f"{wallet.address} {nonce}"
    return ApiKey(
        str(UUID(bytes=keccak(f"key {seed}".encode())[:16], version=4)),
        urlsafe_b64encode(keccak(f"secret {seed}".encode())).decode(),
        keccak(f"passphrase {seed}".encode()).hex(),
        wallet,
    )


class Keyring:
    """The wallets that the venue knows, and the API keys that are alive."""

    def __init__(self, wallets: list[Wallet], window_s: int) -> None:
        """window_s: by how much the time in a login may differ from the venue's."""
        self.wallets = {wallet.account: wallet for wallet in wallets}
        self._by_address = {wallet.address: wallet for wallet in wallets}
        self._window_s = window_s
        self._alive: dict[str, ApiKey] = {}
        self.reset()

    def reset(self) -> None:
        """Every wallet has its first key, and no other."""
        first = [api_key_of(wallet, 0) for wallet in self.wallets.values()]
        self._alive = {key.key: key for key in first}

    def credentials(self, account: str) -> dict[str, str]:
        """What a client needs to trade as the account. Raises KeyError for an unknown one."""
        wallet = self.wallets[account]
        key = api_key_of(wallet, 0)
        return {
            "private_key": "0x" + wallet.private_key.hex(),
            "api_key": key.key,
            "api_secret": key.secret,
            "api_passphrase": key.passphrase,
            "funder": wallet.funder,
            "signature_type": str(wallet.signature_type),
        }

    def keys_of(self, wallet: Wallet) -> list[str]:
        return [key.key for key in self._alive.values() if key.wallet is wallet]

    def find(self, key: str, secret: str, passphrase: str) -> ApiKey | None:
        """The key whose three parts these are, as the user stream is told them."""
        found = self._alive.get(key)
        if found is None or (found.secret, found.passphrase) != (secret, passphrase):
            return None
        return found

    def create(self, wallet: Wallet, nonce: int) -> ApiKey:
        """A new key for a nonce that has none. Raises LoginRefused."""
        key = api_key_of(wallet, nonce)
        if key.key in self._alive:
            raise LoginRefused(400, "Could not create api key")
        self._alive[key.key] = key
        return key

    def derive(self, wallet: Wallet, nonce: int) -> ApiKey:
        """The living key of a nonce. Raises LoginRefused."""
        key = api_key_of(wallet, nonce)
        if key.key not in self._alive:
            raise LoginRefused(400, "Could not derive api key!")
        return key

    def delete(self, key: ApiKey) -> None:
        self._alive.pop(key.key, None)

    def of_wallet(self, headers: Mapping[str, str], now_s: int) -> tuple[Wallet, int]:
        """Level 1: the wallet that signed the headers, and the nonce. Raises LoginRefused."""
        refusal = LoginRefused(401, "Invalid L1 Request headers")
        try:
            timestamp, nonce = headers["POLY_TIMESTAMP"], int(headers["POLY_NONCE"])
            signature = bytes.fromhex(headers["POLY_SIGNATURE"].removeprefix("0x"))
            address = checksummed(headers["POLY_ADDRESS"])
            digest = clob_auth_digest(address, timestamp, nonce)
        except (KeyError, ValueError, OverflowError):
            raise refusal from None
        wallet = self._by_address.get(address)
        if wallet is None or not self._is_recent(timestamp, now_s) or signer_of(digest, signature) != address:
            raise refusal
        return wallet, nonce

    def of_request(self, headers: Mapping[str, str], now_s: int, method: str, path: str, body: bytes) -> ApiKey:
        """Level 2: the key that signed the request. Raises LoginRefused."""
        key = self._alive.get(headers.get("POLY_API_KEY", ""))
        timestamp = headers.get("POLY_TIMESTAMP", "")
        if (
            key is None
            or headers.get("POLY_PASSPHRASE") != key.passphrase
            or headers.get("POLY_ADDRESS", "").lower() != key.wallet.address.lower()
            or not self._is_recent(timestamp, now_s)
            or not hmac.compare_digest(
                headers.get("POLY_SIGNATURE", "").encode(), key.signature(timestamp, method, path, body).encode()
            )
        ):
            raise LoginRefused(401, "Unauthorized/Invalid api key")
        return key

    def _is_recent(self, timestamp: str, now_s: int) -> bool:
        return _SECONDS.fullmatch(timestamp) is not None and abs(int(timestamp) - now_s) <= self._window_s
