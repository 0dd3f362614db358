"""Keeps one PostgreSQL and one NATS for a whole test run, however many workers it has.

    python engines_keeper.py OWNER_PID FOLDER

Started by the first test that needs the engines. It ends, and the engines and the folder with it, when the run's
first process is gone, however that went; if the keeper itself is killed, the kernel ends the engines. `ready.json` in
the folder says where they are; `keeper.log` holds what went wrong.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from pathlib import Path

from hedgerow.bus.engines import Engines, postgres
from hedgerow.core.config import Settings
from hedgerow.core.secrets import Secret
from hedgerow.storage.database import connect_once
from hedgerow.storage.migrate import migrate

TEMPLATE = "hedgerow_template"
# Tests kill processes, never the machine: nothing here has to outlive a power cut, and a test's database is made and
# dropped a thousand times. Benches, and the tests of the engines themselves, have engines of their own.
UNSYNCED = {"fsync": "off", "full_page_writes": "off"}


async def keep(owner: int, folder: Path) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    descriptor = os.pidfd_open(owner)
    loop.add_reader(descriptor, ended.set)
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    postgres._SETTINGS.update(UNSYNCED)
    async with Engines(Settings(data_dir=folder / "data")) as engines:
        await make_template(engines.database_url)
        ready = {
            "pid": os.getpid(),
            "database_url": engines.database_url.reveal(),
            "nats_url": engines.nats_url.reveal(),
            "pids": engines.pids,
        }
        fresh = folder / "ready.new"
        fresh.write_text(json.dumps(ready))
        fresh.replace(folder / "ready.json")
        await ended.wait()
    loop.remove_reader(descriptor)
    os.close(descriptor)


async def make_template(url: Secret) -> None:
    """A migrated database, of which each test gets a copy: much quicker than migrating."""
    connection = await connect_once(url)
    await connection.execute(f"create database {TEMPLATE}")
    await connection.close()
    await migrate(Secret(url.reveal().replace("/hedgerow?", f"/{TEMPLATE}?")))


def main(owner: int, folder: Path) -> None:
    try:
        asyncio.run(keep(owner, folder))
    except Exception:
        (folder / "failed").touch()
        raise
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
