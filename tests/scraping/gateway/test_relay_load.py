"""The relay under many clients, small; `tests/soak/test_relays.py` runs the same in full."""

from __future__ import annotations

import random

from .gatewaykit import Net
from .relayload import KIB_EACH, hold_many, stall, storm
from .test_relay import listening


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
