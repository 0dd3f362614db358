"""Automated bet placing as a process: clock, database, bus, API and service, from start to stop.

Any number of processes may run side by side on one database.
"""

from __future__ import annotations

from contextlib import AsyncExitStack

from hedgerow.abp.app import ApiContext, create_app
from hedgerow.abp.feedview import BookView
from hedgerow.abp.live import Live
from hedgerow.abp.service import AutomatedBetPlacing
from hedgerow.api.server import Server
from hedgerow.bus.nats import Bus
from hedgerow.bus.relay import Relay
from hedgerow.core.config import Settings, read_master_key
from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Vault
from hedgerow.execution.trading_clock import trading_clock
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database
from hedgerow.storage.migrate import migrate

CONNECTIONS = 20
"""Of the process to the database, at most."""


async def run(settings: Settings, *, host: str, port: int) -> None:
    """Serves until it is cancelled. Raises SetupError when it cannot begin."""
    if settings.database_url is None or settings.nats_url is None:
        raise SetupError(
            "automated bet placing needs HEDGEROW_DATABASE_URL and HEDGEROW_NATS_URL", "set both, or run `hedgerow up`"
        )
    key = read_master_key(settings)
    if key is None:
        raise SetupError("HEDGEROW_MASTER_KEY is not set", "the key that seals the accounts' credentials is needed")
    async with AsyncExitStack() as stack:
        clock = await stack.enter_async_context(trading_clock(settings))
        await migrate(settings.database_url)
        database = await Database.connect(settings.database_url, size=CONNECTIONS)
        stack.push_async_callback(database.close)
        bus = await Bus.connect(settings.nats_url, "abp")
        stack.push_async_callback(bus.close)
        relay = Relay(database, bus)
        relay.start()
        stack.push_async_callback(relay.stop)
        vault = Vault(key)
        service = AutomatedBetPlacing(settings, database, vault, clock)
        view = BookView(service.book)
        accounts, checks = Accounts(database, clock), {"bet placing": service.not_ready}
        app = create_app(ApiContext(database, accounts, clock, vault, view, service, bus, checks))
        live = Live(service, view, app.state.hub, clock)
        live.start()
        stack.push_async_callback(live.stop)
        stack.push_async_callback(service.stop)
        await service.start()
        await Server(app, host, port).serve()
