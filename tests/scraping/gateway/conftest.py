"""A gateway for the tests of what it answers."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from io import StringIO

import pytest
from tests.scraping.pages import Site, pages
from tests.scraping.targets import site as _site

from hedgerow.bus.nats import Bus
from hedgerow.core.observe import configure_logs
from hedgerow.scraping.gateway import buckets
from hedgerow.scraping.gateway.fetch import FetchDoor
from hedgerow.storage.database import Database

from .gatewaykit import Net, serving


@pytest.fixture
async def net(database: Database, nats: Bus) -> AsyncIterator[Net]:
    """Without agents yet."""
    async with serving(database, nats) as found:
        yield found


@pytest.fixture
async def site() -> AsyncIterator[str]:
    """The base URL of targets."""
    async with _site() as base:
        yield base


@pytest.fixture
async def web() -> AsyncIterator[Site]:
    """A site for browsers."""
    async with pages() as found:
        yield found


@pytest.fixture
async def known(net: Net, monkeypatch) -> dict[str, str]:
    """A key that is believed and has tokens here, for long; whatever needs ASGI for it fails from here on."""
    monkeypatch.setattr(buckets, "KEPT_S", 3600.0)
    monkeypatch.setattr(net.gateway.relays._keys, "_believed_s", 3600.0)
    key = await net.key()
    await net.fetch("http://10.0.0.1/", key)
    monkeypatch.setattr(FetchDoor, "__call__", None)
    return key


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """All that gateway and agents have written to their logs, at the level that tells most."""
    written = StringIO()  # what pytest captures is closed before the gateway is
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", written)
        configure_logs("gateway", "debug")
    return written.getvalue
