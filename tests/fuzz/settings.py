"""How much is tried. In the normal suite few examples, the same each time; under `make soak` many, others each time."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

MANY = int(os.environ.get("FUZZ_EXAMPLES", "20000"))
"""Examples for each parser in a soak."""

fuzzed = settings(
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)
