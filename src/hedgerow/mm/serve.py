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
from hedgerow.core import memory
from hedgerow.core.config import Settings, vault_of_settings
from hedgerow.core.errors import SetupError
from hedgerow.core.polling import busy_polling
from hedgerow.execution.trading_clock import trading_clock
from hedgerow.execution.watch import watching
from hedgerow.execution.watchdog import present
from hedgerow.mm.app import ApiContext, create_app
from hedgerow.mm.fleet import Fleet
from hedgerow.mm.leases import Lease, Leases
from hedgerow.mm.odds_feed import OddsFeed
from hedgerow.mm.rehearsal import Rehearsal
from hedgerow.mm.repository import Repository
from hedgerow.mm.routing import Router
from hedgerow.mm.service import MarketMaker
from hedgerow.mm.shadowing import SCHEMA
from hedgerow.storage.accounts import Accounts, check_master_key
from hedgerow.storage.database import Database, StorageError
from hedgerow.storage.migrate import migrate
from hedgerow.venues.registry import Ways

_log = structlog.get_logger(__name__)


async def run(settings: Settings, *, host: str, port: int) -> None:
    """Serves until it is cancelled. Raises SetupError when it cannot begin."""
    if settings.database_url is None or settings.nats_url is None:
        raise SetupError(
            "market making needs HEDGEROW_DATABASE_URL and HEDGEROW_NATS_URL", "set both, or run `hedgerow up`"
        )
    if settings.engine_tape is not None and settings.mm_shards > 1:
        raise SetupError("a tape is of one engine, and HEDGEROW_MM_SHARDS asks for several", "unset one of the two")
    Ways(settings.venue_proxies)  # a wrong one stops the start, and not the first shard that is taken over
    vault = vault_of_settings(settings)
    async with AsyncExitStack() as stack:
        clock = await stack.enter_async_context(trading_clock(settings))
        await migrate(settings.database_url)
        database = await Database.connect(settings.database_url, size=10, keeps_one=True)
        stack.push_async_callback(database.close)
        await check_master_key(Accounts(database, clock), vault)
        await stack.enter_async_context(watching(settings.database_url))
        await stack.enter_async_context(present(settings.database_url))
        bus = await Bus.connect(settings.nats_url, "mm")
        stack.push_async_callback(bus.close)
        relay = Relay(database, bus)
        relay.start()
        stack.push_async_callback(relay.stop)
        tag = await Repository(database, clock).deployment_tag()
        router = Router(bus, Repository(database, clock), settings.mm_shards)
        await router.start()
        keeper = await Database.connect(settings.database_url, size=2)
        stack.push_async_callback(keeper.close)

        paper = await Database.connect(settings.database_url, size=4, schema=SCHEMA)
        stack.push_async_callback(paper.close)
        feed = OddsFeed(settings, clock)
        stack.callback(feed.close)

        def build(lease: Lease) -> MarketMaker:
            ours, shadow = (one.fenced(lease.fence) for one in (database, paper))
            return MarketMaker(
                settings, ours, vault, clock, tag, feed, lease.shard, lambda: lease.leave_by, shadow=shadow
            )

        async def enter(index: int, maker: MarketMaker) -> Callable[[], Awaitable[None]]:
            return await router.enter(index, maker.commands)

        fleet = Fleet(Leases(keeper, settings.mm_shards), build, enter)
        stack.push_async_callback(fleet.stop)
        await fleet.start()
        await _follow_operator(bus, fleet)
        context = ApiContext(
            database=database,
            accounts=Accounts(database, clock),
            clock=clock,
            market_making=router,
            bus=bus,
            settings=settings,
            checks=_checks(fleet),
        )
        app = create_app(context)
        memory.settle()
        rehearsal = Rehearsal(lambda: [maker.engine for maker in fleet.makers.values()])
        stack.enter_context(busy_polling(rehearsal, is_wanted=settings.mm_busy_poll))
        await Server(app, host, port).serve()


def _checks(fleet: Fleet) -> Mapping[str, Callable[[], Awaitable[str | None]]]:
    return {"market making": fleet.not_ready}


async def _follow_operator(bus: Bus, fleet: Fleet) -> None:
    """What the operator changes works at once; the bus is only the quicker way to what the database says."""

    async def told(_: str, message: bytes) -> None:
        _log.warning("the operator turned a switch", state=bytes(decode_changes(message)[-1].payload).decode())
        fleet.operator_changed()

    async def changed(_: str, client: bytes) -> None:
        _log.info("the operator changed settings", client=client.decode(errors="replace") or None)
        fleet.operator_changed()

    with contextlib.suppress(BusError, StorageError):
        await bus.subscribe(events("emergency"), told, lost=fleet.operator_changed)
        await bus.subscribe(SETTINGS_CHANGED, changed, lost=fleet.operator_changed)
