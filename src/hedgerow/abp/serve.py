"""Automated bet placing as a process: clock, database, bus, API and service, from start to stop.

Any number of processes may run side by side on one database.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, suppress

import structlog

from hedgerow.abp.app import ApiContext, create_app
from hedgerow.abp.feedview import BookView
from hedgerow.abp.live import Live
from hedgerow.abp.service import AutomatedBetPlacing
from hedgerow.api.server import Server
from hedgerow.bus.nats import Bus, BusError
from hedgerow.bus.relay import Relay
from hedgerow.bus.subjects import SETTINGS_CHANGED
from hedgerow.core import memory
from hedgerow.core.config import Settings, vault_of_settings
from hedgerow.core.errors import SetupError
from hedgerow.execution.trading_clock import trading_clock
from hedgerow.execution.watch import watching
from hedgerow.execution.watchdog import watchdog
from hedgerow.storage.accounts import Accounts, check_master_key
from hedgerow.storage.database import Database
from hedgerow.storage.migrate import migrate

_log = structlog.get_logger(__name__)

CONNECTIONS = 20
"""Of the process to the database, at most."""


async def run(settings: Settings, *, host: str, port: int) -> None:
    """Serves until it is cancelled. Raises SetupError when it cannot begin."""
    if settings.database_url is None or settings.nats_url is None:
        raise SetupError(
            "automated bet placing needs HEDGEROW_DATABASE_URL and HEDGEROW_NATS_URL", "set both, or run `hedgerow up`"
        )
    vault = vault_of_settings(settings)
    async with AsyncExitStack() as stack:
        clock = await stack.enter_async_context(trading_clock(settings))
        await migrate(settings.database_url)
        database = await Database.connect(settings.database_url, size=CONNECTIONS)
        stack.push_async_callback(database.close)
        accounts = Accounts(database, clock)
        await check_master_key(accounts, vault)
        bus = await Bus.connect(settings.nats_url, "abp")
        stack.push_async_callback(bus.close)
        relay = Relay(database, bus)
        relay.start()
        stack.push_async_callback(relay.stop)
        await stack.enter_async_context(watching(settings.database_url))
        await stack.enter_async_context(watchdog(settings, settings.database_url, vault, clock))
        service = AutomatedBetPlacing(settings, database, vault, clock)
        view = BookView(service.book)
        checks = {"bet placing": service.not_ready}
        app = create_app(ApiContext(database, accounts, clock, vault, view, service, bus, checks))
        live = Live(service, view, app.state.hub, bus, clock)
        await live.start()
        stack.push_async_callback(live.stop)
        stack.push_async_callback(service.stop)
        await service.start()
        await _follow_operator(bus, service)
        memory.settle()
        await Server(app, host, port).serve()


async def _follow_operator(bus: Bus, service: AutomatedBetPlacing) -> None:
    """What is changed of accounts and terms works at once; the bus is but the quicker way to what the database says."""

    async def changed(_: str, client: bytes) -> None:
        _log.info("settings were changed", client=client.decode(errors="replace") or None)
        service.settings_changed()

    with suppress(BusError):
        await bus.subscribe(SETTINGS_CHANGED, changed, lost=service.settings_changed)
