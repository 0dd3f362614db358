"""The HTTP sites: login with a certificate, keep-alive and logout, and the JSON-RPC operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from hedgerow.sim.dialects.betfair_ex import requests
from hedgerow.sim.dialects.betfair_ex.certificates import common_name
from hedgerow.sim.dialects.betfair_ex.desk import Desk
from hedgerow.sim.dialects.betfair_ex.errors import Fault
from hedgerow.sim.dialects.betfair_ex.heartbeats import Heartbeats
from hedgerow.sim.dialects.betfair_ex.reads import Reads
from hedgerow.sim.dialects.betfair_ex.sessions import Sessions
from hedgerow.sim.faults import Faults
from hedgerow.sim.site import json_answer, lose_answer

Json = dict[str, Any]
Operation = tuple[type[Any], Callable[[str, Any], Any]]

_PLACES = ("SportsAPING/v1.0/placeOrders", "SportsAPING/v1.0/replaceOrders")


class Call(msgspec.Struct):
    """One call of JSON-RPC 2.0."""

    method: str
    params: msgspec.Raw = msgspec.Raw(b"{}")
    id: int | str | None = None


class Api:
    """What the sites answer."""

    def __init__(self, sessions: Sessions, desk: Desk, reads: Reads, heartbeats: Heartbeats, faults: Faults) -> None:
        self._sessions, self._faults = sessions, faults
        self._calls = 0
        betting: dict[str, Operation] = {
            "placeOrders": (requests.PlaceOrders, desk.place),
            "cancelOrders": (requests.CancelOrders, desk.cancel),
            "replaceOrders": (requests.ReplaceOrders, desk.replace),
            "updateOrders": (requests.UpdateOrders, desk.update),
            "listEventTypes": (requests.ListEventTypes, lambda _, asked: reads.event_types(asked)),
            "listMarketCatalogue": (requests.ListMarketCatalogue, lambda _, asked: reads.catalogue(asked)),
            "listMarketBook": (requests.ListMarketBook, reads.books),
            "listCurrentOrders": (requests.ListCurrentOrders, reads.current),
            "listClearedOrders": (requests.ListClearedOrders, reads.cleared),
        }
        self._operations: dict[str, Operation] = {
            **{f"SportsAPING/v1.0/{name}": operation for name, operation in betting.items()},
            "AccountAPING/v1.0/getAccountFunds": (requests.Empty, lambda account, _: reads.funds(account)),
            "AccountAPING/v1.0/getAccountDetails": (requests.Empty, lambda *_: reads.details()),
            "HeartbeatAPING/v1.0/heartbeat": (
                requests.Heartbeat,
                lambda account, asked: heartbeats.beat(account, asked.preferred_timeout_seconds),
            ),
        }

    def rest_routes(self) -> list[web.RouteDef]:
        return [
            web.post(f"/exchange/{service}/json-rpc/v1", self._answer)
            for service in ("betting", "account", "heartbeat")
        ]

    def identity_routes(self) -> list[web.RouteDef]:
        return [
            web.route(method, path, act)
            for path, act in (("/api/keepAlive", self._keep_alive), ("/api/logout", self._logout))
            for method in ("GET", "POST")
        ]

    def login_routes(self) -> list[web.RouteDef]:
        return [web.post("/api/certlogin", self._login)]

    # --- identity -----------------------------------------------------------------------------------------------

    async def _login(self, request: web.Request) -> web.Response:
        form = await request.post()
        channel = request.transport.get_extra_info("ssl_object") if request.transport else None
        certified = common_name(channel.getpeercert() if channel else None)
        if not request.headers.get("X-Application"):
            return json_answer({"loginStatus": "INPUT_VALIDATION_ERROR"})
        status, token = self._sessions.open(str(form.get("username", "")), str(form.get("password", "")), certified)
        return json_answer({"sessionToken": token, "loginStatus": status} if token else {"loginStatus": status})

    async def _keep_alive(self, request: web.Request) -> web.Response:
        return self._identity(request, self._sessions.keep_alive(_token(request)))

    async def _logout(self, request: web.Request) -> web.Response:
        return self._identity(request, self._sessions.end(_token(request)))

    @staticmethod
    def _identity(request: web.Request, is_done: bool) -> web.Response:
        status, error = ("SUCCESS", "") if is_done else ("FAIL", "NO_SESSION")
        product = request.headers.get("X-Application", "")
        return json_answer({"token": _token(request), "product": product, "status": status, "error": error})

    # --- JSON-RPC -----------------------------------------------------------------------------------------------

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            batch = msgspec.json.decode(body, type=list[Call] | Call)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return json_answer({"jsonrpc": "2.0", "error": {"code": -32700, "message": "DSC-0008"}, "id": None})
        if isinstance(batch, Call):
            return json_answer(self._call(request, batch))
        return json_answer([self._call(request, call) for call in batch])

    def _call(self, request: web.Request, call: Call) -> Json:
        self._calls += 1
        shown: Json = {"jsonrpc": "2.0", "id": call.id}
        found = self._operations.get(call.method)
        if found is None:
            return {**shown, "error": {"code": -32601, "message": "DSC-0021"}}
        try:
            account = self._sessions.account(request.headers.get("X-Application", ""), _token(request))
            asked = msgspec.json.decode(call.params, type=found[0])
            result = found[1](account, asked)
        except msgspec.MsgspecError:
            return {**shown, "error": {"code": -32602, "message": "DSC-0018"}}
        except Fault as fault:
            return {**shown, "error": fault.shape(call.method.partition("/")[0], self._calls)}
        if call.method in _PLACES and result["status"] == "SUCCESS" and self._faults.loses_answer():
            lose_answer(request)
        return {**shown, "result": result}


def _token(request: web.Request) -> str:
    return request.headers.get("X-Authentication", "")
