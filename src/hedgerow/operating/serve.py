"""The operator API as a process of its own: it works while a trading service is busy, or down."""

from __future__ import annotations

from contextlib import AsyncExitStack

import structlog

from hedgerow.api.app import bus_check, database_check
from hedgerow.api.server import Server
from hedgerow.bus.nats import Bus, BusError
from hedgerow.bus.subjects import SETTINGS_CHANGED
from hedgerow.core.clock import SystemClock
from hedgerow.core.config import PREFIX, Settings
from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.operating.app import create_app
from hedgerow.operating.office import Office
from hedgerow.storage.database import Database
from hedgerow.storage.migrate import migrate

ACTOR = "operator api"
"""As the audit trail names who changes by it."""

_SHORTEST_KEY = 20
_CONNECTIONS = 4

_log = structlog.get_logger(__name__)


async def run(settings: Settings, *, host: str, port: int) -> None:
    """Serves until it is cancelled. Raises SetupError when it cannot begin."""
    if settings.database_url is None or settings.nats_url is None:
        raise SetupError(
            "the operator API needs HEDGEROW_DATABASE_URL and HEDGEROW_NATS_URL", "set both, or run `hedgerow up`"
        )
    key = _key(settings)
    async with AsyncExitStack() as stack:
        await migrate(settings.database_url)
        database = await Database.connect(settings.database_url, size=_CONNECTIONS)
        stack.push_async_callback(database.close)
        bus = await Bus.connect(settings.nats_url, "operator")
        stack.push_async_callback(bus.close)

        async def tell(client: str) -> None:
            try:
                await bus.deliver([(SETTINGS_CHANGED, client.encode())])
            except BusError as error:
                # Not lost: services read the database again when they are back on the bus.
                _log.warning("running services were not told", error=str(error))

        office = Office(database, SystemClock(), tell, ACTOR)
        checks = {"database": database_check(database), "nats": bus_check(bus)}
        await Server(create_app(office, key, checks), host, port).serve()


def _key(settings: Settings) -> Secret:
    key = settings.operator_key
    if key is None:
        raise SetupError(f"{PREFIX}OPERATOR_KEY is not set", "set a random text, such as a UUID")
    if len(key.reveal()) < _SHORTEST_KEY:
        raise SetupError(f"{PREFIX}OPERATOR_KEY is shorter than {_SHORTEST_KEY} characters", "set a longer one")
    return key
