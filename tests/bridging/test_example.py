"""The bridge that docs/bridges.md shows is a right one."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from tests.docs.documents import ROOT, blocks

from hedgerow.bridging import wire
from hedgerow.bridging.clients import one_client
from hedgerow.bridging.conformance import Target, check
from hedgerow.bridging.conformance.client import Keys
from hedgerow.bridging.conformance.runner import Result
from hedgerow.bridging.serve import kept, served
from hedgerow.bridging.service import Service
from hedgerow.core.clock import SystemClock
from hedgerow.core.secrets import Secret

TOKEN = Secret("throwaway-token-of-an-example")


async def test_the_bridge_of_the_documents_passes_the_kit(tmp_path: Path) -> None:
    [program] = blocks((ROOT / "docs" / "bridges.md").read_text(), "python")
    names: dict[str, Any] = {"__name__": "my_bridge"}
    exec(program.text, names)
    bridge, clock = names["PlayMoney"](), SystemClock()
    async with AsyncExitStack() as stack:
        register = await stack.enter_async_context(kept(tmp_path / "bridge.sqlite", bridge.terms, clock))
        service = Service.of(bridge, register, clock)
        clients = one_client(bridge.terms, TOKEN, None)
        server = await stack.enter_async_context(served(service, clients, "127.0.0.1", 0, clock))
        selection = wire.Selection("play", 121, 0)
        url = f"http://127.0.0.1:{server.port}{wire.BASE}"
        report = await check(Target(url, Keys(TOKEN), selection=selection), BY_THEMSELVES)
    assert report.numbers(Result.FAILED) == []
    assert report.numbers(Result.PASSED) == [
        number for number in BY_THEMSELVES if number not in ("BR-10", "BR-12", "BR-15")
    ]


BY_THEMSELVES = [f"BR-{number:02}" for number in (1, 2, 3, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 17, 18, 20, 21)]
"""Those that need no hook and no long wait."""
