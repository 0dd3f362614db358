"""`hedgerow emergency`: the switches over the whole deployment."""

from __future__ import annotations

from pathlib import Path

import click

from hedgerow.cli.context import asynchronous, data_dir_option, operator
from hedgerow.cli.output import emit, json_option
from hedgerow.mm.controls import SystemSwitch
from hedgerow.operating import shapes


@click.group("emergency")
def command() -> None:
    """Stops trading everywhere, and lets it go on. The state survives restarts and is told to every client.

    \b
    hedgerow emergency on --reason "feed looks wrong"     cancels everything everywhere
    hedgerow emergency off                                releases every switch
    hedgerow emergency status --json
    """


_reason = click.option("--reason", help="Why; shown to every client.")


@command.command("on")
@_reason
@data_dir_option
@json_option
@asynchronous
async def on(reason: str | None, data_dir: Path | None, as_json: bool) -> None:
    """Cancels every order everywhere and places nothing."""
    await _turn(SystemSwitch.EMERGENCY, reason, data_dir, as_json)


@command.command("stop")
@_reason
@data_dir_option
@json_option
@asynchronous
async def stop(reason: str | None, data_dir: Path | None, as_json: bool) -> None:
    """Stops market making for all clients: resting orders are cancelled, fills are still hedged."""
    await _turn(SystemSwitch.STOP, reason, data_dir, as_json)


@command.command("soft-pause")
@_reason
@data_dir_option
@json_option
@asynchronous
async def soft_pause(reason: str | None, data_dir: Path | None, as_json: bool) -> None:
    """Pauses market making for all clients: resting orders are cancelled, fills are still hedged."""
    await _turn(SystemSwitch.SOFT_PAUSE, reason, data_dir, as_json)


@command.command("off")
@data_dir_option
@json_option
@asynchronous
async def off(data_dir: Path | None, as_json: bool) -> None:
    """Releases all of these switches. Clients' own pauses and stops stay."""
    await _turn(SystemSwitch.CLEAR, None, data_dir, as_json)


@command.command("status")
@data_dir_option
@json_option
@asynchronous
async def status(data_dir: Path | None, as_json: bool) -> None:
    """Which switches are on, since when, and why."""
    async with operator(data_dir) as op:
        emit(shapes.system(await op.office.system()), as_json)


async def _turn(switch: SystemSwitch, reason: str | None, data_dir: Path | None, as_json: bool) -> None:
    async with operator(data_dir) as op:
        emit(shapes.system(await op.office.turn_system(switch, reason)), as_json)
