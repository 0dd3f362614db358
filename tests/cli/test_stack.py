"""The stack's own decisions, without starting anything; what it starts is tested with `up`."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from hedgerow.cli.services import MM, SIM, check_port, ports_of, reachable
from hedgerow.cli.stack import Stack, StackOptions, site_options
from hedgerow.core.config import Settings
from hedgerow.core.errors import HedgerowError, SetupError


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    return Stack(StackOptions(Settings(data_dir=tmp_path)))


async def test_guarded_work_answers(stack: Stack) -> None:
    assert await stack.guard(asyncio.sleep(0, "done")) == "done"


async def test_guarded_work_ends_with_the_stack(stack: Stack) -> None:
    was_cancelled = asyncio.Event()

    async def work() -> None:
        try:
            stack._failure.put_nowait(SetupError("the database is gone", "bring it back"))
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            was_cancelled.set()
            raise

    with pytest.raises(SetupError, match="the database is gone"):
        await stack.guard(work())
    assert was_cancelled.is_set()
    await asyncio.sleep(0)  # the task itself is not cancelled


async def test_cancelling_guarded_work_is_no_failure_of_the_stack(stack: Stack) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await stack.guard(asyncio.sleep(60))


async def test_errors_of_guarded_work_pass(stack: Stack) -> None:
    async def work() -> None:
        raise HedgerowError("mine")

    with pytest.raises(HedgerowError, match="mine"):
        await stack.guard(work())


def test_world_is_started_again_where_it_was() -> None:
    state = {"venues": {"kalshi": {"urls": {"rest": "http://127.0.0.1:5000", "ws": "ws://127.0.0.1:5001"}}}}
    assert site_options(state) == ["--site", "kalshi/rest=5000", "--site", "kalshi/ws=5001"]


def test_ports_follow_the_base() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        base = probe.getsockname()[1] - MM.offset
    assert ports_of((MM,), base, "127.0.0.1", lambda: 1) == {"mm": base + 2}
    assert ports_of((SIM, MM), 0, "127.0.0.1", iter((7, 9)).__next__) == {"sim": 7, "mm": 9}


def test_taken_port_is_refused_on_every_host_it_concerns() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        for host in ("127.0.0.1", "0.0.0.0"):
            with pytest.raises(SetupError, match=f"port {port} of {host} for the MM API"):
                check_port(MM, host, port)


@pytest.mark.parametrize(
    ("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("10.0.0.7", "10.0.0.7")]
)
def test_service_is_called_where_it_can_be_reached(host: str, shown: str) -> None:
    assert reachable(host) == shown
