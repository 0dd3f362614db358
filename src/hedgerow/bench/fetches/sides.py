"""The target of the bench of fetches, and the proxies that ours is compared with, each as one process."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hedgerow.bench.report import BenchError
from hedgerow.bus.engines.engine import free_port
from hedgerow.core.errors import SetupError

_WITHIN_S = 30.0
_NGINX = """{user}daemon off; master_process off; error_log stderr crit; pid {folder}/pid;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; keepalive_requests 1000000000; default_type text/plain;
  client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
  uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
  server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""
_TINYPROXY = """Listen 127.0.0.1
Port {port}
Timeout 600
MaxClients 200
LogLevel Critical
"""
_SQUID = """http_port 127.0.0.1:{port}
http_access allow all
cache deny all
access_log none
cache_log {folder}/cache.log
pid_filename none
coredump_dir {folder}
shutdown_lifetime 0 seconds
"""

Command = Callable[[str, Path, int], list[str]]
"""Of the program's path, a folder for its files and the port that it is to take."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """One to compare with. program: looked for on the path."""

    name: str
    program: str
    remedy: str
    command: Command


def _configured(text: str, *command: str) -> Command:
    """Of a program that reads a file; `{}` in the command is its place."""

    def make(program: str, folder: Path, port: int) -> list[str]:
        config = folder / "config"
        config.write_text(text.format(port=port, folder=folder))
        return [program, *(str(config) if part == "{}" else part for part in command)]

    return make


PROXIES = (
    Proxy("tinyproxy", "tinyproxy", "as root: apt-get install tinyproxy", _configured(_TINYPROXY, "-d", "-c", "{}")),
    Proxy(
        "proxy.py",
        "proxy",
        "pipx install proxy.py",
        lambda program, _, port: [
            *(program, "--hostname", "127.0.0.1", "--port", str(port)),
            *("--num-workers", "1", "--num-acceptors", "1", "--log-level", "ERROR"),
        ],
    ),
    Proxy("squid", "squid", "as root: apt-get install squid", _configured(_SQUID, "-N", "-f", "{}")),
    Proxy(
        "mitmproxy",
        "mitmdump",
        "pipx install mitmproxy",
        lambda program, folder, port: [
            *(program, "-q", "--listen-host", "127.0.0.1", "-p", str(port)),
            *("--set", "flow_detail=0", "--set", f"confdir={folder}"),
        ],
    ),
)


@asynccontextmanager
async def nginx(folder: Path, sizes: dict[str, int]) -> AsyncIterator[int]:
    """The port of a target with files of so many bytes. Raises SetupError."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        raise SetupError("nginx, the target of this bench, is missing", "as root: apt-get install nginx-light")
    for name, size in sizes.items():
        (folder / name).write_bytes(b"x" * size)
    user = "user root; " if os.geteuid() == 0 else ""
    make = _configured(_NGINX.replace("{user}", user), "-p", str(folder), "-c", "{}")
    port = free_port()
    async with _listening(make(program, folder, port), port):
        yield port


def found(proxy: Proxy) -> str | None:
    """The path of its program."""
    return shutil.which(proxy.program) or shutil.which(proxy.program, path="/usr/sbin:/usr/local/bin")


@asynccontextmanager
async def running(proxy: Proxy, program: str, folder: Path) -> AsyncIterator[int]:
    """Its port."""
    folder.mkdir()
    folder.chmod(0o777)  # squid leaves root's rights behind
    port = free_port()
    async with _listening(proxy.command(program, folder, port), port):
        yield port


@asynccontextmanager
async def _listening(command: list[str], port: int) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(_WITHIN_S):
            while not await _answers(port):
                if process.returncode is not None:
                    raise BenchError(f"{command[0]} did not start")
                await asyncio.sleep(0.05)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
