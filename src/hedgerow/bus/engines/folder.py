"""The data folder: whose it is, who uses it now, and the errors of a disk in words."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import pwd
import secrets
from pathlib import Path

from hedgerow.core.errors import SetupError

# A process that was killed a moment ago may not be gone yet.
_KILLED_SUPERVISOR_S = 0.5
# Engines that lost their supervisor shut down by themselves; a last checkpoint on a slow disk takes a while.
_OLD_ENGINES_S = 20.0
_PAUSE_S = 0.02
_NOT_HELD = -1

_REMEDIES = {
    errno.ENOSPC: "free space on that disk",
    errno.EDQUOT: "free space within the quota",
    errno.EROFS: "make the file system writable, or choose another folder by HEDGEROW_DATA_DIR",
    errno.EACCES: "start as the user that owns the folder, or choose another by HEDGEROW_DATA_DIR",
    errno.EPERM: "start as the user that owns the folder, or choose another by HEDGEROW_DATA_DIR",
}


def disk_error(path: Path, error: OSError) -> SetupError:
    """What the disk said, as a refused start."""
    remedy = _REMEDIES.get(error.errno or 0, "choose another folder by HEDGEROW_DATA_DIR")
    return SetupError(f"{path} cannot be used: {error.strerror}", remedy)


class DataFolder:
    """The engines' folder, held by one supervisor at a time.

    Two locks: the supervisor's own, and one that the engines inherit. The second is free exactly when nobody uses the
    data any more, also after kill -9 of the supervisor, whose engines end within about a second.
    """

    def __init__(self, path: Path, user: str) -> None:
        """user: whom the engines run as when we are root. Raises SetupError."""
        self.path = path.absolute()
        self.user = user if os.geteuid() == 0 else None
        self.uid, self.gid = _account(user) if self.user else (os.geteuid(), os.getegid())
        self._supervisor = self.engines_lock = _NOT_HELD

    async def hold(self) -> None:
        """Makes the folder where it is missing and locks it. Raises SetupError: who holds it, what the disk said."""
        try:
            # Root's own new folder lets the engines' user pass through to what belongs to it, and not list.
            self.path.mkdir(mode=0o711 if self.user else 0o700, parents=True, exist_ok=True)
            self._supervisor = _open(self.path / "supervisor.lock")
            self.engines_lock = _open(self.path / "engines.lock")
            await self._lock()
        except OSError as error:
            self.release()
            raise disk_error(self.path, error) from None
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Lets go; engines that still run keep the folder."""
        for descriptor in (self._supervisor, self.engines_lock):
            if descriptor != _NOT_HELD:
                os.close(descriptor)
        self._supervisor = self.engines_lock = _NOT_HELD

    def own(self, path: Path) -> None:
        """Gives a file or folder of ours to the engines' user."""
        if self.user:
            os.chown(path, self.uid, self.gid)

    def write_private(self, path: Path, text: str) -> None:
        """Writes a file that only the engines' user can read, whole or not at all."""
        fresh = path.with_name(path.name + ".new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        self.own(fresh)
        fresh.replace(path)

    async def _lock(self) -> None:
        if not await _lock_within(self._supervisor, _KILLED_SUPERVISOR_S):
            raise self._in_use(f"process {os.pread(self._supervisor, 20, 0).decode()}")
        os.ftruncate(self._supervisor, 0)
        os.pwrite(self._supervisor, str(os.getpid()).encode(), 0)
        if not await _lock_within(self.engines_lock, _OLD_ENGINES_S):
            raise self._in_use("engines that an earlier process left behind")

    def _in_use(self, holder: str) -> SetupError:
        return SetupError(
            f"the data folder {self.path} is in use by {holder}", "stop it, or choose another HEDGEROW_DATA_DIR"
        )


def _open(lock: Path) -> int:
    return os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


async def _lock_within(descriptor: int, longest_s: float) -> bool:
    deadline = asyncio.get_running_loop().time() + longest_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(_PAUSE_S)
        else:
            return True


def new_password() -> str:
    """A random password that stands in a URL as it is: 192 bits."""
    return secrets.token_urlsafe(24)


def _account(user: str) -> tuple[int, int]:
    remedy = "name an unprivileged user of this machine by HEDGEROW_ENGINE_USER"
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        raise SetupError(f"there is no user {user} to run PostgreSQL as", remedy) from None
    if account.pw_uid == 0:
        raise SetupError(f"PostgreSQL does not run as {user}", remedy)
    return account.pw_uid, account.pw_gid
