"""What deploy/ has for systemd and for containers: commands that exist, settings that exist, and bounds that hold."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.docs.commands import check

from hedgerow.cli.services import SERVICES, SETUP_EXIT
from hedgerow.core.config import PREFIX, Settings

ROOT = Path(__file__).resolve().parent.parent.parent
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
PROGRAM = "/opt/hedgerow/bin/hedgerow"
DOCKERFILE = (ROOT / "deploy" / "containers" / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "containers" / "compose.yaml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if service["image"].startswith("hedgerow")}
VARIABLES = {PREFIX + name.upper() for name in Settings.model_fields}
SECRET = re.compile(r"\$\{(\w+)")

HARDENED = {
    "User": "hedgerow",
    "CapabilityBoundingSet": "",
    "NoNewPrivileges": "yes",
    "PrivateDevices": "yes",
    "PrivateTmp": "yes",
    "ProtectHome": "yes",
    "ProtectSystem": "strict",
    "UMask": "0077",
}


class Unit(configparser.RawConfigParser):
    """A unit file, its names as they are written."""

    def __init__(self, path: Path) -> None:
        super().__init__(strict=False, interpolation=None)
        self.optionxform = str  # type: ignore[assignment,method-assign]
        self.read(path)


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_unit_runs_a_command_that_exists(path: Path) -> None:
    words = Unit(path)["Service"]["ExecStart"].replace("%i", "de1").replace("${COUNTRY}", "DE").split()
    assert words[0] == PROGRAM
    check(words[1:], is_whole=True)


def test_every_service_has_a_unit() -> None:
    assert {path.stem for path in UNITS} >= {f"hedgerow-{service.name}" for service in SERVICES}


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_unit_is_hardened_and_started_again_but_for_a_refused_start(path: Path) -> None:
    service = Unit(path)["Service"]
    assert {name: service[name] for name in HARDENED} == HARDENED
    assert (service["Restart"], service["RestartPreventExitStatus"]) == ("on-failure", str(SETUP_EXIT))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing")
def test_systemd_reads_the_units(tmp_path: Path) -> None:
    """With this environment's program in the place of the installed one, which must be there."""
    here = str(Path(sys.executable).parent / "hedgerow")
    for path in UNITS:
        text = path.read_text().replace(PROGRAM, here)
        (tmp_path / path.name.replace("@", "@de1")).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "hedgerow" in line]
    assert (done.returncode, ours) == (0, [])


@pytest.mark.parametrize("name", OURS)
def test_container_runs_a_command_that_exists(name: str) -> None:
    check(OURS[name]["command"], is_whole=True)


@pytest.mark.parametrize("name", OURS)
def test_container_may_do_nothing_but_its_work(name: str) -> None:
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


@pytest.mark.parametrize("name", OURS)
def test_container_is_given_settings_that_exist(name: str) -> None:
    given = OURS[name]["environment"]
    assert set(given) <= VARIABLES
    for variable, value in given.items():
        if "KEY" in variable and not variable.endswith("_FILE"):
            assert SECRET.match(value), f"{variable} stands in the file"


def test_every_service_has_a_container() -> None:
    assert set(OURS) >= {service.name for service in SERVICES}


def test_order_of_the_start_has_no_circle() -> None:
    assert list(in_order(COMPOSE["services"]))[:2] == ["postgres", "nats"]


def in_order(services: dict[str, Any]) -> Iterator[str]:
    """Each after what it depends on, otherwise as written. Raises AssertionError for a circle."""
    waiting = {name: set(service.get("depends_on", ())) for name, service in services.items()}
    while waiting:
        ready = [name for name, needs in waiting.items() if needs.isdisjoint(waiting)]
        assert ready, f"a circle of {', '.join(waiting)}"
        for name in ready:
            yield name
            del waiting[name]


def instructions(text: str) -> list[tuple[str, str]]:
    """Of a Dockerfile, with their continued lines."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", " ").splitlines()
    return [(name, rest) for line in lines if line for name, _, rest in [line.partition(" ")]]


def test_image_is_built_from_files_that_are_there_and_locked_packages() -> None:
    done = instructions(DOCKERFILE)
    copied = [rest.split()[0] for name, rest in done if name == "COPY"]
    assert {"requirements/runtime.txt", "requirements/agent.txt"} < set(copied)
    assert all((ROOT / place).exists() or place.startswith("dist/") for place in copied)
    installs = [part for name, rest in done if name == "RUN" for part in rest.split("&&") if "pip install" in part]
    assert installs
    assert all("--require-hashes" in part or "--no-deps" in part for part in installs)


def test_image_runs_as_an_ordinary_user_from_a_named_version() -> None:
    done = instructions(DOCKERFILE)
    stages = [rest.split()[-1] for name, rest in done if name == "FROM"]
    assert [rest for name, rest in done if name == "USER"] == ["10001"] * (len(stages) - 1)
    bases = [rest.split()[0] for name, rest in done if name == "FROM" and rest.split()[0] not in stages]
    assert all(re.fullmatch(r"[\w./-]+:[\w.-]*\d[\w.-]*", base) for base in bases)
    for name, rest in done:
        if name == "ENTRYPOINT":
            assert rest == '["hedgerow"]'
