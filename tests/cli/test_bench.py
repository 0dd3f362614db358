"""`hedgerow bench` as scripts use it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from hedgerow import bench
from hedgerow.cli.main import cli
from hedgerow.core.errors import SetupError


def test_json_is_one_object_and_a_missed_target_is_no_failure() -> None:
    done = CliRunner().invoke(cli, ["bench", "decode", "--json", "--runs", "1", "--scale", "0.01"])
    told = json.loads(done.stdout)
    assert (told["name"], told["runs"]) == ("decode", 1)
    assert isinstance(told["met"], bool)
    assert done.exit_code == 0


def test_table_shows_every_ratio() -> None:
    done = CliRunner().invoke(cli, ["bench", "decode", "--runs", "1", "--scale", "0.01"])
    assert "165 KB" in done.output
    assert done.stderr == "measuring decode ...\n"


def test_unknown_bench_is_refused_with_the_names_that_there_are() -> None:
    done = CliRunner().invoke(cli, ["bench", "nonesuch"])
    assert done.exit_code == 2
    assert "decode" in done.output


def test_of_all_benches_one_that_cannot_run_here_is_told_and_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(name: str, *_: object) -> dict[str, object]:
        if name == "tick-to-order":
            raise SetupError("no baseline is installed", "install it")
        return {"name": name}

    monkeypatch.setattr(bench, "run", run)
    done = CliRunner().invoke(cli, ["bench", "--json"])
    measured = [json.loads(line)["name"] for line in done.stdout.splitlines()]
    assert measured == [name for name in bench.NAMES if name != "tick-to-order"]
    assert "tick-to-order is not measured: no baseline is installed; install it" in done.stderr
    assert done.exit_code == 1
