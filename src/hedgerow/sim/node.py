"""A node of an EVM chain, of which only an address' balance of a token can be asked.

Sources: the Ethereum JSON-RPC API (`eth_call`, its error codes); EIP-20 (`balanceOf`).
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from aiohttp import web

from hedgerow.sim.site import json_answer

_BALANCE_OF = "0x70a08231"


class _Call(msgspec.Struct):
    method: str
    params: list[msgspec.Raw] = []
    id: int | str = 1


class _CallData(msgspec.Struct):
    to: str
    data: str


class Node:
    """Answers for one token."""

    def __init__(self, token: str, held: Callable[[str], int]) -> None:
        """held: what an address, `0x` and 40 hex digits, holds of the token, in its base units."""
        self._token, self._held = token.lower(), held

    def add_to(self, app: web.Application) -> None:
        app.add_routes([web.post("/", self._call)])

    async def _call(self, request: web.Request) -> web.Response:
        try:
            given = msgspec.json.decode(await request.read(), type=_Call)
        except msgspec.DecodeError:
            return _failed(None, -32700, "parse error")
        if given.method != "eth_call":
            return _failed(given.id, -32601, "the method does not exist")
        try:
            asked = msgspec.json.decode(given.params[0], type=_CallData)
        except (IndexError, msgspec.DecodeError):
            return _failed(given.id, -32602, "invalid params")
        is_known = asked.to.lower() == self._token and asked.data.startswith(_BALANCE_OF)
        held = self._held("0x" + asked.data[-40:]) if is_known else 0
        return json_answer({"jsonrpc": "2.0", "id": given.id, "result": f"0x{held:064x}"})


def _failed(call_id: int | str | None, code: int, message: str) -> web.Response:
    return json_answer({"jsonrpc": "2.0", "id": call_id, "error": {"code": code, "message": message}})
