"""This process's name among all of a deployment, and whether another of the same machine still runs.

A name holds what tells a process from every other: the machine's boot, the namespace of process numbers, the number,
and when it started, for numbers are used again. Source: proc(5), `/proc/[pid]/stat` fields 3 and 22.
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path

_NOWHERE = "?"
"""The machine of a process on a system that does not tell; nobody's death is concluded from it."""
_ENDED = frozenset({"Z", "X", "x"})


def own_name() -> str:
    """Of this process; another one at each call, so that a second life in one process is not the first."""
    pid = os.getpid()
    started, _ = _status(pid) or (0, "")
    return f"{_machine()}/{pid}/{started}/{uuid.uuid4().hex[:8]}"


def has_ended(name: str) -> bool:
    """Whether the process of that name surely runs no more: it was on this machine, and is not there. False: it may
    run."""
    machine, pid, started, _ = name.split("/")
    if machine == _NOWHERE or machine != _machine():
        return False
    found = _status(int(pid))
    return found is None or found[0] != int(started) or found[1] in _ENDED


def _machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}:{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return _NOWHERE


def _status(pid: int) -> tuple[int, str] | None:
    """When the process started, in ticks since the boot, and its state; None: there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return int(fields[19]), fields[0]
