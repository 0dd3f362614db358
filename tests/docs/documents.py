"""The documents as the tests read them: pages, their code blocks, their commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")


@dataclass(frozen=True, slots=True)
class Block:
    language: str
    text: str


def name_of(page: Path) -> str:
    """As it stands in a test's name."""
    return str(page.relative_to(ROOT))


def blocks(text: str, language: str = "") -> list[Block]:
    """The fenced blocks, of one language or of all."""
    found = [Block(match[1], match[2]) for match in _FENCE.finditer(text)]
    return [block for block in found if language in ("", block.language)]


def prose(text: str) -> str:
    """The text without its fenced blocks."""
    return _FENCE.sub("", text)


def inline_code(text: str) -> list[str]:
    return [" ".join(match[1].split()) for match in _CODE.finditer(prose(text))]


def statements(shell: str) -> Iterator[list[str]]:
    """The commands of a shell block as words: one a line, unless a quote or a backslash goes over the line's end."""
    waiting = ""
    for line in shell.splitlines():
        waiting += line
        if waiting.endswith("\\"):
            waiting = waiting[:-1]
            continue
        try:
            words = shlex.split(waiting, comments=True)
        except ValueError:  # a quote is open
            waiting += "\n"
            continue
        waiting = ""
        if words:
            yield words
    assert not waiting, f"no end of {waiting}"


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one."""
    _, _, below = text.partition(f"\n{heading}\n")
    assert below, f"there is no {heading}"
    return re.split(r"^#", below, maxsplit=1, flags=re.MULTILINE)[0]
