"""What a case cannot do from outside, such as having an event end, a command of the operator's does.

It is called as `COMMAND VERB [name=value ...]`, in a shell's words but without a shell:

| verb | what it is to do |
| --- | --- |
| `offer kind=K` | print, as JSON, a Selection whose bets can be settled as K; cases without it use the one given |
| `settle kind=K reference=R` | have the bookmaker settle the bet as K; once more for a correction |
| `hold seconds=S` | bets wait in the bridge so long before they are sent; 0: no more |
| `crash` | the bridge dies at the next bet, after it was stored and before it is sent |
| `restart` | the bridge runs again, on the same address and store |

It ends with 0 when that is done, and with 3 when it cannot: cases that need it are not run.
"""

from __future__ import annotations

import asyncio
import shlex
from typing import Protocol

from hedgerow.core.errors import InputError

_CANNOT = 3
_PATIENCE_S = 60.0
_MOST_SAID = 64 * 1024


class CannotError(Exception):
    """The operator's hook does not do this; the message says what."""


class Hook(Protocol):
    """The operator's side of the cases."""

    async def do(self, verb: str, **given: str) -> str:
        """Answers what it printed. Raises CannotError."""
        ...


class NoHook:
    """Where the operator gave none."""

    async def do(self, verb: str, **given: str) -> str:
        raise CannotError(f"it needs a hook that does {verb!r} (--hook)")


class CommandHook:
    """A command of the operator's."""

    def __init__(self, command: str) -> None:
        """Raises InputError for a command that cannot be read."""
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise InputError(f"the hook {command!r} is no command: {error}") from None
        if not self._words:
            raise InputError("the hook is no command")

    async def do(self, verb: str, **given: str) -> str:
        words = [*self._words, verb, *(f"{name}={value}" for name, value in given.items())]
        try:
            child = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
        except OSError as error:
            raise CannotError(f"the hook cannot be started: {error.strerror}") from None
        try:
            async with asyncio.timeout(_PATIENCE_S):
                out, _ = await child.communicate()
        except TimeoutError:
            raise CannotError(f"the hook did not end {verb!r} within {_PATIENCE_S:.0f} s") from None
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        if child.returncode == _CANNOT:
            raise CannotError(f"the hook cannot do {verb!r}{_of(given)}")
        if child.returncode:
            raise CannotError(f"the hook failed at {verb!r}{_of(given)}: exit {child.returncode}")
        return out[:_MOST_SAID].decode(errors="replace").strip()


def _of(given: dict[str, str]) -> str:
    return f" ({', '.join(f'{name} {value}' for name, value in given.items())})" if given else ""
