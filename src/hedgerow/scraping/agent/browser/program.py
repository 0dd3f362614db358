"""Chromium as a child process: found, started as an ordinary user in its own sandbox, and cleaned up after.

Started through `setpriv`, so that it never has our rights, and is killed with us even by a kill -9; what such an end
leaves behind, its profile, is taken away by the next start of an agent.
Sources: Chromium's command line switches; setpriv(1), proc(5); docs/decisions/0170.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hedgerow.core.errors import HedgerowError
from hedgerow.scraping.agent.browser.cdp import Connection

# The programs themselves: Debian's commands of these names are shell scripts that stay between us and the browser.
_PLACES = (
    "/usr/lib/chromium/chromium-headless-shell",
    "chromium-headless-shell",
    "chrome-headless-shell",
    "/usr/lib/chromium/chromium",
    "chromium",
    "chromium-browser",
    "google-chrome",
)
_FLAGS = (
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-client-side-phishing-detection",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--metrics-recording-only",
    "--password-store=basic",
    "--use-mock-keychain",
    "--mute-audio",
    "--hide-scrollbars",
    "--block-new-web-contents",
    # One renderer a session, so that a session's memory is one process's. Sessions never share one.
    "--disable-site-isolation-trials",
    "--disable-features=IsolateOrigins,site-per-process,Translate,MediaRouter,OptimizationHints,DialMediaRouteProvider",
    "--js-flags=--max-old-space-size=512",
    # Nothing leaves but through the proxy of the session: no name is resolved here, no datagram is sent.
    "--proxy-server=socks5://127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--dns-prefetch-disable",
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
)
_PROFILE = re.compile(r"hedgerow-browser-(\d+)-(\d+)-\w+")
_TO_FDS_3_AND_4 = 'exec "$@" 3<&0 4>&0 </dev/null'
_START_S = 20.0
_END_S = 5.0
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class NoBrowserError(HedgerowError):
    """There is no browser, or it does not start; the message says why."""


@dataclass(frozen=True, slots=True)
class BrowserSettings:
    """program: None: looked for. user: whom it runs as when the agent is root. most_sessions: at one time."""

    program: Path | None = None
    user: str = "nobody"
    most_sessions: int = 4


def find_program(given: Path | None) -> Path:
    """The browser to start: the one given, else the light one, else a whole one. Raises NoBrowserError."""
    if shutil.which("setpriv") is None:
        raise NoBrowserError("setpriv is missing (package util-linux)")
    for place in (str(given),) if given is not None else _PLACES:
        if found := shutil.which(place):
            return Path(found)
    raise NoBrowserError(f"{given} is no program" if given is not None else "no Chromium is installed")


class Program:
    """A running browser. All its processes are one session of the kernel's, whose leader is the first."""

    def __init__(self, process: subprocess.Popen[bytes], profile: Path, connection: Connection) -> None:
        self.process, self.profile, self.connection = process, profile, connection

    @classmethod
    async def start(cls, settings: BrowserSettings) -> Program:
        """Raises NoBrowserError."""
        program = find_program(settings.program)
        profile = _new_profile(settings.user)
        try:
            process, ours = _started_in(profile, _command(program, profile, settings.user))
        except OSError as error:
            shutil.rmtree(profile, ignore_errors=True)
            raise NoBrowserError(f"the browser cannot be started: {error.strerror}") from None
        started = cls(process, profile, await Connection.on(ours))
        try:
            async with asyncio.timeout(_START_S):
                await started.connection.browser.call("Browser.getVersion")
        except (HedgerowError, TimeoutError):
            await started.end()
            raise NoBrowserError(f"{program} does not start; try it as user {settings.user}") from None
        except BaseException:
            await started.end()
            raise
        return started

    async def end(self) -> None:
        """Ends every process of it and takes the profile away."""
        self.connection.close()
        if self.process.returncode is None:  # once it was buried, its number may be another's
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        await asyncio.to_thread(self._clean_up)

    def _clean_up(self) -> None:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_END_S)
        # A process that was writing while it died may have kept a folder from being removed.
        for _ in range(3):
            shutil.rmtree(self.profile, ignore_errors=True)
            if not self.profile.exists():
                return

    def memory(self) -> dict[int, tuple[str, int]]:
        """Kind (`browser`, `renderer`, ...) and resident bytes of each process, by its id."""
        found: dict[int, tuple[str, int]] = {}
        waiting = [self.process.pid]
        while waiting:
            pid = waiting.pop()
            with suppress(OSError, IndexError, ValueError):
                waiting += [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
                size = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
                if command := Path(f"/proc/{pid}/cmdline").read_bytes():  # empty for one that has ended
                    found[pid] = _kind(command), size
        return found

    def kill(self, pid: int) -> None:
        """Ends one of its processes."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _kind(command: bytes) -> str:
    kind = re.search(rb"--type=([\w-]+)", command)
    return kind[1].decode() if kind else "browser"


def _command(program: Path, profile: Path, user: str) -> list[str]:
    rights = ["--pdeathsig", "KILL"]
    if os.geteuid() == 0:
        account = _account(user)
        rights += [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", "--inh-caps=-all"]
    is_whole = "headless" not in program.name
    return [
        "/bin/sh",
        "-c",
        _TO_FDS_3_AND_4,
        "sh",
        "setpriv",
        *rights,
        "--",
        str(program),
        *(["--headless=new"] if is_whole else []),
        f"--user-data-dir={profile}",
        *_FLAGS,
        "about:blank",
    ]


def _started_in(profile: Path, command: list[str]) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """The process, and our end of what it is spoken to over. Raises OSError."""
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            process = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd=profile,
                # Nothing of the agent's environment: its key stands there.
                env={"HOME": str(profile), "TMPDIR": str(profile), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            )
        except OSError:
            ours.close()
            raise
    ours.settimeout(0)
    return process, ours


def _account(user: str) -> pwd.struct_passwd:
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        raise NoBrowserError(f"there is no user {user} to run the browser as") from None
    if account.pw_uid == 0:
        raise NoBrowserError("a browser does not run as root; name another user")
    return account


# --- profiles ----------------------------------------------------------------------------------------------------


def _new_profile(user: str) -> Path:
    account = _account(user) if os.geteuid() == 0 else None
    pid = os.getpid()
    profile = Path(tempfile.mkdtemp(prefix=f"hedgerow-browser-{pid}-{_started(pid)}-"))
    if account is not None:
        os.chown(profile, account.pw_uid, account.pw_gid)
    return profile


def sweep(folder: Path | None = None) -> int:
    """Takes away what agents that are gone left behind: browsers first, then their profiles. Answers how many
    profiles there were."""
    swept = 0
    for profile in (folder or Path(tempfile.gettempdir())).glob("hedgerow-browser-*"):
        named = _PROFILE.fullmatch(profile.name)
        if named is None or profile.is_symlink() or _started(int(named[1])) == int(named[2]):
            continue
        _kill_those_of(profile)
        shutil.rmtree(profile, ignore_errors=True)
        swept += not profile.exists()
    return swept


def _started(pid: int) -> int:
    """When the process began, in the kernel's ticks, which tells it from a later one of the same id; -1 for none."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return -1


def _kill_those_of(profile: Path) -> None:
    wanted = f"--user-data-dir={profile}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if wanted in (process / "cmdline").read_bytes().split(b"\0"):
                os.killpg(int(process.name), signal.SIGKILL)
