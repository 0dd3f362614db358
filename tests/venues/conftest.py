"""What the tests of every venue begin with."""

from __future__ import annotations

import pytest

from hedgerow.venues.base import ExchangeEvent

from .scripted import LOST


@pytest.fixture
def lost() -> object:
    """The answer of a scripted venue that never comes."""
    return LOST


@pytest.fixture
def events() -> list[ExchangeEvent]:
    """What an exchange's connector tells."""
    return []
