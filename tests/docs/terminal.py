"""A terminal for what the documents show: shell, Python and JavaScript, run as they stand.

Only addresses are replaced, since every deployment of the tests has its own, and nothing else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.node import NO_NODE
from tests.patience import PATIENCE_S

from .documents import Block

_LOOK_EVERY_S = 1.0  # a key has 60 requests a minute


@dataclass(frozen=True, slots=True)
class Deployment:
    """folder: where it was started; told: its ready file."""

    folder: Path
    told: dict[str, Any]

    def addresses(self) -> dict[str, str]:
        """Where a deployment listens by default, and where this one does."""
        return {
            "http://127.0.0.1:8001": self.told["abp"]["url"],
            "http://127.0.0.1:8002": self.told["mm"]["url"],
            "http://127.0.0.1:8003": self.told["scraping"]["url"],
            "http://127.0.0.1:8004": self.told["sim"]["url"],
        }


@dataclass(slots=True)
class Terminal:
    """replaced: texts and what stands for them here. Variables that a block sets are there for the next. typescript:
    the built client, beside whose packages TypeScript is compiled."""

    folder: Path
    replaced: Mapping[str, str]
    node_modules: Path | None = None
    typescript: Path | None = None
    environment: dict[str, str] = field(default_factory=lambda: _activated(os.environ))

    def run(self, block: Block) -> str:
        """What a block prints."""
        done = subprocess.run(
            self.command(block),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, f"{block.text}\n{done.stdout}{done.stderr}"
        if block.language in _SHELLS:
            self._keep_variables()
        return done.stdout

    def start(self, block: Block) -> subprocess.Popen[str]:
        """A block that runs until it is ended; its output can be read line by line."""
        return subprocess.Popen(
            self.command(block), cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True
        )

    def command(self, block: Block) -> list[str]:
        """The program that runs a block, with the block."""
        text = block.text
        for shown, here in self.replaced.items():
            text = text.replace(shown, here)
        match block.language:
            case "python":
                return [sys.executable, "-u", "-c", text]
            case "javascript":
                assert self.node_modules is not None, NO_NODE
                self.environment["NODE_PATH"] = str(self.node_modules)
                return ["node", "-e", text]
            case "typescript":
                return self._compiled(text)
            case _:
                return ["bash", "-aeuc", f"{text}\nenv -0 > {self._variables}"]

    def _compiled(self, text: str) -> list[str]:
        """The program that runs a module, which the compiler has taken without a word."""
        assert self.typescript is not None, NO_NODE
        packages = self.folder / "node_modules"
        if not packages.exists():
            packages.mkdir()
            (packages / "hedgerow-client").symlink_to(self.typescript)
            (packages / "@types").symlink_to(self.typescript / "node_modules" / "@types")
        (self.folder / "page.mts").write_text(text)
        compiler = self.typescript / "node_modules" / ".bin" / "tsc"
        options = ["--strict", "--module", "nodenext", "--target", "es2022", "--types", "node", "--skipLibCheck"]
        done = subprocess.run(
            [compiler, *options, "page.mts"], cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}"
        return ["node", "page.mjs"]

    @property
    def _variables(self) -> Path:
        return self.folder / "variables"

    def _keep_variables(self) -> None:
        pairs = (pair.partition("=") for pair in self._variables.read_text().split("\0") if pair)
        self.environment = {name: value for name, _, value in pairs}


_SHELLS = ("sh", "bash")


def _activated(environment: Mapping[str, str]) -> dict[str, str]:
    """With the commands of the virtual environment that runs the tests."""
    return {**environment, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"}


def wait(condition: Callable[[], bool], every_s: float = 0.05) -> None:
    """Until it is true, which has to be soon."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(every_s)


def run_page(blocks: list[Block], terminal: Terminal) -> None:
    """Runs the blocks of a page one after the other. A JSON block after one is a part of its answer, a text block all
    that it prints; what only reads is read again until it is so. Without node the rest is run, and the test skipped."""
    with_node = {"javascript": terminal.node_modules, "typescript": terminal.typescript}
    can_run = {*_SHELLS, "python", *(language for language, packages in with_node.items() if packages)}
    for number, block in enumerate(blocks):
        if block.language not in can_run or block.text.startswith("hedgerow "):
            continue
        shown = blocks[number + 1] if number + 1 < len(blocks) else Block("", "")
        check(block, shown, terminal)
    if any(block.language in with_node and block.language not in can_run for block in blocks):
        pytest.skip(NO_NODE)


def check(block: Block, shown: Block, terminal: Terminal) -> None:
    """Runs a block and holds what comes to what is shown."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        out = terminal.run(block)
        is_shown = _is_shown(out, shown)
        if is_shown or not _only_reads(block) or time.monotonic() > deadline:
            break
        time.sleep(_LOOK_EVERY_S)
    assert is_shown, f"{block.text}\nprinted\n{out}\nand not\n{shown.text}"


def _only_reads(block: Block) -> bool:
    return block.language == "sh" and not any(word in block.text for word in ("-X", "-d "))


def _is_shown(out: str, shown: Block) -> bool:
    match shown.language:
        case "json":
            return is_part(exact(shown.text), exact(out))
        case "text":
            return [line.rstrip() for line in out.splitlines()] == shown.text.splitlines()
        case _:
            return True


def exact(text: str) -> Any:
    """JSON with its numbers digit for digit."""
    return json.loads(text, parse_float=Decimal)


def is_part(shown: Any, whole: Any) -> bool:
    """Whether an answer has what is shown of it: objects may have more, lists may not."""
    if isinstance(shown, dict):
        return isinstance(whole, dict) and all(
            name in whole and is_part(value, whole[name]) for name, value in shown.items()
        )
    if isinstance(shown, list):
        return (
            isinstance(whole, list)
            and len(shown) == len(whole)
            and all(is_part(one, other) for one, other in zip(shown, whole, strict=True))
        )
    return bool(shown == whole)


def has_shape(shown: Any, served: Any) -> bool:
    """Whether an answer has all names that are shown, with values of the same kind or null."""
    match shown:
        case dict():
            return isinstance(served, dict) and all(
                name in served and (served[name] is None or has_shape(value, served[name]))
                for name, value in shown.items()
            )
        case [first, *_]:
            return isinstance(served, list) and all(has_shape(first, one) for one in served)
        case bool() | str():
            return type(served) is type(shown)
        case int() | float():
            return isinstance(served, int | float) and not isinstance(served, bool)
    return True
