"""Who may talk to the simulated venue: throw-away wallets, the API key of each, and the tokens that logging in brings.

A wallet trades from its key's own address, or from a smart account (ZeroDev Kernel) that the key owns; then what it
signs is wrapped for the account. Source: the predict.fun sheet, section 2.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

from coincurve import PrivateKey

from hedgerow.sim import evm
from hedgerow.sim.dialects.predict_fun.refusals import bad_request, unauthorized

CHAIN_ID = 56
VALIDATOR = bytes.fromhex("845ADb2C711129d4f3966735eD98a9F09fC4cE57")
_KERNEL = evm.text_word("Kernel(bytes32 hash)")
_TOKEN_S = 24 * 3600
_MOST_MESSAGES = 1_000
_TOKEN_KEY = b"hedgerow simulated tokens"


@dataclass(frozen=True, slots=True)
class Wallet:
    """`address` makes and signs its orders and holds the money; `owner` is the address of the key."""

    account: str
    private_key: bytes = field(repr=False)
    owner: str
    address: str

    @property
    def is_smart(self) -> bool:
        return self.address != self.owner

    @property
    def api_key(self) -> str:
        return evm.keccak(f"api key of {self.account}".encode()).hex()[:32]


def wallet_of(account: str, *, is_smart: bool) -> Wallet:
    """The fixed throw-away wallet of a simulated account."""
    private_key = evm.keccak(f"hedgerow simulated predict.fun wallet of {account}".encode())
    owner = evm.address_of(PrivateKey(private_key).public_key)
    contract = evm.checksummed(evm.keccak(f"kernel account of {account}".encode())[12:])
    return Wallet(account, private_key, owner, contract if is_smart else owner)


def kernel_digest(account: str, digest: bytes) -> bytes:
    """What the owner of a smart account signs so that the account has signed the digest."""
    domain = evm.domain_of("Kernel", "0.3.1", CHAIN_ID, account)
    return evm.text_digest(evm.typed_digest(domain, evm.keccak(_KERNEL + digest)))


def has_signed(wallet: Wallet, digest: bytes, signature: str) -> bool:
    """Whether the wallet signed the digest, in the form of its kind."""
    try:
        raw = bytes.fromhex(signature.removeprefix("0x"))
    except ValueError:
        return False
    if not wallet.is_smart:
        return evm.signer_of(digest, raw) == wallet.owner
    if raw[:21] != b"\x01" + VALIDATOR:
        return False
    return evm.signer_of(kernel_digest(wallet.address, digest), raw[21:]) == wallet.owner


class Keyring:
    """The wallets that the venue knows, the messages that wait to be signed, and the tokens it gave."""

    def __init__(self, wallets: list[Wallet]) -> None:
        self.wallets = {wallet.account: wallet for wallet in wallets}
        self._by_address = {wallet.address.lower(): wallet for wallet in wallets}
        self._by_key = {wallet.api_key: wallet for wallet in wallets}
        self._messages: dict[str, None] = {}
        self._number = 0
        self.earliest_s = 0  # tokens that were given before are no longer good

    def credentials(self, account: str) -> dict[str, str]:
        """What a client needs to trade as the account. Raises KeyError for an unknown one."""
        wallet = self.wallets[account]
        keys = {"private_key": "0x" + wallet.private_key.hex(), "api_key": wallet.api_key}
        return {**keys, "predict_account": wallet.address} if wallet.is_smart else keys

    def of_address(self, address: str) -> Wallet | None:
        return self._by_address.get(address.lower())

    def knows_key(self, api_key: str | None) -> bool:
        return api_key in self._by_key

    def message(self) -> str:
        """A new message to sign."""
        self._number += 1
        message = f"Sign in to Predict nonce {self._number}"
        self._messages[message] = None
        while len(self._messages) > _MOST_MESSAGES:
            del self._messages[next(iter(self._messages))]
        return message

    def log_in(self, signer: str, message: str, signature: str, now_s: int) -> str:
        """A token for who signed a message of ours. Raises Refusal."""
        if message not in self._messages:
            raise bad_request("unknown message")
        wallet = self.of_address(signer)
        if wallet is None or not has_signed(wallet, evm.text_digest(message.encode()), signature):
            raise unauthorized("invalid signature")
        del self._messages[message]
        claims = {"sub": wallet.address, "iat": now_s, "exp": now_s + _TOKEN_S}
        head = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
        return f"{head}.{_seal(head)}"

    def of_token(self, token: str, now_s: int) -> Wallet:
        """Whose token it is. Raises Refusal for one that is false, too old or taken back."""
        head, _, seal = token.rpartition(".")
        if not hmac.compare_digest(seal.encode(), _seal(head).encode()):
            raise unauthorized()
        claims = json.loads(urlsafe_b64decode(head.partition(".")[2] + "=="))
        wallet = self.of_address(claims["sub"])
        if wallet is None or not self.earliest_s <= claims["iat"] <= now_s < claims["exp"]:
            raise unauthorized()
        return wallet

    def of_request(self, headers: Mapping[str, str], now_s: int) -> Wallet:
        """The wallet that a request acts for. Raises Refusal."""
        kind, _, token = headers.get("Authorization", "").partition(" ")
        if kind != "Bearer":
            raise unauthorized()
        return self.of_token(token, now_s)

    def check_key(self, headers: Mapping[str, str], query: Mapping[str, str]) -> None:
        """Raises Refusal without a key that the venue has given."""
        if not self.knows_key(headers.get("x-api-key") or query.get("apiKey")):
            raise unauthorized()


def _part(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _seal(head: str) -> str:
    return urlsafe_b64encode(hmac.digest(_TOKEN_KEY, head.encode(), hashlib.sha256)).decode().rstrip("=")
