"""The shell of the documents: every program that is typed is known, and what can be held of it is held."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock
from urllib.parse import urlsplit

from hedgerow.sim.script import ScriptApi

from .commands import check
from .documents import ROOT
from .tools import tool

_ASSIGNMENT = re.compile(r"[A-Z][A-Z_]*=")
_PORTS = {"8001": "abp", "8002": "mm", "8003": "scraping", "8004": "sim"}
_BASES = {"$ABP": "abp", "$MM": "mm", "$SCRAPING": "scraping", "$SIM": "sim"}
_OTHERS = frozenset(
    {
        "apt-get",
        "cd",
        "echo",
        "openssl",
        "pg_dump",
        "pg_restore",
        "python",
        "python3",
        "source",
        "systemctl",
        "systemd-sysusers",
        "wscat",
    }
)
"""Other people's programs, whose words are theirs."""


def hold(words: Sequence[str]) -> None:
    """Raises AssertionError, or the parser's error, for a statement that is not as it could be typed."""
    words = list(words)
    while words and (words[0] in ("sudo", "export") or _ASSIGNMENT.match(words[0])):
        _, is_asked, program = words[0].partition("$(")  # the value may be what a program prints
        words = [program, *words[1:]] if is_asked else words[1:]
    if not words:
        return
    program, rest = Path(words[0]).name, words[1:]
    if program in _OTHERS:
        return
    assert program in _PROGRAMS, f"nothing holds {program}"
    _PROGRAMS[program](rest)


def _hedgerow(words: Sequence[str]) -> None:
    own, _, piped = " ".join(words).partition(" | ")
    if piped:
        hold(piped.split())
        words = own.split()
    check(list(words), is_whole=True)


def _make(words: Sequence[str]) -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {word for word in words if "=" not in word} <= targets


def _files(words: Sequence[str]) -> None:
    """What is read of the repository is there."""
    for word in words:
        if word.startswith(("deploy/", "requirements/")):
            assert (ROOT / word).exists(), word


def _curl(words: Sequence[str]) -> None:
    """The address is an operation of ours, with the method that is used; others' hosts are others'."""
    method = words[words.index("-X") + 1] if "-X" in words else "POST" if "-d" in words else "GET"
    for word in words:
        base, slash, path = word.partition("/") if word.startswith("$") else ("", "", "")
        port = re.match(r"http://127\.0\.0\.1:(\d+)(/.*)", word)
        api = _BASES.get(base) if slash else _PORTS.get(port[1]) if port else None
        if api is not None:
            shown = urlsplit("/" + path if slash else port[2] if port else "").path
            assert any(one == method and template.fullmatch(shown) for one, template in operations()[api]), word


@cache
def operations() -> Mapping[str, list[tuple[str, re.Pattern[str]]]]:
    """Method and path of every operation, by API."""
    described: Mapping[str, Any] = tool("docs_site.services").described()
    pages = tool("docs_site.api_pages")
    found = {
        api: [(one.method.upper(), template(one.path)) for one in pages.operations(service.openapi)]
        for api, service in described.items()
    }
    resources = ScriptApi(AsyncMock(), AsyncMock(), AsyncMock(), AsyncMock()).application().router.resources()
    routes = [(route.method, resource.canonical) for resource in resources for route in resource]
    return found | {"sim": [(method, template(path)) for method, path in routes]}


def template(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path))


_PROGRAMS: Mapping[str, Callable[[Sequence[str]], None]] = {
    "hedgerow": _hedgerow,
    "make": _make,
    "curl": _curl,
    "cp": _files,
    "install": _files,
    "pip": _files,
    "docker": _files,
}
