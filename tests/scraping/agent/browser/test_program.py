"""The browser as a process: whose rights it has, and what is left of it after the worst end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.patience import PATIENCE_S
from tests.scraping.pages import needs_browser

from hedgerow.scraping.agent.browser.program import BrowserSettings, NoBrowserError, Program, find_program, sweep

_AGENT = """
import asyncio
from hedgerow.scraping.agent.browser.program import BrowserSettings, Program
async def main():
    program = await Program.start(BrowserSettings())
    print(program.process.pid, program.profile, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 - another program's processes signal nothing
            await asyncio.sleep(0.02)


@needs_browser
async def test_browser_runs_as_an_ordinary_user_in_its_sandbox_without_our_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEDGEROW_AGENT_KEY", "secret of the agent")
    program = await Program.start(BrowserSettings())
    try:
        for pid in program.memory():
            status = Path(f"/proc/{pid}/status").read_text()
            assert "\nUid:\t0\t" not in status
            assert b"secret of the agent" not in Path(f"/proc/{pid}/environ").read_bytes()
            assert b"--no-sandbox" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    finally:
        await program.end()
    assert not program.profile.exists()


@needs_browser
async def test_killed_agent_leaves_no_process_and_the_next_takes_the_profile_away() -> None:
    agent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _AGENT,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert agent.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        pid, profile = (await agent.stdout.readline()).decode().split()
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    assert children
    agent.send_signal(signal.SIGKILL)
    await agent.wait()
    await until(lambda: not any(map(is_alive, [int(pid), *children])))
    assert Path(profile).exists()
    sweep()
    assert not Path(profile).exists()


async def test_sweep_ends_what_still_uses_a_profile_of_an_agent_that_is_gone(tmp_path: Path) -> None:
    gone = tmp_path / "hedgerow-browser-999999999-1-abc"
    began = Path(f"/proc/{os.getpid()}/stat").read_text().rpartition(")")[2].split()[19]
    ours = tmp_path / f"hedgerow-browser-{os.getpid()}-{began}-abc"
    other = tmp_path / "hedgerow-browser-of-somebody"
    for folder in (gone, ours, other):
        folder.mkdir()
    left = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", "sleep 60; exit", "sh", f"--user-data-dir={gone}", start_new_session=True
    )
    assert sweep(tmp_path) == 1
    assert await left.wait() == -signal.SIGKILL
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([ours.name, other.name])


async def test_missing_browser_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoBrowserError, match="no program"):
        find_program(tmp_path / "chromium")
    if os.geteuid() == 0:
        with pytest.raises(NoBrowserError, match="does not run as root"):
            await Program.start(BrowserSettings(Path("/bin/true"), user="root"))
    with pytest.raises(NoBrowserError, match="does not start"):
        await Program.start(BrowserSettings(Path("/bin/true")))
