"""Programs that nobody here wrote, with as little around them as they need, run by node."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from tests.node import node_modules
from tests.patience import PATIENCE_S

FOLDER = Path(__file__).parent


class Program:
    """One of them, that talks in lines."""

    def __init__(self, script: str, *arguments: str) -> None:
        """script: of this folder, or below the packages."""
        self._script, self._arguments = script, arguments
        self._process: asyncio.subprocess.Process | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        packages = node_modules()
        assert packages is not None
        script = FOLDER / self._script if (FOLDER / self._script).exists() else packages / self._script
        environment = {"NODE_PATH": str(packages), "PATH": os.environ["PATH"]}
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            "node", str(script), *self._arguments, env=environment, stdin=pipe, stdout=pipe, limit=2**20
        )
        try:
            yield self
        finally:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.communicate()

    async def say(self, line: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        await self._process.stdin.drain()

    async def hear(self) -> str:
        """The next line."""
        assert self._process is not None
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            line = await self._process.stdout.readline()
        assert line, f"{self._script} has ended"
        return line.decode().rstrip("\n")

    async def ask(self, told: dict[str, Any]) -> Any:
        await self.say(json.dumps(told))
        return json.loads(await self.hear())
