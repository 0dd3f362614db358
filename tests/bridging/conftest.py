"""A bridge of the kit in front of a bookmaker of play money, on a socket of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hedgerow.bridging.conformance import Target

from .play import Play
from .playing import playing


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Target]:
    async with playing(Play(tmp_path)) as target:
        yield target
