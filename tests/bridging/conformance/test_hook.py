"""The operator's command: what it prints, what it cannot do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hedgerow.bridging.conformance.hook import CannotError, CommandHook, NoHook
from hedgerow.core.errors import InputError


@pytest.fixture
def command(tmp_path: Path) -> str:
    program = tmp_path / "hook.py"
    program.write_text(
        "import sys\nverb, *given = sys.argv[1:]\nprint(verb, *given)\nsys.exit({'crash': 3}.get(verb, 0))"
    )
    return f"{sys.executable} {program}"


async def test_a_command_is_told_the_verb_and_what_is_given(command: str) -> None:
    assert (
        await CommandHook(command).do("settle", kind="WON", reference="r; true") == "settle kind=WON reference=r; true"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [("{command}", "the hook cannot do 'crash'"), ("/nowhere", "cannot be started"), ("false", "failed at 'crash'")],
)
async def test_what_a_command_cannot_do_is_said(command: str, text: str, why: str) -> None:
    with pytest.raises(CannotError, match=why):
        await CommandHook(text.format(command=command)).do("crash")


@pytest.mark.parametrize("text", ["", "'"])
def test_what_is_no_command_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        CommandHook(text)


async def test_without_a_hook_the_missing_verb_is_named() -> None:
    with pytest.raises(CannotError, match="needs a hook that does 'hold'"):
        await NoHook().do("hold", seconds="2")
