"""A RabbitMQ of one's own, for the bench and for the tests of `/amqp`: on free ports, with its files in a folder, and
nothing of it left afterwards. Source: RabbitMQ's documentation, "Configuration" (environment variables)."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from hedgerow.bus.engines.engine import free_port
from hedgerow.core.errors import SetupError

SERVER = "usr/lib/rabbitmq/bin/rabbitmq-server"
_ROOTS = (Path("/"), Path(".rabbitmq/root"))
"""Of the machine, and where the tests unpack one."""
_WITHIN_S = 90.0
_CONFIG = """listeners.tcp.1 = 127.0.0.1:{port}
loopback_users = none
log.file.level = warning
"""


def root() -> Path:
    """Below which the programs are. Raises SetupError."""
    found = next((root.absolute() for root in _ROOTS if (root / SERVER).exists()), None)
    if found is None:
        remedy = "as root: apt-get install --no-install-recommends rabbitmq-server"
        raise SetupError("RabbitMQ is not installed", remedy)
    return found


@contextmanager
def running(root: Path, folder: Path, more: str = "", schedulers: int | None = None) -> Iterator[int]:
    """Its port, for the length of the block. folder: its own. more: lines of its configuration. schedulers: of Erlang;
    None: as many as processors. Raises SetupError."""
    port, epmd_port, dist_port = (free_port() for _ in range(3))
    (folder / "rabbit.conf").write_text(_CONFIG.format(port=port) + more)
    (folder / "plugins").write_text("[].\n")
    (folder / "env").touch()
    environment = {
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "PATH": f"{root}/usr/lib/erlang/bin:{os.environ['PATH']}",
        "ERL_EPMD_PORT": str(epmd_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_CONF_ENV_FILE": str(folder / "env"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbit.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_NODENAME": "hedgerow@localhost",
        "RABBITMQ_DIST_PORT": str(dist_port),
        "RABBITMQ_HOME": str(next((root / "usr/lib/rabbitmq/lib").glob("rabbitmq_server-*"))),
    }
    if schedulers is not None:
        environment["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = f"+S {schedulers}:{schedulers}"
    with (folder / "output").open("w") as output, ExitStack() as stack:

        def start(command: Path) -> subprocess.Popen[bytes]:
            started = subprocess.Popen([command], env=environment, cwd=folder, stdout=output, stderr=output)
            stack.callback(started.wait, 30)
            stack.callback(started.terminate)
            return started

        start(root / "usr/lib/erlang/bin/epmd")
        _wait(start(root / SERVER), port, folder)
        yield port


def _wait(server: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    until = time.monotonic() + _WITHIN_S
    while server.poll() is None and time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as connected:
                connected.sendall(b"AMQP\x00\x00\x09\x01")
                if connected.recv(1) == b"\x01":
                    return
        except OSError:
            pass
        time.sleep(0.2)
    raise SetupError("RabbitMQ did not start", f"read what it says:\n{(folder / 'output').read_text()[-3000:]}")
