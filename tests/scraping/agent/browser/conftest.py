"""Browsers of an agent that may reach one address of the loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hedgerow.scraping.agent.browser.pool import Pool
from hedgerow.scraping.agent.browser.program import BrowserSettings
from hedgerow.scraping.agent.dial import Dialer
from hedgerow.scraping.agent.socks import SocksGuard
from hedgerow.scraping.guard import Patterns, Policy


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    guard = SocksGuard(Dialer(Policy(Patterns.of(["127.0.0.1"]))))
    await guard.start()
    pool = Pool(BrowserSettings(), guard)
    await pool.start()
    yield pool
    await pool.stop()
    assert guard._of_ways == {}, "a port stays open"
    await guard.stop()
