"""Linters that nobody here wrote find nothing in what deploy/ has for containers, and find what is wrong elsewhere."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

CONTAINERS = Path(__file__).resolve().parent.parent.parent / "deploy" / "containers"

pytestmark = pytest.mark.timeout(600)  # the environment may have to be built


def found(witness_python: str, linter: str, *arguments: str) -> str:
    """What a linter of the witnesses' environment complains about; nothing where it is content."""
    command = [str(Path(witness_python).with_name(linter)), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def in_compose(witness_python: str, path: Path) -> str:
    return found(witness_python, "check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(path))


def test_compose_file_is_as_the_specification_has_it(witness_python: str, tmp_path: Path) -> None:
    assert in_compose(witness_python, CONTAINERS / "compose.yaml") == ""
    wrong = tmp_path / "compose.yaml"
    wrong.write_text((CONTAINERS / "compose.yaml").read_text().replace("image:", "picture:"))
    assert "picture" in in_compose(witness_python, wrong)


def test_container_file_follows_the_rules_of_hadolint(witness_python: str, tmp_path: Path) -> None:
    assert found(witness_python, "hadolint", str(CONTAINERS / "Dockerfile")) == ""
    wrong = tmp_path / "Dockerfile"
    wrong.write_text("FROM debian:latest\nRUN cd /tmp && apt-get install curl\n")
    assert "DL3007" in found(witness_python, "hadolint", str(wrong))
