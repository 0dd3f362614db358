"""Who may use a bridge: bearer tokens, one for each router client, and signatures of requests.

Source: the protocol's rules on security. Tokens are kept as their hash and never logged.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hedgerow.bridging.problems import ProblemError
from hedgerow.bridging.wire import SKEW_MS
from hedgerow.core.clock import Clock
from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret, key_hash
from hedgerow.net.bridge_signature import signature

_LEAST_TOKEN = 16


@dataclass(frozen=True, slots=True)
class Client:
    """A router. secret: with which it signs, where it has to. accounts: that it may use."""

    token: Secret
    secret: Secret | None
    accounts: frozenset[str]


class Door:
    """Lets known clients in."""

    def __init__(self, clients: Sequence[Client], clock: Clock) -> None:
        """Raises SetupError for a token that could be guessed."""
        if any(len(client.token.reveal()) < _LEAST_TOKEN for client in clients):
            raise SetupError(
                f"a bridge's token has less than {_LEAST_TOKEN} characters", "make it by chance: openssl rand -hex 32"
            )
        self._clients = {key_hash(client.token.reveal()): client for client in clients}
        self._clock = clock

    def admitted(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Client:
        """Whose request it is. target: path and query as in the request line. Raises ProblemError 401."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        client = self._clients.get(key_hash(token)) if scheme == "Bearer" else None
        if client is None:
            raise ProblemError(401, "unauthorized", "no such token")
        if client.secret is not None:
            self._check(client.secret, method, target, headers, body)
        return client

    def _check(self, secret: Secret, method: str, target: str, headers: Mapping[str, str], body: bytes) -> None:
        told = headers.get("x-bridge-timestamp", "")
        at_ms = int(told) if told.isascii() and told.isdigit() and len(told) <= 15 else None
        right = "" if at_ms is None else signature(secret, at_ms, method, target, body)
        given = headers.get("x-bridge-signature", "")
        if at_ms is None or not hmac.compare_digest(right.encode(), given.encode()):
            raise ProblemError(401, "signature_invalid", "the signature is not this request's")
        off_ms = at_ms - self._clock.now_ms()
        if abs(off_ms) > SKEW_MS:
            ahead = "ahead of" if off_ms > 0 else "behind"
            text = f"the router's clock is {abs(off_ms) / 1000:.0f} s {ahead} the bridge's; set the clock that is wrong"
            raise ProblemError(401, "signature_invalid", text)
