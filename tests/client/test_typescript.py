"""The TypeScript client: its own tests under node, and the same promises as Python's over a wire that breaks."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

from tests.abp.routes.apikit import FIXTURE, KEY
from tests.client.wirekit import There
from tests.patience import PATIENCE_S
from tests.scraping.gateway.gatewaykit import Net
from tests.scraping.gateway.test_relay import listening
from tests.scraping.targets import site

from hedgerow.abp.validation import DUPLICATE

PROGRAMS = Path(__file__).parent / "programs"


def test_its_own_tests_pass(typescript: Path) -> None:
    tests = sorted(map(str, (typescript / "dist" / "test").glob("*.js")))
    done = subprocess.run(["node", "--test", *tests], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stdout
    assert "# pass 21" in done.stdout


async def started(program: str, *arguments: object) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        "node",
        str(PROGRAMS / program),
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_cut_wire_loses_and_repeats_nothing(there: There, typescript: Path) -> None:
    process = await started("follow.mjs", typescript, there.service.url, KEY, 8)
    assert process.stdout is not None
    made: list[int] = []
    async with asyncio.timeout(PATIENCE_S):
        assert await process.stdout.readline() == b"ready\n"
        for _ in range(3):
            made += [await there.order(), await there.order()]
            await there.cut()
        made += [await there.order(), await there.order()]
        out, error = await process.communicate()
    assert out.decode().split() == [str(one) for one in made], error.decode()
    assert there.wire.connections == 4


async def test_lost_answer_of_a_placement_is_found_and_not_placed_twice(there: There, typescript: Path) -> None:
    placing = there.api.placing

    def lose() -> None:
        placing.reasons[placing.asked[-1].request_uuid] = DUPLICATE

    there.wire.lose_answer = lose
    process = await started("place.mjs", typescript, there.service.url, KEY, FIXTURE, "1.9500000000000000001")
    async with asyncio.timeout(PATIENCE_S):
        out, error = await process.communicate()
    (request,) = placing.reasons
    placed, refused = out.decode().splitlines() or [error.decode(), ""]
    assert placed == f"accepted 1.9500000000000000001 Decimal {request}"
    assert refused == "true 404 get_bet: 404 Bet not found; check the id"
    assert await there.api.database.fetchval("select count(*) from abp_orders") == 1


async def test_targets_are_reached_by_relay_and_fetch(net: Net, typescript: Path) -> None:
    key = (await net.key())["X-API-Key"]
    async with site() as base, listening() as target:
        process = await started("relay.mjs", typescript, net.url, key, target.url, f"{base}/echo")
        async with asyncio.timeout(PATIENCE_S):
            out, error = await process.communicate()
    lines = out.decode().splitlines()
    assert lines[:4] == ["scraping-de1", "text <Buffer 00 ff>", "true", "true 4321 closed with 4321 that was it"], error
    assert lines[4].startswith("true 0 ")
    assert "127.0.0.1" in lines[4]
    assert lines[5] == '200 {"body": "as it is"} 1'
