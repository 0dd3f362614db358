"""A RabbitMQ of the tests' own, with TLS."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hedgerow.bench.consumers.rabbit import running
from hedgerow.bus.engines.engine import free_port

TOOLS = Path(__file__).resolve().parents[2] / "tools"
_TLS = """listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.certfile = {folder}/chain.pem
ssl_options.keyfile = {folder}/key.pem
ssl_options.verify = verify_none
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
    certificate(folder)
    tls_port = free_port()
    with running(Path(told.stdout.strip()), folder, _TLS.format(port=tls_port, folder=folder)) as port:
        yield Rabbit(port, tls_port, folder / "chain.pem")


def certificate(folder: Path) -> None:
    """A key and a certificate of 127.0.0.1, signed by itself."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "chain.pem")]
    about = ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    subprocess.run([*command, *names, *about], check=True, capture_output=True)
