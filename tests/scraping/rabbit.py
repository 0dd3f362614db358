"""A RabbitMQ of the tests' own, with TLS, and a publisher that says what it is told."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from hedgerow.bus.engines.engine import free_port

TOOLS = Path(__file__).resolve().parents[2] / "tools"
_WITHIN_S = 90.0
_CONFIG = """listeners.tcp.1 = 127.0.0.1:{port}
listeners.ssl.1 = 127.0.0.1:{tls_port}
ssl_options.certfile = {folder}/chain.pem
ssl_options.keyfile = {folder}/key.pem
ssl_options.verify = verify_none
loopback_users = none
log.file.level = warning
"""


@dataclass(frozen=True)
class Rabbit:
    """Where it listens. authority: PEM file that its certificate is signed by, itself."""

    port: int
    tls_port: int
    authority: Path


@contextmanager
def rabbit(folder: Path) -> Iterator[Rabbit]:
    """Runs for the length of the block; folder: its own."""
    told = subprocess.run([sys.executable, TOOLS / "rabbit_env.py"], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    root = Path(told.stdout.strip())
    certificate(folder)
    port, tls_port, epmd_port, dist_port = (free_port() for _ in range(4))
    (folder / "rabbit.conf").write_text(_CONFIG.format(port=port, tls_port=tls_port, folder=folder))
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
        "RABBITMQ_NODENAME": "tests@localhost",
        "RABBITMQ_DIST_PORT": str(dist_port),
        "RABBITMQ_HOME": str(next((root / "usr/lib/rabbitmq/lib").glob("rabbitmq_server-*"))),
    }
    server = root / "usr/lib/rabbitmq/bin/rabbitmq-server"
    with (folder / "output").open("w") as output, ExitStack() as stack:

        def start(command: Path) -> subprocess.Popen[bytes]:
            started = subprocess.Popen([command], env=environment, cwd=folder, stdout=output, stderr=output)
            stack.callback(started.wait, 30)
            stack.callback(started.terminate)
            return started

        start(root / "usr/lib/erlang/bin/epmd")
        _wait(start(server), port, folder)
        yield Rabbit(port, tls_port, folder / "chain.pem")


def certificate(folder: Path) -> None:
    """A key and a certificate of 127.0.0.1, signed by itself."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "chain.pem")]
    about = ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    subprocess.run([*command, *names, *about], check=True, capture_output=True)


def _wait(server: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    until = time.monotonic() + _WITHIN_S
    while True:
        assert server.poll() is None, (folder / "output").read_text()[-3000:]
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as connected:
                connected.sendall(b"AMQP\x00\x00\x09\x01")
                if connected.recv(1) == b"\x01":
                    return
        except OSError:
            pass
        assert time.monotonic() < until, (folder / "output").read_text()[-3000:]
        time.sleep(0.2)
