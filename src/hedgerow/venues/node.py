"""A node of an EVM chain, asked what an address holds of a token: venues that settle there need not tell it.

Sources: the Ethereum JSON-RPC API (`eth_call`); EIP-20 (`balanceOf`).
"""

from __future__ import annotations

import msgspec

from hedgerow.core.errors import Unavailable
from hedgerow.net.egress import DIRECT, Egress
from hedgerow.net.http import HttpClient
from hedgerow.venues.reading import UnreadableError, read, reading

_BALANCE_OF = "0x70a08231"
_MOST = 10**30


class _CallResult(msgspec.Struct, frozen=True):
    result: str


class Node:
    """Questions of one venue to one node."""

    def __init__(self, venue: str, url: str, egress: Egress = DIRECT) -> None:
        self._venue = venue
        self._client = HttpClient(venue, url, connections=1, egress=egress)

    async def close(self) -> None:
        await self._client.close()

    async def held(self, token: str, holder: str) -> int:
        """In base units of the token. token, holder: addresses, `0x` and 40 hex digits. Raises Unavailable."""
        data = _BALANCE_OF + holder[2:].lower().rjust(64, "0")
        call = {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [{"to": token, "data": data}, "latest"]}
        answer = await self._client.request("balance", "POST", "/", body=msgspec.json.encode(call))
        if answer.status != 200:
            raise Unavailable(self._venue, "balance", f"the chain's node answers with {answer.status}")
        with reading(self._venue, "balance"):
            return whole_of(read(_CallResult, answer.body).result)


def whole_of(word: str) -> int:
    """The whole number that a node answers with, `0x` and hex digits. Raises UnreadableError."""
    try:
        number = int(word, 16)
    except ValueError:
        raise UnreadableError("the balance is no number") from None
    if not 0 <= number < _MOST:
        raise UnreadableError("the balance is below zero, or more than there can be")
    return number
