"""The embedded NATS server with JetStream.

Its configuration holds the password, so it is a file that only the engines' user can read, written at every start.
Source: NATS documentation, "NATS Server Configuration" and "JetStream".
"""

from __future__ import annotations

import json
import signal
from pathlib import Path

import nats.errors
from nats.aio.client import Client

from hedgerow.bus.engines.child import Program
from hedgerow.bus.engines.engine import Engine
from hedgerow.bus.engines.folder import DataFolder, new_password
from hedgerow.bus.nats import connect_client
from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret

USER = "hedgerow"
_LARGEST_MESSAGE = 8 * 1024 * 1024
_LARGEST_MEMORY_STORE = 64 * 1024 * 1024
_LARGEST_FILE_STORE = 1024 * 1024 * 1024


class Nats(Engine):
    """nats-server of the wheel, or the program that a setting names."""

    name = "nats"
    title = "NATS"
    stops_by = ((signal.SIGTERM, 5.0),)
    telling = ("[FTL]", "nats-server:")
    passing = ("address already in use",)

    def __init__(self, folder: DataFolder, server: Path) -> None:
        super().__init__(folder)
        self._server = server
        self._password = ""

    @property
    def url(self) -> Secret:
        return Secret(f"nats://{USER}:{self._password}@127.0.0.1:{self.port}")

    async def prepare(self) -> None:
        if not self.data.exists():
            self.data.mkdir(mode=0o700)
            self.folder.own(self.data)
        password_file = self.data / "password"
        if not password_file.exists():
            self.folder.write_private(password_file, new_password())
        self._password = password_file.read_text()

    def program(self, port: int) -> Program:
        configuration = self.data / "server.conf"
        self.folder.write_private(configuration, self._configuration(port))
        command = [str(self._server), "--config", str(configuration)]
        folder = self.folder
        return Program(command, self.log, signal.SIGTERM, folder.user, (self.data,), (folder.engines_lock,))

    async def answers(self) -> bool | SetupError:
        client = Client()
        try:
            await connect_client(client, self.url, "supervisor", _ignore, _nothing)
        except (OSError, TimeoutError, nats.errors.Error):
            return False
        finally:
            await client.close()
        return True

    def _configuration(self, port: int) -> str:
        store = self.data / "jetstream"
        return "\n".join(
            f"{name}: {json.dumps(value)}"
            for name, value in {
                "listen": f"127.0.0.1:{port}",
                "server_name": "hedgerow",
                "max_payload": _LARGEST_MESSAGE,
                "jetstream": {
                    "store_dir": str(store),
                    "max_memory_store": _LARGEST_MEMORY_STORE,
                    "max_file_store": _LARGEST_FILE_STORE,
                },
                "authorization": {"user": USER, "password": self._password},
            }.items()
        )


async def _ignore(_: Exception) -> None:
    """Attempts to connect before the server listens fail; that is expected here."""


async def _nothing() -> None:
    """The end of an attempt is no event."""
