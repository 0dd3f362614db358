"""`hedgerow bench`: how fast it is, measured here against plain baselines."""

from __future__ import annotations

import sys
from typing import Any

import click

from hedgerow import bench
from hedgerow.cli.output import emit, json_option
from hedgerow.core.errors import HedgerowError
from hedgerow.core.observe import configure_logs


@click.command("bench")
@click.argument("name", type=click.Choice(bench.NAMES), required=False)
@click.option("--runs", type=click.IntRange(1), default=bench.RUNS, show_default=True, help="Of each side, in turns.")
@click.option("--scale", type=click.FloatRange(0, min_open=True), default=1.0, help="Multiplies the work.")
@json_option
def command(name: str | None, runs: int, scale: float, as_json: bool) -> None:
    """Measures one part, or all, against a baseline in the same run.

    A missed target is told ("met"), and is no error: the exit code is 0 when everything was measured. Of all benches,
    one that cannot run here is told and passed over.

    \b
    hedgerow bench                          all of them, one after the other
    hedgerow bench decode --json            one object, for scripts
    hedgerow bench tick-to-order --scale 4  with the curve over four times the fixtures
    """
    configure_logs("cli", "warning", readable=True)
    if name is not None:
        _measure(name, scale, runs, as_json=as_json)
    elif not _measure_all(scale, runs, as_json=as_json):
        sys.exit(1)


def _measure(name: str, scale: float, runs: int, *, as_json: bool) -> None:
    click.echo(f"measuring {name} ...", err=True)
    found = bench.run(name, scale, runs)
    if as_json:
        emit(found, as_json)
    else:
        _show(found)


def _measure_all(scale: float, runs: int, *, as_json: bool) -> bool:
    """Whether every bench could be measured: for some a program is needed that may not be there."""
    measured = True
    for name in bench.NAMES:
        try:
            _measure(name, scale, runs, as_json=as_json)
        except HedgerowError as error:
            click.echo(f"{name} is not measured: {error}", err=True)
            measured = False
    return measured


def _show(found: dict[str, Any]) -> None:
    click.echo(f"{found['name']}, {found['unit']}, medians of {found['runs']} runs on {found['machine']}")
    emit(found["ratios"], as_json=False)
    if "curve" in found:
        emit(found["curve"], as_json=False)
    for reason in found.get("skipped", ()):
        click.echo(f"not compared: {reason}")
