"""The wheel: what it carries, and that the command works from it alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.docs.tools import BUILD_S, built_site

from hedgerow.venues.registry import all_venues

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.timeout(BUILD_S)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `make wheel` builds it."""
    built_site()
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    [found] = folder.glob("*.whl")
    return found


def ran(command: list[str], folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """What a command prints, in a folder that is not the repository's."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("HEDGEROW_", "PYTHONPATH"))}
    done = subprocess.run(
        command, cwd=folder, env=ours | dict(environment or {}), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_wheel_carries_all_that_is_no_code(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    carried = {name.removeprefix("hedgerow/") for name in names}
    folder = ROOT / "src" / "hedgerow"
    data = [
        path for path in folder.rglob("*") if path.suffix in (".sql", ".toml", ".txt") and "built" not in path.parts
    ]
    assert len(data) > 20
    assert {path.relative_to(folder).as_posix() for path in data} <= carried
    assert {"documentation/built/docs/index.html", "documentation/built/llms.txt", "py.typed"} <= carried
    assert not [name for name in names if name.startswith("tests/")]


def test_command_works_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    """Beside this environment's packages, before its own source."""
    place = tmp_path / "place"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(place)]
    ran([*install, str(wheel)], tmp_path)
    environment = {"PYTHONPATH": str(place)}
    where = ran([sys.executable, "-c", "import hedgerow; print(hedgerow.__file__)"], tmp_path, environment)
    assert Path(where.strip()).is_relative_to(place)
    assert "hedgerow demo" in ran([sys.executable, "-m", "hedgerow", "--help"], tmp_path, environment)
    listed = json.loads(ran([sys.executable, "-m", "hedgerow", "venues", "list", "--json"], tmp_path, environment))
    assert len(listed) == len(all_venues())


@pytest.mark.soak
def test_wheel_installs_into_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    """With what requirements/runtime.txt names and nothing else."""
    venv.create(tmp_path / "empty", with_pip=True)
    programs = tmp_path / "empty" / "bin"
    locked = ["--require-hashes", "--only-binary", ":all:", "-r", str(ROOT / "requirements" / "runtime.txt")]
    ran([str(programs / "pip"), "install", "--quiet", *locked], tmp_path)
    ran([str(programs / "pip"), "install", "--quiet", "--no-deps", str(wheel)], tmp_path)
    assert "Commands:" in ran([str(programs / "hedgerow"), "--help"], tmp_path)
    told = json.loads(ran([str(programs / "hedgerow"), "doctor", "--json"], tmp_path))
    assert told
