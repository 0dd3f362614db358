"""Turns into an engine: drops root's rights, ties its life to the parent's, then executes the program.

Run by path, with the standard library alone, so that it starts in milliseconds and works whatever is installed:

    python -I -S launcher.py --parent PID --death-signal N [--user NAME] [--need PATH]... -- PROGRAM [ARGUMENT]...

Not for anything but child processes of this host: it uses Linux's prctl and capabilities.
Sources: prctl(2), PR_SET_CHILD_SUBREAPER(2const), capabilities(7), capset(2), access(2); docs/decisions/0003.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import pwd
import sys
from collections.abc import Sequence
from pathlib import Path

EXIT_CODE = 97
"""The launcher's own failure; its last line on stderr, after `PREFIX`, says why."""
PREFIX = "launcher: "

# Numbers of <linux/prctl.h> and <linux/capability.h>.
_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_SET_CHILD_SUBREAPER = 36
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2

# The weaker first: reading and searching suffices unless a program's file itself is closed, or a container's bounding
# set has only the other one.
_HELPFUL = (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE)
_HELPFUL_MASK = 1 << _CAP_DAC_READ_SEARCH | 1 << _CAP_DAC_OVERRIDE

_libc = ctypes.CDLL(None, use_errno=True)


class LaunchError(Exception):
    """The program cannot be started as asked; the message says why and what to do."""


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Word(ctypes.Structure):
    """32 capabilities; version 3 of the interface has two words, and ours are in the first."""

    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def become(user: str, needs: Sequence[str]) -> None:
    """Becomes `user`, with no capability, or with the one that it takes to reach the needed paths.

    Folders above a data folder or a virtual environment may be closed to the user (/root is); their modes are not
    ours to change. Raises LaunchError when the paths cannot be reached either way.
    """
    _prctl(_PR_SET_KEEPCAPS, 1)
    try:
        account = pwd.getpwnam(user)
        os.initgroups(user, account.pw_gid)
        os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
        os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
    except KeyError:
        raise LaunchError(f"there is no user {user}") from None
    except OSError as error:
        raise LaunchError(f"cannot become user {user}: {error.strerror}") from None
    closed = next((path for path in needs if not os.access(path, os.X_OK)), None)
    if closed is None:
        _set_capabilities(effective=0, permitted=0, inheritable=0)
    elif not any(_suffices(capability, needs) for capability in _HELPFUL):
        raise LaunchError(
            f"user {user} cannot reach {_closed_part(Path(closed))}, and no capability that lets it is at hand; "
            "open that folder to the user (chmod o+x), or choose another data folder or HEDGEROW_ENGINE_USER"
        )


def die_with(parent: int, signal_number: int) -> None:
    """The kernel sends this process the signal as soon as the parent's thread that started it is gone.

    Called after the change of user, which clears the setting. Raises LaunchError when the parent is gone already:
    then no signal would come.
    """
    _prctl(_PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent:
        raise LaunchError(f"the parent process {parent} is gone")


def adopt_orphans(*, do: bool) -> None:
    """Whether this process becomes the parent of what its children leave behind from now on, in the place of init.
    What was adopted stays. Raises LaunchError."""
    _prctl(_PR_SET_CHILD_SUBREAPER, int(do))


def _suffices(capability: int, needs: Sequence[str]) -> bool:
    """Whether the paths can be reached with this capability; it is then the only one, and passes through exec."""
    alone = 1 << capability
    try:
        _set_capabilities(effective=alone, permitted=_permitted() & _HELPFUL_MASK, inheritable=0)
        if not all(os.access(path, os.X_OK, effective_ids=True) for path in needs):
            return False
        _set_capabilities(effective=alone, permitted=alone, inheritable=alone)
        _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability)
    except LaunchError:
        return False
    return True


def _permitted() -> int:
    words = (_Word * 2)()
    _check("capget", _libc.capget(ctypes.byref(_Header(_CAPABILITY_VERSION_3, 0)), words))
    return int(words[0].permitted)


def _set_capabilities(*, effective: int, permitted: int, inheritable: int) -> None:
    words = (_Word * 2)(_Word(effective, permitted, inheritable), _Word(0, 0, 0))
    _check("capset", _libc.capset(ctypes.byref(_Header(_CAPABILITY_VERSION_3, 0)), words))


def _prctl(option: int, first: int, second: int = 0) -> None:
    arguments = (ctypes.c_ulong(value) for value in (first, second, 0, 0))
    _check(f"prctl {option}", _libc.prctl(option, *arguments))


def _check(call: str, result: int) -> None:
    if result != 0:
        raise LaunchError(f"{call} is refused by this system: {os.strerror(ctypes.get_errno())}")


def _closed_part(path: Path) -> Path:
    """The first folder on the way to the path, or the path itself, that this process may not enter."""
    return next((part for part in (*reversed(path.parents), path) if not os.access(part, os.X_OK)), path)


def main(arguments: Sequence[str]) -> None:
    """Becomes the program; returns only by an exception."""
    parser = argparse.ArgumentParser(prog="launcher")
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--death-signal", type=int, required=True)
    parser.add_argument("--user")
    parser.add_argument("--need", action="append", default=[])
    parser.add_argument("program", nargs="+")
    options = parser.parse_args(arguments)
    if options.user:
        become(options.user, [options.program[0], *options.need])
    die_with(options.parent, options.death_signal)
    try:
        os.execv(options.program[0], options.program)  # noqa: S606
    except OSError as error:
        raise LaunchError(f"{options.program[0]} cannot be executed: {error.strerror}") from None


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except LaunchError as error:
        sys.stderr.write(f"{PREFIX}{error}\n")
        sys.exit(EXIT_CODE)
