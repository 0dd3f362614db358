"""Stands in for the market-making service in processes that have this folder on their path.

`/healthz` answers 200, `/environment` the settings it was started with. `FAKE_MM_REFUSES`: its start is refused with
that text. It stops as the service does, and says so.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from types import ModuleType
from typing import Any


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

    app = web.Application()
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
