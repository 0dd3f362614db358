"""`hedgerow bench` as scripts use it."""

from __future__ import annotations

import json

from click.testing import CliRunner

from hedgerow.cli.main import cli


def test_json_is_one_object_and_a_missed_target_is_no_failure() -> None:
    done = CliRunner().invoke(cli, ["bench", "decode", "--json", "--runs", "1", "--scale", "0.01"])
    told = json.loads(done.output)
    assert (told["name"], told["runs"]) == ("decode", 1)
    assert isinstance(told["met"], bool)
    assert done.exit_code == 0


def test_table_shows_every_ratio() -> None:
    done = CliRunner().invoke(cli, ["bench", "decode", "--runs", "1", "--scale", "0.01"])
    assert "165 KB" in done.output


def test_unknown_bench_is_refused_with_the_names_that_there_are() -> None:
    done = CliRunner().invoke(cli, ["bench", "nonesuch"])
    assert done.exit_code == 2
    assert "decode" in done.output
