"""The market making service as `hedgerow serve` runs it."""

from __future__ import annotations

from typing import Any

import pytest

from hedgerow.cli.simulated import clock_url
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import VitalTaskError, spawn, stop, watched
from hedgerow.mm import serve
from hedgerow.storage.database import advisory_key

from .worldkit import Scene


async def test_service_that_loses_its_lock_takes_its_quotes_away_and_ends(
    scene: Scene, database_url: Secret, engines: Any
) -> None:
    engine_settings = {"database_url": database_url, "nats_url": engines.nats_url, "master_key": scene.master_key}
    settings = scene.settings.model_copy(update={**engine_settings, "clock_url": clock_url(scene.server.url)})
    service = spawn(watched(serve.run(settings, host="127.0.0.1", port=0)), "service")
    try:
        # It begins in the machine's time, however fast the world's goes on.
        await scene.connected(lambda: len(scene.resting()) == 6 or service.done(), patience_s=60)
        assert not service.done()
        await scene.database.execute(
            """select pg_terminate_backend(pid) from pg_locks
               where locktype = 'advisory' and (classid::bigint << 32 | objid::bigint) = $1""",
            advisory_key(serve.ONE_AT_A_TIME),
        )
        with pytest.raises(VitalTaskError, match="market making"):
            await service
        assert scene.resting() == []
    finally:
        await stop(service)
