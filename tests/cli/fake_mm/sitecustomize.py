"""Stands in for the market-making service in processes that have this folder on their path.

`/healthz` answers 200, `/environment` the settings it was started with, the API what a client that has not traded
yet is told. `FAKE_MM_REFUSES`: its start is refused with that text. It stops as the service does, and says so.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from types import ModuleType
from typing import Any

NOTHING_YET = {
    "/orders/open": {"orders": []},
    "/orders/summary": {"totalOrders": 0, "totalMatched": 0},
    "/bets": {"data": []},
    "/bets/summary": {"placedCount": 0},
    "/pnl": {"netRealizedSpread": 0, "nakedPnl": 0, "lockedPnl": 0, "unhedgedStake": 0},
}


async def run(settings: Any, *, host: str, port: int) -> None:
    from aiohttp import web

    from hedgerow.core.errors import SetupError

    if refusal := os.environ.get("FAKE_MM_REFUSES"):
        raise SetupError(refusal, "do something about it")

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="{}")

    async def environment(_: web.Request) -> web.Response:
        told = {name: value for name, value in os.environ.items() if name.startswith("HEDGEROW_")}
        return web.Response(text=json.dumps(told), content_type="application/json")

    async def api(request: web.Request) -> web.Response:
        answer = NOTHING_YET[request.path.removeprefix("/api/v1")] if request.headers.get("X-API-Key") else {}
        return web.json_response(answer)

    async def activate(_: web.Request) -> web.Response:
        sys.stderr.write("activated\n")
        return web.json_response({"status": "activated"})

    app = web.Application()
    app.add_routes([web.get("/api/v1" + path, api) for path in NOTHING_YET])
    app.add_routes([web.post("/api/v1/tournaments/{id}/activate", activate)])
    app.add_routes([web.get("/healthz", healthz), web.get("/environment", environment)])
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        await asyncio.get_running_loop().create_future()
    finally:
        await runner.cleanup()
        sys.stderr.write("stopped cleanly\n")


fake = ModuleType("hedgerow.mm.serve")
fake.run = run  # type: ignore[attr-defined]
sys.modules["hedgerow.mm.serve"] = fake
