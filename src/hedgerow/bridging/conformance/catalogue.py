"""Every case there is: entering the cases is what importing their modules does."""

from __future__ import annotations

import hedgerow.bridging.conformance.about
import hedgerow.bridging.conformance.changes
import hedgerow.bridging.conformance.doubt
import hedgerow.bridging.conformance.placing
import hedgerow.bridging.conformance.settling  # noqa: F401
from hedgerow.bridging.conformance.cases import Case, entered_cases


def all_cases() -> tuple[Case, ...]:
    """In the order in which they are sat."""
    return entered_cases()
