"""Who we are at the venue: a wallet, or a smart account (ZeroDev Kernel) that a wallet owns.

A wallet signs digests of orders, and texts in the form for people. For a smart account both are wrapped in a domain of
the account, signed as a text, and marked with the validator that checks the owner's signature. Sources: dev.predict.fun
"Authentication"; the official SDK for the wrapping.
"""

from __future__ import annotations

from dataclasses import dataclass

from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.venues import signing
from hedgerow.venues.base import Account
from hedgerow.venues.ctf import wallet_of

VENUE = "predict.fun"
CHAIN_ID = 56
"""BNB Chain. An account's `meta` may name its test network, 97, as `chain_id`."""

_VALIDATOR = "845ADb2C711129d4f3966735eD98a9F09fC4cE57"
_KERNEL = signing.type_hash("Kernel(bytes32 hash)")


@dataclass(frozen=True, slots=True)
class Identity:
    """The account's wallet, and the address that makes its orders, signs them and holds its money."""

    wallet: signing.Wallet
    address: str
    chain_id: int
    api_key: Secret

    def sign(self, digest: bytes) -> str:
        """The signature of a digest of typed data."""
        if self.address == self.wallet.address:
            return "0x" + self.wallet.sign(digest).hex()
        return self._wrapped(digest)

    def sign_text(self, message: str) -> str:
        """The signature of a message for people."""
        return self.sign(signing.text_digest(message.encode()))

    def _wrapped(self, digest: bytes) -> str:
        domain = signing.domain_separator(
            name="Kernel", version="0.3.1", chain_id=self.chain_id, verifying_contract=self.address
        )
        wrapped = signing.typed_digest(domain, signing.struct_hash(_KERNEL, (digest,)))
        return f"0x01{_VALIDATOR}{self.wallet.sign(signing.text_digest(wrapped)).hex()}"


def identity_of(account: Account) -> Identity:
    """From the account's credentials. Raises SetupError that says which is wrong."""
    given = account.credentials
    api_key = given.get("api_key", Secret(""))
    if not api_key.reveal().strip():
        raise SetupError(f"{VENUE}: no api_key", "make one in the venue's developer console")
    wallet = wallet_of(VENUE, given)
    address = given["predict_account"].reveal().strip() if "predict_account" in given else ""
    try:
        address = signing.checksum_address(address) if address else wallet.address
    except ValueError:
        raise SetupError(f"{VENUE}: the predict_account of {account.username} is no address", "correct it") from None
    return Identity(wallet, address, int(account.meta.get("chain_id", CHAIN_ID)), api_key)
