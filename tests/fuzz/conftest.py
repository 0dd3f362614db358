"""What the product logs of thousands of bad messages is of no use here."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import pytest
import structlog


@pytest.fixture(autouse=True)
def no_logs() -> None:
    def drop(*_: Any) -> MutableMapping[str, Any]:
        raise structlog.DropEvent

    structlog.configure(processors=[drop])
