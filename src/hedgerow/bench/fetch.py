"""fetch: pages through gateway and agent, against proxies of one hop each.

Ours is two hops as two processes, with key, limit, choice of agent, guard, counting and JSON around what came; theirs
hand a connection on. Target (nginx) and load share one processor, and each side has the other one, so that a side of
several processes gains nothing by that. The sides do the same work one after the other in each run; which proxies are
missing here is told.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from hedgerow.bench.fetches.load import Asked, load
from hedgerow.bench.fetches.sides import PROXIES, found, nginx, running
from hedgerow.bench.network import on_cpu, serving
from hedgerow.bench.report import Bound, Figures, Ratio
from hedgerow.core.errors import SetupError

SECONDS = 2.0
CLIENTS = 50
_WARM_UP = 0.2
"""Share of the time that is not counted."""
_SIZES = {"small": 1024, "large": 100 * 1024}
OURS = "ours"


@dataclass(frozen=True, slots=True)
class Case:
    """file: of the target. targets: the ratio to each proxy. is_time: the median of one request counts, in ms."""

    name: str
    file: str
    clients: int
    targets: dict[str, float]
    is_time: bool = False


CASES = (
    Case("1 KB", "small", CLIENTS, {"tinyproxy": 1.5, "proxy.py": 0.8, "squid": 0.6, "mitmproxy": 8.0}),
    Case("100 KB", "large", CLIENTS, {"tinyproxy": 1.0}),
    Case("1 KB, one client, p50, ms", "small", 1, {"tinyproxy": 2.0}, is_time=True),
)

Sides = dict[str, dict[str, Asked]]
"""What is asked of each side, by file."""
Found = dict[tuple[str, str], list[float]]
"""Figures of each run, by case and side."""


def measure(scale: float, runs: int) -> Figures:
    """Requests/s, and ms for one client. scale: multiplies the seconds. Raises SetupError without nginx or any proxy
    to compare with."""
    present = {proxy.name: program for proxy in PROXIES if (program := found(proxy)) is not None}
    missing = [f"{proxy.name} is not installed: {proxy.remedy}" for proxy in PROXIES if proxy.name not in present]
    if not present:
        raise SetupError("no proxy to compare with is installed", "; ".join(missing))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(_compare(present, scale, runs))
    return Figures("requests/s", list(ratios(figures)), missing)


def ratios(figures: Found) -> Iterator[Ratio]:
    """Of ours to every side that was measured; medians of the runs."""
    for case in CASES:
        ours = figures[case.name, OURS]
        bound = Bound.AT_MOST if case.is_time else Bound.AT_LEAST
        for side, target in case.targets.items():
            if theirs := figures.get((case.name, side)):
                ratio = statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
                medians = statistics.median(ours), statistics.median(theirs)
                yield Ratio(f"{case.name}, {side}", ratio, target, bound, *medians)


async def _compare(present: dict[str, str], scale: float, runs: int) -> Found:
    figures: Found = {}
    async with _sides(present) as sides:
        with on_cpu(0):
            for _ in range(runs):
                for case in CASES:
                    for side, asked in sides.items():
                        if side == OURS or side in case.targets:
                            figure = await _figure(case, asked[case.file], scale)
                            figures.setdefault((case.name, side), []).append(figure)
    return figures


async def _figure(case: Case, asked: Asked, scale: float) -> float:
    await load(asked, case.clients, SECONDS * scale * _WARM_UP)
    answers = await load(asked, case.clients, SECONDS * scale)
    return statistics.median(answers.times_s) * 1000 if case.is_time else answers.per_second


@asynccontextmanager
async def _sides(present: dict[str, str]) -> AsyncIterator[Sides]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hedgerow-bench-")))
        folder.chmod(0o755)
        with on_cpu(0):
            (folder / "target").mkdir()
            target = await stack.enter_async_context(nginx(folder / "target", _SIZES))
        with on_cpu(1):
            network = await stack.enter_async_context(serving())
            ports = {
                proxy.name: await stack.enter_async_context(running(proxy, present[proxy.name], folder / proxy.name))
                for proxy in PROXIES
                if proxy.name in present
            }
        urls = {file: f"http://127.0.0.1:{target}/{file}" for file in _SIZES}
        head = f"Host: 127.0.0.1:{target}\r\n"
        own = f"Host: 127.0.0.1\r\nX-API-Key: {network.key}\r\n"
        yield {
            OURS: {
                file: _asked(network.port, "/fetch", f"{own}X-Target-URL: {url}\r\n", file)
                for file, url in urls.items()
            },
            **{
                name: {file: _asked(port, url, head, file) for file, url in urls.items()}
                for name, port in ports.items()
            },
        }


def _asked(port: int, target: str, headers: str, file: str) -> Asked:
    return Asked(port, f"GET {target} HTTP/1.1\r\n{headers}\r\n".encode(), _SIZES[file])
