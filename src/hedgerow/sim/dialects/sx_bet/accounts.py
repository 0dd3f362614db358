"""Who may talk to the simulated SX Bet: wallets, their API keys, and the tokens of the stream.

The keys are throw-away ones that anybody can derive from this file; they hold the world's play money only. Source: the
SX sheet, sections 2 and 5; that a token ends in time is Centrifugo's (error 109).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from uuid import UUID

from coincurve import PrivateKey

from hedgerow.sim.evm import address_of, checksummed, keccak

_TOKEN_KEY = keccak(b"hedgerow simulated realtime tokens")


@dataclass(frozen=True, slots=True)
class User:
    """An account: the key that signs, its address (the maker of orders), and the proxy wallet with the money."""

    account: str
    private_key: bytes = field(repr=False)
    api_key: str = field(repr=False)
    address: str
    proxy: str


def user_of(account: str) -> User:
    """The fixed user of a simulated account."""
    private_key = keccak(f"hedgerow simulated wallet of {account}".encode())
    return User(
        account,
        private_key,
        str(UUID(bytes=keccak(f"hedgerow simulated key of {account}".encode())[:16], version=4)),
        address_of(PrivateKey(private_key).public_key),
        checksummed(keccak(f"proxy wallet of {account}".encode())[12:]),
    )


class Accounts:
    """The users that the venue knows."""

    def __init__(self, names: list[str]) -> None:
        self.users = {name: user_of(name) for name in names}
        self._by_key = {user.api_key: user for user in self.users.values()}

    def of_key(self, api_key: str) -> User | None:
        return self._by_key.get(api_key)

    def credentials(self, account: str) -> dict[str, str]:
        """What a client needs to trade as the account. Raises KeyError for an unknown one."""
        user = self.users[account]
        return {"api_key": user.api_key, "private_key": "0x" + user.private_key.hex()}

    # --- tokens of the stream --------------------------------------------------------------------------------

    def token(self, user: User, expires_s: int) -> str:
        """A token for connections until a time, in seconds."""
        claims = f"{user.api_key}.{expires_s}"
        return f"{claims}.{_signature(claims)}"

    def of_token(self, token: str) -> tuple[User, int] | None:
        """Whose token it is and when it expires; None for one that the venue never gave."""
        claims, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), _signature(claims).encode()):
            return None
        api_key, _, expires_s = claims.partition(".")
        user = self._by_key.get(api_key)
        return None if user is None else (user, int(expires_s))


def _signature(claims: str) -> str:
    return hmac.new(_TOKEN_KEY, claims.encode(), hashlib.sha256).hexdigest()
