"""The process that services are forked from at the start of a deployment: what they have in common is read once.

It has one thread, no loop and no connection but that of the supervisor (`cli.forks`), who is asked for every step:

1. The supervisor sends an `Order`. What the service shares with others is imported, as far as it is not yet.
2. A process is forked by way of another one that ends at once, so that the supervisor, who adopts orphans meanwhile,
   becomes its parent. The supervisor is told its id.
3. The process waits until the supervisor says that it knows it. One that nobody knows of ends by itself.

The server ends when the supervisor hangs up, or by whatever goes wrong in it: the supervisor then starts services as
usual. Sources: fork(2), PR_SET_CHILD_SUBREAPER(2const), proc_pid_cmdline(5), Python's `gc.freeze`;
docs/decisions/0282.
"""

from __future__ import annotations

import gc
import importlib
import os
import select
import socket
import sys
from contextlib import suppress
from pathlib import Path
from signal import SIGTERM

import msgspec

from hedgerow.bus import launcher

SIZE = 4
"""Bytes of a number on the connection, big-endian: the length before an order, a process's id as the answer."""
KNOWN = b"k"
"""The supervisor's word for a process that it has taken."""
ROOM = "-" * 400
"""An argument of the server's own. A process writes its own arguments over it, so that `ps` tells what it is."""

_FIRST = "hedgerow.cli.serve"
_CODE = {
    "abp": "hedgerow.abp.serve",
    "mm": "hedgerow.mm.serve",
    "gateway": "hedgerow.scraping.gateway.serve",
    "operator": "hedgerow.operating.serve",
    "agent": "hedgerow.scraping.agent.serve",
}
"""By service: what is read before the fork. The world and the dashboard read what they alone need after it."""
_VENUES = "hedgerow.venues.registry"
_WORLD = ["serve", "sim"]
"""Begins first and shares next to nothing with the others."""


class Order(msgspec.Struct, frozen=True):
    """What is to run: the arguments of `hedgerow`, all of its environment, where its output goes, where it works."""

    arguments: list[str]
    environment: dict[str, str]
    log: str
    folder: str


def main() -> None:
    """Arguments: the connection's descriptor, the supervisor's process id, the services' names, `ROOM`."""
    descriptor, parent, names = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].split(",")
    code = [_CODE[name] for name in names if name in _CODE]
    gc.disable()  # what is read here stays
    with socket.socket(fileno=descriptor) as supervisor:
        order = _forked_for(supervisor, [*code, _VENUES])
    if order is None:
        os._exit(0)  # to take apart what was read takes longer than the supervisor may wait
    _become(order, parent)


def _forked_for(supervisor: socket.socket, code: list[str]) -> Order | None:
    """Reads the code, and forks what is ordered. Answers the order in a forked process, and None in the server when the
    supervisor hangs up."""
    importlib.import_module(_FIRST)
    unread = code[::-1]
    while True:
        while unread and not select.select([supervisor], [], [], 0)[0]:
            _read(unread.pop())
        length = supervisor.recv(SIZE, socket.MSG_WAITALL)
        if not length:
            return None
        order = msgspec.json.decode(supervisor.recv(int.from_bytes(length), socket.MSG_WAITALL), type=Order)
        while unread and order.arguments[: len(_WORLD)] != _WORLD:
            _read(unread.pop())
        if not _fork(supervisor):
            return order


def _read(name: str) -> None:
    module = importlib.import_module(name)
    if name == _VENUES:
        module.all_venues()


def _fork(supervisor: socket.socket) -> bool:
    """True in the server, False in the forked process once the supervisor knows it. Raises OSError where the system
    forks nothing or the supervisor is gone."""
    gc.freeze()  # a search for garbage would write to all that is shared, and so copy it
    told, tells = os.pipe()
    waits, releases = os.pipe()
    between = os.fork()
    if between == 0:
        pid = os.fork()
        if pid:
            os.write(tells, pid.to_bytes(SIZE))
            os._exit(0)
        for descriptor in (told, tells, releases):
            os.close(descriptor)
        with os.fdopen(waits, "rb") as word:
            if word.read() != KNOWN:
                os._exit(0)
        return False
    for descriptor in (tells, waits):
        os.close(descriptor)
    os.waitpid(between, 0)  # when it is gone, the supervisor has its child
    with os.fdopen(told, "rb") as answer, os.fdopen(releases, "wb") as release:
        supervisor.sendall(answer.read(SIZE) or _not_forked())
        release.write(supervisor.recv(len(KNOWN)))
    return True


def _become(order: Order, parent: int) -> None:
    """Turns a forked process into the service, as if it had been started by itself, and runs it."""
    os.setsid()
    launcher.die_with(parent, SIGTERM)
    log = os.open(order.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    os.close(log)
    os.environ.clear()
    os.environ.update(order.environment)
    os.chdir(order.folder)
    sys.argv = ["hedgerow", *order.arguments]
    _show([sys.executable, "-m", *sys.argv])
    gc.enable()
    from hedgerow.cli.main import main as hedgerow

    hedgerow()


def _not_forked() -> bytes:
    raise OSError("no process could be forked")


def _show(command: list[str]) -> None:
    """Writes a command over the arguments that the process was started with, where the system lets it."""
    fields = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    begin, end = (int(field) for field in fields[45:47])  # arg_start and arg_end, counted from the third field
    shown = "\0".join(command).encode()[: end - begin - 1]
    with suppress(OSError), Path("/proc/self/mem").open("r+b", buffering=0) as memory:
        memory.seek(begin)
        memory.write(shown.ljust(end - begin, b"\0"))


if __name__ == "__main__":
    main()
