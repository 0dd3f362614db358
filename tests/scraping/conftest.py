"""The tests of scraping run on the loop that the product runs on: its transports differ from asyncio's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import uvloop


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """For every test below this folder."""
    return {"uvloop": uvloop.new_event_loop}
