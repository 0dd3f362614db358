"""benches boot and memory: what they report, and that they look at the right processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hedgerow import bench
from hedgerow.bench import memory
from hedgerow.bench.deployment import Deployment, simulated
from hedgerow.bench.memory import resident_mib
from hedgerow.core.errors import SetupError


@contextmanager
def _started(_: Path) -> Iterator[Deployment]:
    """Stands for a deployment that took two seconds."""
    yield Deployment({"mm": os.getpid()}, 2.0)


def test_boot_is_held_against_its_seconds_and_no_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hedgerow.bench.boot.simulated", _started)
    told = bench.run("boot", runs=1)
    assert (told["ours"], told["baseline"], told["target"], told["met"]) == (2.0, None, 5.0, True)


def test_memory_is_told_of_each_process_and_of_the_engine_with_quotes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hedgerow.bench.memory.simulated", _started)
    told = bench.run("memory", scale=0.01, runs=1)
    cases = {row["case"]: row for row in told["ratios"]}
    assert list(cases) == ["mm, idle", "engine, 50 quotes"]
    assert all(row["ours"] > 10 and row["target"] is None for row in cases.values())


_PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "held = b'x' * 50_000_000; print(); input()"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
input()
child.kill()
"""


def test_memory_of_a_process_holds_what_it_started_unless_that_is_counted_apart() -> None:
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert resident_mib(parent.pid) - resident_mib(parent.pid, without=[child]) > 45
        parent.communicate(b"\n")


def test_process_that_ends_while_it_is_looked_for_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    monkeypatch.setattr(memory, "_children", lambda pid, without: [child.pid])
    assert resident_mib(os.getpid()) > 10
    with pytest.raises(FileNotFoundError):
        resident_mib(child.pid)


@pytest.mark.soak
def test_deployment_answers_and_is_gone_afterwards(tmp_path: Path) -> None:
    with simulated(tmp_path) as deployment:
        assert deployment.ready_s > 0
        assert {"mm", "abp", "sim", "up"} <= deployment.pids.keys()
    assert not [name for name, pid in deployment.pids.items() if Path(f"/proc/{pid}").exists()]


def test_deployment_that_cannot_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(SetupError, match="did not start"), simulated(tmp_path):
        pass
