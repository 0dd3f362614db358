"""Builds the virtual environment that every make target uses, from the lock file alone.

Runs on a bare Python 3.11 with nothing installed: standard library only. Each step that cannot work says what
is missing and the command that brings it. The environment is marked ready (`.ready`) only when all of it is in
place, so an interrupted run is simply repeated.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)
BROWSERS = ("chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome")


def fail(what: str, remedy: str) -> None:
    """Ends the set-up with one line of what is missing and one of what to do."""
    print(f"set-up stopped: {what}\n  to do: {remedy}", file=sys.stderr)
    raise SystemExit(1)


def run(step: str, command: list[str], remedy: str) -> None:
    print(f"  {step} ...", flush=True)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print((done.stdout + done.stderr)[-4000:], file=sys.stderr)
        fail(f"{step} did not work (its output is above)", remedy)


def ensure_pip_can_be_installed() -> None:
    """Debian ships `venv` without pip's wheel; as root the package that has it is installed, else it is named."""
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        remedy = f"apt-get install {package}   (as root), then run the same make command again"
        if os.geteuid() != 0 or shutil.which("apt-get") is None:
            fail("this Python cannot make virtual environments (ensurepip is missing)", remedy)
        run("package lists", ["apt-get", "update", "-qq"], remedy)
        run(f"installing {package}", ["apt-get", "install", "-y", "-qq", package], remedy)


def ensure_browser() -> None:
    """Pages are rendered with Debian's Chromium. Everything else works without it, so that it is named where it cannot
    be installed, and the set-up goes on."""
    if any(shutil.which(name) for name in BROWSERS):
        return
    remedy = "apt-get install chromium-headless-shell   (as root)"
    if os.geteuid() == 0 and shutil.which("apt-get") is not None:
        print("  installing chromium-headless-shell ...", flush=True)
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium-headless-shell"]
        for command in (["apt-get", "update", "-qq"], install):
            if subprocess.run(command, capture_output=True, check=False).returncode != 0:
                break
        else:
            return
    print(
        f"  without Chromium: no page is rendered, and the tests of that are skipped; to have it: {remedy}", flush=True
    )


def main(target: Path) -> None:
    if sys.version_info < OLDEST_PYTHON:
        fail(
            f"Python {sys.version_info.major}.{sys.version_info.minor} is too old, 3.11 or newer is needed",
            "install a newer Python and name it: make PYTHON=python3.11 ...",
        )
    ensure_pip_can_be_installed()
    print(f"setting up {target.name} (once; a few minutes on a slow line)", flush=True)
    python = target / "bin" / "python"
    if not python.exists():
        # A separate process: ensurepip that was installed a moment ago is not seen by this one.
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(target)], check=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    run(
        "installing the locked packages",
        [*pip, "install", "--require-hashes", "--only-binary", ":all:", "-r", "requirements/lock.txt"],
        "check the network and, behind a proxy or mirror, pip's own settings (pip config list)",
    )
    run(
        "installing hedgerow itself",
        [*pip, "install", "--no-deps", "--no-build-isolation", "-e", "."],
        "remove the folder .venv and try again",
    )
    ensure_browser()
    (target / ".ready").touch()


if __name__ == "__main__":
    main((ROOT / sys.argv[1]).resolve())
