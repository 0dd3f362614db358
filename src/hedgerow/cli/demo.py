"""`hedgerow demo`: a match in the simulated world, traded live in this terminal."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live

from hedgerow.cli.context import data_dir_option
from hedgerow.cli.demo_view import View, headline, plain, screen
from hedgerow.cli.numbers import decimal_option, positive_option
from hedgerow.cli.output import emit, json_option
from hedgerow.cli.running import run, settings_of, until_signalled
from hedgerow.cli.services import DASHBOARD, MM
from hedgerow.cli.stack import Stack, StackOptions
from hedgerow.cli.up import NO_REPLAY, recording_of, summary
from hedgerow.core.errors import HedgerowError, InputError
from hedgerow.core.observe import configure_logs
from hedgerow.net.calls import Caller, CallError
from hedgerow.sim.world import DEMO

_REFRESH_S = 1.0
_PLAIN_EVERY_S = 5.0
_LATEST = 5
_OVER = ("finished", "stopped", "failed")

Show = Callable[[View], None]


@click.command("demo")
@click.option("--replay", default="generated", show_default=True, help="A recording's file, or `generated[:SEED]`.")
@click.option("--speed", default="5", show_default=True, help="World seconds in a second.")
@click.option("--for", "seconds", help="End by itself after so many seconds.")
@click.option("--port-base", type=click.IntRange(0, 65531), default=0, show_default=True, help="0: free ports.")
@data_dir_option
@json_option
def command(replay: str, speed: str, seconds: str | None, port_base: int, data_dir: Path | None, as_json: bool) -> None:
    """Runs everything against the simulated world, with a match in play, until Ctrl-C.

    Prices come from the simulated pinnacle and are quoted on the simulated exchanges; fills are hedged at once. The
    data folder is made for the run and removed after it, unless one is named.
    """
    recording = recording_of(replay)
    if recording is None:
        raise InputError(f"--replay {NO_REPLAY}: the demo needs a match to play")
    pace = positive_option(speed, "--speed")
    length_s = float(decimal_option(seconds, "--for", least=Decimal(0))) if seconds is not None else None
    configure_logs("demo", "error", readable=True)
    with _folder(data_dir) as folder:
        settings = settings_of(folder)
        options = StackOptions(settings, port_base=port_base, services=(MM, DASHBOARD), expected_followers=1)
        demo = Demo(options, recording, pace, length_s)
        run(until_signalled(demo.run(as_json=as_json)))
    if demo.last is not None:
        told = headline(demo.last)
        emit(told, as_json, "\n".join(f"{name:14} {'-' if value is None else value}" for name, value in told.items()))


class Demo:
    """One run of the demo; `last` is what was seen last."""

    def __init__(self, options: StackOptions, recording: str, speed: Decimal, length_s: float | None) -> None:
        self.last: View | None = None
        self._options, self._recording, self._speed, self._length_s = options, recording, speed, length_s
        self._activated: set[int] = set()

    async def run(self, *, as_json: bool) -> None:
        """Until the match is over, the time is up, or it is cancelled; then everything has stopped."""
        # Where only the summary is to stand on standard output, people are told on the other one.
        console = Console(stderr=as_json)
        console.print("starting the engines, the simulated world and market making ...", highlight=False)
        async with Stack(self._options) as stack:
            where = summary(stack)
            with _display(console, where) as show, contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._length_s):
                    await stack.guard(self._play(stack, show))
            console.print("stopping ...")

    async def _play(self, stack: Stack, show: Show) -> None:
        async with _callers(stack) as (world, mm):
            wanted = {"file": self._recording, "speed": self._speed, "from": "live"}
            await world.post("/sim/replay", wanted)
            while True:
                try:
                    await self._activate(world, mm)
                    self.last = await look(world, mm)
                except HedgerowError as error:  # a service may be on its way back
                    self.last = View.troubled(self.last, str(error))
                show(self.last)
                if self.last.state in _OVER:
                    return
                await asyncio.sleep(_REFRESH_S)

    async def _activate(self, world: Caller, mm: Caller) -> None:
        """Activates the match's tournament as soon as the bookmaker quotes it."""
        progress = await world.get("/sim/replay")
        for fixture in progress["fixtures"]:
            tournament = fixture["tournamentId"]
            if tournament in self._activated:
                continue
            try:
                await mm.post(f"/api/v1/tournaments/{tournament}/activate")
            except CallError as error:
                if error.status not in _NOT_YET:
                    raise
            else:
                self._activated.add(tournament)


_NOT_YET = (404, 409)
"""The tournament is not known yet, or the bookmaker does not quote it yet."""


async def look(world: Caller, mm: Caller) -> View:
    """What the world and market making say now. Raises CallError, Unavailable."""
    progress, state, orders, order_totals, bets, bet_totals, pnl = await asyncio.gather(
        world.get("/sim/replay"),
        world.get("/sim/state"),
        mm.get("/api/v1/orders/open"),
        mm.get("/api/v1/orders/summary"),
        mm.get(f"/api/v1/bets?pageSize={_LATEST}"),
        mm.get("/api/v1/bets/summary"),
        mm.get("/api/v1/pnl"),
    )
    return View.of(progress, state, orders["orders"], order_totals, bets["data"], bet_totals, pnl)


@asynccontextmanager
async def _callers(stack: Stack) -> AsyncIterator[tuple[Caller, Caller]]:
    async with stack.world() as world, Caller("the MM API", stack.mm_url, stack.key("mm", DEMO)) as mm:
        yield world, mm


@contextmanager
def _display(console: Console, where: str) -> Iterator[Show]:
    """Where views are shown: a screen that changes, or a line every few seconds without a terminal."""
    if not console.is_terminal:
        console.print(where, highlight=False, soft_wrap=True)
        shown = 0

        def show_line(view: View) -> None:
            nonlocal shown
            if shown % (_PLAIN_EVERY_S // _REFRESH_S) == 0 or view.state in _OVER:
                console.print(plain(view), highlight=False, soft_wrap=True)
            shown += 1

        yield show_line
        return
    with Live(console=console, auto_refresh=False) as live:
        yield lambda view: live.update(screen(view, where), refresh=True)


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    """The data folder: the one that is named, or a new one that is removed afterwards."""
    if given is not None:
        yield given
        return
    made = Path(tempfile.mkdtemp(prefix="hedgerow-demo-"))
    try:
        made.chmod(0o711)  # the engines' user passes through to what belongs to it
        yield made / "data"
    finally:
        shutil.rmtree(made, ignore_errors=True)
