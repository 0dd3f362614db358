"""The market making service as a process: clock, database, bus, API and engine, from start to stop."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

import structlog

from hedgerow.api.server import Server
from hedgerow.bus.nats import Bus, BusError
from hedgerow.bus.relay import Relay, decode_changes
from hedgerow.bus.subjects import SETTINGS_CHANGED, events
from hedgerow.core.config import Settings, vault_of_settings
from hedgerow.core.errors import SetupError
from hedgerow.execution.trading_clock import trading_clock
from hedgerow.execution.watch import watching
from hedgerow.execution.watchdog import present
from hedgerow.mm.app import ApiContext, create_app
from hedgerow.mm.repository import Repository
from hedgerow.mm.service import MarketMaker
from hedgerow.storage.accounts import Accounts, check_master_key
from hedgerow.storage.database import Database, StorageError
from hedgerow.storage.locks import held_lock
from hedgerow.storage.migrate import migrate

_log = structlog.get_logger(__name__)

ONE_AT_A_TIME = "market making"
"""The database lock of the process that trades: two of them would quote the same accounts."""


async def run(settings: Settings, *, host: str, port: int) -> None:
    """Serves until it is cancelled. Raises SetupError when it cannot begin."""
    if settings.database_url is None or settings.nats_url is None:
        raise SetupError(
            "market making needs HEDGEROW_DATABASE_URL and HEDGEROW_NATS_URL", "set both, or run `hedgerow up`"
        )
    vault = vault_of_settings(settings)
    async with AsyncExitStack() as stack:
        clock = await stack.enter_async_context(trading_clock(settings))
        await migrate(settings.database_url)
        database = await Database.connect(settings.database_url, size=10)
        stack.push_async_callback(database.close)
        await check_master_key(Accounts(database, clock), vault)
        lock = await stack.enter_async_context(held_lock(database, ONE_AT_A_TIME))
        await stack.enter_async_context(watching(settings.database_url))
        await stack.enter_async_context(present(settings.database_url))
        bus = await Bus.connect(settings.nats_url, "mm")
        stack.push_async_callback(bus.close)
        relay = Relay(database, bus)
        relay.start()
        stack.push_async_callback(relay.stop)
        tag = await Repository(database, clock).deployment_tag()
        market_maker = MarketMaker(settings, database, vault, clock, tag)
        lock.on_lost(market_maker.halt)
        stack.push_async_callback(market_maker.stop)
        await market_maker.start()
        await _follow_operator(bus, market_maker)
        context = ApiContext(
            database=database,
            accounts=Accounts(database, clock),
            clock=clock,
            market_making=market_maker.commands,
            bus=bus,
            settings=settings,
            checks=_checks(market_maker),
        )
        await Server(create_app(context), host, port).serve()


def _checks(market_maker: MarketMaker) -> Mapping[str, Callable[[], Awaitable[str | None]]]:
    return {"market making": market_maker.not_ready}


async def _follow_operator(bus: Bus, market_maker: MarketMaker) -> None:
    """What the operator changes works at once; the bus is only the quicker way to what the database says."""

    async def told(_: str, message: bytes) -> None:
        _log.warning("the operator turned a switch", state=str(decode_changes(message)[-1].payload))
        market_maker.operator_changed()

    async def changed(_: str, client: bytes) -> None:
        _log.info("the operator changed settings", client=client.decode(errors="replace") or None)
        market_maker.operator_changed()

    with contextlib.suppress(BusError, StorageError):
        await bus.subscribe(events("emergency"), told, lost=market_maker.operator_changed)
        await bus.subscribe(SETTINGS_CHANGED, changed, lost=market_maker.operator_changed)
