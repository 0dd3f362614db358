"""The relay under many clients, small; `tests/soak/test_relays.py` runs the same in full."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.scraping.certificates import make_certificate, serving_context

from hedgerow.bus.nats import Bus
from hedgerow.core.tasks import spawn, stop
from hedgerow.scraping import pipe
from hedgerow.scraping.agent import relay
from hedgerow.scraping.pipe import MOST_AHEAD, MOST_UNSENT
from hedgerow.storage.database import Database

from .gatewaykit import Net, serving
from .relayload import KIB_EACH, KIB_STALLED, ONE_READ, drown, drown_one, hold_many, joined, stall, storm
from .test_relay import listening

COUNT = 8


async def test_many_relays_stalled_readers_and_wrong_clients_cost_little(net: Net, eventually) -> None:
    await net.join("de1")
    key = (await net.key())["X-API-Key"]
    async with listening() as target:
        assert await hold_many(net, key, target.url, 100) <= 100 * KIB_EACH + 4096
        await eventually(lambda: not net.gateway.relays._open)
        await stall(net, key, f"{target.url}/flood", 3, eventually)
        await eventually(lambda: not net.gateway.relays._open)
        await storm(net, key, target.url, 240, random.Random(1))
        await eventually(lambda: not net.gateway.relays._open and not net.gateway.relays._silent)
        await eventually(lambda: not net.gateway.desk.under_way)


@pytest.fixture
def halves(monkeypatch: pytest.MonkeyPatch) -> list[relay._Half]:
    """Of the agents' relays."""
    found: list[relay._Half] = []

    class Half(relay._Half):
        def __init__(self) -> None:
            super().__init__()
            found.append(self)

    monkeypatch.setattr(relay, "_Half", Half)
    return found


async def test_a_target_that_does_not_read_slows_its_client(net: Net, halves, eventually) -> None:
    await net.join("de1")
    key = (await net.key())["X-API-Key"]
    async with listening() as target:
        assert await drown(net, key, f"{target.url}/deaf", COUNT, eventually) <= COUNT * KIB_STALLED + 4096
        held = [half.transport.get_write_buffer_size() for half in halves if half.transport is not None]
        assert sum(size > MOST_UNSENT for size in held) == COUNT
        assert max(held) <= MOST_UNSENT + ONE_READ
    # Clients that have gone are not noticed while nobody reads them: the targets' end ends all.
    await eventually(lambda: not net.gateway.relays._open and not net.gateway.desk.under_way)


async def test_little_is_read_ahead_under_tls(
    database: Database, nats: Bus, halves, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eventually
) -> None:
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    async with serving(database, nats, certificate) as net, listening(serving_context(*certificate)) as target:
        await net.join("de1")
        await drown(net, (await net.key())["X-API-Key"], f"{target.url}/deaf", COUNT, eventually)
        clients = net.gateway.relays._open
        transports = [half.transport for half in halves] + [client.transport for client in clients]
        ahead = [transport.get_read_buffer_size() for transport in transports]
        assert len(ahead) == 3 * COUNT
        assert MOST_AHEAD <= max(ahead) <= MOST_AHEAD + ONE_READ
        assert {transport.get_read_buffer_limits()[1] for transport in transports} == {MOST_AHEAD}


async def test_a_target_that_takes_nothing_for_long_is_left(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipe, "_UNREAD_MS", 300)
    await net.join("de1")
    async with listening() as target:
        reader, writer = await joined(net, (await net.key())["X-API-Key"], f"{target.url}/deaf")
        drowning = spawn(drown_one(writer), "client")
        first, size = await reader.readexactly(2)
        assert first == 0x88
        assert int.from_bytes((await reader.readexactly(size))[:2]) == 1011
        await stop(drowning)
