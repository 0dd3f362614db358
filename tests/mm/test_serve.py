"""The market making service as `hedgerow serve` runs it."""

from __future__ import annotations

from typing import Any

import pytest

from hedgerow.cli.simulated import clock_url
from hedgerow.core.config import Settings
from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import VitalTaskError, spawn, stop, watched
from hedgerow.mm import serve

from .worldkit import Scene


@pytest.mark.parametrize("polls", [False, True])
async def test_service_whose_fixtures_are_taken_by_another_ends_and_leaves_the_quotes_to_it(
    scene: Scene, database_url: Secret, engines: Any, *, polls: bool
) -> None:
    engine_settings = {"database_url": database_url, "nats_url": engines.nats_url, "master_key": scene.master_key}
    engine_settings["mm_busy_poll"] = polls
    settings = scene.settings.model_copy(update={**engine_settings, "clock_url": clock_url(scene.server.url)})
    service = spawn(watched(serve.run(settings, host="127.0.0.1", port=0)), "service")
    try:
        # It begins in the machine's time, however fast the world's goes on.
        await scene.connected(lambda: len(scene.resting()) == 6 or service.done())
        assert not service.done()
        await scene.database.execute("update mm_shards set holder = 'other', token = nextval('mm_fencing_tokens')")
        with pytest.raises(VitalTaskError, match="another process's"):
            await service
        # Polymarket's connector takes all away whenever its heartbeat ends, for the venue would.
        assert len(scene.resting("kalshi")) == 4
        assert await scene.database.fetchval("select holder from mm_shards") == "other"
    finally:
        await stop(service)


async def test_a_proxy_of_an_unknown_venue_stops_the_start_before_anything_is_reached() -> None:
    nowhere = {"database_url": Secret("postgresql://127.0.0.1:1/x"), "nats_url": Secret("nats://127.0.0.1:1")}
    settings = Settings(**nowhere, venue_proxies="kalshy=http://hidden@gateway:8005")
    with pytest.raises(SetupError, match="kalshy, which is no venue"):
        await serve.run(settings, host="127.0.0.1", port=0)
