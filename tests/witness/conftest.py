"""Runs a witness: a script that uses a client nobody here wrote, in the witnesses' own environment, or by node.

A script takes its input as JSON in its first argument and writes its findings as JSON to its standard output.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.node import NO_NODE, node_modules

HERE = Path(__file__).resolve().parent
_TOOL = HERE.parent.parent / "tools" / "witness_env.py"
_RUN_S = 90

Witness = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture(scope="session")
def witness_python() -> str:
    """The Python of the witnesses' environment, which the first use builds (give it time: mark the test so)."""
    done = subprocess.run([sys.executable, str(_TOOL)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.fail(done.stderr, pytrace=False)
    return done.stdout.strip()


@pytest.fixture
def witness(witness_python: str) -> Witness:
    """Runs `tests/witness/<script>.py` on named inputs and answers its findings."""

    async def run(script: str, **given: Any) -> dict[str, Any]:
        return await _findings([witness_python, "-I", str(HERE / f"{script}.py")], given, None)

    return run


@pytest.fixture
def node_witness() -> Witness:
    """As `witness`, for `tests/witness/<script>.js`."""
    packages = node_modules()
    if packages is None:
        pytest.skip(NO_NODE)
    environment = {"NODE_PATH": str(packages), "PATH": os.environ["PATH"]}

    async def run(script: str, **given: Any) -> dict[str, Any]:
        return await _findings(["node", str(HERE / f"{script}.js")], given, environment)

    return run


async def _findings(
    command: list[str], given: Mapping[str, Any], environment: Mapping[str, str] | None
) -> dict[str, Any]:
    """environment: the witness's; this process's where it is None."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, json.dumps(given), stdout=pipe, stderr=pipe, env=environment
    )
    try:
        out, complaint = await asyncio.wait_for(process.communicate(), _RUN_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, complaint.decode()[-4000:]
    findings: dict[str, Any] = json.loads(out)
    return findings
