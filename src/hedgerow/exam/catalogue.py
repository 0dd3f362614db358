"""Every case there is: entering the cases is what importing their modules does."""

from __future__ import annotations

import hedgerow.exam.bookmakers
import hedgerow.exam.exchanges  # noqa: F401
from hedgerow.exam.cases import Case, entered_cases


def all_cases() -> tuple[Case, ...]:
    """Every case, by number."""
    return entered_cases()
