"""Brings RabbitMQ for the tests of `/amqp`; prints the folder that its programs are in.

The machine's own is used where it has one. Else Debian's packages are unpacked into a folder, which starts no service,
needs no root and leaves the machine as it is. Standard library only.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

from locked_env import ROOT

FOLDER = ROOT / ".rabbitmq"
OF_THE_MACHINE = Path("/")
PACKAGES = (
    "rabbitmq-server",
    *(
        f"erlang-{part}"
        for part in (
            "base", "asn1", "crypto", "eldap", "ftp", "inets", "mnesia", "os-mon", "parsetools", "public-key",
            "runtime-tools", "snmp", "ssl", "syntax-tools", "tftp", "tools", "xmerl",
        )
    ),
)  # fmt: skip
SERVER = "usr/lib/rabbitmq/bin/rabbitmq-server"
BEAM = "usr/lib/erlang/bin/erl"


def ensure() -> Path:
    """The root below which SERVER and BEAM are."""
    if all((OF_THE_MACHINE / program).exists() for program in (SERVER, BEAM)):
        return OF_THE_MACHINE
    FOLDER.mkdir(exist_ok=True)
    root = FOLDER / "root"
    with (FOLDER / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (FOLDER / ".ready").exists():
            shutil.rmtree(root, ignore_errors=True)
            unpack(root)
            (FOLDER / ".ready").touch()  # last, so that an interrupted run is repeated
    return root


def unpack(root: Path) -> None:
    packages = FOLDER / "packages"
    shutil.rmtree(packages, ignore_errors=True)
    packages.mkdir()
    if run(["apt-get", "download", *PACKAGES], packages) is not None:
        run(["apt-get", "update", "-qq"], packages)  # only root may; without it the second try fails like the first
        failure = run(["apt-get", "download", *PACKAGES], packages)
        if failure is not None:
            stop(failure)
    for package in packages.glob("*.deb"):
        failure = run(["dpkg-deb", "-x", str(package), str(root)], packages)
        if failure is not None:
            stop(failure)
    shutil.rmtree(packages)
    home = root / "usr/lib/erlang"
    script = root / BEAM  # Debian's knows only the place where it would be installed
    script.write_text(script.read_text().replace("ROOTDIR=/usr/lib/erlang\n", f"ROOTDIR='{home}'\n"))


def run(command: list[str], folder: Path) -> str | None:
    """What went wrong; None for nothing."""
    if shutil.which(command[0]) is None:
        return f"{command[0]} is missing"
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else (done.stdout + done.stderr)[-2000:]


def stop(failure: str) -> None:
    print(f"RabbitMQ for the tests cannot be had: {failure}", file=sys.stderr)
    print(
        "  to do, as root: apt-get update && apt-get install --no-install-recommends rabbitmq-server", file=sys.stderr
    )
    raise SystemExit(1)


if __name__ == "__main__":
    print(ensure())
